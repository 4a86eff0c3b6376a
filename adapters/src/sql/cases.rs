//! Open questions for a person, one per cause.

use async_trait::async_trait;
use lifeline_core::cases::decision::{Ending, Part, Proposal, Resolution, Taking};
use lifeline_core::cases::ports::{CaseReads, CaseStore};
use lifeline_core::cases::{Case, CaseKind, HomeBehind};
use lifeline_core::shared::ids::{AccountId, BindingId, CaseId};
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::bindings::CONSUMER_NO;
use super::four_eyes::{judge, judging, proposals, propose, proposed, proposing};
use super::statement::statements;
use super::value::args;
use super::{Conn, Row, Sql, WriteConn};

statements! { "cases":
    FIND("case_file") = "SELECT case_id, kind, cause, subject, facts, opened_at, trace_id, closed_at FROM case_file \
        WHERE case_id = $1";
    ABOUT("case_file") = "SELECT case_id, kind, cause, subject, facts, opened_at, trace_id, closed_at FROM case_file \
        WHERE subject = $1 ORDER BY opened_at, case_id";
    KNOWN("case_file") = "SELECT COUNT(*) AS n FROM case_file WHERE cause = $1";
    ABOUT_PERSON("case_file") = "SELECT case_id, kind, cause, subject, facts, opened_at, trace_id, closed_at FROM case_file \
        WHERE subject IN (SELECT account_id FROM account WHERE account_id = $1 OR merged_into = $1 \
            UNION SELECT p.payment_id FROM account a JOIN payment p ON p.account_id = a.account_id \
                WHERE a.account_id = $1 OR a.merged_into = $1 \
            UNION SELECT b.binding_id FROM account a JOIN binding b ON b.account_id = a.account_id \
                WHERE a.account_id = $1 OR a.merged_into = $1 \
            UNION SELECT q.request_id FROM account a JOIN service_request q ON q.account_id = a.account_id \
                WHERE (a.account_id = $1 OR a.merged_into = $1) AND q.anonymous = 0) \
        ORDER BY opened_at DESC, case_id DESC LIMIT $2";
    COUNT_OPEN("case_file") = "SELECT COUNT(*) AS n FROM case_file WHERE closed_at IS NULL";
    OPEN_BY_KIND("case_file") = "SELECT kind, COUNT(*) AS n FROM case_file \
        WHERE closed_at IS NULL AND opened_at < $1 GROUP BY kind ORDER BY kind";
    LIST_OPEN("case_file") = "SELECT case_id, kind, cause, subject, facts, opened_at, trace_id, closed_at FROM case_file \
        WHERE closed_at IS NULL AND case_id > $1 ORDER BY case_id LIMIT $2";
    PROPOSALS("case_proposal") = proposals!("case_proposal", "case_id, resolution, parts", "case_id");
    PROPOSE("case_proposal") = propose!("case_proposal", "case_id, resolution, parts", "$6, $7, $8");
    JUDGE("case_proposal") = judge!("case_proposal");
    WITHDRAW("case_proposal") = "UPDATE case_proposal SET state = $2, decided_by = $3, decided_at = $4 \
        WHERE proposal_id = $1 AND state = 'approved' AND EXISTS (SELECT 1 FROM case_file f \
            WHERE f.case_id = case_proposal.case_id AND f.closed_at IS NULL)";
    TAKINGS("case_taking") = "SELECT t.case_id, t.taken_by, t.taken_at FROM case_taking t \
        JOIN case_file c ON c.case_id = t.case_id WHERE c.closed_at IS NULL ORDER BY t.case_id";
    TAKE("case_taking") = "INSERT INTO case_taking (case_id, taken_by, taken_at) SELECT case_id, $2, $3 FROM case_file \
        WHERE case_id = $1 AND closed_at IS NULL ON CONFLICT DO NOTHING";
    GIVE_BACK("case_taking") = "DELETE FROM case_taking WHERE case_id = $1 AND taken_by = $2";
    // Live homes moved to whoever took an account over; what it sold and asked for is still under its own name.
    // What was asked without a name is in the region of its homes, and names nobody.
    HOMES("binding") = "SELECT binding_id, account_id, consumer_no, 1 AS named FROM binding WHERE binding_id = $1 \
        UNION SELECT b.binding_id, b.account_id, b.consumer_no, 1 FROM binding_fold f \
            JOIN binding b ON b.binding_id = f.into_binding_id WHERE f.binding_id = $1 \
        UNION SELECT b.binding_id, b.account_id, b.consumer_no, 1 FROM account a \
            JOIN binding b ON b.account_id IN (a.account_id, a.merged_into) WHERE a.account_id = $1 \
        UNION SELECT b.binding_id, b.account_id, b.consumer_no, 1 FROM payment_home h \
            JOIN binding b ON b.binding_id = h.binding_id WHERE h.payment_id = $1 \
        UNION SELECT b.binding_id, b.account_id, b.consumer_no, 1 - q.anonymous FROM service_request q \
            JOIN account a ON a.account_id = q.account_id \
            JOIN binding b ON b.account_id IN (a.account_id, a.merged_into) WHERE q.request_id = $1 \
        UNION SELECT b.binding_id, b.account_id, b.consumer_no, 1 FROM generation_account g \
            JOIN account a ON a.account_id = g.account_id \
            JOIN binding b ON b.account_id IN (a.account_id, a.merged_into) WHERE g.generation_account_id = $1 \
        UNION SELECT b.binding_id, b.account_id, b.consumer_no, 1 FROM check_task c \
            JOIN generation_account g ON g.generation_account_id = c.generation_account_id \
            JOIN account a ON a.account_id = g.account_id \
            JOIN binding b ON b.account_id IN (a.account_id, a.merged_into) WHERE c.check_task_id = $1 \
        UNION SELECT b.binding_id, b.account_id, b.consumer_no, 1 FROM trade_task t \
            JOIN generation_account g ON g.generation_account_id = t.generation_account_id \
            JOIN account a ON a.account_id = g.account_id \
            JOIN binding b ON b.account_id IN (a.account_id, a.merged_into) WHERE t.trade_task_id = $1 \
        UNION SELECT b.binding_id, b.account_id, b.consumer_no, 1 FROM personal_table p \
            JOIN generation_account g ON g.generation_account_id = p.generation_account_id \
            JOIN account a ON a.account_id = g.account_id \
            JOIN binding b ON b.account_id IN (a.account_id, a.merged_into) WHERE p.table_id = $1 \
        ORDER BY 1 LIMIT 100";
    CLOSE("case_file") = "UPDATE case_file SET closed_at = $2 WHERE case_id = $1 AND closed_at IS NULL";
    OPEN("case_file") = "INSERT INTO case_file (case_id, kind, cause, subject, facts, opened_at, trace_id, closed_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (cause) DO NOTHING";
}

fn case(row: &Row) -> Result<Case, StoreError> {
    Ok(Case {
        case_id: row.id("case_id")?,
        kind: row.parsed("kind", CaseKind::parse)?,
        cause: row.text("cause")?,
        subject: row.text("subject")?,
        facts: row.text("facts")?,
        opened_at: row.time("opened_at")?,
        trace_id: row.text("trace_id")?,
        closed_at: row.maybe_time("closed_at")?,
    })
}

fn proposal(row: &Row) -> Result<Proposal, StoreError> {
    let what = Ending {
        case_id: row.id("case_id")?,
        resolution: row.parsed("resolution", Resolution::parse)?,
        parts: row.parsed("parts", Part::parse_all)?,
    };
    proposed(row, what)
}

#[async_trait]
impl<C: Conn> CaseReads for Sql<C> {
    async fn find(&mut self, id: &CaseId) -> Result<Option<Case>, StoreError> {
        self.one(&FIND, args![id])
            .await?
            .as_ref()
            .map(case)
            .transpose()
    }

    async fn about(&mut self, subject: &str) -> Result<Vec<Case>, StoreError> {
        self.rows(&ABOUT, args![subject])
            .await?
            .iter()
            .map(case)
            .collect()
    }

    async fn is_known(&mut self, cause: &str) -> Result<bool, StoreError> {
        Ok(self.count(&KNOWN, args![cause]).await? > 0)
    }

    async fn about_person(
        &mut self,
        account: &AccountId,
        limit: i64,
    ) -> Result<Vec<Case>, StoreError> {
        let rows = self.rows(&ABOUT_PERSON, args![account, limit]).await?;
        rows.iter().map(case).collect()
    }

    async fn count_open(&mut self) -> Result<i64, StoreError> {
        self.count(&COUNT_OPEN, args![]).await
    }

    async fn open_by_kind(&mut self, before: Time) -> Result<Vec<(CaseKind, i64)>, StoreError> {
        let counted = |row: &Row| Ok((row.parsed("kind", CaseKind::parse)?, row.int("n")?));
        let rows = self.rows(&OPEN_BY_KIND, args![before]).await?;
        rows.iter().map(counted).collect()
    }

    async fn list_open(
        &mut self,
        after: Option<&CaseId>,
        limit: i64,
    ) -> Result<Vec<Case>, StoreError> {
        // Ids are made in the order of time.
        let after = after.map_or("", CaseId::as_str);
        let rows = self.rows(&LIST_OPEN, args![after, limit]).await?;
        rows.iter().map(case).collect()
    }

    async fn homes(&mut self, subject: &str) -> Result<Vec<HomeBehind>, StoreError> {
        // What a case of a seller's month is about is the table, the month and the version.
        let head = subject.split(':').next().unwrap_or(subject);
        let mut homes = Vec::new();
        for row in self.rows(&HOMES, args![head]).await? {
            let (binding_id, account_id): (BindingId, AccountId) =
                (row.id("binding_id")?, row.id("account_id")?);
            let sealed = row.text("consumer_no")?;
            // The home of somebody who was erased is none.
            if sealed.is_empty() {
                continue;
            }
            let clear = self
                .open_for(&account_id, CONSUMER_NO, binding_id.as_str(), &sealed)
                .await?;
            let number = ConsumerNo::parse(&clear).map_err(|_| row.corrupt("consumer_no"))?;
            homes.push(HomeBehind {
                binding_id,
                account_id,
                region: number.region(),
                named: row.flag("named")?,
            });
        }
        Ok(homes)
    }

    async fn proposals(&mut self, id: &CaseId) -> Result<Vec<Proposal>, StoreError> {
        let rows = self.rows(&PROPOSALS, args![id, i64::MAX]).await?;
        rows.iter().map(proposal).collect()
    }

    async fn takings(&mut self) -> Result<Vec<Taking>, StoreError> {
        let taking = |row: &Row| {
            Ok(Taking {
                case_id: row.id("case_id")?,
                taken_by: row.text("taken_by")?,
                taken_at: row.time("taken_at")?,
            })
        };
        let rows = self.rows(&TAKINGS, args![]).await?;
        rows.iter().map(taking).collect()
    }
}

#[async_trait]
impl<C: WriteConn> CaseStore for Sql<C> {
    async fn open(&mut self, case: &Case) -> Result<bool, StoreError> {
        let args = args![
            &case.case_id,
            case.kind.as_str(),
            &case.cause,
            &case.subject,
            &case.facts,
            case.opened_at,
            &case.trace_id,
            case.closed_at,
        ];
        let new = self.changed(&OPEN, args).await?;
        if new {
            let (kind, trace_id) = (case.kind.as_str(), case.trace_id.as_str());
            tracing::warn!(kind, case.id = %case.case_id, trace_id, "cases.opened");
        }
        Ok(new)
    }

    async fn propose(&mut self, proposal: &Proposal) -> Result<bool, StoreError> {
        let what = &proposal.what;
        let parts = Part::render_all(&what.parts);
        let what = args![&what.case_id, what.resolution.as_str(), parts];
        self.changed(&PROPOSE, proposing(proposal, what)).await
    }

    async fn judge(&mut self, decided: &Proposal) -> Result<bool, StoreError> {
        self.changed(&JUDGE, judging(decided)).await
    }

    async fn withdraw(&mut self, decided: &Proposal) -> Result<bool, StoreError> {
        self.changed(&WITHDRAW, judging(decided)).await
    }

    async fn take(&mut self, taking: &Taking) -> Result<bool, StoreError> {
        let args = args![&taking.case_id, taking.taken_by.as_str(), taking.taken_at];
        self.changed(&TAKE, args).await
    }

    async fn give_back(&mut self, id: &CaseId, by: &str) -> Result<bool, StoreError> {
        self.changed(&GIVE_BACK, args![id, by]).await
    }

    async fn close(&mut self, id: &CaseId, now: Time) -> Result<bool, StoreError> {
        self.changed(&CLOSE, args![id, now]).await
    }
}
