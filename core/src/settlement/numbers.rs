//! The numbers of payouts: the nth of an account's month is the same for ever, whoever makes it. A store that was put back
//! can name what it does not remember, and ask for it before it pays (money.md 2.9).

use super::ids::GenerationAccountId;
use crate::shared::draw::number_by_cause;
use crate::shared::period::Period;

/// The nth number under which a month is paid, counted from one.
#[must_use]
pub fn payout_no(prefix: &str, account: &GenerationAccountId, period: &Period, nth: i64) -> String {
    number_by_cause(prefix, "payout", &format!("{account}:{period}:{nth}"))
}

/// What numbers began with before each restore, the latest first: the same environment, an epoch that is over.
#[must_use]
pub fn earlier_prefixes(prefix: &str) -> Vec<String> {
    let mut letters = prefix.chars();
    let (Some(environment), Some(epoch)) = (letters.next(), letters.next()) else {
        return Vec::new();
    };
    let over = ('0'..epoch).filter(char::is_ascii_alphanumeric).rev();
    over.map(|epoch| format!("{environment}{epoch}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m2_09_a_number_follows_from_its_month_and_no_two_are_one() {
        let account =
            |n| GenerationAccountId::parse(&format!("019aa2f0-0000-7000-8000-00000000000{n}"));
        let month = |text| Period::parse(text).unwrap();
        let of =
            |prefix, n: u8, text, nth| payout_no(prefix, &account(n).unwrap(), &month(text), nth);
        let first = of("L0", 1, "2026-10", 1);
        assert_eq!(first, of("L0", 1, "2026-10", 1));
        assert_eq!(first.len(), 24);
        assert!(first.starts_with("L0") && first.bytes().all(|b| b.is_ascii_alphanumeric()));
        for other in [
            of("L1", 1, "2026-10", 1),
            of("L0", 2, "2026-10", 1),
            of("L0", 1, "2026-11", 1),
            of("L0", 1, "2026-10", 2),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn m2_09_each_epoch_that_is_over_has_its_prefix() {
        assert!(earlier_prefixes("L0").is_empty() && earlier_prefixes("").is_empty());
        assert_eq!(earlier_prefixes("L2"), ["L1", "L0"]);
        let letters = earlier_prefixes("LB");
        assert_eq!(letters.len(), 11);
        assert_eq!(letters.first().map(String::as_str), Some("LA"));
    }
}
