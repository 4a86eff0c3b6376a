//! The words of what staff did to a person's functions and bills, and of their requests.

use super::moved::{
    Asked, BillMove, BillState, Function, FunctionMove, FunctionState, Progress, Reached,
};
use super::words::{Words, moment};

pub(super) fn of_function(moved: &FunctionMove) -> Words {
    let what = match moved.function {
        Function::AutoDebit => "自动扣款",
        Function::Pay => "在线缴费",
    };
    let at = moment(moved.happened_at);
    match moved.state {
        FunctionState::Open => Words {
            title: "功能已开通",
            body: format!("供电公司已于{at}为您开通{what}功能。"),
        },
        FunctionState::Suspended => Words {
            title: "功能已暂停",
            body: format!("供电公司已于{at}暂停您的{what}功能。如有疑问，请拨打 95598。"),
        },
    }
}

pub(super) fn of_bill(moved: &BillMove) -> Words {
    let at = moment(moved.happened_at);
    let (title, body) = match moved.state {
        BillState::Held => (
            "账单正在核对",
            format!("供电公司已于{at}开始核对您关联户号的一张电费账单，核对期间无需缴费。"),
        ),
        BillState::Corrected => (
            "账单已更正",
            format!("供电公司已于{at}更正并重新算出您关联户号的电费账单，请查看新的金额。"),
        ),
        BillState::Stands => (
            "账单核对完毕",
            format!("供电公司已于{at}核对您关联户号的电费账单，账单无误。"),
        ),
    };
    Words { title, body }
}

pub(super) fn of_request(progress: &Progress) -> Words {
    let what = match progress.request {
        Asked::IllegalUse => "窃电举报",
        Asked::Feedback => "意见反馈",
        Asked::BillDispute => "账单疑问",
        Asked::WrongPayment => "缴错户号的诉求",
        Asked::NewUser => "新装用电申请",
    };
    let moved = match progress.state {
        Reached::Accepted => "已被供电公司受理",
        Reached::UnderWay => "正在处理",
        Reached::Resolved => "已办结",
        Reached::Declined => "供电公司未予受理，可拨打 95598 了解原因",
    };
    Words {
        title: "诉求有新进展",
        body: format!(
            "您的{what}{moved}，更新于{}。",
            moment(progress.happened_at).trim_end()
        ),
    }
}
