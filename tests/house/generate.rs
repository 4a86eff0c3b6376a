//! `lifeline-requirements write`: makes docs/REQUIREMENTS.md from the register, and refuses a faulty register.

#[path = "register.rs"]
mod register;
#[path = "source.rs"]
#[expect(dead_code, reason = "the house tests use the rest of it")]
mod source;

use std::process::ExitCode;

fn write() -> Result<(), String> {
    let text =
        source::read(register::REGISTER).ok_or(format!("cannot read {}", register::REGISTER))?;
    let register = register::parse(&text)?;
    let faults = register::faults(&register, &register::declares);
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    let page = register::render(&register);
    if source::read(register::PAGE).as_deref() == Some(page.as_str()) {
        return Ok(());
    }
    std::fs::write(source::root().join(register::PAGE), page)
        .map_err(|error| format!("{}: {error}", register::PAGE))
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
