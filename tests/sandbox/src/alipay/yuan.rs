//! Yuan texts and fen: Alipay writes sums as decimal text, the sandbox counts in fen.

use serde_json::Value;

/// 100 000 000.00 yuan, the largest sum one trade may have.
const FEN_MAX: i64 = 10_000_000_000;

/// Fen of a JSON sum: a string or a number, at most two decimals, 0.01 to 100000000. No arithmetic
/// on floats: a number is read by its text.
pub(super) fn fen_of(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => parse(text),
        Value::Number(number) => parse(&number.to_string()),
        _ => None,
    }
}

fn parse(text: &str) -> Option<i64> {
    let (whole, cents) = match text.split_once('.') {
        Some((whole, cents)) => (whole, cents),
        None => (text, "0"),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let sane = (1..=9).contains(&whole.len()) && (1..=2).contains(&cents.len());
    if !sane || !digits(whole) || !digits(cents) {
        return None;
    }
    let yuan: i64 = whole.parse().ok()?;
    let mut fen: i64 = cents.parse().ok()?;
    if cents.len() == 1 {
        fen *= 10;
    }
    let total = yuan * 100 + fen;
    (1..=FEN_MAX).contains(&total).then_some(total)
}

/// `1234` -> `12.34`.
pub(super) fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    format!("{sign}{}.{:02}", fen / 100, fen % 100)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_alipay_accepts() {
        for (given, fen) in [
            (json!("0.01"), 1),
            (json!("12.3"), 1230),
            (json!("88.88"), 8888),
            (json!(12.34), 1234),
            (json!(7), 700),
            (json!("100000000"), 10_000_000_000_i64),
        ] {
            assert_eq!(fen_of(&given), Some(fen), "{given}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for given in [
            json!("0"),
            json!("0.00"),
            json!("-1.00"),
            json!("1.001"),
            json!("1,00"),
            json!(" 1.00"),
            json!("1e2"),
            json!(".5"),
            json!("5."),
            json!("100000000.01"),
            json!("9999999999"),
            json!("１.00"),
            json!(null),
            json!(true),
        ] {
            assert_eq!(fen_of(&given), None, "{given}");
        }
    }

    proptest! {
        #[test]
        fn a_written_sum_reads_back(fen in 1_i64..=FEN_MAX) {
            prop_assert_eq!(parse(&yuan(fen)), Some(fen));
        }
    }
}
