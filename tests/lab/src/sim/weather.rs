//! How calls fare on the wire: late, lost before or after their effect, twice, answered with rubbish.

use lifeline_core::shared::outside::NoAnswer;

use super::plan::{Climate, Plan};
use super::world::{MILLI, SECOND, World};

/// Whom a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Channel,
    Marketing,
}

/// Shares in a thousand.
#[derive(Debug, Clone, Copy)]
struct Rates {
    not_sent: u64,
    request_lost: u64,
    reply_lost: u64,
    /// An error that says nothing, before or after the effect: 20000, SYSTEM_ERROR, 5xx.
    system_error: u64,
    slow: u64,
    twice: u64,
    notice_lost: u64,
    commit_odd: u64,
}

impl Rates {
    const fn of(climate: Climate) -> Self {
        match climate {
            Climate::Mild => Self {
                not_sent: 2,
                request_lost: 5,
                reply_lost: 6,
                system_error: 6,
                slow: 20,
                twice: 2,
                notice_lost: 60,
                commit_odd: 1,
            },
            Climate::Rough => Self {
                not_sent: 15,
                request_lost: 40,
                reply_lost: 50,
                system_error: 40,
                slow: 60,
                twice: 15,
                notice_lost: 250,
                commit_odd: 4,
            },
            Climate::Stormy => Self {
                not_sent: 50,
                request_lost: 120,
                reply_lost: 140,
                system_error: 120,
                slow: 120,
                twice: 40,
                notice_lost: 500,
                commit_odd: 10,
            },
        }
    }

    const CALM: Self = Self {
        not_sent: 0,
        request_lost: 0,
        reply_lost: 0,
        system_error: 0,
        slow: 0,
        twice: 0,
        notice_lost: 0,
        commit_odd: 0,
    };
}

#[derive(Debug)]
pub(super) struct Weather {
    rates: Rates,
    calm: bool,
    channel_down_until: i64,
    marketing_down_until: i64,
    /// How many calls met each fault.
    pub(super) faults: u64,
}

/// What the wire does with one call; times count from the send.
#[derive(Debug, Clone)]
pub(super) enum Passage {
    /// The sender is told at once that nothing left.
    Refused(NoAnswer),
    /// Nothing arrives and nothing is answered.
    Lost,
    /// An error without an effect.
    Rubbish { after: i64 },
    Arrives {
        at: i64,
        /// A second copy arrives at this time.
        again: Option<i64>,
        answer: Answered,
    },
}

#[derive(Debug, Clone)]
pub(super) enum Answered {
    Truly {
        after: i64,
    },
    /// The effect took place, the answer is an error that says nothing.
    Rubbish {
        after: i64,
    },
    Never,
}

/// What the store does with one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommitFate {
    Done,
    /// Another writer got there first: nothing is written.
    Conflict,
    /// The answer is lost: written.
    UnknownDone,
    /// The answer is lost: not written.
    UnknownUndone,
    Unavailable,
}

impl Weather {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            rates: Rates::of(plan.climate),
            calm: false,
            channel_down_until: 0,
            marketing_down_until: 0,
            faults: 0,
        }
    }

    pub(super) const fn is_calm(&self) -> bool {
        self.calm
    }

    /// From now on everything works.
    pub(super) fn calm_down(&mut self) {
        self.calm = true;
        self.rates = Rates::CALM;
        self.channel_down_until = 0;
        self.marketing_down_until = 0;
    }

    pub(super) fn take_down(&mut self, side: Side, until: i64) {
        let down = match side {
            Side::Channel => &mut self.channel_down_until,
            Side::Marketing => &mut self.marketing_down_until,
        };
        *down = until.max(*down);
    }

    const fn down_until(&self, side: Side) -> i64 {
        match side {
            Side::Channel => self.channel_down_until,
            Side::Marketing => self.marketing_down_until,
        }
    }
}

impl World {
    pub(super) fn passage(&mut self, side: Side) -> Passage {
        if self.weather.down_until(side) > self.now() {
            self.weather.faults = self.weather.faults.saturating_add(1);
            return match self.dice.below(3) {
                0 => Passage::Refused(NoAnswer::NotSent("connection_refused")),
                1 => Passage::Lost,
                _ => Passage::Rubbish { after: 20 * MILLI },
            };
        }
        let rates = self.weather.rates;
        let thrown = self.dice.below(1000);
        let (a, b, c) = (
            rates.not_sent,
            rates.not_sent.saturating_add(rates.request_lost),
            rates
                .not_sent
                .saturating_add(rates.request_lost)
                .saturating_add(rates.system_error.div_euclid(2)),
        );
        let fault = thrown < c;
        if fault {
            self.weather.faults = self.weather.faults.saturating_add(1);
        }
        if thrown < a {
            Passage::Refused(NoAnswer::NotSent("connection_refused"))
        } else if thrown < b {
            Passage::Lost
        } else if thrown < c {
            Passage::Rubbish {
                after: self.dice.between(5, 900).saturating_mul(MILLI),
            }
        } else {
            self.arrival(rates, side)
        }
    }

    fn arrival(&mut self, rates: Rates, side: Side) -> Passage {
        let slow = self.dice.in_mille(rates.slow);
        let at = if slow && side == Side::Marketing && self.dice.in_mille(150) {
            // So late that the answers to its repetitions were long read.
            self.dice.between(26, 240).saturating_mul(SECOND)
        } else if slow {
            // Sometimes so late that the sender has long given up.
            self.dice.between(1, 25).saturating_mul(SECOND)
        } else {
            self.dice.between(3, 150).saturating_mul(MILLI)
        };
        let again = self
            .dice
            .in_mille(rates.twice)
            .then(|| at.saturating_add(self.dice.between(1, 5000).saturating_mul(MILLI)));
        let back = self.dice.between(3, 150).saturating_mul(MILLI);
        let after = at.saturating_add(back);
        let answer = if self.dice.in_mille(rates.reply_lost) {
            Answered::Never
        } else if self.dice.in_mille(rates.system_error.div_euclid(2)) {
            Answered::Rubbish { after }
        } else {
            Answered::Truly { after }
        };
        if slow || again.is_some() || !matches!(answer, Answered::Truly { .. }) {
            self.weather.faults = self.weather.faults.saturating_add(1);
        }
        Passage::Arrives { at, again, answer }
    }

    pub(super) fn loses_notice(&mut self) -> bool {
        let rate = self.weather.rates.notice_lost;
        let lost = self.dice.in_mille(rate);
        if lost {
            self.weather.faults = self.weather.faults.saturating_add(1);
        }
        lost
    }

    pub(super) fn commit_fate(&mut self) -> CommitFate {
        let rate = self.weather.rates.commit_odd;
        if !self.dice.in_mille(rate) {
            return CommitFate::Done;
        }
        self.weather.faults = self.weather.faults.saturating_add(1);
        match self.dice.below(4) {
            0 => CommitFate::Conflict,
            1 => CommitFate::UnknownDone,
            2 => CommitFate::UnknownUndone,
            _ => CommitFate::Unavailable,
        }
    }
}
