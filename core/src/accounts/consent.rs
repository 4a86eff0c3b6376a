//! Consents: one per purpose, each asked for by itself (PIPL 13, 29; domain.md C4).
//!
//! A consent is good for the very text it was given to; when the text changes, people are asked again.

use sha2::{Digest as _, Sha256};

use crate::shared::ids::AccountId;
use crate::shared::time::Time;

/// What a person may agree to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Comparing the certified name, ID number and mobile with the utility's archive.
    IdentityMatch,
    /// Filling empty fields of the archive with certified values.
    ArchiveUpdate,
    /// Notices by SMS and message.
    Notices,
    /// Telling the on-line State Grid user system who the person is and which homes are linked.
    UserSystem,
}

impl Purpose {
    pub const ALL: [Self; 4] = [
        Self::IdentityMatch,
        Self::ArchiveUpdate,
        Self::Notices,
        Self::UserSystem,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IdentityMatch => "identity_match",
            Self::ArchiveUpdate => "archive_update",
            Self::Notices => "notices",
            Self::UserSystem => "user_system",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
    }

    /// The text people are shown now.
    #[must_use]
    pub const fn text(self) -> ConsentText {
        match self {
            Self::IdentityMatch => ConsentText {
                version: "2026-11",
                zh: "为找到您名下的用电户号，我们会把支付宝认证的姓名、身份证号和手机号（敏感个人信息）\
                     加密发送给供电公司，与其用电档案比对一次。比对只在您本次操作时进行，结果只给您看。\
                     不同意不影响您用户号和证明材料手动关联，也不影响缴费。\
                     您可随时在“我的”里撤回，撤回后不再比对。",
            },
            Self::ArchiveUpdate => ConsentText {
                version: "2026-11",
                zh: "如供电公司档案里您的姓名、身份证号或手机号为空，我们会用支付宝认证的信息补全；\
                     已有内容一律不改，有出入时由供电公司工作人员核对。不同意不影响关联户号和缴费。\
                     您可随时在“我的”里撤回。",
            },
            Self::Notices => ConsentText {
                version: "2026-11",
                zh: "我们会把缴费入账、退款等结果以短信发送到您验证过的手机号。不发送广告。\
                     不同意时只在应用内的消息里告诉您。您可随时在“我的”里撤回。",
            },
            Self::UserSystem => ConsentText {
                version: "2026-11",
                zh: "为让您在网上国网 App 和这里使用同一个账户，我们会把您认证的姓名、身份证号、手机号\
                     （敏感个人信息）和已关联的户号加密提供给网上国网用户体系。\
                     不同意不影响在这里查询和缴费。您可随时在“我的”里撤回，撤回后对方删除从这里得到的信息。",
            },
        }
    }
}

/// One version of the words a person agrees to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsentText {
    pub version: &'static str,
    pub zh: &'static str,
}

impl ConsentText {
    /// Hex SHA-256 of the words: what evidence says was shown.
    #[must_use]
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(self.zh.as_bytes()))
    }
}

/// One given consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Goes with every use of the data upstream.
    pub consent_id: String,
    pub account_id: AccountId,
    pub purpose: Purpose,
    pub version: String,
    pub text_hash: String,
    pub given_at: Time,
    pub withdrawn_at: Option<Time>,
}

impl Consent {
    /// Given to the words shown now and not withdrawn.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.withdrawn_at.is_none() && self.text_hash == self.purpose.text().digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::TypedId as _;

    #[test]
    fn a_consent_is_good_for_its_words_only() {
        let purpose = Purpose::IdentityMatch;
        let mut consent = Consent {
            consent_id: "c".into(),
            account_id: AccountId::made("019aa2f0-0000-7000-8000-000000000002".into()),
            purpose,
            version: purpose.text().version.into(),
            text_hash: purpose.text().digest(),
            given_at: Time::default(),
            withdrawn_at: None,
        };
        assert!(consent.is_good());
        consent.withdrawn_at = Some(Time::default());
        assert!(!consent.is_good());
        consent.withdrawn_at = None;
        consent.text_hash = Purpose::Notices.text().digest();
        assert!(!consent.is_good());
    }

    #[test]
    fn texts_are_one_line_and_differ() {
        for purpose in Purpose::ALL {
            assert!(!purpose.text().zh.contains('\n') && !purpose.text().zh.contains("  "));
            assert_eq!(Purpose::parse(purpose.as_str()), Some(purpose));
        }
        assert_ne!(
            Purpose::IdentityMatch.text().digest(),
            Purpose::Notices.text().digest()
        );
    }
}
