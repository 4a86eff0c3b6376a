//! The demo people and their homes: who they are at Alipay, and what the utility's archive holds
//! about the same places. All of them are made up: no living person can hold an ID of area 150499,
//! and phones `1900000xxxx` are never dialled.

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

/// A made-up person with an Alipay wallet.
pub struct Person {
    /// Stable handle: `li-ming`.
    pub person: &'static str,
    /// Name on the ID card.
    pub name: &'static str,
    /// The same name for readers of English.
    pub name_en: &'static str,
    /// Mobile bound to the wallet.
    pub phone: &'static str,
    /// ID card number, check digit included.
    pub id_no: String,
    /// The wallet's id for this app.
    pub open_id: String,
    /// The wallet's old-style id.
    pub user_id: String,
    /// Whether the wallet may disclose name, ID number and mobile (`is_certified` T).
    pub certified: bool,
    /// What the wallet holds at the start; `None` = a linked bank card covers any sum.
    pub balance_fen: Option<i64>,
    /// Consumer numbers this person knows and would type in, own ones first.
    pub consumer_nos: &'static [&'static str],
    /// Generation numbers of own solar roofs.
    pub generation_nos: &'static [&'static str],
    /// What makes this person worth choosing, in Chinese and English.
    pub story: (&'static str, &'static str),
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Person({})", self.person)
    }
}

/// What the utility's archive says in a field that could agree with the holder's wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archived {
    /// The same value as the holder's own.
    Same,
    /// The archive has no value.
    Empty,
    /// An older or foreign value.
    Other(&'static str),
}

/// Why a home is interesting: what the marketing stand-in gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Situation {
    /// Everything paid, no prepaid balance.
    PaidUp,
    /// Exactly last month's bill is open and not yet overdue.
    OwesOneBill,
    /// The last two bills are open.
    OwesTwoBills,
    /// Three bills are open, the oldest long overdue: the dunning case.
    InDunning,
    /// A prepaid home with money on the account.
    Prepaid,
    /// The contract ended; nothing may be paid in.
    Closed,
}

/// One supply contract of a demo person.
#[derive(Debug)]
pub struct Home {
    /// Thirteen digits.
    pub consumer_no: &'static str,
    /// The holder's handle.
    pub holder: &'static str,
    /// Supply address.
    pub address: &'static str,
    /// What the archive holds as the holder's ID number.
    pub archived_id: Archived,
    /// What the archive holds as the holder's mobile.
    pub archived_mobile: Archived,
    /// How it stands with money.
    pub situation: Situation,
}

struct Row {
    person: &'static str,
    name: &'static str,
    name_en: &'static str,
    phone: &'static str,
    id_first17: &'static str,
    certified: bool,
    balance_fen: Option<i64>,
    consumer_nos: &'static [&'static str],
    generation_nos: &'static [&'static str],
    story: (&'static str, &'static str),
}

const ROWS: &[Row] = &[
    Row {
        person: "li-ming",
        name: "李明",
        name_en: "Li Ming",
        phone: "19000000001",
        id_first17: "15049919900101001",
        certified: true,
        balance_fen: None,
        consumer_nos: &["1504010020017"],
        generation_nos: &[],
        story: ("欠一期电费", "Owes one bill"),
    },
    Row {
        person: "wang-fang",
        name: "王芳",
        name_en: "Wang Fang",
        phone: "19000000002",
        id_first17: "15049919850615002",
        certified: true,
        balance_fen: None,
        consumer_nos: &["1504010020025", "1504010020033"],
        generation_nos: &[],
        story: ("名下两处住宅", "Holds two homes"),
    },
    Row {
        person: "zhang-wei",
        name: "张伟",
        name_en: "Zhang Wei",
        phone: "19000000003",
        id_first17: "15049920000229003",
        certified: true,
        balance_fen: None,
        consumer_nos: &["1504010020058"],
        generation_nos: &[],
        story: (
            "租客，知道房东的户号",
            "Tenant; knows the landlord's number",
        ),
    },
    Row {
        person: "chen-gang",
        name: "陈刚",
        name_en: "Chen Gang",
        phone: "19000000004",
        id_first17: "15049919640307025",
        certified: true,
        balance_fen: None,
        consumer_nos: &["1504010020041", "1504010020058"],
        generation_nos: &[],
        story: ("房东，出租一处", "Landlord; lets one of two homes"),
    },
    Row {
        person: "zhao-lei",
        name: "赵磊",
        name_en: "Zhao Lei",
        phone: "19000000005",
        id_first17: "15049919780412003",
        certified: true,
        balance_fen: None,
        consumer_nos: &["1504010020066"],
        generation_nos: &["1504990020061"],
        story: ("屋顶光伏", "Has solar panels on the roof"),
    },
    Row {
        person: "liu-yang",
        name: "刘洋",
        name_en: "Liu Yang",
        phone: "19000000006",
        id_first17: "15049919910823005",
        certified: true,
        balance_fen: None,
        consumer_nos: &["1504010020074"],
        generation_nos: &[],
        story: ("欠费三期，催费中", "Three bills overdue, in dunning"),
    },
    Row {
        person: "wang-wei",
        name: "王伟",
        name_en: "Wang Wei",
        phone: "19000000007",
        id_first17: "15049919820914007",
        certified: true,
        balance_fen: None,
        consumer_nos: &["1504010020082"],
        generation_nos: &[],
        story: ("与另一人同名", "Shares the name with another person"),
    },
    Row {
        person: "wang-wei-2",
        name: "王伟",
        name_en: "Wang Wei (the other)",
        phone: "19000000008",
        id_first17: "15049919960520009",
        certified: true,
        balance_fen: None,
        consumer_nos: &["1504010020090"],
        generation_nos: &[],
        story: ("与另一人同名", "Shares the name with another person"),
    },
    Row {
        person: "sun-li",
        name: "孙丽",
        name_en: "Sun Li",
        phone: "19000000009",
        id_first17: "15049919930718004",
        certified: false,
        balance_fen: None,
        consumer_nos: &["1504010020108"],
        generation_nos: &[],
        story: ("支付宝未实名", "No verified real name at Alipay"),
    },
    Row {
        person: "zhou-min",
        name: "周敏",
        name_en: "Zhou Min",
        phone: "19000000010",
        id_first17: "15049919880211006",
        certified: true,
        balance_fen: None,
        consumer_nos: &["1504010020116"],
        generation_nos: &[],
        story: (
            "仅手机号与档案一致",
            "Only the mobile agrees with the archive",
        ),
    },
    Row {
        person: "wu-qiang",
        name: "吴强",
        name_en: "Wu Qiang",
        phone: "19000000011",
        id_first17: "15049919750930001",
        certified: true,
        balance_fen: Some(2_000),
        consumer_nos: &["1504010020124", "1504010020132"],
        generation_nos: &[],
        story: (
            "预付费，支付宝余额少，另有一处已销户",
            "Prepaid, little money in the wallet, an old home closed",
        ),
    },
    Row {
        person: "zheng-xiuying",
        name: "郑秀英",
        name_en: "Zheng Xiuying",
        phone: "19000000012",
        id_first17: "15049919480505008",
        certified: true,
        balance_fen: None,
        consumer_nos: &["1504010020140"],
        generation_nos: &[],
        story: (
            "老年用户，档案中是旧手机号",
            "Elderly; the archive holds an old mobile",
        ),
    },
    Row {
        person: "ma-jun",
        name: "马俊",
        name_en: "Ma Jun",
        phone: "19000000013",
        id_first17: "15049919870126003",
        certified: true,
        balance_fen: None,
        consumer_nos: &["1504010020157"],
        generation_nos: &[],
        story: (
            "档案缺证件号和手机号",
            "The archive lacks ID number and mobile",
        ),
    },
];

/// Every home a demo person holds.
pub const HOMES: &[Home] = &[
    home(
        "1504010020017",
        "li-ming",
        "赤峰市红山区钢铁街道文化路12号3单元501",
        Situation::OwesOneBill,
    ),
    home(
        "1504010020025",
        "wang-fang",
        "赤峰市松山区振兴街道临潢大街8号2单元302",
        Situation::OwesOneBill,
    ),
    home(
        "1504010020033",
        "wang-fang",
        "赤峰市红山区西屯街道宁澜小区5号楼1201",
        Situation::PaidUp,
    ),
    home(
        "1504010020041",
        "chen-gang",
        "赤峰市红山区站前街道昭乌达路66号",
        Situation::PaidUp,
    ),
    home(
        "1504010020058",
        "chen-gang",
        "赤峰市松山区穆家营子镇友谊小区9号楼402",
        Situation::OwesTwoBills,
    ),
    home(
        "1504010020066",
        "zhao-lei",
        "赤峰市元宝山区平庄镇向阳村27号",
        Situation::PaidUp,
    ),
    home(
        "1504010020074",
        "liu-yang",
        "赤峰市红山区桥北街道木兰街31号1单元101",
        Situation::InDunning,
    ),
    home(
        "1504010020082",
        "wang-wei",
        "赤峰市松山区全宁街道玉龙大街18号",
        Situation::OwesOneBill,
    ),
    home(
        "1504010020090",
        "wang-wei-2",
        "赤峰市红山区南新街道三道街7号",
        Situation::PaidUp,
    ),
    home(
        "1504010020108",
        "sun-li",
        "赤峰市松山区铁东街道新城大街20号",
        Situation::OwesOneBill,
    ),
    Home {
        archived_id: Archived::Other("150499196612240060"),
        ..home(
            "1504010020116",
            "zhou-min",
            "赤峰市红山区东城街道六道街3号",
            Situation::OwesOneBill,
        )
    },
    home(
        "1504010020124",
        "wu-qiang",
        "赤峰市松山区玉龙街道八家组团11号",
        Situation::Prepaid,
    ),
    home(
        "1504010020132",
        "wu-qiang",
        "赤峰市松山区玉龙街道旧区2号",
        Situation::Closed,
    ),
    Home {
        archived_mobile: Archived::Other("19000009912"),
        ..home(
            "1504010020140",
            "zheng-xiuying",
            "赤峰市红山区长青街道园林路45号",
            Situation::OwesOneBill,
        )
    },
    Home {
        archived_id: Archived::Empty,
        archived_mobile: Archived::Empty,
        ..home(
            "1504010020157",
            "ma-jun",
            "赤峰市红山区永巨街道头道街15号",
            Situation::OwesOneBill,
        )
    },
];

const fn home(
    consumer_no: &'static str,
    holder: &'static str,
    address: &'static str,
    situation: Situation,
) -> Home {
    Home {
        consumer_no,
        holder,
        address,
        archived_id: Archived::Same,
        archived_mobile: Archived::Same,
        situation,
    }
}

/// Everybody in the demo, in the order shown.
#[derive(Debug)]
pub struct People {
    all: Vec<Person>,
}

impl Default for People {
    fn default() -> Self {
        Self::new()
    }
}

impl People {
    /// The fixed cast; ids are computed, so they are the same in every run.
    pub fn new() -> Self {
        let all = ROWS
            .iter()
            .zip(1_u32..)
            .map(|(row, n)| person(row, n))
            .collect();
        Self { all }
    }

    /// Everybody, the one who owes money first.
    pub fn all(&self) -> &[Person] {
        &self.all
    }

    /// By handle.
    pub fn find(&self, person: &str) -> Option<&Person> {
        self.all.iter().find(|p| p.person == person)
    }

    /// By the wallet's id, either kind.
    pub fn find_wallet(&self, id: &str) -> Option<&Person> {
        self.all.iter().find(|p| p.open_id == id || p.user_id == id)
    }

    /// The homes a person holds.
    pub fn homes_of<'a>(&self, person: &'a str) -> impl Iterator<Item = &'static Home> + use<'a> {
        HOMES.iter().filter(move |h| h.holder == person)
    }
}

impl Person {
    /// Last six characters of the ID number.
    pub fn id_last6(&self) -> &str {
        self.id_no
            .get(self.id_no.len().saturating_sub(6)..)
            .unwrap_or_default()
    }

    fn view(&self) -> Value {
        let mut view = json!({
            "person": self.person,
            "name": self.name,
            "phone": self.phone,
            "id_last6": self.id_last6(),
            "consumer_nos": self.consumer_nos,
            "generation_nos": self.generation_nos,
            "name_en": self.name_en,
            "story": { "zh": self.story.0, "en": self.story.1 },
        });
        let Some(fields) = view.as_object_mut() else {
            return view;
        };
        if let Some(generation_no) = self.generation_nos.first() {
            fields.insert("registration".into(), self.registration(generation_no));
            fields.insert("identity".into(), self.identity());
        }
        if let Some(rented) = HOMES.iter().find(|h| self.knows_only(h)) {
            fields.insert("landlord".into(), json!(rented.holder));
        }
        view
    }

    /// What the owner types in when registering the roof.
    fn registration(&self, generation_no: &str) -> Value {
        let address = HOMES
            .iter()
            .find(|h| h.holder == self.person)
            .map(|h| h.address);
        json!({
            "generation_no": generation_no,
            "grid_user_no": self.consumer_nos.first(),
            "address": address,
        })
    }

    /// What the owner encrypts for the vault.
    fn identity(&self) -> Value {
        json!({ "name": self.name, "id_no": self.id_no, "bank_card_no": "6217000000000000005" })
    }

    /// A number this person may type in without holding it.
    fn knows_only(&self, home: &Home) -> bool {
        home.holder != self.person && self.consumer_nos.contains(&home.consumer_no)
    }
}

fn person(row: &Row, n: u32) -> Person {
    Person {
        person: row.person,
        name: row.name,
        name_en: row.name_en,
        phone: row.phone,
        id_no: with_check_digit(row.id_first17),
        open_id: format!("0{n:02}9DemoLifelineWallet{n:05}"),
        user_id: format!("20880000{n:08}"),
        certified: row.certified,
        balance_fen: row.balance_fen,
        consumer_nos: row.consumer_nos,
        generation_nos: row.generation_nos,
        story: row.story,
    }
}

/// Appends the check character of GB 11643-1999 to the first 17 digits of a resident ID.
pub fn with_check_digit(first17: &str) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let sum: u32 = first17
        .chars()
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit.to_digit(10).unwrap_or(0) * weight)
        .sum();
    let check = usize::try_from(sum % 11)
        .ok()
        .and_then(|i| CHECKS.get(i))
        .copied();
    format!("{first17}{}", check.unwrap_or('0'))
}

/// `/sim/people`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/sim/people", web::get().to(list_people));
}

async fn list_people(people: web::Data<People>) -> HttpResponse {
    let items: Vec<Value> = people.all().iter().map(Person::view).collect();
    HttpResponse::Ok().json(items)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn check_digits_follow_the_standard() {
        for known in [
            "150499199001010014",
            "150499198506150026",
            "150499200002290033",
            "150499196403070251",
            "15049919900101009X",
        ] {
            assert_eq!(with_check_digit(&known[..17]), known);
        }
    }

    #[test]
    fn the_cast_is_what_the_demo_needs() {
        let people = People::new();
        let unique = |f: fn(&Person) -> String| {
            let set: HashSet<String> = people.all().iter().map(f).collect();
            assert_eq!(set.len(), people.all().len());
        };
        unique(|p| p.id_no.clone());
        unique(|p| p.phone.into());
        unique(|p| p.open_id.clone());
        unique(|p| p.user_id.clone());
        let names: HashSet<&str> = people.all().iter().map(|p| p.name).collect();
        assert_eq!(
            names.len() + 1,
            people.all().len(),
            "exactly one name is shared"
        );
        assert_eq!(people.all()[0].person, "li-ming");
        assert_eq!(people.homes_of("wang-fang").count(), 2);
        assert_eq!(people.homes_of("zhang-wei").count(), 0);
        assert_eq!(
            people.find("zhang-wei").unwrap().view()["landlord"],
            "chen-gang"
        );
        for home in HOMES {
            assert!(
                people
                    .find(home.holder)
                    .unwrap()
                    .consumer_nos
                    .contains(&home.consumer_no)
            );
            assert_eq!(home.consumer_no.len(), 13);
            assert!(home.consumer_no.starts_with("15"));
        }
    }
}
