//! What the routes of `publications` read and say.

use lifeline_core::publications::content::Block;
use lifeline_core::publications::kind::{App, Article, Facts, Kind, Outage, Outlet};
use lifeline_core::publications::reading::{Listed, Shown};
use lifeline_core::publications::search::QUESTION_MAX;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::edge::cursor::PageQuery;
use crate::edge::{Code, Problem};

/// `?kind=&q=&limit=&cursor=`
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ArticlesQuery {
    /// One of `news`, `faq`, `knowledge`, `guide`, `policy`, `grid_news`, `industry_news`, `technology`, `case`; absent
    /// with `q`: a search over everything that is public.
    pub kind: Option<String>,
    /// What must be in the text; at most 40 characters.
    #[param(max_length = 40)]
    pub q: Option<String>,
    /// 1 to 100, default 20.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// `?q=&limit=&cursor=`
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FindQuery {
    /// What must be in the text; at most 40 characters.
    #[param(max_length = 40)]
    pub q: Option<String>,
    /// 1 to 100, default 20.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// One list, understood.
pub(super) struct Asked {
    pub kind: Option<Kind>,
    pub question: Option<String>,
    pub page: PageQuery,
}

impl Asked {
    /// Cursors of one list do not open another.
    pub(super) fn scope(&self) -> String {
        let kind = self.kind.map_or("all", Kind::as_str);
        format!(
            "publications:{kind}:{}",
            self.question.as_deref().unwrap_or("")
        )
    }
}

fn question(text: Option<String>) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if text.chars().count() > QUESTION_MAX => {
            let at_most = "at most 40 characters";
            Err(Problem::new(Code::InvalidQuery).field("q", "length", at_most))
        }
        // An empty box is no question.
        Some(text) if text.trim().is_empty() => Ok(None),
        asked => Ok(asked),
    }
}

impl ArticlesQuery {
    pub(super) fn parse(self) -> Result<Asked, Problem> {
        let kind = match self.kind.as_deref().map(Kind::parse) {
            None => None,
            Some(Some(kind)) if kind.is_article() => Some(kind),
            Some(_) => {
                let refused = Problem::new(Code::InvalidQuery);
                return Err(refused.field("kind", "invalid", "one of the kinds of article"));
            }
        };
        Ok(Asked {
            kind,
            question: question(self.q)?,
            page: PageQuery {
                limit: self.limit,
                cursor: self.cursor,
            },
        })
    }
}

impl FindQuery {
    pub(super) fn parse(self, kind: Kind) -> Result<Asked, Problem> {
        Ok(Asked {
            kind: Some(kind),
            question: question(self.q)?,
            page: PageQuery {
                limit: self.limit,
                cursor: self.cursor,
            },
        })
    }
}

/// A row of a list of articles, or of a search over everything.
#[derive(Serialize, ToSchema)]
pub(super) struct ListedView {
    pub publication_id: String,
    #[schema(example = "news")]
    pub kind: &'static str,
    pub title: String,
    pub summary: String,
    /// Where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Opens by `GET /v1/pictures/{picture_id}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cover_picture_id: Option<String>,
    pub published_at: String,
}

impl ListedView {
    pub(super) fn of(listed: Listed) -> Self {
        let article = match listed.facts {
            Facts::Article(article) => article,
            Facts::App(app) => Article {
                cover: app.icon,
                source: Some(app.publisher),
                ..Article::default()
            },
            Facts::Outlet(_) | Facts::Outage(_) => Article::default(),
        };
        Self {
            publication_id: listed.publication_id.to_string(),
            kind: listed.kind.as_str(),
            title: listed.title,
            summary: listed.summary,
            source: article.source,
            cover_picture_id: article.cover,
            published_at: listed.published_at.rfc3339(),
        }
    }
}

/// One piece of a text. Every text is plain: nothing in it is markup.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum BlockView {
    Heading {
        text: String,
    },
    Paragraph {
        text: String,
    },
    /// Points without an order.
    List {
        items: Vec<String>,
    },
    /// One after the other.
    Steps {
        items: Vec<String>,
    },
    Link {
        text: String,
        url: String,
    },
    Picture {
        picture_id: String,
        alt: String,
    },
}

impl BlockView {
    fn of(block: Block) -> Self {
        match block {
            Block::Heading { text } => Self::Heading { text },
            Block::Paragraph { text } => Self::Paragraph { text },
            Block::List { items } => Self::List { items },
            Block::Steps { items } => Self::Steps { items },
            Block::Link { text, url } => Self::Link { text, url },
            Block::Picture { picture_id, alt } => Self::Picture { picture_id, alt },
        }
    }
}

/// One whole text of any kind.
#[derive(Serialize, ToSchema)]
pub(super) struct ArticleView {
    pub publication_id: String,
    pub kind: &'static str,
    pub title: String,
    pub summary: String,
    pub blocks: Vec<BlockView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// Of a policy document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_no: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outlet: Option<PlaceView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outage: Option<OffView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<ProgramView>,
    pub published_at: String,
    /// Rises with every edition.
    pub edition: i64,
}

impl ArticleView {
    pub(super) fn of(shown: Shown) -> Self {
        let mut view = Self {
            publication_id: shown.publication_id.to_string(),
            kind: shown.kind.as_str(),
            title: shown.content.title,
            summary: shown.content.summary,
            blocks: shown
                .content
                .blocks
                .into_iter()
                .map(BlockView::of)
                .collect(),
            source: None,
            source_url: None,
            document_no: None,
            outlet: None,
            outage: None,
            app: None,
            published_at: shown.published_at.rfc3339(),
            edition: shown.edition,
        };
        match shown.content.facts {
            Facts::Outlet(outlet) => view.outlet = Some(PlaceView::of(outlet)),
            Facts::Outage(outage) => view.outage = Some(OffView::of(outage)),
            Facts::App(app) => view.app = Some(ProgramView::of(app)),
            Facts::Article(article) => {
                view.source = article.source;
                view.source_url = article.source_url;
                view.document_no = article.document_no;
            }
        }
        view
    }
}

/// Where an outlet is and when it is open.
#[derive(Serialize, ToSchema)]
pub(super) struct PlaceView {
    pub address: String,
    pub phone: String,
    pub hours: String,
    pub services: Vec<String>,
    /// GCJ-02, as Chinese maps use it; decimal degrees.
    #[schema(example = "42.265000")]
    pub latitude: String,
    #[schema(example = "118.921000")]
    pub longitude: String,
}

impl PlaceView {
    fn of(outlet: Outlet) -> Self {
        Self {
            address: outlet.address,
            phone: outlet.phone,
            hours: outlet.hours,
            services: outlet.services,
            latitude: degrees(outlet.place.latitude_e6),
            longitude: degrees(outlet.place.longitude_e6),
        }
    }
}

/// Millionths of a degree as decimal degrees.
fn degrees(millionths: i64) -> String {
    let (whole, part) = (millionths.abs() / 1_000_000, millionths.abs() % 1_000_000);
    let sign = if millionths < 0 { "-" } else { "" };
    format!("{sign}{whole}.{part:06}")
}

/// Where, when and why the power is off.
#[derive(Serialize, ToSchema)]
pub(super) struct OffView {
    /// `planned`, `temporary` or `fault`.
    #[schema(example = "planned")]
    pub kind: &'static str,
    pub area: String,
    pub lines: Vec<String>,
    pub begins_at: String,
    /// Expected, for a fault.
    pub ends_at: String,
    pub cause: String,
    /// Power is back before its time, or the work was called off.
    pub over: bool,
}

impl OffView {
    fn of(outage: Outage) -> Self {
        Self {
            kind: outage.kind.as_str(),
            area: outage.area,
            lines: outage.lines,
            begins_at: outage.begins_at.rfc3339(),
            ends_at: outage.ends_at.rfc3339(),
            cause: outage.cause,
            over: outage.over,
        }
    }
}

/// Another program of the utility.
#[derive(Serialize, ToSchema)]
pub(super) struct ProgramView {
    /// `https`, or `alipays` for a mini-program.
    pub url: String,
    pub publisher: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon_picture_id: Option<String>,
}

impl ProgramView {
    fn of(app: App) -> Self {
        Self {
            url: app.url,
            publisher: app.publisher,
            icon_picture_id: app.icon,
        }
    }
}

macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident $page:ident: $view:ident from $facts:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Serialize, ToSchema)]
        pub(super) struct $name {
            pub publication_id: String,
            pub title: String,
            pub summary: String,
            #[serde(flatten)]
            pub facts: $view,
            pub published_at: String,
        }

        impl $name {
            /// Absent for a row of another kind, which this list does not hold.
            pub(super) fn of(listed: Listed) -> Option<Self> {
                let Facts::$facts(facts) = listed.facts else {
                    return None;
                };
                Some(Self {
                    publication_id: listed.publication_id.to_string(),
                    title: listed.title,
                    summary: listed.summary,
                    facts: $view::of(facts),
                    published_at: listed.published_at.rfc3339(),
                })
            }
        }

        /// A page of them.
        #[derive(Serialize, ToSchema)]
        pub(super) struct $page {
            pub items: Vec<$name>,
            pub next_cursor: Option<String>,
        }
    )*};
}

rows! {
    /// A business outlet.
    OutletView OutletsView: PlaceView from Outlet;
    /// An outage that is going on or to come.
    OutageView OutagesView: OffView from Outage;
    /// Another program of the utility.
    AppView AppsView: ProgramView from App;
}

/// The outages of one home, the first to end first.
#[derive(Serialize, ToSchema)]
pub(super) struct HomeOutagesView {
    pub items: Vec<OutageView>,
    pub next_cursor: Option<String>,
    /// The archive does not say which office supplies the home: `items` is empty, which says nothing.
    pub office_unknown: bool,
}

/// A page of articles.
#[derive(Serialize, ToSchema)]
pub(super) struct ArticlesView {
    pub items: Vec<ListedView>,
    pub next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(kind: Option<&str>, q: Option<&str>) -> Result<Asked, Problem> {
        ArticlesQuery {
            kind: kind.map(str::to_owned),
            q: q.map(str::to_owned),
            limit: None,
            cursor: None,
        }
        .parse()
    }

    #[test]
    fn a_list_is_of_a_kind_of_article() {
        assert_eq!(asked(Some("faq"), None).unwrap().kind, Some(Kind::Faq));
        assert!(asked(None, Some("停电")).unwrap().kind.is_none());
        for bad in ["outlet", "FAQ", ""] {
            assert_eq!(
                asked(Some(bad), None).err().map(|p| p.code()),
                Some(Code::InvalidQuery)
            );
        }
    }

    #[test]
    fn a_question_has_forty_characters_and_an_empty_box_asks_nothing() {
        assert!(asked(None, Some(&"电".repeat(QUESTION_MAX))).is_ok());
        assert!(asked(None, Some(&"电".repeat(QUESTION_MAX + 1))).is_err());
        assert_eq!(asked(None, Some("  ")).unwrap().question, None);
    }

    #[test]
    fn degrees_keep_their_sign_and_six_places() {
        assert_eq!(degrees(118_921_000), "118.921000");
        assert_eq!(degrees(-1), "-0.000001");
    }
}
