//! How each kind of terminal does, month by month, by the rule of the channels (EC-15). Counted live: the days behind
//! a month that is over do not change any more.

use std::collections::BTreeMap;

use super::channel::{Came, Score};
use super::error::ChannelError;
use super::terminal::TerminalRow;
use super::{Channels, first_of};
use crate::accounts::Terminal;
use crate::insight::asked::{month_name, month_of};
use crate::insight::terminals::TerminalDay;
use crate::shared::time::Time;

/// A kind of terminal in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalScore {
    pub terminal: Terminal,
    pub score: Score,
}

/// Months that are told beside the running one.
const MONTHS_BEFORE: usize = 2;

impl Channels {
    /// The running month and those before it, the newest first.
    pub(super) async fn scores_of(
        &self,
        terminals: &[TerminalRow],
    ) -> Result<Vec<TerminalScore>, ChannelError> {
        let today = self.insight.today();
        let mut from = first_of(today);
        for _ in 0..MONTHS_BEFORE {
            from = first_of(from.saturating_sub(1));
        }
        let days = self.insight.terminals(from, today).await?;
        Ok(scored(&days, terminals, self.clock.now()))
    }
}

fn scored(days: &[TerminalDay], terminals: &[TerminalRow], now: Time) -> Vec<TerminalScore> {
    let mut months = BTreeMap::<(i64, Terminal), Came>::new();
    for day in days {
        let came = months.entry((month_of(day.day), day.terminal)).or_default();
        came.add(day.outcome, day.n);
    }
    let told = months
        .into_iter()
        .rev()
        .filter_map(|((month, terminal), came)| {
            let row = terminals.iter().find(|row| row.terminal == terminal)?;
            let score = came.score(row.channel, &month_name(month), now)?;
            Some(TerminalScore { terminal, score })
        });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels::Takes;
    use crate::insight::{Channel, Outcome};

    #[test]
    fn ec_15_a_terminals_days_are_its_months_score_by_the_rule_of_the_channels() {
        let row = |terminal, channel| TerminalRow {
            terminal,
            channel,
            takes: Takes::Everything,
            confirms: false,
            per_minute: None,
            changed_at: Time::default(),
        };
        let rows = [
            row(Terminal::Desk, Channel::H5),
            row(Terminal::Mini, Channel::Mini),
        ];
        let day = |day, terminal, outcome, n| TerminalDay {
            day,
            terminal,
            outcome,
            n,
        };
        // 2026-10-31, 2026-11-01 and 2026-11-20 in days since 1970.
        let days = [
            day(20_757, Terminal::Desk, Outcome::Done, 7),
            day(20_758, Terminal::Desk, Outcome::Done, 500),
            day(20_777, Terminal::Desk, Outcome::Done, 300),
            day(20_777, Terminal::Desk, Outcome::Refused, 100),
            day(20_777, Terminal::Desk, Outcome::Limited, 40),
            day(20_777, Terminal::Desk, Outcome::Failed, 60),
            day(20_777, Terminal::Mini, Outcome::Failed, 1),
        ];
        let told = scored(&days, &rows, Time::default());
        let told: Vec<_> = told
            .iter()
            .map(|one| {
                (
                    one.terminal,
                    one.score.month.as_str(),
                    one.score.calls,
                    one.score.points,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (Terminal::Desk, "2026-11", 1_000, 90),
                (Terminal::Mini, "2026-11", 1, 0),
                (Terminal::Desk, "2026-10", 7, 100),
            ]
        );
    }
}
