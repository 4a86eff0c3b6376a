//! `[node]`: what the other nodes call this one.

use serde::Deserialize;

use super::Faults;

const NAME_CHARS_MAX: usize = 32;

/// One of several processes over one store.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Node {
    pub(crate) name: String,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            name: "node".to_owned(),
        }
    }
}

impl Node {
    pub(super) fn check(&self, faults: &mut Faults) {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let named = (1..=NAME_CHARS_MAX).contains(&self.name.len());
        faults.expect(
            named && self.name.chars().all(plain),
            "node.name",
            "must be 1 to 32 of a-z, 0-9 and hyphens",
        );
    }
}
