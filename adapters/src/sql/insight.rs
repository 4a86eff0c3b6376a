//! Counts of use, people's hashes, the runs of the counting processes.

use std::collections::BTreeMap;

use async_trait::async_trait;
use lifeline_core::accounts::Terminal;
use lifeline_core::insight::aggregate::{Addressee, Office, Report};
use lifeline_core::insight::asked::{
    Grain, Growth, Kept, LinkDay, Refused, Row as Sum, Runs, Slice, Unended, Which, number_of,
};
use lifeline_core::insight::batch::Crowd;
use lifeline_core::insight::data::DataStanding;
use lifeline_core::insight::decisions::{Cause, Unmet, Unpaid, UnpaidRow};
use lifeline_core::insight::energy::EnergySum;
use lifeline_core::insight::followers::{BoundRegion, FollowDay, ToPlace};
use lifeline_core::insight::people::Period;
use lifeline_core::insight::ports::InsightReads;
use lifeline_core::insight::sample::NOWHERE;
use lifeline_core::insight::sides::{Part, Sides};
use lifeline_core::insight::standing::{Carried, Standing};
use lifeline_core::insight::terminals::TerminalDay;
use lifeline_core::insight::timeline::{LOOK, Mark, Moment, Of};
use lifeline_core::insight::{Channel, Outcome};
use lifeline_core::shared::ids::{AccountId, PaymentId};
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, counts};

statements! { "insight":
    TERMINALS("access_terminal") = "SELECT day, terminal, outcome, n FROM access_terminal WHERE day >= $1 AND day <= $2 \
        ORDER BY day, terminal, outcome";
    CROWD("access_person") = "SELECT hash FROM access_person WHERE period = $1 AND begins = $2 AND cell = $3 ORDER BY hash LIMIT $4";
    SIZE("access_person") = "SELECT COUNT(*) AS n, COALESCE(MAX(hash), 0) AS largest FROM \
        (SELECT hash FROM access_person WHERE period = $1 AND begins = $2 AND cell = $3 ORDER BY hash LIMIT $4) AS smallest";
    SETTLED("access_people") = "SELECT begins, n FROM access_people WHERE period = $1 AND cell = $2 AND begins >= $3 \
        AND begins <= $4 ORDER BY begins";
    RUNS("access_run") = "SELECT MAX(flushed_at) AS flushed_at, CAST(COALESCE(SUM(lost), 0) AS BIGINT) AS lost FROM access_run \
        WHERE flushed_at >= $1 AND began_at < $2";
    UNENDED("access_run") = "SELECT r.flushed_at, (SELECT MIN(o.began_at) FROM access_run o WHERE o.began_at > r.flushed_at) AS next_began \
        FROM access_run r WHERE r.ended_at IS NULL AND r.flushed_at < $2 AND (r.flushed_at >= $1 OR NOT EXISTS \
        (SELECT 1 FROM access_run o WHERE o.began_at > r.flushed_at AND o.began_at <= $1)) ORDER BY r.flushed_at DESC, r.run LIMIT $3";
    HOME_OF("binding") = "SELECT binding_id, consumer_no FROM binding WHERE account_id = $1 AND ended_at IS NULL \
        ORDER BY created_at, binding_id LIMIT 1";
    REFUSAL("access_refusal") = "SELECT trace_id, at, function, channel, status, code, micros, region FROM access_refusal \
        WHERE trace_id = $1 ORDER BY at DESC LIMIT $2";
    REFUSALS("access_refusal") = "SELECT trace_id, at, function, channel, status, code, micros, region FROM access_refusal \
        WHERE at >= $1 AND at <= $2 AND (at < $2 OR trace_id < $9) AND (CAST($3 AS BIGINT) < 0 OR function = $3) \
        AND (CAST($4 AS BIGINT) < 0 OR channel = $4) AND status >= $5 AND status <= $6 AND status <> $7 \
        AND (CAST($8 AS TEXT) = '' OR code = $8) AND (REPLACE($10, ',' || region || ',', '') <> $10 OR $10 = '') \
        ORDER BY at DESC, trace_id DESC LIMIT $11";
}

pub(super) const CONSUMER_NO: Field = Field::new("binding", "consumer_no");
/// As [`Outcome::statuses`], leaving none out.
const ANY_STATUS: (i64, i64, i64) = (0, 65_535, 0);

/// A filter as the statements take it: below zero when it is absent.
pub(super) fn bound(filter: Option<i64>) -> i64 {
    filter.unwrap_or(-1)
}

/// As the statements take regions: each between commas, nothing for every one. That of people without a home is one of them.
fn listed(regions: Option<&[String]>) -> String {
    let regions = regions.map(|own| own.join(","));
    regions.map_or_else(String::new, |own| format!(",{own},"))
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
        region: row.text("region")?,
    })
}

fn terminal_day(row: &Row) -> Result<TerminalDay, StoreError> {
    let outcome = usize::try_from(row.int("outcome")?).ok();
    let outcome = outcome.and_then(|at| Outcome::ALL.get(at));
    Ok(TerminalDay {
        day: row.int("day")?,
        terminal: row.parsed("terminal", Terminal::parse)?,
        outcome: *outcome.ok_or_else(|| row.corrupt("outcome"))?,
        n: row.int("n")?,
    })
}

#[async_trait]
impl<C: Conn> InsightReads for Sql<C> {
    async fn rows(&mut self, slice: &Slice) -> Result<Vec<Sum>, StoreError> {
        let (side, first, last) = counts::summed(slice)
            .ok_or_else(|| StoreError::Refused("no sum is by all of these".to_owned()))?;
        let (from, to) = counts::span(slice, side);
        let rows = self
            .rows(counts::sums_by(slice.by), args![from, to, first, last])
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Sum {
                    key: row.int("k")?,
                    region: counts::region_name(row.int("region")?),
                    n: row.int("n")?,
                })
            })
            .collect()
    }

    async fn sides(&mut self, part: &Part) -> Result<Sides, StoreError> {
        self.sides_of(part).await
    }

    async fn hours(&mut self, part: &Part) -> Result<BTreeMap<i64, i64>, StoreError> {
        self.hours_of(part).await
    }

    async fn loose(&mut self, grain: Grain, from: i64, to: i64) -> Result<Vec<i64>, StoreError> {
        self.loose_moments(grain, from, to).await
    }

    async fn latencies(
        &mut self,
        from: i64,
        to: i64,
        function: Option<i64>,
    ) -> Result<Vec<(i64, i64)>, StoreError> {
        self.latencies_of((from, to), function).await
    }

    async fn loose_latencies(&mut self, before: i64) -> Result<Vec<i64>, StoreError> {
        self.days_of_latencies(before).await
    }

    async fn terminals(&mut self, from: i64, to: i64) -> Result<Vec<TerminalDay>, StoreError> {
        let rows = self.rows(&TERMINALS, args![from, to]).await?;
        rows.iter().map(terminal_day).collect()
    }

    async fn crowd(&mut self, crowd: &Crowd, limit: i64) -> Result<Vec<i64>, StoreError> {
        let args = args![crowd.period.as_str(), &crowd.begins, &crowd.cell, limit];
        let rows = self.rows(&CROWD, args).await?;
        rows.iter().map(|row| row.int("hash")).collect()
    }

    async fn crowd_size(&mut self, crowd: &Crowd, limit: i64) -> Result<(i64, i64), StoreError> {
        let args = args![crowd.period.as_str(), &crowd.begins, &crowd.cell, limit];
        match self.one(&SIZE, args).await? {
            Some(row) => Ok((row.int("n")?, row.int("largest")?)),
            None => Ok((0, 0)),
        }
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

    async fn runs(&mut self, from: Time, to: Time) -> Result<Runs, StoreError> {
        match self.one(&RUNS, args![from, to]).await? {
            Some(row) => Ok(Runs {
                flushed_at: row.maybe_time("flushed_at")?,
                lost: row.int("lost")?,
            }),
            None => Ok(Runs::default()),
        }
    }

    async fn unended(
        &mut self,
        from: Time,
        to: Time,
        limit: i64,
    ) -> Result<Vec<Unended>, StoreError> {
        let rows = self.rows(&UNENDED, args![from, to, limit]).await?;
        rows.iter()
            .map(|row| {
                Ok(Unended {
                    flushed_at: row.time("flushed_at")?,
                    next_began: row.maybe_time("next_began")?,
                })
            })
            .collect()
    }

    async fn growth(&mut self, from: i64, to: i64) -> Result<Vec<Growth>, StoreError> {
        self.links_of(from, to).await
    }

    async fn retention(&mut self, from: i64, at: Time) -> Result<Vec<Kept>, StoreError> {
        self.kept_of(from, at).await
    }

    async fn links(&mut self, from: i64, before: i64) -> Result<Vec<LinkDay>, StoreError> {
        self.link_days(from, before).await
    }

    async fn data(
        &mut self,
        fresh_from: Time,
        lately_from: Time,
    ) -> Result<DataStanding, StoreError> {
        self.data_stands(fresh_from, lately_from).await
    }

    async fn region_of(&mut self, account: &AccountId) -> Result<String, StoreError> {
        let Some(row) = self.one(&HOME_OF, args![account]).await? else {
            return Ok(NOWHERE.to_owned());
        };
        let (id, sealed) = (row.text("binding_id")?, row.text("consumer_no")?);
        let number = self.open_for(account, CONSUMER_NO, &id, &sealed).await?;
        Ok(ConsumerNo::from_store(number).region())
    }

    async fn refusals(&mut self, which: &Which, limit: i64) -> Result<Vec<Refused>, StoreError> {
        let rows = match which {
            Which::Trace(trace) => self.rows(&REFUSAL, args![trace, limit]).await?,
            Which::Within {
                function,
                channel,
                outcome,
                code,
                regions,
                from,
                to,
                behind,
            } => {
                let last_seen = behind.as_ref();
                let (to, trace) = last_seen.map_or((*to, ""), |(at, trace)| (*at, trace.as_str()));
                let (first, last, but) = outcome.map_or(ANY_STATUS, Outcome::statuses);
                let args = args![
                    *from,
                    to,
                    bound(*function),
                    bound(channel.map(|one| number_of(&Channel::ALL, &one))),
                    first,
                    last,
                    but,
                    code.as_deref().unwrap_or(""),
                    trace,
                    listed(regions.as_deref()),
                    limit,
                ];
                self.rows(&REFUSALS, args).await?
            }
        };
        rows.iter().map(refused).collect()
    }

    async fn follow_days(&mut self, from: i64, to: i64) -> Result<Vec<FollowDay>, StoreError> {
        self.days_followed(from, to).await
    }

    async fn following(&mut self) -> Result<i64, StoreError> {
        self.now_following().await
    }

    async fn bound_regions(&mut self) -> Result<Vec<BoundRegion>, StoreError> {
        self.bound_by_region().await
    }

    async fn bound_people(&mut self) -> Result<i64, StoreError> {
        self.people_bound().await
    }

    async fn unplaced(&mut self) -> Result<i64, StoreError> {
        self.not_placed().await
    }

    async fn to_place(&mut self, limit: i64) -> Result<Vec<ToPlace>, StoreError> {
        self.links_to_place(limit).await
    }

    async fn subject_of(&mut self, of: &Of) -> Result<Option<AccountId>, StoreError> {
        self.whose(of).await
    }

    async fn moments(
        &mut self,
        of: &Of,
        behind: Option<&Mark>,
        limit: i64,
    ) -> Result<Vec<Moment>, StoreError> {
        self.line_of(of, behind, ("", limit)).await
    }

    async fn but_looks(&mut self, of: &Of, limit: i64) -> Result<Vec<Moment>, StoreError> {
        self.line_of(of, None, (LOOK, limit)).await
    }

    async fn unmet(&mut self, from: Time, to: Time, limit: i64) -> Result<Vec<Unmet>, StoreError> {
        self.unmet_by_code(from, to, limit).await
    }

    async fn unfound(
        &mut self,
        from: i64,
        to: i64,
        limit: i64,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        self.nothing_found(from, to, limit).await
    }

    async fn unpaid(&mut self, from: Time, to: Time) -> Result<Vec<Unpaid>, StoreError> {
        self.unpaid_by_cause(from, to).await
    }

    async fn unpaid_rows(
        &mut self,
        span: (Time, Time),
        cause: Cause,
        regions: Option<&[String]>,
        behind: Option<&(Time, PaymentId)>,
        limit: i64,
    ) -> Result<Vec<UnpaidRow>, StoreError> {
        self.unpaid_behind(span, cause, (regions, behind), limit)
            .await
    }

    async fn unpaid_people(
        &mut self,
        span: (Time, Time),
        regions: Option<&[String]>,
    ) -> Result<Vec<(Cause, i64)>, StoreError> {
        self.unpaid_by_whom(span, regions).await
    }

    async fn numbered(&mut self, out_trade_no: &str) -> Result<Option<PaymentId>, StoreError> {
        self.payment_of(out_trade_no).await
    }

    async fn standing(&mut self, hour_ago: Time) -> Result<Standing, StoreError> {
        self.stands(hour_ago).await
    }

    async fn carried(&mut self) -> Result<Carried, StoreError> {
        self.carries().await
    }

    async fn report(
        &mut self,
        day: i64,
        addressee: Addressee,
    ) -> Result<Option<Report>, StoreError> {
        self.report_of(day, addressee).await
    }

    async fn reports(&mut self, limit: i64) -> Result<Vec<Report>, StoreError> {
        self.newest_reports(limit).await
    }

    async fn offices(&mut self) -> Result<Vec<(Office, Time)>, StoreError> {
        self.known_offices().await
    }

    async fn energy(&mut self, from: i64, to: i64) -> Result<Vec<EnergySum>, StoreError> {
        self.energy_of(from, to).await
    }
}
