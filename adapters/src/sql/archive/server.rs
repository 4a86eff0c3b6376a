//! PostgreSQL, by its own tools: they know every kind of thing a database can hold. The password goes to
//! them by their environment, where no other user of the machine reads it.

use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use reqwest::Url;

use super::stream::Opening;
use super::{ArchiveError, UNBALANCED, unproven};
use crate::sql::postgres::Target;

const DUMP: &str = "pg_dump";
const PUT_BACK: &str = "pg_restore";
/// Of what a tool says, so much is told.
const SAID_CHARS_MAX: usize = 500;

/// A tool that reaches the database of a URL.
fn tool(name: &'static str, target: &str) -> Result<Command, ArchiveError> {
    let mut url = Url::parse(target).map_err(|_| ArchiveError::Place)?;
    let mut command = Command::new(name);
    if let Some(password) = url.password() {
        let password = percent_decoded(password).ok_or(ArchiveError::Place)?;
        command.env("PGPASSWORD", password);
    }
    url.set_password(None).map_err(|()| ArchiveError::Place)?;
    command
        .arg("--no-password")
        .arg("--no-owner")
        .arg("--no-privileges")
        .arg(format!("--dbname={url}"))
        .stderr(Stdio::piped());
    Ok(command)
}

fn percent_decoded(text: &str) -> Option<String> {
    let pair = format!("p={}", text.replace('+', "%2B"));
    let mut pairs = form_urlencoded::parse(pair.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned())
}

fn begun(name: &'static str, mut command: Command) -> Result<Child, ArchiveError> {
    command.spawn().map_err(|error| ArchiveError::Tool {
        tool: name,
        said: format!("it cannot be started ({error}); install the client programs of PostgreSQL"),
    })
}

/// What a tool complains of, read beside its work so that it never waits for us.
fn complaints(child: &mut Child) -> JoinHandle<String> {
    let from = child.stderr.take();
    std::thread::spawn(move || {
        let mut said = Vec::new();
        if let Some(mut from) = from {
            let _ = from.read_to_end(&mut said);
        }
        let said = String::from_utf8_lossy(&said);
        said.trim().chars().take(SAID_CHARS_MAX).collect()
    })
}

fn ended(
    name: &'static str,
    status: ExitStatus,
    said: JoinHandle<String>,
) -> Result<(), ArchiveError> {
    let said = said.join().unwrap_or_default();
    if status.success() {
        Ok(())
    } else {
        Err(ArchiveError::Tool { tool: name, said })
    }
}

pub(super) fn dump(target: &str, out: &mut impl Write) -> Result<(), ArchiveError> {
    let mut command = tool(DUMP, target)?;
    command.arg("--format=custom").stdout(Stdio::piped());
    let mut child = begun(DUMP, command)?;
    let said = complaints(&mut child);
    let poured = match child.stdout.take() {
        Some(mut from) => io::copy(&mut from, out).map(drop),
        None => Ok(()),
    };
    if poured.is_err() {
        let _ = child.kill();
    }
    let status = child.wait()?;
    poured?;
    ended(DUMP, status, said)
}

/// All of it in one transaction, into a database without any table of ours. The tool commits before the books can be
/// proven: when they do not hold, the tables are there all the same.
pub(super) async fn put_back(
    opening: Opening<impl Read>,
    target: &str,
    at: &Target,
) -> Result<(), ArchiveError> {
    let client = at.connect_for_migration().await;
    let client = client.map_err(|error| ArchiveError::Store(error.to_string()))?;
    let away = |error: tokio_postgres::Error| ArchiveError::Store(error.to_string());
    let there = "SELECT COUNT(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')";
    let there: i64 = client.query_one(there, &[]).await.map_err(away)?.get(0);
    if there > 0 {
        return Err(ArchiveError::Occupied("a database with tables".to_owned()));
    }
    let mut command = tool(PUT_BACK, target)?;
    command
        .args(["--single-transaction", "--exit-on-error"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let mut child = begun(PUT_BACK, command)?;
    let said = complaints(&mut child);
    let poured = match child.stdin.take() {
        Some(mut into) => opening.pour(&mut into),
        None => Ok(()),
    };
    let status = child.wait()?;
    // A tool that gave up stops reading: why it did says more than that it did.
    ended(PUT_BACK, status, said)?;
    poured?;
    let unproved = |error: tokio_postgres::Error| ArchiveError::Unsound(error.to_string());
    let unbalanced = client.query_one(UNBALANCED, &[]).await.map_err(unproved)?;
    unproven(unbalanced.get(0)).map_or(Ok(()), |what| Err(ArchiveError::Unsound(what)))
}
