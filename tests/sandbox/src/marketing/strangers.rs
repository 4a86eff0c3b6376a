//! The consumers nobody in the demo knows: made up from the seed, with every kind of home and shop a
//! utility has.

use jiff::ToSpan as _;

use crate::people::with_check_digit;

use super::archive::{Archive, Holder, PayMode, Status};
use super::calendar::Period;
use super::dice::Dice;
use super::late_fee::Category;
use super::metering::{Habit, Meter};
use super::population::{FIRST_CONTRACTS, Outline};
use super::tariff::{COMMERCIAL, RESIDENTIAL_MONTH, RESIDENTIAL_YEAR};

const SURNAMES: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
    "何", "郭", "马", "白",
];
const GIVEN: [&str; 24] = [
    "伟", "芳", "娜", "秀英", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟",
    "涛", "明", "超", "秀兰", "霞", "平", "刚", "桂英", "志强",
];
const STREETS: [&str; 12] = [
    "赤峰市红山区钢铁街道文化路",
    "赤峰市红山区西屯街道清河路",
    "赤峰市红山区站前街道昭乌达路",
    "赤峰市红山区长青街道园林路",
    "赤峰市松山区振兴街道临潢大街",
    "赤峰市松山区全宁街道玉龙大街",
    "赤峰市松山区铁东街道新城大街",
    "赤峰市松山区穆家营子镇友谊路",
    "赤峰市元宝山区平庄镇哈河街",
    "赤峰市元宝山区云杉路街道云杉路",
    "赤峰市宁城县天义镇大宁路",
    "赤峰市敖汉旗新惠镇新州街",
];

/// The `n`th of them.
pub(super) fn stranger(n: u64, dice: Dice, last: Period) -> Outline {
    let own = dice.of("stranger", n);
    let commercial = own.of("commercial", 0).happens(12);
    let prepaid = !commercial && own.of("prepaid", 0).happens(20);
    let closed = n % 48 == 5;
    let (category, tariff_code) = if commercial {
        (Category::Commercial, COMMERCIAL)
    } else if own.of("tariff", 0).happens(30) {
        (Category::Residential, RESIDENTIAL_MONTH)
    } else {
        (Category::Residential, RESIDENTIAL_YEAR)
    };
    let archive = Archive {
        consumer_no: format!("150402{:07}", own.of("number", 0).below(10_000_000)),
        holder: stranger_holder(n, dice),
        holder_version: 1,
        holder_since: FIRST_CONTRACTS,
        address: address(own),
        org_no: "1504020",
        region: "赤峰",
        category,
        tariff_code,
        pay_mode: if prepaid {
            PayMode::Prepaid
        } else {
            PayMode::Postpaid
        },
        status: if closed {
            Status::Closed
        } else {
            Status::Active
        },
    };
    let quiet = prepaid || closed;
    Outline {
        archive,
        meters: stranger_meters(own, commercial),
        open_bills: if quiet { 0 } else { open_bills(own) },
        prepaid_fen: if prepaid {
            own.of("balance", 0).between(1_000, 60_000)
        } else {
            0
        },
        // The neighbour of December is January, whose tiers start anew: leave it alone.
        unread: (n == 7).then(|| last.back(if last.back(5).month() == 12 { 6 } else { 5 })),
    }
}

/// Nobody, one, two or three of the newest bills.
fn open_bills(own: Dice) -> usize {
    match own.of("debt", 0).below(100) {
        0..70 => 0,
        70..90 => 1,
        90..96 => 2,
        _ => 3,
    }
}

fn stranger_meters(own: Dice, commercial: bool) -> Vec<Meter> {
    if commercial {
        let multiplier = own
            .of("multiplier", 0)
            .pick(&[1, 1, 20, 30, 40])
            .unwrap_or(1);
        let daily = own.of("daily", 0).between(2_000, 9_000) / multiplier.min(10);
        let habit = Habit {
            daily_hundredths: daily,
            rests_at_weekend: true,
            time_of_use: true,
        };
        let second = own.of("second", 0).happens(40);
        let one = meter(own, 0, multiplier, habit);
        return if second {
            vec![one, meter(own, 1, 1, habit)]
        } else {
            vec![one]
        };
    }
    let daily = match own.of("size", 0).below(20) {
        0 => 0, // an empty flat
        1..14 => own.of("daily", 0).between(300, 1_100),
        _ => own.of("daily", 0).between(1_100, 2_200),
    };
    vec![meter(own, 0, 1, home_habit(daily))]
}

/// Somebody is at home at the weekend.
pub(super) fn home_habit(daily_hundredths: i64) -> Habit {
    Habit {
        daily_hundredths,
        rests_at_weekend: false,
        time_of_use: false,
    }
}

/// The `n`th meter of a consumer.
pub(super) fn meter(own: Dice, n: u64, multiplier: i64, habit: Habit) -> Meter {
    let dice = own.of("meter", n);
    Meter {
        meter_no: format!("1530{:08}", dice.of("number", 0).below(100_000_000)),
        multiplier,
        start_hundredths: dice.of("start", 0).between(10_000, 2_000_000),
        habit,
        dice,
    }
}

/// Three numbers belong to one holder; some archives lack the ID number or the mobile.
fn stranger_holder(n: u64, dice: Dice) -> Holder {
    let n = if (10..13).contains(&n) { 10 } else { n };
    let own = dice.of("holder", n);
    let surname = own.of("surname", 0).pick(&SURNAMES).unwrap_or("王");
    let given = own.of("given", 0).pick(&GIVEN).unwrap_or("伟");
    let born = jiff::civil::date(1948, 1, 1)
        .saturating_add(own.of("born", 0).between(0, 20_000).days())
        .strftime("%Y%m%d");
    // Area 150499 is assigned to nobody; the sequence makes equal birthdays different people, and
    // starts above those of the demo people.
    let id_no = with_check_digit(&format!("150499{born}{:03}", 300 + n % 600));
    Holder {
        name: format!("{surname}{given}"),
        id_no: (n % 40 != 17).then_some(id_no),
        mobile: (n % 40 != 23).then(|| format!("1900000{:04}", 2_000 + n)),
    }
}

fn address(own: Dice) -> String {
    let street = own.of("street", 0).pick(&STREETS).unwrap_or("赤峰市红山区");
    let house = own.of("house", 0).between(1, 180);
    let (unit, door) = (
        own.of("unit", 0).between(1, 4),
        own.of("door", 0).between(1, 18),
    );
    format!("{street}{house}号{unit}单元{door}02")
}
