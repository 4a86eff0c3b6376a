//! Writing the figures: batches, hashes, salts, what is over.

use async_trait::async_trait;
use lifeline_core::accounts::Terminal;
use lifeline_core::insight::aggregate::{Addressee, Office, Receipt, Report};
use lifeline_core::insight::asked::{Grain, LinkDay, Refused, Run, month_of, number_of};
use lifeline_core::insight::batch::{Batch, Crowd};
use lifeline_core::insight::energy::OfficeEnergy;
use lifeline_core::insight::followers::{Follow, ToPlace};
use lifeline_core::insight::misses::Missed;
use lifeline_core::insight::people::Period;
use lifeline_core::insight::ports::InsightStore;
use lifeline_core::insight::{Channel, Outcome};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;
use zeroize::Zeroizing;

use super::statement::statements;
use super::value::args;
use super::{Field, Sql, Value, WriteConn};

statements! { "insight_writes":
    RUN_BEGIN("access_run") = "INSERT INTO access_run (run, began_at, flushed_at, ended_at, batch, lost) VALUES ($1, $2, $2, NULL, 0, 0) \
        ON CONFLICT DO NOTHING";
    RUN_PASS("access_run") = "UPDATE access_run SET batch = $2, flushed_at = $4 WHERE run = $1 AND batch = $3 AND ended_at IS NULL";
    RUN_LOST("access_run") = "UPDATE access_run SET lost = lost + $2 WHERE run = $1";
    RUN_END("access_run") = "UPDATE access_run SET ended_at = $2, flushed_at = $2 WHERE run = $1 AND ended_at IS NULL";
    TERMINAL("access_terminal") = "INSERT INTO access_terminal (day, terminal, outcome, n) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (day, terminal, outcome) DO UPDATE SET n = access_terminal.n + excluded.n";
    JOIN("access_person") = "INSERT INTO access_person (period, begins, cell, hash) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    SALT("access_salt") = "SELECT salt FROM access_salt WHERE period = $1 AND begins = $2";
    SALT_ADD("access_salt") = "INSERT INTO access_salt (period, begins, salt) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    REFUSED("access_refusal") = "INSERT INTO access_refusal (trace_id, at, function, channel, status, code, micros, region) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    OVER("access_person") = "SELECT DISTINCT period, begins, cell FROM access_person WHERE period = $1 AND begins < $2 \
        ORDER BY begins, cell LIMIT $3";
    SETTLE("access_people") = "INSERT INTO access_people (period, begins, cell, n) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (period, cell, begins) DO NOTHING";
    CROWD_GO("access_person") = "DELETE FROM access_person WHERE period = $1 AND begins = $2 AND cell = $3";
    TRIM("access_person") = "DELETE FROM access_person WHERE period = $1 AND begins = $2 AND cell = $3 AND hash > $4";
    SALT_GO("access_salt") = "DELETE FROM access_salt WHERE period = $1 AND begins = $2";
    PEOPLE_GO("access_people") = "DELETE FROM access_people WHERE period = $1 AND begins < $2";
    TERMINALS_GO("access_terminal") = "DELETE FROM access_terminal WHERE day < $1";
    REFUSALS_GO("access_refusal") = "DELETE FROM access_refusal WHERE at < (SELECT MAX(flushed_at) FROM access_run) - 604800000000";
    RUNS_GO("access_run") = "DELETE FROM access_run WHERE flushed_at < $1";
}

const SALT_FIELD: Field = Field::new("access_salt", "salt");

/// What came from each kind of terminal, and how it ended.
fn terminals(batch: &Batch) -> Vec<Vec<Value>> {
    let rows = batch.terminals.iter();
    let row = |((day, terminal, outcome), n): (&(i64, Terminal, Outcome), &i64)| {
        let outcome = number_of(&Outcome::ALL, outcome);
        args![*day, terminal.as_str(), outcome, *n]
    };
    rows.map(row).collect()
}

#[async_trait]
impl<C: WriteConn> InsightStore for Sql<C> {
    async fn begin_run(&mut self, run: &Run) -> Result<(), StoreError> {
        self.touched(&RUN_BEGIN, args![&run.run, run.began_at])
            .await
            .map(drop)
    }

    async fn take_batch(
        &mut self,
        run: &str,
        number: i64,
        until: Time,
    ) -> Result<bool, StoreError> {
        let before = number.saturating_sub(1);
        self.changed(&RUN_PASS, args![run, number, before, until])
            .await
    }

    async fn end_run(&mut self, run: &str, now: Time) -> Result<(), StoreError> {
        self.touched(&RUN_END, args![run, now]).await.map(drop)
    }

    async fn add(&mut self, run: &str, batch: &Batch) -> Result<(), StoreError> {
        self.add_counts(batch).await?;
        self.add_latencies(batch).await?;
        self.write_many(&TERMINAL, terminals(batch)).await?;
        if batch.lost > 0 {
            self.touched(&RUN_LOST, args![run, batch.lost]).await?;
        }
        Ok(())
    }

    async fn pack(&mut self, grain: Grain, at: i64) -> Result<(), StoreError> {
        self.pack_moment(grain, at).await
    }

    async fn pack_latencies(&mut self, day: i64) -> Result<(), StoreError> {
        self.pack_latencies_of(day).await
    }

    async fn refused(&mut self, refusals: &[Refused]) -> Result<(), StoreError> {
        let rows = refusals.iter().map(|one| {
            args![
                &one.trace_id,
                one.at,
                one.function,
                number_of(&Channel::ALL, &one.channel),
                one.status,
                &one.code,
                one.micros,
                &one.region,
            ]
        });
        self.write_many(&REFUSED, rows.collect()).await.map(drop)
    }

    async fn missed(&mut self, missed: &[Missed]) -> Result<(), StoreError> {
        self.add_missed(missed).await
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

    async fn trim(&mut self, crowd: &Crowd, largest: i64) -> Result<(), StoreError> {
        let args = args![crowd.period.as_str(), &crowd.begins, &crowd.cell, largest];
        self.touched(&TRIM, args).await.map(drop)
    }

    async fn keep_links(&mut self, days: &[LinkDay]) -> Result<(), StoreError> {
        self.keep_link_days(days).await
    }

    async fn purge(&mut self, hours_before: i64, days_before: i64) -> Result<u64, StoreError> {
        let day_ends = lifeline_core::insight::people::midnight(days_before);
        let mut gone = 0_u64;
        for (grain, before) in [
            (Grain::Hour, hours_before.saturating_mul(24)),
            (Grain::Day, days_before),
            (Grain::Month, month_of(days_before)),
        ] {
            gone = gone.saturating_add(self.purge_counts(grain, before).await?);
            let packs = if grain == Grain::Hour {
                hours_before
            } else {
                before
            };
            gone = gone.saturating_add(self.purge_packs(grain, packs).await?);
        }
        for period in Period::ALL {
            let before = args![period.as_str(), period.of(day_ends)];
            gone = gone.saturating_add(self.touched(&PEOPLE_GO, before).await?);
        }
        gone = gone.saturating_add(self.purge_latencies(days_before).await?);
        gone = gone.saturating_add(self.touched(&TERMINALS_GO, args![days_before]).await?);
        gone = gone.saturating_add(self.purge_missed(hours_before).await?);
        gone = gone.saturating_add(self.purge_energy(days_before).await?);
        gone = gone.saturating_add(self.touched(&REFUSALS_GO, args![]).await?);
        Ok(gone.saturating_add(self.touched(&RUNS_GO, args![day_ends]).await?))
    }

    async fn follow(&mut self, follow: &Follow, day: i64) -> Result<(), StoreError> {
        self.count_follow(follow, day).await
    }

    async fn place_bindings(&mut self, links: &[ToPlace]) -> Result<i64, StoreError> {
        self.place_links(links).await
    }

    async fn ask_report(&mut self, report: &Report, now: Time) -> Result<bool, StoreError> {
        self.asked_report(report, now).await
    }

    async fn keep_receipt(
        &mut self,
        day: i64,
        addressee: Addressee,
        receipt: &Receipt,
    ) -> Result<bool, StoreError> {
        self.receipt_of(day, addressee, receipt).await
    }

    async fn keep_offices(&mut self, offices: &[Office], now: Time) -> Result<(), StoreError> {
        self.named_offices(offices, now).await
    }

    async fn keep_energy(
        &mut self,
        day: i64,
        offices: &[OfficeEnergy],
        now: Time,
    ) -> Result<(), StoreError> {
        self.told_energy(day, offices, now).await
    }

    async fn forget_followers(
        &mut self,
        left_before: Time,
        days_before: i64,
    ) -> Result<(), StoreError> {
        self.forget_left(left_before, days_before).await
    }
}
