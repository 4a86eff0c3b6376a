//! The second proof: time-based one-time codes (RFC 6238, HMAC-SHA-1, 30 s, six digits), as every
//! authenticator app makes them. A code is taken once.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::shared::ids::Entropy;
use crate::shared::time::Time;

/// How long one code is shown.
pub const STEP_S: i64 = 30;
/// Steps before and after the present one that are taken too: phones' clocks differ.
const DRIFT: i64 = 1;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What a phone and we share: 160 bits (RFC 4226, R6).
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct TotpSecret([u8; 20]);

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[TotpSecret]")
    }
}

impl TotpSecret {
    #[must_use]
    pub fn made(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0_u8; 20];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// As an authenticator app takes it by hand (RFC 4648 base32, 32 letters).
    #[must_use]
    pub fn base32(&self) -> String {
        let mut text = String::with_capacity(32);
        for five in self.0.chunks_exact(5) {
            let mut wide = [0_u8; 8];
            for (to, from) in wide.iter_mut().skip(3).zip(five) {
                *to = *from;
            }
            let mut rest = u64::from_be_bytes(wide);
            let mut letters = [b'A'; 8];
            for letter in letters.iter_mut().rev() {
                let at = usize::try_from(rest.rem_euclid(32)).unwrap_or(0);
                *letter = ALPHABET.get(at).copied().unwrap_or(b'A');
                rest = rest.div_euclid(32);
            }
            text.extend(letters.iter().map(|letter| char::from(*letter)));
        }
        text
    }

    /// Reads what [`TotpSecret::base32`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0_u8; 20];
        if text.len() != 32 {
            return None;
        }
        for (five, letters) in bytes.chunks_exact_mut(5).zip(text.as_bytes().chunks(8)) {
            let mut wide: u64 = 0;
            for letter in letters {
                let at = ALPHABET.iter().position(|known| known == letter)?;
                wide = wide
                    .saturating_mul(32)
                    .saturating_add(u64::try_from(at).ok()?);
            }
            for (to, from) in five.iter_mut().zip(wide.to_be_bytes().iter().skip(3)) {
                *to = *from;
            }
        }
        Some(Self(bytes))
    }

    /// What an app reads out of a picture.
    #[must_use]
    pub fn uri(&self, login: &str) -> String {
        format!(
            "otpauth://totp/Lifeline:{login}?secret={}&issuer=Lifeline",
            self.base32()
        )
    }

    /// The code of a time step.
    #[must_use]
    pub fn code(&self, step: i64) -> String {
        format!("{:06}", number(&self.0, step).rem_euclid(1_000_000))
    }

    /// The step whose code this is: the present one or one beside it, and none up to `after`, whose
    /// code was taken already.
    #[must_use]
    pub fn step_of(&self, code: &str, now: Time, after: i64) -> Option<i64> {
        let present = step_at(now);
        let first = present.saturating_sub(DRIFT);
        let last = present.saturating_add(DRIFT);
        // Each is made and compared whole: the time taken says nothing of which one fits.
        let mut found = None;
        for step in first..=last {
            if same(&self.code(step), code) && step > after {
                found = Some(step);
            }
        }
        found
    }
}

/// The time step of a moment.
#[must_use]
pub const fn step_at(now: Time) -> i64 {
    now.unix_seconds().div_euclid(STEP_S)
}

fn number(secret: &[u8], step: i64) -> u32 {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret) else {
        return 0;
    };
    mac.update(&step.to_be_bytes());
    let made = mac.finalize().into_bytes();
    let low = made.last().map_or(0, |byte| usize::from(byte & 0x0f));
    let mut four = [0_u8; 4];
    for (to, from) in four.iter_mut().zip(made.iter().skip(low)) {
        *to = *from;
    }
    u32::from_be_bytes(four) & 0x7fff_ffff
}

fn same(ours: &str, theirs: &str) -> bool {
    let differs = |a: &[u8], b: &[u8]| a.iter().zip(b).fold(0_u8, |sum, (x, y)| sum | (x ^ y));
    ours.len() == theirs.len() && differs(ours.as_bytes(), theirs.as_bytes()) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARED: &[u8; 20] = b"12345678901234567890";

    fn at(seconds: i64) -> Time {
        Time::from_micros(0).plus_seconds(seconds)
    }

    /// RFC 6238, appendix B, SHA-1: eight digits, of which an app shows the last six.
    #[test]
    fn ln_55_codes_are_those_of_rfc_6238() {
        for (seconds, eight) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            let made = number(SHARED, step_at(at(seconds)));
            assert_eq!(made.rem_euclid(100_000_000), eight, "{seconds}");
        }
    }

    #[test]
    fn ln_55_a_code_is_taken_once_and_one_step_beside_the_present() {
        let secret = TotpSecret(*SHARED);
        let now = at(1_000_000);
        let present = step_at(now);
        let code = |step| secret.code(step);
        assert_eq!(secret.step_of(&code(present), now, 0), Some(present));
        assert_eq!(secret.step_of(&code(present), now, present), None, "again");
        assert_eq!(
            secret.step_of(&code(present - 1), now, 0),
            Some(present - 1)
        );
        assert_eq!(
            secret.step_of(&code(present + 1), now, 0),
            Some(present + 1)
        );
        assert_eq!(secret.step_of(&code(present - 2), now, 0), None);
        assert_eq!(secret.step_of(&code(present + 2), now, 0), None);
        for bad in ["", "12345", "1234567", "abcdef"] {
            assert_eq!(secret.step_of(bad, now, 0), None, "{bad}");
        }
    }

    #[test]
    fn a_secret_reads_back_and_is_not_printed() {
        let secret = TotpSecret(*SHARED);
        assert_eq!(secret.base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(TotpSecret::parse(&secret.base32()), Some(secret.clone()));
        assert_eq!(TotpSecret::parse("GEZDGNBVGY3TQOJQ"), None);
        assert_eq!(TotpSecret::parse(&"1".repeat(32)), None);
        assert_eq!(format!("{secret:?}"), "[TotpSecret]");
    }
}
