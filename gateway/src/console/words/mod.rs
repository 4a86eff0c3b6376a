//! The console's words, Chinese and English: one table for each room, read by key. A test finds a key
//! that a page uses and no table has, and one that stands twice.

mod acts;
mod articles;
mod bans;
mod bills;
mod calls;
mod cases;
mod channels;
mod codes;
mod cooperations;
mod counts;
mod customers;
mod decisions;
mod events;
mod facts;
mod followers;
mod frame;
mod log;
mod offers;
mod openings;
mod points;
mod readings;
mod requests;
mod resources;
mod sent;
mod service_register;
mod sold;
mod statistics;
mod system;
mod tasks;
mod timeline;

use std::collections::HashMap;
use std::sync::OnceLock;

pub use codes::code;

/// A language of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    Zh,
    En,
}

impl Lang {
    /// As the `lang` of a page.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Zh, Self::En]
            .into_iter()
            .find(|lang| lang.as_str() == text)
    }
}

/// Key, Chinese, English.
pub(super) type Word = (&'static str, &'static str, &'static str);

/// Every room's table. A room adds its own file and names it here.
static TABLES: &[&[Word]] = &[
    acts::WORDS,
    articles::WORDS,
    bills::WORDS,
    bans::WORDS,
    calls::WORDS,
    cases::WORDS,
    offers::WORDS,
    decisions::WORDS,
    events::WORDS,
    facts::WORDS,
    followers::WORDS,
    channels::WORDS,
    cooperations::WORDS,
    counts::WORDS,
    customers::WORDS,
    frame::WORDS,
    log::WORDS,
    openings::WORDS,
    points::WORDS,
    readings::WORDS,
    requests::WORDS,
    resources::WORDS,
    statistics::WORDS,
    sent::WORDS,
    service_register::WORDS,
    sold::WORDS,
    system::WORDS,
    tasks::WORDS,
    timeline::WORDS,
];

fn table() -> &'static HashMap<&'static str, (&'static str, &'static str)> {
    static FOUND: OnceLock<HashMap<&'static str, (&'static str, &'static str)>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let words = TABLES.iter().flat_map(|table| table.iter());
        words.map(|(key, zh, en)| (*key, (*zh, *en))).collect()
    })
}

/// The words of a key, when there are any.
#[must_use]
pub fn known(lang: Lang, key: &str) -> Option<&'static str> {
    table().get(key).map(|(zh, en)| match lang {
        Lang::Zh => *zh,
        Lang::En => *en,
    })
}

/// The words of a key. One that nobody wrote is a fault that a test finds; a page shows a dash.
#[must_use]
pub fn say(lang: Lang, key: &str) -> &'static str {
    known(lang, key).unwrap_or("—")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else {
                found.push(path);
            }
        }
    }

    /// Every literal that looks like `room.word` right behind one of the ways to say it.
    fn asked() -> BTreeSet<String> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths = Vec::new();
        files(&here.join("templates/console"), &mut paths);
        files(&here.join("src/console"), &mut paths);
        let mut found = BTreeSet::new();
        for path in paths.iter().filter(|path| !path.ends_with("words/mod.rs")) {
            let text = std::fs::read_to_string(path).unwrap();
            for way in [
                ".t(\"",
                "word: \"",
                "Invalid(\"",
                "Refused(\"",
                "visitor, \"",
                "&who, \"",
                "=> \"fault.",
            ] {
                for part in text.split(way).skip(1) {
                    let key = part.split('"').next().unwrap();
                    let begins = if way.ends_with("fault.") {
                        "fault."
                    } else {
                        ""
                    };
                    if key.contains('.') || !begins.is_empty() {
                        found.insert(format!("{begins}{key}"));
                    }
                }
            }
        }
        assert!(
            found.len() > 20,
            "hardly any words are asked for: {found:?}"
        );
        found
    }

    /// Keys of what has a word for each of its kinds: cases, functions, systems.
    fn of_the_house(wanted: &mut BTreeSet<String>) {
        for kind in lifeline_core::cases::CaseKind::ALL {
            wanted.insert(format!("kind.{}", kind.as_str()));
        }
        for one in lifeline_core::cases::Queue::ALL {
            wanted.insert(format!("queue.{}", one.as_str()));
        }
        for one in lifeline_core::cases::decision::Resolution::ALL {
            wanted.insert(format!("resolution.{}", one.as_str()));
        }
        for one in lifeline_core::settlement::differing::Differing::ALL {
            wanted.insert(format!("what.{}", one.as_str()));
        }
        for one in lifeline_core::customers::functions::BankFunction::ALL {
            wanted.insert(format!("bank.{}", one.as_str()));
        }
        for one in lifeline_core::requests::request::Kind::ALL {
            wanted.insert(format!("request.kind.{}", one.as_str()));
        }
        for one in lifeline_core::requests::request::State::ALL {
            wanted.insert(format!("request.state.{}", one.as_str()));
        }
        for one in lifeline_core::requests::request::Ground::ALL {
            wanted.insert(format!("verdict.{}", one.as_str()));
        }
        for one in lifeline_core::requests::request::State::ALL {
            wanted.insert(format!("opening.state.{}", one.as_str()));
        }
        for one in lifeline_core::insight::function::FUNCTIONS {
            wanted.insert(format!("function.{}", one.name));
        }
        for one in lifeline_core::insight::Channel::ALL {
            wanted.insert(format!("channel.{}", one.as_str()));
        }
        for one in ["failed", "slow", "probe"] {
            wanted.insert(format!("circuit.{one}"));
        }
        for one in lifeline_core::jobs::nodes::Presence::ALL {
            wanted.insert(format!("node.{}", one.as_str()));
        }
    }

    /// The same of what happens in lines of time.
    fn of_the_lines(wanted: &mut BTreeSet<String>) {
        for one in lifeline_core::accounts::session::Ending::ALL {
            wanted.insert(format!("ended.{}", one.as_str()));
        }
        for one in lifeline_core::notices::Kind::ALL {
            wanted.insert(format!("told.{}", one.as_str()));
        }
        for one in lifeline_core::payments::table_p::State::ALL {
            wanted.insert(format!("stands.{}", one.as_str()));
        }
        for one in lifeline_core::payments::table_r::State::ALL {
            wanted.insert(format!("back.{}", one.as_str()));
        }
    }

    /// The same of a month of sold power.
    fn of_a_month(wanted: &mut BTreeSet<String>) {
        for one in lifeline_core::settlement::table_k::State::ALL {
            wanted.insert(format!("check_at.{}", one.as_str()));
        }
        for one in lifeline_core::settlement::table_t::State::ALL {
            wanted.insert(format!("payout_at.{}", one.as_str()));
        }
        for one in lifeline_core::settlement::trade_task::Hold::ALL {
            wanted.insert(format!("hold.{}", one.as_str()));
        }
    }

    /// The same of people, publications and requests.
    fn of_the_desk(wanted: &mut BTreeSet<String>) {
        for one in crate::listeners::service_register::Health::ALL {
            wanted.insert(format!("health.{}", one.as_str()));
        }
        for one in [
            "address",
            "network",
            "account",
            "address_function",
            "account_function",
            "home",
            "channel",
            "strikes",
        ] {
            wanted.insert(format!("limit.{one}"));
        }
        for one in crate::listeners::resources::WORDS {
            wanted.insert((*one).to_owned());
        }
        for one in lifeline_core::accounts::Terminal::ALL {
            wanted.insert(format!("terminal.{}", one.as_str()));
        }
        for one in lifeline_core::channels::Takes::ALL {
            wanted.insert(format!("takes.{}", one.as_str()));
        }
        for one in lifeline_core::accounts::Purpose::ALL {
            wanted.insert(format!("purpose.{}", one.as_str()));
        }
        for one in ["name", "id_no", "phone", "consumer_no"] {
            wanted.insert(format!("veiled.{one}"));
        }
        for one in lifeline_core::cases::four_eyes::ProposalState::ALL {
            wanted.insert(format!("proposal.{}", one.as_str()));
        }
        for one in lifeline_core::insight::timeline::Source::ALL {
            wanted.insert(format!("timeline.of_{}", one.as_str()));
        }
        for one in lifeline_core::publications::kind::Kind::ALL {
            wanted.insert(format!("article.kind.{}", one.as_str()));
            let form = crate::console::article_form::Form::default();
            for (name, _) in form.facts(one) {
                wanted.insert(format!("article.field.{name}"));
            }
        }
        for one in lifeline_core::publications::edition::State::ALL {
            wanted.insert(format!("article.state.{}", one.as_str()));
        }
        for one in ["holder", "authorised", "payer_only", "over"] {
            wanted.insert(format!("customer.role_{one}"));
        }
        for one in lifeline_core::operators::Role::ALL {
            wanted.insert(crate::console::frame::role_word(one).to_owned());
        }
        for one in lifeline_core::insight::Outcome::ALL {
            wanted.insert(format!("outcome.{}", one.as_str()));
        }
    }

    /// The same of what the program stands on, as its readiness names it.
    fn of_the_lights(wanted: &mut BTreeSet<String>) {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(here.join("../src/ready.rs")).unwrap();
        let checks = text.split("async fn resources").next().unwrap();
        let before = wanted.len();
        for way in ["name: \"", "\n            (\""] {
            for part in checks.split(way).skip(1) {
                wanted.insert(format!("light.{}", part.split('"').next().unwrap()));
            }
        }
        assert_eq!(wanted.len(), before + 8, "{wanted:?}");
        for one in ["store", "redis", "outside"] {
            wanted.insert(format!("light.{one}_fails"));
        }
        for one in ["ok", "panicked", "store"] {
            wanted.insert(format!("turned.{one}"));
        }
    }

    #[test]
    fn every_word_that_a_page_asks_for_is_there_in_both_languages_once() {
        let mut seen = BTreeSet::new();
        for (key, zh, en) in TABLES.iter().flat_map(|table| table.iter()) {
            assert!(seen.insert((*key).to_owned()), "{key} stands twice");
            assert!(!zh.is_empty() && !en.is_empty(), "{key}");
        }
        let mut wanted = asked();
        of_the_house(&mut wanted);
        of_the_desk(&mut wanted);
        of_the_lines(&mut wanted);
        of_a_month(&mut wanted);
        of_the_lights(&mut wanted);
        let missing: Vec<_> = wanted.difference(&seen).cloned().collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    /// Literals that begin like a key, and are none: a name of a log line, and how some keys begin.
    const NO_KEYS: [&str; 2] = ["points.not_recorded", "customer.role_"];

    #[test]
    fn ln_55_whatever_begins_like_a_key_is_one_wherever_it_stands() {
        let words = TABLES.iter().flat_map(|table| table.iter());
        let keys: BTreeSet<&str> = words.map(|(key, _, _)| *key).collect();
        let rooms: BTreeSet<&str> = keys
            .iter()
            .filter_map(|key| key.split('.').next())
            .collect();
        let table = crate::console::table();
        let acts: BTreeSet<&str> = table.iter().map(|page| page.act).collect();
        let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console");
        let (mut read, mut missing) = (0, Vec::new());
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for part in code.split('"') {
                let mut pieces = part.split('.');
                let room = pieces.next().unwrap();
                let shaped = part.contains('.')
                    && part
                        .split('.')
                        .all(|one| !one.is_empty() && one.chars().all(letter));
                if !shaped || !rooms.contains(room) {
                    continue;
                }
                read += 1;
                if !keys.contains(part) && !acts.contains(part) && !NO_KEYS.contains(&part) {
                    missing.push(format!("{}: {part}", path.display()));
                }
            }
        }
        assert!(read > 200, "hardly any literal is read: {read}");
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn ln_55_each_language_speaks_its_own_and_neither_is_left_out() {
        let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        for (key, zh, en) in TABLES.iter().flat_map(|table| table.iter()) {
            // The button that leads to the other language speaks that one.
            let other = *key == "frame.language";
            assert_eq!(chinese(zh), !other, "{key}: {zh}");
            assert_eq!(chinese(en), other, "{key}: {en}");
        }
    }
}
