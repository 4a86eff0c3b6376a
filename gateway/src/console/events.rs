//! An event of a line of time in words. The store says it by codes: a verb, and what it is about; what was seen
//! outside of a part of a payment; an act, as the audit names it. A code that has no words stays as it is.

use super::verbs::{VERBS, WHOLE};
use super::words::{Lang, code, known, say};

pub(super) fn event(lang: Lang, what: &str) -> String {
    if let Some((_, key)) = WHOLE.iter().find(|(whole, _)| *whole == what) {
        return say(lang, key).to_owned();
    }
    let verb = VERBS
        .iter()
        .find_map(|(verb, key, begins)| what.strip_prefix(verb).map(|rest| (*key, *begins, rest)));
    let Some((key, begins, rest)) = verb else {
        let told = known(lang, &format!("told.{what}")).map(str::to_owned);
        let told = told.or_else(|| seen(lang, what));
        return told
            .or_else(|| done(lang, what))
            .unwrap_or_else(|| what.to_owned());
    };
    let mut words = vec![say(lang, key)];
    words.extend(
        rest.split_whitespace()
            .map(|code| about(lang, begins, code)),
    );
    words.join(" · ")
}

/// What was seen outside of one part of a payment: of which, what, and where it stands since.
fn seen(lang: Lang, what: &str) -> Option<String> {
    let parts: Vec<&str> = what.split(' ').collect();
    let [table, _, input, next] = parts.as_slice() else {
        return None;
    };
    let words = [
        known(lang, &format!("seen_at.{table}"))?,
        known(lang, &format!("heard.{input}"))?,
        stands(lang, table, next)?,
    ];
    Some(words.join(" · "))
}

/// Where a part of a payment stands: of the order `P`, of a home's line `L`, of a refund `R`.
pub(super) fn stands(lang: Lang, table: &str, state: &str) -> Option<&'static str> {
    let begins = match table {
        "P" => "stands.",
        "L" => "line_at.",
        "R" => "back.",
        _ => return None,
    };
    known(lang, &format!("{begins}{state}"))
}

/// What was seen of a part of a payment that does not go with where it stands: `P.PAYING.paid_other`.
pub(super) fn cell(lang: Lang, text: &str) -> Option<String> {
    let (table, rest) = text.split_once('.')?;
    let (state, input) = rest.split_once('.')?;
    let words = [
        known(lang, &format!("seen_at.{table}"))?,
        stands(lang, table, state)?,
        known(lang, &format!("heard.{input}"))?,
    ];
    Some(words.join(" · "))
}

/// A line of the audit: what was done, and how it came out where that says more than that it was done.
fn done(lang: Lang, what: &str) -> Option<String> {
    let mut parts = what.split_whitespace();
    let act = known(lang, &format!("did.{}", parts.next()?))?;
    let mut words = vec![act.to_owned()];
    words.extend(
        parts
            .filter(|word| *word != "ok")
            .map(|word| came(lang, word)),
    );
    Some(words.join(" · "))
}

/// How a line of the audit came out; nothing where a part of it has no words, as what a person wrote.
pub(super) fn outcome(lang: Lang, text: &str) -> Option<String> {
    let each = text.split_whitespace();
    let each = each.map(|word| Some(came(lang, word)).filter(|told| told != word));
    let told: Vec<String> = each.collect::<Option<_>>()?;
    (!told.is_empty()).then(|| told.join(" · "))
}

/// How an act came out: by a word of ours, by a refusal of the console's, by a code of the gateway's, or which
/// function is to stand how.
fn came(lang: Lang, word: &str) -> String {
    if let Some((function, wanted)) = word.rsplit_once('_') {
        let told = |one: &str| known(lang, &format!("bank.{one}"));
        if let (Some(function), Some(wanted)) = (told(function), told(wanted)) {
            return format!("{function} · {wanted}");
        }
    }
    let begins = ["came.", "resolution.", "verdict.", "veiled.", "role."];
    let about = about(lang, &begins, word);
    let refusal = word.starts_with("fault.").then(|| known(lang, word));
    let told = refusal.flatten().or_else(|| code(lang, word));
    told.unwrap_or(about).to_owned()
}

fn about<'w>(lang: Lang, begins: &[&str], code: &'w str) -> &'w str {
    let mut found = begins
        .iter()
        .filter_map(|begin| known(lang, &format!("{begin}{code}")));
    found.next().unwrap_or(code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use lifeline_core::payments::{table_l, table_p, table_r};
    use lifeline_core::settlement::table_k;

    use super::*;

    const TOLD: [(&str, &str, &str); 23] = [
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
            "month 2026-10 DISPATCHED",
            "月度结算 · 2026-10 · 已发出付款",
            "Month settled · 2026-10 · sent to be paid",
        ),
        (
            "sent 2026-10 PAID",
            "付款发出 · 2026-10 · 已付",
            "Payout sent · 2026-10 · paid",
        ),
        ("points -30", "积分变动 · -30", "Points moved · -30"),
        (
            "certification certified",
            "实名核验结果 · 通过",
            "Certification over · passed",
        ),
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
            "按实名匹配 · 姓名与手机号一致",
            "Match by real name · name and mobile agree",
        ),
        ("payments.created ok", "订单已创建", "Order created"),
        (
            "customers.approve_function auto_debit_suspended",
            "同意功能变更 · 自动扣款 · 暂停",
            "Function change agreed to · Auto-debit · suspended",
        ),
        (
            "customers.unmask fault.step_up",
            "查看明文 · 动态口令不对、已用过，或登录已锁定。",
            "Seen in clear · The code is wrong or used, or the login is locked.",
        ),
        (
            "L POSTING posted_same POSTED",
            "营销系统 · 已入账，内容相符 · 已入账",
            "Marketing · posted as asked · posted",
        ),
        (
            "P PAYING paid_equal PAID",
            "支付渠道 · 已付，金额相符 · 已付款",
            "Channel · paid the ordered sum · paid",
        ),
        (
            "L POSTING unheard POSTED",
            "L POSTING unheard POSTED",
            "L POSTING unheard POSTED",
        ),
        ("nobody.did ok", "nobody.did ok", "nobody.did ok"),
        (
            "agreed to_nothing_known",
            "同意 · to_nothing_known",
            "Agreed to · to_nothing_known",
        ),
    ];

    #[test]
    fn ln_32_an_event_is_told_in_words_and_what_has_none_by_its_code() {
        let title = code(Lang::En, "PHONE_NOT_TOLD").unwrap();
        let taken = format!("Phone taken from Alipay · {title}");
        let phone = (
            "accounts.take_phone PHONE_NOT_TOLD",
            "取得支付宝手机号 · 支付宝没有提供此手机号，需用验证码。",
            taken.as_str(),
        );
        for (what, zh, en) in TOLD.into_iter().chain([phone]) {
            assert_eq!(
                (event(Lang::Zh, what), event(Lang::En, what)),
                (zh.to_owned(), en.to_owned())
            );
        }
    }

    #[test]
    fn ln_55_what_does_not_go_together_is_told_in_words() {
        for (text, told) in [
            (
                "P.CLOSED.refund_ours",
                Some("支付渠道 · 已关闭 · 本系统的退款"),
            ),
            (
                "L.FENCING(repost).mkt_yes",
                Some("营销系统 · 封号后重新入账 · 营销同意退款"),
            ),
            ("R.DONE.fee_error", Some("渠道退款 · 已退 · 手续费有误")),
            ("K.OPEN.undo", None),
            ("the line is not there.", None),
        ] {
            assert_eq!(cell(Lang::Zh, text).as_deref(), told, "{text}");
        }
    }

    /// What a file says beside its tests, its remarks and what it logs.
    fn said(path: &Path) -> String {
        let text = std::fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
        let mut plain = String::new();
        for line in code.lines().filter(|line| !line.trim().starts_with("//")) {
            plain.push_str(line);
            plain.push('\n');
        }
        let mut parts = plain.split("tracing::");
        let mut kept = parts.next().unwrap().to_owned();
        for part in parts {
            let mut depth = 0_usize;
            let end = part.char_indices().find(|(_, letter)| match letter {
                '(' => {
                    depth += 1;
                    false
                }
                ')' => {
                    depth = depth.saturating_sub(1);
                    depth == 0
                }
                _ => false,
            });
            kept.push_str(end.map_or(part, |(at, _)| &part[at..]));
        }
        kept
    }

    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && name != "words" {
                files(&path, found);
            } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
                found.push(path);
            }
        }
    }

    /// Every `room.word` of a folder's sources.
    fn named(folder: &Path) -> BTreeSet<String> {
        let (mut paths, mut found) = (Vec::new(), BTreeSet::new());
        files(folder, &mut paths);
        let letters = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        for path in paths {
            for part in said(&path).split('"') {
                let shaped = part.split_once('.').is_some_and(|(room, word)| {
                    letters(room) && !room.contains('_') && letters(word)
                });
                if shaped {
                    found.insert(part.to_owned());
                }
            }
        }
        found
    }

    /// What is named like an act and is none: what one room tells another through the outbox, and what only the
    /// evidence says.
    const NO_ACTS: [&str; 40] = [
        "accounts.certified_phone",
        "accounts.changed",
        "accounts.merged_phone",
        "accounts.phone_changed",
        "accounts.send_code",
        "audit.linked",
        "bindings.access_over",
        "bindings.access_taken",
        "bindings.archive_contact",
        "bindings.fill_archive",
        "bindings.find_phone",
        "bindings.holder_disputed",
        "bindings.sharing_accepted",
        "bindings.sharing_over",
        "customer.role_",
        "customers.bill_moved",
        "customers.function_moved",
        "generation.key_wanted",
        "generation.keys",
        "generation.payee_changed_phone",
        "jobs.ran",
        "notices.handed_over",
        "notices.sms",
        "outbox.body",
        "payments.nudge",
        "payments.recovered",
        "payments.refund_late",
        "requests.decided",
        "requests.moved",
        "settlement.check_task",
        "settlement.check_task_reminder",
        "settlement.check_task_sent",
        "settlement.nudge",
        "settlement.paid_out",
        "settlement.payout_refused",
        "settlement.payout_returned",
        "settlement.review_corrected",
        "settlement.review_recall",
        "settlement.review_upheld",
        "settlement.trade_task",
    ];

    /// Acts as the sources name them. Whatever is named like one has words or stands in [`NO_ACTS`].
    fn acts() -> BTreeSet<String> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = named(&here.join("../core/src"));
        assert!(found.len() > 150, "hardly any act is found: {found:?}");
        let of_pages = named(&here.join("src/console")).into_iter();
        found.extend(of_pages.filter(|name| known(Lang::Zh, name).is_none()));
        found.retain(|name| !name.starts_with("facts."));
        found.retain(|name| known(Lang::Zh, &format!("task.{name}")).is_none());
        found.retain(|name| !NO_ACTS.contains(&name.as_str()));
        found.extend(super::super::table().iter().map(|page| page.act.to_owned()));
        for input in table_k::Input::ALL {
            found.insert(format!("settlement.{}", input.as_str()));
        }
        let room = said(&here.join("../core/src/payments/recovery/room.rs"));
        let of_recovery = room.split("said(&draw, \"").skip(1);
        let before = found.len();
        found.extend(of_recovery.map(|at| format!("recovery.{}", at.split('"').next().unwrap())));
        assert!(found.len() >= before + 4, "acts of the recovery");
        found
    }

    #[test]
    fn ln_32_every_act_that_the_audit_may_name_has_words_in_both_languages() {
        for lang in [Lang::Zh, Lang::En] {
            let missing: Vec<_> = acts()
                .into_iter()
                .filter(|act| known(lang, &format!("did.{act}")).is_none())
                .collect();
            assert!(missing.is_empty(), "{lang:?}: {missing:?}");
        }
    }

    #[test]
    fn ln_32_whatever_may_be_seen_of_a_payment_outside_has_words_in_both_languages() {
        let mut wanted: Vec<String> = ["P", "L", "R"].map(|t| format!("seen_at.{t}")).to_vec();
        wanted.extend(
            table_p::Input::ALL
                .iter()
                .map(|one| format!("heard.{}", one.as_str())),
        );
        wanted.extend(
            table_l::Input::ALL
                .iter()
                .map(|one| format!("heard.{}", one.as_str())),
        );
        wanted.extend(
            table_r::Input::ALL
                .iter()
                .map(|one| format!("heard.{}", one.as_str())),
        );
        wanted.extend(
            table_l::State::ALL
                .iter()
                .map(|one| format!("line_at.{}", one.as_str())),
        );
        for key in wanted {
            for lang in [Lang::Zh, Lang::En] {
                assert!(known(lang, &key).is_some(), "{lang:?}: {key}");
            }
        }
    }

    #[test]
    fn ln_32_every_call_outside_has_words_in_both_languages() {
        let (mut paths, mut found) = (Vec::new(), BTreeSet::new());
        files(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/src"),
            &mut paths,
        );
        for path in paths {
            let text = said(&path);
            let calls = text.split("operation!(").skip(1);
            let calls = calls.filter_map(|at| at.trim_start().strip_prefix('"')?.split('"').next());
            found.extend(calls.map(str::to_owned));
        }
        assert!(found.len() > 40, "hardly any call is found: {found:?}");
        for call in found {
            for lang in [Lang::Zh, Lang::En] {
                assert!(
                    known(lang, &format!("call.{call}")).is_some(),
                    "{lang:?}: {call}"
                );
            }
        }
    }
}
