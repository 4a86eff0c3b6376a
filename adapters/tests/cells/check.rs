//! What a cell left in the store, compared with what its effects demand: no less and no more.

use lifeline_core::cases::CaseKind;
use lifeline_core::ledger::Account;
use lifeline_core::payments::observation::Ask;
use lifeline_core::shared::money::Fen;

use crate::Expected;
use crate::books::Held;

/// Everything a cell may leave besides its own row.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Trace {
    /// Debit, credit, amount.
    pub(crate) entries: Vec<(Account, Account, Fen)>,
    pub(crate) cases: Vec<CaseKind>,
    pub(crate) events: Vec<String>,
    pub(crate) asks: Vec<&'static str>,
    pub(crate) claimed: bool,
}

impl Trace {
    pub(crate) fn enter(&mut self, debit: Account, credit: Account, sum: Fen) {
        self.entries.push((debit, credit, sum));
    }
}

/// The words of the asks, so that a table can name them.
pub(crate) fn ask_word(ask: &Ask) -> &'static str {
    match ask {
        Ask::QueryTrade => "query_trade",
        Ask::ResendCreate => "resend_create",
        Ask::CloseTrade => "close_trade",
        Ask::CheckRefunds { .. } => "check_refunds",
        Ask::Post(_) => "post",
        Ask::GetPosting(_) => "get_posting",
        Ask::Fence(_) => "fence",
        Ask::Reverse(_) => "reverse",
        Ask::Voucher(_) => "voucher",
        Ask::SendRefund(_) => "send_refund",
        Ask::QueryRefund(_) => "query_refund",
    }
}

/// What the store and the answer of the unit show.
pub(crate) fn trace(held: &Held, events: &[(String, String)], asks: &[Ask]) -> Trace {
    let mut entries = Vec::new();
    for entry in &held.entries {
        let [debit, credit] = entry.lines() else {
            panic!("an entry of these tables has two lines: {entry:?}");
        };
        assert_eq!(debit.debit, credit.credit, "unbalanced: {entry:?}");
        entries.push((debit.account, credit.account, debit.debit));
    }
    let mut cases: Vec<CaseKind> = held.cases.iter().map(|case| case.kind).collect();
    cases.sort_by_key(|kind| kind.as_str());
    let told = events
        .iter()
        .map(|(kind, _)| kind.clone())
        .filter(|kind| kind != "payments.nudge");
    Trace {
        entries,
        cases,
        events: told.collect(),
        asks: asks.iter().map(ask_word).collect(),
        claimed: held.claimed,
    }
}

/// The order of entries within one unit is not part of the law.
pub(crate) fn compare(expected: &Expected, mut wanted: Trace, mut left: Trace) {
    let by_text = |entry: &(Account, Account, Fen)| format!("{entry:?}");
    wanted.entries.sort_by_key(by_text);
    left.entries.sort_by_key(by_text);
    wanted.cases.sort_by_key(|kind| kind.as_str());
    assert_eq!(left, wanted, "{expected:?}");
}

/// The record says what was seen, in which state, and what came of it.
pub(crate) fn recorded(expected: &Expected, table: &str, held: &Held) {
    let found = held.sightings.iter().any(|seen| {
        seen.table == table
            && seen.state == expected.state
            && seen.input == expected.input
            && seen.applied
    });
    assert!(found, "not recorded: {expected:?} in {:?}", held.sightings);
}
