//! Cells going in and out, and PostgreSQL's errors in the store's words.

use std::collections::HashMap;
use std::error::Error;

use bytes::BytesMut;
use lifeline_core::store::StoreError;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::sql::conn::unit_is_over;
use crate::sql::{Row, Stmt, Value};

/// Constraint name -> `table(column,column)`, the form both engines answer.
pub(super) type UniqueNames = HashMap<String, String>;

const UNIQUE_COLUMNS: &str = "\
    SELECT c.relname, t.relname, a.attname \
    FROM pg_index i \
    JOIN pg_class c ON c.oid = i.indexrelid \
    JOIN pg_class t ON t.oid = i.indrelid \
    JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, place) ON TRUE \
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum \
    WHERE i.indisunique AND t.relnamespace = current_schema()::regnamespace \
    ORDER BY c.relname, k.place";

pub(super) async fn unique_names(
    client: &tokio_postgres::Client,
) -> Result<UniqueNames, StoreError> {
    let rows = client
        .query(UNIQUE_COLUMNS, &[])
        .await
        .map_err(|error| store_error(&error, &UniqueNames::new()))?;
    let mut columns: HashMap<String, (String, Vec<String>)> = HashMap::new();
    for row in rows {
        let (index, table, column) = (row.get(0), row.get(1), row.get(2));
        columns
            .entry(index)
            .or_insert_with(|| (table, Vec::new()))
            .1
            .push(column);
    }
    Ok(columns
        .into_iter()
        .map(|(index, (table, columns))| (index, format!("{table}({})", columns.join(","))))
        .collect())
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) if *ty == Type::INT8 => number.to_sql(ty, out),
            Self::Text(text) if *ty == Type::TEXT => text.to_sql(ty, out),
            Self::Bytes(bytes) if *ty == Type::BYTEA => bytes.to_sql(ty, out),
            Self::Int(_) | Self::Text(_) | Self::Bytes(_) => {
                Err(format!("a parameter of type {ty} was given another kind of value").into())
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A cell of a type the schema may use, or that an expression may have.
struct Cell(Value);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *ty {
            Type::INT8 => Value::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Value::Int(i32::from_sql(ty, raw)?.into()),
            Type::BOOL => Value::Int(bool::from_sql(ty, raw)?.into()),
            Type::BYTEA => Value::Bytes(<&[u8]>::from_sql(ty, raw)?.to_vec()),
            _ => Value::Text(String::from_sql(ty, raw)?),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(ty: &Type) -> bool {
        matches!(
            *ty,
            Type::INT8 | Type::INT4 | Type::BOOL | Type::BYTEA | Type::TEXT | Type::VARCHAR
        )
    }
}

/// Answered rows as the store's rows.
pub(super) fn rows(
    stmt: &'static Stmt,
    answered: Vec<tokio_postgres::Row>,
) -> Result<Vec<Row>, StoreError> {
    let Some(first) = answered.first() else {
        return Ok(Vec::new());
    };
    let columns: std::sync::Arc<[Box<str>]> =
        first.columns().iter().map(|c| c.name().into()).collect();
    answered
        .into_iter()
        .map(|row| {
            let cells = (0..row.len())
                .map(|at| row.try_get::<_, Cell>(at).map(|cell| cell.0))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|_| StoreError::Corrupt {
                    table: stmt.table,
                    column: "a column of another type",
                })?;
            Ok(Row::new(stmt.table, std::sync::Arc::clone(&columns), cells))
        })
        .collect()
}

/// The server's own words without DETAIL, which may quote stored values.
#[derive(Debug, thiserror::Error)]
#[error("postgres error {code}: {message}")]
pub(super) struct Fault {
    code: String,
    message: String,
}

/// PostgreSQL's error in the store's words.
pub(super) fn store_error(error: &tokio_postgres::Error, unique: &UniqueNames) -> StoreError {
    let Some(db) = error.as_db_error() else {
        return StoreError::Unavailable(Box::new(without_values(error)));
    };
    let named = || {
        db.constraint()
            .map_or_else(|| db.message().to_owned(), str::to_owned)
    };
    let code = db.code();
    if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED {
        return StoreError::Conflict;
    }
    if *code == SqlState::UNIQUE_VIOLATION {
        let name = named();
        return StoreError::Duplicate(unique.get(&name).cloned().unwrap_or(name));
    }
    if *code == SqlState::IN_FAILED_SQL_TRANSACTION {
        return unit_is_over();
    }
    match code.code().get(..2) {
        // Integrity (CHECK, foreign key, our triggers), data that does not fit, RAISE.
        Some("23" | "22" | "P0") => StoreError::Refused(named()),
        _ => StoreError::Unavailable(Box::new(without_values(error))),
    }
}

pub(super) fn without_values(error: &tokio_postgres::Error) -> Fault {
    error.as_db_error().map_or_else(
        || Fault {
            code: "none".to_owned(),
            message: error
                .source()
                .map_or_else(|| error.to_string(), |source| format!("{error}: {source}")),
        },
        |db| Fault {
            code: db.code().code().to_owned(),
            message: db.message().to_owned(),
        },
    )
}

/// Whether a failed COMMIT surely left nothing behind: the server spoke and is not going down.
pub(super) fn surely_not_committed(error: &tokio_postgres::Error) -> bool {
    error
        .as_db_error()
        .and_then(|db| db.code().code().get(..2))
        .is_some_and(|class| !matches!(class, "08" | "57" | "58" | "XX"))
}
