//! What raw SQL with the application's own rights must not be able to do, and what a store must
//! never come to hold.

use lifeline_core::payments::{table_l as l, table_p as p, table_r as r};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;
use tokio::task::JoinSet;

use crate::books::{AMOUNT, HOME, line_in, order_in, refund_in};
use crate::store::Place;
use crate::stories;
use crate::story::{Story, arrears};

stories! {
    interleaving_11_refunds_never_exceed_what_was_paid;
    interleaving_12_nothing_unfinished_is_without_a_turn;
    numbers_and_causes_are_unique;
    a_planted_refund_is_never_sent;
    the_ledger_takes_no_change;
    personal_data_is_sealed;
}

async fn refused(place: &Place, sql: &str) {
    let outcome = place.raw(sql).await;
    assert!(outcome.is_err(), "accepted: {sql}");
}

/// Sixty-four sessions reserve at once: never more than was paid.
async fn interleaving_11_refunds_never_exceed_what_was_paid(place: Place) {
    let s = Story::at(place);
    let order = order_in(&s.outside, p::State::Paid);
    s.place.add(&order, s.outside.now()).await;
    let id = order.payment.payment_id.as_str().to_owned();
    for (column, value) in [
        ("refund_reserved_fen", "12841"),
        ("refund_reserved_fen", "-1"),
        ("refunded_fen", "1"),
        ("foreign_fen", "1"),
        ("paid_fen", "0"),
        ("paid_fen", "-5"),
        ("foreign_used_fen", "1"),
        ("suspense_fen", "12841"),
    ] {
        refused(
            &place_of(&s),
            &format!("UPDATE payment SET {column} = {value} WHERE payment_id = '{id}'"),
        )
        .await;
    }
    let mut sessions = JoinSet::new();
    for _ in 0..64 {
        let (place, id) = (s.place.clone(), id.clone());
        sessions.spawn(async move {
            let take = format!(
                "UPDATE payment SET refund_reserved_fen = refund_reserved_fen + 6000 WHERE payment_id = '{id}'"
            );
            place.raw(&take).await.is_ok()
        });
    }
    let mut taken = 0;
    while let Some(ok) = sessions.join_next().await {
        taken += i64::from(ok.unwrap());
    }
    assert_eq!(taken, 2, "12840 holds 6000 twice");
    assert_eq!(
        s.count("SELECT refund_reserved_fen FROM payment").await,
        12_000
    );
}

fn place_of(s: &Story) -> Place {
    s.place.clone()
}

async fn interleaving_12_nothing_unfinished_is_without_a_turn(place: Place) {
    let s = Story::at(place);
    let mut order = order_in(&s.outside, p::State::Paid);
    let line = line_in(&order, &s.outside, l::State::PostUnknown);
    order.lines = vec![line];
    refund_in(&mut order, &s.outside, r::State::Unknown, Fen::new(1_000));
    s.place.add(&order, s.outside.now()).await;
    for table in ["payment", "payment_line", "payment_refund"] {
        refused(&s.place, &format!("UPDATE {table} SET next_at = NULL")).await;
    }
    refused(&s.place, "UPDATE payment SET wake_at = NULL").await;
    refused(&s.place, "UPDATE payment_line SET body = NULL").await;
    // Final states owe nothing.
    s.place
        .raw("UPDATE payment_line SET state = 'POSTED', next_at = NULL")
        .await
        .unwrap();
}

async fn numbers_and_causes_are_unique(place: Place) {
    let s = Story::at(place);
    let mut order = order_in(&s.outside, p::State::Paid);
    refund_in(&mut order, &s.outside, r::State::Planned, Fen::new(1_000));
    s.place.add(&order, s.outside.now()).await;
    let copy = |table: &str, columns: &str, changed: &str| {
        format!("INSERT INTO {table} ({columns}) SELECT {changed} FROM {table} LIMIT 1")
    };
    let columns = "refund_id, payment_id, line_id, out_request_no, cause, amount_fen, state, empties, \
        created_at, frozen, entered_at, turns, next_at";
    for (number, cause) in [("out_request_no", "'other'"), ("'other'", "cause")] {
        let changed = columns
            .replace("refund_id", "'019aa2f0-0000-7000-8000-00000000ffff'")
            .replace("out_request_no", number)
            .replace("cause", cause);
        refused(&s.place, &copy("payment_refund", columns, &changed)).await;
    }
    let other = order_in(&s.outside, p::State::Paid);
    let number = &order.payment.out_trade_no;
    let mut twin = other.clone();
    twin.payment.out_trade_no.clone_from(number);
    let lent = lifeline_core::store::atomically(&*s.place.store, async |tx| {
        tx.payments().add(&twin, s.outside.now()).await
    })
    .await;
    assert!(
        matches!(lent, Err(lifeline_core::store::StoreError::Duplicate(_))),
        "{lent:?}"
    );
}

/// A refund row that nobody reserved for does not fit its payment's books, so nothing is sent.
async fn a_planted_refund_is_never_sent(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    s.pays(&order.number).await;
    let now = s.outside.now().micros();
    let planted = format!(
        "INSERT INTO payment_refund (refund_id, payment_id, line_id, out_request_no, cause, amount_fen, state, \
         empties, created_at, frozen, entered_at, turns, next_at) \
         SELECT '019aa2f0-0000-7000-8000-00000000ffff', payment_id, line_id, 't0PLANTED', 'planted', 12840, \
         'PLANNED', 0, {now}, 0, {now}, 0, {now} FROM payment_line"
    );
    s.place.raw(&planted).await.unwrap();
    s.place
        .raw(&format!("UPDATE payment SET wake_at = {now}"))
        .await
        .unwrap();
    for _ in 0..20 {
        s.outside.advance(30);
        s.app.sweep().await.unwrap();
    }
    assert_eq!(s.outside.count("refund"), 0);
    s.square();
}

async fn the_ledger_takes_no_change(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    s.pays(&order.number).await;
    for sql in [
        "UPDATE ledger_entry SET total_fen = 1",
        "DELETE FROM ledger_entry",
        "UPDATE ledger_line SET debit_fen = 1 WHERE debit_fen > 0",
        "DELETE FROM ledger_line",
        "DELETE FROM evidence_entry",
        "UPDATE audit_line SET outcome = 'x'",
    ] {
        refused(&s.place, sql).await;
    }
    assert_eq!(s.look(&order.id).await.payment.paid, AMOUNT);
    s.books_agree().await;
}

/// Neither the home nor the payer's identity lies open in any column of the room.
async fn personal_data_is_sealed(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    s.pays(&order.number).await;
    let columns = [
        ("payment", "shares"),
        ("payment", "buyer"),
        ("payment", "body"),
        ("payment_line", "consumer_no"),
        ("payment_line", "consumer_index"),
        ("payment_line", "body"),
        ("payment_line", "channel_txn_no"),
        ("payment_sighting", "row_id"),
        ("audit_line", "subject"),
        ("evidence_entry", "body"),
        ("ledger_entry", "fact"),
        ("outbox", "body"),
    ];
    for (table, column) in columns {
        let rows = s
            .count(&format!("SELECT COUNT({column}) FROM {table}"))
            .await;
        assert!(
            rows > 0,
            "{table}.{column} was never written: the search would be blind"
        );
        for secret in [HOME, "open-id"] {
            let found = s
                .count(&format!(
                    "SELECT COUNT(*) FROM {table} WHERE {column} LIKE '%{secret}%'"
                ))
                .await;
            assert_eq!(found, 0, "{table}.{column} shows {secret}");
        }
    }
}
