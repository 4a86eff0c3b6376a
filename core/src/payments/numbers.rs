//! External numbers and the names of facts (money.md G1, G3).
//!
//! A fact names its effect in the ledger; four carriers may tell it, one entry books it.

/// `{out_trade_no}_{line}_{n}`: at most 32 characters for 24 + up to 2 + 1 digits.
#[must_use]
pub fn channel_txn_no(out_trade_no: &str, line_no: i64, attempt: i64) -> String {
    format!("{out_trade_no}_{line_no}_{attempt}")
}

/// One reversal per posting number.
#[must_use]
pub fn reversal_no(channel_txn_no: &str) -> String {
    format!("{channel_txn_no}_v")
}

/// One refund voucher per posting number and claim: a refused one is answered by its refusal for ever,
/// so the next claim asks under a number of its own. After 35 refusals the last number stays.
#[must_use]
pub fn voucher_no(channel_txn_no: &str, refusals: i64) -> String {
    let round = u32::try_from(refusals.clamp(0, 35)).unwrap_or(0);
    match char::from_digit(round, 36).filter(|_| round > 0) {
        Some(digit) => format!("{channel_txn_no}_f{digit}"),
        None => format!("{channel_txn_no}_f"),
    }
}

/// The channel took the money.
#[must_use]
pub fn paid_fact(out_trade_no: &str) -> String {
    format!("paid:{out_trade_no}")
}

/// Suspense money was given names (a8).
#[must_use]
pub fn named_fact(out_trade_no: &str) -> String {
    format!("named:{out_trade_no}")
}

/// Marketing credited the line.
#[must_use]
pub fn posted_fact(channel_txn_no: &str) -> String {
    format!("posted:{channel_txn_no}")
}

/// Marketing let the line go, by reversal or refund voucher.
#[must_use]
pub fn reversed_fact(number: &str) -> String {
    format!("reversed:{number}")
}

/// A line's money is owed to the payer under this refund.
#[must_use]
pub fn due_fact(out_request_no: &str) -> String {
    format!("due:{out_request_no}")
}

/// A planned refund was withdrawn.
#[must_use]
pub fn withdrawn_fact(out_request_no: &str) -> String {
    format!("withdrawn:{out_request_no}")
}

/// The channel gave the money back.
#[must_use]
pub fn refund_fact(out_request_no: &str) -> String {
    format!("refund:{out_request_no}")
}

/// Refunds that are not ours reached this cumulative sum.
#[must_use]
pub fn foreign_fact(out_trade_no: &str, cumulative_fen: i64) -> String {
    format!("foreign:{out_trade_no}:{cumulative_fen}")
}

/// A part of a line was set against a foreign refund. `round` counts the line's tries, so that a
/// part which was taken up again can be set against one once more.
#[must_use]
pub fn covered_fact(channel_txn_no: &str, used_fen: i64, round: usize) -> String {
    format!("covered:{channel_txn_no}:{used_fen}:{round}")
}

/// The refund of a line's rest was withdrawn, so its covered part is open again.
#[must_use]
pub fn uncovered_fact(out_request_no: &str) -> String {
    format!("uncovered:{out_request_no}")
}

/// The characters epochs are told apart by, in their order.
const EPOCHS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The highest epoch a number can carry.
pub const EPOCH_MAX: i64 = 61;

/// What external numbers begin with: the environment and the restore epoch, so that a number sent
/// after a restore never meets one sent before it (money.md G3, 2.9).
#[must_use]
pub fn prefix(environment: char, epoch: i64) -> Option<String> {
    let at = usize::try_from(epoch).ok()?;
    let letter = EPOCHS.get(at)?;
    Some(format!("{environment}{}", char::from(*letter)))
}

/// Whether a text is spelled as our external numbers are: a prefix and 22 characters of chance. One time in
/// 10^17 these are digits alone; numbers that another seller made of a date and a count are.
fn is_spelled(number: &str) -> bool {
    let whole = number.len() == 24 && number.bytes().all(|byte| byte.is_ascii_alphanumeric());
    whole && !number.bytes().skip(2).all(|byte| byte.is_ascii_digit())
}

/// The epoch that an external number of this environment carries; `None` when it is none.
#[must_use]
pub fn epoch_of(number: &str, environment: char) -> Option<i64> {
    let rest = number.strip_prefix(environment)?;
    let letter = rest.bytes().next().filter(|_| is_spelled(number))?;
    let at = EPOCHS.iter().position(|epoch| *epoch == letter)?;
    i64::try_from(at).ok()
}

/// A number of this installation from before a restore: the same environment, an epoch that is over.
/// Epochs rise in the order of their characters.
#[must_use]
pub fn is_of_earlier_epoch(number: &str, prefix: &str) -> bool {
    let (mut theirs, mut ours) = (number.bytes(), prefix.bytes());
    let environment = theirs.next();
    let same = environment.is_some() && environment == ours.next();
    let earlier = match (theirs.next(), ours.next()) {
        (Some(theirs), Some(ours)) => theirs < ours,
        _short => false,
    };
    same && earlier && is_spelled(number)
}

/// The order's number in one that was made of it (a posting's, a reversal's, a voucher's), or the number itself.
/// `None` where the text is no such number. Its letters are told apart by their case.
#[must_use]
pub fn order_in(text: &str) -> Option<&str> {
    let (order, line) = text.split_once('_').unwrap_or((text, "0"));
    let of_line = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let whole = order.len() == 24 && text.len() <= 32;
    let spelled = order.bytes().all(|b| b.is_ascii_alphanumeric()) && line.bytes().all(of_line);
    (whole && spelled).then_some(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_told_by_every_number_made_of_it() {
        let order = "t0ABCDEFGHIJKLMNopqrstuv";
        let line = channel_txn_no(order, 99, 6);
        for number in [order, &line, &reversal_no(&line), &voucher_no(&line, 9)] {
            assert_eq!(order_in(number), Some(order), "{number}");
        }
        let long = format!("{order}_1_{}", "2".repeat(6));
        for odd in ["", "t0", "_", &order[1..], &format!("{order}x"), &long] {
            assert_eq!(order_in(odd), None, "{odd}");
        }
        assert_eq!(order_in(&format!("{order}_1 2")), None);
        assert_eq!(order_in(&order.replace('A', "-")), None);
    }

    #[test]
    fn numbers_of_earlier_epochs_are_told_from_others() {
        let of = |number: &str, prefix| is_of_earlier_epoch(number, prefix);
        let rest = "ABCDEFGHIJKLMNOPQRSTUV";
        assert!(of(&format!("L0{rest}"), "L1") && of(&format!("L9{rest}"), "LA"));
        assert!(of(&format!("LZ{rest}"), "La"));
        assert!(!of(&format!("L1{rest}"), "L1"), "its own epoch");
        assert!(!of(&format!("L2{rest}"), "L1"), "an epoch that never was");
        assert!(!of(&format!("t0{rest}"), "L1"), "another installation");
        assert!(!of("L0ABC", "L1") && !of("", "L1") && !of(&format!("L0{rest}X"), "L1"));
        assert!(!of("L0ABCDEFGHIJKLMNOPQRSTU_", "L1"));
        assert!(!of("L02026112200001234567890", "L1"), "a date and a count");
        assert!(of("L0202611220000123456789a", "L1"));
    }

    #[test]
    fn a_number_tells_its_epoch() {
        let rest = "ABCDEFGHIJKLMNOPQRSTUV";
        for epoch in 0..=EPOCH_MAX {
            let number = format!("{}{rest}", prefix('L', epoch).unwrap());
            assert_eq!(epoch_of(&number, 'L'), Some(epoch));
            assert_eq!(epoch_of(&number, 't'), None, "another installation");
        }
        for other in ["", "L", "L0ABC", "SHOP-1", "L0ABCDEFGHIJKLMNOPQRSTU_"] {
            assert_eq!(epoch_of(other, 'L'), None, "{other}");
        }
        assert_eq!(epoch_of(&format!("L0{rest}X"), 'L'), None);
        assert_eq!(epoch_of("L22026112200001234567890", 'L'), None);
        assert_eq!(epoch_of("L2202611220000123456789a", 'L'), Some(2));
    }

    #[test]
    fn the_longest_number_fits_32_characters() {
        let order = "t0ABCDEFGHIJKLMNOPQRSTUV";
        assert_eq!(order.len(), 24);
        let line = channel_txn_no(order, 99, 6);
        assert!(
            reversal_no(&line).len() <= 32 && voucher_no(&line, 99).len() <= 32,
            "{line}"
        );
        let shape = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        assert!(shape(&line) && shape(&reversal_no(&line)));
    }
}
