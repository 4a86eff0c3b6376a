//! People as staff find them: by blind index, never by what they are called.

use async_trait::async_trait;
use lifeline_core::customers::functions::{BankFunction, FunctionProposal, Move, Wanted};
use lifeline_core::customers::openings::{OpeningProposal, Outcome};
use lifeline_core::customers::ports::{CustomerReads, CustomerStore};
use lifeline_core::customers::unmasking::{Unmasking, Veiled};
use lifeline_core::requests::openings::Verdict;
use lifeline_core::shared::ids::{AccountId, RequestId, StaffId};
use lifeline_core::shared::personal::{ConsumerNo, IdNo, Phone};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::accounts::{ID_NO, PHONE};
use super::four_eyes::{judge, judging, proposals, propose, proposed, proposing};
use super::statement::statements;
use super::value::args;
use super::{Conn, Row, Sql, WriteConn};

statements! { "customers":
    WITH_PHONE("account") = "SELECT account_id FROM account WHERE phone_index IN ($1, $2) AND erased_at IS NULL \
        AND merged_into IS NULL ORDER BY account_id";
    WITH_ID_NO("account") = "SELECT account_id FROM account WHERE id_no_index IN ($1, $2) AND erased_at IS NULL \
        AND merged_into IS NULL ORDER BY account_id LIMIT $3";
    AT_HOME("binding") = "SELECT b.account_id FROM binding b JOIN account a ON a.account_id = b.account_id \
        WHERE b.home_index IN ($1, $2) AND b.ended_at IS NULL AND a.erased_at IS NULL AND a.merged_into IS NULL \
        ORDER BY b.account_id LIMIT $3";
    NEWEST("account") = "SELECT account_id FROM account WHERE account_id < $1 AND erased_at IS NULL AND merged_into IS NULL \
        ORDER BY account_id DESC LIMIT $2";
    UNMASKINGS("unmasking") = "SELECT unmasking_id, staff_id, account_id, field, binding_id, reason, at FROM unmasking \
        WHERE account_id = $1 ORDER BY at DESC, unmasking_id DESC LIMIT $2";
    UNMASKED_SINCE("unmasking") = "SELECT COUNT(*) AS n FROM unmasking WHERE staff_id = $1 AND at >= $2";
    ADD_UNMASKING("unmasking") = "INSERT INTO unmasking (unmasking_id, staff_id, account_id, field, binding_id, reason, at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    SUSPENDED("function_suspension") = "SELECT account_id, function FROM function_suspension ORDER BY account_id, function";
    SUSPENDED_FOR("function_suspension") = "SELECT function, since FROM function_suspension WHERE account_id = $1 \
        ORDER BY function";
    SUSPEND("function_suspension") = "INSERT INTO function_suspension (account_id, function, proposal_id, since) \
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    LIFT("function_suspension") = "DELETE FROM function_suspension WHERE account_id = $1 AND function = $2";
    TURN("account") = "UPDATE account SET version = version WHERE account_id = $1";
    JOIN_SUSPENSIONS("function_suspension") = "INSERT INTO function_suspension (account_id, function, proposal_id, since) \
        SELECT $2, s.function, s.proposal_id, s.since FROM function_suspension s WHERE s.account_id = $1 \
        ON CONFLICT (account_id, function) DO UPDATE SET proposal_id = excluded.proposal_id, since = excluded.since \
        WHERE excluded.since < function_suspension.since";
    LEAVE_SUSPENSIONS("function_suspension") = "DELETE FROM function_suspension WHERE account_id = $1";
    HAND_OVER("function_proposal") = "UPDATE function_proposal SET account_id = $2 WHERE proposal_id = $1 AND state = 'open'";
    PROPOSALS("function_proposal") = proposals!("function_proposal", "account_id, function, wanted", "account_id");
    PROPOSE("function_proposal") = propose!("function_proposal", "account_id, function, wanted", "$6, $7, $8");
    JUDGE("function_proposal") = judge!("function_proposal");
    OPENINGS("opening_proposal") = proposals!("opening_proposal", "request_id, account_id, verdict", "request_id");
    PROPOSE_OPENING("opening_proposal") = propose!("opening_proposal", "request_id, account_id, verdict", "$6, $7, $8");
    JUDGE_OPENING("opening_proposal") = judge!("opening_proposal");
}

fn ids(rows: &[Row]) -> Result<Vec<AccountId>, StoreError> {
    rows.iter().map(|row| row.id("account_id")).collect()
}

fn unmasking(row: &Row) -> Result<Unmasking, StoreError> {
    let link = row.maybe_id("binding_id")?;
    Ok(Unmasking {
        unmasking_id: row.text("unmasking_id")?,
        staff_id: row.id("staff_id")?,
        account_id: row.id("account_id")?,
        field: row.parsed("field", |word| Veiled::of(word, link.clone()))?,
        reason: row.text("reason")?,
        at: row.time("at")?,
    })
}

fn proposal(row: &Row) -> Result<FunctionProposal, StoreError> {
    let what = Move {
        account_id: row.id("account_id")?,
        function: row.parsed("function", BankFunction::parse)?,
        wanted: row.parsed("wanted", Wanted::parse)?,
    };
    proposed(row, what)
}

fn opening(row: &Row) -> Result<OpeningProposal, StoreError> {
    let what = Outcome {
        request_id: row.id("request_id")?,
        account_id: row.id("account_id")?,
        verdict: row.parsed("verdict", Verdict::parse)?,
    };
    proposed(row, what)
}

#[async_trait]
impl<C: Conn> CustomerReads for Sql<C> {
    async fn with_phone(&mut self, phone: &Phone) -> Result<Vec<AccountId>, StoreError> {
        let [index, other] = self.indexes(PHONE, phone.expose())?;
        ids(&self.rows(&WITH_PHONE, args![index, other]).await?)
    }

    async fn with_id_no(&mut self, id_no: &IdNo, limit: i64) -> Result<Vec<AccountId>, StoreError> {
        let [index, other] = self.indexes(ID_NO, id_no.expose())?;
        ids(&self.rows(&WITH_ID_NO, args![index, other, limit]).await?)
    }

    async fn at_home(
        &mut self,
        consumer_no: &ConsumerNo,
        limit: i64,
    ) -> Result<Vec<AccountId>, StoreError> {
        let [index, other] = self.homes(consumer_no)?;
        ids(&self.rows(&AT_HOME, args![index, other, limit]).await?)
    }

    async fn newest(
        &mut self,
        behind: Option<&AccountId>,
        limit: i64,
    ) -> Result<Vec<AccountId>, StoreError> {
        // Ids are made in the order of time, and `g` is behind every one of them.
        let behind = behind.map_or("g", AccountId::as_str);
        ids(&self.rows(&NEWEST, args![behind, limit]).await?)
    }

    async fn unmaskings(
        &mut self,
        account: &AccountId,
        limit: i64,
    ) -> Result<Vec<Unmasking>, StoreError> {
        let rows = self.rows(&UNMASKINGS, args![account, limit]).await?;
        rows.iter().map(unmasking).collect()
    }

    async fn unmasked_since(&mut self, staff: &StaffId, since: Time) -> Result<i64, StoreError> {
        self.count(&UNMASKED_SINCE, args![staff, since]).await
    }

    async fn suspended(&mut self) -> Result<Vec<(AccountId, BankFunction)>, StoreError> {
        let one = |row: &Row| {
            let function = row.parsed("function", BankFunction::parse)?;
            Ok((row.id("account_id")?, function))
        };
        self.rows(&SUSPENDED, args![])
            .await?
            .iter()
            .map(one)
            .collect()
    }

    async fn suspended_for(
        &mut self,
        account: &AccountId,
    ) -> Result<Vec<(BankFunction, Time)>, StoreError> {
        let one = |row: &Row| {
            let function = row.parsed("function", BankFunction::parse)?;
            Ok((function, row.time("since")?))
        };
        let rows = self.rows(&SUSPENDED_FOR, args![account]).await?;
        rows.iter().map(one).collect()
    }

    async fn function_proposals(
        &mut self,
        account: &AccountId,
        limit: i64,
    ) -> Result<Vec<FunctionProposal>, StoreError> {
        let rows = self.rows(&PROPOSALS, args![account, limit]).await?;
        rows.iter().map(proposal).collect()
    }

    async fn opening_proposals(
        &mut self,
        application: &RequestId,
        limit: i64,
    ) -> Result<Vec<OpeningProposal>, StoreError> {
        let rows = self.rows(&OPENINGS, args![application, limit]).await?;
        rows.iter().map(opening).collect()
    }
}

#[async_trait]
impl<C: WriteConn> CustomerStore for Sql<C> {
    async fn add_unmasking(&mut self, unmasking: &Unmasking) -> Result<(), StoreError> {
        let args = args![
            &unmasking.unmasking_id,
            &unmasking.staff_id,
            &unmasking.account_id,
            unmasking.field.as_str(),
            unmasking.field.binding(),
            &unmasking.reason,
            unmasking.at,
        ];
        self.touched(&ADD_UNMASKING, args).await.map(drop)
    }

    async fn propose_function(&mut self, proposal: &FunctionProposal) -> Result<bool, StoreError> {
        let what = &proposal.what;
        let what = args![
            &what.account_id,
            what.function.as_str(),
            what.wanted.as_str(),
        ];
        self.changed(&PROPOSE, proposing(proposal, what)).await
    }

    async fn judge_function(&mut self, decided: &FunctionProposal) -> Result<bool, StoreError> {
        self.changed(&JUDGE, judging(decided)).await
    }

    async fn propose_opening(&mut self, proposal: &OpeningProposal) -> Result<bool, StoreError> {
        let what = &proposal.what;
        let what = args![&what.request_id, &what.account_id, what.verdict.as_str()];
        self.changed(&PROPOSE_OPENING, proposing(proposal, what))
            .await
    }

    async fn judge_opening(&mut self, decided: &OpeningProposal) -> Result<bool, StoreError> {
        self.changed(&JUDGE_OPENING, judging(decided)).await
    }

    async fn suspend(&mut self, decided: &FunctionProposal, now: Time) -> Result<(), StoreError> {
        let args = args![
            &decided.what.account_id,
            decided.what.function.as_str(),
            &decided.proposal_id,
            now,
        ];
        self.touched(&SUSPEND, args).await.map(drop)
    }

    async fn lift(
        &mut self,
        account: &AccountId,
        function: BankFunction,
    ) -> Result<(), StoreError> {
        self.touched(&LIFT, args![account, function.as_str()])
            .await
            .map(drop)
    }

    async fn turn(&mut self, account: &AccountId) -> Result<(), StoreError> {
        self.touched(&TURN, args![account]).await.map(drop)
    }

    async fn hand_over_suspensions(
        &mut self,
        from: &AccountId,
        into: &AccountId,
    ) -> Result<(), StoreError> {
        self.touched(&JOIN_SUSPENSIONS, args![from, into]).await?;
        self.touched(&LEAVE_SUSPENSIONS, args![from])
            .await
            .map(drop)
    }

    async fn hand_over_proposal(
        &mut self,
        proposal_id: &str,
        into: &AccountId,
    ) -> Result<bool, StoreError> {
        self.changed(&HAND_OVER, args![proposal_id, into]).await
    }
}
