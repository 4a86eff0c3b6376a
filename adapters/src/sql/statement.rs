//! A statement is a name, the table it answers for, and one text for both engines.

use std::sync::OnceLock;

/// One SQL text, `$1`-style parameters.
#[derive(Debug)]
pub struct Stmt {
    /// `room.NAME`, shown in spans and metrics.
    pub name: &'static str,
    /// The table named when a stored value cannot be read.
    pub table: &'static str,
    pub text: &'static str,
    /// The exception: other words for PostgreSQL, kept in `overrides.rs` and counted by a test.
    pub postgres: Option<&'static str>,
    sqlite: OnceLock<String>,
}

impl Stmt {
    #[must_use]
    pub const fn new(
        name: &'static str,
        table: &'static str,
        text: &'static str,
        postgres: Option<&'static str>,
    ) -> Self {
        Self {
            name,
            table,
            text,
            postgres,
            sqlite: OnceLock::new(),
        }
    }

    #[must_use]
    pub fn for_postgres(&self) -> &'static str {
        self.postgres.unwrap_or(self.text)
    }

    /// To SQLite `$4` is a name bound by first appearance, `?4` is the fourth parameter.
    #[must_use]
    pub fn for_sqlite(&self) -> &str {
        self.sqlite.get_or_init(|| self.text.replace('$', "?"))
    }
}

/// Declares the statements of a room and the list `STATEMENTS` of them.
///
/// `NAME("table") = "text";` or, for the rare exception, `NAME("table") = "text", postgres = TEXT;`
macro_rules! statements {
    ($room:literal: $($name:ident($table:literal) = $text:expr $(, postgres = $postgres:expr)?;)*) => {
        $(
            static $name: $crate::sql::Stmt = $crate::sql::Stmt::new(
                concat!($room, ".", stringify!($name)),
                $table,
                $text,
                $crate::sql::statement::last_of!(None $(, Some($postgres))?),
            );
        )*
        pub(super) static STATEMENTS: &[&$crate::sql::Stmt] = &[$(&$name),*];
    };
}

/// The default, or what follows it.
macro_rules! last_of {
    ($default:expr) => {
        $default
    };
    ($default:expr, $given:expr) => {
        $given
    };
}

pub(crate) use {last_of, statements};

/// Every statement of the product, for the test that prepares each on both engines.
pub fn all() -> impl Iterator<Item = &'static Stmt> {
    [
        super::accounts::STATEMENTS,
        super::audit::STATEMENTS,
        super::awaited::STATEMENTS,
        super::bans::STATEMENTS,
        super::billing::STATEMENTS,
        super::bindings::STATEMENTS,
        super::cases::STATEMENTS,
        super::certifications::STATEMENTS,
        super::channels::STATEMENTS,
        super::check_tasks::STATEMENTS,
        super::counts::STATEMENTS,
        super::credentials::STATEMENTS,
        super::customers::STATEMENTS,
        super::data::STATEMENTS,
        super::earnings::STATEMENTS,
        super::ended_tables::STATEMENTS,
        super::engine::STATEMENTS,
        super::erasing::STATEMENTS,
        super::evidence::STATEMENTS,
        super::exchange::STATEMENTS,
        super::fillings::STATEMENTS,
        super::first_months::STATEMENTS,
        super::followers::STATEMENTS,
        super::following::STATEMENTS,
        super::gathering::STATEMENTS,
        super::generation::STATEMENTS,
        super::generation_credentials::STATEMENTS,
        super::generation_ends::STATEMENTS,
        super::grants::STATEMENTS,
        super::homes::STATEMENTS,
        super::idempotency::STATEMENTS,
        super::inbox::STATEMENTS,
        super::insight::STATEMENTS,
        super::insight_writes::STATEMENTS,
        super::jobs::STATEMENTS,
        super::keys::STATEMENTS,
        super::latencies::STATEMENTS,
        super::ledger::STATEMENTS,
        super::links::STATEMENTS,
        super::merges::STATEMENTS,
        super::notices::STATEMENTS,
        super::offers::STATEMENTS,
        super::operators::STATEMENTS,
        super::otps::STATEMENTS,
        super::outbox::STATEMENTS,
        super::payment_rows::STATEMENTS,
        super::payment_wakes::STATEMENTS,
        super::payment_writes::STATEMENTS,
        super::payments::STATEMENTS,
        super::payout_brake::STATEMENTS,
        super::personal::STATEMENTS,
        super::points::STATEMENTS,
        super::privacy::STATEMENTS,
        super::publications::STATEMENTS,
        super::recovery::STATEMENTS,
        super::requests::STATEMENTS,
        super::sealing::STATEMENTS,
        super::sessions::STATEMENTS,
        super::step_ups::STATEMENTS,
        super::settlement::STATEMENTS,
        super::slices::STATEMENTS,
        super::standings::STATEMENTS,
        super::telling::STATEMENTS,
        super::timeline::STATEMENTS,
        super::trades::STATEMENTS,
        super::untold::STATEMENTS,
    ]
    .into_iter()
    .chain(super::rotation::ALL_STATEMENTS)
    .flatten()
    .copied()
}

#[cfg(test)]
mod tests {
    use super::all;
    use crate::sql::overrides;

    #[test]
    fn overrides_are_named_listed_and_at_most_one_in_twenty() {
        let overridden: Vec<_> = all()
            .filter_map(|stmt| stmt.postgres.map(|text| (stmt.name, text)))
            .collect();
        assert_eq!(overridden, overrides::ALL);
        let total = all().count();
        assert!(
            overridden.len() * 20 <= total,
            "{} of {total}",
            overridden.len()
        );
    }

    #[test]
    fn one_text_keeps_to_what_both_engines_read_alike() {
        for stmt in all() {
            for text in [stmt.text, stmt.for_postgres()] {
                let upper = text.to_uppercase();
                for word in [
                    " LIKE ",
                    "NOW()",
                    "CURRENT_TIMESTAMP",
                    "RANDOM()",
                    "INSERT OR REPLACE",
                ] {
                    assert!(!upper.contains(word), "{}: {word}", stmt.name);
                }
                assert!(
                    !upper.contains("SUM(") || upper.contains("AS BIGINT)"),
                    "{}: SUM is NUMERIC on PostgreSQL",
                    stmt.name
                );
                let in_literal = text
                    .split('\'')
                    .skip(1)
                    .step_by(2)
                    .any(|part| part.contains('$'));
                assert!(!in_literal, "{}: `$` inside a literal", stmt.name);
            }
        }
    }
}
