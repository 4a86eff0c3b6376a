//! One draw of chance and clock, made before a unit of work.
//!
//! A unit may run several times and must write the same ids and numbers each time (money.md 2.11),
//! yet nobody knows beforehand how many it will need. So one seed is drawn outside, and everything
//! inside is derived from it by label and cause.

use sha2::{Digest, Sha256};

use super::ids::{Maker, TypedId};
use super::time::Time;

/// Everything chance and clock give to one unit.
#[derive(Clone)]
pub struct Draw {
    pub now: Time,
    seed: [u8; 32],
    pub trace_id: String,
    /// Who acts, as the audit writes it: `account:{id}`, `job:payments.sweep`, `callback:alipay`.
    pub actor: String,
}

impl std::fmt::Debug for Draw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Draw")
    }
}

impl Draw {
    #[must_use]
    pub fn new(maker: Maker<'_>, trace_id: &str, actor: &str) -> Self {
        let mut seed = [0_u8; 32];
        maker.entropy.fill(&mut seed);
        Self {
            now: maker.now(),
            seed,
            trace_id: trace_id.to_owned(),
            actor: actor.to_owned(),
        }
    }

    fn bytes(&self, label: &str, cause: &str, block: u64) -> [u8; 32] {
        digest(&self.seed, label, cause, block)
    }

    /// A UUIDv7 of this draw's moment for one label and cause.
    #[must_use]
    pub fn uuid(&self, label: &str, cause: &str) -> String {
        let millis = self.now.micros().max(0).unsigned_abs().div_euclid(1000);
        let bytes = self.bytes(label, cause, 0);
        let [a, b, c, d, e, f, g, h, i, j, ..] = bytes;
        uuid::Builder::from_unix_timestamp_millis(millis, &[a, b, c, d, e, f, g, h, i, j])
            .into_uuid()
            .hyphenated()
            .to_string()
    }

    #[must_use]
    pub fn id<T: TypedId>(&self, label: &str, cause: &str) -> T {
        T::made(self.uuid(label, cause))
    }

    #[must_use]
    pub fn salt(&self, cause: &str) -> [u8; 16] {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = self.bytes("salt", cause, 0);
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
    }

    /// `prefix` and 22 characters of `[0-9A-Za-z]`, unbiased: an external number (money.md G3).
    #[must_use]
    pub fn number(&self, prefix: &str, label: &str, cause: &str) -> String {
        spell(prefix, |block| self.bytes(label, cause, block))
    }
}

/// As [`Draw::number`], by its cause alone: the same for ever, whoever makes it.
#[must_use]
pub fn number_by_cause(prefix: &str, label: &str, cause: &str) -> String {
    spell(prefix, |block| digest(&[0; 32], label, cause, block))
}

fn digest(seed: &[u8; 32], label: &str, cause: &str, block: u64) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed);
    hash.update(label.as_bytes());
    hash.update([0]);
    hash.update(cause.as_bytes());
    hash.update(block.to_be_bytes());
    hash.finalize().into()
}

fn spell(prefix: &str, bytes: impl Fn(u64) -> [u8; 32]) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = prefix.to_owned();
    let length = prefix.len().saturating_add(22);
    let mut block = 0;
    while text.len() < length {
        // 248 is the largest multiple of 62 below 256: higher bytes would favour early letters.
        let usable = bytes(block);
        for byte in usable.iter().filter(|byte| **byte < 248) {
            if let Some(letter) = ALPHABET.get(usize::from(byte.rem_euclid(62)))
                && text.len() < length
            {
                text.push(char::from(*letter));
            }
        }
        block = block.saturating_add(1);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::{Entropy, PaymentId};
    use crate::shared::time::Clock;

    struct Seeded(u8);
    impl Clock for Seeded {
        fn now(&self) -> Time {
            Time::from_micros(1_800_000_000_000_000)
        }
    }
    impl Entropy for Seeded {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    fn draw(seed: u8) -> Draw {
        let source = Seeded(seed);
        let maker = Maker {
            clock: &source,
            entropy: &source,
        };
        Draw::new(maker, "trace", "job:test")
    }

    #[test]
    fn the_same_unit_run_twice_writes_the_same() {
        assert_eq!(
            draw(1).uuid("entry", "paid:x"),
            draw(1).uuid("entry", "paid:x")
        );
        assert_eq!(
            draw(1).number("t0", "refund", "x"),
            draw(1).number("t0", "refund", "x")
        );
        assert_ne!(
            draw(1).uuid("entry", "paid:x"),
            draw(1).uuid("entry", "paid:y")
        );
        assert_ne!(
            draw(1).uuid("entry", "paid:x"),
            draw(1).uuid("case", "paid:x")
        );
        assert_ne!(
            draw(1).number("t0", "refund", "x"),
            draw(2).number("t0", "refund", "x")
        );
    }

    #[test]
    fn numbers_have_the_shape_of_g3_and_ids_parse() {
        let number = draw(7).number("t0", "order", "p");
        assert_eq!(number.len(), 24);
        assert!(number.starts_with("t0") && number.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert!(PaymentId::parse(&draw(7).uuid("payment", "p")).is_ok());
    }
}
