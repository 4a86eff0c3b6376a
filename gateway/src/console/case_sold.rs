//! The month of sold power behind a case, for the two who decide about it: what its owner was asked and accepted, and
//! where each payout of it is.

use lifeline_core::cases::Case;
use lifeline_core::settlement::standing::{CheckStanding, MonthStanding, PayoutStanding};
use lifeline_core::shared::money::Fen;
use lifeline_core::store::snapshot;

use super::fault::Fault;
use super::today::House;
use super::words::{Lang, say};

/// A month with all that was asked and ordered about it.
pub(super) struct Month {
    /// The number of its generation account, all but the last four hidden; absent once the cooperation is over.
    number_masked: Option<String>,
    standing: MonthStanding,
}

/// The month that a case is about, when it is about one of one seller. Who may see the case may see it.
pub(super) async fn month_of(house: &House, case: &Case) -> Result<Option<Month>, Fault> {
    let mut view = snapshot(&*house.store).await?;
    let Some(standing) = view.settlement().month_about(&case.subject).await? else {
        return Ok(None);
    };
    let account = &standing.generation_account_id;
    let account = view.generation().by_id(account).await?;
    let number = account.and_then(|account| account.generation_no);
    Ok(Some(Month {
        number_masked: number.map(|number| number.masked()),
        standing,
    }))
}

/// A version of the month's figures that its owner was asked about.
pub(super) struct Asked {
    pub(super) version: i64,
    pub(super) state: String,
    pub(super) net: String,
}

/// A payout of the month.
pub(super) struct Ordered {
    /// A dash before the first send.
    pub(super) number: String,
    pub(super) state: String,
    pub(super) accepted: String,
    pub(super) ordered: String,
    /// A dash while nothing is known to be paid.
    pub(super) paid: String,
    pub(super) kept: String,
}

/// The month as the page of a case shows it.
pub(super) struct Sold {
    /// Masked; empty once the cooperation is over.
    pub(super) number: String,
    pub(super) period: String,
    pub(super) asked: Vec<Asked>,
    pub(super) ordered: Vec<Ordered>,
}

fn sum(fen: Fen) -> String {
    format!("¥{}", fen.yuan())
}

/// Where it stands, and that the case is about this one.
fn marked(lang: Lang, mut words: Vec<&'static str>, is_this: bool) -> String {
    if is_this {
        words.push(say(lang, "sold.this"));
    }
    words.join(" · ")
}

fn asked(lang: Lang, one: &CheckStanding, subject: &str) -> Asked {
    let state = say(lang, &format!("check_at.{}", one.state.as_str()));
    let is_this = one.check_task_id.as_str() == subject;
    Asked {
        version: one.data_version,
        state: marked(lang, vec![state], is_this),
        net: sum(one.net),
    }
}

fn ordered(lang: Lang, one: &PayoutStanding, subject: &str) -> Ordered {
    let mut words = vec![say(lang, &format!("payout_at.{}", one.state.as_str()))];
    if let Some(hold) = one.hold {
        words.push(say(lang, &format!("hold.{}", hold.as_str())));
    }
    if one.frozen {
        words.push(say(lang, "sold.stopped"));
    }
    let is_this = one.trade_task_id.as_str() == subject;
    Ordered {
        number: one.payout_no.clone().unwrap_or_else(|| "—".to_owned()),
        state: marked(lang, words, is_this),
        accepted: sum(one.accepted),
        ordered: sum(one.amount),
        paid: one.paid.map_or_else(|| "—".to_owned(), sum),
        kept: sum(one.kept),
    }
}

/// In words, with what the case names marked.
pub(super) fn sold(lang: Lang, month: Month, subject: &str) -> Sold {
    let standing = &month.standing;
    let checks = standing.checks.iter();
    let payouts = standing.payouts.iter();
    Sold {
        period: standing.period.to_string(),
        asked: checks.map(|one| asked(lang, one, subject)).collect(),
        ordered: payouts.map(|one| ordered(lang, one, subject)).collect(),
        number: month.number_masked.unwrap_or_default(),
    }
}
