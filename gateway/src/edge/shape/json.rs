//! A JSON body against the table, in one pass that keeps nothing but the names of open objects.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{
    JSON_BYTES, JSON_DEPTH, JSON_NAMES, JSON_ONCE, JSON_PARTS, JSON_TEXT, Rule, is_name, may_stand,
};

/// Why a body does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// Not JSON at all.
    Unreadable,
    Breaks(Rule),
}

/// Holds a body against the table.
pub fn check(text: &str) -> Result<(), Unfit> {
    if text.len() > JSON_BYTES.most {
        return Err(Unfit::Breaks(JSON_BYTES));
    }
    let mut walk = Walk {
        parts: 0,
        broken: None,
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = At {
        walk: &mut walk,
        depth: 1,
    }
    .deserialize(&mut reader)
    .and_then(|()| reader.end());
    match (walk.broken, read) {
        (Some(rule), _) => Err(Unfit::Breaks(rule)),
        (None, Err(_)) => Err(Unfit::Unreadable),
        (None, Ok(())) => Ok(()),
    }
}

struct Walk {
    parts: usize,
    broken: Option<Rule>,
}

impl Walk {
    fn hold<E: serde::de::Error>(&mut self, holds: bool, rule: Rule) -> Result<(), E> {
        if holds {
            return Ok(());
        }
        self.broken = Some(rule);
        Err(E::custom("breaks a rule"))
    }

    fn part<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.parts = self.parts.saturating_add(1);
        self.hold(self.parts <= JSON_PARTS.most, JSON_PARTS)
    }
}

/// A value at a depth: what is in the outermost object is at 1.
struct At<'a> {
    walk: &'a mut Walk,
    depth: usize,
}

impl At<'_> {
    fn within(&mut self) -> At<'_> {
        At {
            walk: self.walk,
            depth: self.depth.saturating_add(1),
        }
    }
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.walk.hold(text.chars().all(may_stand), JSON_TEXT)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.walk.hold(self.depth <= JSON_DEPTH.most, JSON_DEPTH)?;
        while items.next_element_seed(self.within())?.is_some() {
            self.walk.part()?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        self.walk.hold(self.depth <= JSON_DEPTH.most, JSON_DEPTH)?;
        let mut names: HashSet<String> = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            self.walk.part()?;
            self.walk
                .hold(is_name(&name, JSON_NAMES.most), JSON_NAMES)?;
            self.walk.hold(names.insert(name), JSON_ONCE)?;
            members.next_value_seed(self.within())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> String {
        format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth))
    }

    #[test]
    fn ec_27_depth_parts_and_names_hold_at_n_and_not_at_n_plus_one() {
        assert_eq!(check(&nested(JSON_DEPTH.most)), Ok(()));
        assert_eq!(
            check(&nested(JSON_DEPTH.most + 1)),
            Err(Unfit::Breaks(JSON_DEPTH))
        );
        let members = |n: usize| {
            let all: Vec<String> = (0..n).map(|at| format!(r#""a{at}":1"#)).collect();
            format!("{{{}}}", all.join(","))
        };
        assert_eq!(check(&members(JSON_PARTS.most)), Ok(()));
        assert_eq!(
            check(&members(JSON_PARTS.most + 1)),
            Err(Unfit::Breaks(JSON_PARTS))
        );
        let items = |n: usize| format!(r#"{{"a":[{}]}}"#, vec!["1"; n].join(","));
        assert_eq!(check(&items(JSON_PARTS.most - 1)), Ok(()));
        assert_eq!(
            check(&items(JSON_PARTS.most)),
            Err(Unfit::Breaks(JSON_PARTS))
        );
        let named = |length: usize| format!(r#"{{"{}":1}}"#, "a".repeat(length));
        assert_eq!(check(&named(JSON_NAMES.most)), Ok(()));
        assert_eq!(
            check(&named(JSON_NAMES.most + 1)),
            Err(Unfit::Breaks(JSON_NAMES))
        );
        let sized = |length: usize| format!("{{{}}}", " ".repeat(length - 2));
        assert_eq!(check(&sized(JSON_BYTES.most)), Ok(()));
        assert_eq!(
            check(&sized(JSON_BYTES.most + 1)),
            Err(Unfit::Breaks(JSON_BYTES))
        );
    }

    #[test]
    fn ec_27_bombs_end_at_their_first_breach() {
        let deep = "[".repeat(16_000);
        assert_eq!(check(&deep), Err(Unfit::Breaks(JSON_DEPTH)));
        let wide = format!("[{}]", vec!["0"; 8_000].join(","));
        assert_eq!(check(&wide), Err(Unfit::Breaks(JSON_PARTS)));
    }

    #[test]
    fn ec_27_names_are_ours_and_said_once_at_every_depth() {
        for twice in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":1,"\u0061":2}"#,
        ] {
            assert_eq!(check(twice), Err(Unfit::Breaks(JSON_ONCE)), "{twice}");
        }
        for odd in [
            r#"{"$where":"1"}"#,
            r#"{"a":{"$ne":null}}"#,
            r#"{"a.b":1}"#,
            r#"{"a[0]":1}"#,
            r#"{"__Proto__":1}"#,
            r#"{"":1}"#,
            r#"{"a'--":1}"#,
            r#"{"名":1}"#,
        ] {
            assert_eq!(check(odd), Err(Unfit::Breaks(JSON_NAMES)), "{odd}");
        }
        assert_eq!(check(r#"{"a":[{"b":1},{"b":2}]}"#), Ok(()));
    }

    #[test]
    fn ec_27_text_hides_nothing_and_words_of_a_query_language_are_only_text() {
        for odd in [
            r#"{"a":"\u0000"}"#,
            r#"{"a":"\u202e"}"#,
            r#"{"a":["\u001b[2J"]}"#,
            "{\"a\":\"\u{7f}\"}",
        ] {
            assert_eq!(check(odd), Err(Unfit::Breaks(JSON_TEXT)), "{odd}");
        }
        for fine in [
            r#"{"a":"1' OR '1'='1; DROP TABLE ban;--"}"#,
            r#"{"a":"停电\n三天"}"#,
            r#"{"a":1.5e3,"b":null,"c":true}"#,
        ] {
            assert_eq!(check(fine), Ok(()), "{fine}");
        }
        for broken in ["", "{", r#"{"a":1}x"#, r#"{"a":"\ud800"}"#] {
            assert_eq!(check(broken), Err(Unfit::Unreadable), "{broken}");
        }
    }
}
