//! The words of what staff did to a person's functions and bills.

use super::notice::Progress;
use super::words::{Words, moment};

pub(super) fn of_function(progress: &Progress) -> Words {
    let what = match progress.request.as_str() {
        "auto_debit" => "自动扣款",
        _ => "在线缴费",
    };
    let at = moment(progress.happened_at);
    if progress.request == "bill" {
        return of_bill(&progress.state, &at);
    }
    if progress.state == "open" {
        Words {
            title: "功能已开通",
            body: format!("供电公司已于{at}为您开通{what}功能。"),
        }
    } else {
        Words {
            title: "功能已暂停",
            body: format!("供电公司已于{at}暂停您的{what}功能。如有疑问，请拨打 95598。"),
        }
    }
}

fn of_bill(state: &str, at: &str) -> Words {
    let (title, body) = match state {
        "held" => (
            "账单正在核对",
            format!("供电公司已于{at}开始核对您关联户号的一张电费账单，核对期间无需缴费。"),
        ),
        "corrected" => (
            "账单已更正",
            format!("供电公司已于{at}更正并重新算出您关联户号的电费账单，请查看新的金额。"),
        ),
        _ => (
            "账单核对完毕",
            format!("供电公司已于{at}核对您关联户号的电费账单，账单无误。"),
        ),
    };
    Words { title, body }
}
