//! Counts of use, people's hashes, the runs of the counting processes.

use async_trait::async_trait;
use lifeline_core::insight::asked::{
    By, Grain, Growth, Kept, Refused, Row as Sum, Run, Slice, Which, month_name, month_of,
    number_of,
};
use lifeline_core::insight::batch::{Batch, Crowd};
use lifeline_core::insight::people::{Period, day_number};
use lifeline_core::insight::ports::{InsightReads, InsightStore};
use lifeline_core::insight::sample::{NOWHERE, Refusal};
use lifeline_core::insight::{Channel, Outcome, Sample};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;
use zeroize::Zeroizing;

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, Stmt, Value, WriteConn};

macro_rules! sums {
    ($key:literal) => {
        concat!(
            "SELECT ", $key, " AS k, region, CAST(SUM(n) AS BIGINT) AS n FROM access_count \
             WHERE grain = $1 AND at >= $2 AND at <= $3 AND (CAST($4 AS BIGINT) < 0 OR function = $4) AND (CAST($5 AS BIGINT) < 0 OR channel = $5) \
             AND (CAST($6 AS BIGINT) < 0 OR outcome = $6) GROUP BY ", $key, ", region ORDER BY ", $key, ", region"
        )
    };
}

statements! { "insight":
    BY_AT("access_count") = sums!("at");
    BY_FUNCTION("access_count") = sums!("function");
    BY_CHANNEL("access_count") = sums!("channel");
    BY_OUTCOME("access_count") = sums!("outcome");
    LATENCIES("access_latency") = "SELECT bucket, CAST(SUM(n) AS BIGINT) AS n FROM access_latency \
        WHERE day >= $1 AND day <= $2 AND (CAST($3 AS BIGINT) < 0 OR function = $3) GROUP BY bucket ORDER BY bucket";
    CROWD("access_person") = "SELECT hash FROM access_person WHERE period = $1 AND begins = $2 AND cell = $3 ORDER BY hash LIMIT $4";
    SETTLED("access_people") = "SELECT begins, n FROM access_people WHERE period = $1 AND cell = $2 AND begins >= $3 \
        AND begins <= $4 ORDER BY begins";
    RUNS("access_run") = "SELECT run, began_at, flushed_at, ended_at, lost FROM access_run WHERE flushed_at >= $1 \
        AND began_at < $2 ORDER BY began_at, run LIMIT 1000";
    BEGAN("binding") = "SELECT (created_at + 28800000000) / 86400000000 AS day, COUNT(*) AS n FROM binding \
        WHERE created_at >= $1 AND created_at < $2 GROUP BY (created_at + 28800000000) / 86400000000";
    ENDED("binding") = "SELECT (ended_at + 28800000000) / 86400000000 AS day, COUNT(*) AS n FROM binding \
        WHERE ended_at >= $1 AND ended_at < $2 GROUP BY (ended_at + 28800000000) / 86400000000";
    FIRST("binding") = "SELECT (first_at + 28800000000) / 86400000000 AS day, COUNT(*) AS n, \
        CAST(COALESCE(SUM(CASE WHEN live > 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS still FROM \
        (SELECT account_id, MIN(created_at) AS first_at, \
            CAST(SUM(CASE WHEN created_at <= $2 AND (ended_at IS NULL OR ended_at > $2) THEN 1 ELSE 0 END) AS BIGINT) AS live \
            FROM binding GROUP BY account_id) AS people \
        WHERE first_at >= $1 AND first_at <= $2 GROUP BY (first_at + 28800000000) / 86400000000 ORDER BY 1";
    HOME_OF("binding") = "SELECT binding_id, consumer_no FROM binding WHERE account_id = $1 AND ended_at IS NULL \
        ORDER BY created_at, binding_id LIMIT 1";
    REFUSAL("access_refusal") = "SELECT trace_id, at, function, channel, status, code, micros FROM access_refusal \
        WHERE trace_id = $1 ORDER BY at DESC LIMIT $2";
    REFUSALS("access_refusal") = "SELECT trace_id, at, function, channel, status, code, micros FROM access_refusal \
        WHERE at >= $1 AND at < $2 AND (CAST($3 AS BIGINT) < 0 OR function = $3) ORDER BY at DESC, trace_id LIMIT $4";
    RUN_BEGIN("access_run") = "INSERT INTO access_run (run, began_at, flushed_at, ended_at, batch, lost) VALUES ($1, $2, $2, NULL, 0, 0)";
    RUN_PASS("access_run") = "UPDATE access_run SET batch = $2, flushed_at = $4 WHERE run = $1 AND batch = $3 AND ended_at IS NULL";
    RUN_LOST("access_run") = "UPDATE access_run SET lost = lost + $2 WHERE run = $1";
    RUN_END("access_run") = "UPDATE access_run SET ended_at = $2, flushed_at = $2 WHERE run = $1 AND ended_at IS NULL";
    COUNT("access_count") = "INSERT INTO access_count (grain, at, function, channel, outcome, region, n) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (grain, at, function, channel, outcome, region) \
        DO UPDATE SET n = access_count.n + excluded.n";
    LATENCY("access_latency") = "INSERT INTO access_latency (day, function, bucket, n) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (day, function, bucket) DO UPDATE SET n = access_latency.n + excluded.n";
    JOIN("access_person") = "INSERT INTO access_person (period, begins, cell, hash) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    SALT("access_salt") = "SELECT salt FROM access_salt WHERE period = $1 AND begins = $2";
    SALT_ADD("access_salt") = "INSERT INTO access_salt (period, begins, salt) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    REFUSED("access_refusal") = "INSERT INTO access_refusal (trace_id, at, function, channel, status, code, micros) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    OVER("access_person") = "SELECT DISTINCT period, begins, cell FROM access_person WHERE period = $1 AND begins < $2 \
        ORDER BY begins, cell LIMIT $3";
    SETTLE("access_people") = "INSERT INTO access_people (period, begins, cell, n) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (period, cell, begins) DO NOTHING";
    CROWD_GO("access_person") = "DELETE FROM access_person WHERE period = $1 AND begins = $2 AND cell = $3";
    SALT_GO("access_salt") = "DELETE FROM access_salt WHERE period = $1 AND begins = $2";
    HOURS_GO("access_count") = "DELETE FROM access_count WHERE grain = 0 AND at < $1";
    DAYS_GO("access_count") = "DELETE FROM access_count WHERE grain = 1 AND at < $1";
    MONTHS_GO("access_count") = "DELETE FROM access_count WHERE grain = 2 AND at < $1";
    LATENCIES_GO("access_latency") = "DELETE FROM access_latency WHERE day < $1";
    REFUSALS_GO("access_refusal") = "DELETE FROM access_refusal WHERE at < (SELECT MAX(flushed_at) FROM access_run) - 604800000000";
    RUNS_GO("access_run") = "DELETE FROM access_run WHERE flushed_at < $1";
}

/// How many of the first digits of a consumer number say which supply office it belongs to.
const REGION_DIGITS: usize = 4;
const SALT_FIELD: Field = Field::new("access_salt", "salt");
const CONSUMER_NO: Field = Field::new("binding", "consumer_no");

fn bound(filter: Option<i64>) -> i64 {
    filter.unwrap_or(-1)
}

fn refused(row: &Row) -> Result<Refused, StoreError> {
    let channel = usize::try_from(row.int("channel")?).ok();
    let channel = channel.and_then(|at| Channel::ALL.get(at));
    Ok(Refused {
        trace_id: row.text("trace_id")?,
        at: row.time("at")?,
        function: row.int("function")?,
        channel: *channel.ok_or_else(|| row.corrupt("channel"))?,
        status: row.int("status")?,
        code: row.text("code")?,
        micros: row.int("micros")?,
    })
}

#[async_trait]
impl<C: Conn> InsightReads for Sql<C> {
    async fn rows(&mut self, slice: &Slice) -> Result<Vec<Sum>, StoreError> {
        let stmt: &'static Stmt = match slice.by {
            By::At => &BY_AT,
            By::Function => &BY_FUNCTION,
            By::Channel => &BY_CHANNEL,
            By::Outcome => &BY_OUTCOME,
        };
        let args = args![
            slice.grain.number(),
            slice.from,
            slice.to,
            bound(slice.function),
            bound(slice.channel.map(|one| number_of(&Channel::ALL, &one))),
            bound(slice.outcome.map(|one| number_of(&Outcome::ALL, &one))),
        ];
        let rows = self.rows(stmt, args).await?;
        rows.iter()
            .map(|row| {
                Ok(Sum {
                    key: row.int("k")?,
                    region: row.text("region")?,
                    n: row.int("n")?,
                })
            })
            .collect()
    }

    async fn latencies(
        &mut self,
        from: i64,
        to: i64,
        function: Option<i64>,
    ) -> Result<Vec<(i64, i64)>, StoreError> {
        let rows = self
            .rows(&LATENCIES, args![from, to, bound(function)])
            .await?;
        rows.iter()
            .map(|row| Ok((row.int("bucket")?, row.int("n")?)))
            .collect()
    }

    async fn crowd(&mut self, crowd: &Crowd, limit: i64) -> Result<Vec<i64>, StoreError> {
        let args = args![crowd.period.as_str(), &crowd.begins, &crowd.cell, limit];
        let rows = self.rows(&CROWD, args).await?;
        rows.iter().map(|row| row.int("hash")).collect()
    }

    async fn settled(
        &mut self,
        period: Period,
        cell: &str,
        from: &str,
        to: &str,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = self
            .rows(&SETTLED, args![period.as_str(), cell, from, to])
            .await?;
        rows.iter()
            .map(|row| Ok((row.text("begins")?, row.int("n")?)))
            .collect()
    }

    async fn runs(&mut self, from: Time, to: Time) -> Result<Vec<Run>, StoreError> {
        let rows = self.rows(&RUNS, args![from, to]).await?;
        rows.iter()
            .map(|row| {
                Ok(Run {
                    run: row.text("run")?,
                    began_at: row.time("began_at")?,
                    flushed_at: row.time("flushed_at")?,
                    ended_at: row.maybe_time("ended_at")?,
                    lost: row.int("lost")?,
                })
            })
            .collect()
    }

    async fn growth(&mut self, from: Time, to: Time) -> Result<Vec<Growth>, StoreError> {
        let mut days = std::collections::BTreeMap::<i64, (i64, i64)>::new();
        for row in self.rows(&BEGAN, args![from, to]).await? {
            days.entry(row.int("day")?).or_default().0 = row.int("n")?;
        }
        for row in self.rows(&ENDED, args![from, to]).await? {
            days.entry(row.int("day")?).or_default().1 = row.int("n")?;
        }
        let growth = |(day, (began, ended))| Growth { day, began, ended };
        Ok(days.into_iter().map(growth).collect())
    }

    async fn retention(&mut self, from: Time, at: Time) -> Result<Vec<Kept>, StoreError> {
        let mut months = std::collections::BTreeMap::<i64, (i64, i64)>::new();
        for row in self.rows(&FIRST, args![from, at]).await? {
            let month = months.entry(month_of(row.int("day")?)).or_default();
            month.0 = month.0.saturating_add(row.int("n")?);
            month.1 = month.1.saturating_add(row.int("still")?);
        }
        let kept = |(month, (first, still)): (i64, (i64, i64))| Kept {
            month: month_name(month),
            first,
            still,
        };
        Ok(months.into_iter().map(kept).collect())
    }

    async fn region_of(&mut self, account: &AccountId) -> Result<String, StoreError> {
        let Some(row) = self.one(&HOME_OF, args![account]).await? else {
            return Ok(NOWHERE.to_owned());
        };
        let (id, sealed) = (row.text("binding_id")?, row.text("consumer_no")?);
        let number = self.open_for(account, CONSUMER_NO, &id, &sealed).await?;
        Ok(number.chars().take(REGION_DIGITS).collect())
    }

    async fn refusals(&mut self, which: &Which, limit: i64) -> Result<Vec<Refused>, StoreError> {
        let rows = match which {
            Which::Trace(trace) => self.rows(&REFUSAL, args![trace, limit]).await?,
            Which::Within { function, from, to } => {
                self.rows(&REFUSALS, args![*from, *to, bound(*function), limit])
                    .await?
            }
        };
        rows.iter().map(refused).collect()
    }
}

/// The three grains that one cell of a batch adds to.
fn grains(day: i64, hour: i64) -> [(i64, i64); 3] {
    [
        (
            Grain::Hour.number(),
            day.saturating_mul(24).saturating_add(hour),
        ),
        (Grain::Day.number(), day),
        (Grain::Month.number(), month_of(day)),
    ]
}

#[async_trait]
impl<C: WriteConn> InsightStore for Sql<C> {
    async fn begin_run(&mut self, run: &Run) -> Result<(), StoreError> {
        self.touched(&RUN_BEGIN, args![&run.run, run.began_at])
            .await
            .map(drop)
    }

    async fn take_batch(&mut self, run: &str, number: i64, now: Time) -> Result<bool, StoreError> {
        let before = number.saturating_sub(1);
        self.changed(&RUN_PASS, args![run, number, before, now])
            .await
    }

    async fn end_run(&mut self, run: &str, now: Time) -> Result<(), StoreError> {
        self.touched(&RUN_END, args![run, now]).await.map(drop)
    }

    async fn add(&mut self, run: &str, batch: &Batch) -> Result<(), StoreError> {
        let mut counts = std::collections::BTreeMap::new();
        for (cell, n) in &batch.counts {
            for (grain, at) in grains(cell.day, cell.hour) {
                let key = (
                    grain,
                    at,
                    cell.function,
                    cell.channel,
                    cell.outcome,
                    &cell.region,
                );
                let sum: &mut i64 = counts.entry(key).or_insert(0);
                *sum = sum.saturating_add(*n);
            }
        }
        let counts: Vec<Vec<Value>> = counts
            .into_iter()
            .map(|((grain, at, function, channel, outcome, region), n)| {
                let channel = number_of(&Channel::ALL, &channel);
                let outcome = number_of(&Outcome::ALL, &outcome);
                args![grain, at, function, channel, outcome, region, n]
            })
            .collect();
        self.write_many(&COUNT, counts).await?;
        let latencies = batch.latencies.iter();
        let latencies = latencies
            .map(|((day, function, bucket), n)| args![*day, *function, *bucket, *n])
            .collect();
        self.write_many(&LATENCY, latencies).await?;
        if batch.lost > 0 {
            self.touched(&RUN_LOST, args![run, batch.lost]).await?;
        }
        Ok(())
    }

    async fn refused(&mut self, refusals: &[(Sample, Refusal)]) -> Result<(), StoreError> {
        let rows = refusals.iter().map(|(sample, refusal)| {
            args![
                format!("{:032x}", refusal.trace),
                sample.at,
                sample.function,
                number_of(&Channel::ALL, &sample.channel),
                i64::from(refusal.status),
                refusal.code,
                i64::from(sample.micros),
            ]
        });
        self.write_many(&REFUSED, rows.collect()).await.map(drop)
    }

    async fn join(&mut self, crowd: &Crowd, hashes: &[i64]) -> Result<(), StoreError> {
        let rows = hashes
            .iter()
            .map(|hash| args![crowd.period.as_str(), &crowd.begins, &crowd.cell, *hash]);
        self.write_many(&JOIN, rows.collect()).await.map(drop)
    }

    async fn salt(
        &mut self,
        period: Period,
        begins: &str,
        fresh: &[u8; 16],
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let row = format!("{}/{begins}", period.as_str());
        let sealed = self.seal_service(SALT_FIELD, &row, &hex::encode(fresh))?;
        self.touched(&SALT_ADD, args![period.as_str(), begins, sealed])
            .await?;
        let found = self.one(&SALT, args![period.as_str(), begins]).await?;
        let found = found.ok_or(StoreError::Conflict)?;
        let clear = self.open_service(SALT_FIELD, &row, &found.text("salt")?)?;
        let salt = hex::decode(clear).map_err(|_| found.corrupt("salt"))?;
        Ok(Zeroizing::new(salt))
    }

    async fn over(
        &mut self,
        period: Period,
        before: &str,
        limit: i64,
    ) -> Result<Vec<Crowd>, StoreError> {
        let rows = self
            .rows(&OVER, args![period.as_str(), before, limit])
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Crowd {
                    period,
                    begins: row.text("begins")?,
                    cell: row.text("cell")?,
                })
            })
            .collect()
    }

    async fn settle(&mut self, crowd: &Crowd, count: i64) -> Result<(), StoreError> {
        let period = crowd.period.as_str();
        let key = args![period, &crowd.begins, &crowd.cell, count];
        self.touched(&SETTLE, key).await?;
        self.touched(&CROWD_GO, args![period, &crowd.begins, &crowd.cell])
            .await?;
        self.touched(&SALT_GO, args![period, &crowd.begins])
            .await
            .map(drop)
    }

    async fn purge(&mut self, hours_before: i64, days_before: i64) -> Result<u64, StoreError> {
        let day_ends = lifeline_core::insight::people::midnight(days_before);
        let mut gone = self
            .touched(&HOURS_GO, args![hours_before.saturating_mul(24)])
            .await?;
        for (stmt, before) in [
            (&DAYS_GO, days_before),
            (&MONTHS_GO, month_of(days_before)),
            (&LATENCIES_GO, day_number(day_ends)),
        ] {
            gone = gone.saturating_add(self.touched(stmt, args![before]).await?);
        }
        gone = gone.saturating_add(self.touched(&REFUSALS_GO, args![]).await?);
        Ok(gone.saturating_add(self.touched(&RUNS_GO, args![day_ends]).await?))
    }
}
