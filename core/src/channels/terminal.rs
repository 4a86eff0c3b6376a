//! What is asked of a kind of terminal (EC-14): a row each, set by staff, held at the entrance.

use crate::accounts::Terminal;
use crate::insight::{Channel, Function};
use crate::shared::time::Time;

/// What may be done at a kind of terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Everything,
    /// Reading, signing in and signing out.
    Reads,
    Nothing,
}

impl Takes {
    pub const ALL: [Self; 3] = [Self::Everything, Self::Reads, Self::Nothing];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::Reads => "reads",
            Self::Nothing => "nothing",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|takes| takes.as_str() == text)
    }
}

/// A kind of terminal as it is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalRow {
    pub terminal: Terminal,
    /// The channel people come through who use it.
    pub channel: Channel,
    pub takes: Takes,
    /// Every order needs a step-up, whatever its sum.
    pub confirms: bool,
    /// How many requests a minute all of its kind may make on one node.
    pub per_minute: Option<i64>,
    pub changed_at: Time,
}

/// Ends the session that asks: open wherever somebody is signed in.
const SIGN_OUT: (&str, &str) = ("DELETE", "/v1/sessions/current");

impl TerminalRow {
    /// Whether it asks nothing beyond what is asked of everybody.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        self.takes == Takes::Everything && !self.confirms && self.per_minute.is_none()
    }

    /// Whether a request of a route may be made there.
    #[must_use]
    pub fn lets(&self, method: &str, route: &str) -> bool {
        match self.takes {
            Takes::Everything => true,
            Takes::Nothing => (method, route) == SIGN_OUT,
            Takes::Reads => {
                let signs_in = Function::of(method, route).name == "sign_in";
                matches!(method, "GET" | "HEAD") || signs_in || (method, route) == SIGN_OUT
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(takes: Takes) -> TerminalRow {
        TerminalRow {
            terminal: Terminal::Computer,
            channel: Channel::H5,
            takes,
            confirms: false,
            per_minute: None,
            changed_at: Time::default(),
        }
    }

    #[test]
    fn ec_14_a_terminal_takes_what_its_row_says() {
        let asked = [
            ("GET", "/v1/bindings"),
            ("POST", "/v1/sessions"),
            ("DELETE", "/v1/sessions/current"),
            ("POST", "/v1/payments"),
            ("DELETE", "/v1/bindings/{binding_id}"),
        ];
        for (takes, lets) in [
            (Takes::Everything, [true, true, true, true, true]),
            (Takes::Reads, [true, true, true, false, false]),
            (Takes::Nothing, [false, false, true, false, false]),
        ] {
            let row = row(takes);
            let found = asked.map(|(method, route)| row.lets(method, route));
            assert_eq!(found, lets, "{takes:?}");
        }
    }

    #[test]
    fn ec_14_what_asks_nothing_is_usual() {
        assert!(row(Takes::Everything).is_usual());
        assert!(!row(Takes::Reads).is_usual());
        let confirms = TerminalRow {
            confirms: true,
            ..row(Takes::Everything)
        };
        let few = TerminalRow {
            per_minute: Some(1),
            ..row(Takes::Everything)
        };
        assert!(!confirms.is_usual() && !few.is_usual());
    }
}
