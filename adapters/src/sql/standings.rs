//! How months of sold power stand: rows of check tasks and payouts, but for what is sealed in them.

use lifeline_core::settlement::ids::GenerationAccountId;
use lifeline_core::settlement::ports::{Month, Stretch};
use lifeline_core::settlement::standing::{CheckStanding, InReview, MonthStanding, PayoutStanding};
use lifeline_core::settlement::trade_task::Hold;
use lifeline_core::settlement::{table_k, table_t};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::period::Period;
use lifeline_core::store::StoreError;

use super::settlement::LAST;
use super::statement::statements;
use super::timeline::asked_by;
use super::value::args;
use super::{Conn, Row, Sql};

macro_rules! payouts {
    ($which:literal) => {
        concat!(
            "SELECT trade_task_id, check_task_id, state, accepted_fen, amount_fen, payout_no, paid_fen, kept_fen, hold, ",
            "payee_confirmed, frozen FROM trade_task WHERE ",
            $which
        )
    };
}

statements! { "standings":
    // The stretch of `check_tasks.TASKS_OF`.
    ON_PAGE("trade_task") = payouts!("state <> 'WITHDRAWN' AND check_task_id IN (SELECT k.check_task_id FROM check_task k \
        JOIN generation_account g ON g.generation_account_id = k.generation_account_id \
        WHERE g.account_id IN (SELECT m.account_id FROM account m WHERE m.account_id = $1 OR m.merged_into = $1) \
        AND g.state <> 'terminated' AND k.table_id IN (SELECT p.table_id FROM personal_table p \
        WHERE p.generation_account_id = g.generation_account_id AND p.state = 'open') \
        AND k.check_task_id < $2 ORDER BY k.check_task_id DESC LIMIT $3)");
    OF_MONTH("trade_task") = payouts!("generation_account_id = $1 AND period = $2 ORDER BY enqueued_at, trade_task_id");
    CHECKS("check_task") = "SELECT check_task_id, data_version, state, net_fen FROM check_task \
        WHERE generation_account_id = $1 AND period = $2 ORDER BY data_version, check_task_id";
    ABOUT("check_task") = "SELECT generation_account_id, period FROM check_task WHERE check_task_id = $1 \
        UNION SELECT generation_account_id, period FROM trade_task WHERE trade_task_id = $1";
    // What a reviewer has waits, and stands in the index of what waits.
    IN_REVIEW("check_task") = "SELECT k.check_task_id, COALESCE(a.merged_into, a.account_id) AS account_id, k.period, \
        COALESCE(k.review_began_at, k.created_at) AS began_at, k.review_round FROM check_task k \
        JOIN generation_account g ON g.generation_account_id = k.generation_account_id \
        JOIN account a ON a.account_id = g.account_id WHERE k.state = 'IN_REVIEW' AND k.next_at IS NOT NULL \
        AND (CAST($1 AS TEXT) = '' OR EXISTS (SELECT 1 FROM binding b JOIN binding_region r ON r.binding_id = b.binding_id \
        WHERE b.account_id IN (a.account_id, a.merged_into) AND b.ended_at IS NULL \
        AND REPLACE($1, ',' || r.region || ',', '') <> $1)) \
        ORDER BY COALESCE(k.review_began_at, k.created_at), k.check_task_id LIMIT $2";
    UNSETTLED("energy_version") = "SELECT table_id, period FROM energy_version WHERE state = 'collected' \
        AND days IS NOT NULL AND (table_id, period) > ($1, $2) AND table_id <= $3 ORDER BY table_id, period LIMIT $4";
    TABLE("personal_table") = "SELECT generation_account_id FROM personal_table WHERE table_id = $1";
}

pub(super) fn period(row: &Row) -> Result<Period, StoreError> {
    row.parsed("period", |text| Period::parse(text).ok())
}

fn payout(row: &Row) -> Result<PayoutStanding, StoreError> {
    Ok(PayoutStanding {
        trade_task_id: row.id("trade_task_id")?,
        check_task_id: row.id("check_task_id")?,
        state: row.parsed("state", table_t::State::parse)?,
        accepted: row.fen("accepted_fen")?,
        amount: row.fen("amount_fen")?,
        payout_no: row.maybe_text("payout_no")?,
        paid: row.maybe_fen("paid_fen")?,
        kept: row.fen("kept_fen")?,
        hold: row.maybe_parsed("hold", Hold::parse)?,
        payee_confirmed: row.flag("payee_confirmed")?,
        frozen: row.flag("frozen")?,
    })
}

fn check(row: &Row) -> Result<CheckStanding, StoreError> {
    Ok(CheckStanding {
        check_task_id: row.id("check_task_id")?,
        data_version: row.int("data_version")?,
        state: row.parsed("state", table_k::State::parse)?,
        net: row.fen("net_fen")?,
    })
}

fn in_review(row: &Row) -> Result<InReview, StoreError> {
    Ok(InReview {
        check_task_id: row.id("check_task_id")?,
        owner: row.id("account_id")?,
        period: period(row)?,
        began_at: row.time("began_at")?,
        round: row.int("review_round")?,
    })
}

impl<C: Conn> Sql<C> {
    pub(super) async fn tasks_in_review(
        &mut self,
        regions: Option<&[String]>,
        most: i64,
    ) -> Result<Vec<InReview>, StoreError> {
        let rows = self
            .rows(&IN_REVIEW, args![asked_by(regions), most])
            .await?;
        rows.iter().map(in_review).collect()
    }

    pub(super) async fn months_unsettled(
        &mut self,
        stretch: &Stretch,
        most: i64,
    ) -> Result<Vec<Month>, StoreError> {
        let (table, after) = stretch.after.as_ref().map_or(("", ""), |(table, period)| {
            (table.as_str(), period.as_str())
        });
        let until = stretch.until.as_ref().map_or(LAST, |until| until.as_str());
        let args = args![table, after, until, most];
        let rows = self.rows(&UNSETTLED, args).await?;
        rows.iter()
            .map(|row| Ok((row.id("table_id")?, period(row)?)))
            .collect()
    }

    pub(super) async fn payouts_on_page(
        &mut self,
        owner: &AccountId,
        page: &Page,
    ) -> Result<Vec<PayoutStanding>, StoreError> {
        let before = page.after().unwrap_or(LAST);
        let args = args![owner, before, page.limit().saturating_add(1)];
        let rows = self.rows(&ON_PAGE, args).await?;
        rows.iter().map(payout).collect()
    }

    pub(super) async fn month_of_subject(
        &mut self,
        subject: &str,
    ) -> Result<Option<MonthStanding>, StoreError> {
        let Some((account, period)) = self.month_named(subject).await? else {
            return Ok(None);
        };
        let args = args![&account, period.as_str()];
        let checks = self.rows(&CHECKS, args).await?;
        let args = args![&account, period.as_str()];
        let payouts = self.rows(&OF_MONTH, args).await?;
        Ok(Some(MonthStanding {
            checks: checks.iter().map(check).collect::<Result<_, _>>()?,
            payouts: payouts.iter().map(payout).collect::<Result<_, _>>()?,
            generation_account_id: account,
            period,
        }))
    }

    /// Whose month it is, and which.
    async fn month_named(
        &mut self,
        subject: &str,
    ) -> Result<Option<(GenerationAccountId, Period)>, StoreError> {
        let mut pieces = subject.split(':');
        let head = pieces.next().unwrap_or(subject);
        let Some(month) = pieces.next() else {
            let row = self.one(&ABOUT, args![head]).await?;
            return row
                .map(|row| Ok((row.id("generation_account_id")?, period(&row)?)))
                .transpose();
        };
        let Ok(month) = Period::parse(month) else {
            return Ok(None);
        };
        let row = self.one(&TABLE, args![head]).await?;
        row.map(|row| Ok((row.id("generation_account_id")?, month)))
            .transpose()
    }
}
