//! The form of a publication: one for all kinds, of which each shows its own fields.

use askama::Template;
use lifeline_core::publications::content::Content;
use lifeline_core::publications::desk::Manuscript;
use lifeline_core::publications::edition::{Edition, Publication, Window};
use lifeline_core::publications::kind::{
    App, Article, Facts, Kind, Outage, OutageKind, Outlet, Place,
};
use lifeline_core::publications::lines;
use lifeline_core::shared::time::Time;
use serde::Deserialize;

use super::articles::kind_word;
use super::fault::Fault;
use super::frame::Frame;

/// What is typed; fields of other kinds stay empty.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Form {
    kind: String,
    seen: String,
    pub(super) region: String,
    title: String,
    summary: String,
    text: String,
    shown_from: String,
    shown_to: String,
    address: String,
    phone: String,
    hours: String,
    services: String,
    latitude: String,
    longitude: String,
    outage_kind: String,
    area: String,
    lines: String,
    org_nos: String,
    begins_at: String,
    ends_at: String,
    cause: String,
    over: String,
    url: String,
    publisher: String,
    picture: String,
    source: String,
    source_url: String,
    document_no: String,
}

const FACTS: Fault = Fault::Invalid("fault.article_facts");
const PLACE: Fault = Fault::Invalid("fault.article_place");
const TIMES: Fault = Fault::Invalid("fault.article_times");
const WINDOW: Fault = Fault::Invalid("fault.article_window");

/// `2026-11-20T10:01`, as a browser sends a moment; it is meant in Shanghai.
fn moment(text: &str) -> Option<Time> {
    Time::parse_alipay(&format!("{}:00", text.replace('T', " "))).ok()
}

fn typed(at: Time) -> String {
    at.rfc3339().chars().take(16).collect()
}

/// Millionths of a degree of `42.265`.
fn degrees(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || part.len() > 6 || !digits(whole) || !digits(part) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let part: i64 = format!("{part:0<6}").parse().ok()?;
    whole
        .checked_mul(1_000_000)?
        .checked_add(part)?
        .checked_mul(sign)
}

fn in_degrees(e6: i64) -> String {
    let sign = if e6 < 0 { "-" } else { "" };
    format!("{sign}{}.{:06}", e6.abs() / 1_000_000, e6.abs() % 1_000_000)
}

/// Names with commas, Chinese or not.
fn names(text: &str) -> Vec<String> {
    let each = text.split(['、', ',', '，', ';', '；']);
    let own = each.map(str::trim).filter(|name| !name.is_empty());
    own.map(str::to_owned).collect()
}

fn given(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

impl Form {
    pub(super) fn kind(&self) -> Option<Kind> {
        Kind::parse(&self.kind)
    }

    /// The version of the publication that the form was made from.
    pub(super) fn seen(&self) -> Result<i64, Fault> {
        self.seen.parse().map_err(|_| Fault::Unreadable)
    }

    /// What it says, as a publication of `kind`.
    pub(super) fn manuscript(&self, kind: Kind, now: Time) -> Result<Manuscript, Fault> {
        let window = Window {
            from: given(&self.shown_from).map_or(Ok(now), |at| moment(&at).ok_or(WINDOW))?,
            to: given(&self.shown_to)
                .map(|at| moment(&at).ok_or(WINDOW))
                .transpose()?,
        };
        Ok(Manuscript {
            content: Content {
                title: self.title.trim().to_owned(),
                summary: self.summary.trim().to_owned(),
                blocks: lines::read(&self.text),
                facts: self.read_facts(kind)?,
            },
            window,
        })
    }

    fn read_facts(&self, kind: Kind) -> Result<Facts, Fault> {
        let own = |text: &str| text.trim().to_owned();
        Ok(match kind {
            Kind::Outlet => Facts::Outlet(Outlet {
                address: own(&self.address),
                phone: own(&self.phone),
                hours: own(&self.hours),
                services: names(&self.services),
                place: Place {
                    latitude_e6: degrees(&self.latitude).ok_or(PLACE)?,
                    longitude_e6: degrees(&self.longitude).ok_or(PLACE)?,
                },
            }),
            Kind::Outage => Facts::Outage(Outage {
                kind: match self.outage_kind.as_str() {
                    "planned" => OutageKind::Planned,
                    "temporary" => OutageKind::Temporary,
                    "fault" => OutageKind::Fault,
                    _ => return Err(FACTS),
                },
                area: own(&self.area),
                lines: names(&self.lines),
                org_nos: names(&self.org_nos),
                begins_at: moment(&self.begins_at).ok_or(TIMES)?,
                ends_at: moment(&self.ends_at).ok_or(TIMES)?,
                cause: own(&self.cause),
                over: self.over == "yes",
            }),
            Kind::App => Facts::App(App {
                url: own(&self.url),
                icon: given(&self.picture),
                publisher: own(&self.publisher),
            }),
            _ => Facts::Article(Article {
                source: given(&self.source),
                source_url: given(&self.source_url),
                document_no: given(&self.document_no),
                cover: given(&self.picture),
            }),
        })
    }

    /// What is typed to have this edition.
    pub(super) fn of(publication: &Publication, edition: &Edition) -> Self {
        let mut form = Self {
            kind: publication.kind.as_str().to_owned(),
            seen: publication.version.to_string(),
            region: publication.region.clone(),
            title: edition.content.title.clone(),
            summary: edition.content.summary.clone(),
            text: lines::write(&edition.content.blocks),
            shown_from: typed(edition.window.from),
            shown_to: edition.window.to.map(typed).unwrap_or_default(),
            ..Self::default()
        };
        match edition.content.facts.clone() {
            Facts::Outlet(outlet) => {
                form.address = outlet.address;
                form.phone = outlet.phone;
                form.hours = outlet.hours;
                form.services = outlet.services.join("、");
                form.latitude = in_degrees(outlet.place.latitude_e6);
                form.longitude = in_degrees(outlet.place.longitude_e6);
            }
            Facts::Outage(outage) => {
                form.outage_kind = outage.kind.as_str().to_owned();
                form.area = outage.area;
                form.lines = outage.lines.join("、");
                form.org_nos = outage.org_nos.join("、");
                form.begins_at = typed(outage.begins_at);
                form.ends_at = typed(outage.ends_at);
                form.cause = outage.cause;
                form.over = if outage.over { "yes" } else { "" }.to_owned();
            }
            Facts::App(app) => {
                form.url = app.url;
                form.publisher = app.publisher;
                form.picture = app.icon.unwrap_or_default();
            }
            Facts::Article(article) => {
                form.source = article.source.unwrap_or_default();
                form.source_url = article.source_url.unwrap_or_default();
                form.document_no = article.document_no.unwrap_or_default();
                form.picture = article.cover.unwrap_or_default();
            }
        }
        form
    }

    /// The fields of a kind beside its text, by name.
    pub(super) fn facts(&self, kind: Kind) -> Vec<(&'static str, String)> {
        let fields: &[(&'static str, &String)] = match kind {
            Kind::Outlet => &[
                ("address", &self.address),
                ("phone", &self.phone),
                ("hours", &self.hours),
                ("services", &self.services),
                ("latitude", &self.latitude),
                ("longitude", &self.longitude),
            ],
            Kind::Outage => &[
                ("outage_kind", &self.outage_kind),
                ("area", &self.area),
                ("lines", &self.lines),
                ("org_nos", &self.org_nos),
                ("begins_at", &self.begins_at),
                ("ends_at", &self.ends_at),
                ("cause", &self.cause),
                ("over", &self.over),
            ],
            Kind::App => &[
                ("url", &self.url),
                ("publisher", &self.publisher),
                ("picture", &self.picture),
            ],
            _ => &[
                ("source", &self.source),
                ("source_url", &self.source_url),
                ("document_no", &self.document_no),
                ("picture", &self.picture),
            ],
        };
        let own = |(name, value): &(&'static str, &String)| (*name, (*value).clone());
        fields.iter().map(own).collect()
    }
}

/// One field of the form, as the template draws it.
pub(super) struct Field {
    name: &'static str,
    label: String,
    value: String,
    /// `text`, `moment`, `outage_kind` or `tick`.
    sort: &'static str,
}

fn field((name, value): (&'static str, String)) -> Field {
    Field {
        name,
        label: format!("article.field.{name}"),
        value,
        sort: match name {
            "begins_at" | "ends_at" => "moment",
            "outage_kind" => "outage_kind",
            "over" => "tick",
            _ => "text",
        },
    }
}

#[derive(Template)]
#[template(path = "console/article_form.html")]
pub(super) struct FormPage {
    frame: Frame,
    action: String,
    kind: &'static str,
    kind_word: String,
    seen: Option<i64>,
    region: String,
    title: String,
    summary: String,
    text: String,
    shown_from: String,
    shown_to: String,
    facts: Vec<Field>,
}

impl FormPage {
    /// `at` is the publication that is written on, and its version; absent for a new one.
    pub(super) fn new(frame: Frame, kind: Kind, form: &Form, at: Option<(&str, i64)>) -> Self {
        Self {
            frame,
            action: match at {
                Some((id, _)) => format!("/console/articles/{id}/edit"),
                None => "/console/articles".to_owned(),
            },
            kind: kind.as_str(),
            kind_word: kind_word(kind),
            seen: at.map(|(_, seen)| seen),
            region: form.region.clone(),
            title: form.title.clone(),
            summary: form.summary.clone(),
            text: form.text.clone(),
            shown_from: form.shown_from.clone(),
            shown_to: form.shown_to.clone(),
            facts: form.facts(kind).into_iter().map(field).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_read_exactly_and_nothing_else_is() {
        assert_eq!(degrees("42.265"), Some(42_265_000));
        assert_eq!(degrees("-118.9"), Some(-118_900_000));
        assert_eq!(degrees("7"), Some(7_000_000));
        for bad in ["", ".5", "1e3", "42.2650001", "0x1", "4 2", "1234"] {
            assert_eq!(degrees(bad), None, "{bad}");
        }
        assert_eq!(degrees(&in_degrees(-1)), Some(-1));
    }

    #[test]
    fn a_moment_is_meant_in_shanghai() {
        let at = moment("2026-11-20T10:01").unwrap();
        assert_eq!(at.rfc3339(), "2026-11-20T10:01:00+08:00");
        assert_eq!(typed(at), "2026-11-20T10:01");
        assert!(moment("20.11.2026 10:01").is_none());
    }
}
