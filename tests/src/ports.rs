//! Ports of a test's own. One that was merely free a moment ago goes to whatever is opened on the machine next, also
//! to the near end of a connection; these lie below those that the system gives out by itself.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below deploy/dev/lib.sh's (from 20,000) and Linux's own (from 32,768).
const FIRST: u16 = 10_000;
const ROWS: u16 = 1_250;
const WIDTH: u16 = 8;

/// Seven ports in a row that nobody else is given as long as this is kept.
#[derive(Debug)]
pub struct Row {
    /// Listens before them: whoever else takes rows passes this one over.
    _guard: TcpListener,
    first: u16,
}

impl Row {
    /// # Panics
    /// When none is free.
    #[must_use]
    pub fn take() -> Self {
        static TAKEN: AtomicU32 = AtomicU32::new(0);
        let taken = TAKEN.fetch_add(1, Ordering::SeqCst);
        // Only where the search begins: what somebody else holds is seen by its guard.
        let begin = std::process::id().wrapping_mul(37).wrapping_add(taken);
        let begin = u16::try_from(begin % u32::from(ROWS)).expect("a row");
        let listen = |port: u16| TcpListener::bind(("127.0.0.1", port)).ok();
        for step in 0..ROWS {
            let guarded = FIRST + (begin + step) % ROWS * WIDTH;
            let Some(guard) = listen(guarded) else {
                continue;
            };
            let row = (1..WIDTH).map(|at| listen(guarded + at));
            if row.collect::<Option<Vec<_>>>().is_some() {
                return Self {
                    _guard: guard,
                    first: guarded + 1,
                };
            }
        }
        panic!("no seven free ports in a row");
    }

    #[must_use]
    pub const fn first(&self) -> u16 {
        self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_given_what_another_holds_though_nothing_listens_there() {
        let rows: Vec<Row> = (0..20).map(|_| Row::take()).collect();
        let mut firsts: Vec<u16> = rows.iter().map(Row::first).collect();
        firsts.sort_unstable();
        for pair in firsts.windows(2) {
            assert!(pair[1] - pair[0] >= WIDTH, "{firsts:?}");
        }
        assert!(firsts.iter().all(|first| (FIRST..20_000).contains(first)));
        drop(TcpListener::bind(("127.0.0.1", firsts[0])).expect("it is free"));
    }
}
