//! Open personal data tables, and which of them a month is still to be collected into.

use lifeline_core::settlement::ids::{GenerationAccountId, PersonalTableId};
use lifeline_core::shared::period::Period;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Sql};

statements! { "awaited":
    OPEN("personal_table") = "SELECT table_id, generation_account_id FROM personal_table \
        WHERE state = 'open' AND table_id > $1 ORDER BY table_id LIMIT $2";
    ONE("personal_table") = "SELECT COUNT(*) AS n FROM personal_table t WHERE t.table_id = $1 AND t.state = 'open' \
        AND t.opened_at < $2 AND NOT EXISTS (SELECT 1 FROM energy_version e WHERE e.table_id = t.table_id \
        AND e.period = $3)";
    // A month of which days are missing is not there yet.
    THOSE("personal_table") = "SELECT t.table_id FROM personal_table t WHERE t.state = 'open' AND t.table_id >= $1 \
        AND t.table_id <= $2 AND NOT EXISTS (SELECT 1 FROM energy_version e WHERE e.table_id = t.table_id \
        AND e.period = $3 AND (e.state = 'settled' \
        OR (e.state = 'collected' AND COALESCE(e.refusal, '') <> 'days_missing'))) ORDER BY t.table_id";
}

impl<C: Conn> Sql<C> {
    pub(super) async fn tables_open(
        &mut self,
        after: &str,
        most: i64,
    ) -> Result<Vec<(PersonalTableId, GenerationAccountId)>, StoreError> {
        let rows = self.rows(&OPEN, args![after, most]).await?;
        rows.iter()
            .map(|row| Ok((row.id("table_id")?, row.id("generation_account_id")?)))
            .collect()
    }

    pub(super) async fn lacks_month(
        &mut self,
        table: &PersonalTableId,
        period: &Period,
        over: Time,
    ) -> Result<bool, StoreError> {
        let args = args![table, over, period.as_str()];
        Ok(self.count(&ONE, args).await? > 0)
    }

    pub(super) async fn those_without(
        &mut self,
        (first, last): (&PersonalTableId, &PersonalTableId),
        period: &Period,
    ) -> Result<Vec<PersonalTableId>, StoreError> {
        let args = args![first, last, period.as_str()];
        let rows = self.rows(&THOSE, args).await?;
        rows.iter().map(|row| row.id("table_id")).collect()
    }
}
