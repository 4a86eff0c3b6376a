//! The statements PostgreSQL needs in other words. A test holds their share at 5 % or less.

/// SQLite has one writer, so a plain sub-select cannot be raced; on PostgreSQL relays must step over
/// rows another relay is just taking. The sub-select is a CTE so that it runs once.
pub(super) const OUTBOX_CLAIM: &str = "\
    WITH due AS MATERIALIZED ( \
        SELECT o.seq FROM outbox o \
        WHERE o.state = 'waiting' AND o.available_at <= $1 AND (o.lease_until IS NULL OR o.lease_until <= $1) \
          AND NOT EXISTS (SELECT 1 FROM outbox e \
              WHERE e.ordering_key = o.ordering_key AND e.state = 'waiting' AND e.seq < o.seq) \
        ORDER BY o.lane, o.seq LIMIT $3 FOR UPDATE OF o SKIP LOCKED) \
    UPDATE outbox SET lease_until = $2, lease_epoch = outbox.lease_epoch + 1, attempts = outbox.attempts + 1 \
    FROM due WHERE outbox.seq = due.seq \
    RETURNING outbox.seq, event_id, kind, ordering_key, body, trace_id, money, lane, \
        created_at, available_at, attempts - 1 AS attempts, lease_epoch";

/// Units that write an index that must be unique share this lock; a batch of a rotation takes it
/// alone. Any number will do; every Lifeline must use the same one.
pub(super) const INDEX_SHARED: &str =
    "SELECT CAST(1 AS BIGINT) AS n FROM pg_advisory_xact_lock_shared(7812730918273645)";

/// The other side of [`INDEX_SHARED`].
pub(super) const INDEX_ALONE: &str =
    "SELECT CAST(1 AS BIGINT) AS n FROM pg_advisory_xact_lock(7812730918273645)";

/// Every override by the name of its statement.
#[cfg(test)]
pub(super) const ALL: &[(&str, &str)] = &[
    ("keys.SHARE", INDEX_SHARED),
    ("outbox.CLAIM", OUTBOX_CLAIM),
    ("rotation.ALONE", INDEX_ALONE),
];
