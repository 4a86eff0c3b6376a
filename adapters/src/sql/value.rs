//! Parameters going in, rows coming out. Three types only: integer, text, bytes.

use std::sync::Arc;

use lifeline_core::settlement::ids::{
    CheckTaskId, GenerationAccountId, KeyPairId, PermissionId, PersonalTableId, TradeTaskId,
};
use lifeline_core::shared::ids::{
    AccountId, BanId, BindingId, CaseId, CertificationId, EntryId, EventId, EvidenceId, ExchangeId,
    FillingId, GiftId, GrantId, LineId, MergeId, NoticeId, OtpId, PaymentId, PictureId,
    PublicationId, RefundId, RequestId, SessionId, StaffId, StaffSessionId, TypedId,
};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

/// One parameter or one stored cell.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// Shows the kind only: the content may be about a person.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Int(_) => "Int",
            Self::Text(_) => "Text",
            Self::Bytes(_) => "Bytes",
        })
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Int(i64::from(flag))
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Self::Int(time.micros())
    }
}

impl From<Fen> for Value {
    fn from(amount: Fen) -> Self {
        Self::Int(amount.get())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! from_ids {
    ($($id:ident),*) => {$(
        impl From<&$id> for Value {
            fn from(id: &$id) -> Self {
                Self::Text(id.as_str().to_owned())
            }
        }
    )*};
}

from_ids!(
    AccountId,
    BanId,
    BindingId,
    CaseId,
    CertificationId,
    EntryId,
    EventId,
    EvidenceId,
    ExchangeId,
    FillingId,
    GiftId,
    GenerationAccountId,
    GrantId,
    KeyPairId,
    LineId,
    MergeId,
    NoticeId,
    OtpId,
    PaymentId,
    PermissionId,
    PersonalTableId,
    PictureId,
    PublicationId,
    RefundId,
    RequestId,
    SessionId,
    StaffId,
    StaffSessionId,
    CheckTaskId,
    TradeTaskId
);

/// The arguments of a statement, in the order of its `$n`.
macro_rules! args {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::sql::Value::from($value)),*]
    };
}

pub(crate) use args;

/// One answered row. Getters name the column as the statement does; a value of the wrong kind is
/// [`StoreError::Corrupt`], never a default.
#[derive(Clone)]
pub struct Row {
    table: &'static str,
    columns: Arc<[Box<str>]>,
    cells: Vec<Value>,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row")
            .field("table", &self.table)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

impl Row {
    /// For drivers: `columns` and `cells` have the same length.
    #[must_use]
    pub const fn new(table: &'static str, columns: Arc<[Box<str>]>, cells: Vec<Value>) -> Self {
        Self {
            table,
            columns,
            cells,
        }
    }

    /// Every column with its value, in the statement's order.
    pub(super) fn cells(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.columns.iter().map(|name| &**name).zip(&self.cells)
    }

    fn cell(&self, column: &'static str) -> Result<&Value, StoreError> {
        let at = self.columns.iter().position(|name| **name == *column);
        at.and_then(|at| self.cells.get(at))
            .ok_or_else(|| self.corrupt(column))
    }

    /// The error a repository answers when it cannot read a column's content.
    #[must_use]
    pub const fn corrupt(&self, column: &'static str) -> StoreError {
        StoreError::Corrupt {
            table: self.table,
            column,
        }
    }

    pub fn maybe_int(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        match self.cell(column)? {
            Value::Null => Ok(None),
            Value::Int(number) => Ok(Some(*number)),
            Value::Text(_) | Value::Bytes(_) => Err(self.corrupt(column)),
        }
    }

    pub fn maybe_text(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        match self.cell(column)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text.clone())),
            Value::Int(_) | Value::Bytes(_) => Err(self.corrupt(column)),
        }
    }

    pub fn maybe_bytes(&self, column: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
        match self.cell(column)? {
            Value::Null => Ok(None),
            Value::Bytes(bytes) => Ok(Some(bytes.clone())),
            Value::Int(_) | Value::Text(_) => Err(self.corrupt(column)),
        }
    }

    pub fn int(&self, column: &'static str) -> Result<i64, StoreError> {
        self.maybe_int(column)?.ok_or_else(|| self.corrupt(column))
    }

    pub fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.maybe_text(column)?.ok_or_else(|| self.corrupt(column))
    }

    pub fn bytes(&self, column: &'static str) -> Result<Vec<u8>, StoreError> {
        self.maybe_bytes(column)?
            .ok_or_else(|| self.corrupt(column))
    }

    /// A boolean stored as 0 or 1.
    pub fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        match self.int(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.corrupt(column)),
        }
    }

    pub fn time(&self, column: &'static str) -> Result<Time, StoreError> {
        self.int(column).map(Time::from_micros)
    }

    pub fn maybe_time(&self, column: &'static str) -> Result<Option<Time>, StoreError> {
        Ok(self.maybe_int(column)?.map(Time::from_micros))
    }

    pub fn fen(&self, column: &'static str) -> Result<Fen, StoreError> {
        self.int(column).map(Fen::new)
    }

    pub fn maybe_fen(&self, column: &'static str) -> Result<Option<Fen>, StoreError> {
        Ok(self.maybe_int(column)?.map(Fen::new))
    }

    pub fn id<T: TypedId>(&self, column: &'static str) -> Result<T, StoreError> {
        self.text(column).map(T::made)
    }

    pub fn maybe_id<T: TypedId>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        Ok(self.maybe_text(column)?.map(T::made))
    }

    /// Text that must be one of a type's words, for example `CaseKind::parse`.
    pub fn parsed<T>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        let text = self.text(column)?;
        parse(&text).ok_or_else(|| self.corrupt(column))
    }

    /// As [`Row::parsed`], for a column that may be NULL.
    pub fn maybe_parsed<T>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let Some(text) = self.maybe_text(column)? else {
            return Ok(None);
        };
        parse(&text).map(Some).ok_or_else(|| self.corrupt(column))
    }
}
