//! The kind of terminal a person signed in at (EC-14). A client's name for itself is only its word: it is taken
//! when the owner signs in, and stays with the session. Whoever comes with a stolen token later cannot make the
//! computer of a library a phone.

use super::session::{Client, FAMILY_LIFE_S};

/// What people hold or sit at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Terminal {
    /// The Alipay mini-program.
    Mini,
    /// A browser on a phone.
    Phone,
    /// A browser on a computer.
    Computer,
    /// A terminal of the utility's in a service hall, which many people use.
    Desk,
    /// None of these.
    Program,
}

/// How a service hall's terminal calls itself, beside its browser's name.
const DESK: &str = "LifelineDesk";
/// Of these each phone's browser says one.
const PHONES: [&str; 4] = ["Mobile", "Android", "iPhone", "HarmonyOS"];
/// A person walks away from a service hall's terminal: nobody stays signed in there for long.
pub const DESK_LIFE_S: i64 = 15 * 60;

impl Terminal {
    pub const ALL: [Self; 5] = [
        Self::Mini,
        Self::Phone,
        Self::Computer,
        Self::Desk,
        Self::Program,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mini => "mini",
            Self::Phone => "phone",
            Self::Computer => "computer",
            Self::Desk => "desk",
            Self::Program => "program",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// By what the client calls itself.
    #[must_use]
    pub fn said_by(agent: &str) -> Self {
        if agent.contains(DESK) {
            Self::Desk
        } else if agent.contains("AlipayClient") || agent.contains("MiniProgram") {
            Self::Mini
        } else if !agent.starts_with("Mozilla/") {
            Self::Program
        } else if PHONES.iter().any(|word| agent.contains(word)) {
            Self::Phone
        } else {
            Self::Computer
        }
    }

    /// Of a session that begins. By which door it came is known; a browser inside Alipay is a phone's.
    #[must_use]
    pub fn of(client: Client, agent: &str) -> Self {
        match (client, Self::said_by(agent)) {
            (Client::Mini, _) => Self::Mini,
            (Client::H5, Self::Mini) => Self::Phone,
            (Client::H5, said) => said,
        }
    }

    /// How long a session that begins here may last at the longest.
    #[must_use]
    pub const fn session_life_s(self) -> i64 {
        match self {
            Self::Desk => DESK_LIFE_S,
            Self::Mini | Self::Phone | Self::Computer | Self::Program => FAMILY_LIFE_S,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ec_14_a_kind_of_terminal_is_known_by_its_name_and_its_door() {
        for (agent, said) in [
            (
                "Mozilla/5.0 (iPhone) AlipayClient/10.5 MiniProgram",
                Terminal::Mini,
            ),
            (
                "Mozilla/5.0 (Linux; Android 14) Chrome/130 Mobile Safari/537",
                Terminal::Phone,
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) Chrome/130",
                Terminal::Computer,
            ),
            (
                "Mozilla/5.0 (X11; Linux) Chrome/130 LifelineDesk/1",
                Terminal::Desk,
            ),
            ("curl/8", Terminal::Program),
            ("", Terminal::Program),
        ] {
            assert_eq!(Terminal::said_by(agent), said, "{agent}");
        }
        for agent in ["", "Mozilla/5.0 (Windows NT 10.0)", "LifelineDesk"] {
            assert_eq!(Terminal::of(Client::Mini, agent), Terminal::Mini);
        }
        let inside = "Mozilla/5.0 (iPhone) AlipayClient/10.5";
        assert_eq!(Terminal::of(Client::H5, inside), Terminal::Phone);
        assert_eq!(Terminal::of(Client::H5, "curl/8"), Terminal::Program);
    }

    #[test]
    fn ec_14_nobody_stays_signed_in_at_a_service_hall() {
        for kind in Terminal::ALL {
            let short = kind == Terminal::Desk;
            assert_eq!(kind.session_life_s() < 3_600, short, "{kind:?}");
            assert_eq!(Terminal::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Terminal::parse("fax"), None);
    }
}
