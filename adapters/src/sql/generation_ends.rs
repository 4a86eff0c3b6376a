//! Under which contract a generator's cooperation was ended, by a digest of its number that finds nobody.

use lifeline_core::settlement::ids::GenerationNo;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Field, Sql, WriteConn};

statements! { "generation_ends":
    ENDED("generation_end") = "SELECT contract_version FROM generation_end WHERE number_digest = $1";
    NOTE("generation_end") = "INSERT INTO generation_end (number_digest, contract_version, ended_at) VALUES ($1, $2, $3) \
        ON CONFLICT (number_digest) DO UPDATE SET contract_version = excluded.contract_version, \
        ended_at = excluded.ended_at WHERE excluded.contract_version > generation_end.contract_version";
    FORGET("generation_end") = "DELETE FROM generation_end WHERE number_digest = $1";
}

const NUMBER: Field = Field::new("generation_end", "number_digest");

impl<C: WriteConn> Sql<C> {
    pub(super) async fn ended_contract(
        &mut self,
        number: &GenerationNo,
    ) -> Result<Option<i64>, StoreError> {
        let digest = self.digest(NUMBER, number.expose())?;
        let row = self.one(&ENDED, args![digest]).await?;
        row.map(|row| row.int("contract_version")).transpose()
    }

    pub(super) async fn keep_end(
        &mut self,
        number: &GenerationNo,
        contract_version: i64,
        now: Time,
    ) -> Result<(), StoreError> {
        let digest = self.digest(NUMBER, number.expose())?;
        self.touched(&NOTE, args![digest, contract_version, now])
            .await
            .map(drop)
    }

    pub(super) async fn drop_end(&mut self, number: &GenerationNo) -> Result<(), StoreError> {
        let digest = self.digest(NUMBER, number.expose())?;
        self.touched(&FORGET, args![digest]).await.map(drop)
    }
}
