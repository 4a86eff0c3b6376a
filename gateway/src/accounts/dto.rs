//! What the routes of `accounts` read and say.

use lifeline_core::accounts::{Account, Consent, ConsentState, Purpose, Session};
use lifeline_core::shared::ids::SessionId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::edge::{Code, Problem};

/// An empty object.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BrowserStartView {
    /// Alipay's page, where the person allows or refuses.
    pub authorize_url: String,
}

/// Sign in with what Alipay handed over, or stay signed in.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "grant", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum SignInBody {
    Alipay {
        /// Good once.
        #[schema(max_length = 256)]
        auth_code: String,
        /// On H5: the state Alipay handed back; it must match this browser's cookie.
        #[schema(max_length = 128)]
        state: Option<String>,
    },
    /// First without `otp`: if login and password fit, a code is on its way to the account's phone.
    Password {
        #[schema(max_length = 32, example = "liming88")]
        login: String,
        #[schema(max_length = 256)]
        password: String,
        #[schema(max_length = 16, example = "123456")]
        otp: Option<String>,
    },
    /// As the owner of a generation account, by its user name; otherwise as `password`.
    GenerationPassword {
        #[schema(max_length = 32, example = "zhaolei.roof")]
        login: String,
        #[schema(max_length = 256)]
        password: String,
        #[schema(max_length = 16, example = "123456")]
        otp: Option<String>,
    },
    Refresh {
        /// Absent on H5, where it is in a cookie.
        #[schema(max_length = 128)]
        refresh_token: Option<String>,
    },
}

#[derive(Serialize, ToSchema)]
pub(super) struct SessionView {
    pub access_token: String,
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds the access token lives.
    pub expires_in: i64,
    /// Good once; absent on H5, where it is in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    pub account_id: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeviceView {
    pub session_id: String,
    #[schema(example = "mini")]
    pub client: &'static str,
    pub created_at: String,
    /// At most the life of an access token behind.
    pub last_seen_at: String,
    pub current: bool,
}

impl DeviceView {
    pub(super) fn of(session: &Session, current: &SessionId) -> Self {
        Self {
            session_id: session.session_id.to_string(),
            client: session.client.as_str(),
            created_at: session.created_at.rfc3339(),
            last_seen_at: session.last_seen_at.rfc3339(),
            current: session.family_id == *current,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DevicesView {
    pub items: Vec<DeviceView>,
    pub next_cursor: Option<String>,
}

/// A person as they are shown to themselves: masked.
#[derive(Serialize, ToSchema)]
pub(super) struct MeView {
    pub account_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "*明")]
    pub name_masked: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "190****0001")]
    pub phone_masked: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "150***********0014")]
    pub id_no_masked: Option<String>,
    /// `verified` or `missing`.
    #[schema(example = "verified")]
    pub real_name: &'static str,
    /// Another account is certified with the same ID number: the two can be merged. Only in `GET /v1/me`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_account: Option<bool>,
    pub created_at: String,
}

impl MeView {
    pub(super) fn of(account: &Account) -> Self {
        let real = account.real_name.as_ref();
        Self {
            account_id: account.account_id.to_string(),
            name_masked: real.map(|real| real.name.masked()),
            phone_masked: account.phone.as_ref().map(|phone| phone.number.masked()),
            id_no_masked: real.map(|real| real.id_no.masked()),
            real_name: if real.is_some() {
                "verified"
            } else {
                "missing"
            },
            other_account: None,
            created_at: account.created_at.rfc3339(),
        }
    }
}

/// What came of login and password: the same whether they fit or not.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CodePromisedView {
    /// Seconds the code lives.
    pub expires_in: i64,
    /// Seconds until the next one may be asked for.
    pub resend_after: i64,
}

/// Sets login name and password by a code sent to the account's own phone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetPasswordBody {
    /// A letter and 3 to 31 more of a-z 0-9 _ . -
    #[schema(max_length = 32, example = "liming88")]
    pub login: String,
    /// 8 characters at least, 256 bytes at most.
    #[schema(min_length = 8, max_length = 256)]
    pub password: String,
    #[schema(max_length = 16, example = "123456")]
    pub otp: String,
}

/// Makes a phone one's own by the code sent to it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeMeBody {
    #[schema(example = "19000000001")]
    pub phone: String,
    #[schema(example = "123456")]
    pub otp: String,
}

/// What `my.getPhoneNumber` gave, field by field.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ToldPhoneBody {
    /// Cipher text, exactly as it came.
    #[schema(max_length = 2048)]
    pub response: String,
    #[schema(max_length = 1024)]
    pub sign: String,
    #[schema(example = "RSA2")]
    pub sign_type: Option<String>,
    #[schema(example = "AES")]
    pub encrypt_type: Option<String>,
    #[schema(example = "UTF-8")]
    pub charset: Option<String>,
}

impl ToldPhoneBody {
    /// The lengths, and the one way Alipay signs and encrypts for us.
    pub(super) fn check(&self) -> Result<(), Problem> {
        token("response", &self.response, 2048)?;
        token("sign", &self.sign, 1024)?;
        let ways = [
            ("sign_type", &self.sign_type, "RSA2"),
            ("encrypt_type", &self.encrypt_type, "AES"),
            ("charset", &self.charset, "UTF-8"),
        ];
        for (field, given, only) in ways {
            if given
                .as_ref()
                .is_some_and(|given| !given.eq_ignore_ascii_case(only))
            {
                return Err(Problem::new(Code::InvalidField).field(field, "invalid", only));
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PurposeWord {
    IdentityMatch,
    ArchiveUpdate,
    Notices,
    UserSystem,
}

impl From<PurposeWord> for Purpose {
    fn from(word: PurposeWord) -> Self {
        match word {
            PurposeWord::IdentityMatch => Self::IdentityMatch,
            PurposeWord::ArchiveUpdate => Self::ArchiveUpdate,
            PurposeWord::Notices => Self::Notices,
            PurposeWord::UserSystem => Self::UserSystem,
        }
    }
}

impl From<Purpose> for PurposeWord {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::IdentityMatch => Self::IdentityMatch,
            Purpose::ArchiveUpdate => Self::ArchiveUpdate,
            Purpose::Notices => Self::Notices,
            Purpose::UserSystem => Self::UserSystem,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GiveConsentBody {
    pub purpose: PurposeWord,
    /// The version that was shown; another one is refused.
    pub version: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WithdrawConsentBody {
    pub purpose: PurposeWord,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConsentView {
    pub purpose: PurposeWord,
    pub version: &'static str,
    /// The words, in Chinese, exactly as agreed to.
    pub text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_at: Option<String>,
}

impl ConsentView {
    pub(super) fn of(state: &ConsentState) -> Self {
        Self {
            purpose: state.purpose.into(),
            version: state.text.version,
            text: state.text.zh,
            given_at: state.given_at.map(|at| at.rfc3339()),
        }
    }
}

/// A consent that was given once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GivenView {
    pub purpose: PurposeWord,
    pub version: String,
    pub given_at: String,
    /// Absent while it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<String>,
}

impl GivenView {
    pub(super) fn of(consent: &Consent) -> Self {
        Self {
            purpose: consent.purpose.into(),
            version: consent.version.clone(),
            given_at: consent.given_at.rfc3339(),
            withdrawn_at: consent.withdrawn_at.map(|at| at.rfc3339()),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConsentsView {
    pub items: Vec<ConsentView>,
    /// Everything ever agreed to, in order.
    pub history: Vec<GivenView>,
}

/// A token as clients hold it: 1 to `most` characters of printable ASCII.
pub(crate) fn token(field: &str, text: &str, most: usize) -> Result<(), Problem> {
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
    if (1..=most).contains(&text.len()) && printable {
        Ok(())
    } else {
        Err(Problem::new(Code::InvalidField).field(field, "invalid", "not of the form of a token"))
    }
}
