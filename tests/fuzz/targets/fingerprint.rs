//! The fingerprint of a keyed request: the same for the same body however it is written, another for
//! any other body.

use lifeline_gateway::edge::Fingerprint;
use lifeline_gateway::edge::body::{Checked, JSON_BODY_BYTES_MAX, read};
use serde_json::{Map, Value};

pub(super) fn of(data: &[u8]) {
    let Ok(body) = read::<Value>(data) else {
        return;
    };
    let Checked { fields, .. } = body;
    assert!(data.len() <= JSON_BODY_BYTES_MAX);
    let Ok(print) = Fingerprint::of(&fields) else {
        // A number that has no one way to be written cannot be compared.
        assert!(has_loose_number(&Value::Object(fields)));
        return;
    };
    let again = |text: String| {
        let body = read::<Value>(text.as_bytes()).map(|body| body.fields);
        body.ok().and_then(|fields| Fingerprint::of(&fields).ok())
    };
    let spaced = serde_json::to_string_pretty(&fields).unwrap_or_default();
    if spaced.len() <= JSON_BODY_BYTES_MAX {
        assert_eq!(again(spaced).as_ref(), Some(&print), "blanks count");
    }
    let turned = turned_around(&fields);
    if turned.len() <= JSON_BODY_BYTES_MAX {
        assert_eq!(
            again(turned).as_ref(),
            Some(&print),
            "the order of fields counts"
        );
    }
    names_what_differs(&fields, &print);
}

/// The same object with its fields in the opposite order.
fn turned_around(fields: &Map<String, Value>) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .rev()
        .map(|(name, value)| format!("{}:{value}", Value::String(name.clone())))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

/// Each field's digest changes with that field and with no other.
fn names_what_differs(fields: &Map<String, Value>, print: &Fingerprint) {
    let digests = |print: &Fingerprint| -> Map<String, Value> {
        serde_json::from_str(&print.fields).expect("an object of digests")
    };
    let known = digests(print);
    assert!(known.keys().eq(fields.keys()), "a digest per field");
    for name in fields.keys().take(4) {
        let mut other = fields.clone();
        let value = other.get_mut(name).expect("the field");
        *value = Value::Array(vec![value.take()]);
        let Ok(changed) = Fingerprint::of(&other) else {
            continue;
        };
        assert_ne!(
            changed.whole, print.whole,
            "another body, the same fingerprint"
        );
        let differing: Vec<String> = digests(&changed)
            .into_iter()
            .filter(|(name, digest)| known.get(name) != Some(digest))
            .map(|(name, _)| name)
            .collect();
        assert_eq!(
            differing,
            std::slice::from_ref(name),
            "another field is named"
        );
    }
}

/// A fraction, or an integer that a double cannot hold.
fn has_loose_number(value: &Value) -> bool {
    const SAFE: u64 = 9_007_199_254_740_991;
    match value {
        Value::Number(number) => {
            let whole = number.as_i64().map(i64::unsigned_abs).or(number.as_u64());
            whole.is_none_or(|whole| whole > SAFE)
        }
        Value::Array(items) => items.iter().any(has_loose_number),
        Value::Object(fields) => fields.values().any(has_loose_number),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"binding_id":"019aa2f0-0000-7000-8000-000000000001","purpose":"arrears","amount_fen":12840,"arrears_version":"v7","via":"mini"}"#,
        r#"{"amount_fen":9007199254740991,"purpose":"top_up","note":"电费\u0000\"\\"}"#,
        r#"{"a":{"b":[1,-2,null,true,""],"\u00e9":"\ud83d\ude00"},"":{}}"#,
        r#"{"a":1.5,"b":1e3,"c":-0}"#,
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
