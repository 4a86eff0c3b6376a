//! The contract tried out on a real system: calls that read, about numbers that nobody has, signed as they must be and as
//! they must not be.

use lifeline_core::billing::ports::{BillingSource as _, SourceError};
use lifeline_core::bindings::ports::{ArchiveError, ConsumerArchive as _};
use lifeline_core::payments::ports::{Filed, PostingReply, PostingSystem as _};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;

use super::Marketing;
use crate::wire::line::Astray;

/// Within the 300 s of the contract by a minute, in seconds: both ways, and the clocks are no further apart than that.
const NEAR_S: i64 = 240;
/// Outside of them, in seconds, were the other clock a minute off.
const FAR_S: i64 = 600;
/// The daily file of so many days ago is made.
const FILE_AGE_S: i64 = 7 * 86_400;
/// A number of the right length that no home has.
const NOBODYS: &str = "0000000000000";

/// One thing that the contract asks of marketing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// It takes what we sign.
    OurSignature,
    /// It takes nothing that was signed by another secret.
    OthersSignature,
    /// It takes nothing that was signed long ago.
    OldSignature,
    /// It takes a nonce once.
    OneNonce,
    /// Its clock and ours are near enough.
    Clock,
    /// A home that is not there has the one code for that.
    UnknownConsumer,
    /// A posting that is not there is `NOT_FOUND`, and answered by 200.
    UnknownPosting,
    /// The file of a date that is over is closed, and says the names it was asked by.
    DailyFile,
    /// What is due has the parts of the contract, and they add up.
    Arrears,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    pub rule: Rule,
    /// What was answered instead, in words of ours alone.
    pub went: Result<(), &'static str>,
}

/// A refusal that no rule names is told by its word alone.
const fn word(unanswered: &NoAnswer) -> &'static str {
    match unanswered {
        NoAnswer::NotSent(why) | NoAnswer::Unknown(why) | NoAnswer::Alarm(why) => why,
    }
}

impl Marketing {
    /// Tries every rule, at `now`. What is due is read for `home` where one is named, else only asked for of nobody. Nothing is
    /// written; where not even our signature is taken, nothing else is tried.
    pub async fn tried(&self, now: Time, home: Option<&ConsumerNo>) -> Vec<Trial> {
        let went = self.takes().await.map_err(|why| word(&why));
        let mut trials = vec![Trial {
            rule: Rule::OurSignature,
            went,
        }];
        if went.is_err() {
            return trials;
        }
        let other = self.astray(Astray::OtherSecret);
        let old = self.astray(Astray::Seconds(FAR_S.saturating_neg()));
        let rest = [
            (Rule::OthersSignature, refused(other.takes().await)),
            (Rule::OldSignature, refused(old.takes().await)),
            (Rule::OneNonce, self.takes_a_nonce_once().await),
            (Rule::Clock, self.is_near().await),
            (Rule::UnknownConsumer, self.knows_nobody().await),
            (Rule::UnknownPosting, self.knows_no_posting().await),
            (Rule::DailyFile, self.files(now).await),
            (Rule::Arrears, self.adds_up(home).await),
        ];
        trials.extend(rest.map(|(rule, went)| Trial { rule, went }));
        trials
    }

    fn astray(&self, how: Astray) -> Self {
        Self {
            line: self.line.astray(how),
        }
    }

    async fn takes(&self) -> Result<(), NoAnswer> {
        self.says_of_itself().await.map(drop)
    }

    async fn takes_a_nonce_once(&self) -> Result<(), &'static str> {
        let again = self.astray(Astray::OneNonce);
        again.takes().await.map_err(|why| word(&why))?;
        match again.takes().await {
            Err(NoAnswer::Alarm("replayed")) => Ok(()),
            Err(why) => Err(word(&why)),
            Ok(()) => Err("taken"),
        }
    }

    async fn is_near(&self) -> Result<(), &'static str> {
        for seconds in [NEAR_S, NEAR_S.saturating_neg()] {
            let shifted = self.astray(Astray::Seconds(seconds));
            shifted.takes().await.map_err(|why| word(&why))?;
        }
        Ok(())
    }

    async fn knows_nobody(&self) -> Result<(), &'static str> {
        match self.consumer(&nobody()?).await {
            Err(ArchiveError::CannotConfirm) => Ok(()),
            Err(ArchiveError::NoAnswer(why)) => Err(word(&why)),
            Ok(_) => Err("answered_as_if_it_were_there"),
        }
    }

    async fn knows_no_posting(&self) -> Result<(), &'static str> {
        match self.get(&self.unused()).await {
            Ok(PostingReply::NotFound) => Ok(()),
            Ok(_) => Err("answered_as_if_it_were_there"),
            Err(why) => Err(word(&why)),
        }
    }

    async fn files(&self, now: Time) -> Result<(), &'static str> {
        let date = now
            .plus_seconds(FILE_AGE_S.saturating_neg())
            .shanghai_date();
        match self.filed(&date, &self.unused()).await {
            Ok(Filed::Absent) => Ok(()),
            Ok(Filed::NotYet) => Err("not_closed_a_week_later"),
            Ok(Filed::Named) => Err("answered_as_if_it_were_there"),
            Err(why) => Err(word(&why)),
        }
    }

    async fn adds_up(&self, home: Option<&ConsumerNo>) -> Result<(), &'static str> {
        let asked = match home {
            Some(home) => self.arrears(home).await,
            None => self.arrears(&nobody()?).await,
        };
        match (asked, home) {
            (Ok(_), Some(_)) | (Err(SourceError::Absent), None) => Ok(()),
            (Ok(_), None) => Err("answered_as_if_it_were_there"),
            (Err(SourceError::Absent), Some(_)) => Err("it_does_not_know_this_home"),
            (Err(SourceError::NoAnswer(why)), _) => Err(word(&why)),
        }
    }

    /// A number under which nothing was ever sent: ours do not begin like this.
    fn unused(&self) -> String {
        format!("trial{}", self.line.fresh())
    }
}

/// A call that must not be taken.
fn refused(went: Result<(), NoAnswer>) -> Result<(), &'static str> {
    match went {
        Err(NoAnswer::Alarm("bad_signature")) => Ok(()),
        Err(why) => Err(word(&why)),
        Ok(()) => Err("taken"),
    }
}

fn nobody() -> Result<ConsumerNo, &'static str> {
    ConsumerNo::parse(NOBODYS).map_err(|_| "no_number")
}
