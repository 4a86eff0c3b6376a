//! Since when the prices of a month are not told by the publishing platform, or were not.

use lifeline_core::settlement::watch::Untold;
use lifeline_core::shared::period::Period;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Sql, WriteConn};

statements! { "untold":
    OF("untold_prices") = "SELECT untold_at, last_at FROM untold_prices WHERE period = $1";
    KEEP("untold_prices") = "INSERT INTO untold_prices (period, untold_at, last_at) VALUES ($1, $2, $3) \
        ON CONFLICT (period) DO UPDATE SET untold_at = excluded.untold_at, last_at = excluded.last_at";
}

impl<C: Conn> Sql<C> {
    pub(super) async fn untold_of(
        &mut self,
        period: &Period,
    ) -> Result<Option<Untold>, StoreError> {
        let Some(row) = self.one(&OF, args![period.as_str()]).await? else {
            return Ok(None);
        };
        Ok(Some(Untold {
            since: row.time("untold_at")?,
            last: row.time("last_at")?,
        }))
    }
}

impl<C: WriteConn> Sql<C> {
    pub(super) async fn note_untold(
        &mut self,
        period: &Period,
        untold: &Untold,
    ) -> Result<(), StoreError> {
        let args = args![period.as_str(), untold.since, untold.last];
        self.touched(&KEEP, args).await.map(drop)
    }
}
