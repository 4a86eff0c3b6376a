//! Copies of figures, kept with their age. A home is found by its blind index; the body is sealed.

use async_trait::async_trait;
use lifeline_core::billing::ports::{FigureKey, FigureReads, FigureStore, Kept};
use lifeline_core::shared::ids::CaseId;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Sql, WriteConn};

statements! { "billing":
    KEPT("figure") = "SELECT home_index, body, asked_at, outdated_at FROM figure \
        WHERE home_index IN ($1, $2) AND holder_version = $3 AND kind = $4 AND period = $5 \
        ORDER BY asked_at DESC LIMIT 1";
    KEEP("figure") = "INSERT INTO figure (home_index, holder_version, kind, period, body, asked_at) \
        VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (home_index, holder_version, kind, period) \
        DO UPDATE SET body = excluded.body, asked_at = excluded.asked_at WHERE excluded.asked_at > figure.asked_at";
    OUTDATE("figure") = "UPDATE figure SET outdated_at = $2 \
        WHERE home_index IN ($1, $3) AND (outdated_at IS NULL OR outdated_at < $2)";
    PURGE("figure") = "DELETE FROM figure WHERE asked_at < $1";
    IS_HELD("figure_hold") = "SELECT COUNT(*) AS n FROM figure_hold WHERE home_digest = $1";
    HOLD("figure_hold") = "INSERT INTO figure_hold (home_digest, case_id, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    LET_GO("figure_hold") = "DELETE FROM figure_hold WHERE case_id = $1";
}

const HOME: Field = Field::new("figure", "home_index");
/// No column: names of figures outside the store, never equal to an index inside it.
const FLIGHT: Field = Field::new("figure", "flight");
const BODY: Field = Field::new("figure", "body");
const HELD_HOME: Field = Field::new("figure_hold", "home_digest");

/// One row in words. Sealed bodies are bound to it, and open in their own row only.
fn row_of(home: &str, key: &FigureKey) -> String {
    let (kind, period) = (key.kind.as_str(), key.kind.period());
    format!("{home}/{}/{kind}/{period}", key.holder_version)
}

#[async_trait]
impl<C: Conn> FigureReads for Sql<C> {
    async fn is_held(&mut self, consumer_no: &ConsumerNo) -> Result<bool, StoreError> {
        let home = self.digest(HELD_HOME, consumer_no.expose())?;
        Ok(self.count(&IS_HELD, args![home]).await? > 0)
    }

    async fn kept(&mut self, key: &FigureKey) -> Result<Option<Kept>, StoreError> {
        let [index, other] = self.indexes(HOME, key.consumer_no.expose())?;
        let named = args![
            index,
            other,
            key.holder_version,
            key.kind.as_str(),
            key.kind.period()
        ];
        let Some(row) = self.one(&KEPT, named).await? else {
            return Ok(None);
        };
        let row_name = row_of(&row.text("home_index")?, key);
        let body = self.open_service(BODY, &row_name, &row.text("body")?)?;
        Ok(Some(Kept {
            body,
            asked_at: Time::from_micros(row.int("asked_at")?),
            outdated_at: row.maybe_int("outdated_at")?.map(Time::from_micros),
        }))
    }

    fn flight_key(&self, key: &FigureKey) -> Result<String, StoreError> {
        self.digest(FLIGHT, &row_of(key.consumer_no.expose(), key))
    }
}

#[async_trait]
impl<C: WriteConn> FigureStore for Sql<C> {
    async fn keep(
        &mut self,
        key: &FigureKey,
        body: &str,
        asked_at: Time,
    ) -> Result<bool, StoreError> {
        let index = self.blind(HOME, key.consumer_no.expose())?;
        let sealed = self.seal_service(BODY, &row_of(&index, key), body)?;
        let row = args![
            index,
            key.holder_version,
            key.kind.as_str(),
            key.kind.period(),
            sealed,
            asked_at.micros(),
        ];
        self.changed(&KEEP, row).await
    }

    async fn outdate(&mut self, consumer_no: &ConsumerNo, now: Time) -> Result<(), StoreError> {
        let [index, other] = self.indexes(HOME, consumer_no.expose())?;
        self.touched(&OUTDATE, args![index, now.micros(), other])
            .await
            .map(drop)
    }

    async fn hold(
        &mut self,
        consumer_no: &ConsumerNo,
        case: &CaseId,
        now: Time,
    ) -> Result<bool, StoreError> {
        let home = self.digest(HELD_HOME, consumer_no.expose())?;
        self.changed(&HOLD, args![home, case, now]).await
    }

    async fn let_go(&mut self, case: &CaseId) -> Result<bool, StoreError> {
        self.changed(&LET_GO, args![case]).await
    }

    async fn purge(&mut self, before: Time) -> Result<u64, StoreError> {
        self.touched(&PURGE, args![before.micros()]).await
    }
}
