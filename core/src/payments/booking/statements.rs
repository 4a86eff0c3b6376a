//! What is said of a line: what marketing states, what holds however old it is, and what two persons
//! are bound by (money.md G5).

use super::super::order::{PostingLine, Sighting};
use super::super::table_l as l;

/// What is always applied, however old: facts that are absolute, and our own decisions.
pub(super) const fn is_absolute(input: l::Input) -> bool {
    match input {
        l::Input::PostedSame
        | l::Input::PostedOther
        | l::Input::Reversed
        | l::Input::Fenced
        | l::Input::Turn
        | l::Input::GiveUp
        | l::Input::RefundWanted
        | l::Input::RefundDone
        | l::Input::RefundBlocked
        | l::Input::Case => true,
        l::Input::Processing
        | l::Input::NoAnswer
        | l::Input::StaleArrears
        | l::Input::NotPayable
        | l::Input::NotFound
        | l::Input::CutoffPassed
        | l::Input::MktYes
        | l::Input::MktNo => false,
    }
}

/// What marketing itself stated.
pub(super) const fn is_statement(input: l::Input) -> bool {
    match input {
        l::Input::PostedSame
        | l::Input::PostedOther
        | l::Input::Processing
        | l::Input::StaleArrears
        | l::Input::NotPayable
        | l::Input::NotFound
        | l::Input::Fenced
        | l::Input::Reversed
        | l::Input::CutoffPassed
        | l::Input::MktYes
        | l::Input::MktNo => true,
        l::Input::Turn
        | l::Input::NoAnswer
        | l::Input::GiveUp
        | l::Input::RefundWanted
        | l::Input::RefundDone
        | l::Input::RefundBlocked
        | l::Input::Case => false,
    }
}

/// Remembers how marketing last showed the line: two persons are bound by it.
pub(super) fn note_sighting(line: &mut PostingLine, input: l::Input) {
    match input {
        l::Input::PostedSame => (line.sighting, line.fenced) = (Some(Sighting::Same), false),
        // What stands under a fenced number disproves the fence: nobody may lean on it any more.
        l::Input::PostedOther => (line.sighting, line.fenced) = (Some(Sighting::Other), false),
        l::Input::NotFound => line.sighting = Some(Sighting::NotThere),
        l::Input::Fenced => {
            line.sighting = Some(Sighting::NotThere);
            line.fenced = true;
        }
        l::Input::Reversed | l::Input::MktYes => {
            line.sighting = Some(Sighting::NotThere);
            line.let_go = true;
        }
        l::Input::Turn
        | l::Input::Processing
        | l::Input::NoAnswer
        | l::Input::StaleArrears
        | l::Input::NotPayable
        | l::Input::GiveUp
        | l::Input::RefundWanted
        | l::Input::CutoffPassed
        | l::Input::MktNo
        | l::Input::RefundDone
        | l::Input::RefundBlocked
        | l::Input::Case => {}
    }
}
