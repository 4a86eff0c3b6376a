//! The ways people come (EC-09, EC-15): each a row with its terminals, the functions it offers and how
//! much it takes; watched through the figures, scored each month by a rule that is shown.
//!
//! | file | what |
//! |---|---|
//! | `channel` | the things, and the rule of the score |
//! | `terminal` | what is asked of a kind of terminal |
//! | `change` | what staff changed of these, and why |
//! | `by_terminal` | how each kind of terminal does |
//! | `ports` | the rows |

pub mod by_terminal;
pub mod change;
pub mod channel;
pub mod error;
pub mod ports;
pub mod terminal;

use std::sync::Arc;

use async_trait::async_trait;

pub use by_terminal::TerminalScore;
pub use change::{Change, Changed, Guard};
pub use channel::{Came, ChannelRow, Closing, PER_MINUTE_MAX, Score};
pub use error::ChannelError;
pub use terminal::{Takes, TerminalRow};

use self::change::{Noted, worded};
use crate::accounts::Terminal;
use crate::insight::asked::{month_name, month_of};
use crate::insight::report::Ask;
use crate::insight::{Channel, Function, Insight, Outcome};
use crate::jobs::runner::{Task, TaskFailure};
use crate::operators::Acting;
use crate::shared::ids::{Entropy, Maker};
use crate::shared::time::{Clock, Time};
use crate::store::{Store, Tx, atomically, snapshot};

/// A channel as the console shows it.
#[derive(Debug, Clone)]
pub struct Shown {
    pub row: ChannelRow,
    /// The kinds of terminals of its people.
    pub terminals: Vec<TerminalRow>,
    /// How these did in the running month and the two before, the newest first.
    pub by_terminal: Vec<TerminalScore>,
    pub closings: Vec<Closing>,
    /// This month's requests so far, and what they would score.
    pub running: Option<Score>,
    /// Months that are over, newest first.
    pub scores: Vec<Score>,
}

/// What is not to be served now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Positions {
    /// Channel and number of function.
    pub closed: Vec<(Channel, i64)>,
    pub limits: Vec<(Channel, i64)>,
    /// Kinds of terminals of which more is asked than of everybody.
    pub terminals: Vec<TerminalRow>,
}

/// Scores read for one page: two years of every channel.
const SCORES_READ: i64 = 100;

/// Changes that are shown, the newest.
const CHANGES_SHOWN: i64 = 50;

/// The use cases of channels.
#[derive(Clone)]
pub struct Channels {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    insight: Insight,
}

impl std::fmt::Debug for Channels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Channels")
    }
}

impl Channels {
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        insight: Insight,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            insight,
        }
    }

    /// What is closed and limited now.
    ///
    /// # Errors
    /// The store's.
    pub async fn positions(&self) -> Result<Positions, ChannelError> {
        let mut view = snapshot(&*self.store).await?;
        let closed = view.channels().closings().await?;
        let rows = view.channels().rows().await?;
        let mut terminals = view.channels().terminals().await?;
        terminals.retain(|row| !row.is_usual());
        let limit = |row: &ChannelRow| row.per_minute.map(|most| (row.channel, most));
        Ok(Positions {
            closed: closed
                .iter()
                .map(|one| (one.channel, one.function))
                .collect(),
            limits: rows.iter().filter_map(limit).collect(),
            terminals,
        })
    }

    /// Every channel with its figures.
    ///
    /// # Errors
    /// The store's.
    pub async fn all(&self) -> Result<Vec<Shown>, ChannelError> {
        let (rows, terminals, closings, scores) = {
            let mut view = snapshot(&*self.store).await?;
            let rows = view.channels().rows().await?;
            let terminals = view.channels().terminals().await?;
            let closings = view.channels().closings().await?;
            let scores = view.channels().scores(SCORES_READ).await?;
            (rows, terminals, closings, scores)
        };
        let by_terminal = self.scores_of(&terminals).await?;
        let today = self.insight.today();
        let mut all = Vec::new();
        for row in rows {
            let channel = row.channel;
            let came = self.came(channel, first_of(today), today).await?;
            let month = month_name(month_of(today));
            all.push(Shown {
                running: came.score(channel, &month, self.clock.now()),
                terminals: of(&terminals, |one| one.channel == channel),
                by_terminal: of(&by_terminal, |one| one.score.channel == channel),
                closings: of(&closings, |one| one.channel == channel),
                scores: of(&scores, |one| one.channel == channel),
                row,
            });
        }
        Ok(all)
    }

    /// What staff changed of channels and terminals, the newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn changes(&self) -> Result<Vec<Change>, ChannelError> {
        let mut view = snapshot(&*self.store).await?;
        Ok(view.channels().changes(CHANGES_SHOWN).await?)
    }

    /// Closes a function in a channel. Nobody is turned away from what none of the functions is.
    ///
    /// # Errors
    /// [`ChannelError::Reason`], [`ChannelError::Function`], [`ChannelError::NotAsThingsStand`], the store's.
    pub async fn close(
        &self,
        acting: &Acting,
        channel: Channel,
        function: &str,
        reason: &str,
    ) -> Result<(), ChannelError> {
        let reason = worded(reason)?;
        let function = closable(function)?;
        let maker = self.maker();
        let closing = Closing {
            channel,
            function: function.number,
            reason: reason.to_owned(),
            closed_by: acting.actor(),
            closed_at: maker.now(),
        };
        let subject = format!("{}/{}", channel.as_str(), function.name);
        let line = acting.line(maker.uuid(), maker.now(), "channels.close", &subject, "ok");
        let (closing, line) = (&closing, &line);
        atomically(&*self.store, async |tx: &mut Tx| {
            if !tx.channels().close(closing).await? {
                return Err(ChannelError::NotAsThingsStand);
            }
            tx.audit().append(line).await?;
            Ok(())
        })
        .await
    }

    /// Opens a function in a channel again.
    ///
    /// # Errors
    /// [`ChannelError::Function`], [`ChannelError::NotAsThingsStand`], or the store's.
    pub async fn reopen(
        &self,
        acting: &Acting,
        channel: Channel,
        function: &str,
    ) -> Result<(), ChannelError> {
        let function = closable(function)?;
        let maker = self.maker();
        let subject = format!("{}/{}", channel.as_str(), function.name);
        let line = acting.line(maker.uuid(), maker.now(), "channels.reopen", &subject, "ok");
        let line = &line;
        atomically(&*self.store, async |tx: &mut Tx| {
            if !tx.channels().reopen(channel, function.number).await? {
                return Err(ChannelError::NotAsThingsStand);
            }
            tx.audit().append(line).await?;
            Ok(())
        })
        .await
    }

    /// Sets how many requests a minute a channel takes on one node; none is as many as come. The audit says what it
    /// became; what it was before, to be put back, and the reason are kept beside it.
    ///
    /// # Errors
    /// [`ChannelError::Reason`], [`ChannelError::Limit`], [`ChannelError::NotAsThingsStand`], or the store's.
    pub async fn limit(
        &self,
        acting: &Acting,
        channel: Channel,
        per_minute: Option<i64>,
        reason: &str,
    ) -> Result<(), ChannelError> {
        let reason = worded(reason)?;
        if per_minute.is_some_and(|most| !(1..=PER_MINUTE_MAX).contains(&most)) {
            return Err(ChannelError::Limit);
        }
        let noted = &self.noted(reason);
        atomically(&*self.store, async |tx: &mut Tx| {
            let rows = tx.channels().rows().await?;
            let row = rows.into_iter().find(|row| row.channel == channel);
            let row = row.ok_or(ChannelError::NotAsThingsStand)?;
            let changed = Changed::Limit {
                channel,
                before: row.per_minute,
                after: per_minute,
            };
            let now = noted.changed_at;
            tx.channels().set_limit(channel, per_minute, now).await?;
            noted.write(tx, acting, "channels.limit", changed).await
        })
        .await
    }

    /// Sets what is asked of a kind of terminal (EC-14). The audit says what is asked now; what was asked before, to be
    /// put back, and the reason are kept beside it.
    ///
    /// # Errors
    /// [`ChannelError::Reason`], [`ChannelError::Limit`], [`ChannelError::NotAsThingsStand`], or the store's.
    pub async fn guard(
        &self,
        acting: &Acting,
        terminal: Terminal,
        asked: Guard,
        reason: &str,
    ) -> Result<(), ChannelError> {
        let reason = worded(reason)?;
        let Guard {
            takes,
            confirms,
            per_minute,
        } = asked;
        if per_minute.is_some_and(|most| !(1..=PER_MINUTE_MAX).contains(&most)) {
            return Err(ChannelError::Limit);
        }
        let noted = &self.noted(reason);
        atomically(&*self.store, async |tx: &mut Tx| {
            let rows = tx.channels().terminals().await?;
            let row = rows.into_iter().find(|row| row.terminal == terminal);
            let Some(row) = row else {
                return Err(ChannelError::NotAsThingsStand);
            };
            let before = Guard {
                takes: row.takes,
                confirms: row.confirms,
                per_minute: row.per_minute,
            };
            let changed = Changed::Guard {
                terminal,
                before,
                after: asked,
            };
            let row = TerminalRow {
                takes,
                confirms,
                per_minute,
                changed_at: noted.changed_at,
                ..row
            };
            tx.channels().guard(&row).await?;
            noted.write(tx, acting, "channels.guard", changed).await
        })
        .await
    }

    /// Scores the month before this one, each channel once.
    ///
    /// # Errors
    /// The store's.
    pub async fn score(&self) -> Result<(), ChannelError> {
        let now = self.clock.now();
        let last = first_of(self.insight.today()).saturating_sub(1);
        let month = month_name(month_of(last));
        let mut scores = Vec::new();
        for channel in Channel::ALL {
            let came = self.came(channel, first_of(last), last).await?;
            scores.extend(came.score(channel, &month, now));
        }
        let scores = &scores;
        atomically(&*self.store, async |tx: &mut Tx| {
            for score in scores {
                tx.channels().add_score(score).await?;
            }
            Ok(())
        })
        .await
    }

    async fn came(&self, channel: Channel, from: i64, to: i64) -> Result<Came, ChannelError> {
        let ask = Ask {
            from,
            to,
            function: None,
            channel: Some(channel),
            outcome: None,
            regions: None,
        };
        let figures = self.insight.statistics(&ask).await?;
        let of = |outcome: Outcome| {
            let found = figures.outcomes.iter();
            found
                .filter(|figure| figure.name == outcome.as_str())
                .map(|figure| figure.n)
                .sum()
        };
        Ok(Came {
            done: of(Outcome::Done),
            refused: of(Outcome::Refused),
            limited: of(Outcome::Limited),
            failed: of(Outcome::Failed),
        })
    }

    fn noted<'a>(&self, reason: &'a str) -> Noted<'a> {
        let maker = self.maker();
        Noted {
            audit_id: maker.uuid(),
            change_id: maker.uuid(),
            reason,
            changed_at: maker.now(),
        }
    }

    fn maker(&self) -> Maker<'_> {
        Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        }
    }
}

fn of<T: Clone>(all: &[T], own: impl Fn(&T) -> bool) -> Vec<T> {
    all.iter().filter(|one| own(one)).cloned().collect()
}

/// What none of the functions is holds the rest together, and signing in too: neither is closed.
fn closable(name: &str) -> Result<&'static Function, ChannelError> {
    Function::named(name)
        .filter(|function| !matches!(function.name, "other" | "sign_in"))
        .ok_or(ChannelError::Function)
}

/// The first day of the month that a day is in.
fn first_of(day: i64) -> i64 {
    let month = month_of(day);
    let mut first = day;
    while month_of(first.saturating_sub(1)) == month {
        first = first.saturating_sub(1);
    }
    first
}

/// Scores months that are over.
#[derive(Debug)]
pub struct ScoreMonths(pub Channels);

#[async_trait]
impl Task for ScoreMonths {
    fn name(&self) -> &'static str {
        "channels.score"
    }

    fn every_s(&self) -> i64 {
        21_600
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        self.0.score().await.map_err(TaskFailure::store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ec_15_a_month_begins_on_its_first_day() {
        // 2026-11-20 and 2024-02-29 in days since 1970.
        assert_eq!(first_of(20_777), 20_758);
        assert_eq!(first_of(20_758), 20_758);
        assert_eq!(first_of(19_782), 19_754);
    }

    #[test]
    fn ec_15_signing_in_is_never_closed() {
        assert!(closable("sign_in").is_err() && closable("other").is_err());
        assert!(closable("no_such").is_err());
        assert_eq!(
            closable("pay").map(|function| function.number).ok(),
            Some(12)
        );
    }
}
