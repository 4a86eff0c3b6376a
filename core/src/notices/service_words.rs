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

pub(super) fn of_request(progress: &Progress) -> Words {
    let what = match progress.request.as_str() {
        "illegal_use" => "窃电举报",
        "feedback" => "意见反馈",
        "bill_dispute" => "账单疑问",
        "wrong_payment" => "缴错户号的诉求",
        "new_user" => "新装用电申请",
        _ => "诉求",
    };
    let moved = match progress.state.as_str() {
        "accepted" => "已被供电公司受理",
        "under_way" => "正在处理",
        "resolved" => "已办结",
        "declined" => "供电公司未予受理，可拨打 95598 了解原因",
        _ => "有新进展",
    };
    Words {
        title: "诉求有新进展",
        body: format!(
            "您的{what}{moved}，更新于{}。",
            moment(progress.happened_at).trim_end()
        ),
    }
}
