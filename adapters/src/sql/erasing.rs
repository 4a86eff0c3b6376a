//! An erasure over all tables ([`super::personal`]): the account's key is destroyed, and with it all
//! that was sealed with it; what finds the person or names a home of theirs goes; what must stay for the
//! books is emptied and stays under the account's name, which says nothing.

use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::payment_rows::{CONSUMER, SHARES, ShareText};
use super::personal::{Fate, TABLES};
use super::statement::statements;
use super::value::args;
use super::{Field, Row, Sql, WriteConn};

statements! { "erasing":
    NAMES("account") = "SELECT account_id FROM account WHERE account_id = $1 OR merged_into = $1 ORDER BY account_id";
    HOMES("binding") = "SELECT binding_id, home_index, consumer_no FROM binding \
        WHERE account_id = $1 AND consumer_no <> '' ORDER BY binding_id";
    END_LINKS("binding") = "UPDATE binding SET ended_at = $2 WHERE account_id = $1 AND ended_at IS NULL";
    END_SESSIONS("session") = "UPDATE session SET ended_at = $2, ending = 'signed_out', browser_digest = NULL, \
        step_up_act = NULL, stepped_up_at = NULL, step_up_digest = NULL, version = version + 1 WHERE account_id = $1 AND ended_at IS NULL";
    END_CONSENTS("consent") = "UPDATE consent SET withdrawn_at = $2 WHERE account_id = $1 AND withdrawn_at IS NULL";
    MARK("account") = "UPDATE account SET erased_at = $2 WHERE account_id = $1";
    OTHERS_LINKED("binding") = "SELECT COUNT(*) AS n FROM binding WHERE home_index = $1 AND ended_at IS NULL";
    DROP_FIGURES("figure") = "DELETE FROM figure WHERE home_index IN ($1, $2)";
    DROP_HOME("binding_home") = "DELETE FROM binding_home WHERE home_index = $1 \
        AND NOT EXISTS (SELECT 1 FROM binding b WHERE b.home_index = binding_home.home_index) \
        AND NOT EXISTS (SELECT 1 FROM binding_grant g WHERE g.home_index = binding_home.home_index)";
    PAYMENTS("payment") = "SELECT payment_id, shares FROM payment WHERE account_id = $1 ORDER BY payment_id";
    EMPTY_PAYMENT("payment") = "UPDATE payment SET shares = $2, buyer = NULL, body = NULL, ticket = NULL, \
        ticket_digest = NULL, version = version + 1 WHERE payment_id = $1";
    LINES("payment_line") = "SELECT line_id FROM payment_line WHERE payment_id = $1 ORDER BY line_id";
    EMPTY_LINE("payment_line") = "UPDATE payment_line SET consumer_no = $2, consumer_index = '', body = NULL \
        WHERE line_id = $1";
}

const CONSUMER_NO: Field = Field::new("binding", "consumer_no");
const FIGURE_HOME: Field = Field::new("figure", "home_index");

impl<C: WriteConn> Sql<C> {
    pub(super) async fn erase_person(
        &mut self,
        account: &AccountId,
        now: Time,
    ) -> Result<(), StoreError> {
        // No rotation moves an index while homes lose theirs.
        self.hold_indexes().await?;
        for row in self.rows(&NAMES, args![account]).await? {
            self.erase_name(&row.id("account_id")?, now).await?;
        }
        Ok(())
    }

    /// One account; those merged into another are its owner's too.
    async fn erase_name(&mut self, account: &AccountId, now: Time) -> Result<(), StoreError> {
        for stmt in [&END_LINKS, &END_SESSIONS, &END_CONSENTS] {
            self.touched(stmt, args![account, now]).await?;
        }
        let homes = self.rows(&HOMES, args![account]).await?;
        self.empty_figures(account, &homes).await?;
        self.empty_payments(account).await?;
        for table in TABLES {
            if let Fate::Erased(statements) = table.fate {
                for stmt in statements {
                    self.touched(stmt, args![account]).await?;
                }
            }
        }
        for home in &homes {
            self.touched(&DROP_HOME, args![home.text("home_index")?])
                .await?;
        }
        self.touched(&MARK, args![account, now]).await?;
        self.vault.forget(account);
        Ok(())
    }

    /// Copies of what marketing says of a home go when nobody else is linked to it.
    async fn empty_figures(
        &mut self,
        account: &AccountId,
        homes: &[Row],
    ) -> Result<(), StoreError> {
        for home in homes {
            let linked = args![home.text("home_index")?];
            if self.count(&OTHERS_LINKED, linked).await? > 0 {
                continue;
            }
            let (id, sealed) = (home.text("binding_id")?, home.text("consumer_no")?);
            let number = self.open_for(account, CONSUMER_NO, &id, &sealed).await?;
            let [index, other] = self.indexes(FIGURE_HOME, &number)?;
            self.touched(&DROP_FIGURES, args![index, other]).await?;
        }
        Ok(())
    }

    /// Orders keep their sums, numbers and states. Marketing knows by its own number which home it
    /// credited.
    async fn empty_payments(&mut self, account: &AccountId) -> Result<(), StoreError> {
        for row in self.rows(&PAYMENTS, args![account]).await? {
            let id = row.text("payment_id")?;
            let shares = self.open_service(SHARES, &id, &row.text("shares")?)?;
            let mut shares: Vec<ShareText> =
                serde_json::from_str(&shares).map_err(|_| row.corrupt("shares"))?;
            for share in &mut shares {
                share.consumer_no.clear();
            }
            let shares = serde_json::to_string(&shares).map_err(|_| row.corrupt("shares"))?;
            let shares = self.seal_service(SHARES, &id, &shares)?;
            self.touched(&EMPTY_PAYMENT, args![&id, shares]).await?;
            for line in self.rows(&LINES, args![&id]).await? {
                let line = line.text("line_id")?;
                let emptied = self.seal_service(CONSUMER, &line, "")?;
                self.touched(&EMPTY_LINE, args![line, emptied]).await?;
            }
        }
        Ok(())
    }
}
