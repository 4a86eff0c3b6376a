//! Being certified without the profile's help (LN-18, money.md 3.1): the provider told no ID number,
//! so the person types name and number, and the provider says whether they are right.
//!
//! What was typed is stored nowhere: it travels sealed with the client between the two steps. It
//! enters the account, and so a look-up in the archive, only after the provider confirmed it.

use sha2::{Digest as _, Sha256};

use super::secret::Secret;
use crate::shared::ids::{AccountId, CertificationId, SessionId};
use crate::shared::personal::{IdNo, PersonName};
use crate::shared::time::Time;

/// A begun certification is finished within this.
pub const LIFE_S: i64 = 30 * 60;
/// Certifications one account may begin in a day: each is a paid call.
pub const PER_ACCOUNT_DAY_MAX: i64 = 10;
/// Distinct ID numbers one account may type in a year (money.md 3.1).
pub const ID_NUMBERS_PER_YEAR_MAX: i64 = 3;

/// How the provider certified a real name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertifiedBy {
    /// It told name and ID number itself.
    Profile,
    /// It compared what the person typed with its own (certdoc.certverify).
    CertVerify,
    /// It compared the person's face with what they typed (certify.open).
    Face,
}

impl CertifiedBy {
    pub const ALL: [Self; 3] = [Self::Profile, Self::CertVerify, Self::Face];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::CertVerify => "certverify",
            Self::Face => "face",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == text)
    }
}

/// A name and an ID number somebody typed. Nothing is known about whose they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedIdentity {
    pub name: PersonName,
    pub id_no: IdNo,
}

/// How a typed identity is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificationKind {
    /// Compared with the certified identity of the wallet, by the person's leave.
    CertVerify,
    /// The person shows their face.
    Face,
}

impl CertificationKind {
    pub const ALL: [Self; 2] = [Self::CertVerify, Self::Face];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.certifies().as_str()
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// What an account is then certified by.
    #[must_use]
    pub const fn certifies(self) -> CertifiedBy {
        match self {
            Self::CertVerify => CertifiedBy::CertVerify,
            Self::Face => CertifiedBy::Face,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificationState {
    Pending,
    Certified,
    Refused,
}

impl CertificationState {
    pub const ALL: [Self; 3] = [Self::Pending, Self::Certified, Self::Refused];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Certified => "certified",
            Self::Refused => "refused",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// What the provider says of a typed identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    Passed,
    /// It is not so, for good.
    Failed,
    /// The person has not finished: nothing is known.
    Open,
}

/// One check of a typed identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certification {
    pub certification_id: CertificationId,
    pub account_id: AccountId,
    /// The device it was begun on.
    pub family_id: SessionId,
    pub kind: CertificationKind,
    /// The provider's number of the check.
    pub outside_no: Secret,
    pub state: CertificationState,
    pub begun_at: Time,
    pub expires_at: Time,
    pub ended_at: Option<Time>,
    pub version: i64,
}

impl Certification {
    /// Still to be decided, and in time.
    #[must_use]
    pub fn is_open(&self, now: Time) -> bool {
        self.state == CertificationState::Pending && now < self.expires_at
    }

    /// Takes the provider's word; an ended one keeps what it has.
    #[must_use]
    pub fn decided(self, finding: Finding, now: Time) -> Self {
        let state = match (self.state, finding) {
            (CertificationState::Pending, Finding::Passed) => CertificationState::Certified,
            (CertificationState::Pending, Finding::Failed) => CertificationState::Refused,
            (CertificationState::Pending, Finding::Open)
            | (CertificationState::Certified | CertificationState::Refused, _) => return self,
        };
        Self {
            state,
            ended_at: Some(now),
            ..self
        }
    }
}

/// The words shown before anything is typed. Typing is the leave, for this one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub version: &'static str,
    pub zh: &'static str,
}

/// What people are told now.
pub const TERMS: Terms = Terms {
    version: "2026-11",
    zh: "支付宝没有向我们提供您的身份证号。您在此填写的姓名和身份证号（敏感个人信息）只加密发送给支付宝核验一次，\
         核验通过前不保存、也不用于查询任何户号；未通过即丢弃。不核验不影响您用户号和证明材料手动关联，也不影响缴费。",
};

impl Terms {
    /// Hex SHA-256 of the words: what evidence says was shown.
    #[must_use]
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(self.zh.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::TypedId as _;

    const NOW: Time = Time::from_micros(1_800_000_000_000_000);

    fn certification(state: CertificationState) -> Certification {
        let ended = state != CertificationState::Pending;
        Certification {
            certification_id: CertificationId::made("019aa2f0-0000-7000-8000-000000000001".into()),
            account_id: AccountId::made("019aa2f0-0000-7000-8000-000000000002".into()),
            family_id: SessionId::made("019aa2f0-0000-7000-8000-000000000003".into()),
            kind: CertificationKind::Face,
            outside_no: Secret::new("certify-1".into()),
            state,
            begun_at: NOW,
            expires_at: NOW.plus_seconds(LIFE_S),
            ended_at: ended.then_some(NOW),
            version: 1,
        }
    }

    #[test]
    fn ln_18_the_providers_word_decides_once() {
        use CertificationState::{Certified, Pending, Refused};
        let after = |state, finding| {
            let decided = certification(state).decided(finding, NOW);
            assert_eq!(decided.ended_at.is_some(), decided.state != Pending);
            decided.state
        };
        assert_eq!(after(Pending, Finding::Passed), Certified);
        assert_eq!(after(Pending, Finding::Failed), Refused);
        assert_eq!(after(Pending, Finding::Open), Pending);
        for ended in [Certified, Refused] {
            for finding in [Finding::Passed, Finding::Failed, Finding::Open] {
                assert_eq!(after(ended, finding), ended);
            }
        }
    }

    #[test]
    fn a_certification_is_open_for_half_an_hour() {
        let pending = certification(CertificationState::Pending);
        assert!(pending.is_open(NOW.plus_seconds(LIFE_S - 1)));
        assert!(!pending.is_open(NOW.plus_seconds(LIFE_S)));
        assert!(!certification(CertificationState::Refused).is_open(NOW));
    }

    #[test]
    fn words_read_back() {
        for kind in CertificationKind::ALL {
            assert_eq!(CertificationKind::parse(kind.as_str()), Some(kind));
        }
        for state in CertificationState::ALL {
            assert_eq!(CertificationState::parse(state.as_str()), Some(state));
        }
        assert!(!TERMS.zh.contains('\n') && !TERMS.zh.contains("  "));
    }
}
