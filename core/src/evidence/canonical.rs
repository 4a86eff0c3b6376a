//! RFC 8785 (JSON Canonicalization Scheme) for values whose numbers are integers.

use std::fmt::Write as _;

use serde_json::Value;

use super::NotCanonical;

/// Integers beyond this are not exact in every JSON reader (RFC 8785 section 3.2.2.3).
const SAFE_INTEGER_MAX: u64 = 9_007_199_254_740_991;

/// Renders a value: sorted keys (by UTF-16 units), no blanks, minimal escapes, safe integers only.
pub fn render(value: &Value) -> Result<String, NotCanonical> {
    let mut out = String::new();
    write_value(&mut out, value)?;
    Ok(out)
}

fn write_value(out: &mut String, value: &Value) -> Result<(), NotCanonical> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => {
            let safe = number
                .as_i64()
                .is_some_and(|n| n.unsigned_abs() <= SAFE_INTEGER_MAX);
            if !safe {
                return Err(NotCanonical);
            }
            out.push_str(&number.to_string());
        }
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(out, item)?;
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (at, name) in names.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_text(out, name);
                out.push(':');
                write_value(out, fields.get(name).unwrap_or(&Value::Null))?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if u32::from(control) < 0x20 => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_sort_by_utf16_units_as_in_rfc_8785() {
        // The key order of the RFC's own example (section 3.2.3).
        let value = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
        let text = render(&value).unwrap();
        let order: Vec<usize> = ["2", "4", "6", "7", "1", "5", "3"]
            .iter()
            .map(|n| text.find(&format!(":{n}")).unwrap())
            .collect();
        assert!(order.windows(2).all(|w| w[0] < w[1]), "{text}");
    }

    #[test]
    fn escapes_are_minimal_and_numbers_exact() {
        assert_eq!(
            render(&json!({"a": "\u{7}\"\\/\n"})).unwrap(),
            "{\"a\":\"\\u0007\\\"\\\\/\\n\"}"
        );
        assert_eq!(
            render(&json!([1, -2, null, true])).unwrap(),
            "[1,-2,null,true]"
        );
        assert_eq!(render(&json!(1.5)), Err(NotCanonical));
        assert_eq!(render(&json!(9_007_199_254_740_992_u64)), Err(NotCanonical));
    }
}
