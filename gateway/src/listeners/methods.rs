//! The answer to a known path asked by another method: 405 and the methods it takes.

use std::collections::BTreeMap;

use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpResponse, ResponseError as _};

use crate::edge::codes::Code;
use crate::edge::policy::Entry;
use crate::edge::problem::Problem;

/// The methods of each path, by the route table of a listener.
pub(super) struct Methods(BTreeMap<&'static str, Vec<Method>>);

impl Methods {
    pub(super) fn of(table: Vec<Entry>) -> Self {
        let mut by_path: BTreeMap<&'static str, Vec<Method>> = BTreeMap::new();
        for entry in table {
            by_path.entry(entry.path).or_default().push(entry.method);
        }
        Self(by_path)
    }

    /// What to answer somebody who asked for a registered path by a method it does not take; `None`
    /// when there is no such path.
    pub(super) fn refusal(&self, path: &str) -> Option<HttpResponse> {
        let patterns = self.0.iter().filter(|(pattern, _)| matches(pattern, path));
        let mut allowed: Vec<&str> = patterns
            .flat_map(|(_, methods)| methods.iter().map(Method::as_str))
            .collect();
        allowed.sort_unstable();
        if allowed.is_empty() {
            return None;
        }
        let mut answer = Problem::new(Code::MethodNotAllowed).error_response();
        if let Ok(value) = HeaderValue::from_str(&allowed.join(", ")) {
            answer.headers_mut().insert(ALLOW, value);
        }
        Some(answer)
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut ours, mut theirs) = (pattern.split('/'), path.split('/'));
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return true,
            (Some(o), Some(t)) if o == t || (o.starts_with('{') && !t.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listeners::{callback, line};

    #[test]
    fn patterns_match_whole_paths_only() {
        assert!(matches("/v1/bindings/{id}", "/v1/bindings/x"));
        assert!(!matches("/v1/bindings/{id}", "/v1/bindings/"));
        assert!(!matches("/v1/bindings/{id}", "/v1/bindings/x/bills"));
        assert!(!matches("/v1/bindings", "/v1/bindings/x"));
    }

    #[test]
    fn every_listener_names_the_methods_it_takes() {
        let allowed = |table: Vec<Entry>, path: &str| {
            let answer = Methods::of(table).refusal(path)?;
            let allow = answer.headers().get(ALLOW)?.to_str().ok()?;
            Some((answer.status().as_u16(), allow.to_owned()))
        };
        let takes = |methods: &str| Some((405, methods.to_owned()));
        assert_eq!(
            allowed(callback::table(), "/v1/callbacks/alipay"),
            takes("POST")
        );
        assert_eq!(allowed(line::table(), "/v1/bindings"), takes("GET, POST"));
        assert_eq!(allowed(callback::table(), "/v1/bindings"), None);
    }
}
