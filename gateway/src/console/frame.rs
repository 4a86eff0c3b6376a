//! What every page has around it: where one can go, who one is, which language.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use lifeline_core::operators::Right;

use super::visitor::Visitor;
use super::words::{Lang, known, say};

/// One way to go, shown to whoever has its right.
struct Way {
    word: &'static str,
    href: &'static str,
    right: Right,
}

/// The left side, in its order. A room adds its line here with its pages.
static WAYS: &[Way] = &[
    Way {
        word: "nav.today",
        href: "/console",
        right: Right::Overview,
    },
    Way {
        word: "nav.statistics",
        href: "/console/statistics",
        right: Right::ReadStatistics,
    },
    Way {
        word: "nav.followers",
        href: "/console/followers",
        right: Right::ReadStatistics,
    },
    Way {
        word: "nav.reports",
        href: "/console/reports",
        right: Right::ReadStatistics,
    },
    Way {
        word: "nav.cases",
        href: "/console/cases",
        right: Right::ReadCases,
    },
    Way {
        word: "nav.payments",
        href: "/console/cases?queue=money",
        right: Right::ReadCases,
    },
    Way {
        word: "nav.solar",
        href: "/console/cases?queue=solar",
        right: Right::ReadCases,
    },
    Way {
        word: "nav.cooperations",
        href: "/console/cooperations",
        right: Right::ReadCases,
    },
    Way {
        word: "nav.customers",
        href: "/console/customers",
        right: Right::ReadCustomers,
    },
    Way {
        word: "nav.openings",
        href: "/console/openings",
        right: Right::ReadCustomers,
    },
    Way {
        word: "nav.requests",
        href: "/console/requests",
        right: Right::ReadRequests,
    },
    Way {
        word: "nav.exchanges",
        href: "/console/exchanges",
        right: Right::ReadRequests,
    },
    Way {
        word: "nav.timeline",
        href: "/console/timeline",
        right: Right::ReadTimeline,
    },
    Way {
        word: "nav.why",
        href: "/console/why",
        right: Right::ReadTimeline,
    },
    Way {
        word: "nav.system",
        href: "/console/system",
        right: Right::ReadSystem,
    },
    Way {
        word: "nav.log",
        href: "/console/log",
        right: Right::ReadAudit,
    },
    Way {
        word: "nav.articles",
        href: "/console/articles",
        right: Right::ReadContent,
    },
    Way {
        word: "nav.channels",
        href: "/console/channels",
        right: Right::ReadSystem,
    },
    Way {
        word: "nav.points",
        href: "/console/points",
        right: Right::ManageCatalogue,
    },
    Way {
        word: "nav.staff",
        href: "/console/staff",
        right: Right::ManageStaff,
    },
];

/// A link of the left side.
#[derive(Debug)]
pub struct Link {
    pub word: &'static str,
    pub href: &'static str,
    pub here: bool,
}

impl Way {
    /// Whether it leads where somebody is: with something asked to that very list, without to its page and those below.
    fn leads_to(&self, visitor: &Visitor) -> bool {
        if let Some((path, asked)) = self.href.split_once('?') {
            return visitor.path == path && visitor.query.split('&').any(|pair| pair == asked);
        }
        let below = visitor.path.strip_prefix(self.href);
        below.is_some_and(|rest| {
            rest.is_empty() || (self.href != "/console" && rest.starts_with('/'))
        })
    }

    /// Whether it leads to one list of a page that has several.
    fn is_of_a_list(&self) -> bool {
        self.href.contains('?')
    }
}

/// What the template `frame.html` shows around a page.
#[derive(Debug)]
pub struct Frame {
    pub lang: Lang,
    /// The key of the page's title.
    pub title: &'static str,
    pub links: Vec<Link>,
    pub login: String,
    pub role: &'static str,
    pub scope: String,
    /// The mark that every form carries as its field `mark`.
    pub mark: String,
    /// Whether traces and payments are found from here.
    pub finds: bool,
    /// What a finished act says.
    pub said: Option<&'static str>,
}

impl Frame {
    /// Around a page of somebody signed in; `title` is a key of `words`.
    #[must_use]
    pub fn of(visitor: &Visitor, title: &'static str) -> Self {
        let staff = &visitor.acting.staff;
        // Who is at a list that has a way of its own is not at its page as well.
        let mut lists = WAYS.iter().filter(|way| way.is_of_a_list());
        let at_list = lists.any(|way| way.leads_to(visitor));
        let here = |way: &Way| way.leads_to(visitor) && way.is_of_a_list() == at_list;
        let links = WAYS
            .iter()
            .filter(|way| staff.may(way.right))
            .map(|way| Link {
                word: way.word,
                href: way.href,
                here: here(way),
            })
            .collect();
        let said = visitor
            .said
            .as_deref()
            .filter(|key| key.starts_with("said."));
        Self {
            lang: visitor.lang,
            title,
            links,
            login: staff.login.as_str().to_owned(),
            role: role_word(staff.role),
            scope: staff.scope.text(),
            mark: visitor.mark.clone(),
            finds: staff.may(Right::ReadTimeline),
            said: said.and_then(|key| super::words::known(visitor.lang, key)),
        }
    }

    /// Around a page for nobody known.
    #[must_use]
    pub fn outside(lang: Lang, title: &'static str) -> Self {
        Self {
            lang,
            title,
            links: Vec::new(),
            login: String::new(),
            role: "",
            scope: String::new(),
            mark: String::new(),
            finds: false,
            said: None,
        }
    }

    /// The name of a kind of case.
    #[must_use]
    pub fn kind(&self, kind: &str) -> &'static str {
        say(self.lang, &format!("kind.{kind}"))
    }

    /// The name of a way a case ends.
    #[must_use]
    pub fn resolution(&self, resolution: &str) -> &'static str {
        say(self.lang, &format!("resolution.{resolution}"))
    }

    /// What a fact of a case is called, where there are words for it.
    #[must_use]
    pub fn fact(&self, key: &str) -> Option<&'static str> {
        known(self.lang, &format!("fact.{key}"))
    }

    /// The name of a function of the household's.
    #[must_use]
    pub fn function(&self, name: &str) -> &'static str {
        say(self.lang, &format!("function.{name}"))
    }

    /// The name of a way people come.
    #[must_use]
    pub fn channel(&self, name: &str) -> &'static str {
        say(self.lang, &format!("channel.{name}"))
    }

    /// Why a request was not done, where there are words for its code.
    #[must_use]
    pub fn code(&self, code: &str) -> &'static str {
        super::words::code(self.lang, code).unwrap_or("")
    }

    /// What a household's request is about.
    #[must_use]
    pub fn request(&self, kind: &str) -> &'static str {
        say(self.lang, &format!("request.kind.{kind}"))
    }

    /// How far a household's request has come.
    #[must_use]
    pub fn request_state(&self, state: &str) -> &'static str {
        say(self.lang, &format!("request.state.{state}"))
    }

    /// How a request ended.
    #[must_use]
    pub fn outcome(&self, name: &str) -> &'static str {
        say(self.lang, &format!("outcome.{name}"))
    }

    /// Where a proposal stands.
    #[must_use]
    pub fn proposal(&self, state: &str) -> &'static str {
        say(self.lang, &format!("proposal.{state}"))
    }

    /// What a call outside is for; nothing where nobody said it.
    #[must_use]
    pub fn call(&self, operation: &str) -> &'static str {
        known(self.lang, &format!("call.{operation}")).unwrap_or("")
    }

    /// What an act of the audit is; nothing where nobody said it.
    #[must_use]
    pub fn act(&self, act: &str) -> &'static str {
        known(self.lang, &format!("did.{act}")).unwrap_or("")
    }

    /// What a timed task does; nothing where nobody said it.
    #[must_use]
    pub fn task(&self, name: &str) -> &'static str {
        known(self.lang, &format!("task.{name}")).unwrap_or("")
    }

    /// How a turn of a timed task ended; by its code where nobody said it.
    #[must_use]
    pub fn turned<'n>(&self, outcome: &'n str) -> &'n str {
        known(self.lang, &format!("turned.{outcome}")).unwrap_or(outcome)
    }

    /// The name of what this program stands on; by its code where nobody said it.
    #[must_use]
    pub fn system<'n>(&self, name: &'n str) -> &'n str {
        known(self.lang, &format!("light.{name}")).unwrap_or(name)
    }

    /// What follows while it does not work. Of all that stands outside, the same.
    #[must_use]
    pub fn advice(&self, name: &str) -> &'static str {
        let own = known(self.lang, &format!("light.{name}_fails"));
        own.unwrap_or_else(|| self.t("light.outside_fails"))
    }

    /// The words of a key, in the visitor's language.
    #[must_use]
    pub fn t(&self, key: &str) -> &'static str {
        say(self.lang, key)
    }
}

/// The key of a role's name.
#[must_use]
pub const fn role_word(role: lifeline_core::operators::Role) -> &'static str {
    use lifeline_core::operators::Role as R;
    match role {
        R::StatisticsReader => "role.statistics_reader",
        R::Support => "role.support",
        R::Publisher => "role.publisher",
        R::Finance => "role.finance",
        R::Reviewer => "role.reviewer",
        R::Admin => "role.admin",
        R::Auditor => "role.auditor",
    }
}

/// A rendered page.
#[must_use]
pub fn html(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(text) => HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .body(text),
        Err(error) => {
            tracing::error!(%error, "console.page.unrendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// A rendered page that is what was asked for.
#[must_use]
pub fn page(page: &impl Template) -> HttpResponse {
    html(StatusCode::OK, page)
}
