//! Proposals of one person that another judges: what every table of them has, whatever they are about.

use lifeline_core::cases::four_eyes::{ProposalState, Proposed};
use lifeline_core::store::StoreError;

use super::value::args;
use super::{Row, Value};

/// What was proposed about `$1`, newest first, at most `$2`.
macro_rules! proposals {
    ($table:literal, $what:literal, $about:literal) => {
        concat!(
            "SELECT proposal_id, reason, proposed_by, proposed_at, state, decided_by, decided_at, ",
            $what,
            " FROM ",
            $table,
            " WHERE ",
            $about,
            " = $1 ORDER BY proposed_at DESC, proposal_id DESC LIMIT $2"
        )
    };
}

/// Adds one that waits; `$values` begin at `$6`. The table's unique index knows how many may wait.
macro_rules! propose {
    ($table:literal, $what:literal, $values:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (proposal_id, reason, proposed_by, proposed_at, state, ",
            $what,
            ") VALUES ($1, $2, $3, $4, $5, ",
            $values,
            ") ON CONFLICT DO NOTHING"
        )
    };
}

/// Writes what was decided about one that waits.
macro_rules! judge {
    ($table:literal) => {
        concat!(
            "UPDATE ", $table,
            " SET state = $2, decided_by = $3, decided_at = $4 WHERE proposal_id = $1 AND state = 'open'"
        )
    };
}

pub(super) use {judge, proposals, propose};

/// A row of [`proposals!`] with what it is about.
pub(super) fn proposed<W>(row: &Row, what: W) -> Result<Proposed<W>, StoreError> {
    Ok(Proposed {
        proposal_id: row.text("proposal_id")?,
        what,
        reason: row.text("reason")?,
        proposed_by: row.text("proposed_by")?,
        proposed_at: row.time("proposed_at")?,
        state: row.parsed("state", ProposalState::parse)?,
        decided_by: row.maybe_text("decided_by")?,
        decided_at: row.maybe_time("decided_at")?,
    })
}

/// The arguments of [`propose!`]; `what` are those from `$6`.
pub(super) fn proposing<W>(one: &Proposed<W>, what: Vec<Value>) -> Vec<Value> {
    let mut args = args![
        &one.proposal_id,
        &one.reason,
        &one.proposed_by,
        one.proposed_at,
        one.state.as_str(),
    ];
    args.extend(what);
    args
}

/// The arguments of [`judge!`].
pub(super) fn judging<W>(decided: &Proposed<W>) -> Vec<Value> {
    args![
        &decided.proposal_id,
        decided.state.as_str(),
        decided.decided_by.as_deref(),
        decided.decided_at,
    ]
}
