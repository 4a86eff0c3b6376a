//! Offers of certified values to the utility's archive. Of the values only the phone is kept, sealed with
//! the key of its account; that it may be there because it came from here, by a digest that outlives both.

use std::collections::BTreeMap;

use async_trait::async_trait;
use lifeline_core::bindings::filling::{ArchiveField, Filled, Filling, FillingState, Unanswered};
use lifeline_core::bindings::ports::{FillingReads, FillingStore};
use lifeline_core::shared::ids::{BindingId, FillingId};
use lifeline_core::shared::personal::{ConsumerNo, Phone};
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::timeline::asked_by;
use super::value::args;
use super::{Conn, Field, Row, Sql, WriteConn};

macro_rules! fillings {
    ($which:literal) => {
        concat!(
            "SELECT filling_id, binding_id, account_id, consent_id, holder_version, state, mobile, ",
            "id_no_result, mobile_result, name_result, asked_at, settled_at, version FROM archive_filling WHERE ",
            $which
        )
    };
}

statements! { "fillings":
    NEWEST("archive_filling") = fillings!("binding_id = $1 ORDER BY filling_id DESC LIMIT 1");
    BY_ID("archive_filling") = fillings!("filling_id = $1");
    UNANSWERED("archive_filling") = "SELECT f.binding_id, COALESCE(r.region, '-') AS region, f.asked_at FROM archive_filling f \
        JOIN binding b ON b.binding_id = f.binding_id LEFT JOIN binding_region r ON r.binding_id = f.binding_id \
        WHERE f.state = 'asked' AND b.ended_at IS NULL AND NOT EXISTS (SELECT 1 FROM archive_filling n \
        WHERE n.binding_id = f.binding_id AND n.filling_id > f.filling_id) AND (CAST($1 AS TEXT) = '' OR REPLACE($1, ',' || r.region || ',', '') <> $1) ORDER BY f.asked_at, f.filling_id LIMIT $2";
    WRITTEN("archive_writing") = "SELECT COUNT(*) AS n FROM archive_writing WHERE pair_digest = $1";
    WRITES("archive_writing") = "INSERT INTO archive_writing (filling_id, pair_digest) VALUES ($1, $2)";
    WROTE_NOTHING("archive_writing") = "DELETE FROM archive_writing WHERE filling_id = $1";
    ADD("archive_filling") = "INSERT INTO archive_filling (filling_id, binding_id, account_id, consent_id, \
        holder_version, state, mobile, asked_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    SAVE("archive_filling") = "UPDATE archive_filling SET state = $2, id_no_result = $3, mobile_result = $4, \
        name_result = $5, settled_at = $6, version = version + 1 WHERE filling_id = $1 AND version = $7";
}

const MOBILE: Field = Field::new("archive_filling", "mobile");
const PAIR: Field = Field::new("archive_writing", "pair_digest");

#[async_trait]
impl<C: Conn> FillingReads for Sql<C> {
    async fn filling(&mut self, link: &BindingId) -> Result<Option<Filling>, StoreError> {
        let row = self.one(&NEWEST, args![link]).await?;
        row.as_ref().map(filling).transpose()
    }

    async fn unanswered(
        &mut self,
        regions: Option<&[String]>,
        limit: i64,
    ) -> Result<Vec<Unanswered>, StoreError> {
        let rows = self
            .rows(&UNANSWERED, args![asked_by(regions), limit])
            .await?;
        let told = rows.iter().map(|row| {
            Ok(Unanswered {
                binding_id: row.id("binding_id")?,
                region: row.text("region")?,
                asked_at: row.time("asked_at")?,
            })
        });
        told.collect()
    }

    async fn wrote_mobile(
        &mut self,
        consumer_no: &ConsumerNo,
        phone: &Phone,
    ) -> Result<bool, StoreError> {
        let pair = self.pair(consumer_no, phone)?;
        Ok(self.count(&WRITTEN, args![pair]).await? > 0)
    }
}

impl<C: Conn> Sql<C> {
    /// The digest's key outlives the keys that renew the rest.
    fn pair(&self, consumer_no: &ConsumerNo, phone: &Phone) -> Result<String, StoreError> {
        let pair = format!("{}:{}", consumer_no.expose(), phone.expose());
        self.digest(PAIR, &pair)
    }
}

#[async_trait]
impl<C: WriteConn> FillingStore for Sql<C> {
    async fn add_filling(
        &mut self,
        filling: &Filling,
        consumer_no: &ConsumerNo,
        mobile: Option<&Phone>,
    ) -> Result<(), StoreError> {
        let (account, id) = (&filling.account_id, filling.filling_id.as_str());
        let mobile = match mobile {
            Some(phone) => {
                let writes = args![&filling.filling_id, self.pair(consumer_no, phone)?];
                self.touched(&WRITES, writes).await?;
                Some(self.seal_for(account, MOBILE, id, phone.expose()).await?)
            }
            None => None,
        };
        let args = args![
            &filling.filling_id,
            &filling.binding_id,
            &filling.account_id,
            filling.consent_id.as_str(),
            filling.holder_version,
            filling.state.as_str(),
            mobile,
            filling.asked_at,
            filling.version,
        ];
        self.touched(&ADD, args).await.map(drop)
    }

    async fn filling_by_id(&mut self, id: &FillingId) -> Result<Option<Filling>, StoreError> {
        let row = self.one(&BY_ID, args![id]).await?;
        row.as_ref().map(filling).transpose()
    }

    async fn save_filling(&mut self, filling: &Filling) -> Result<(), StoreError> {
        let said = |field| filling.results.get(&field).map(|result| result.as_str());
        let args = args![
            &filling.filling_id,
            filling.state.as_str(),
            said(ArchiveField::IdNo),
            said(ArchiveField::Mobile),
            said(ArchiveField::Name),
            filling.settled_at,
            filling.version,
        ];
        if !self.changed(&SAVE, args).await? {
            return Err(StoreError::Conflict);
        }
        // What was there before, or was not taken, did not come from here.
        match filling.results.get(&ArchiveField::Mobile) {
            Some(Filled::Same | Filled::ConflictReview) => {
                let args = args![&filling.filling_id];
                self.touched(&WROTE_NOTHING, args).await.map(drop)
            }
            Some(Filled::Filled) | None => Ok(()),
        }
    }
}

fn filling(row: &Row) -> Result<Filling, StoreError> {
    let mut results = BTreeMap::new();
    for (field, column) in [
        (ArchiveField::IdNo, "id_no_result"),
        (ArchiveField::Mobile, "mobile_result"),
        (ArchiveField::Name, "name_result"),
    ] {
        if let Some(said) = row.maybe_text(column)? {
            let result = Filled::parse(&said).ok_or_else(|| row.corrupt(column))?;
            results.insert(field, result);
        }
    }
    Ok(Filling {
        filling_id: row.id("filling_id")?,
        binding_id: row.id("binding_id")?,
        account_id: row.id("account_id")?,
        consent_id: row.text("consent_id")?,
        holder_version: row.int("holder_version")?,
        state: row.parsed("state", FillingState::parse)?,
        with_mobile: row.maybe_text("mobile")?.is_some(),
        results,
        asked_at: row.time("asked_at")?,
        settled_at: row.maybe_time("settled_at")?,
        version: row.int("version")?,
    })
}
