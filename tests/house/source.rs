//! Reading the repository's own source: its files, Rust without comments and strings, functions and paths.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root. Cargo and nextest tell a test where its package is; the root is above it.
pub(crate) fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package
        .parent()
        .map_or_else(|| package.clone(), Path::to_path_buf)
}

/// The text of one file of the repository, by its path from the root. Absent or not UTF-8: `None`.
pub(crate) fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(root().join(path)).ok()
}

/// Every file that belongs to the repository: tracked, or new and not ignored; paths from the root with `/`.
///
/// # Errors
/// When git cannot list them: then no rule over files means anything.
pub(crate) fn files() -> Result<Vec<String>, String> {
    let listed = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root())
        .output()
        .map_err(|error| format!("git does not start: {error}"))?;
    if !listed.status.success() {
        return Err(String::from_utf8_lossy(&listed.stderr).into_owned());
    }
    let mut files: Vec<String> = String::from_utf8_lossy(&listed.stdout)
        .split('\0')
        .filter(|path| !path.is_empty() && root().join(path).is_file())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// The last part of a path without its extension.
pub(crate) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name)
}

/// Rust source with comments, and the contents of strings and characters, blanked out; lines stay where they were.
pub(crate) fn code(text: &str) -> String {
    Blanker {
        rest: text,
        out: String::with_capacity(text.len()),
    }
    .run()
}

struct Blanker<'a> {
    rest: &'a str,
    out: String,
}

impl Blanker<'_> {
    fn run(mut self) -> String {
        while let Some(next) = self.rest.chars().next() {
            if self.rest.starts_with("//") {
                self.blank(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.rest.starts_with("/*") {
                self.blank(block_comment_len(self.rest));
            } else if let Some(len) = self.raw_string_len() {
                self.blank(len);
            } else if next == '"' {
                self.blank(string_len(self.rest));
            } else if let Some(len) = char_len(self.rest) {
                self.blank(len);
            } else {
                self.keep(next);
            }
        }
        self.out
    }

    fn keep(&mut self, next: char) {
        self.out.push(next);
        self.rest = self.rest.get(next.len_utf8()..).unwrap_or("");
    }

    fn blank(&mut self, len: usize) {
        let (gone, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, ""));
        self.out
            .extend(gone.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        self.rest = rest;
    }

    /// Length of a raw string that starts here, prefix and hashes included.
    fn raw_string_len(&self) -> Option<usize> {
        if self
            .out
            .ends_with(|c: char| c.is_alphanumeric() || c == '_')
        {
            return None;
        }
        let prefix = ["r", "br", "cr"]
            .into_iter()
            .find(|prefix| self.rest.starts_with(prefix))?;
        let after = self.rest.get(prefix.len()..)?;
        let hashes = after.len() - after.trim_start_matches('#').len();
        let body = after.get(hashes..)?.strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let close = body.find(&end).map_or(body.len(), |at| at + end.len());
        Some(prefix.len() + hashes + 1 + close)
    }
}

fn block_comment_len(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn string_len(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length of a character literal that starts here; a lifetime is none.
fn char_len(text: &str) -> Option<usize> {
    let body = text.strip_prefix('\'')?;
    let first = body.chars().next()?;
    if first == '\\' {
        let close = body.get(2..)?.find('\'')?;
        return Some(close + 4);
    }
    let after = body.get(first.len_utf8()..)?;
    after.starts_with('\'').then(|| first.len_utf8() + 2)
}

/// The index just after the brace that closes the one at `open`.
fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices().skip_while(|(at, _)| *at < open) {
        match c {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

/// Blanked code with every `#[cfg(test)]` item blanked too.
pub(crate) fn without_tests(code: &str) -> String {
    let mut kept = code.to_owned();
    while let Some(at) = kept.find("#[cfg(test)]") {
        let after = kept.get(at..).unwrap_or("");
        let end = match (after.find('{'), after.find(';')) {
            (Some(brace), Some(semicolon)) if semicolon < brace => at + semicolon + 1,
            (Some(brace), _) => closing(&kept, at + brace),
            (None, Some(semicolon)) => at + semicolon + 1,
            (None, None) => kept.len(),
        };
        let blank: String = kept
            .get(at..end)
            .unwrap_or("")
            .chars()
            .map(|c| if c == '\n' { '\n' } else { ' ' })
            .collect();
        kept.replace_range(at..end, &blank);
    }
    kept
}

/// A function with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Line of the `fn` word, from 1.
    pub(crate) line: usize,
    /// Lines from the `fn` word to the closing brace, both counted.
    pub(crate) lines: usize,
}

/// The functions of blanked code.
pub(crate) fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let word_before = code
            .get(..at)
            .and_then(|before| before.chars().next_back())
            .is_some_and(|c| c.is_alphanumeric() || c == '_');
        let name: String = code
            .get(at + 3..)
            .unwrap_or("")
            .trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let Some(open) = body_start(code, at).filter(|_| !word_before && !name.is_empty()) else {
            continue;
        };
        let body = code.get(at..closing(code, open)).unwrap_or("");
        found.push(Function {
            name,
            line: 1 + code.get(..at).unwrap_or("").matches('\n').count(),
            lines: 1 + body.matches('\n').count(),
        });
    }
    found
}

/// Where the body of the function at `at` opens; `None` for a declaration without one.
fn body_start(code: &str, at: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (offset, c) in code.get(at..)?.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ';' if depth == 0 => return None,
            '{' if depth == 0 => return Some(at + offset),
            _ => {}
        }
    }
    None
}

/// Every path that starts at the crate's root in blanked code, `use` groups taken apart: `a::b::C` for `crate::a::b::C`.
pub(crate) fn crate_paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, start) in code.match_indices("crate::") {
        let inside_word = code
            .get(..at)
            .and_then(|before| before.chars().next_back())
            .is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$');
        if !inside_word {
            expand(code.get(at + start.len()..).unwrap_or(""), "", &mut paths);
        }
    }
    paths
}

/// Takes one `use` tree apart; answers how much of `text` it was.
fn expand(text: &str, prefix: &str, paths: &mut Vec<String>) -> usize {
    let word = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':' || c == '*'))
        .unwrap_or(text.len());
    let (head, rest) = text.split_at_checked(word).unwrap_or((text, ""));
    let path = format!("{prefix}{head}");
    if !(path.is_empty() || path.ends_with("::")) || !rest.starts_with('{') {
        paths.push(path.trim_end_matches(':').to_owned());
        return word;
    }
    let mut at = word + 1;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let c = rest.chars().next().unwrap_or(' ');
        if c == '}' {
            return at + 1;
        }
        if c.is_alphanumeric() || c == '_' || c == '*' {
            at += expand(rest, &path, paths);
            // A rename adds no path.
            if let Some(renamed) = text.get(at..).and_then(|rest| rest.strip_prefix(" as ")) {
                at += 4 + renamed.find([',', '}', '\n']).unwrap_or(0);
            }
        } else {
            at += c.len_utf8();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_what_is_not_code() {
        let text = "let a = \"fn x {\"; // f64\nlet b = r#\"\"}\"#; /* { /* */ f32 */ let c = '{'; fn f<'a>() {}\n";
        let blanked = code(text);
        assert_eq!(blanked.lines().count(), 2);
        assert!(!blanked.contains("f64") && !blanked.contains("f32") && !blanked.contains("fn x"));
        assert_eq!(blanked.matches('{').count(), 1);
        assert!(blanked.contains("fn f<'a>() {}"));
    }

    #[test]
    fn escaped_quotes_do_not_end_a_string() {
        let blanked = code(r#"a("\\\" f64", '\'', '\u{7f}') + f32"#);
        assert!(!blanked.contains("f64") && !blanked.contains('\'') && blanked.contains("+ f32"));
        assert!(code(r#"a("\" f64") + f32"#).contains("f32"));
        assert!(!code(r#"a("\" f64") + f32"#).contains("f64"));
    }

    #[test]
    fn test_modules_are_taken_out() {
        let kept =
            without_tests("fn a() {}\n#[cfg(test)]\nmod tests { fn b() { {} } }\nfn c() {}\n");
        assert!(kept.contains("fn a") && kept.contains("fn c") && !kept.contains("fn b"));
        let kept = without_tests("#[cfg(test)]\nmod tests;\nfn c() {}\n");
        assert!(kept.contains("fn c") && !kept.contains("mod tests"));
    }

    #[test]
    fn functions_are_measured() {
        let found = functions(
            "trait T { fn declared(&self); }\nfn two(\n  a: [u8; 2],\n) {\n  if x {}\n}\n",
        );
        let expected = Function {
            name: "two".to_owned(),
            line: 2,
            lines: 5,
        };
        assert_eq!(found, vec![expected]);
    }

    #[test]
    fn use_trees_are_taken_apart() {
        let mut paths = crate_paths(
            "use crate::{a::B, c::{ports::{D as E, F}, g}};\nlet x = crate::h::i();\n$crate::no",
        );
        paths.sort();
        assert_eq!(
            paths,
            ["a::B", "c::g", "c::ports::D", "c::ports::F", "h::i"]
        );
    }
}
