//! What was typed into a form that was refused, laid out to be mended and sent again: nothing that was typed is
//! lost, with a script or without one.

use actix_web::{HttpMessage, HttpRequest};

use super::fault::Fault;
use super::visitor::Body;

/// A field that somebody types into: its name, how the act's address begins where that matters, and the key of
/// its label. What a form carries beside these goes back as it came.
static TYPED: &[(&str, &str, &str)] = &[
    ("title", "/console/points", "points.gift"),
    ("points", "", "points.cost"),
    ("stock", "", "points.stock"),
    ("rule_id", "", "points.rule"),
    ("fen_per_point", "", "points.per"),
    ("points_max", "", "points.most"),
    ("until", "", "points.until"),
    ("title", "", "article.field.title"),
    ("summary", "", "article.field.summary"),
    ("region", "", "article.field.region"),
    ("address", "", "article.field.address"),
    ("phone", "", "article.field.phone"),
    ("hours", "", "article.field.hours"),
    ("services", "", "article.field.services"),
    ("latitude", "", "article.field.latitude"),
    ("longitude", "", "article.field.longitude"),
    ("area", "", "article.field.area"),
    ("lines", "", "article.field.lines"),
    ("org_nos", "", "article.field.org_nos"),
    ("begins_at", "", "article.field.begins_at"),
    ("ends_at", "", "article.field.ends_at"),
    ("cause", "", "article.field.cause"),
    ("url", "", "article.field.url"),
    ("publisher", "", "article.field.publisher"),
    ("picture", "", "article.field.picture"),
    ("source", "", "article.field.source"),
    ("source_url", "", "article.field.source_url"),
    ("document_no", "", "article.field.document_no"),
    ("text", "/console/articles", "article.field.text"),
    ("shown_from", "", "article.field.shown_from"),
    ("shown_to", "", "article.field.shown_to"),
    ("reason", "/console/articles", "article.field.reason"),
    ("place", "", "opening.place"),
    ("text", "", "opening.text"),
    ("number", "", "exchanges.number"),
    ("asked", "", "customers.asked"),
    ("payment_id", "", "cases.payment"),
    ("parts", "", "case.parts"),
    ("proof", "", "case.proof"),
    ("generation_no", "", "cooperations.number"),
    ("per_minute", "", "channels.limit"),
    ("login", "", "staff.login"),
    ("person", "", "staff.person"),
    ("scope", "", "staff.scope"),
    ("reason", "", "case.reason"),
    ("code", "", "customer.code"),
];

/// One field to be mended.
pub(super) struct Typed {
    pub(super) name: String,
    /// The key of its label.
    pub(super) label: &'static str,
    pub(super) value: String,
    /// `line`, `text` or `code`.
    pub(super) sort: &'static str,
}

/// The form as it was sent.
pub(super) struct Again {
    pub(super) action: String,
    pub(super) hidden: Vec<(String, String)>,
    pub(super) typed: Vec<Typed>,
}

fn label(action: &str, name: &str) -> Option<&'static str> {
    let fits =
        |(known, begins, _): &&(&str, &str, &str)| *known == name && action.starts_with(begins);
    TYPED.iter().find(fits).map(|(_, _, label)| *label)
}

impl Again {
    /// What was posted, when a page of ours sent it and sending it again may help. A code is used once: it is
    /// asked for anew.
    pub(super) fn of(request: &HttpRequest, fault: Fault) -> Option<Self> {
        if matches!(fault, Fault::SignedOut | Fault::Forbidden | Fault::Forged) {
            return None;
        }
        let body = request.extensions().get::<Body>().cloned()?;
        if body.kind != "application/x-www-form-urlencoded" {
            return None;
        }
        Self::read(request.path(), &body.bytes)
    }

    /// What forms send, laid out; nothing where nobody types.
    pub(super) fn read(action: &str, bytes: &[u8]) -> Option<Self> {
        let mut again = Self {
            action: action.to_owned(),
            hidden: Vec::new(),
            typed: Vec::new(),
        };
        for (name, value) in form_urlencoded::parse(bytes) {
            if name == "mark" {
                continue;
            }
            let (name, value) = (name.into_owned(), value.into_owned());
            match label(action, &name) {
                Some(label) => again.typed.push(Typed {
                    sort: match name.as_str() {
                        "code" => "code",
                        "text" | "reason" => "text",
                        _ => "line",
                    },
                    value: if name == "code" { String::new() } else { value },
                    label,
                    name,
                }),
                None => again.hidden.push((name, value)),
            }
        }
        (!again.typed.is_empty()).then_some(again)
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::{Lang, known};
    use super::*;
    use std::path::Path;

    #[test]
    fn ln_55_what_was_typed_comes_back_and_a_code_does_not() {
        let body = b"mark=m&resolution=settled&reason=%3Cb%3E+x%0D%0Ay&code=123456";
        let again = Again::read("/console/cases/1/proposals", body).unwrap();
        assert_eq!(
            again.hidden,
            [("resolution".to_owned(), "settled".to_owned())]
        );
        let typed: Vec<_> = again
            .typed
            .iter()
            .map(|one| (one.name.as_str(), one.value.as_str(), one.sort))
            .collect();
        assert_eq!(
            typed,
            [("reason", "<b> x\r\ny", "text"), ("code", "", "code")]
        );
        // Where nothing was typed there is nothing to mend.
        assert!(Again::read("/console/cases/1/approval", b"mark=m&proposal=p").is_none());
    }

    #[test]
    fn every_label_is_said_in_both_languages_and_the_narrower_one_first() {
        for (name, _, label) in TYPED {
            for lang in [Lang::Zh, Lang::En] {
                assert!(known(lang, label).is_some(), "{name}: {label}");
            }
        }
        assert_eq!(label("/console/points", "title"), Some("points.gift"));
        assert_eq!(
            label("/console/articles", "title"),
            Some("article.field.title")
        );
    }

    /// Names of what can be typed into in the forms of the templates that post.
    fn typed_in_templates() -> Vec<(String, String)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/console");
        let mut found = Vec::new();
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            for form in text.split("<form ").skip(1) {
                let form = form.split("</form>").next().unwrap();
                if !form.starts_with("method=\"post\"") || form.contains("multipart") {
                    continue;
                }
                for tag in form.split('<') {
                    let typed = tag.starts_with("textarea ") || tag.starts_with("input ");
                    let chosen =
                        tag.contains("type=\"hidden\"") || tag.contains("type=\"checkbox\"");
                    let name = tag
                        .split(" name=\"")
                        .nth(1)
                        .and_then(|at| at.split('"').next());
                    if let (true, false, Some(name)) = (typed, chosen, name) {
                        found.push((path.display().to_string(), name.to_owned()));
                    }
                }
            }
        }
        found
    }

    #[test]
    fn every_field_that_is_typed_into_has_its_label_here() {
        let found = typed_in_templates();
        assert!(found.len() > 25, "hardly any field: {found:?}");
        for (file, name) in found {
            // Of a name that only the page knows, the form of articles tells; nobody signed in types a password.
            let known = name.contains("{{") || name == "password" || label("", &name).is_some();
            assert!(known, "{file}: {name}");
        }
        for kind in lifeline_core::publications::kind::Kind::ALL {
            let form = super::super::article_form::Form::default();
            for (name, _) in form.facts(kind) {
                let chosen = matches!(name, "outage_kind" | "over");
                assert!(chosen || label("", name).is_some(), "{kind:?}: {name}");
            }
        }
    }
}
