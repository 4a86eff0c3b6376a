//! Reports on their way to the company, with their receipts; offices and their energy that came from it.

use lifeline_core::insight::aggregate::{Addressee, Office, Receipt, Report};
use lifeline_core::insight::energy::{EnergySum, OfficeEnergy};
use lifeline_core::shared::energy::Kwh;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Row, Sql, WriteConn};

statements! { "exchange":
    ONE("exchange_report") = "SELECT day, addressee, body, digest, made_at, asked_at, receipt_no, received_at FROM exchange_report \
        WHERE day = $1 AND addressee = $2";
    NEWEST("exchange_report") = "SELECT day, addressee, body, digest, made_at, asked_at, receipt_no, received_at FROM exchange_report \
        ORDER BY day DESC, addressee LIMIT $1";
    // A report that another process made, or asked for again in the meantime, is not asked for twice.
    ASK("exchange_report") = "INSERT INTO exchange_report (day, addressee, body, digest, made_at, asked_at, receipt_no, received_at) \
        VALUES ($1, $2, $3, $4, $5, $6, NULL, NULL) ON CONFLICT (day, addressee) DO UPDATE SET asked_at = excluded.asked_at \
        WHERE exchange_report.asked_at = $7 AND exchange_report.asked_at < excluded.asked_at AND exchange_report.receipt_no IS NULL";
    RECEIPT("exchange_report") = "UPDATE exchange_report SET receipt_no = $3, received_at = $4 \
        WHERE day = $1 AND addressee = $2 AND receipt_no IS NULL";
    OFFICES("office") = "SELECT org_no, name, named_at FROM office ORDER BY org_no LIMIT 10000";
    OFFICE("office") = "INSERT INTO office (org_no, name, named_at) VALUES ($1, $2, $3) \
        ON CONFLICT (org_no) DO UPDATE SET name = excluded.name, named_at = excluded.named_at";
    ENERGY("office_energy") = "SELECT e.org_no, COALESCE(o.name, '') AS name, COUNT(*) AS days, \
        CAST(SUM(e.supplied) AS BIGINT) AS supplied, CAST(SUM(e.used) AS BIGINT) AS used \
        FROM office_energy e LEFT JOIN office o ON o.org_no = e.org_no WHERE e.day >= $1 AND e.day <= $2 \
        GROUP BY e.org_no, o.name ORDER BY e.org_no LIMIT 10000";
    ENERGY_GO("office_energy") = "DELETE FROM office_energy WHERE day = $1";
    ENERGY_TOLD("office_energy") = "INSERT INTO office_energy (day, org_no, supplied, used, told_at) VALUES ($1, $2, $3, $4, $5)";
    ENERGY_OVER("office_energy") = "DELETE FROM office_energy WHERE day < $1";
}

fn report(row: &Row) -> Result<Report, StoreError> {
    let receipt = match (
        row.maybe_text("receipt_no")?,
        row.maybe_time("received_at")?,
    ) {
        (Some(number), Some(at)) => Some(Receipt { number, at }),
        (None, None) => None,
        _ => return Err(row.corrupt("receipt_no")),
    };
    Ok(Report {
        day: row.int("day")?,
        addressee: row.parsed("addressee", Addressee::parse)?,
        body: row.text("body")?,
        digest: row.text("digest")?,
        made_at: row.time("made_at")?,
        asked_at: row.time("asked_at")?,
        receipt,
    })
}

impl<C: Conn> Sql<C> {
    pub(super) async fn report_of(
        &mut self,
        day: i64,
        addressee: Addressee,
    ) -> Result<Option<Report>, StoreError> {
        let found = self.one(&ONE, args![day, addressee.as_str()]).await?;
        found.as_ref().map(report).transpose()
    }

    pub(super) async fn newest_reports(&mut self, limit: i64) -> Result<Vec<Report>, StoreError> {
        let rows = self.rows(&NEWEST, args![limit]).await?;
        rows.iter().map(report).collect()
    }

    pub(super) async fn known_offices(&mut self) -> Result<Vec<(Office, Time)>, StoreError> {
        let rows = self.rows(&OFFICES, args![]).await?;
        rows.iter()
            .map(|row| {
                let office = Office {
                    org_no: row.text("org_no")?,
                    name: row.text("name")?,
                };
                Ok((office, row.time("named_at")?))
            })
            .collect()
    }

    pub(super) async fn energy_of(
        &mut self,
        from: i64,
        to: i64,
    ) -> Result<Vec<EnergySum>, StoreError> {
        let rows = self.rows(&ENERGY, args![from, to]).await?;
        rows.iter()
            .map(|row| {
                Ok(EnergySum {
                    org_no: row.text("org_no")?,
                    name: row.text("name")?,
                    days: row.int("days")?,
                    supplied: Kwh::from_scaled(row.int("supplied")?),
                    used: Kwh::from_scaled(row.int("used")?),
                })
            })
            .collect()
    }
}

impl<C: WriteConn> Sql<C> {
    pub(super) async fn asked_report(
        &mut self,
        report: &Report,
        now: Time,
    ) -> Result<bool, StoreError> {
        let args = args![
            report.day,
            report.addressee.as_str(),
            &report.body,
            &report.digest,
            report.made_at,
            now,
            report.asked_at,
        ];
        self.changed(&ASK, args).await
    }

    pub(super) async fn receipt_of(
        &mut self,
        day: i64,
        addressee: Addressee,
        receipt: &Receipt,
    ) -> Result<bool, StoreError> {
        let args = args![day, addressee.as_str(), &receipt.number, receipt.at];
        self.changed(&RECEIPT, args).await
    }

    pub(super) async fn named_offices(
        &mut self,
        offices: &[Office],
        now: Time,
    ) -> Result<(), StoreError> {
        let rows = offices.iter().map(|one| args![&one.org_no, &one.name, now]);
        self.write_many(&OFFICE, rows.collect()).await.map(drop)
    }

    pub(super) async fn told_energy(
        &mut self,
        day: i64,
        offices: &[OfficeEnergy],
        now: Time,
    ) -> Result<(), StoreError> {
        self.touched(&ENERGY_GO, args![day]).await?;
        let rows = offices.iter().map(|one| {
            let (supplied, used) = (one.supplied.scaled(), one.used.scaled());
            args![day, &one.org_no, supplied, used, now]
        });
        self.write_many(&ENERGY_TOLD, rows.collect())
            .await
            .map(drop)
    }

    pub(super) async fn purge_energy(&mut self, before: i64) -> Result<u64, StoreError> {
        self.touched(&ENERGY_OVER, args![before]).await
    }
}
