//! What `my.getPhoneNumber` gives the mini-program: signed by Alipay, encrypted for us (alipay.md 1d).

use lifeline_core::accounts::ports::{NotTold, PhoneTeller};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::Phone;
use serde::Deserialize;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::Alipay;
use super::content::ContentKey;
use super::trust::Trust;

const UNREADABLE: NoAnswer = NoAnswer::Unknown("unreadable_reply");

/// What a person allowed Alipay to tell.
#[derive(PartialEq, Eq)]
pub(super) enum PhoneAnswer {
    Told(Phone),
    /// Alipay signed a failure: not allowed, expired, not in the contract.
    Refused,
}

impl std::fmt::Debug for PhoneAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Told(_) => "Told(..)",
            Self::Refused => "Refused",
        })
    }
}

#[derive(Deserialize, ZeroizeOnDrop)]
struct Opened {
    code: String,
    mobile: Option<String>,
}

impl PhoneTeller for Alipay {
    /// Nothing is believed that Alipay did not sign: it comes from a phone.
    fn phone_told(&self, response: &str, sign: &str) -> Result<Phone, NotTold> {
        let (trust, content) = (&self.gateway.trust, self.gateway.content.as_ref());
        match read(response, sign, trust, content) {
            Ok(PhoneAnswer::Told(phone)) => Ok(phone),
            Ok(PhoneAnswer::Refused) => Err(NotTold::Refused),
            Err(why) => {
                tracing::warn!(reason = %why, "alipay_phone_number_unreadable");
                Err(NotTold::NotTheirs)
            }
        }
    }
}

pub(super) fn read(
    response: &str,
    sign: &str,
    trust: &Trust,
    content: Option<&ContentKey>,
) -> Result<PhoneAnswer, NoAnswer> {
    let plain = response.starts_with('{');
    // Cipher text is signed as the JSON string it once was, quotes included.
    let genuine = if plain {
        trust.verifies(response, sign)
    } else {
        trust.verifies(&format!("\"{response}\""), sign)
    };
    if !genuine {
        return Err(NoAnswer::Unknown("bad_reply_signature"));
    }
    let opened = if plain {
        Zeroizing::new(response.to_owned())
    } else {
        let key = content.ok_or(NoAnswer::Unknown("encrypted_reply"))?;
        key.open(response).ok_or(UNREADABLE)?
    };
    let answer: Opened = serde_json::from_str(&opened).map_err(|_| UNREADABLE)?;
    if answer.code != "10000" {
        return Ok(PhoneAnswer::Refused);
    }
    // A number that is sent in the clear could have been read and replayed by anything on the phone.
    let mobile = answer.mobile.as_deref().filter(|_| !plain);
    let phone = mobile.and_then(|text| Phone::parse(text).ok());
    phone.map(PhoneAnswer::Told).ok_or(UNREADABLE)
}
