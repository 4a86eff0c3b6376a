//! `lifeline-requirements write`: makes docs/REQUIREMENTS.md from the register, and refuses a faulty register; and the
//! list of the console's pages for the browser.

#[path = "pages.rs"]
mod pages;
#[path = "register.rs"]
mod register;
#[path = "source.rs"]
#[expect(dead_code, reason = "the house tests use the rest of it")]
mod source;

use std::process::ExitCode;

fn put(path: &str, text: &str) -> Result<(), String> {
    if source::read(path).as_deref() == Some(text) {
        return Ok(());
    }
    std::fs::write(source::root().join(path), text).map_err(|error| format!("{path}: {error}"))
}

fn write() -> Result<(), String> {
    let text =
        source::read(register::REGISTER).ok_or(format!("cannot read {}", register::REGISTER))?;
    let register = register::parse(&text)?;
    let faults = register::faults(&register, &register::declares);
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    put(register::PAGE, &register::render(&register))?;
    put(pages::PAGES, &pages::render())
}

#[expect(clippy::print_stderr, reason = "a command says what is wrong")]
fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() != Some("write") {
        eprintln!("usage: lifeline-requirements write");
        return ExitCode::from(2);
    }
    match write() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
