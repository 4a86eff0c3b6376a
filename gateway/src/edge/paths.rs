//! Which route a request is for. Found once, by comparing words between slashes: everything outside the
//! handler that asks for the route's template (trace, figures, policy) finds the answer with the request.

use std::borrow::Cow;
use std::collections::HashMap;

use actix_web::HttpMessage as _;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;

use super::policy::Entry;

/// Where registered templates begin.
pub(crate) const ROOT: &str = "/v1";

/// One part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Word(&'static str),
    /// `{name}`: one part of any text but none.
    Any(&'static str),
}

#[derive(Debug, Clone)]
struct Template {
    at: usize,
    method: Method,
    path: &'static str,
    parts: Vec<Part>,
}

/// What a request met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Met {
    /// The template of the path; the path of no template has none.
    pub(crate) path: Option<&'static str>,
    /// The place of the route in its table, when the path takes the method.
    pub(crate) at: Option<usize>,
}

/// The templates of a listener.
#[derive(Debug)]
pub(crate) struct Paths {
    /// By their first word and the number of their parts.
    rooms: HashMap<(&'static str, usize), Vec<Template>>,
    /// By their place in the table.
    all: Vec<Option<Template>>,
}

fn parts(path: &str) -> Option<impl Iterator<Item = &str>> {
    let rest = path.strip_prefix(ROOT)?.strip_prefix('/')?;
    Some(rest.split('/'))
}

impl Template {
    fn of(at: usize, entry: &Entry) -> Option<Self> {
        let part = |text: &'static str| {
            let name = text.strip_prefix('{').and_then(|t| t.strip_suffix('}'));
            name.map_or(Part::Word(text), Part::Any)
        };
        let rest = entry.path.strip_prefix(ROOT)?.strip_prefix('/')?;
        Some(Self {
            at,
            method: entry.method.clone(),
            path: entry.path,
            parts: rest.split('/').map(part).collect(),
        })
    }

    /// Whether as many parts, of which the first is this template's, have its form.
    fn matches<'p>(&self, theirs: impl Iterator<Item = &'p str>) -> bool {
        let mut both = self.parts.iter().zip(theirs).skip(1);
        both.all(|(part, text)| match part {
            Part::Word(word) => *word == text,
            Part::Any(_) => !text.is_empty(),
        })
    }
}

impl Paths {
    /// Entries outside [`ROOT`] are not found here.
    pub(crate) fn of(table: &[Entry]) -> Self {
        let at_place = |(at, entry)| Template::of(at, entry);
        let all: Vec<_> = table.iter().enumerate().map(at_place).collect();
        let mut rooms: HashMap<_, Vec<Template>> = HashMap::new();
        for template in all.iter().flatten() {
            if let Some(Part::Word(room)) = template.parts.first() {
                let room = (*room, template.parts.len());
                rooms.entry(room).or_default().push(template.clone());
            }
        }
        Self { rooms, all }
    }

    fn of_path<'p>(&'p self, path: &'p str) -> impl Iterator<Item = &'p Template> {
        let room = parts(path).and_then(|mut theirs| {
            let room = theirs.next()?;
            Some((room, theirs.count().saturating_add(1)))
        });
        let found = room.and_then(|room| self.rooms.get(&room));
        let all = found.into_iter().flatten();
        all.filter(move |template| parts(path).is_some_and(|theirs| template.matches(theirs)))
    }

    /// The first registered template that the path has the form of, and the first that also takes the
    /// method.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Met {
        let mut met = Met {
            path: None,
            at: None,
        };
        for template in self.of_path(path) {
            if template.method == *method {
                return Met {
                    path: Some(template.path),
                    at: Some(template.at),
                };
            }
            met.path.get_or_insert(template.path);
        }
        met
    }

    /// The named parts of a path that met the template at this place, for extractors.
    pub(crate) fn name_parts(&self, at: usize, req: &mut ServiceRequest) {
        let Some(Some(template)) = self.all.get(at) else {
            return;
        };
        let path = req.match_info().as_str().to_owned();
        let Some(texts) = parts(&path) else {
            return;
        };
        for (part, text) in template.parts.iter().zip(texts) {
            if let Part::Any(name) = part {
                req.match_info_mut().add_static(*name, text.to_owned());
            }
        }
    }
}

impl Met {
    /// What this request met, found at the first question.
    pub(crate) fn of(req: &ServiceRequest) -> Option<Self> {
        if let Some(met) = req.extensions().get::<Self>() {
            return Some(*met);
        }
        let paths = req.app_data::<std::rc::Rc<Paths>>()?;
        let met = paths.find(req.method(), req.match_info().as_str());
        req.extensions_mut().insert(met);
        Some(met)
    }
}

/// The template of a request's path as logs and figures name it.
pub(crate) fn template(req: &ServiceRequest) -> Cow<'static, str> {
    let met = Met::of(req);
    if let Some(path) = met.and_then(|met| met.path) {
        return Cow::Borrowed(path);
    }
    // What lies under the root belongs to the table alone.
    let ours = met.is_some() && req.path().starts_with(ROOT);
    let other = if ours { None } else { req.match_pattern() };
    other.map_or(Cow::Borrowed("unmatched"), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::Policy;
    use crate::edge::shape::Takes;
    use crate::listeners::line;

    fn entry(method: Method, path: &'static str) -> Entry {
        Entry {
            method,
            path,
            policy: Policy::Public,
            takes: Takes::Nothing,
        }
    }

    fn met(path: &'static str, at: usize) -> Met {
        Met {
            path: Some(path),
            at: Some(at),
        }
    }

    #[test]
    fn a_path_meets_the_first_template_of_its_form_that_takes_the_method() {
        let paths = Paths::of(&[
            entry(Method::GET, "/v1/homes/{home}"),
            entry(Method::POST, "/v1/homes/all"),
            entry(Method::GET, "/v1/homes/{home}/bills/{period}"),
            entry(Method::GET, "/v1/homes"),
            entry(Method::GET, "/elsewhere"),
        ]);
        let find = |method, path| paths.find(&method, path);
        assert_eq!(
            find(Method::GET, "/v1/homes/all"),
            met("/v1/homes/{home}", 0)
        );
        assert_eq!(find(Method::POST, "/v1/homes/all"), met("/v1/homes/all", 1));
        let bill = met("/v1/homes/{home}/bills/{period}", 2);
        assert_eq!(find(Method::GET, "/v1/homes/1/bills/2026-10"), bill);
        assert_eq!(find(Method::GET, "/v1/homes"), met("/v1/homes", 3));
        let only_the_path = Met {
            path: Some("/v1/homes"),
            at: None,
        };
        assert_eq!(find(Method::DELETE, "/v1/homes"), only_the_path);
        let nothing = Met {
            path: None,
            at: None,
        };
        for path in [
            "/v1",
            "/v1/",
            "/v1/homes/",
            "/v1/homes//bills/x",
            "/v1/homes/1/bills",
            "/v1/homes/1/bills/x/",
            "/v1/HOMES",
            "/v2/homes",
            "/v1homes",
            "/elsewhere",
            "",
        ] {
            assert_eq!(find(Method::GET, path), nothing, "{path}");
        }
    }

    #[test]
    fn every_route_of_the_line_meets_itself_or_one_registered_before_it() {
        let table = line::table();
        let paths = Paths::of(&table);
        for (at, entry) in table.iter().enumerate() {
            let path = entry.path.replace(['{', '}'], "");
            let found = paths.find(&entry.method, &path);
            let before = found.at.is_some_and(|found| found <= at);
            assert!(before, "{} {}: {found:?}", entry.method, entry.path);
        }
        let unlike: std::collections::HashSet<_> = table
            .iter()
            .map(|entry| {
                paths
                    .find(&entry.method, &entry.path.replace(['{', '}'], ""))
                    .at
            })
            .collect();
        assert_eq!(
            unlike.len(),
            table.len(),
            "a route stands in the way of another"
        );
    }
}
