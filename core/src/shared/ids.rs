//! Typed identifiers (UUIDv7 text) and the two sources they are made from.

use super::time::{Clock, Time};

/// Where chance comes from: the operating system in production, a seed in tests.
pub trait Entropy: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

/// Makes identifiers, tokens and moments. Handed to use cases, which call it *before* a unit of
/// work: the unit may run twice, its ids must not differ (money.md 2.11).
#[derive(Clone, Copy)]
pub struct Maker<'a> {
    pub clock: &'a dyn Clock,
    pub entropy: &'a dyn Entropy,
}

impl std::fmt::Debug for Maker<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Maker")
    }
}

impl Maker<'_> {
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// A new UUIDv7 text; the sub-millisecond bits hold microseconds, so ids of one process sort by age.
    #[must_use]
    pub fn uuid(&self) -> String {
        let micros = self.clock.now().micros().max(0).unsigned_abs();
        let mut random = [0_u8; 8];
        self.entropy.fill(&mut random);
        // 12 bits of rand_a hold the microsecond within the millisecond (RFC 9562 section 6.2, method 3).
        let fraction = micros
            .rem_euclid(1000)
            .saturating_mul(4096)
            .div_euclid(1000);
        let [_, _, _, _, _, _, high, low] = fraction.to_be_bytes();
        let [a, b, c, d, e, f, g, h] = random;
        let counter_random = [high, low, a, b, c, d, e, f, g, h];
        uuid::Builder::from_unix_timestamp_millis(micros.div_euclid(1000), &counter_random)
            .into_uuid()
            .hyphenated()
            .to_string()
    }

    #[must_use]
    pub fn id<T: TypedId>(&self) -> T {
        T::made(self.uuid())
    }

    /// 32 random bytes as URL-safe text: session secrets, match tokens, tickets.
    #[must_use]
    pub fn token(&self) -> String {
        use base64::Engine as _;
        let mut bytes = [0_u8; 32];
        self.entropy.fill(&mut bytes);
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    }

    /// `length` characters of `[0-9A-Za-z]`, unbiased: external numbers (money.md G3).
    #[must_use]
    pub fn base62(&self, length: usize) -> String {
        const ALPHABET: &[u8; 62] =
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut text = String::with_capacity(length);
        let mut block = [0_u8; 32];
        while text.len() < length {
            self.entropy.fill(&mut block);
            // 248 is the largest multiple of 62 below 256: higher bytes would favour early letters.
            for byte in block.iter().filter(|b| **b < 248) {
                if let Some(letter) = ALPHABET.get(usize::from(byte.rem_euclid(62)))
                    && text.len() < length
                {
                    text.push(char::from(*letter));
                }
            }
        }
        text
    }

    /// Six decimal digits for a one-time code.
    #[must_use]
    pub fn six_digits(&self) -> String {
        loop {
            let mut bytes = [0_u8; 4];
            self.entropy.fill(&mut bytes);
            let number = u32::from_be_bytes(bytes);
            // Refuse the top of the range so that every code is equally likely.
            if number < 4_294_000_000 {
                return format!("{:06}", number.rem_euclid(1_000_000));
            }
        }
    }
}

/// An identifier with its own type: two of them cannot be confused in one signature.
pub trait TypedId: Sized {
    fn made(text: String) -> Self;
}

/// The text is not an identifier of this system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is not an identifier")]
pub struct NotAnId;

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Accepts only hyphenated lower-case UUID text.
            pub fn parse(text: &str) -> Result<Self, $crate::shared::ids::NotAnId> {
                let shape = text.len() == 36
                    && text.bytes().enumerate().all(|(at, b)| match at {
                        8 | 13 | 18 | 23 => b == b'-',
                        _ => b.is_ascii_digit() || (b'a'..=b'f').contains(&b),
                    });
                if shape { Ok(Self(text.to_owned())) } else { Err($crate::shared::ids::NotAnId) }
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl $crate::shared::ids::TypedId for $name {
            fn made(text: String) -> Self {
                Self(text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}
pub(crate) use typed_id;

typed_id! {
    /// One app user.
    AccountId;
    /// One signed-in device of an app user.
    SessionId;
    /// App user <-> consumer number link: the only handle of a home that clients see.
    BindingId;
    /// One sharing of a home: the invitation and what came of it.
    GrantId;
    /// One offer of certified values to the utility's archive.
    FillingId;
    /// One payment order (table P).
    PaymentId;
    /// One home's part of a payment (table L).
    LineId;
    /// One refund (table R).
    RefundId;
    /// One outbox event; receivers deduplicate by it.
    EventId;
    /// One thing a person must decide.
    CaseId;
    /// One in-app notice.
    NoticeId;
    /// One evidence entry.
    EvidenceId;
    /// One one-time code.
    OtpId;
    /// One check of a typed real name.
    CertificationId;
    /// One request to merge two accounts.
    MergeId;
    /// One ledger entry.
    EntryId;
    /// One target that is or was shut out.
    BanId;
    /// One person of the console.
    StaffId;
    /// One signed-in browser of the console.
    StaffSessionId;
    /// One piece of public information, in all its editions.
    PublicationId;
    /// One picture that was taken up.
    PictureId;
    /// One thing a person asked of the utility.
    RequestId;
    /// One thing that points are exchanged for.
    GiftId;
    /// One exchange of points.
    ExchangeId;
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(i64);
    impl Clock for Fixed {
        fn now(&self) -> Time {
            Time::from_micros(self.0)
        }
    }
    struct Zeros;
    impl Entropy for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    #[test]
    fn uuids_are_v7_and_sort_by_microsecond() {
        let make = |micros| {
            Maker {
                clock: &Fixed(micros),
                entropy: &Zeros,
            }
            .uuid()
        };
        let (a, b) = (make(1_800_000_000_000_001), make(1_800_000_000_000_900));
        assert!(a < b);
        assert_eq!(&a[14..15], "7");
        assert!(PaymentId::parse(&a).is_ok());
    }

    /// Numbers drawn one after the other.
    struct Drawn(std::sync::atomic::AtomicUsize, &'static [u32]);
    impl Entropy for Drawn {
        fn fill(&self, bytes: &mut [u8]) {
            let at = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            bytes.copy_from_slice(&self.1[at].to_be_bytes());
        }
    }

    #[test]
    fn c9_a_code_has_six_digits_and_each_is_as_likely() {
        let code = |numbers: &'static [u32]| {
            let entropy = &Drawn(std::sync::atomic::AtomicUsize::new(0), numbers);
            let clock = &Fixed(0);
            Maker { clock, entropy }.six_digits()
        };
        assert_eq!(code(&[0]), "000000");
        assert_eq!(code(&[1_000_042]), "000042");
        assert_eq!(code(&[4_293_999_999]), "999999");
        // What is left over above a whole number of millions would come up more often.
        assert_eq!(code(&[u32::MAX, 4_294_000_000, 7]), "000007");
    }

    #[test]
    fn foreign_shapes_are_not_ids() {
        for bad in [
            "",
            "1",
            "019AA2F0-0000-7000-8000-000000000000",
            "019aa2f0x0000-7000-8000-000000000000",
        ] {
            assert_eq!(BindingId::parse(bad), Err(NotAnId));
        }
    }
}
