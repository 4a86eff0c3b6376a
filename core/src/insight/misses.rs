//! Searches that found nothing: what people look for and is not there. Words that fewer than five searches of a day used,
//! or that may name somebody, are never written.

use std::collections::BTreeMap;

use super::people::TOLD_FROM;

/// Characters of what is kept of a question.
const WORDS_MAX: usize = 20;
/// More digits than this may be somebody's number.
const DIGITS_MAX: usize = 3;
/// Different questions of a day that are held in memory; more are left out.
pub const HELD_MAX: usize = 5_000;

/// The words of a question as they are counted: half-width blanks, lower case. `None` for one that is long, empty, or may
/// hold a number or an address.
#[must_use]
pub fn words(question: &str) -> Option<String> {
    let words: Vec<&str> = question.split_whitespace().collect();
    let words = words.join(" ").to_lowercase();
    let digits = words.chars().filter(|c| c.is_numeric()).count();
    let plain = words.chars().all(|c| c.is_alphanumeric() || c == ' ');
    let fits = (1..=WORDS_MAX).contains(&words.chars().count());
    (fits && plain && digits <= DIGITS_MAX).then_some(words)
}

/// Searches of a day in some words that found nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    pub day: i64,
    pub words: String,
    pub n: i64,
}

/// What one process counted today.
#[derive(Debug, Default)]
pub struct Misses {
    day: i64,
    /// How often, and how much of it was handed on.
    seen: BTreeMap<String, (i64, i64)>,
}

impl Misses {
    /// Adds what was noted. A new day begins with nothing.
    pub fn note(&mut self, day: i64, noted: BTreeMap<String, i64>) {
        if day != self.day {
            self.day = day;
            self.seen.clear();
        }
        for (words, n) in noted {
            if self.seen.len() < HELD_MAX || self.seen.contains_key(&words) {
                let (seen, _) = self.seen.entry(words).or_insert((0, 0));
                *seen = seen.saturating_add(n);
            }
        }
    }

    /// What is to be written now: words that were used often enough, by how much more than before.
    pub fn take(&mut self) -> Vec<Missed> {
        let mut due = Vec::new();
        for (words, (seen, handed)) in &mut self.seen {
            if *seen >= TOLD_FROM && seen > handed {
                due.push(Missed {
                    day: self.day,
                    words: words.clone(),
                    n: seen.saturating_sub(*handed),
                });
                *handed = *seen;
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(words: &str, n: i64) -> BTreeMap<String, i64> {
        BTreeMap::from([(words.to_owned(), n)])
    }

    #[test]
    fn ln_33_words_that_may_name_somebody_are_not_counted() {
        assert_eq!(words("  充电桩　报装 "), Some("充电桩 报装".to_owned()));
        assert_eq!(words("EV 充电"), Some("ev 充电".to_owned()));
        assert_eq!(words("峰谷 2026"), None, "four digits");
        assert_eq!(words("峰谷 123"), Some("峰谷 123".to_owned()));
        for bad in ["", " ", "13800000001", "a@b", "１２３４", "<b>"] {
            assert_eq!(words(bad), None, "{bad}");
        }
        assert!(words(&"电".repeat(20)).is_some() && words(&"电".repeat(21)).is_none());
    }

    #[test]
    fn ln_33_fewer_than_five_are_never_handed_on() {
        let mut misses = Misses::default();
        misses.note(1, noted("充电", 4));
        assert!(misses.take().is_empty());
        misses.note(1, noted("充电", 1));
        let due = |n| Missed {
            day: 1,
            words: "充电".to_owned(),
            n,
        };
        assert_eq!(misses.take(), [due(5)]);
        assert!(misses.take().is_empty(), "once");
        misses.note(1, noted("充电", 2));
        assert_eq!(misses.take(), [due(2)]);
        misses.note(2, noted("充电", 4));
        assert!(misses.take().is_empty(), "a new day");
    }

    #[test]
    fn ln_33_memory_is_bounded() {
        let mut misses = Misses::default();
        for n in 0..=HELD_MAX {
            misses.note(1, noted(&n.to_string(), 5));
        }
        assert_eq!(misses.take().len(), HELD_MAX);
    }
}
