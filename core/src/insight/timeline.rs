//! One line of time about one person, home or payment (LN-32): what they did, what was asked outside, what was
//! written in the books, what they were told. Ids, words and sums only; nothing here names anybody.

use super::error::InsightError;
use super::report::Insight;
use crate::shared::ids::{AccountId, BindingId, PaymentId};
use crate::shared::money::Fen;
use crate::shared::time::Time;
use crate::store::snapshot;

/// Moments told at once.
pub const MOMENTS_MAX: i64 = 500;

/// Moments told beside something else, the newest.
pub const MOMENTS_BESIDE: usize = 20;
/// One more is read, to know whether there is one.
const MOMENTS_BESIDE_READ: i64 = 21;

/// A look at a line of time, as the audit names it.
pub const LOOK: &str = "insight.timeline";

/// Whose time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    Account(AccountId),
    Home(BindingId),
    Payment(PaymentId),
}

impl Of {
    /// `account`, `home` or `payment`, and an id; `None` for anything else.
    #[must_use]
    pub fn parse(kind: &str, id: &str) -> Option<Self> {
        match kind {
            "account" => AccountId::parse(id).ok().map(Self::Account),
            "home" => BindingId::parse(id).ok().map(Self::Home),
            "payment" => PaymentId::parse(id).ok().map(Self::Payment),
            _ => None,
        }
    }

    /// As [`Of::parse`] takes it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::Home(_) => "home",
            Self::Payment(_) => "payment",
        }
    }

    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Account(id) => id.as_str(),
            Self::Home(id) => id.as_str(),
            Self::Payment(id) => id.as_str(),
        }
    }
}

/// Where a moment was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A tap of the person.
    Tap,
    /// What an outside system was asked or told us.
    Call,
    Ledger,
    /// What the person was told in the app.
    Notice,
    Sms,
    /// A case that staff decide.
    Case,
    /// What somebody did, as the audit says.
    Audit,
}

impl Source {
    pub const ALL: [Self; 7] = [
        Self::Tap,
        Self::Call,
        Self::Ledger,
        Self::Notice,
        Self::Sms,
        Self::Case,
        Self::Audit,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tap => "tap",
            Self::Call => "call",
            Self::Ledger => "ledger",
            Self::Notice => "notice",
            Self::Sms => "sms",
            Self::Case => "case",
            Self::Audit => "audit",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// One entry of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    pub at: Time,
    pub source: Source,
    /// Words of the program: `PAYING PAID_NOTICE PAID`, `credited`, `payments.create ok`.
    pub what: String,
    pub id: String,
    pub trace_id: String,
    pub amount: Option<Fen>,
}

/// Where a line of time goes on: behind the last moment that was seen, and which one of its time that was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub at: Time,
    pub told: String,
}

impl Mark {
    /// `{micros}.{told}`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (micros, told) = text.split_once('.')?;
        // What a line tells has none, and one of the engines refuses some of them.
        if told.chars().any(char::is_control) {
            return None;
        }
        Some(Self {
            at: Time::from_micros(micros.parse().ok()?),
            told: told.to_owned(),
        })
    }

    #[must_use]
    pub fn render(&self) -> String {
        format!("{}.{}", self.at.micros(), self.told)
    }
}

impl Moment {
    /// Where the line goes on behind this moment.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark {
            at: self.at,
            told: format!("{} {} {}", self.source.as_str(), self.what, self.id),
        }
    }
}

/// The newest of a line of time, oldest first, told beside something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    pub of: Of,
    pub moments: Vec<Moment>,
    /// There is more, older.
    pub more: bool,
}

/// A line of time, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    pub account_id: AccountId,
    pub region: String,
    pub moments: Vec<Moment>,
    /// Behind which there is more, older.
    pub older: Option<Mark>,
}

impl Insight {
    /// Which payment was ordered under this number of ours at the channel.
    ///
    /// # Errors
    /// The store's.
    pub async fn payment_numbered(
        &self,
        out_trade_no: &str,
    ) -> Result<Option<PaymentId>, InsightError> {
        let mut view = snapshot(&*self.store).await?;
        Ok(view.insight().numbered(out_trade_no).await?)
    }

    /// The line of time of somebody or something, when its region is one of `regions` (`None`: all): the newest
    /// [`MOMENTS_MAX`], or those `behind` the last one that was seen.
    ///
    /// # Errors
    /// [`InsightError::NoSuch`], [`InsightError::OutOfScope`], or the store's.
    pub async fn timeline(
        &self,
        of: &Of,
        regions: Option<&[String]>,
        behind: Option<&Mark>,
    ) -> Result<Timeline, InsightError> {
        let mut view = snapshot(&*self.store).await?;
        let account_id = view.insight().subject_of(of).await?;
        let account_id = account_id.ok_or(InsightError::NoSuch)?;
        let region = view.insight().region_of(&account_id).await?;
        if regions.is_some_and(|own| !own.contains(&region)) {
            return Err(InsightError::OutOfScope);
        }
        let asked = MOMENTS_MAX.saturating_add(1);
        let mut moments = view.insight().moments(of, behind, asked).await?;
        let most = usize::try_from(MOMENTS_MAX).unwrap_or(usize::MAX);
        let cut = moments.len() > most;
        moments.truncate(most);
        let older = moments.last().filter(|_| cut).map(Moment::mark);
        moments.reverse();
        Ok(Timeline {
            account_id,
            region,
            moments,
            older,
        })
    }

    /// The newest moments of the payment, home or person that has this id, without looks at them: those who read a
    /// case would push out what it is about. `None` when there is no such, or its region is none of `regions`
    /// (`None`: all).
    ///
    /// # Errors
    /// The store's.
    pub async fn beside(
        &self,
        id: &str,
        regions: Option<&[String]>,
    ) -> Result<Option<Beside>, InsightError> {
        let mut view = snapshot(&*self.store).await?;
        for kind in ["payment", "home", "account"] {
            let Some(of) = Of::parse(kind, id) else {
                return Ok(None);
            };
            let Some(account_id) = view.insight().subject_of(&of).await? else {
                continue;
            };
            if let Some(own) = regions {
                let region = view.insight().region_of(&account_id).await?;
                if !own.contains(&region) {
                    return Ok(None);
                }
            }
            let mut moments = view.insight().but_looks(&of, MOMENTS_BESIDE_READ).await?;
            let more = moments.len() > MOMENTS_BESIDE;
            moments.truncate(MOMENTS_BESIDE);
            moments.reverse();
            return Ok(Some(Beside { of, moments, more }));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_32_a_line_is_of_a_known_kind_and_a_whole_id() {
        let id = "019aa2f0-0000-7000-8000-000000000000";
        for kind in ["account", "home", "payment"] {
            let of = Of::parse(kind, id).unwrap();
            assert_eq!((of.kind(), of.id()), (kind, id));
            assert!(Of::parse(kind, "019aa2f0").is_none());
        }
        assert!(Of::parse("phone", id).is_none());
        let mark = Mark {
            at: Time::from_micros(7),
            told: "audit payments.create ok 1".into(),
        };
        assert_eq!(Mark::parse(&mark.render()), Some(mark));
        assert!(
            ["", "x", "x.y", "7", "1.\0"]
                .iter()
                .all(|odd| Mark::parse(odd).is_none())
        );
        for source in Source::ALL {
            assert_eq!(Source::parse(source.as_str()), Some(source));
        }
    }
}
