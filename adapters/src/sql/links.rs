//! Links by day, and who made their first one on it. Days that are over are kept added up, so that a page need not go
//! through every link ever made; what happened since they were is read from the links themselves, by the time it happened.

use std::collections::BTreeMap;

use lifeline_core::insight::asked::{Growth, Kept, LinkDay, month_name, month_of};
use lifeline_core::insight::people::{day_number, midnight};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Sql, WriteConn};

// A UNION would be merged by SQLite in the order of people, for which it goes through every link ever made.
statements! { "links":
    THROUGH("link_day") = "SELECT COALESCE(MAX(day), -1) AS n FROM link_day";
    KEPT("link_day") = "SELECT day, began, ended, first_links, still_linked FROM link_day WHERE day >= $1 AND day <= $2 ORDER BY day";
    BEGAN("binding") = "SELECT (created_at + 28800000000) / 86400000000 AS day, COUNT(*) AS n FROM binding \
        WHERE created_at >= $1 AND created_at < $2 GROUP BY (created_at + 28800000000) / 86400000000";
    ENDED("binding") = "SELECT (ended_at + 28800000000) / 86400000000 AS day, COUNT(*) AS n FROM binding \
        WHERE ended_at >= $1 AND ended_at < $2 GROUP BY (ended_at + 28800000000) / 86400000000";
    FIRST("binding") = "SELECT (first_at + 28800000000) / 86400000000 AS day, COUNT(*) AS looked, MAX(account_id) AS last_seen, \
        CAST(SUM(CASE WHEN first_at >= $1 AND first_at < $2 THEN 1 ELSE 0 END) AS BIGINT) AS n, \
        CAST(SUM(CASE WHEN first_at >= $1 AND first_at < $2 AND live > 0 THEN 1 ELSE 0 END) AS BIGINT) AS still FROM \
        (SELECT account_id, MIN(created_at) AS first_at, \
            CAST(SUM(CASE WHEN created_at < $2 AND (ended_at IS NULL OR ended_at >= $2) THEN 1 ELSE 0 END) AS BIGINT) AS live \
            FROM binding WHERE account_id > $3 GROUP BY account_id ORDER BY account_id LIMIT $4) AS people \
        GROUP BY (first_at + 28800000000) / 86400000000";
    MOVED("binding") = "SELECT (first_at + 28800000000) / 86400000000 AS day, \
        CAST(SUM(CASE WHEN first_at >= $1 THEN 1 ELSE 0 END) AS BIGINT) AS n, \
        CAST(SUM(CASE WHEN live > 0 THEN 1 ELSE 0 END) - SUM(CASE WHEN was > 0 THEN 1 ELSE 0 END) AS BIGINT) AS still FROM \
        (SELECT b.account_id, MIN(b.created_at) AS first_at, \
            CAST(SUM(CASE WHEN b.created_at <= $2 AND (b.ended_at IS NULL OR b.ended_at > $2) THEN 1 ELSE 0 END) AS BIGINT) AS live, \
            CAST(SUM(CASE WHEN b.created_at < $1 AND (b.ended_at IS NULL OR b.ended_at >= $1) THEN 1 ELSE 0 END) AS BIGINT) AS was \
            FROM (SELECT DISTINCT account_id FROM (SELECT account_id FROM binding WHERE created_at >= $1 \
                UNION ALL SELECT account_id FROM binding WHERE ended_at >= $1) AS every) AS moved \
            CROSS JOIN binding AS b WHERE b.account_id = moved.account_id GROUP BY b.account_id) AS people \
        WHERE first_at >= $3 AND first_at <= $2 GROUP BY (first_at + 28800000000) / 86400000000";
    DAYS_GO("link_day") = "DELETE FROM link_day";
    KEEP("link_day") = "INSERT INTO link_day (day, began, ended, first_links, still_linked) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (day) DO UPDATE SET began = excluded.began, ended = excluded.ended, first_links = excluded.first_links, \
        still_linked = excluded.still_linked";
}

/// So many people are looked at in one reading.
const PEOPLE_AT_ONCE: i64 = 100_000;

fn link_day(day: i64) -> LinkDay {
    LinkDay {
        day,
        began: 0,
        ended: 0,
        first: 0,
        still: 0,
    }
}

impl<C: Conn> Sql<C> {
    /// The first day that is not added up; 0 when none is.
    async fn links_begin_live(&mut self) -> Result<i64, StoreError> {
        let last = self.count(&THROUGH, args![]).await?;
        Ok(last.saturating_add(1))
    }

    async fn kept_days(&mut self, from: i64, to: i64) -> Result<Vec<LinkDay>, StoreError> {
        let rows = self.rows(&KEPT, args![from, to]).await?;
        rows.iter()
            .map(|row| {
                Ok(LinkDay {
                    day: row.int("day")?,
                    began: row.int("began")?,
                    ended: row.int("ended")?,
                    first: row.int("first_links")?,
                    still: row.int("still_linked")?,
                })
            })
            .collect()
    }

    /// Links that began and ended within a time, from the links themselves.
    async fn add_live(
        &mut self,
        (from, to): (Time, Time),
        days: &mut BTreeMap<i64, LinkDay>,
    ) -> Result<(), StoreError> {
        for row in self.rows(&BEGAN, args![from, to]).await? {
            let day = row.int("day")?;
            days.entry(day).or_insert_with(|| link_day(day)).began = row.int("n")?;
        }
        for row in self.rows(&ENDED, args![from, to]).await? {
            let day = row.int("day")?;
            days.entry(day).or_insert_with(|| link_day(day)).ended = row.int("n")?;
        }
        Ok(())
    }

    /// Days with who made their first link on them within a time: how many, and how many of them are linked still when it
    /// is over. Read in pieces, so that no reading takes longer for all the links there ever were.
    async fn first_links(
        &mut self,
        (from, until): (Time, Time),
    ) -> Result<BTreeMap<i64, (i64, i64)>, StoreError> {
        let mut days = BTreeMap::<i64, (i64, i64)>::new();
        let mut behind = String::new();
        loop {
            let mut looked = 0_i64;
            let piece = args![from, until, &behind, PEOPLE_AT_ONCE];
            for row in self.rows(&FIRST, piece).await? {
                looked = looked.saturating_add(row.int("looked")?);
                behind = behind.max(row.text("last_seen")?);
                let (first, still) = days.entry(row.int("day")?).or_default();
                *first = first.saturating_add(row.int("n")?);
                *still = still.saturating_add(row.int("still")?);
            }
            if looked < PEOPLE_AT_ONCE {
                break;
            }
        }
        days.retain(|_, (first, _)| *first > 0);
        Ok(days)
    }

    /// Links that began and ended by day, both days within.
    pub(super) async fn links_of(&mut self, from: i64, to: i64) -> Result<Vec<Growth>, StoreError> {
        let kept = self.kept_days(from, to).await?;
        let mut days: BTreeMap<i64, LinkDay> = kept.into_iter().map(|one| (one.day, one)).collect();
        let live = self.links_begin_live().await?.max(from);
        if live <= to {
            let span = (midnight(live), midnight(to.saturating_add(1)));
            self.add_live(span, &mut days).await?;
        }
        days.retain(|_, one| one.began > 0 || one.ended > 0);
        let growth = |one: LinkDay| Growth {
            day: one.day,
            began: one.began,
            ended: one.ended,
        };
        Ok(days.into_values().map(growth).collect())
    }

    /// By month of a person's first link, from a day on: how many, and how many are linked still. Of days that are added
    /// up, only people of whom a link began or ended since are looked at.
    pub(super) async fn kept_of(&mut self, from: i64, at: Time) -> Result<Vec<Kept>, StoreError> {
        let mut months = BTreeMap::<i64, (i64, i64)>::new();
        let mut add = |day: i64, first: i64, still: i64| {
            let month = months.entry(month_of(day)).or_default();
            month.0 = month.0.saturating_add(first);
            month.1 = month.1.saturating_add(still);
        };
        for one in self.kept_days(from, day_number(at)).await? {
            add(one.day, one.first, one.still);
        }
        let live = self.links_begin_live().await?;
        if live > 0 {
            let moved = args![midnight(live), at, midnight(from)];
            for row in self.rows(&MOVED, moved).await? {
                add(row.int("day")?, row.int("n")?, row.int("still")?);
            }
        } else {
            // Nothing is added up yet: everybody is looked at once.
            let until = Time::from_micros(at.micros().saturating_add(1));
            for (day, (first, still)) in self.first_links((midnight(from), until)).await? {
                add(day, first, still);
            }
        }
        // An account that was merged or erased since is told from what was added up until that is done anew.
        let kept = |(month, (first, still)): (i64, (i64, i64))| Kept {
            month: month_name(month),
            first,
            still: still.clamp(0, first),
        };
        let some = months.into_iter().filter(|(_, (first, _))| *first > 0);
        Ok(some.map(kept).collect())
    }

    /// Every day from one until before another, added up from the links themselves.
    pub(super) async fn link_days(
        &mut self,
        from: i64,
        before: i64,
    ) -> Result<Vec<LinkDay>, StoreError> {
        let span = (midnight(from), midnight(before));
        let mut days = BTreeMap::new();
        self.add_live(span, &mut days).await?;
        for (day, told) in self.first_links(span).await? {
            let one = days.entry(day).or_insert_with(|| link_day(day));
            (one.first, one.still) = told;
        }
        let last = before.saturating_sub(1);
        days.entry(last).or_insert_with(|| link_day(last));
        Ok(days.into_values().collect())
    }
}

impl<C: WriteConn> Sql<C> {
    /// Takes over what was added up.
    pub(super) async fn keep_link_days(&mut self, days: &[LinkDay]) -> Result<(), StoreError> {
        self.touched(&DAYS_GO, args![]).await?;
        let rows = days
            .iter()
            .map(|one| args![one.day, one.began, one.ended, one.first, one.still]);
        self.write_many(&KEEP, rows.collect()).await.map(drop)
    }
}
