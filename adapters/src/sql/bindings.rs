//! Links between app users and homes. A home is found by the blind index of its consumer number;
//! what names it is sealed with the key of the account that linked it.

use async_trait::async_trait;
use lifeline_core::accounts::secret::Secret;
use lifeline_core::bindings::binding::{Binding, Granted, Home, Label, Linked};
use lifeline_core::bindings::grant::{GrantState, Scope};
use lifeline_core::bindings::offer::Offered;
use lifeline_core::bindings::ports::{BindingReads, BindingStore, Holding, Kept};
use lifeline_core::bindings::role::Role;
use lifeline_core::shared::ids::{AccountId, BindingId};
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::{ConsumerNo, IdNo};
use lifeline_core::shared::time::{Day, Time};
use lifeline_core::store::StoreError;

use super::homes::home;
use super::offers::{read_signboard, signboard_text};
use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, WriteConn};

/// A link with its home and what the holder granted, and which of them.
macro_rules! linked {
    ($which:literal) => {
        concat!(
            "SELECT b.binding_id, b.account_id, b.consumer_no, b.role, b.shown, b.grant_id, b.holder_version, b.frozen, ",
            "b.signboard, b.label, b.created_at, b.version, h.holder_version AS home_version, h.holder_since, ",
            "h.frozen_version, h.looked_at, g.role AS granted_role, g.holder_version AS granted_version, ",
            "g.state AS granted_state, g.ends_at AS granted_until ",
            "FROM binding b JOIN binding_home h ON h.home_index = b.home_index ",
            "LEFT JOIN binding_grant g ON g.grant_id = b.grant_id WHERE b.ended_at IS NULL AND ",
            $which
        )
    };
}
pub(super) use linked;

statements! { "bindings":
    FIND("binding") = linked!("b.binding_id = $1 AND b.account_id = $2");
    LIST("binding") = linked!("b.account_id = $1 AND b.binding_id > $2 AND (b.shown = 1 OR g.ends_at > $3) \
        ORDER BY b.binding_id LIMIT $4");
    LIVE("binding") = linked!("b.account_id = $1 AND b.home_index IN ($2, $3)");
    LINK_TO("binding") = linked!("b.binding_id = $1 AND b.home_index IN ($2, $3)");
    LINKS_TO("binding") = linked!("b.home_index IN ($1, $2) ORDER BY b.binding_id");
    RIVALS("binding") = linked!("b.home_index IN ($1, $2) AND b.role = 'holder' AND b.account_id <> $3 \
        AND b.certified_index NOT IN ($4, $5) ORDER BY b.binding_id");
    LOCK_HOME("binding_home") = "UPDATE binding_home SET holder_version = holder_version \
        WHERE home_index IN ($1, $2) RETURNING holder_version AS home_version, holder_since, frozen_version, looked_at";
    TOUCH_HOME("binding_home") = "INSERT INTO binding_home (home_index, holder_version, holder_since, looked_at, swept_at) \
        VALUES ($1, $2, $3, $4, $4) ON CONFLICT (home_index) DO UPDATE SET \
        holder_since = CASE \
            WHEN excluded.holder_version > binding_home.holder_version THEN COALESCE(excluded.holder_since, $5) \
            WHEN excluded.holder_version = binding_home.holder_version \
                THEN COALESCE(excluded.holder_since, binding_home.holder_since) \
            ELSE binding_home.holder_since END, \
        holder_version = CASE WHEN excluded.holder_version > binding_home.holder_version \
            THEN excluded.holder_version ELSE binding_home.holder_version END, \
        looked_at = excluded.looked_at, swept_at = excluded.swept_at \
        RETURNING holder_version AS home_version, holder_since, frozen_version, looked_at";
    TAKE_LOOK("binding_home") = "UPDATE binding_home SET looked_at = $4, swept_at = $4 \
        WHERE home_index IN ($1, $2) AND looked_at <= $3";
    FREEZE_HOME("binding_home") = "UPDATE binding_home SET frozen_version = holder_version \
        WHERE home_index IN ($1, $2)";
    THAW_HOME("binding_home") = "UPDATE binding_home SET frozen_version = NULL WHERE home_index IN ($1, $2)";
    DROP_OUTDATED("binding") = "UPDATE binding SET role = 'payer_only', version = version + 1 \
        WHERE home_index IN ($1, $2) AND ended_at IS NULL AND holder_version < $3 AND role <> 'payer_only' \
        RETURNING binding_id";
    TAKE_PLACE("binding_places") = "INSERT INTO binding_places (account_id, taken) VALUES ($1, 1) \
        ON CONFLICT (account_id) DO UPDATE SET taken = binding_places.taken + 1 WHERE binding_places.taken < $2";
    FREE_PLACE("binding_places") = "UPDATE binding_places SET taken = taken - 1 WHERE account_id = $1";
    BARRED("binding") = "SELECT COUNT(*) AS n FROM binding WHERE home_index IN ($1, $2) AND barred_version = $4 \
        AND (account_id = $3 OR account_id IN (SELECT account_id FROM account WHERE merged_into = $3))";
    ADD("binding") = "INSERT INTO binding (binding_id, account_id, home_index, consumer_no, role, holder_version, \
        frozen, certified_index, signboard, label, created_at, version, shown, grant_id) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    SAVE("binding") = "UPDATE binding SET role = $2, holder_version = $3, frozen = $4, \
        certified_index = COALESCE($5, certified_index), signboard = $6, shown = $8, grant_id = $9, \
        version = version + 1 WHERE binding_id = $1 AND version = $7 AND ended_at IS NULL";
    SAVE_LABEL("binding") = "UPDATE binding SET label = $2, version = version + 1 \
        WHERE binding_id = $1 AND version = $3 AND ended_at IS NULL";
    END("binding") = "UPDATE binding SET ended_at = $2, barred_version = $4, version = version + 1 \
        WHERE binding_id = $1 AND version = $3 AND ended_at IS NULL";
}

const CERTIFIED: Field = Field::new("binding", "certified_index");
pub(super) const CONSUMER_NO: Field = Field::new("binding", "consumer_no");
pub(super) const SIGNBOARD: Field = Field::new("binding", "signboard");
const LABEL: Field = Field::new("binding", "label");

#[async_trait]
impl<C: Conn> BindingReads for Sql<C> {
    async fn find(
        &mut self,
        account: &AccountId,
        id: &BindingId,
    ) -> Result<Option<Linked>, StoreError> {
        let row = self.one(&FIND, args![id, account]).await?;
        self.maybe_linked(row).await
    }

    async fn list(
        &mut self,
        account: &AccountId,
        page: &Page,
        now: Time,
    ) -> Result<Vec<Linked>, StoreError> {
        let after = page.after().unwrap_or_default();
        let more = page.limit().saturating_add(1);
        let rows = self.rows(&LIST, args![account, after, now, more]).await?;
        self.all_linked(rows).await
    }

    async fn live(
        &mut self,
        account: &AccountId,
        consumer_no: &ConsumerNo,
    ) -> Result<Option<Linked>, StoreError> {
        let [index, other] = self.homes(consumer_no)?;
        let row = self.one(&LIVE, args![account, index, other]).await?;
        self.maybe_linked(row).await
    }

    async fn offered(&mut self, token: &Secret) -> Result<Option<Offered>, StoreError> {
        self.offer_of(token).await
    }

    async fn kept(&mut self, linked: &Binding) -> Result<Option<Kept>, StoreError> {
        self.copy_of(linked).await
    }
}

#[async_trait]
impl<C: WriteConn> BindingStore for Sql<C> {
    async fn touch_home(
        &mut self,
        consumer_no: &ConsumerNo,
        holder: Holding,
        unsaid: Day,
        now: Time,
    ) -> Result<Home, StoreError> {
        let since = holder.since.map(String::from);
        let args = args![
            self.home_index(consumer_no).await?,
            holder.version,
            since,
            now,
            unsaid.to_string(),
        ];
        let row = self.one(&TOUCH_HOME, args).await?;
        home(&row.ok_or(StoreError::Conflict)?)
    }

    async fn lock_home(&mut self, consumer_no: &ConsumerNo) -> Result<Option<Home>, StoreError> {
        let [index, other] = self.homes(consumer_no)?;
        let row = self.one(&LOCK_HOME, args![index, other]).await?;
        row.as_ref().map(home).transpose()
    }

    async fn link_to(
        &mut self,
        consumer_no: &ConsumerNo,
        id: &BindingId,
    ) -> Result<Option<Linked>, StoreError> {
        let [index, other] = self.homes(consumer_no)?;
        let row = self.one(&LINK_TO, args![id, index, other]).await?;
        self.maybe_linked(row).await
    }

    async fn links_to(&mut self, consumer_no: &ConsumerNo) -> Result<Vec<Linked>, StoreError> {
        let [index, other] = self.homes(consumer_no)?;
        let rows = self.rows(&LINKS_TO, args![index, other]).await?;
        self.all_linked(rows).await
    }

    async fn is_barred(
        &mut self,
        account: &AccountId,
        consumer_no: &ConsumerNo,
        holder_version: i64,
    ) -> Result<bool, StoreError> {
        let [index, other] = self.homes(consumer_no)?;
        let args = args![index, other, account, holder_version];
        Ok(self.count(&BARRED, args).await? > 0)
    }

    async fn take_look(
        &mut self,
        consumer_no: &ConsumerNo,
        before: Time,
        now: Time,
    ) -> Result<bool, StoreError> {
        let [index, other] = self.homes(consumer_no)?;
        self.changed(&TAKE_LOOK, args![index, other, before, now])
            .await
    }

    async fn freeze_home(&mut self, consumer_no: &ConsumerNo) -> Result<(), StoreError> {
        let [index, other] = self.homes(consumer_no)?;
        self.touched(&FREEZE_HOME, args![index, other])
            .await
            .map(drop)
    }

    async fn thaw_home(&mut self, consumer_no: &ConsumerNo) -> Result<(), StoreError> {
        let [index, other] = self.homes(consumer_no)?;
        self.touched(&THAW_HOME, args![index, other])
            .await
            .map(drop)
    }

    async fn drop_outdated(
        &mut self,
        consumer_no: &ConsumerNo,
        holder_version: i64,
    ) -> Result<Vec<BindingId>, StoreError> {
        let [index, other] = self.homes(consumer_no)?;
        let rows = self
            .rows(&DROP_OUTDATED, args![index, other, holder_version])
            .await?;
        let mut dropped = rows
            .iter()
            .map(|row| row.id("binding_id"))
            .collect::<Result<Vec<_>, _>>()?;
        // RETURNING promises no order.
        dropped.sort();
        Ok(dropped)
    }

    async fn rivals(
        &mut self,
        account: &AccountId,
        consumer_no: &ConsumerNo,
        id_no: &IdNo,
    ) -> Result<Vec<Binding>, StoreError> {
        let [index, other] = self.homes(consumer_no)?;
        let [certified, also] = self.indexes(CERTIFIED, id_no.expose())?;
        let args = args![index, other, account, certified, also];
        let rows = self.rows(&RIVALS, args).await?;
        let rivals = self.all_linked(rows).await?;
        Ok(rivals.into_iter().map(|linked| linked.binding).collect())
    }

    async fn take_place(&mut self, account: &AccountId, most: i64) -> Result<bool, StoreError> {
        self.changed(&TAKE_PLACE, args![account, most]).await
    }

    async fn free_place(&mut self, account: &AccountId) -> Result<(), StoreError> {
        self.touched(&FREE_PLACE, args![account]).await.map(drop)
    }

    async fn add(&mut self, binding: &Binding, certified: Option<&IdNo>) -> Result<(), StoreError> {
        let (account, id) = (&binding.account_id, binding.binding_id.as_str());
        let consumer_no = self
            .seal_for(account, CONSUMER_NO, id, binding.consumer_no.expose())
            .await?;
        let signboard = self
            .seal_for(account, SIGNBOARD, id, &signboard_text(&binding.signboard))
            .await?;
        let label = self.sealed_label(binding).await?;
        let args = args![
            &binding.binding_id,
            account,
            self.home_index(&binding.consumer_no).await?,
            consumer_no,
            binding.role.as_str(),
            binding.holder_version,
            binding.frozen,
            self.certified_index(certified)?,
            signboard,
            label,
            binding.created_at,
            binding.version,
            binding.shown,
            binding.grant_id.as_ref(),
        ];
        self.touched(&ADD, args).await.map(drop)
    }

    async fn save(
        &mut self,
        binding: &Binding,
        certified: Option<&IdNo>,
    ) -> Result<(), StoreError> {
        let (account, id) = (&binding.account_id, binding.binding_id.as_str());
        let signboard = self
            .seal_for(account, SIGNBOARD, id, &signboard_text(&binding.signboard))
            .await?;
        let args = args![
            &binding.binding_id,
            binding.role.as_str(),
            binding.holder_version,
            binding.frozen,
            self.certified_index(certified)?,
            signboard,
            binding.version,
            binding.shown,
            binding.grant_id.as_ref(),
        ];
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn save_label(&mut self, binding: &Binding) -> Result<(), StoreError> {
        let label = self.sealed_label(binding).await?;
        let args = args![&binding.binding_id, label, binding.version];
        if self.changed(&SAVE_LABEL, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn end(
        &mut self,
        binding: &Binding,
        barred: Option<i64>,
        now: Time,
    ) -> Result<(), StoreError> {
        let args = args![&binding.binding_id, now, binding.version, barred];
        if !self.changed(&END, args).await? {
            return Err(StoreError::Conflict);
        }
        self.drop_copy(&binding.binding_id).await
    }

    async fn hand_over(&mut self, binding: &Binding, into: &AccountId) -> Result<(), StoreError> {
        self.link_hand_over(binding, into).await
    }

    async fn fold(&mut self, binding: &BindingId, into: &BindingId) -> Result<(), StoreError> {
        self.link_fold(binding, into).await
    }

    async fn add_offered(&mut self, token: &Secret, offered: &Offered) -> Result<(), StoreError> {
        self.offer_add(token, offered).await
    }

    async fn save_offered(&mut self, token: &Secret, offered: &Offered) -> Result<(), StoreError> {
        self.offer_save(token, offered).await
    }

    async fn keep(&mut self, linked: &Binding, kept: &Kept) -> Result<(), StoreError> {
        self.keep_copy(linked, kept).await
    }

    async fn purge_offered(&mut self, before: Time) -> Result<u64, StoreError> {
        self.offers_purge(before).await
    }
}

impl<C: Conn> Sql<C> {
    fn certified_index(&self, certified: Option<&IdNo>) -> Result<Option<String>, StoreError> {
        certified
            .map(|id_no| self.blind(CERTIFIED, id_no.expose()))
            .transpose()
    }

    pub(super) async fn maybe_linked(
        &mut self,
        row: Option<Row>,
    ) -> Result<Option<Linked>, StoreError> {
        match row {
            Some(row) => self.linked(&row).await.map(Some),
            None => Ok(None),
        }
    }

    pub(super) async fn all_linked(&mut self, rows: Vec<Row>) -> Result<Vec<Linked>, StoreError> {
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            all.push(self.linked(&row).await?);
        }
        Ok(all)
    }

    async fn linked(&mut self, row: &Row) -> Result<Linked, StoreError> {
        Ok(Linked {
            binding: self.binding(row).await?,
            home: home(row)?,
            granted: granted(row)?,
        })
    }

    async fn binding(&mut self, row: &Row) -> Result<Binding, StoreError> {
        let binding_id: BindingId = row.id("binding_id")?;
        let account_id: AccountId = row.id("account_id")?;
        let id = binding_id.as_str();
        let consumer_no = self
            .open_for(&account_id, CONSUMER_NO, id, &row.text("consumer_no")?)
            .await?;
        let signboard = self
            .open_for(&account_id, SIGNBOARD, id, &row.text("signboard")?)
            .await?;
        let label = match row.maybe_text("label")? {
            Some(sealed) => Some(self.open_for(&account_id, LABEL, id, &sealed).await?),
            None => None,
        };
        Ok(Binding {
            consumer_no: ConsumerNo::from_store(consumer_no),
            role: row.parsed("role", Role::parse)?,
            shown: row.flag("shown")?,
            grant_id: row.maybe_id("grant_id")?,
            holder_version: row.int("holder_version")?,
            frozen: row.flag("frozen")?,
            signboard: read_signboard(&signboard).ok_or_else(|| row.corrupt("signboard"))?,
            label: label.map(Label::from_store),
            created_at: row.time("created_at")?,
            version: row.int("version")?,
            binding_id,
            account_id,
        })
    }
}

impl<C: WriteConn> Sql<C> {
    pub(super) async fn sealed_label(
        &mut self,
        binding: &Binding,
    ) -> Result<Option<String>, StoreError> {
        let Some(label) = &binding.label else {
            return Ok(None);
        };
        let (account, id) = (&binding.account_id, binding.binding_id.as_str());
        self.seal_for(account, LABEL, id, label.as_str())
            .await
            .map(Some)
    }
}

fn granted(row: &Row) -> Result<Option<Granted>, StoreError> {
    let Some(ends_at) = row.maybe_time("granted_until")? else {
        return Ok(None);
    };
    let state = row.parsed("granted_state", GrantState::parse)?;
    Ok(Some(Granted {
        scope: row.parsed("granted_role", Scope::parse)?,
        holder_version: row.int("granted_version")?,
        stands: state == GrantState::Accepted,
        ends_at,
    }))
}
