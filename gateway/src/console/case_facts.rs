//! What a case shows to whoever decides about it: its facts, the rows behind it, what was proposed. Words of the
//! rooms that wrote the facts are said in the visitor's language.

use lifeline_core::cases::decision::{Part, Proposal};
use lifeline_core::cases::{Case, CaseKind, HomeBehind};
use lifeline_core::customers::Customers;
use lifeline_core::payments::{Order, Purpose};
use lifeline_core::shared::ids::PaymentId;
use lifeline_core::shared::money::Fen;
use lifeline_core::store::snapshot;
use serde_json::Value;

use super::events::{cell, stands};
use super::fault::Fault;
use super::frame::Frame;
use super::today::House;
use super::who::Who;
use super::words::{Lang, known};

/// Flat, as they were written; never of a person. What happened, and what a fact is called, is said in words where
/// there are any; sums are said in yuan.
pub(super) fn facts(frame: &Frame, case: &Case) -> Vec<(String, String)> {
    let read: Result<serde_json::Map<String, Value>, _> = serde_json::from_str(&case.facts);
    read.map_or(Vec::new(), |facts| {
        let told = facts.into_iter();
        told.map(|(key, value)| {
            let said = said(frame.lang, &key, value);
            let called = frame.fact(&key).map_or(key, str::to_owned);
            (called, said)
        })
        .collect()
    })
}

/// What one fact says: words where there are any, a sum in yuan, each of several behind the other.
fn said(lang: Lang, key: &str, value: Value) -> String {
    match value {
        Value::String(word) => worded(lang, key, &word).unwrap_or(word),
        Value::Number(fen) if key.ends_with("_fen") => {
            let sum = fen.as_i64().map(|fen| Fen::new(fen).yuan());
            sum.map_or_else(|| fen.to_string(), |sum| format!("¥{sum}"))
        }
        Value::Array(all) => {
            let each = all.into_iter().map(|one| said(lang, key, one));
            each.collect::<Vec<_>>().join(" · ")
        }
        other => other.to_string(),
    }
}

/// A word of ours that a fact holds, in words. An id, and what a person wrote, has none.
fn worded(lang: Lang, key: &str, word: &str) -> Option<String> {
    let of = |begins: &str| known(lang, &format!("{begins}{word}")).map(str::to_owned);
    match key {
        "what" => of("what."),
        "kind" => of("request.kind."),
        "state" => stands(lang, "P", word).map(str::to_owned),
        "reason" => cell(lang, word)
            .or_else(|| of("reason."))
            .or_else(|| of("heard.")),
        "refusal" => of("refusal."),
        "conflict" => of("conflict."),
        "fields" => of("archive."),
        "fault" => of("reading."),
        "first" => Some(place(lang, word)),
        _ => None,
    }
}

/// Where the bill stands today that a case is about; empty where nobody of that time has the home any more.
pub(super) async fn bill_at(customers: &Customers, case: &Case) -> Result<Option<String>, Fault> {
    if !matches!(case.kind, CaseKind::BillFlagged | CaseKind::BillDiffers) {
        return Ok(None);
    }
    let found = customers.bill_today(case).await?;
    let at = found.map(|(account, home, period)| {
        format!("/console/customers/{account}/homes/{home}/bills?period={period}")
    });
    Ok(Some(at.unwrap_or_default()))
}

/// Where in a bill something differs: what it is, and which one where there are several.
pub(super) fn place(lang: Lang, text: &str) -> String {
    let (what, number) = text.split_once(' ').unwrap_or((text, ""));
    let what = known(lang, &format!("place.{what}")).unwrap_or(what);
    format!("{what} {number}").trim_end().to_owned()
}

/// One proposal as it is shown.
pub(super) struct Offered {
    pub(super) resolution: &'static str,
    pub(super) parts: String,
    pub(super) reason: String,
    pub(super) by: String,
    pub(super) at: String,
    pub(super) state: &'static str,
    pub(super) decided: String,
}

pub(super) fn offered(one: &Proposal, who: &Who) -> Offered {
    let decided = one.decided_by.as_deref();
    Offered {
        resolution: one.what.resolution.as_str(),
        parts: Part::render_all(&one.what.parts),
        reason: one.reason.clone(),
        by: who.called(&one.proposed_by),
        at: one.proposed_at.alipay_text(),
        state: one.state.as_str(),
        decided: decided.map_or(String::new(), |by| who.called(by)),
    }
}

/// The payment that a case is about, when it is about one.
pub(super) async fn order_of(house: &House, case: &Case) -> Result<Option<Order>, Fault> {
    let Ok(id) = PaymentId::parse(&case.subject) else {
        return Ok(None);
    };
    Ok(snapshot(&*house.store).await?.payments().find(&id).await?)
}

/// The payment a case is about, and its rows: where, how it stands there, which sum. Lines have the numbers that
/// parts of a proposal name.
pub(super) fn rows_of(frame: &Frame, order: &Order) -> Vec<(String, String, String)> {
    let row = |table: &str, state: &str, sum: Fen| {
        let place = frame.t(&format!("seen_at.{table}")).to_owned();
        let state = stands(frame.lang, table, state).unwrap_or(state);
        (place, state.to_owned(), sum.yuan())
    };
    let payment = &order.payment;
    let first = row("P", payment.state.as_str(), payment.paid);
    let lines = order.lines.iter().map(|line| {
        let (place, state, sum) = row("L", line.state.as_str(), line.amount);
        (format!("{place} {}", line.line_no), state, sum)
    });
    let refunds = order.refunds.iter();
    let refunds = refunds.map(|refund| row("R", refund.state.as_str(), refund.amount));
    std::iter::once(first).chain(lines).chain(refunds).collect()
}

/// What the payer of arrears chose, for the case that they are not due any more when the money comes.
pub(super) fn choice_of(order: &Order) -> Option<&'static str> {
    let payment = &order.payment;
    let chosen = if payment.keeps_as_prepayment() {
        "case.kept_if_not_due"
    } else {
        "case.back_if_not_due"
    };
    (payment.purpose == Purpose::Arrears).then_some(chosen)
}

/// Account and region of each home; no account where nobody is to be told whose it is.
pub(super) fn homes(behind: &[HomeBehind]) -> Vec<(Option<String>, String)> {
    let whose = |home: &HomeBehind| home.named.then(|| home.account_id.to_string());
    let mut all: Vec<_> = behind
        .iter()
        .map(|home| (whose(home), home.region.clone()))
        .collect();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use lifeline_core::payments::{table_l, table_r};
    use lifeline_core::requests::request::Kind;
    use lifeline_core::settlement::differing::Differing;
    use lifeline_core::settlement::{table_k, table_t};

    use super::*;

    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                files(&path, found);
            } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
                found.push(path);
            }
        }
    }

    /// What the sources of a room of core say beside their tests and remarks, with single blanks.
    fn sources(room: &str) -> Vec<String> {
        let (mut paths, here) = (Vec::new(), Path::new(env!("CARGO_MANIFEST_DIR")));
        let room = here.join("../core/src").join(room);
        if room.is_dir() {
            files(&room, &mut paths);
        } else {
            paths.push(room);
        }
        let plain = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).unwrap();
            let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
            let lines = code.lines().filter(|line| !line.trim().starts_with("//"));
            let words = lines.flat_map(str::split_whitespace);
            words.collect::<Vec<_>>().join(" ")
        };
        paths.iter().map(plain).collect()
    }

    fn is_word(text: &str) -> bool {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    }

    /// The words that stand right behind one of these.
    fn behind(room: &str, ways: &[&str]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for text in sources(room) {
            for way in ways {
                let words = text.split(way).skip(1);
                let words = words.map(|rest| rest.split('"').next().unwrap());
                found.extend(words.filter(|word| is_word(word)).map(str::to_owned));
            }
        }
        found
    }

    /// The words that stand between two places, as often as there is the first.
    fn between(room: &str, begin: &str, ends: [&str; 2]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for text in sources(room) {
            for rest in text.split(begin).skip(1) {
                let cut = |end: &str| rest.find(end).unwrap_or(rest.len());
                let part = &rest[..cut(ends[0]).min(cut(ends[1]))];
                let words = part.split('"').skip(1).step_by(2);
                found.extend(words.filter(|word| is_word(word)).map(str::to_owned));
            }
        }
        found
    }

    fn all_are_told(key: &str, words: &BTreeSet<String>, at_least: usize) {
        assert!(words.len() >= at_least, "hardly any {key}: {words:?}");
        for lang in [Lang::Zh, Lang::En] {
            for word in words {
                assert!(worded(lang, key, word).is_some(), "{lang:?}: {key} {word}");
            }
        }
    }

    #[test]
    fn ln_55_why_a_case_was_opened_is_told_in_both_languages() {
        let ways = ["let reason = \"", "reason: \"", "\"reason\": \""];
        let mut found = behind("", &ways);
        found.extend(behind("outbox", &["bury(row, \""]));
        found.extend(between(
            "bindings/gather.rs",
            "let reason = match",
            ["};", "Again {"],
        ));
        let ways = [
            "hold_lost(trade, \"",
            "case_of(&next, \"",
            "odd = Some(\"",
            "TooMuch(_) => Some(\"",
        ];
        found.extend(behind("payments/recovery", &ways));
        for call in ["open_case(", "open_row_case("] {
            found.extend(between("payments", call, [";", " }"]));
        }
        all_are_told("reason", &found, 33);
        let heard = table_l::Input::ALL.iter().map(|one| one.as_str());
        let heard = heard.chain(table_r::Input::ALL.iter().map(|one| one.as_str()));
        all_are_told("reason", &heard.map(str::to_owned).collect(), 20);
        for text in ["P.refunds.exceed_paid", "L.POSTED.posted_earlier_number"] {
            assert!(worded(Lang::Zh, "reason", text).is_some(), "{text}");
        }
        assert_eq!(worded(Lang::Zh, "reason", "他们多付了"), None);
    }

    /// What two tables say of a row that they cannot go on with, or that two persons are to see.
    fn of_tables() -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (state, input) in table_t::State::ALL
            .iter()
            .flat_map(|state| table_t::Input::ALL.iter().map(move |input| (state, input)))
        {
            use table_t::Effect;
            let effects = table_t::decide(*state, *input, table_t::Facts::default()).effects;
            if effects.contains(&Effect::Contradict) || effects.contains(&Effect::OpenCase) {
                found.insert(input.as_str().to_owned());
            }
        }
        for (state, input) in table_k::State::ALL
            .iter()
            .flat_map(|state| table_k::Input::ALL.iter().map(move |input| (state, input)))
        {
            let effects = table_k::decide(*state, *input, table_k::Facts::default()).effects;
            if effects.contains(&table_k::Effect::Contradict) {
                found.insert(input.as_str().to_owned());
            }
        }
        found
    }

    #[test]
    fn ln_55_what_has_happened_is_told_in_both_languages() {
        let mut found = of_tables();
        let differing = Differing::ALL.iter().map(|one| one.as_str().to_owned());
        found.extend(differing);
        let ways = [
            "let what = \"",
            "const WHAT: &str = \"",
            "const STOPPED: &str = \"",
            "SettlementDispute, &task, \"",
        ];
        found.extend(behind("settlement", &ways));
        found.extend(behind("requests", &["\"what\": \""]));
        found.extend(behind("settlement/error.rs", &["=> Some(\""]));
        let whys = between("settlement/checking.rs", "fn why(", ["} }", "fn "]);
        assert_eq!(whys.len(), 3, "{whys:?}");
        found.extend(whys);
        all_are_told("what", &found, 30);
    }

    #[test]
    fn ln_55_whatever_a_fact_holds_is_told_in_both_languages() {
        let kinds = Kind::ALL.iter().map(|one| one.as_str().to_owned());
        all_are_told("kind", &kinds.collect(), 4);
        let room = "settlement/settling.rs";
        let mut refusals = behind(room, &["refuse(tx, version, \""]);
        refusals.extend(between(room, "fn word(", ["} }", "fn "]));
        all_are_told("refusal", &refusals, 6);
        let conflicts = between("accounts/account.rs", "impl Conflict {", ["} } }", "enum "]);
        all_are_told("conflict", &conflicts, 3);
        let fields = between(
            "bindings/filling.rs",
            "impl ArchiveField {",
            ["} } }", "struct "],
        );
        all_are_told("fields", &fields, 3);
        let room = "settlement/readings.rs";
        let faults = between(room, "impl ReadingFault {", ["} }", "fn day"]);
        all_are_told("fault", &faults, 8);
    }

    #[test]
    fn ln_55_every_fact_of_a_case_has_a_name_in_both_languages() {
        let mut found = behind("", &["facts.insert(\""]);
        for text in sources("") {
            for begin in ["facts = ", "facts: "] {
                for rest in text.split(begin).skip(1) {
                    let rest = rest.strip_prefix("serde_json::").unwrap_or(rest);
                    let Some(rest) = rest.strip_prefix("json!({") else {
                        continue;
                    };
                    let part = rest.split("})").next().unwrap();
                    let pieces: Vec<&str> = part.split('"').collect();
                    let keys = pieces.windows(2).filter(|two| two[1].starts_with(':'));
                    found.extend(keys.map(|two| two[0].to_owned()));
                }
            }
        }
        assert!(found.len() > 25, "hardly any fact is found: {found:?}");
        for lang in [Lang::Zh, Lang::En] {
            let missing: Vec<_> = found
                .iter()
                .filter(|key| known(lang, &format!("fact.{key}")).is_none())
                .collect();
            assert!(missing.is_empty(), "{lang:?}: {missing:?}");
        }
    }

    #[test]
    fn ec_07_where_a_bill_is_wrong_is_told_in_words() {
        assert_eq!(place(Lang::Zh, "line 2"), "明细行 2");
        assert_eq!(place(Lang::En, "total"), "total");
        assert_eq!(place(Lang::Zh, "energy"), "电量");
    }
}
