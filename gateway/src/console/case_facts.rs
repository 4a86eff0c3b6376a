//! What a case shows to whoever decides about it: its facts, the rows behind it, what was proposed.

use lifeline_core::cases::decision::{Part, Proposal};
use lifeline_core::cases::{Case, HomeBehind};
use lifeline_core::payments::Order;
use lifeline_core::shared::money::Fen;

use super::events::{cell, stands};
use super::frame::Frame;
use super::who::Who;

/// Flat, as they were written; never of a person. What happened, and what a fact is called, is said in words where
/// there are any; sums are said in yuan.
pub(super) fn facts(frame: &Frame, case: &Case) -> Vec<(String, String)> {
    let read: Result<serde_json::Map<String, serde_json::Value>, _> =
        serde_json::from_str(&case.facts);
    let text = |key: &str, value: serde_json::Value| match value {
        serde_json::Value::String(word) if key == "what" => {
            frame.what(&word).map_or(word, str::to_owned)
        }
        serde_json::Value::String(word) if key == "state" => {
            stands(frame.lang, "P", &word).map_or(word, str::to_owned)
        }
        serde_json::Value::String(word) if key == "reason" => {
            cell(frame.lang, &word).unwrap_or(word)
        }
        serde_json::Value::String(text) => text,
        serde_json::Value::Number(fen) if key.ends_with("_fen") => {
            let sum = fen.as_i64().map(|fen| Fen::new(fen).yuan());
            sum.map_or_else(|| fen.to_string(), |sum| format!("¥{sum}"))
        }
        other => other.to_string(),
    };
    read.map_or(Vec::new(), |facts| {
        let told = facts.into_iter();
        told.map(|(key, value)| {
            let said = text(&key, value);
            let called = frame.fact(&key).map_or(key, str::to_owned);
            (called, said)
        })
        .collect()
    })
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

pub(super) fn homes(behind: &[HomeBehind]) -> Vec<(String, String)> {
    let mut all: Vec<_> = behind
        .iter()
        .map(|home| (home.account_id.to_string(), home.region.clone()))
        .collect();
    all.dedup();
    all
}
