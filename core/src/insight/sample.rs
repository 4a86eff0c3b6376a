//! One request as it is noted.

use crate::accounts::Terminal;
use crate::shared::time::Time;

/// Through what somebody came (EC-15): what the client says of itself, and nothing finer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    Mini,
    H5,
    Other,
}

impl Channel {
    pub const ALL: [Self; 3] = [Self::Mini, Self::H5, Self::Other];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mini => "mini",
            Self::H5 => "h5",
            Self::Other => "other",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|channel| channel.as_str() == text)
    }

    /// By what the client calls itself.
    #[must_use]
    pub fn of(user_agent: &str) -> Self {
        if user_agent.contains("AlipayClient") || user_agent.contains("MiniProgram") {
            Self::Mini
        } else if user_agent.starts_with("Mozilla/") {
            Self::H5
        } else {
            Self::Other
        }
    }
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    Done,
    /// The client was told no, and why.
    Refused,
    /// Too often.
    Limited,
    /// We, or a system behind us, did not manage.
    Failed,
}

impl Outcome {
    pub const ALL: [Self; 4] = [Self::Done, Self::Refused, Self::Limited, Self::Failed];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Limited => "limited",
            Self::Failed => "failed",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
    }

    #[must_use]
    pub const fn of(status: u16) -> Self {
        match status {
            0..400 => Self::Done,
            429 => Self::Limited,
            400..500 => Self::Refused,
            _ => Self::Failed,
        }
    }

    /// The statuses that mean it: the first, the last, and one between them that means another one, or zero.
    #[must_use]
    pub const fn statuses(self) -> (i64, i64, i64) {
        match self {
            Self::Done => (0, 399, 0),
            Self::Refused => (400, 499, 429),
            Self::Limited => (429, 429, 0),
            Self::Failed => (500, 65_535, 0),
        }
    }
}

/// Where somebody's home is, as the first digits of its number say: the supply office. `-` when it is
/// not known, which is so before a home is linked.
pub const NOWHERE: &str = "-";

/// One request. `person` is an account's id as a number: it stays in memory for about a second.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    pub at: Time,
    /// The function's number.
    pub function: i64,
    pub channel: Channel,
    /// What the client says it is.
    pub terminal: Terminal,
    pub outcome: Outcome,
    pub micros: u32,
    pub person: Option<u128>,
    /// Why it was not done, when it was not: these are kept one by one for a while.
    pub refusal: Option<Refusal>,
}

/// What a request that was not done was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    pub trace: u128,
    pub status: u16,
    /// A word of the code table.
    pub code: &'static str,
}

impl std::fmt::Debug for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sample")
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}

/// An account's id as a number; `None` for a text that is none.
#[must_use]
pub fn person_of(id: &str) -> Option<u128> {
    let mut digits = [0_u8; 32];
    let mut places = digits.iter_mut();
    for byte in id.bytes().filter(|byte| *byte != b'-') {
        *places.next()? = byte;
    }
    let whole = places.next().is_none();
    let text = std::str::from_utf8(&digits).ok()?;
    u128::from_str_radix(text, 16).ok().filter(|_| whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_a_number_and_nothing_else_is() {
        let id = "019aa2f0-0000-7000-8000-0000000000ff";
        assert_eq!(
            person_of(id),
            Some(0x019a_a2f0_0000_7000_8000_0000_0000_00ff)
        );
        for bad in [
            "",
            "019aa2f0",
            "019aa2f0-0000-7000-8000-0000000000fg",
            "019aa2f0-0000-7000-8000-0000000000ff0",
        ] {
            assert_eq!(person_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn ln_31_statuses_and_clients_have_their_words() {
        for (status, outcome) in [
            (200, Outcome::Done),
            (303, Outcome::Done),
            (404, Outcome::Refused),
            (429, Outcome::Limited),
            (503, Outcome::Failed),
        ] {
            assert_eq!(Outcome::of(status), outcome);
        }
        for status in 100..600_u16 {
            let within = |one: &Outcome| {
                let (first, last, but) = one.statuses();
                let status = i64::from(status);
                (first..=last).contains(&status) && status != but
            };
            let found: Vec<Outcome> = Outcome::ALL.into_iter().filter(within).collect();
            assert_eq!(found, [Outcome::of(status)], "{status}");
        }
        assert_eq!(Channel::of("Mozilla/5.0 AlipayClient/10.5"), Channel::Mini);
        assert_eq!(Channel::of("Mozilla/5.0 (X11)"), Channel::H5);
        assert_eq!(Channel::of("curl/8"), Channel::Other);
    }
}
