//! Messages that the utility's systems send us, proven by the secret we share with each (docs/contracts).

use std::sync::Arc;

use lifeline_core::inbox::signed::{NotTheirs, Sender, Signatures, Signed};
use lifeline_core::shared::time::Clock;
use sha2::{Digest as _, Sha256};

use super::line::LineKeys;

/// A message may be so much older or newer than now, seconds.
pub const CALL_SKEW_S_MAX: i64 = 300;
const NONCE_LENGTHS: std::ops::RangeInclusive<usize> = 16..=64;

/// The senders' keys.
#[derive(Clone)]
pub struct ChannelSignatures {
    sms: LineKeys,
    marketing: LineKeys,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for ChannelSignatures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChannelSignatures")
    }
}

impl ChannelSignatures {
    #[must_use]
    pub fn new(sms: LineKeys, marketing: LineKeys, clock: Arc<dyn Clock>) -> Self {
        Self {
            sms,
            marketing,
            clock,
        }
    }
}

impl Signatures for ChannelSignatures {
    fn verify(&self, sender: Sender, message: &Signed<'_>) -> Result<(), NotTheirs> {
        let keys = match sender {
            Sender::Sms => &self.sms,
            Sender::Marketing => &self.marketing,
        };
        if message.channel_id != keys.channel_id() {
            return Err(NotTheirs::OtherChannel);
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !NONCE_LENGTHS.contains(&message.nonce.len()) || !message.nonce.bytes().all(plain) {
            return Err(NotTheirs::BadNonce);
        }
        let digits = message.timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let signed_at: i64 = message.timestamp.parse().map_err(|_| NotTheirs::Late)?;
        let apart = self.clock.now().unix_seconds().saturating_sub(signed_at);
        if !digits || !(-CALL_SKEW_S_MAX..=CALL_SKEW_S_MAX).contains(&apart) {
            return Err(NotTheirs::Late);
        }
        let digest = hex::encode(Sha256::digest(message.body));
        // Their calls have no idempotency key: the nonce is what makes one.
        let lines = [
            message.method,
            message.target,
            &digest,
            message.timestamp,
            message.nonce,
            "",
        ];
        if keys.proves(&lines.join("\n"), message.signature) {
            Ok(())
        } else {
            Err(NotTheirs::Forged)
        }
    }
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    use lifeline_core::shared::time::Time;

    use super::*;

    const NOW_S: i64 = 1_800_000_000;

    struct Noon;
    impl Clock for Noon {
        fn now(&self) -> Time {
            Time::from_micros(NOW_S * 1_000_000)
        }
    }

    fn signatures() -> ChannelSignatures {
        let field = "22".repeat(32);
        let keys = |secret: &str| LineKeys::parse("lifeline", &secret.repeat(32), &field).unwrap();
        ChannelSignatures::new(keys("aa"), keys("bb"), Arc::new(Noon))
    }

    /// A message and what it says of itself.
    #[derive(Clone)]
    struct Call {
        method: &'static str,
        target: &'static str,
        body: &'static str,
        channel_id: &'static str,
        timestamp: String,
        nonce: String,
    }

    impl Call {
        fn usual() -> Self {
            Self {
                method: "POST",
                target: "/v1/callbacks/marketing",
                body: "{}",
                channel_id: "lifeline",
                timestamp: NOW_S.to_string(),
                nonce: "n".repeat(16),
            }
        }

        fn signature(&self, secret: u8) -> String {
            let digest = hex::encode(Sha256::digest(self.body.as_bytes()));
            let lines = [
                self.method,
                self.target,
                &digest,
                &self.timestamp,
                &self.nonce,
                "",
            ];
            let mut mac = Hmac::<Sha256>::new_from_slice(&[secret; 32]).unwrap();
            mac.update(lines.join("\n").as_bytes());
            hex::encode(mac.finalize().into_bytes())
        }

        fn judged(&self, signature: &str) -> Result<(), NotTheirs> {
            let message = Signed {
                method: self.method,
                target: self.target,
                body: self.body.as_bytes(),
                channel_id: self.channel_id,
                timestamp: &self.timestamp,
                nonce: &self.nonce,
                signature,
            };
            signatures().verify(Sender::Marketing, &message)
        }
    }

    #[test]
    fn m3_9_only_what_the_sender_signed_counts_and_all_of_it() {
        let usual = Call::usual();
        let good = usual.signature(0xbb);
        assert_eq!(usual.judged(&good), Ok(()));
        let changes: [fn(&mut Call); 5] = [
            |call| call.method = "GET",
            |call| call.target = "/v1/callbacks/sms",
            |call| call.body = "{} ",
            |call| call.nonce = "m".repeat(16),
            |call| call.timestamp = (NOW_S - 1).to_string(),
        ];
        for change in changes {
            let mut changed = usual.clone();
            change(&mut changed);
            assert_eq!(changed.judged(&good), Err(NotTheirs::Forged));
        }
        let others = usual.signature(0xaa);
        assert_eq!(usual.judged(&others), Err(NotTheirs::Forged), "the SMS's");
        for odd in ["", "zz", &good[..62], &good.to_uppercase()] {
            assert_eq!(usual.judged(odd), Err(NotTheirs::Forged), "{odd}");
        }
        let mut other = usual;
        other.channel_id = "another";
        assert_eq!(other.judged(&good), Err(NotTheirs::OtherChannel));
    }

    #[test]
    fn m3_9_the_time_and_the_nonce_hold_at_n_and_not_at_n_plus_one() {
        let judged = |change: &dyn Fn(&mut Call)| {
            let mut call = Call::usual();
            change(&mut call);
            call.judged(&call.signature(0xbb))
        };
        let at = |apart: i64| judged(&|call| call.timestamp = (NOW_S + apart).to_string());
        assert_eq!(at(CALL_SKEW_S_MAX), Ok(()));
        assert_eq!(at(-CALL_SKEW_S_MAX), Ok(()));
        assert_eq!(at(CALL_SKEW_S_MAX + 1), Err(NotTheirs::Late));
        assert_eq!(at(-CALL_SKEW_S_MAX - 1), Err(NotTheirs::Late));
        for odd in ["", "now", "+1800000000", "1800000000.5"] {
            let late = judged(&|call| call.timestamp = odd.to_owned());
            assert_eq!(late, Err(NotTheirs::Late), "{odd}");
        }
        let nonce = |length: usize| judged(&|call| call.nonce = "a".repeat(length));
        assert_eq!((nonce(16), nonce(64)), (Ok(()), Ok(())));
        for length in [0, 15, 65] {
            assert_eq!(nonce(length), Err(NotTheirs::BadNonce), "{length}");
        }
        let odd = judged(&|call| call.nonce = format!("{}\n", "a".repeat(20)));
        assert_eq!(odd, Err(NotTheirs::BadNonce));
    }
}
