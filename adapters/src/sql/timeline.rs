//! Lines of time and the reports behind decisions, read from the rows of other rooms: ids, words and sums.

use lifeline_core::insight::decisions::{Cause, Unmet, Unpaid, UnpaidRow};
use lifeline_core::insight::misses::Missed;
use lifeline_core::insight::sample::NOWHERE;
use lifeline_core::insight::standing::{Carried, Standing, Waiting};
use lifeline_core::insight::timeline::{Mark, Moment, Of, Source};
use lifeline_core::outbox::Lane;
use lifeline_core::shared::ids::{AccountId, PaymentId};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Row, Sql, Stmt, WriteConn};

/// `(SELECT ... UNION ALL ...)`, newest first, behind the moment `$4` of the time `$3`, without the act `$5`.
macro_rules! line {
    ($first:expr $(, $rest:expr)* $(,)?) => {
        concat!("SELECT at, source, what, id, trace_id, fen FROM (", $first $(, " UNION ALL ", $rest)*,
            ") AS told WHERE at <= $3 AND (at < $3 OR source || ' ' || what || ' ' || id < $4) \
            ORDER BY at DESC, source || ' ' || what || ' ' || id DESC LIMIT $2")
    };
}

/// What was asked outside about the payments `p` of `$from` where `$is`, what was booked of them, and their cases.
macro_rules! of_payments {
    ($from:literal, $is:literal) => {
        concat!(
            "SELECT p.paid_at, 'call', 'paid', p.payment_id, p.trace_id, p.paid_fen FROM ", $from, " WHERE ", $is,
            " AND p.paid_at IS NOT NULL \
            UNION ALL SELECT p.closed_at, 'call', 'closed', p.payment_id, p.trace_id, CAST(NULL AS BIGINT) FROM ", $from,
            " WHERE ", $is, " AND p.closed_at IS NOT NULL \
            UNION ALL SELECT s.first_seen_at, 'call', s.machine || ' ' || s.state || ' ' || s.input || ' ' || s.next_state, \
                s.row_id, p.trace_id, CAST(NULL AS BIGINT) FROM ", $from,
            " JOIN payment_sighting s ON s.payment_id = p.payment_id WHERE ", $is,
            " UNION ALL SELECT r.created_at, 'call', 'refund ' || r.state, r.refund_id, p.trace_id, r.amount_fen FROM ", $from,
            " JOIN payment_refund r ON r.payment_id = p.payment_id WHERE ", $is,
            " UNION ALL SELECT l.posted_at, 'ledger', 'posted', l.entry_id, l.trace_id, l.total_fen FROM ", $from,
            " JOIN ledger_entry l ON l.payment_id = p.payment_id WHERE ", $is,
            " UNION ALL SELECT c.opened_at, 'case', 'opened ' || c.kind, c.case_id, c.trace_id, CAST(NULL AS BIGINT) FROM ", $from,
            " JOIN case_file c ON c.subject = p.payment_id WHERE ", $is,
            " UNION ALL SELECT c.closed_at, 'case', 'closed ' || c.kind, c.case_id, c.trace_id, CAST(NULL AS BIGINT) FROM ", $from,
            " JOIN case_file c ON c.subject = p.payment_id WHERE ", $is, " AND c.closed_at IS NOT NULL"
        )
    };
}

/// What was told about them, in the app and by SMS, to whomever.
macro_rules! told_of {
    ($from:literal, $is:literal) => {
        concat!(
            "SELECT n.created_at, 'notice', n.kind, n.notice_id, p.trace_id, CAST(NULL AS BIGINT) FROM ", $from,
            " JOIN notice n ON n.payment_id = p.payment_id WHERE ", $is,
            " UNION ALL SELECT n.texted_at, 'sms', n.kind, n.notice_id, p.trace_id, CAST(NULL AS BIGINT) FROM ", $from,
            " JOIN notice n ON n.payment_id = p.payment_id WHERE ", $is, " AND n.texted_at IS NOT NULL"
        )
    };
}

/// `$told` of the generation accounts `g` of the person `$1`, and of what `$with` joins to them.
macro_rules! sold {
    ($told:literal, $with:literal $(, $which:literal)?) => {
        concat!("SELECT ", $told, " FROM generation_account g ", $with, " WHERE g.account_id = $1" $(, $which)?)
    };
}

/// Ids of sold power by which a case or the audit tells of the person `$1`.
macro_rules! sold_ids {
    () => {
        concat!(
            sold!("g.generation_account_id", ""),
            " UNION ALL ",
            sold!(
                "k.check_task_id",
                "JOIN check_task k ON k.generation_account_id = g.generation_account_id"
            ),
            " UNION ALL ",
            sold!(
                "t.trade_task_id",
                "JOIN trade_task t ON t.generation_account_id = g.generation_account_id"
            ),
        )
    };
}

/// What was sold by the person `$1`: what was settled and paid for it, what was booked, and what was done about it.
macro_rules! of_sold {
    () => {
        concat!(
            sold!("g.created_at, 'tap', 'sells ' || g.feed_in, g.generation_account_id, '', CAST(NULL AS BIGINT)", ""),
            " UNION ALL ",
            sold!("g.ended_at, 'call', 'sale over', g.generation_account_id, '', CAST(NULL AS BIGINT)", "",
                " AND g.ended_at IS NOT NULL"),
            " UNION ALL ",
            sold!("k.created_at, 'call', 'month ' || k.period || ' ' || k.state, k.check_task_id, '', k.net_fen",
                "JOIN check_task k ON k.generation_account_id = g.generation_account_id"),
            " UNION ALL ",
            sold!("k.review_began_at, 'call', 'review ' || k.period, k.check_task_id, '', CAST(NULL AS BIGINT)",
                "JOIN check_task k ON k.generation_account_id = g.generation_account_id", " AND k.review_began_at IS NOT NULL"),
            " UNION ALL ",
            sold!("t.enqueued_at, 'call', 'payout ' || t.period, t.trade_task_id, '', t.amount_fen",
                "JOIN trade_task t ON t.generation_account_id = g.generation_account_id"),
            " UNION ALL ",
            sold!("t.sent_at, 'call', 'sent ' || t.period || ' ' || t.state, t.trade_task_id, '', \
                COALESCE(t.paid_fen, t.amount_fen)",
                "JOIN trade_task t ON t.generation_account_id = g.generation_account_id", " AND t.sent_at IS NOT NULL"),
            " UNION ALL ",
            // The books name a payout where they name an order.
            sold!("l.posted_at, 'ledger', 'posted', l.entry_id, l.trace_id, l.total_fen",
                "JOIN trade_task t ON t.generation_account_id = g.generation_account_id \
                JOIN ledger_entry l ON l.payment_id = t.trade_task_id"),
            " UNION ALL SELECT opened_at, 'case', 'opened ' || kind, case_id, trace_id, CAST(NULL AS BIGINT) FROM case_file \
                WHERE subject IN (", sold_ids!(), ")",
            " UNION ALL SELECT closed_at, 'case', 'closed ' || kind, case_id, trace_id, CAST(NULL AS BIGINT) FROM case_file \
                WHERE subject IN (", sold_ids!(), ") AND closed_at IS NOT NULL",
            " UNION ALL SELECT at, 'audit', act || ' ' || outcome, audit_id, trace_id, CAST(NULL AS BIGINT) FROM audit_line \
                WHERE subject IN (", sold_ids!(), ")",
        )
    };
}

/// Which cause an order for arrears stands for; absent when it led to a credited bill.
macro_rules! cause {
    () => {
        "CASE WHEN p.state = 'CLOSED' AND p.trade_no IS NULL THEN 'not_opened' WHEN p.state = 'CLOSED' THEN 'not_paid' \
         WHEN p.state IN ('CREATED', 'PAYING', 'CLOSING') THEN 'waiting' WHEN p.state = 'PAID' THEN 'uncredited' \
         WHEN p.state = 'SUSPENSE' THEN 'suspense' WHEN p.refunded_fen >= p.paid_fen THEN 'given_back' ELSE '' END"
    };
}

statements! { "timeline":
    OF_PAYMENT("payment") = line!(
        "SELECT created_at AS at, 'tap' AS source, 'ordered ' || purpose || ' ' || via AS what, payment_id AS id, trace_id, \
            amount_fen AS fen FROM payment WHERE payment_id = $1",
        of_payments!("payment p", "p.payment_id = $1"),
        told_of!("payment p", "p.payment_id = $1"),
        "SELECT at, 'audit', act || ' ' || outcome, audit_id, trace_id, CAST(NULL AS BIGINT) FROM audit_line WHERE subject = $1 AND act <> $5",
    );
    // Who reported without a name is told here neither by the report nor by the moment at which it was heard to move on:
    // a notice does not say of which request it is.
    OF_ACCOUNT("account") = line!(
        "SELECT created_at AS at, 'tap' AS source, 'signed in ' || client AS what, session_id AS id, '' AS trace_id, \
            CAST(NULL AS BIGINT) AS fen FROM session WHERE account_id = $1",
        "SELECT ended_at, 'tap', 'session over ' || ending, session_id, '', CAST(NULL AS BIGINT) FROM session \
            WHERE account_id = $1 AND ended_at IS NOT NULL",
        "SELECT given_at, 'tap', 'agreed ' || purpose, consent_id, '', CAST(NULL AS BIGINT) FROM consent WHERE account_id = $1",
        "SELECT withdrawn_at, 'tap', 'took back ' || purpose, consent_id, '', CAST(NULL AS BIGINT) FROM consent \
            WHERE account_id = $1 AND withdrawn_at IS NOT NULL",
        "SELECT created_at, 'tap', 'linked ' || role, binding_id, '', CAST(NULL AS BIGINT) FROM binding WHERE account_id = $1",
        "SELECT ended_at, 'tap', 'link over', binding_id, '', CAST(NULL AS BIGINT) FROM binding \
            WHERE account_id = $1 AND ended_at IS NOT NULL",
        "SELECT created_at, 'tap', 'ordered ' || purpose || ' ' || state, payment_id, trace_id, amount_fen FROM payment WHERE account_id = $1",
        of_payments!("payment p", "p.account_id = $1"),
        of_sold!(),
        "SELECT e.at, 'ledger', 'points ' || CAST(l.points AS TEXT), e.entry_id, '', CAST(NULL AS BIGINT) FROM points_entry e \
            JOIN points_line l ON l.entry_id = e.entry_id WHERE e.account_id = $1 AND l.side = 'person:' || $1",
        "SELECT begun_at, 'tap', 'certifies ' || kind, certification_id, '', CAST(NULL AS BIGINT) FROM certification WHERE account_id = $1",
        "SELECT ended_at, 'call', 'certification ' || state, certification_id, '', CAST(NULL AS BIGINT) FROM certification \
            WHERE account_id = $1 AND ended_at IS NOT NULL",
        "SELECT filed_at, 'tap', 'asked ' || kind || ' ' || state, request_id, '', CAST(NULL AS BIGINT) FROM service_request \
            WHERE account_id = $1 AND anonymous = 0",
        "SELECT created_at, 'notice', kind, notice_id, '', CAST(NULL AS BIGINT) FROM notice \
            WHERE account_id = $1 AND kind <> 'request_moved'",
        "SELECT texted_at, 'sms', kind, notice_id, '', CAST(NULL AS BIGINT) FROM notice \
            WHERE account_id = $1 AND kind <> 'request_moved' AND texted_at IS NOT NULL",
        "SELECT opened_at, 'case', 'opened ' || kind, case_id, trace_id, CAST(NULL AS BIGINT) FROM case_file WHERE subject = $1",
        "SELECT at, 'audit', act || ' ' || outcome, audit_id, trace_id, CAST(NULL AS BIGINT) FROM audit_line WHERE subject = $1 AND act <> $5",
    );
    OF_HOME("binding") = line!(
        "SELECT created_at AS at, 'tap' AS source, 'linked ' || role AS what, binding_id AS id, '' AS trace_id, \
            CAST(NULL AS BIGINT) AS fen FROM binding WHERE binding_id = $1",
        "SELECT ended_at, 'tap', 'link over', binding_id, '', CAST(NULL AS BIGINT) FROM binding \
            WHERE binding_id = $1 AND ended_at IS NOT NULL",
        "SELECT p.created_at, 'tap', 'ordered ' || p.purpose || ' ' || p.state, p.payment_id, p.trace_id, p.amount_fen \
            FROM payment_home h JOIN payment p ON p.payment_id = h.payment_id WHERE h.binding_id = $1",
        of_payments!("payment_home h JOIN payment p ON p.payment_id = h.payment_id", "h.binding_id = $1"),
        told_of!("payment_home h JOIN payment p ON p.payment_id = h.payment_id", "h.binding_id = $1"),
        "SELECT opened_at, 'case', 'opened ' || kind, case_id, trace_id, CAST(NULL AS BIGINT) FROM case_file WHERE subject = $1",
        "SELECT at, 'audit', act || ' ' || outcome, audit_id, trace_id, CAST(NULL AS BIGINT) FROM audit_line WHERE subject = $1 AND act <> $5",
    );
    // Whose it is now: the homes by which somebody is in a region moved to the account that took theirs over.
    WHOSE_ACCOUNT("account") = "SELECT COALESCE(merged_into, account_id) AS account_id FROM account WHERE account_id = $1";
    WHOSE_HOME("binding") = "SELECT COALESCE(a.merged_into, b.account_id) AS account_id FROM binding b \
        LEFT JOIN account a ON a.account_id = b.account_id WHERE b.binding_id = $1";
    WHOSE_PAYMENT("payment") = "SELECT COALESCE(a.merged_into, p.account_id) AS account_id FROM payment p \
        LEFT JOIN account a ON a.account_id = p.account_id WHERE p.payment_id = $1";
    NUMBERED("payment") = "SELECT payment_id FROM payment WHERE out_trade_no = $1";
    UNMET("access_refusal") = "SELECT function, code, COUNT(*) AS n FROM access_refusal WHERE at >= $1 AND at < $2 \
        GROUP BY function, code ORDER BY n DESC, function, code LIMIT $3";
    UNFOUND("missed_search") = "SELECT words, CAST(SUM(n) AS BIGINT) AS n FROM missed_search WHERE day >= $1 AND day <= $2 \
        GROUP BY words ORDER BY n DESC, words LIMIT $3";
    MISSED("missed_search") = "INSERT INTO missed_search (day, words, n) VALUES ($1, $2, $3) \
        ON CONFLICT (day, words) DO UPDATE SET n = missed_search.n + excluded.n";
    MISSED_GO("missed_search") = "DELETE FROM missed_search WHERE day < $1";
    UNPAID("payment") = concat!("SELECT cause, region, COUNT(*) AS n, CAST(SUM(amount_fen) AS BIGINT) AS fen FROM (SELECT ", cause!(),
        " AS cause, COALESCE(r.region, '-') AS region, p.amount_fen FROM payment p \
        LEFT JOIN binding_region r ON r.binding_id = p.binding_id \
        WHERE p.created_at >= $1 AND p.created_at < $2 AND p.purpose = 'arrears') AS orders \
        WHERE cause <> '' GROUP BY cause, region ORDER BY cause, region");
    UNPAID_ROWS("payment") = concat!("SELECT payment_id, region, created_at, amount_fen FROM (SELECT ", cause!(),
        " AS cause, COALESCE(r.region, '-') AS region, p.payment_id, p.created_at, p.amount_fen FROM payment p \
        LEFT JOIN binding_region r ON r.binding_id = p.binding_id \
        WHERE p.created_at >= $1 AND p.created_at <= $2 AND (p.created_at < $2 OR p.payment_id < $5) AND p.purpose = 'arrears') AS orders \
        WHERE cause = $3 AND (REPLACE($4, ',' || region || ',', '') <> $4 OR $4 = '') \
        ORDER BY created_at DESC, payment_id DESC LIMIT $6");
    UNPAID_PEOPLE("payment") = concat!("SELECT cause, COUNT(DISTINCT account_id) AS n FROM (SELECT ", cause!(),
        " AS cause, COALESCE(r.region, '-') AS region, COALESCE(a.merged_into, p.account_id) AS account_id FROM payment p \
        LEFT JOIN binding_region r ON r.binding_id = p.binding_id LEFT JOIN account a ON a.account_id = p.account_id \
        WHERE p.created_at >= $1 AND p.created_at < $2 AND p.purpose = 'arrears') AS orders \
        WHERE cause <> '' AND (REPLACE($3, ',' || region || ',', '') <> $3 OR $3 = '') GROUP BY cause ORDER BY cause");
    WAITING("outbox") = "SELECT lane, COUNT(*) AS n, MIN(created_at) AS oldest FROM outbox WHERE state = 'waiting' \
        GROUP BY lane ORDER BY lane";
    BURIED("outbox") = "SELECT COUNT(*) AS n FROM outbox WHERE state = 'dead'";
    UNAPPLIED("inbox") = "SELECT COUNT(*) AS n FROM inbox WHERE state = 'received'";
    UNVERIFIED("notice_quarantine") = "SELECT COUNT(*) AS n FROM notice_quarantine";
    UNSURE("gathering") = "SELECT COUNT(*) AS n FROM gathering WHERE unsure = 1";
    OPEN_CASES("case_file") = "SELECT COUNT(*) AS n FROM case_file WHERE closed_at IS NULL";
    REFUNDS_STOPPED("brake_trip") = "SELECT tripped_at FROM brake_trip WHERE released_at IS NULL";
    PAYOUTS_STOPPED("payout_trip") = "SELECT tripped_at FROM payout_trip WHERE released_at IS NULL";
    FAILED("access_refusal") = "SELECT COUNT(*) AS n FROM access_refusal WHERE at >= $1 AND status >= 500";
    LIMITED("access_refusal") = "SELECT COUNT(*) AS n FROM access_refusal WHERE at >= $1 AND status = 429";
}

fn moment(row: &Row) -> Result<Moment, StoreError> {
    Ok(Moment {
        at: row.time("at")?,
        source: row.parsed("source", Source::parse)?,
        what: row.text("what")?,
        id: row.text("id")?,
        trace_id: row.text("trace_id")?,
        amount: row.maybe_fen("fen")?,
    })
}

fn unpaid_row(row: &Row) -> Result<UnpaidRow, StoreError> {
    Ok(UnpaidRow {
        payment_id: row.id("payment_id")?,
        region: row.text("region")?,
        created_at: row.time("created_at")?,
        amount: row.fen("amount_fen")?,
    })
}

/// The regions of a scope in one question, each between commas; nothing for every region. They are
/// asked by `REPLACE`: both engines read it alike, letter by letter.
pub(super) fn asked_by(regions: Option<&[String]>) -> String {
    let Some(own) = regions else {
        return String::new();
    };
    let known = own.iter().filter(|region| *region != NOWHERE);
    known.fold(",".to_owned(), |all, region| all + region + ",")
}

impl<C: Conn> Sql<C> {
    pub(super) async fn whose(&mut self, of: &Of) -> Result<Option<AccountId>, StoreError> {
        let stmt: &'static Stmt = match of {
            Of::Account(_) => &WHOSE_ACCOUNT,
            Of::Home(_) => &WHOSE_HOME,
            Of::Payment(_) => &WHOSE_PAYMENT,
        };
        let found = self.one(stmt, args![of.id()]).await?;
        found.map(|row| row.id("account_id")).transpose()
    }

    pub(super) async fn payment_of(
        &mut self,
        out_trade_no: &str,
    ) -> Result<Option<PaymentId>, StoreError> {
        let found = self.one(&NUMBERED, args![out_trade_no]).await?;
        found.map(|row| row.id("payment_id")).transpose()
    }

    pub(super) async fn line_of(
        &mut self,
        of: &Of,
        behind: Option<&Mark>,
        (without, limit): (&str, i64),
    ) -> Result<Vec<Moment>, StoreError> {
        let stmt: &'static Stmt = match of {
            Of::Account(_) => &OF_ACCOUNT,
            Of::Home(_) => &OF_HOME,
            Of::Payment(_) => &OF_PAYMENT,
        };
        let (at, told) = behind.map_or((Time::from_micros(i64::MAX), ""), |mark| {
            (mark.at, mark.told.as_str())
        });
        let args = args![of.id(), limit, at, told, without];
        let rows = self.rows(stmt, args).await?;
        rows.iter().map(moment).collect()
    }

    pub(super) async fn unmet_by_code(
        &mut self,
        from: Time,
        to: Time,
        limit: i64,
    ) -> Result<Vec<Unmet>, StoreError> {
        let rows = self.rows(&UNMET, args![from, to, limit]).await?;
        rows.iter()
            .map(|row| {
                Ok(Unmet {
                    function: row.int("function")?,
                    code: row.text("code")?,
                    n: row.int("n")?,
                })
            })
            .collect()
    }

    pub(super) async fn unpaid_by_cause(
        &mut self,
        from: Time,
        to: Time,
    ) -> Result<Vec<Unpaid>, StoreError> {
        let rows = self.rows(&UNPAID, args![from, to]).await?;
        rows.iter()
            .map(|row| {
                Ok(Unpaid {
                    cause: row.parsed("cause", Cause::parse)?,
                    region: row.text("region")?,
                    n: row.int("n")?,
                    sum: Fen::new(row.int("fen")?),
                })
            })
            .collect()
    }

    pub(super) async fn unpaid_behind(
        &mut self,
        (from, to): (Time, Time),
        cause: Cause,
        (regions, behind): (Option<&[String]>, Option<&(Time, PaymentId)>),
        limit: i64,
    ) -> Result<Vec<UnpaidRow>, StoreError> {
        let (to, id) = behind.map_or((to, ""), |(at, id)| (*at, id.as_str()));
        let args = args![from, to, cause.as_str(), asked_by(regions), id, limit];
        let rows = self.rows(&UNPAID_ROWS, args).await?;
        rows.iter().map(unpaid_row).collect()
    }

    pub(super) async fn unpaid_by_whom(
        &mut self,
        (from, to): (Time, Time),
        regions: Option<&[String]>,
    ) -> Result<Vec<(Cause, i64)>, StoreError> {
        let args = args![from, to, asked_by(regions)];
        let rows = self.rows(&UNPAID_PEOPLE, args).await?;
        let counted = |row: &Row| Ok((row.parsed("cause", Cause::parse)?, row.int("n")?));
        rows.iter().map(counted).collect()
    }

    pub(super) async fn nothing_found(
        &mut self,
        from: i64,
        to: i64,
        limit: i64,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = self.rows(&UNFOUND, args![from, to, limit]).await?;
        rows.iter()
            .map(|row| Ok((row.text("words")?, row.int("n")?)))
            .collect()
    }

    async fn braked(&mut self, trip: &'static Stmt) -> Result<Option<Time>, StoreError> {
        let row = self.one(trip, args![]).await?;
        row.map(|row| row.time("tripped_at")).transpose()
    }

    pub(super) async fn carries(&mut self) -> Result<Carried, StoreError> {
        let mut waiting = Lane::ALL.map(|lane| Waiting {
            lane,
            n: 0,
            oldest: None,
        });
        for row in &self.rows(&WAITING, args![]).await? {
            let lane = Lane::at(row.int("lane")?).ok_or_else(|| row.corrupt("lane"))?;
            let (n, oldest) = (row.int("n")?, row.maybe_time("oldest")?);
            for one in waiting.iter_mut().filter(|one| one.lane == lane) {
                *one = Waiting { lane, n, oldest };
            }
        }
        Ok(Carried {
            waiting,
            buried: self.count(&BURIED, args![]).await?,
            refunds_stopped: self.braked(&REFUNDS_STOPPED).await?,
            payouts_stopped: self.braked(&PAYOUTS_STOPPED).await?,
        })
    }

    pub(super) async fn stands(&mut self, hour_ago: Time) -> Result<Standing, StoreError> {
        let carried = self.carries().await?;
        Ok(Standing {
            waiting: carried.waiting.iter().map(|one| one.n).sum(),
            oldest: carried.waiting.iter().filter_map(|one| one.oldest).min(),
            buried: carried.buried,
            refunds_stopped: carried.refunds_stopped,
            payouts_stopped: carried.payouts_stopped,
            unapplied: self.count(&UNAPPLIED, args![]).await?,
            unverified: self.count(&UNVERIFIED, args![]).await?,
            unsure: self.count(&UNSURE, args![]).await?,
            open_cases: self.count(&OPEN_CASES, args![]).await?,
            failed: self.count(&FAILED, args![hour_ago]).await?,
            limited: self.count(&LIMITED, args![hour_ago]).await?,
        })
    }
}

impl<C: WriteConn> Sql<C> {
    pub(super) async fn add_missed(&mut self, missed: &[Missed]) -> Result<(), StoreError> {
        let rows = missed.iter().map(|one| args![one.day, &one.words, one.n]);
        self.write_many(&MISSED, rows.collect()).await.map(drop)
    }

    pub(super) async fn purge_missed(&mut self, days_before: i64) -> Result<u64, StoreError> {
        self.touched(&MISSED_GO, args![days_before]).await
    }
}
