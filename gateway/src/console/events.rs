//! An event of a line of time in words. The store says it by codes: a verb, and what it is about. A code that
//! has no words, as those of calls outside and of the audit, stays as it is: the log tells it likewise.

use super::words::{Lang, known, say};

/// What stands alone.
const WHOLE: [(&str, &str); 4] = [
    ("paid", "line.paid"),
    ("closed", "line.closed"),
    ("posted", "line.posted"),
    ("link over", "line.link_over"),
];

/// What has something behind it, and how the words begin that may tell it.
const VERBS: [(&str, &str, &[&str]); 10] = [
    ("signed in ", "line.signed_in", &["channel."]),
    ("session over ", "line.session_over", &["ended."]),
    ("agreed ", "line.agreed", &["purpose."]),
    ("took back ", "line.took_back", &["purpose."]),
    ("linked ", "line.linked", &["customer.role_"]),
    (
        "ordered ",
        "line.ordered",
        &["bought.", "channel.", "stands."],
    ),
    ("asked ", "line.asked", &["request.kind.", "request.state."]),
    ("opened ", "line.case_opened", &["kind."]),
    ("closed ", "line.case_closed", &["kind."]),
    ("refund ", "line.refund", &["back."]),
];

pub(super) fn event(lang: Lang, what: &str) -> String {
    if let Some((_, key)) = WHOLE.iter().find(|(whole, _)| *whole == what) {
        return say(lang, key).to_owned();
    }
    let verb = VERBS
        .iter()
        .find_map(|(verb, key, begins)| what.strip_prefix(verb).map(|rest| (*key, *begins, rest)));
    let Some((key, begins, rest)) = verb else {
        let told = known(lang, &format!("told.{what}"));
        return told.unwrap_or(what).to_owned();
    };
    let mut words = vec![say(lang, key)];
    words.extend(
        rest.split_whitespace()
            .map(|code| about(lang, begins, code)),
    );
    words.join(" · ")
}

fn about<'w>(lang: Lang, begins: &[&str], code: &'w str) -> &'w str {
    let mut found = begins
        .iter()
        .filter_map(|begin| known(lang, &format!("{begin}{code}")));
    found.next().unwrap_or(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_32_an_event_is_told_in_words_and_what_has_none_by_its_code() {
        for (what, zh, en) in [
            ("paid", "渠道已收款", "Paid at the channel"),
            ("closed", "渠道订单已关闭", "Closed at the channel"),
            (
                "closed contradiction",
                "事项办结 · 事实矛盾",
                "Case closed · A contradiction",
            ),
            (
                "signed in mini",
                "登录 · 支付宝小程序",
                "Signed in · Mini-program",
            ),
            (
                "ordered arrears DONE",
                "下单 · 电费 · 已办结",
                "Ordered · amount due · done",
            ),
            (
                "ordered top_up h5",
                "下单 · 预存电费 · 网页（H5）",
                "Ordered · prepayment · Web pages",
            ),
            ("linked payer_only", "绑定 · 仅可缴费", "Linked · Pays only"),
            (
                "refund WAIT_FUNDS",
                "退款 · 渠道余额不足",
                "Refund · waits for funds",
            ),
            (
                "session over phone_moved",
                "登录结束 · 手机号已归他人",
                "Session over · the phone is another person's",
            ),
            ("credited", "缴费已入账", "A payment was credited"),
            (
                "bindings.match full",
                "bindings.match full",
                "bindings.match full",
            ),
            (
                "L POSTING turn POSTED",
                "L POSTING turn POSTED",
                "L POSTING turn POSTED",
            ),
            (
                "agreed to_nothing_known",
                "同意 · to_nothing_known",
                "Agreed to · to_nothing_known",
            ),
        ] {
            assert_eq!(
                (event(Lang::Zh, what), event(Lang::En, what)),
                (zh.to_owned(), en.to_owned())
            );
        }
    }
}
