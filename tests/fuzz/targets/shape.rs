//! What passes from the outer network inward (EC-26, EC-27): whatever bytes come, only what is of the
//! shape passes. The oracle reads characters by itself and shares no code with the edge.

use lifeline_gateway::edge::body::read;
use lifeline_gateway::edge::shape::head::{path, query};
use serde_json::Value;

/// Inside and outside of strings, character by character.
#[derive(Default)]
struct Seen {
    depth: usize,
    deepest: usize,
    colons: usize,
    commas: usize,
    raw_controls: usize,
}

fn seen(text: &str) -> Seen {
    let mut seen = Seen::default();
    let (mut inside, mut escaped) = (false, false);
    for c in text.chars() {
        match (inside, escaped, c) {
            (true, true, _) => escaped = false,
            (true, false, '\\') => escaped = true,
            (_, false, '"') => inside = !inside,
            (true, false, c) if u32::from(c) < 0x20 || c == '\u{7f}' || c == '\u{202e}' => {
                seen.raw_controls += 1;
            }
            (false, _, '{' | '[') => {
                seen.depth += 1;
                seen.deepest = seen.deepest.max(seen.depth);
            }
            (false, _, '}' | ']') => seen.depth = seen.depth.saturating_sub(1),
            (false, _, ':') => seen.colons += 1,
            (false, _, ',') => seen.commas += 1,
            _ => {}
        }
    }
    seen
}

fn members(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields.len() + fields.values().map(members).sum::<usize>(),
        Value::Array(items) => items.iter().map(members).sum(),
        _ => 0,
    }
}

/// No name could be an operator, a path or a clause; no text has a character that hides.
fn plain(value: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let word = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_');
                assert!(
                    !name.is_empty() && name.len() <= 64 && name.chars().all(word),
                    "a name"
                );
                plain(value);
            }
        }
        Value::Array(items) => items.iter().for_each(plain),
        Value::String(text) => {
            let hidden = |c: char| {
                let n = u32::from(c);
                (n < 0x20 && n != 0x0a && n != 0x09)
                    || (0x7f..=0x9f).contains(&n)
                    || (0x202a..=0x202e).contains(&n)
                    || (0x2066..=0x2069).contains(&n)
                    || n == 0xfeff
            };
            assert!(!text.chars().any(hidden), "a hidden character");
        }
        _ => {}
    }
}

pub(super) fn body(data: &[u8]) {
    let Ok(passed) = read::<Value>(data) else {
        return;
    };
    let text = std::str::from_utf8(data).expect("what passes is UTF-8");
    assert!(data.len() <= 16 * 1024, "what passes is small");
    let seen = seen(text);
    assert!(seen.deepest <= 8, "deeper than eight");
    assert!(seen.colons + seen.commas <= 2 * 256 + 8, "too many parts");
    assert_eq!(seen.raw_controls, 0, "a bare control character");
    // A name that was said twice would be one member where two were written.
    assert_eq!(seen.colons, members(&passed.value), "a name said twice");
    plain(&passed.value);
}

pub(super) fn body_seeds() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"binding_id":"019aa2f0-0000-7000-8000-000000000009","purpose":"arrears","amount_fen":12345}"#,
        r#"{"match_tokens":["a","b"],"proof":{"kind":"id_last6","value":"150026"}}"#,
        r#"{"text":"1' OR '1'='1; --","kind":"feedback"}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"a":{"$ne":null}}"#,
        r#"{"a":"\u202e\u0000"}"#,
        r#"{"a":[[[[[[[1]]]]]]]}"#,
        r#"{"a":[[[[[[[[1]]]]]]]]}"#,
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

pub(super) fn head(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (before, after) = text.split_once('?').unwrap_or((text, ""));
    if path(before).is_ok() {
        assert!(before.starts_with('/') && before.len() <= 512);
        assert!(!before.contains("//") && !before.contains("/../") && !before.ends_with("/.."));
        let stranger = |c: char| !(c.is_ascii_alphanumeric() || "/-._~".contains(c));
        assert!(!before.contains(stranger), "a stranger in a path");
    }
    if query(after).is_ok() && !after.is_empty() {
        assert!(after.len() <= 2_048);
        let names: Vec<&str> = after
            .split('&')
            .map(|pair| pair.split('=').next().unwrap_or(""))
            .collect();
        for (at, name) in names.iter().enumerate() {
            let word = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_');
            assert!(
                !name.is_empty() && name.chars().all(word),
                "a name of a query"
            );
            assert!(!names[..at].contains(name), "a name said twice");
        }
        let lower = after.to_ascii_lowercase();
        for hidden in ["%00", "%0a", "%0d", "%1b", "%7f", "%e2%80%ae"] {
            assert!(!lower.contains(hidden), "{hidden}");
        }
    }
}

pub(super) fn head_seeds() -> Vec<Vec<u8>> {
    let texts = [
        "/v1/bindings?limit=20&cursor=abc",
        "/v1/articles?q=%E5%81%9C%E7%94%B5&kind=tariff",
        "/v1/../etc?q=%00",
        "/v1/a%2fb?filter[x]=1&limit=1&limit=2",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
