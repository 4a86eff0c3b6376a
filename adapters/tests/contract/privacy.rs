//! Rights of a person: step-ups, wishes, links, the export, the erasure, the purge.

use std::sync::Arc;

use lifeline_adapters::sql::personal::{Closed, Fate, TABLES};
use lifeline_core::accounts::Caller;
use lifeline_core::accounts::consent::{Consent, Purpose};
use lifeline_core::accounts::step_up::{Deed, Errand, StepUp};
use lifeline_core::audit::Line;
use lifeline_core::payments::order::Buyer;
use lifeline_core::privacy::erasure::{Erasure, ErasureState};
use lifeline_core::privacy::export::{EXPORT, Link};
use lifeline_core::privacy::{Erase, Privacy, PrivacyError};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::money::Fen;
use lifeline_core::store::StoreError;
use serde_json::Value;

use crate::accounts::phone;
use crate::bench::{Bench, Counting, Watch, at};
use crate::bindings::{HOME, number};
use crate::household::household;
use crate::payment_fixtures as orders;
use crate::sessions::{open, secret, session};
use crate::step_ups::asked;
use crate::{bindings, contracts, outbox};

contracts! { "privacy":
    a_wish_cools_once_and_stale_versions_conflict => ["PrivacyStore::add_erasure", "PrivacyStore::save_erasure",
        "PrivacyReads::erasure"];
    wishes_are_due_the_longest_due_first => ["PrivacyReads::due_erasures"];
    money_on_its_way_is_seen_until_it_has_arrived => ["PrivacyReads::has_open_money"];
    a_link_leads_there_once_and_in_time => ["PrivacyStore::add_link", "PrivacyStore::spend_link"];
    an_export_tells_everything_in_the_clear_and_nobody_elses => ["PrivacyReads::dossier"];
    nothing_of_the_erased_is_left_but_the_books => ["PrivacyStore::erase"];
    the_erased_get_no_new_key => ["PrivacyStore::erase", "AccountReads::is_erased"];
    what_ended_goes_when_its_term_is_over_and_not_before => ["PrivacyStore::purge", "PrivacyReads::purged_tables"];
    every_fate_is_carried_out => [];
    m3_15_a_wish_is_refused_and_put_off_while_money_is_open => [];
}

const DAY: i64 = 86_400;

/// No money is on its way any more.
const SETTLE: &str = "UPDATE payment_refund SET state = 'WITHDRAWN', done_at = NULL, next_at = NULL; \
    UPDATE payment_line SET state = 'POSTED', next_at = NULL; DELETE FROM open_claim; \
    UPDATE payment SET state = 'DONE', next_at = NULL, wake_at = NULL";

pub(crate) fn wish(t: &Bench, account: &AccountId, due_s: i64) -> Erasure {
    Erasure {
        erasure_id: t.id::<AccountId>().to_string(),
        account_id: account.clone(),
        state: ErasureState::Cooling,
        asked_at: at(0),
        due_at: at(due_s),
        next_at: Some(at(due_s)),
        ended_at: None,
        version: 1,
    }
}

pub(crate) async fn ask(t: &Bench, wish: &Erasure) -> Result<(), StoreError> {
    t.write(async |tx| tx.privacy().add_erasure(wish).await)
        .await
}

async fn a_wish_cools_once_and_stale_versions_conflict(t: Bench) {
    let account = t.id();
    let first = wish(&t, &account, 100);
    ask(&t, &first).await.unwrap();
    let twice = ask(&t, &wish(&t, &account, 200)).await;
    assert!(matches!(twice, Err(StoreError::Duplicate(_))), "{twice:?}");
    let found = t.view().await.privacy().erasure(&account).await.unwrap();
    assert_eq!(found.as_ref(), Some(&first));
    let ended = Erasure {
        state: ErasureState::Withdrawn,
        next_at: None,
        ended_at: Some(at(9)),
        ..first
    };
    let save = async || {
        t.write(async |tx| tx.privacy().save_erasure(&ended).await)
            .await
    };
    save().await.unwrap();
    let stale = save().await;
    assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
    let found = t.view().await.privacy().erasure(&account).await.unwrap();
    assert_eq!(found, None, "it cools no more");
    ask(&t, &wish(&t, &account, 300)).await.unwrap();
}

async fn wishes_are_due_the_longest_due_first(t: Bench) {
    let wishes = [30, 10, 20].map(|due| wish(&t, &t.id(), due));
    for wish in &wishes {
        ask(&t, wish).await.unwrap();
    }
    let due = async |now_s, limit| {
        let mut view = t.view().await;
        let due = view.privacy().due_erasures(at(now_s), limit).await.unwrap();
        due.iter().map(|wish| wish.due_at).collect::<Vec<_>>()
    };
    assert_eq!(due(9, 9).await, []);
    assert_eq!(due(20, 9).await, [at(10), at(20)]);
    assert_eq!(due(99, 2).await, [at(10), at(20)]);
}

async fn money_on_its_way_is_seen_until_it_has_arrived(t: Bench) {
    let mut order = orders::paid(&t, orders::order(&t));
    let account: AccountId = t.id();
    order.payment.account_id = account.clone();
    orders::add(&t, &order).await;
    let open = async |account: &AccountId| {
        let mut view = t.view().await;
        view.privacy().has_open_money(account).await.unwrap()
    };
    assert!(open(&account).await);
    assert!(!open(&t.id()).await, "another's");
    t.raw(
        "INSERT INTO payment_refund (refund_id, payment_id, line_id, out_request_no, cause, amount_fen, state, \
         empties, created_at, done_at, frozen, entered_at, turns) \
         SELECT 'r', payment_id, line_id, 'o', 'c', 1, 'DONE', 0, 1, 1, 0, 1, 0 FROM payment_line",
    )
    .await
    .unwrap();
    t.raw(SETTLE).await.unwrap();
    assert!(!open(&account).await);
    for still in [
        "UPDATE payment_line SET state = 'HELD', next_at = 1",
        "UPDATE payment_refund SET state = 'WAIT_FUNDS', next_at = 1",
        "UPDATE payment SET state = 'SUSPENSE', next_at = 1, wake_at = 1",
    ] {
        t.raw(still).await.unwrap();
        assert!(open(&account).await, "{still}");
        t.raw(SETTLE).await.unwrap();
    }
}

async fn a_link_leads_there_once_and_in_time(t: Bench) {
    let session = session(&t, "a").await;
    let account = &session.account_id;
    let link = Link {
        account_id: account.clone(),
        document: EXPORT,
        made_at: at(0),
        expires_at: at(60),
    };
    t.write(async |tx| {
        tx.privacy().add_link(&secret("one"), &link).await?;
        tx.privacy().add_link(&secret("two"), &link).await
    })
    .await
    .unwrap();
    let spend = async |ticket: &str, document: &str, now_s| {
        t.write(async |tx| {
            tx.privacy()
                .spend_link(&secret(ticket), document, at(now_s))
                .await
        })
        .await
        .unwrap()
    };
    assert_eq!(spend("one", "bill", 1).await, None, "another document");
    assert_eq!(spend("three", EXPORT, 1).await, None);
    assert_eq!(spend("one", EXPORT, 59).await.as_ref(), Some(account));
    assert_eq!(spend("one", EXPORT, 59).await, None, "once");
    assert_eq!(spend("two", EXPORT, 60).await, None, "too late");
    let stored = t.text("SELECT MIN(ticket_digest) FROM document_link").await;
    assert!(stored != "one" && stored != "two" && stored.len() > 32);
}

async fn dossier(t: &Bench, account: &AccountId) -> String {
    let mut view = t.view().await;
    let told = view.privacy().dossier(account, at(5)).await.unwrap();
    told.expose().to_owned()
}

async fn an_export_tells_everything_in_the_clear_and_nobody_elses(t: Bench) {
    let h = household(&t).await;
    let text = dossier(&t, &h.person.account_id).await;
    let told: Value = serde_json::from_str(&text).unwrap();
    let account = &told["account"]["items"][0];
    assert_eq!(account["name"], "李明");
    assert_eq!(account["id_no"], "150499199001010014");
    assert_eq!(account["phone"], "19000000001");
    let home = &told["homes"]["items"][0];
    assert_eq!(home["consumer_no"], HOME);
    assert_eq!(home["label"], "爸妈家");
    assert!(home["signboard"].is_object(), "{home}");
    let payment = &told["payments"]["items"][0];
    assert_eq!(payment["amount_fen"], h.order.payment.amount.get());
    assert_eq!(payment["shares"][0]["consumer_no"], orders::HOME);
    assert!(!text.contains("a1:"), "something is still sealed");
    let stranger = dossier(&t, &h.barred).await;
    for canary in ["李明", "150499199001010014", "19000000001", orders::HOME] {
        assert!(text.contains(canary), "{canary}");
        assert!(!stranger.contains(canary), "{canary} is another's");
    }
}

async fn erase(t: &Bench, account: &AccountId) {
    t.write(async |tx| tx.privacy().erase(account, at(50)).await)
        .await
        .unwrap();
}

/// What closes or finds something of the person, before they are erased.
async fn traces(t: &Bench, account: &AccountId) -> Vec<String> {
    let mut traces = Vec::new();
    for column in [
        "open_id_index",
        "user_id_index",
        "id_no_index",
        "phone_index",
        "name",
    ] {
        let text = format!("SELECT {column} FROM account WHERE account_id = '{account}'");
        traces.push(t.text(&text).await);
    }
    for (column, table) in [("wrapped", "account_key"), ("consumer_no", "binding")] {
        let text = format!("SELECT {column} FROM {table} WHERE account_id = '{account}'");
        traces.push(t.text(&text).await);
    }
    traces.push(t.text("SELECT home_index FROM binding_home").await);
    traces.push(t.text("SELECT MAX(consumer_index) FROM payment_line").await);
    assert!(traces.iter().all(|trace| trace.len() > 20), "{traces:?}");
    traces
}

/// What was to be told the person could not be delivered and was given up; as it lay sealed until then.
async fn given_up(t: &Bench) -> String {
    let mut news = outbox::event(t, "account");
    news.money = false;
    outbox::add(t, &news).await;
    let id = &news.event_id;
    let sealed = format!("SELECT body FROM outbox WHERE event_id = '{id}'");
    let sealed = t.text(&sealed).await;
    assert!(sealed.starts_with("a1:"), "{sealed}");
    let buried = t
        .write(async |tx| {
            tx.outbox().claim(at(0), at(30), 100).await?;
            tx.outbox().bury(id, 1, at(1), "no_answer").await
        })
        .await;
    assert!(buried.unwrap());
    sealed
}

async fn nothing_of_the_erased_is_left_but_the_books(t: Bench) {
    let h = household(&t).await;
    let account = &h.person.account_id;
    t.raw(SETTLE).await.unwrap();
    let mut traces = traces(&t, account).await;
    traces.push(given_up(&t).await);
    erase(&t, account).await;
    erase(&t, &h.barred).await;
    let rows = t.dump().await;
    for trace in &traces {
        let left = rows.iter().find(|(_, row)| row.contains(trace.as_str()));
        assert_eq!(left, None);
    }
    let app = h.person.app_id.as_str();
    t.write(async |tx| {
        assert_eq!(tx.accounts().find(account).await?, None);
        let by_phone = tx.accounts().find_by_phone(&phone("19000000001")).await?;
        assert_eq!(by_phone, None);
        let id = crate::accounts::id("open-1");
        assert_eq!(tx.accounts().find_by_open_id(app, &id).await?, None);
        assert_eq!(tx.bindings().links_to(&number(HOME)).await?, []);
        Ok(())
    })
    .await
    .unwrap();
    let mut view = t.view().await;
    let order = view.payments().find(&h.order.payment.payment_id).await;
    let order = order.unwrap().expect("the books keep it");
    assert_eq!(order.payment.amount, h.order.payment.amount);
    assert_eq!(order.payment.paid, h.order.payment.paid);
    assert_eq!(order.payment.buyer, Buyer::default());
    assert_eq!(order.payment.shares[0].consumer_no.expose(), "");
    assert_eq!(order.lines[0].consumer_no.expose(), "");
    let in_flight = view.payments().in_flight(&orders::home(orders::HOME)).await;
    assert_eq!(in_flight.unwrap(), Fen::ZERO);
    // The person comes back as somebody new.
    drop(view);
    let again = crate::accounts::whole(&t);
    crate::accounts::add(&t, &again).await;
}

async fn the_erased_get_no_new_key(t: Bench) {
    let h = household(&t).await;
    t.raw(SETTLE).await.unwrap();
    let erased = async || {
        let mut view = t.view().await;
        let id = &h.person.account_id;
        view.accounts().is_erased(id).await.unwrap()
    };
    assert!(!erased().await);
    erase(&t, &h.person.account_id).await;
    assert!(erased().await);
    let linked = bindings::link(&t, &h.person.account_id, "1504010020025");
    let sealed = bindings::add(&t, &linked, &bindings::li()).await;
    assert!(sealed.is_err(), "{sealed:?}");
    let keys = format!(
        "SELECT CAST(COUNT(*) AS TEXT) FROM account_key WHERE account_id = '{}'",
        h.person.account_id
    );
    assert_eq!(t.text(&keys).await, "0");
}

async fn what_ended_goes_when_its_term_is_over_and_not_before(t: Bench) {
    let session = session(&t, "a").await;
    let consent = Consent {
        consent_id: "c".into(),
        account_id: session.account_id.clone(),
        purpose: Purpose::Notices,
        version: "v".into(),
        text_hash: "h".into(),
        given_at: at(-9),
        withdrawn_at: None,
    };
    let line = |id: &str, at_s| Line {
        audit_id: id.into(),
        at: at(at_s),
        actor: "account:x".into(),
        act: "a".into(),
        subject: "s".into(),
        outcome: "ok".into(),
        source: String::new(),
        trace_id: String::new(),
    };
    let link = Link {
        account_id: session.account_id.clone(),
        document: EXPORT,
        made_at: at(0),
        expires_at: at(0),
    };
    let term = 1096 * DAY;
    t.write(async |tx| {
        tx.accounts().add_consent(&consent).await?;
        let account = &consent.account_id;
        tx.accounts()
            .withdraw_consent(account, consent.purpose, at(0))
            .await?;
        tx.audit().append(&line("old", 0)).await?;
        tx.audit().append(&line("new", term + 1)).await?;
        tx.privacy().add_link(&secret("x"), &link).await?;
        tx.privacy()
            .add_erasure(&wish(&t, account, 10_000 * DAY))
            .await
    })
    .await
    .unwrap();
    let purge = async |now_s| {
        t.write(async |tx| {
            let mut gone = 0;
            for table in tx.privacy().purged_tables() {
                gone += tx.privacy().purge(table, at(now_s), 500).await?;
            }
            Ok(gone)
        })
        .await
        .unwrap()
    };
    assert_eq!(purge(2 * DAY).await, 0);
    assert_eq!(purge(2 * DAY + 1).await, 1, "the link");
    assert_eq!(purge(term).await, 0);
    assert_eq!(purge(term + 1).await, 2, "the consent and the line");
    assert_eq!(t.text("SELECT MIN(audit_id) FROM audit_line").await, "new");
    assert_eq!(
        purge(9_000 * DAY).await,
        0,
        "the newest line and a wish that cools stay"
    );
}

/// A table whose rows name an account says what becomes of them.
async fn every_fate_is_carried_out(t: Bench) {
    for table in TABLES {
        let names_somebody = table.text().any(|(column, kept)| {
            column == "account_id" || matches!(kept, Some(Closed::Own | Closed::Index))
        });
        if names_somebody {
            assert!(!matches!(table.fate, Fate::Nobody), "{}", table.name);
        }
        let sealed = table
            .text()
            .any(|(_, kept)| matches!(kept, Some(Closed::Own)));
        if sealed {
            assert!(matches!(table.fate, Fate::Erased(_)), "{}", table.name);
        }
    }
    assert_eq!(t.tables().await.len(), TABLES.len());
}

async fn m3_15_a_wish_is_refused_and_put_off_while_money_is_open(t: Bench) {
    let h = household(&t).await;
    let account = &h.person.account_id;
    let watch = Watch::new();
    let clock = Arc::new(watch.clone());
    let privacy = Privacy::new(t.store.clone(), clock, Arc::new(Counting::default()));
    let mut session = session(&t, "elsewhere").await;
    session.account_id = account.clone();
    session.expires_at = at(100 * DAY);
    open(&t, &session, None).await;
    let caller = Caller {
        account_id: account.clone(),
        session_id: session.session_id.clone(),
        family_id: session.family_id.clone(),
        source: String::new(),
        trace_id: "trace".into(),
    };
    let step_up = async || {
        let step_up = StepUp {
            deed: Deed::Erase,
            at: at(0),
        };
        let errand = Errand::erase(&caller);
        let code = asked(&t, &session.family_id, &errand, 0).await;
        let id = &session.session_id;
        t.write(async |tx| tx.accounts().step_up(id, &code.otp_id, step_up).await)
            .await
            .unwrap();
    };
    step_up().await;
    watch.set(1);
    let refused = privacy.ask_erasure(&caller).await;
    assert!(
        matches!(refused, Err(PrivacyError::MoneyOpen)),
        "{refused:?}"
    );
    t.raw(SETTLE).await.unwrap();
    // The refused wish used nothing up: it left no trace at all.
    let wish = privacy.ask_erasure(&caller).await.unwrap();
    t.raw("UPDATE payment_line SET state = 'HELD', next_at = 1")
        .await
        .unwrap();
    let due = wish.due_at.seconds_since(at(0));
    watch.set(due);
    let erase = Erase(privacy.clone());
    assert_eq!(erase.run_due().await.unwrap(), 0, "it waits");
    t.raw(SETTLE).await.unwrap();
    assert_eq!(erase.run_due().await.unwrap(), 0, "until its next look");
    watch.set(due + DAY);
    assert_eq!(erase.run_due().await.unwrap(), 1);
    assert_eq!(erase.run_due().await.unwrap(), 0, "once");
}
