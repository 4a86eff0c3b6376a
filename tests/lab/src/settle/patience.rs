//! A store that is slow for a while is no finding of this tool: what it did not take in time is done again.

use lifeline_core::settlement::SettlementError;
use lifeline_core::store::StoreError;

use super::{Trouble, told};

/// How often a piece of work is done again. Each of them has waited for the store as long as the store lets wait.
const TRIES_MAX: u32 = 20;

impl Trouble {
    /// Whether it says of the store that it had no time just now, or nothing about whether it did the work.
    fn passes(&self) -> bool {
        let (Self::Store(error) | Self::Settlement(SettlementError::Store(error))) = self else {
            return false;
        };
        match error {
            StoreError::Unavailable(_) | StoreError::CommitUnknown(_) | StoreError::Conflict => {
                true
            }
            StoreError::Duplicate(_) | StoreError::Refused(_) | StoreError::Corrupt { .. } => false,
        }
    }
}

/// Counts the tries of one piece of work.
#[derive(Debug, Default)]
pub(super) struct Patience {
    tries: u32,
}

impl Patience {
    /// The outcome, or nothing when the work is to be done once more. It may have taken effect all the same.
    #[expect(clippy::print_stderr, reason = "a tool that tells what it waited for")]
    pub(super) fn done<T, E: Into<Trouble>>(
        &mut self,
        tried: Result<T, E>,
    ) -> Option<Result<T, Trouble>> {
        let done = tried.map_err(E::into);
        let Err(trouble) = &done else {
            return Some(done);
        };
        if self.tries == TRIES_MAX || !trouble.passes() {
            return Some(done);
        }
        self.tries = self.tries.saturating_add(1);
        eprintln!("once more: {}", told(trouble));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(refusal: impl Fn(u32) -> Option<StoreError>) -> (u32, Result<(), String>) {
        let (mut patience, mut tries) = (Patience::default(), 0);
        loop {
            tries += 1;
            let outcome = refusal(tries).map_or(Ok(()), Err);
            if let Some(done) = patience.done(outcome) {
                return (tries, done.map_err(|trouble| told(&trouble)));
            }
        }
    }

    #[test]
    fn work_that_a_slow_store_did_not_take_is_done_again() {
        let slow = |nth| match nth {
            1 => Some(StoreError::Unavailable("the disk stood still".into())),
            2 => Some(StoreError::CommitUnknown("no answer".into())),
            _ => None,
        };
        assert_eq!(tried(slow), (3, Ok(())));
    }

    #[test]
    fn a_store_that_stays_away_is_told_with_its_cause() {
        let away = |_| Some(StoreError::Unavailable("the disk is full".into()));
        let why = "the store is unavailable: the disk is full".to_owned();
        assert_eq!(tried(away), (TRIES_MAX + 1, Err(why)));
    }

    #[test]
    fn a_finding_is_told_at_once() {
        let refused = |_| Some(StoreError::Refused("CHECK".into()));
        let (tries, done) = tried(refused);
        assert_eq!((tries, done.is_err()), (1, true));
    }
}
