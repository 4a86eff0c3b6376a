//! The ways people come (EC-09, EC-15): what each offers and takes, what is asked of each kind of terminal
//! (EC-14), how it does, by which rule it is scored.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::accounts::Terminal;
use lifeline_core::channels::channel::{FOR_ANSWERING, FOR_DOING};
use lifeline_core::channels::{
    Change, Changed, ChannelError, Channels, Guard, Score, Shown, Takes, TerminalRow, TerminalScore,
};
use lifeline_core::insight::data::DataStanding;
use lifeline_core::insight::function::FUNCTIONS;
use lifeline_core::insight::{Channel, Function, Insight};
use lifeline_core::operators::Right;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::visitor::{Fields, Visitor, go_saying};
use super::who::Who;
use super::words::{Lang, known, say};
use crate::insight::has_route;

const MANAGE: Access = Access::May(Right::ManageCatalogue);
const HERE: &str = "/console/channels";

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.get(HERE, Access::May(Right::ReadSystem), list);
    pages.post(
        "/console/channels/{channel}/limit",
        MANAGE,
        "channels.limit",
        limit,
    );
    pages.post(
        "/console/terminals/{terminal}/guard",
        MANAGE,
        "channels.guard",
        guard,
    );
    pages.post(
        "/console/channels/{channel}/closings",
        MANAGE,
        "channels.close",
        close,
    );
    pages.post(
        "/console/channels/{channel}/openings",
        MANAGE,
        "channels.reopen",
        reopen,
    );
}

impl From<ChannelError> for Fault {
    fn from(error: ChannelError) -> Self {
        match error {
            ChannelError::Store(error) => error.into(),
            ChannelError::Figures(error) => {
                tracing::error!(%error, "console.channels");
                Self::Unavailable
            }
            ChannelError::Reason => Self::Invalid("fault.reason"),
            ChannelError::Function => Self::Invalid("fault.channel_function"),
            ChannelError::Limit => Self::Invalid("fault.channel_limit"),
            ChannelError::NotAsThingsStand => Self::Refused("fault.not_as_things_stand"),
        }
    }
}

struct Closed {
    name: &'static str,
    reason: String,
    by: String,
    at: String,
}

struct Scored {
    month: String,
    calls: i64,
    answered: String,
    done: String,
    points: i64,
}

/// A choice of what may be done at a terminal.
struct Choice {
    value: &'static str,
    word: String,
    is_set: bool,
}

struct Place {
    name: &'static str,
    word: String,
    takes: Vec<Choice>,
    confirms: bool,
    per_minute: String,
}

/// A kind of terminal in a month.
struct Kind {
    word: String,
    scored: Scored,
}

struct Way {
    name: &'static str,
    terminals: Vec<Place>,
    by_terminal: Vec<Kind>,
    per_minute: String,
    closed: Vec<Closed>,
    open: Vec<&'static str>,
    /// The month that runs, then those that are over.
    scores: Vec<Scored>,
}

/// What somebody of the staff changed, in words.
struct Past {
    about: &'static str,
    before: String,
    after: String,
    reason: String,
    by: String,
    at: String,
}

fn most_told(lang: Lang, per_minute: Option<i64>) -> String {
    let most = per_minute.map_or_else(
        || say(lang, "channels.no_limit").to_owned(),
        |most| most.to_string(),
    );
    format!("{} {most}", say(lang, "channels.limit"))
}

fn guard_told(lang: Lang, guard: Guard) -> String {
    let takes = known(lang, &format!("takes.{}", guard.takes.as_str()));
    let sure = guard.confirms.then(|| say(lang, "channels.confirms"));
    let mut told: Vec<String> = takes.into_iter().chain(sure).map(str::to_owned).collect();
    told.push(most_told(lang, guard.per_minute));
    told.join(" · ")
}

fn past(lang: Lang, change: &Change, who: &Who) -> Past {
    let (room, before, after) = match change.changed {
        Changed::Limit { before, after, .. } => {
            ("channel", most_told(lang, before), most_told(lang, after))
        }
        Changed::Guard { before, after, .. } => (
            "terminal",
            guard_told(lang, before),
            guard_told(lang, after),
        ),
    };
    let about = format!("{room}.{}", change.changed.subject());
    Past {
        about: known(lang, &about).unwrap_or(change.changed.subject()),
        before,
        after,
        reason: change.reason.clone(),
        by: who.called(&change.changed_by),
        at: change.changed_at.alipay_text(),
    }
}

/// `98.7`, of a thousand.
fn percent(permille: i64) -> String {
    format!("{}.{}", permille.div_euclid(10), permille.rem_euclid(10))
}

fn scored(score: &Score) -> Scored {
    Scored {
        month: score.month.clone(),
        calls: score.calls,
        answered: percent(score.answered_permille),
        done: percent(score.done_permille),
        points: score.points,
    }
}

fn kind(one: &TerminalScore) -> Kind {
    Kind {
        word: format!("terminal.{}", one.terminal.as_str()),
        scored: scored(&one.score),
    }
}

fn place(row: &TerminalRow) -> Place {
    let choice = |takes: Takes| Choice {
        value: takes.as_str(),
        word: format!("takes.{}", takes.as_str()),
        is_set: row.takes == takes,
    };
    Place {
        name: row.terminal.as_str(),
        word: format!("terminal.{}", row.terminal.as_str()),
        takes: Takes::ALL.into_iter().map(choice).collect(),
        confirms: row.confirms,
        per_minute: row
            .per_minute
            .map_or(String::new(), |most| most.to_string()),
    }
}

fn way(shown: &Shown, who: &Who) -> Way {
    let closed = shown.closings.iter().map(|one| Closed {
        name: Function::numbered(one.function).name,
        reason: one.reason.clone(),
        by: who.called(&one.closed_by),
        at: one.closed_at.alipay_text(),
    });
    let is_closed = |number: i64| shown.closings.iter().any(|one| one.function == number);
    let open = FUNCTIONS
        .iter()
        .filter(|one| !matches!(one.name, "other" | "sign_in") && has_route(one))
        .filter(|one| !is_closed(one.number));
    let scores = shown.running.iter().chain(&shown.scores);
    Way {
        name: shown.row.channel.as_str(),
        terminals: shown.terminals.iter().map(place).collect(),
        by_terminal: shown.by_terminal.iter().map(kind).collect(),
        per_minute: shown
            .row
            .per_minute
            .map_or(String::new(), |most| most.to_string()),
        closed: closed.collect(),
        open: open.map(|one| one.name).collect(),
        scores: scores.map(scored).collect(),
    }
}

#[derive(Template)]
#[template(path = "console/channels.html")]
struct ChannelsPage {
    frame: Frame,
    ways: Vec<Way>,
    /// The newest first.
    changes: Vec<Past>,
    /// None where it cannot be counted now; what is done here is done nevertheless.
    data: Option<DataStanding>,
    /// Of a hundred homes, whose copy is fresh; empty when nobody is linked.
    fresh: String,
    may: bool,
    for_answering: i64,
    for_doing: i64,
}

async fn list(
    visitor: Visitor,
    channels: web::Data<Channels>,
    insight: web::Data<Insight>,
) -> Result<HttpResponse, Fault> {
    let all = channels.all().await?;
    let changes = channels.changes().await?;
    // It counts whole tables: whoever closes a channel because the store is busy must reach this page.
    let data = match insight.data().await {
        Ok(data) => Some(data),
        Err(error) => {
            tracing::warn!(%error, "console.channels.data");
            None
        }
    };
    let fresh = data.as_ref().and_then(DataStanding::fresh_permille);
    let who = Who::all(&visitor.operators).await?;
    Ok(page(&ChannelsPage {
        frame: Frame::of(&visitor, "channels.title"),
        ways: all.iter().map(|shown| way(shown, &who)).collect(),
        changes: changes
            .iter()
            .map(|change| past(visitor.lang, change, &who))
            .collect(),
        fresh: fresh.map_or(String::new(), percent),
        data,
        may: visitor.acting.may(Right::ManageCatalogue),
        for_answering: FOR_ANSWERING,
        for_doing: FOR_DOING,
    }))
}

fn channel(text: &str) -> Result<Channel, Fault> {
    Channel::parse(text).ok_or(Fault::NotFound)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Most {
    per_minute: String,
    reason: String,
}

async fn limit(
    visitor: Visitor,
    channels: web::Data<Channels>,
    path: web::Path<String>,
    fields: Fields<Most>,
) -> Result<HttpResponse, Fault> {
    let channel = channel(&path)?;
    let Most { per_minute, reason } = &fields.0;
    let per_minute = most(per_minute)?;
    channels
        .limit(&visitor.acting, channel, per_minute, reason)
        .await?;
    Ok(go_saying(HERE, "said.channel_kept"))
}

/// A limit as it is typed; nothing is none.
fn most(typed: &str) -> Result<Option<i64>, Fault> {
    if typed.is_empty() {
        return Ok(None);
    }
    let most = typed.parse();
    most.map(Some)
        .map_err(|_| Fault::Invalid("fault.channel_limit"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Guarding {
    takes: String,
    /// A box that is not ticked is not sent.
    confirms: Option<String>,
    per_minute: String,
    reason: String,
}

async fn guard(
    visitor: Visitor,
    channels: web::Data<Channels>,
    path: web::Path<String>,
    fields: Fields<Guarding>,
) -> Result<HttpResponse, Fault> {
    let terminal = Terminal::parse(&path).ok_or(Fault::NotFound)?;
    let asked = Guard {
        takes: Takes::parse(&fields.0.takes).ok_or(Fault::Invalid("fault.terminal_takes"))?,
        confirms: fields.0.confirms.is_some(),
        per_minute: most(&fields.0.per_minute)?,
    };
    let reason = &fields.0.reason;
    channels
        .guard(&visitor.acting, terminal, asked, reason)
        .await?;
    Ok(go_saying(HERE, "said.channel_kept"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Closing {
    function: String,
    reason: String,
}

async fn close(
    visitor: Visitor,
    channels: web::Data<Channels>,
    path: web::Path<String>,
    fields: Fields<Closing>,
) -> Result<HttpResponse, Fault> {
    let channel = channel(&path)?;
    let Closing { function, reason } = &fields.0;
    if !Function::named(function).is_some_and(has_route) {
        return Err(Fault::Invalid("fault.channel_function"));
    }
    channels
        .close(&visitor.acting, channel, function, reason)
        .await?;
    Ok(go_saying(HERE, "said.channel_kept"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    function: String,
}

async fn reopen(
    visitor: Visitor,
    channels: web::Data<Channels>,
    path: web::Path<String>,
    fields: Fields<Opening>,
) -> Result<HttpResponse, Fault> {
    let channel = channel(&path)?;
    channels
        .reopen(&visitor.acting, channel, &fields.0.function)
        .await?;
    Ok(go_saying(HERE, "said.channel_kept"))
}
