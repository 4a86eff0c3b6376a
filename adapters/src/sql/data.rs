//! How the data of electricity use stands. Called by the room's one port.

use lifeline_core::cases::CaseKind;
use lifeline_core::insight::data::{DataStanding, Found};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Sql};

statements! { "data":
    HOMES("binding") = "SELECT COUNT(DISTINCT home_index) AS n FROM binding WHERE ended_at IS NULL";
    KNOWN("figure") = "SELECT COUNT(DISTINCT home_index) AS n FROM figure WHERE kind = 'arrears'";
    FRESH("figure") = "SELECT COUNT(DISTINCT home_index) AS n FROM figure WHERE asked_at >= $1 AND kind = 'arrears' \
        AND (outdated_at IS NULL OR outdated_at < asked_at)";
    HELD("figure_hold") = "SELECT COUNT(*) AS n FROM figure_hold";
    OPEN("case_file") = "SELECT COUNT(*) AS n FROM case_file WHERE kind = $1 AND closed_at IS NULL";
    LATELY("case_file") = "SELECT COUNT(*) AS n FROM case_file WHERE kind = $1 AND opened_at >= $2";
}

impl<C: Conn> Sql<C> {
    pub(super) async fn data_stands(
        &mut self,
        fresh_from: Time,
        lately_from: Time,
    ) -> Result<DataStanding, StoreError> {
        Ok(DataStanding {
            homes: self.count(&HOMES, args![]).await?,
            known: self.count(&KNOWN, args![]).await?,
            fresh: self.count(&FRESH, args![fresh_from]).await?,
            held: self.count(&HELD, args![]).await?,
            flagged: self.found(CaseKind::BillFlagged, lately_from).await?,
            refused: self.found(CaseKind::ReadingRefused, lately_from).await?,
        })
    }

    async fn found(&mut self, kind: CaseKind, lately_from: Time) -> Result<Found, StoreError> {
        Ok(Found {
            open: self.count(&OPEN, args![kind.as_str()]).await?,
            lately: self
                .count(&LATELY, args![kind.as_str(), lately_from])
                .await?,
        })
    }
}
