//! `tests/browser/pages.json`: every page of the console with the roles that open it, from the console's own table, so
//! that the walk in the browser knows what it has to see.

use actix_web::http::Method;
use lifeline_core::operators::Role;
use lifeline_gateway::console::access::{Access, Page};
use lifeline_gateway::console::table;

/// Where it stands, from the repository's root.
pub(crate) const PAGES: &str = "tests/browser/pages.json";

fn line(page: &Page) -> String {
    let opens = |role: &Role| match page.access {
        Access::Anyone | Access::SignedIn => true,
        Access::May(right) => role.may(right),
    };
    let roles = Role::ALL.into_iter().filter(opens).map(Role::as_str);
    let roles: Vec<&str> = roles.collect();
    serde_json::json!({ "path": page.path, "roles": roles }).to_string()
}

/// One page a line, by its path.
pub(crate) fn render() -> String {
    let all = table();
    let pages = all.iter().filter(|page| page.method == Method::GET);
    let mut lines: Vec<String> = pages.map(line).collect();
    lines.sort();
    format!("[\n  {}\n]\n", lines.join(",\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_55_the_list_of_pages_for_the_browser_is_the_consoles_own() {
        let kept = crate::source::read(PAGES).expect("the list of pages");
        assert_eq!(kept, render(), "`make gen` writes {PAGES} anew");
    }
}
