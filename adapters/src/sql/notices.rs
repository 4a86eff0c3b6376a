//! Notices to app users. What a notice says is sealed with the account's own key.

use async_trait::async_trait;
use lifeline_core::notices::ports::{NoticeReads, NoticeStore, Report};
use lifeline_core::notices::{Kind, Notice, Told};
use lifeline_core::shared::ids::{AccountId, EventId, NoticeId, PaymentId};
use lifeline_core::shared::page::Page;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, WriteConn};

statements! { "notices":
    FIND("notice") = "SELECT notice_id, account_id, event_id, kind, params, payment_id, created_at, read_at, texted_at \
        FROM notice WHERE notice_id = $1 \
        AND (account_id = $2 OR account_id IN (SELECT account_id FROM account WHERE merged_into = $2))";
    LIST("notice") = "SELECT notice_id, account_id, event_id, kind, params, payment_id, created_at, read_at, texted_at \
        FROM notice \
        WHERE (account_id = $1 OR account_id IN (SELECT account_id FROM account WHERE merged_into = $1)) \
        AND notice_id < $2 ORDER BY notice_id DESC LIMIT $3";
    UNREAD("notice") = "SELECT COUNT(*) AS n FROM notice WHERE read_at IS NULL \
        AND (account_id = $1 OR account_id IN (SELECT account_id FROM account WHERE merged_into = $1))";
    ADD("notice") = "INSERT INTO notice (notice_id, account_id, event_id, kind, params, payment_id, created_at, \
        read_at, texted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (event_id) DO NOTHING";
    MARK_READ("notice") = "UPDATE notice SET read_at = COALESCE(read_at, $3) WHERE notice_id = $1 \
        AND (account_id = $2 OR account_id IN (SELECT account_id FROM account WHERE merged_into = $2))";
    MARK_TEXTED("notice") = "UPDATE notice SET texted_at = COALESCE(texted_at, $3) \
        WHERE notice_id = $1 AND account_id = $2";
    REPORT("text_report") = "SELECT delivered, told_at FROM text_report WHERE message_id = $1";
    ADD_REPORT("text_report") = "INSERT INTO text_report (message_id, delivered, told_at) VALUES ($1, $2, $3) \
        ON CONFLICT (message_id) DO NOTHING";
}

const PARAMS: Field = Field::new("notice", "params");
/// Sorts after every id: where the first page begins.
const AFTER_THE_NEWEST: &str = "~";

#[async_trait]
impl<C: Conn> NoticeReads for Sql<C> {
    async fn find(
        &mut self,
        account: &AccountId,
        id: &NoticeId,
    ) -> Result<Option<Notice>, StoreError> {
        match self.one(&FIND, args![id, account]).await? {
            Some(row) => self.notice(&row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn list(&mut self, account: &AccountId, page: &Page) -> Result<Vec<Notice>, StoreError> {
        let before = page.after().unwrap_or(AFTER_THE_NEWEST);
        let args = args![account, before, page.limit().saturating_add(1)];
        let rows = self.rows(&LIST, args).await?;
        let mut list = Vec::with_capacity(rows.len());
        for row in rows {
            list.push(self.notice(&row).await?);
        }
        Ok(list)
    }

    async fn unread(&mut self, account: &AccountId) -> Result<i64, StoreError> {
        self.count(&UNREAD, args![account]).await
    }

    async fn report(&mut self, message: &EventId) -> Result<Option<Report>, StoreError> {
        let row = self.one(&REPORT, args![message]).await?;
        let read = |row: &Row| {
            Ok::<_, StoreError>(Report {
                delivered: row.flag("delivered")?,
                told_at: row.time("told_at")?,
            })
        };
        row.as_ref().map(read).transpose()
    }
}

#[async_trait]
impl<C: WriteConn> NoticeStore for Sql<C> {
    async fn add(&mut self, notice: &Notice) -> Result<bool, StoreError> {
        if let Some(task) = notice.told.check_task()
            && self.is_of_ended_table(task).await?
        {
            return Ok(false);
        }
        let (account, id) = (&notice.account_id, &notice.notice_id);
        let params = notice.told.facts().map_err(|_| corrupt(PARAMS))?;
        let params = self.seal_for(account, PARAMS, id.as_str(), &params).await?;
        let args = args![
            id,
            account,
            &notice.event_id,
            notice.told.kind().as_str(),
            params,
            notice.payment_id.as_ref().map(PaymentId::as_str),
            notice.created_at,
            notice.read_at,
            notice.texted_at,
        ];
        self.changed(&ADD, args).await
    }

    async fn mark_read(
        &mut self,
        account: &AccountId,
        id: &NoticeId,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.changed(&MARK_READ, args![id, account, now]).await
    }

    async fn mark_texted(
        &mut self,
        account: &AccountId,
        id: &NoticeId,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.changed(&MARK_TEXTED, args![id, account, now]).await
    }

    async fn add_report(&mut self, message: &EventId, report: &Report) -> Result<bool, StoreError> {
        let args = args![message, report.delivered, report.told_at];
        self.changed(&ADD_REPORT, args).await
    }
}

impl<C: Conn> Sql<C> {
    pub(super) async fn notice(&mut self, row: &Row) -> Result<Notice, StoreError> {
        let (notice_id, account_id): (NoticeId, AccountId) =
            (row.id("notice_id")?, row.id("account_id")?);
        let sealed = row.text("params")?;
        let params = self
            .open_for(&account_id, PARAMS, notice_id.as_str(), &sealed)
            .await?;
        let kind = row.parsed("kind", Kind::parse)?;
        let told = Told::read(kind, &params).ok_or_else(|| row.corrupt("params"))?;
        Ok(Notice {
            event_id: row.id("event_id")?,
            told,
            payment_id: row.maybe_id("payment_id")?,
            created_at: row.time("created_at")?,
            read_at: row.maybe_time("read_at")?,
            texted_at: row.maybe_time("texted_at")?,
            notice_id,
            account_id,
        })
    }
}

const fn corrupt(field: Field) -> StoreError {
    StoreError::Corrupt {
        table: field.table,
        column: field.column,
    }
}
