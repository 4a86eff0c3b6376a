//! Text is text. Whatever a field holds is shown as it is written: there is no markup in it, so there
//! is nothing to strip; what no reader can see, and what turns a line around, is refused.

/// One line: a name, an address, a cause.
pub const LINE_MAX: usize = 120;
pub const TITLE_MAX: usize = 80;
pub const SUMMARY_MAX: usize = 300;
pub const PARAGRAPH_MAX: usize = 2_000;
pub const LINK_MAX: usize = 500;

/// One field that is refused, with a stable word for why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub field: String,
    pub why: &'static str,
}

impl Fault {
    #[must_use]
    pub fn new(field: &str, why: &'static str) -> Self {
        Self {
            field: field.to_owned(),
            why,
        }
    }
}

/// What is wrong with one field of text of `least` to `most` characters.
#[must_use]
pub fn faults_in(field: &str, text: &str, least: usize, most: usize) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !(least..=most).contains(&text.chars().count()) || text.trim().len() != text.len() {
        faults.push(Fault::new(field, "length"));
    }
    if text.chars().any(is_unseen) {
        faults.push(Fault::new(field, "characters"));
    }
    faults
}

/// Control characters, and those that reorder, hide or join what stands around them.
const fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{9}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

#[must_use]
pub fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An address a page may lead to: `https`, a host by name, nothing that hides where it goes.
#[must_use]
pub fn is_link(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    host.contains('.') && host.chars().all(named) && is_address(url)
}

/// A mini-program, opened within Alipay.
#[must_use]
pub fn is_app_link(url: &str) -> bool {
    url.starts_with("alipays://platformapi/startapp?") && is_address(url)
}

fn is_address(url: &str) -> bool {
    let written =
        |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '<' | '>' | '\\' | '`');
    url.len() <= LINK_MAX && url.chars().all(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_hold_at_both_ends() {
        let fits = |text: &str| faults_in("title", text, 1, 3).is_empty();
        assert!(fits("电") && fits("停电了"));
        assert!(!fits("") && !fits("停电了。") && !fits(" 电") && !fits("电\n"));
    }

    #[test]
    fn markup_is_text_and_what_nobody_sees_is_refused() {
        let fits = |text: &str| faults_in("title", text, 1, 60).is_empty();
        assert!(fits("<script>alert(1)</script>") && fits("A & B < C") && fits("a\nb"));
        for bad in [
            "a\u{202e}b",
            "a\u{200b}b",
            "a\u{0}b",
            "a\tb",
            "a\u{feff}b",
            "a\u{e0041}b",
        ] {
            assert!(!fits(bad), "{bad:?}");
        }
    }

    #[test]
    fn links_are_https_to_a_named_host() {
        assert!(is_link("https://www.nea.example.cn/2026/11.htm?x=1#y"));
        for bad in [
            "",
            "https://",
            "https://localhost/",
            "//host.cn",
            "https://host.cn/\"onclick=",
            "https://a@b.cn/",
            "https://host.cn/\u{7535}",
        ] {
            assert!(!is_link(bad), "{bad}");
        }
        let long = |length: usize| format!("https://host.cn/{}", "a".repeat(length - 16));
        assert!(is_link(&long(LINK_MAX)) && !is_link(&long(LINK_MAX + 1)));
    }
}
