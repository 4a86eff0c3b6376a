//! What the store holds of people, table by table: which columns are closed or found by, what an
//! erasure does with the rows, how long they stay, and whether an export shows them. Declared here
//! once: the erasure, the purge, the export and the rotation of keys work from it, and contracts hold
//! it against the schema, so that a table or a column nobody thought of is a red test.

use super::Stmt;
use super::statement::statements;

statements! { "personal":
    ACCOUNT("account") = "UPDATE account SET open_id = '', open_id_index = 'erased:' || account_id, user_id = NULL, \
        user_id_index = NULL, name = NULL, id_no = NULL, id_no_index = NULL, certified_at = NULL, certified_by = NULL, \
        phone = NULL, phone_index = NULL, phone_verified_at = NULL, phone_chosen = 0, version = version + 1 \
        WHERE account_id = $1";
    KEY("account_key") = "DELETE FROM account_key WHERE account_id = $1";
    REFRESH("refresh_token") = "DELETE FROM refresh_token WHERE account_id = $1";
    OTPS("otp") = "DELETE FROM otp WHERE account_id = $1";
    CERTIFICATIONS("certification") = "DELETE FROM certification WHERE account_id = $1";
    CREDENTIAL("credential") = "DELETE FROM credential WHERE account_id = $1";
    LINKS("document_link") = "DELETE FROM document_link WHERE account_id = $1";
    OFFERS("match_offer") = "DELETE FROM match_offer WHERE account_id = $1";
    FILLINGS("archive_filling") = "DELETE FROM archive_filling WHERE account_id = $1";
    COPIES("archive_copy") = "DELETE FROM archive_copy WHERE binding_id IN \
        (SELECT binding_id FROM binding WHERE account_id = $1)";
    // The homes of the erased are one home that is none, so that rows about them keep what they point at.
    NO_HOME("binding_home") = "INSERT INTO binding_home (home_index, holder_version, looked_at) \
        SELECT 'erased:' || account_id, 0, 0 FROM account WHERE account_id = $1 ON CONFLICT (home_index) DO NOTHING";
    GRANTS("binding_grant") = "UPDATE binding_grant SET home_index = 'erased:' || $1 WHERE holder_binding_id IN \
        (SELECT binding_id FROM binding WHERE account_id = $1)";
    BINDINGS("binding") = "UPDATE binding SET home_index = 'erased:' || account_id, consumer_no = '', signboard = '', \
        label = NULL, certified_index = CASE WHEN certified_index IS NULL THEN NULL ELSE '' END, version = version + 1 \
        WHERE account_id = $1";
    REGIONS("binding_region") = "DELETE FROM binding_region WHERE binding_id IN \
        (SELECT binding_id FROM binding WHERE account_id = $1)";
    OLD_REGIONS("binding_region") = "DELETE FROM binding_region WHERE binding_id IN (SELECT r.binding_id \
        FROM binding_region r JOIN binding b ON b.binding_id = r.binding_id \
        WHERE b.ended_at < $1 ORDER BY b.ended_at LIMIT $2)";
    PLACES("binding_places") = "DELETE FROM binding_places WHERE account_id = $1";
    POINTS("points_balance") = "DELETE FROM points_balance WHERE account_id = $1";
    REQUESTS("service_request") = "DELETE FROM service_request WHERE account_id = $1";
    OLD_REQUESTS("service_request") = "DELETE FROM service_request WHERE request_id IN (SELECT request_id \
        FROM service_request WHERE filed_at < $1 ORDER BY filed_at LIMIT $2)";
    NOTICES("notice") = "DELETE FROM notice WHERE account_id = $1";
    ANSWERS("idempotency") = "DELETE FROM idempotency WHERE scope >= 'account:' || $1 || ':' \
        AND scope < 'account:' || $1 || ';'";
    TABLE_KEYS("account_key") = "DELETE FROM account_key WHERE account_id IN (SELECT t.table_id FROM personal_table t \
        JOIN generation_account g ON g.generation_account_id = t.generation_account_id WHERE g.account_id = $1)";
    PAIRS("generation_key") = "DELETE FROM generation_key WHERE generation_account_id IN \
        (SELECT generation_account_id FROM generation_account WHERE account_id = $1)";
    GENERATION_CREDENTIALS("generation_credential") = "DELETE FROM generation_credential WHERE generation_account_id IN \
        (SELECT generation_account_id FROM generation_account WHERE account_id = $1)";
    PERSONAL_TABLES("personal_table") = "UPDATE personal_table SET state = 'erased', permission_id = NULL, identity = NULL, \
        erased_at = opened_at, version = version + 1 WHERE state = 'open' AND generation_account_id IN \
        (SELECT generation_account_id FROM generation_account WHERE account_id = $1)";
    GENERATORS("generation_account") = "UPDATE generation_account SET generation_no = NULL, generation_index = NULL, \
        state = 'terminated', next_at = NULL, ended_at = COALESCE(ended_at, created_at), version = version + 1 \
        WHERE account_id = $1";
    PAYEES("trade_task") = "UPDATE trade_task SET payee = NULL WHERE generation_account_id IN \
        (SELECT generation_account_id FROM generation_account WHERE account_id = $1)";
    REASONS("check_task") = "UPDATE check_task SET reason = NULL WHERE reason IS NOT NULL AND generation_account_id IN \
        (SELECT generation_account_id FROM generation_account WHERE account_id = $1)";
    MONTHS("energy_version") = "UPDATE energy_version SET days = NULL, lines = NULL, row_version = row_version + 1 \
        WHERE generation_account_id IN (SELECT generation_account_id FROM generation_account WHERE account_id = $1)";
    SALTS("evidence_salt") = "DELETE FROM evidence_salt WHERE account_id = $1";
    OLD_CONSENTS("consent") = "DELETE FROM consent WHERE consent_id IN (SELECT consent_id FROM consent \
        WHERE withdrawn_at < $1 ORDER BY withdrawn_at LIMIT $2)";
    OLD_MERGES("account_merge") = "DELETE FROM account_merge WHERE merge_id IN (SELECT merge_id FROM account_merge \
        WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)";
    OLD_ERASURES("erasure") = "DELETE FROM erasure WHERE erasure_id IN (SELECT erasure_id FROM erasure \
        WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)";
    OLD_LINKS("document_link") = "DELETE FROM document_link WHERE ticket_digest IN (SELECT ticket_digest \
        FROM document_link WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
    OLD_FILLINGS("archive_filling") = "DELETE FROM archive_filling WHERE filling_id IN (SELECT f.filling_id \
        FROM archive_filling f JOIN binding b ON b.binding_id = f.binding_id \
        WHERE b.ended_at < $1 ORDER BY b.ended_at LIMIT $2)";
    OLD_FOLDS("binding_fold") = "DELETE FROM binding_fold WHERE binding_id IN (SELECT f.binding_id \
        FROM binding_fold f JOIN binding b ON b.binding_id = f.into_binding_id \
        WHERE b.ended_at < $1 ORDER BY b.ended_at LIMIT $2)";
    // First the links, which point at what was granted; a link that granted goes when its grants are gone.
    OLD_BINDINGS("binding") = "DELETE FROM binding WHERE binding_id IN (SELECT b.binding_id FROM binding b \
        WHERE b.ended_at < $1 AND NOT EXISTS (SELECT 1 FROM binding_grant g WHERE g.holder_binding_id = b.binding_id) \
        AND NOT EXISTS (SELECT 1 FROM archive_copy c WHERE c.binding_id = b.binding_id) \
        AND NOT EXISTS (SELECT 1 FROM archive_filling f WHERE f.binding_id = b.binding_id) \
        AND NOT EXISTS (SELECT 1 FROM binding_fold f WHERE f.binding_id = b.binding_id OR f.into_binding_id = b.binding_id) \
        ORDER BY b.ended_at LIMIT $2)";
    OLD_GRANTS("binding_grant") = "DELETE FROM binding_grant WHERE grant_id IN (SELECT g.grant_id FROM binding_grant g \
        WHERE g.ended_at < $1 AND NOT EXISTS (SELECT 1 FROM binding b WHERE b.grant_id = g.grant_id) \
        ORDER BY g.ended_at LIMIT $2)";
    OLD_HOMES("binding_home") = "DELETE FROM binding_home WHERE home_index IN (SELECT h.home_index FROM binding_home h \
        WHERE h.looked_at < $1 AND NOT EXISTS (SELECT 1 FROM binding b WHERE b.home_index = h.home_index) \
        AND NOT EXISTS (SELECT 1 FROM binding_grant g WHERE g.home_index = h.home_index) ORDER BY h.looked_at LIMIT $2)";
    OLD_NOTICES("notice") = "DELETE FROM notice WHERE notice_id IN (SELECT notice_id FROM notice \
        WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
    OLD_REPORTS("text_report") = "DELETE FROM text_report WHERE message_id IN (SELECT message_id FROM text_report \
        WHERE told_at < $1 ORDER BY told_at LIMIT $2)";
    // The schema lets no line go that is younger than three years beside the newest one.
    OLD_AUDIT("audit_line") = "DELETE FROM audit_line WHERE audit_id IN (SELECT audit_id FROM audit_line \
        WHERE at < $1 AND at <= (SELECT MAX(at) FROM audit_line) - 94694400000000 ORDER BY at LIMIT $2)";
    OLD_SIGHTINGS("payment_sighting") = "DELETE FROM payment_sighting WHERE \
        (payment_id, machine, row_id, state, input, next_state, applied) IN (SELECT payment_id, machine, row_id, state, \
        input, next_state, applied FROM payment_sighting WHERE last_asked_at < $1 ORDER BY last_asked_at LIMIT $2)";
    OLD_STAFF_SESSIONS("staff_session") = "DELETE FROM staff_session WHERE session_id IN (SELECT session_id \
        FROM staff_session WHERE opened_at < $1 ORDER BY opened_at LIMIT $2)";
    OLD_FORMS("kept_form") = "DELETE FROM kept_form WHERE staff_id IN (SELECT staff_id FROM kept_form \
        WHERE kept_at < $1 ORDER BY kept_at LIMIT $2)";
    OLD_UNMASKINGS("unmasking") = "DELETE FROM unmasking WHERE unmasking_id IN (SELECT unmasking_id FROM unmasking \
        WHERE at < $1 ORDER BY at LIMIT $2)";
    SUSPENSIONS("function_suspension") = "DELETE FROM function_suspension WHERE account_id = $1";
    OLD_FUNCTION_PROPOSALS("function_proposal") = "DELETE FROM function_proposal WHERE proposal_id IN (SELECT proposal_id \
        FROM function_proposal WHERE decided_at < $1 ORDER BY decided_at LIMIT $2)";
    OLD_OPENING_PROPOSALS("opening_proposal") = "DELETE FROM opening_proposal WHERE proposal_id IN (SELECT proposal_id \
        FROM opening_proposal WHERE decided_at < $1 ORDER BY decided_at LIMIT $2)";
    OLD_TAKINGS("case_taking") = "DELETE FROM case_taking WHERE case_id IN (SELECT t.case_id FROM case_taking t \
        JOIN case_file c ON c.case_id = t.case_id WHERE c.closed_at < $1 ORDER BY c.closed_at LIMIT $2)";
    OLD_PROPOSALS("case_proposal") = "DELETE FROM case_proposal WHERE proposal_id IN (SELECT p.proposal_id \
        FROM case_proposal p JOIN case_file c ON c.case_id = p.case_id WHERE c.closed_at < $1 ORDER BY c.closed_at LIMIT $2)";
    OLD_BRAKE_HOURS("refund_brake") = "DELETE FROM refund_brake WHERE hour_at IN (SELECT hour_at FROM refund_brake \
        WHERE hour_at < $1 ORDER BY hour_at LIMIT $2)";
    // What one recovery was pointed at, until it is over; whatever nobody has looked at yet stays.
    OLD_LOOKS("recovery_look") = "DELETE FROM recovery_look WHERE payment_id IN (SELECT payment_id FROM recovery_look \
        WHERE looked_at < $1 AND EXISTS (SELECT 1 FROM instance i JOIN recovery r ON r.epoch = i.restore_epoch \
        WHERE i.one = 1 AND r.ended_at IS NOT NULL) ORDER BY payment_id LIMIT $2)";
    OLD_BANS("ban") = "DELETE FROM ban WHERE ban_id IN (SELECT ban_id FROM ban WHERE ends_at < $1 \
        ORDER BY ends_at LIMIT $2)";
    OLD_CASES("case_file") = "DELETE FROM case_file WHERE case_id IN (SELECT case_id FROM case_file \
        WHERE closed_at < $1 AND NOT EXISTS (SELECT 1 FROM case_proposal p WHERE p.case_id = case_file.case_id) \
        AND NOT EXISTS (SELECT 1 FROM case_taking t WHERE t.case_id = case_file.case_id) \
        AND NOT EXISTS (SELECT 1 FROM figure_hold f WHERE f.case_id = case_file.case_id) \
        ORDER BY closed_at LIMIT $2)";
}

/// What happens to a table's rows about somebody who is erased.
#[derive(Debug, Clone, Copy)]
pub enum Fate {
    /// It holds nothing about single people.
    Nobody,
    /// These statements take or empty the rows of account `$1`.
    Erased(&'static [&'static Stmt]),
    /// The repository empties them itself, because they must be opened for it.
    Emptied,
    /// They stay, under a name that says nothing; why.
    Kept(&'static str),
}

/// One table.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    /// Its columns of text. `a=own` is sealed with the account's key, `a=service` with the keyring's,
    /// `a=index` is found by blind index, `a=digest` compares secrets and counters.
    pub columns: &'static str,
    pub fate: Fate,
    /// What takes rows away, and after how many days; absent when another room's job does, or nothing.
    pub purge: Option<(&'static Stmt, i64)>,
}

const fn table(name: &'static str, columns: &'static str, fate: Fate) -> Table {
    Table {
        name,
        columns,
        fate,
        purge: None,
    }
}

impl Table {
    const fn purged(mut self, stmt: &'static Stmt, days: i64) -> Self {
        self.purge = Some((stmt, days));
        self
    }
}

const NOBODY: Fate = Fate::Nobody;
const MONEY: Fate = Fate::Kept("the books: 30 years; they name no person");
const STAFF: Fate = Fate::Kept("who works at the console, by login: lines of the audit name them");
const GUARD: Fate = Fate::Kept("counters by digest, against guessing: 400 days");

/// Every table, in the order in which an erasure and a purge work.
pub static TABLES: &[Table] = &[
    table("instance", "instance_kind", NOBODY),
    table("key_generation", "purpose kid state", NOBODY),
    table("key_rotation", "purpose kid passed", NOBODY),
    table("job", "name last_outcome last_evidence", NOBODY),
    table("node", "run name version", NOBODY),
    table("publication", "publication_id slug kind region sort_key desk_key", NOBODY),
    table("publication_edition", "publication_id state title summary blocks facts authors decided_by reason", NOBODY),
    table("publication_term", "term publication_id", NOBODY),
    table("publication_office", "org_no publication_id", NOBODY),
    table("picture", "picture_id media_type body added_by", NOBODY),
    table("posting_pace", "", NOBODY),
    table("refund_brake", "", NOBODY).purged(&OLD_BRAKE_HOURS, 90),
    table("brake_trip", "first_by second_by stopped_by", NOBODY),
    table("payout_queue", "", NOBODY),
    table("untold_prices", "period", NOBODY),
    table("payout_trip", "first_by second_by stopped_by trade_task_id", NOBODY),
    table("recovery", "begun_by ended_by proof payouts_by", NOBODY),
    table("recovery_statement", "day digest=digest read_by", NOBODY),
    table("recovery_look", "payment_id", NOBODY).purged(&OLD_LOOKS, 0),
    table("lost_trade", "lost_id out_trade_no trade_no state out_request_no trace_id", NOBODY),
    table("oauth_start", "state_digest=digest cookie_digest=digest", NOBODY),
    table("attempt", "guard key_digest=digest period", GUARD),
    table("attempt_value", "guard key_digest=digest period value_digest=digest", GUARD),
    table("ban", "ban_id scope subject network reason lifted_by lift_reason",
        Fate::Kept("against abuse of the doors, by network address or account number: 190 days")).purged(&OLD_BANS, 190),
    table("otp", "otp_id account_id session_id purpose act_digest=digest phone_key=digest code_digest=digest",
        Fate::Erased(&[&OTPS])),
    table("refresh_token", "token_digest=digest session_id account_id spent_device successor=own",
        Fate::Erased(&[&REFRESH])),
    table("session", "session_id account_id client terminal browser_digest=digest ending family_id entered_as step_up_act step_up_digest=digest",
        Fate::Kept("which devices were signed in and when, without who: 180 days")),
    table("certification", "certification_id account_id family_id kind outside_no=own state",
        Fate::Erased(&[&CERTIFICATIONS])),
    table("credential", "account_id login_digest=digest login=own password=own", Fate::Erased(&[&CREDENTIAL])),
    table("account_merge", "merge_id into_account_id family_id code_digest=digest from_account_id ending",
        Fate::Kept("how accounts became one, without who: 3 years")).purged(&OLD_MERGES, 1096),
    table("document_link", "ticket_digest=digest account_id document", Fate::Erased(&[&LINKS]))
        .purged(&OLD_LINKS, 2),
    table("erasure", "erasure_id account_id state", Fate::Kept("that it was asked for and done: 5 years"))
        .purged(&OLD_ERASURES, 1827),
    table("consent", "consent_id account_id purpose version text_hash",
        Fate::Kept("what was agreed to and taken back, without who: 3 years")).purged(&OLD_CONSENTS, 1096),
    table("match_offer", "token_digest=digest account_id session_id level archive_token=own archive_role \
        signboard=own verified=own", Fate::Erased(&[&OFFERS])),
    table("archive_copy", "binding_id body=own", Fate::Erased(&[&COPIES])),
    table(
        "archive_filling",
        "filling_id binding_id account_id consent_id state mobile=own id_no_result mobile_result name_result",
        Fate::Erased(&[&FILLINGS]),
    )
    .purged(&OLD_FILLINGS, 1096),
    table("archive_writing", "filling_id pair_digest=digest",
        Fate::Kept("that a phone came from here and proves nothing, by a digest that finds nobody: with the archive")),
    table(
        "gathering",
        "account_id",
        Fate::Kept("until the on-line user system has confirmed that it let go of the person"),
    ),
    table("figure", "home_index=index kind period body=service", Fate::Emptied),
    table("binding_fold", "binding_id into_binding_id",
        Fate::Kept("which links became one, without who: 3 years after the one that stayed has ended"))
        .purged(&OLD_FOLDS, 1096),
    table("binding_region", "binding_id region", Fate::Erased(&[&REGIONS])).purged(&OLD_REGIONS, 1096),
    table("binding", "binding_id account_id home_index=index consumer_no=own role certified_index=index signboard=own \
        label=own grant_id", Fate::Erased(&[&NO_HOME, &GRANTS, &BINDINGS])).purged(&OLD_BINDINGS, 1096),
    table("binding_grant", "grant_id home_index=index holder_binding_id role state token_digest=digest accepted_by",
        Fate::Kept("what was shared and when, of homes that cannot be named: 3 years"))
        .purged(&OLD_GRANTS, 1096),
    table("binding_home", "home_index=index holder_since", Fate::Emptied)
        .purged(&OLD_HOMES, 366),
    table("binding_places", "account_id", Fate::Erased(&[&PLACES])),
    table("points_rule", "rule_id", NOBODY),
    table("points_gift", "gift_id title", NOBODY),
    table("points_balance", "account_id", Fate::Erased(&[&POINTS])),
    table("points_entry", "entry_id fact account_id", Fate::Kept("the books of points, under a name that says nothing")),
    table("points_line", "entry_id side", Fate::Kept("the books of points, under a name that says nothing")),
    table("points_earning", "payment_id account_id", Fate::Kept("the books of points, under a name that says nothing")),
    table("points_exchange", "exchange_id account_id gift_id title client_key fingerprint handed_by",
        Fate::Kept("what was handed out, under a name that says nothing")),
    table("service_request", "request_id account_id kind state letter=own binding_id payment_id order_no staff_check \
        client_key fingerprint", Fate::Erased(&[&REQUESTS]))
        .purged(&OLD_REQUESTS, 1827),
    table("notice", "notice_id account_id event_id kind params=own payment_id", Fate::Erased(&[&NOTICES]))
        .purged(&OLD_NOTICES, 1096),
    table("idempotency", "scope client_key fingerprint field_digests state step answer_body=service",
        Fate::Erased(&[&ANSWERS])),
    table("outbox", "event_id kind ordering_key body=service trace_id state reason",
        Fate::Kept("on its way; its body is wiped when it is delivered or given up, the row goes after 30 days; one about \
            money that is given up stays as it is until its case is closed")),
    table("inbox", "source message_id raw=service trace_id state",
        Fate::Kept("proof of what the channel said of money: 90 days after it was applied")),
    table("notice_quarantine", "digest raw=service trace_id", Fate::Kept("nobody's until it verifies: 7 days")),
    table("payment", "payment_id account_id binding_id session_id purpose via state out_trade_no subject \
        shares=service buyer=service body=service ticket=service ticket_digest trade_no trace_id", Fate::Emptied),
    table("payment_home", "binding_id payment_id", MONEY),
    table("payment_line", "line_id payment_id state channel_txn_no binding_id consumer_no=service \
        consumer_index=index purpose arrears_version body=service check_kind sighting mkt_txn_no business_date \
        part_of part_cause", Fate::Emptied),
    table("payment_refund", "refund_id payment_id line_id out_request_no cause state", MONEY),
    table("open_claim", "claim_key=index payment_id", Fate::Kept("there is none without open money")),
    table("payment_sighting", "payment_id machine row_id state input next_state", MONEY)
        .purged(&OLD_SIGHTINGS, 1827),
    table("trade_task", "trade_task_id check_task_id generation_account_id table_id period state queue_key payout_no \
        payee=own hold", Fate::Erased(&[&PAYEES])),
    table("check_task", "check_task_id generation_account_id table_id period state verdict review_no newer_id reason=own",
        Fate::Erased(&[&REASONS])),
    table("energy_version", "table_id period generation_account_id state days=own lines=own refusal",
        Fate::Erased(&[&MONTHS])),
    table("personal_table", "table_id generation_account_id state permission_id identity=own",
        Fate::Erased(&[&TABLE_KEYS, &PERSONAL_TABLES])),
    table("generation_key", "key_id generation_account_id vault modulus wrapped=service nonce_digest=digest",
        Fate::Erased(&[&PAIRS])),
    table("generation_credential", "generation_account_id login_digest=digest login=own password=own",
        Fate::Erased(&[&GENERATION_CREDENTIALS])),
    table("generation_account", "generation_account_id account_id generation_no=own generation_index=index feed_in state",
        Fate::Erased(&[&GENERATORS])),
    table("generation_end", "number_digest=digest",
        Fate::Kept("that a generator's cooperation was ended, by a digest that finds nobody: until its contract is renewed")),
    table("ledger_entry", "entry_id fact payment_id trace_id", MONEY),
    table("ledger_line", "entry_id account", MONEY),
    table("evidence_entry", "entry_id kind body",
        Fate::Kept("proof of acts: 30 years; what is closed in it opens with the salt only")),
    table("evidence_salt", "entry_id salt account_id", Fate::Erased(&[&SALTS])),
    table("evidence_queue", "entry_id", Fate::Kept("with the entry: nothing places any yet")),
    table("text_report", "message_id", Fate::Kept("whether a message reached its phone, under its own id: 190 days"))
        .purged(&OLD_REPORTS, 190),
    table("access_tally", "", NOBODY),
    table("access_sum", "", NOBODY),
    table("access_packed", "cells", NOBODY),
    table("access_latency", "", NOBODY),
    table("access_latency_packed", "buckets", NOBODY),
    table("access_terminal", "terminal", NOBODY),
    table("access_people", "period begins cell", NOBODY),
    table("access_person", "period begins cell", Fate::Kept("hashes under a salt that dies with its day, week or month; nobody can be looked up")),
    table("access_salt", "period begins salt=service", Fate::Kept("until its day, week or month is over")),
    table("access_run", "run", NOBODY),
    table("follow_day", "", NOBODY),
    table("link_day", "", NOBODY),
    table("exchange_report", "addressee body digest receipt_no", NOBODY),
    table("missed_search", "words", Fate::Kept("words that at least five searches used: 62 days; nobody stands beside them")),
    table("office", "org_no name", NOBODY),
    table("office_energy", "org_no", NOBODY),
    table("follower", "wallet_digest=digest",
        Fate::Kept("that some wallet follows, by a digest that finds nobody: 32 days after it left")),
    table("access_refusal", "trace_id code region", NOBODY),
    table("staff_session", "session_id staff_id token_digest=digest", STAFF).purged(&OLD_STAFF_SESSIONS, 400),
    table("kept_form", "staff_id body=service", Fate::Kept("what one of the staff had typed, sealed, for themselves: a day"))
        .purged(&OLD_FORMS, 1),
    table("figure_hold", "home_digest=digest case_id", Fate::Kept("until two persons have decided about the bill")),
    table("case_taking", "case_id taken_by", Fate::Kept("who of the staff worked on what, without whose: with the case"))
        .purged(&OLD_TAKINGS, 1827),
    table("channel", "channel terminals", NOBODY),
    table("terminal", "terminal channel takes", NOBODY),
    table("channel_closing", "channel reason closed_by", NOBODY),
    table("channel_score", "channel month", NOBODY),
    table("channel_change", "change_id kind subject was became reason changed_by", NOBODY),
    table("function_suspension", "account_id function proposal_id", Fate::Erased(&[&SUSPENSIONS])),
    table("function_proposal", "proposal_id account_id function wanted reason proposed_by state decided_by",
        Fate::Kept("what staff proposed and decided, under a name that says nothing: 5 years"))
        .purged(&OLD_FUNCTION_PROPOSALS, 1827),
    table("opening_proposal", "proposal_id request_id account_id verdict reason proposed_by state decided_by",
        Fate::Kept("what staff proposed and decided, under a name that says nothing: 5 years"))
        .purged(&OLD_OPENING_PROPOSALS, 1827),
    table("unmasking", "unmasking_id staff_id account_id field binding_id reason",
        Fate::Kept("which of the staff saw what in clear and why, without whose: 3 years")).purged(&OLD_UNMASKINGS, 1096),
    table("staff", "staff_id login person_id role scope password proofs_by confirmed_by totp=service", STAFF),
    table("audit_line", "audit_id actor act subject outcome source trace_id",
        Fate::Kept("who did what, under a name that says nothing: 3 years")).purged(&OLD_AUDIT, 1096),
    table("audit_queue", "audit_id", Fate::Kept("until the line is linked")),
    table("audit_link", "audit_id digest head", Fate::Kept("a digest of what was done, which tells nothing of anybody: for ever")),
    table("case_proposal", "proposal_id case_id resolution parts reason proposed_by state decided_by",
        Fate::Kept("what staff proposed and decided: 5 years")).purged(&OLD_PROPOSALS, 1827),
    table("case_file", "case_id kind cause subject facts trace_id", Fate::Kept("what staff decided, without who: 5 years"))
        .purged(&OLD_CASES, 1827),
    table("account_key", "account_id key_id wrapped=service", Fate::Erased(&[&KEY])),
    table("account", "account_id app_id open_id=own open_id_index=index user_id=own user_id_index=index name=own \
        id_no=own id_no_index=index phone=own phone_index=index certified_by merged_into", Fate::Erased(&[&ACCOUNT])),
];

/// How a column of text is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// As it is: ids, words of the program, numbers given out.
    Plain,
    /// Sealed with the account's own key.
    Own,
    /// Sealed with the keyring's key.
    Service,
    /// A blind index.
    Index,
    /// A keyed digest that nothing personal is found by.
    Digest,
}

impl Table {
    /// Its columns of text, each with how it is kept; `None` for a word this does not know.
    pub fn text(&self) -> impl Iterator<Item = (&'static str, Option<Closed>)> + use<> {
        self.columns.split_whitespace().map(|column| {
            let (name, kept) = column.split_once('=').unwrap_or((column, ""));
            let closed = match kept {
                "" => Some(Closed::Plain),
                "own" => Some(Closed::Own),
                "service" => Some(Closed::Service),
                "index" => Some(Closed::Index),
                "digest" => Some(Closed::Digest),
                _ => None,
            };
            (name, closed)
        })
    }
}
