//! Running one statement, and SQLite's errors in the store's words.

use std::collections::HashMap;
use std::sync::Arc;

use lifeline_core::store::StoreError;
use rusqlite::types::{ToSqlOutput, Value as Stored, ValueRef};
use rusqlite::{Connection, ErrorCode, ffi, params_from_iter};

use crate::sql::{Row, Stmt, Value};

/// The columns a statement answers, looked up once per connection.
pub(super) type ColumnNames = HashMap<&'static str, Arc<[Box<str>]>>;

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Stored::Null),
            Self::Int(number) => ToSqlOutput::Owned(Stored::Integer(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

pub(super) fn query(
    conn: &Connection,
    names: &mut ColumnNames,
    stmt: &'static Stmt,
    args: Vec<Value>,
) -> rusqlite::Result<Vec<Row>> {
    let mut prepared = conn.prepare_cached(stmt.for_sqlite())?;
    let columns = Arc::clone(
        names
            .entry(stmt.name)
            .or_insert_with(|| prepared.column_names().map(Into::into).collect()),
    );
    let mut answered = prepared.query(params_from_iter(args))?;
    let mut rows = Vec::new();
    while let Some(found) = answered.next()? {
        let cells = (0..columns.len())
            .map(|at| found.get_ref(at).map(cell))
            .collect::<rusqlite::Result<Vec<Value>>>()?;
        rows.push(Row::new(stmt.table, Arc::clone(&columns), cells));
    }
    Ok(rows)
}

pub(super) fn execute(
    conn: &Connection,
    stmt: &'static Stmt,
    args: Vec<Value>,
) -> rusqlite::Result<u64> {
    let mut prepared = conn.prepare_cached(stmt.for_sqlite())?;
    let touched = prepared.execute(params_from_iter(args))?;
    Ok(u64::try_from(touched).unwrap_or(u64::MAX))
}

/// The same query for several argument lists.
pub(super) fn query_each(
    conn: &Connection,
    names: &mut ColumnNames,
    stmt: &'static Stmt,
    args: Vec<Vec<Value>>,
) -> rusqlite::Result<Vec<Vec<Row>>> {
    args.into_iter()
        .map(|args| query(conn, names, stmt, args))
        .collect()
}

/// The same write for several argument lists.
pub(super) fn execute_each(
    conn: &Connection,
    stmt: &'static Stmt,
    args: Vec<Vec<Value>>,
) -> rusqlite::Result<Vec<u64>> {
    args.into_iter()
        .map(|args| execute(conn, stmt, args))
        .collect()
}

/// What is neither integer, text nor blob becomes bytes, which every getter calls corrupt.
fn cell(stored: ValueRef<'_>) -> Value {
    match stored {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Bytes(bytes.to_vec()),
        },
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(number) => Value::Bytes(number.to_be_bytes().to_vec()),
    }
}

/// The engine's own words without any stored value.
#[derive(Debug, thiserror::Error)]
#[error("sqlite error {code}: {message}")]
struct Fault {
    code: i32,
    message: String,
}

/// SQLite's error in the store's words. Its messages name tables, columns and constraints only.
pub(crate) fn store_error(error: &rusqlite::Error) -> StoreError {
    let rusqlite::Error::SqliteFailure(failure, message) = error else {
        return fault(0, error.to_string());
    };
    let text = message.clone().unwrap_or_else(|| failure.to_string());
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Conflict,
        ErrorCode::ConstraintViolation => constraint(failure.extended_code, &text),
        ErrorCode::TypeMismatch | ErrorCode::TooBig => StoreError::Refused(text),
        _ => fault(failure.extended_code, text),
    }
}

fn constraint(extended: i32, text: &str) -> StoreError {
    match extended {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
            StoreError::Duplicate(unique_name(text))
        }
        _ => StoreError::Refused(text.to_owned()),
    }
}

fn fault(code: i32, message: String) -> StoreError {
    StoreError::Unavailable(Box::new(Fault { code, message }))
}

/// `UNIQUE constraint failed: t.a, t.b` in the form both engines answer: `t(a,b)`.
fn unique_name(message: &str) -> String {
    let list = message.rsplit(": ").next().unwrap_or(message);
    let mut table = "";
    let mut columns = Vec::new();
    for part in list.split(", ") {
        if let Some((name, column)) = part.split_once('.') {
            table = name;
            columns.push(column);
        }
    }
    format!("{table}({})", columns.join(","))
}

#[cfg(test)]
mod tests {
    use super::unique_name;

    #[test]
    fn unique_names_have_one_form() {
        assert_eq!(
            unique_name("UNIQUE constraint failed: inbox.source, inbox.message_id"),
            "inbox(source,message_id)"
        );
        assert_eq!(
            unique_name("UNIQUE constraint failed: ledger_entry.fact"),
            "ledger_entry(fact)"
        );
    }
}
