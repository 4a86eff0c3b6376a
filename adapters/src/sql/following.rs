//! Links that go along when accounts merge.

use lifeline_core::bindings::binding::Binding;
use lifeline_core::shared::ids::{AccountId, BindingId};
use lifeline_core::store::StoreError;

use super::bindings::{CONSUMER_NO, SIGNBOARD};
use super::offers::signboard_text;
use super::statement::statements;
use super::value::args;
use super::{Sql, WriteConn};

statements! { "following":
    HAND_OVER("binding") = "UPDATE binding SET account_id = $2, consumer_no = $3, signboard = $4, label = $5, \
        version = version + 1 WHERE binding_id = $1 AND version = $6 AND ended_at IS NULL";
    FOLD("binding_fold") = "INSERT INTO binding_fold (binding_id, into_binding_id) VALUES ($1, $2)";
    FOLD_GRANTS("binding_grant") = "UPDATE binding_grant SET holder_binding_id = $2, version = version + 1 \
        WHERE holder_binding_id = $1 AND ended_at IS NULL";
    FOLD_ON("binding_fold") = "UPDATE binding_fold SET into_binding_id = $2 WHERE into_binding_id = $1";
}

impl<C: WriteConn> Sql<C> {
    pub(super) async fn link_hand_over(
        &mut self,
        binding: &Binding,
        into: &AccountId,
    ) -> Result<(), StoreError> {
        let theirs = Binding {
            account_id: into.clone(),
            ..binding.clone()
        };
        let id = binding.binding_id.as_str();
        let consumer_no = self
            .seal_for(into, CONSUMER_NO, id, binding.consumer_no.expose())
            .await?;
        let signboard = self
            .seal_for(into, SIGNBOARD, id, &signboard_text(&binding.signboard))
            .await?;
        let label = self.sealed_label(&theirs).await?;
        let args = args![
            &binding.binding_id,
            into,
            consumer_no,
            signboard,
            label,
            binding.version
        ];
        if !self.changed(&HAND_OVER, args).await? {
            return Err(StoreError::Conflict);
        }
        self.drop_copy(&binding.binding_id).await
    }

    pub(super) async fn link_fold(
        &mut self,
        binding: &BindingId,
        into: &BindingId,
    ) -> Result<(), StoreError> {
        self.touched(&FOLD_GRANTS, args![binding, into]).await?;
        self.touched(&FOLD_ON, args![binding, into]).await?;
        self.touched(&FOLD, args![binding, into]).await.map(drop)
    }
}
