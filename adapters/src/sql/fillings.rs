//! Offers of certified values to the utility's archive. Of the values only the phone is kept, sealed with
//! the key of its account, so that one that came from here is known again.

use std::collections::BTreeMap;

use async_trait::async_trait;
use lifeline_core::bindings::filling::{ArchiveField, Filled, Filling, FillingState};
use lifeline_core::bindings::ports::{FillingReads, FillingStore};
use lifeline_core::shared::ids::{AccountId, BindingId, FillingId};
use lifeline_core::shared::personal::{ConsumerNo, Phone};
use lifeline_core::store::StoreError;

use super::statement::statements;
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
    WRITTEN("archive_filling") = "SELECT f.filling_id, f.account_id, f.mobile, f.holder_version, \
        h.holder_version AS home_version FROM archive_filling f JOIN binding b ON b.binding_id = f.binding_id \
        JOIN binding_home h ON h.home_index = b.home_index WHERE b.home_index IN ($1, $2) AND f.mobile IS NOT NULL \
        AND (f.mobile_result IS NULL OR f.mobile_result = 'filled')";
    ADD("archive_filling") = "INSERT INTO archive_filling (filling_id, binding_id, account_id, consent_id, \
        holder_version, state, mobile, asked_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    SAVE("archive_filling") = "UPDATE archive_filling SET state = $2, id_no_result = $3, mobile_result = $4, \
        name_result = $5, settled_at = $6, version = version + 1 WHERE filling_id = $1 AND version = $7";
}

const MOBILE: Field = Field::new("archive_filling", "mobile");

#[async_trait]
impl<C: Conn> FillingReads for Sql<C> {
    async fn filling(&mut self, link: &BindingId) -> Result<Option<Filling>, StoreError> {
        let row = self.one(&NEWEST, args![link]).await?;
        row.as_ref().map(filling).transpose()
    }

    async fn wrote_mobile(
        &mut self,
        consumer_no: &ConsumerNo,
        phone: &Phone,
    ) -> Result<bool, StoreError> {
        let [index, other] = self.homes(consumer_no)?;
        for row in self.rows(&WRITTEN, args![index, other]).await? {
            let account: AccountId = row.id("account_id")?;
            let (id, sealed) = (row.text("filling_id")?, row.text("mobile")?);
            let ours = match self.open_for(&account, MOBILE, &id, &sealed).await {
                Ok(clear) => clear == phone.expose(),
                // Its person is erased: whatever this holder's archive shows may be from here.
                Err(StoreError::Corrupt { .. }) => {
                    row.int("holder_version")? == row.int("home_version")?
                }
                Err(error) => return Err(error),
            };
            if ours {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[async_trait]
impl<C: WriteConn> FillingStore for Sql<C> {
    async fn add_filling(
        &mut self,
        filling: &Filling,
        mobile: Option<&Phone>,
    ) -> Result<(), StoreError> {
        let (account, id) = (&filling.account_id, filling.filling_id.as_str());
        let mobile = match mobile {
            Some(phone) => Some(self.seal_for(account, MOBILE, id, phone.expose()).await?),
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
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
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
