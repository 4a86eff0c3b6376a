//! The twelve kinds of public information, and what each states beside its text.

use serde::{Deserialize, Serialize};

use crate::shared::text::{self, Fault, faults_in};
use crate::shared::time::Time;

/// What a publication is (LN-11..17, LN-22..26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A business outlet (LN-11).
    Outlet,
    /// A planned, temporary or fault outage (LN-12).
    Outage,
    /// Another program of the utility (LN-13).
    App,
    /// LN-14
    News,
    /// LN-15
    Faq,
    /// LN-16
    Knowledge,
    /// How to begin (LN-17).
    Guide,
    /// LN-22
    Policy,
    /// LN-23
    GridNews,
    /// LN-24
    IndustryNews,
    /// LN-25
    Technology,
    /// A typical case (LN-26).
    Case,
}

impl Kind {
    pub const ALL: [Self; 12] = [
        Self::Outlet,
        Self::Outage,
        Self::App,
        Self::News,
        Self::Faq,
        Self::Knowledge,
        Self::Guide,
        Self::Policy,
        Self::GridNews,
        Self::IndustryNews,
        Self::Technology,
        Self::Case,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Outlet => "outlet",
            Self::Outage => "outage",
            Self::App => "app",
            Self::News => "news",
            Self::Faq => "faq",
            Self::Knowledge => "knowledge",
            Self::Guide => "guide",
            Self::Policy => "policy",
            Self::GridNews => "grid_news",
            Self::IndustryNews => "industry_news",
            Self::Technology => "technology",
            Self::Case => "case",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether it is read as an article; outlets, outages and apps have lists of their own.
    #[must_use]
    pub const fn is_article(self) -> bool {
        !matches!(self, Self::Outlet | Self::Outage | Self::App)
    }
}

/// What a publication states beside its text. The variant belongs to the kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case", deny_unknown_fields)]
pub enum Facts {
    Outlet(Outlet),
    Outage(Outage),
    App(App),
    Article(Article),
}

/// Where an outlet is and when it is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outlet {
    pub address: String,
    pub phone: String,
    pub hours: String,
    /// What can be done there.
    #[serde(default)]
    pub services: Vec<String>,
    pub place: Place,
}

/// A point on the map (GCJ-02, as Chinese maps use it), in millionths of a degree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub latitude_e6: i64,
    pub longitude_e6: i64,
}

/// Why the power is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutageKind {
    Planned,
    Temporary,
    Fault,
}

impl OutageKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Temporary => "temporary",
            Self::Fault => "fault",
        }
    }
}

/// An outage: where, when, why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    pub kind: OutageKind,
    pub area: String,
    /// The lines that are off.
    #[serde(default)]
    pub lines: Vec<String>,
    /// The supply offices concerned, as the archive numbers them: how a home finds its outages.
    pub org_nos: Vec<String>,
    #[serde(default)]
    pub begins_at: Time,
    /// Expected, for a fault.
    #[serde(default)]
    pub ends_at: Time,
    pub cause: String,
    /// Power is back, or the work was called off.
    #[serde(default)]
    pub over: bool,
}

/// Another program of the utility.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    pub url: String,
    #[serde(default)]
    pub icon: Option<String>,
    pub publisher: String,
}

/// Where an article comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Article {
    #[serde(default)]
    pub source: Option<String>,
    #[serde(default)]
    pub source_url: Option<String>,
    /// The number of a policy document.
    #[serde(default)]
    pub document_no: Option<String>,
    #[serde(default)]
    pub cover: Option<String>,
}

/// How many lines, offices or services one row may name.
pub const NAMES_MAX: usize = 40;

impl Facts {
    /// Whether these are facts a publication of this kind states.
    #[must_use]
    pub const fn belong_to(&self, kind: Kind) -> bool {
        match self {
            Self::Outlet(_) => matches!(kind, Kind::Outlet),
            Self::Outage(_) => matches!(kind, Kind::Outage),
            Self::App(_) => matches!(kind, Kind::App),
            Self::Article(_) => kind.is_article(),
        }
    }

    /// What is wrong with them, field by field.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        match self {
            Self::Outlet(outlet) => outlet.faults(),
            Self::Outage(outage) => outage.faults(),
            Self::App(app) => {
                let mut faults = faults_in("facts.publisher", &app.publisher, 1, text::LINE_MAX);
                if !text::is_link(&app.url) && !text::is_app_link(&app.url) {
                    faults.push(Fault::new("facts.url", "link"));
                }
                faults
            }
            Self::Article(article) => article.faults(),
        }
    }

    /// What of them a search finds.
    #[must_use]
    pub fn searched(&self) -> Vec<&str> {
        match self {
            Self::Outlet(outlet) => {
                let mut found = vec![outlet.address.as_str()];
                found.extend(outlet.services.iter().map(String::as_str));
                found
            }
            Self::Outage(outage) => {
                let mut found = vec![outage.area.as_str(), outage.cause.as_str()];
                found.extend(outage.lines.iter().map(String::as_str));
                found
            }
            Self::App(app) => vec![app.publisher.as_str()],
            Self::Article(article) => [&article.source, &article.document_no]
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect(),
        }
    }

    /// The pictures it shows.
    #[must_use]
    pub fn pictures(&self) -> Vec<&str> {
        match self {
            Self::App(app) => app.icon.iter().map(String::as_str).collect(),
            Self::Article(article) => article.cover.iter().map(String::as_str).collect(),
            Self::Outlet(_) | Self::Outage(_) => Vec::new(),
        }
    }
}

impl Outlet {
    fn faults(&self) -> Vec<Fault> {
        let mut faults = faults_in("facts.address", &self.address, 1, text::LINE_MAX);
        faults.extend(faults_in("facts.hours", &self.hours, 1, text::LINE_MAX));
        let dialled = |c: char| c.is_ascii_digit() || c == '-';
        if !(3..=20).contains(&self.phone.len()) || !self.phone.chars().all(dialled) {
            faults.push(Fault::new("facts.phone", "phone"));
        }
        faults.extend(names("facts.services", &self.services, 0));
        let (latitude, longitude) = (self.place.latitude_e6, self.place.longitude_e6);
        if !(-90_000_000..=90_000_000).contains(&latitude)
            || !(-180_000_000..=180_000_000).contains(&longitude)
        {
            faults.push(Fault::new("facts.place", "range"));
        }
        faults
    }
}

impl Outage {
    fn faults(&self) -> Vec<Fault> {
        let mut faults = faults_in("facts.area", &self.area, 1, text::SUMMARY_MAX);
        faults.extend(faults_in("facts.cause", &self.cause, 1, text::LINE_MAX));
        faults.extend(names("facts.lines", &self.lines, 0));
        faults.extend(names("facts.org_nos", &self.org_nos, 1));
        let office = |org_no: &String| (4..=12).contains(&org_no.len()) && text::is_digits(org_no);
        if !self.org_nos.iter().all(office) {
            faults.push(Fault::new("facts.org_nos", "digits"));
        }
        if self.ends_at <= self.begins_at {
            faults.push(Fault::new("facts.ends_at", "order"));
        }
        faults
    }
}

impl Article {
    fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (field, value) in [
            ("facts.source", &self.source),
            ("facts.document_no", &self.document_no),
        ] {
            if let Some(value) = value {
                faults.extend(faults_in(field, value, 1, text::LINE_MAX));
            }
        }
        if self
            .source_url
            .as_deref()
            .is_some_and(|url| !text::is_link(url))
        {
            faults.push(Fault::new("facts.source_url", "link"));
        }
        faults
    }
}

fn names(field: &'static str, list: &[String], least: usize) -> Vec<Fault> {
    if !(least..=NAMES_MAX).contains(&list.len()) {
        return vec![Fault::new(field, "count")];
    }
    let each = |name: &String| faults_in(field, name, 1, text::LINE_MAX);
    list.iter().flat_map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_word() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::parse("Outlet"), None);
    }

    #[test]
    fn facts_belong_to_their_kind_only() {
        let article = Facts::Article(Article::default());
        let fits = |facts: &Facts| {
            Kind::ALL
                .iter()
                .filter(|kind| facts.belong_to(**kind))
                .count()
        };
        assert_eq!(fits(&article), 9);
        let app = Facts::App(App {
            url: "https://95598.example.cn/app".into(),
            icon: None,
            publisher: "国网蒙东电力".into(),
        });
        assert_eq!(fits(&app), 1);
        assert!(app.faults().is_empty());
    }

    #[test]
    fn an_app_opens_by_https_or_in_alipay_and_by_nothing_else() {
        let faults = |url: &str| {
            Facts::App(App {
                url: url.into(),
                icon: None,
                publisher: "x".into(),
            })
            .faults()
        };
        assert!(faults("alipays://platformapi/startapp?appId=2021000000000001").is_empty());
        for bad in [
            "http://plain.example.cn",
            "javascript:alert(1)",
            "alipays://platformapi/other?x=1",
            "https://user@host.example.cn/",
            "https://a b",
            "data:text/html,x",
        ] {
            assert!(!faults(bad).is_empty(), "{bad}");
        }
    }

    #[test]
    fn an_outage_ends_after_it_begins_and_names_offices() {
        let at = Time::from_micros(1_800_000_000_000_000);
        let outage = |ends_at, org_nos: &[&str]| {
            Facts::Outage(Outage {
                kind: OutageKind::Planned,
                area: "x".into(),
                lines: Vec::new(),
                org_nos: org_nos.iter().map(|&no| no.to_owned()).collect(),
                begins_at: at,
                ends_at,
                cause: "x".into(),
                over: false,
            })
            .faults()
        };
        assert!(outage(at.plus_seconds(1), &["1504010"]).is_empty());
        assert!(!outage(at, &["1504010"]).is_empty());
        assert!(!outage(at.plus_seconds(1), &[]).is_empty());
        assert!(!outage(at.plus_seconds(1), &["15O4010"]).is_empty());
        let many = vec!["1504010"; NAMES_MAX];
        assert!(outage(at.plus_seconds(1), &many).is_empty());
        let more = vec!["1504010"; NAMES_MAX + 1];
        assert!(!outage(at.plus_seconds(1), &more).is_empty());
    }
}
