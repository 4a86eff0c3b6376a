//! How long answers took. A day that is over is one row for each function, its buckets packed; what comes to it later is
//! counted beside the pack until it is packed as well.

use std::collections::BTreeMap;

use lifeline_core::insight::Batch;
use lifeline_core::store::StoreError;

use super::packs::{packed, unpack};
use super::statement::statements;
use super::value::args;
use super::{Conn, Sql, Value, WriteConn};

statements! { "latencies":
    LOOSE("access_latency") = "SELECT bucket, CAST(SUM(n) AS BIGINT) AS n FROM access_latency \
        WHERE function = $3 AND day >= $1 AND day <= $2 GROUP BY bucket ORDER BY bucket";
    PACKS("access_latency_packed") = "SELECT buckets FROM access_latency_packed WHERE function = $3 AND day >= $1 AND day <= $2";
    LOOSE_DAYS("access_latency") = "SELECT DISTINCT day FROM access_latency WHERE function = $1 AND day < $2 ORDER BY 1";
    ADD("access_latency") = "INSERT INTO access_latency (day, function, bucket, n) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (day, function, bucket) DO UPDATE SET n = access_latency.n + excluded.n";
    HOLD("access_latency_packed") = "UPDATE access_latency_packed SET buckets = buckets WHERE day = $1";
    TAKE("access_latency") = "DELETE FROM access_latency WHERE day = $1 RETURNING function, bucket, n";
    PACKED("access_latency_packed") = "SELECT function, buckets FROM access_latency_packed WHERE day = $1";
    UNPACK("access_latency_packed") = "DELETE FROM access_latency_packed WHERE day = $1";
    KEEP("access_latency_packed") = "INSERT INTO access_latency_packed (function, day, buckets) VALUES ($1, $2, $3)";
    LOOSE_GO("access_latency") = "DELETE FROM access_latency WHERE day < $1";
    PACKS_GO("access_latency_packed") = "DELETE FROM access_latency_packed WHERE day < $1";
}

/// Under which number the answers of all functions together are counted.
const ALL_FUNCTIONS: i64 = 0;

/// Of each function and of all together.
fn rows_of(batch: &Batch) -> Vec<Vec<Value>> {
    let mut sums = BTreeMap::new();
    for ((day, function, bucket), n) in &batch.latencies {
        for function in [*function, ALL_FUNCTIONS] {
            let sum: &mut i64 = sums.entry((function, *day, *bucket)).or_insert(0);
            *sum = sum.saturating_add(*n);
        }
    }
    let row =
        |((function, day, bucket), n): ((i64, i64, i64), i64)| args![day, function, bucket, n];
    sums.into_iter().map(row).collect()
}

/// How many answers a bucket has.
type Buckets = BTreeMap<i64, i64>;

fn put(buckets: &mut Buckets, bucket: i64, n: i64) {
    let sum = buckets.entry(bucket).or_insert(0);
    *sum = sum.saturating_add(n);
}

impl<C: Conn> Sql<C> {
    /// `(bucket, how many)` of a span of days, both within, of one function or all.
    pub(super) async fn latencies_of(
        &mut self,
        (from, to): (i64, i64),
        function: Option<i64>,
    ) -> Result<Vec<(i64, i64)>, StoreError> {
        let function = function.unwrap_or(ALL_FUNCTIONS);
        let mut buckets = Buckets::new();
        for row in self.rows(&PACKS, args![from, to, function]).await? {
            let cells = row.bytes("buckets")?;
            unpack(&cells, |bucket, n| put(&mut buckets, bucket, n))
                .ok_or_else(|| row.corrupt("buckets"))?;
        }
        for row in self.rows(&LOOSE, args![from, to, function]).await? {
            put(&mut buckets, row.int("bucket")?, row.int("n")?);
        }
        Ok(buckets.into_iter().collect())
    }

    /// Days before one of which something is not packed.
    pub(super) async fn days_of_latencies(&mut self, before: i64) -> Result<Vec<i64>, StoreError> {
        let rows = self.rows(&LOOSE_DAYS, args![ALL_FUNCTIONS, before]).await?;
        rows.iter().map(|row| row.int("day")).collect()
    }
}

impl<C: WriteConn> Sql<C> {
    /// Adds a batch.
    pub(super) async fn add_latencies(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.write_many(&ADD, rows_of(batch)).await.map(drop)
    }

    /// Packs a day, as [`Sql::pack_moment`] packs counts.
    pub(super) async fn pack_latencies_of(&mut self, day: i64) -> Result<(), StoreError> {
        // Two that pack the same day wait for each other here.
        self.touched(&HOLD, args![day]).await?;
        let taken = self.rows(&TAKE, args![day]).await?;
        if taken.is_empty() {
            return Ok(());
        }
        let mut functions: BTreeMap<i64, Buckets> = BTreeMap::new();
        for row in &taken {
            let buckets = functions.entry(row.int("function")?).or_default();
            put(buckets, row.int("bucket")?, row.int("n")?);
        }
        for row in self.rows(&PACKED, args![day]).await? {
            let buckets = functions.entry(row.int("function")?).or_default();
            let cells = row.bytes("buckets")?;
            unpack(&cells, |bucket, n| put(buckets, bucket, n))
                .ok_or_else(|| row.corrupt("buckets"))?;
        }
        self.touched(&UNPACK, args![day]).await?;
        let row = |(function, buckets): (i64, Buckets)| args![function, day, packed(&buckets)];
        let rows = functions.into_iter().map(row).collect();
        self.write_many(&KEEP, rows).await.map(drop)
    }

    /// Takes away days before one.
    pub(super) async fn purge_latencies(&mut self, before: i64) -> Result<u64, StoreError> {
        let loose = self.touched(&LOOSE_GO, args![before]).await?;
        let packs = self.touched(&PACKS_GO, args![before]).await?;
        Ok(loose.saturating_add(packs))
    }
}
