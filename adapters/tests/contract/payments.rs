//! Orders with lines and refunds: whole or not at all, by version and lease.

use lifeline_core::payments::order::{Buyer, Purpose};
use lifeline_core::payments::{table_l, table_p, table_r};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::page::Page;
use lifeline_core::store::{StoreError, snapshot};
use tokio::task::JoinSet;

use crate::bench::{Bench, at, now};
use crate::contracts;
use crate::payment_fixtures::{
    HOME, add, arrears, find, home, order, paid, save, saved, with_refund,
};

contracts! { "payments":
    round_trip => ["PaymentStore::add", "PaymentStore::save", "PaymentReads::find"];
    every_state_is_readable => ["PaymentStore::save", "PaymentReads::find"];
    absent_is_none => ["PaymentReads::find", "PaymentReads::find_own", "PaymentReads::find_by_number",
        "PaymentReads::find_by_ticket", "PaymentReads::claim_holder", "PaymentStore::lease"];
    found_by_number_ticket_and_owner => ["PaymentReads::find_own", "PaymentReads::find_by_number",
        "PaymentReads::find_by_ticket"];
    a_number_is_used_once => ["PaymentStore::add"];
    a_stale_version_saves_nothing => ["PaymentStore::save"];
    a_lost_lease_saves_nothing => ["PaymentStore::save", "PaymentStore::lease"];
    one_of_many_savers_wins => ["PaymentStore::save"];
    dropped_unit_leaves_no_trace => ["PaymentStore::add", "PaymentStore::save", "PaymentStore::take_claim"];
    cancelled_unit_leaves_no_trace => ["PaymentStore::add", "PaymentStore::take_claim"];
    newest_come_first_a_page_at_a_time => ["PaymentReads::list"];
    an_order_of_several_homes_is_listed_under_each => ["PaymentReads::list"];
    in_flight_counts_what_may_not_show_yet => ["PaymentReads::in_flight", "PaymentReads::in_flight_of"];
    what_was_ordered_is_summed_until_it_is_proven_unpaid => ["PaymentStore::ordered_since"];
    unreadable_rows_are_an_alarm => ["PaymentReads::find", "PaymentReads::list"];
    personal_fields_open_in_their_own_row_only => ["PaymentReads::find"];
}

async fn round_trip(t: Bench) {
    let fresh = order(&t);
    add(&t, &fresh).await;
    assert_eq!(find(&t, &fresh.payment.payment_id).await.unwrap(), fresh);
    let full = with_refund(&t, paid(&t, fresh));
    save(&t, &full, None).await.unwrap();
    let read = find(&t, &full.payment.payment_id).await.unwrap();
    assert_eq!(read, saved(&full));
    // A second save changes lines and refunds in place.
    let mut later = read.clone();
    later.lines[0].state = table_l::State::Held;
    later.lines[0].sighting = None;
    later.refunds[0].state = table_r::State::Done;
    later.refunds[0].done_at = Some(at(200));
    later.refunds[0].by_bank = Fen::new(4_300);
    later.payment.refunded = Fen::new(5_000);
    later.payment.shown = Fen::new(5_001);
    later.payment.shown_at = Some(at(201));
    save(&t, &later, None).await.unwrap();
    let read = find(&t, &later.payment.payment_id).await.unwrap();
    assert_eq!(read, saved(&later));
    // A bare one: nothing optional is there.
    let mut bare = order(&t);
    let payment = &mut bare.payment;
    (payment.body, payment.ticket, payment.ticket_digest) = (None, None, None);
    payment.buyer = Buyer::default();
    payment.shares[0].arrears_version = None;
    add(&t, &bare).await;
    assert_eq!(find(&t, &bare.payment.payment_id).await.unwrap(), bare);
}

async fn every_state_is_readable(t: Bench) {
    let full = with_refund(&t, paid(&t, order(&t)));
    let mut stored = order(&t);
    stored.payment.payment_id = full.payment.payment_id.clone();
    stored
        .payment
        .out_trade_no
        .clone_from(&full.payment.out_trade_no);
    add(&t, &stored).await;
    let mut present = saved(&full);
    present.payment.version = 1;
    for state in table_l::State::ALL {
        present.lines[0].state = *state;
        save(&t, &present, None).await.unwrap();
        present = find(&t, &present.payment.payment_id).await.unwrap();
        assert_eq!(present.lines[0].state, *state);
    }
    for state in table_r::State::ALL {
        let refund = &mut present.refunds[0];
        refund.state = *state;
        refund.done_at = (*state == table_r::State::Done).then(|| at(300));
        save(&t, &present, None).await.unwrap();
        present = find(&t, &present.payment.payment_id).await.unwrap();
        assert_eq!(present.refunds[0].state, *state);
    }
    for state in table_p::State::ALL {
        let mut other = order(&t);
        other.payment.state = *state;
        if state.has_money() {
            other.payment.paid = Fen::new(1);
            other.payment.paid_at = Some(now());
        }
        add(&t, &other).await;
        let read = find(&t, &other.payment.payment_id).await.unwrap();
        assert_eq!(read.payment.state, *state);
    }
}

async fn absent_is_none(t: Bench) {
    let nobody = order(&t).payment;
    let mut view = t.view().await;
    let reads = view.payments();
    assert_eq!(reads.find(&nobody.payment_id).await.unwrap(), None);
    let own = reads.find_own(&nobody.account_id, &nobody.payment_id).await;
    assert_eq!(own.unwrap(), None);
    assert_eq!(reads.find_by_number("t0none").await.unwrap(), None);
    assert_eq!(reads.find_by_ticket("none").await.unwrap(), None);
    assert_eq!(reads.claim_holder(&arrears()).await.unwrap(), None);
    assert_eq!(reads.in_flight(&home(HOME)).await.unwrap(), Fen::ZERO);
    assert!(reads.due(at(9_999), 10).await.unwrap().is_empty());
    assert!(
        reads
            .sightings(&nobody.payment_id)
            .await
            .unwrap()
            .is_empty()
    );
    drop(view);
    let leased = t
        .write(async |tx| tx.payments().lease(&nobody.payment_id, now(), at(30)).await)
        .await;
    assert_eq!(leased.unwrap(), None);
}

async fn found_by_number_ticket_and_owner(t: Bench) {
    let (mine, other) = (order(&t), order(&t));
    add(&t, &mine).await;
    add(&t, &other).await;
    let payment = &mine.payment;
    let mut view = t.view().await;
    let reads = view.payments();
    let by_number = reads.find_by_number(&payment.out_trade_no).await.unwrap();
    assert_eq!(by_number.as_ref(), Some(&mine));
    let digest = payment.ticket_digest.as_deref().unwrap();
    assert_eq!(
        reads.find_by_ticket(digest).await.unwrap().as_ref(),
        Some(&mine)
    );
    let own = reads
        .find_own(&payment.account_id, &payment.payment_id)
        .await;
    assert_eq!(own.unwrap().as_ref(), Some(&mine));
    let foreign = reads
        .find_own(&other.payment.account_id, &payment.payment_id)
        .await;
    assert_eq!(foreign.unwrap(), None, "another's is not found");
}

async fn a_number_is_used_once(t: Bench) {
    let first = order(&t);
    add(&t, &first).await;
    let mut second = order(&t);
    second
        .payment
        .out_trade_no
        .clone_from(&first.payment.out_trade_no);
    let told = t
        .write(async |tx| tx.payments().add(&second, now()).await)
        .await;
    assert!(matches!(told, Err(StoreError::Duplicate(_))), "{told:?}");
    assert_eq!(find(&t, &second.payment.payment_id).await, None);
}

async fn a_stale_version_saves_nothing(t: Bench) {
    let fresh = order(&t);
    add(&t, &fresh).await;
    let mut first = fresh.clone();
    first.payment.turns = 1;
    save(&t, &first, None).await.unwrap();
    let stale = with_refund(&t, paid(&t, fresh));
    let lost = save(&t, &stale, None).await;
    assert!(lost.is_err(), "{lost:?}");
    let read = find(&t, &stale.payment.payment_id).await.unwrap();
    assert_eq!(
        read,
        saved(&first),
        "neither the order nor its lines changed"
    );
}

async fn a_lost_lease_saves_nothing(t: Bench) {
    let fresh = order(&t);
    let id = &fresh.payment.payment_id;
    add(&t, &fresh).await;
    let taken = t
        .write(async |tx| tx.payments().lease(id, at(1), at(30)).await)
        .await;
    assert_eq!(taken.unwrap(), Some(2));
    // The version is the same, the lease is another's now.
    assert!(save(&t, &fresh, Some(1)).await.is_err());
    assert_eq!(find(&t, id).await.unwrap().payment.version, 1);
    save(&t, &fresh, Some(2)).await.unwrap();
    assert_eq!(find(&t, id).await.unwrap().payment.version, 2);
}

async fn one_of_many_savers_wins(t: Bench) {
    let fresh = order(&t);
    add(&t, &fresh).await;
    let other = t.another_process().await;
    let mut savers = JoinSet::new();
    for n in 0..12 {
        let bench = if n % 2 == 0 { t.clone() } else { other.clone() };
        let mut mine = fresh.clone();
        mine.payment.turns = n;
        savers.spawn(async move { save(&bench, &mine, None).await.is_ok() });
    }
    let mut won = 0;
    while let Some(saver) = savers.join_next().await {
        won += i32::from(saver.unwrap());
    }
    assert_eq!(won, 1);
    let read = find(&t, &fresh.payment.payment_id).await.unwrap();
    assert_eq!(read.payment.version, 2);
    other.store.close().await.unwrap();
}

async fn dropped_unit_leaves_no_trace(t: Bench) {
    let fresh = order(&t);
    let id = &fresh.payment.payment_id;
    t.write_and_drop(async |tx| {
        tx.payments().add(&fresh, now()).await?;
        assert!(tx.payments().take_claim(&arrears(), id, now()).await?);
        Ok(())
    })
    .await;
    assert_eq!(find(&t, id).await, None);
    add(&t, &fresh).await;
    let full = paid(&t, fresh.clone());
    t.write_and_drop(async |tx| tx.payments().save(&full, None).await)
        .await;
    assert_eq!(find(&t, id).await.unwrap(), fresh);
    assert_eq!(
        t.view()
            .await
            .payments()
            .claim_holder(&arrears())
            .await
            .unwrap(),
        None
    );
}

async fn cancelled_unit_leaves_no_trace(t: Bench) {
    let fresh = order(&t);
    let (other, copy) = (t.clone(), fresh.clone());
    let written = std::sync::Arc::new(tokio::sync::Notify::new());
    let telling = std::sync::Arc::clone(&written);
    let task = tokio::spawn(async move {
        other
            .write(async |tx| {
                tx.payments().add(&copy, now()).await?;
                let id = &copy.payment.payment_id;
                tx.payments().take_claim(&arrears(), id, now()).await?;
                telling.notify_one();
                std::future::pending::<Result<(), StoreError>>().await
            })
            .await
    });
    written.notified().await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(find(&t, &fresh.payment.payment_id).await, None);
    add(&t, &fresh).await;
    assert_eq!(
        t.view()
            .await
            .payments()
            .claim_holder(&arrears())
            .await
            .unwrap(),
        None
    );
}

async fn newest_come_first_a_page_at_a_time(t: Bench) {
    let first = order(&t);
    let mut ids = vec![first.payment.payment_id.clone()];
    add(&t, &first).await;
    for _ in 0..3 {
        let mut one = order(&t);
        one.payment.account_id = first.payment.account_id.clone();
        one.payment.binding_id = first.payment.binding_id.clone();
        one.payment.shares[0].binding_id = first.payment.binding_id.clone();
        add(&t, &one).await;
        ids.push(one.payment.payment_id);
    }
    add(&t, &order(&t)).await;
    ids.reverse();
    let (account, binding) = (&first.payment.account_id, &first.payment.binding_id);
    let list = async |after: Option<String>| {
        let page = Page::new(Some(2), after).unwrap();
        let mut view = t.view().await;
        let rows = view.payments().list(account, binding, &page).await.unwrap();
        rows.into_iter()
            .map(|order| order.payment.payment_id)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        list(None).await,
        ids[..3],
        "one more than the page, to be cut"
    );
    let after = Some(ids[1].as_str().to_owned());
    assert_eq!(list(after).await, ids[2..]);
    let last = Some(ids[3].as_str().to_owned());
    assert!(list(last).await.is_empty());
}

async fn an_order_of_several_homes_is_listed_under_each(t: Bench) {
    let mut both = order(&t);
    let mut second = both.payment.shares[0].clone();
    (second.line_no, second.binding_id) = (2, t.id());
    second.consumer_no = home("1500000007777");
    both.payment.shares.push(second);
    add(&t, &both).await;
    let page = Page::new(None, None).unwrap();
    let stranger: lifeline_core::shared::ids::AccountId = t.id();
    let listed = async |account, binding| {
        let mut view = t.view().await;
        let rows = view.payments().list(account, binding, &page).await;
        rows.unwrap().len()
    };
    let account = &both.payment.account_id;
    for share in &both.payment.shares {
        assert_eq!(listed(account, &share.binding_id).await, 1);
        assert_eq!(listed(&stranger, &share.binding_id).await, 0, "another's");
    }
    assert_eq!(listed(account, &t.id()).await, 0, "another home");
}

async fn in_flight_counts_what_may_not_show_yet(t: Bench) {
    let mut expected = 0;
    let mut payers = Vec::new();
    for (n, state) in (1..).zip(table_l::State::ALL) {
        let one = order(&t);
        add(&t, &one).await;
        let mut one = paid(&t, one);
        one.lines[0].state = *state;
        one.lines[0].amount = Fen::new(1 << n);
        save(&t, &one, None).await.unwrap();
        let mut own = 0;
        if state.is_in_flight() {
            own = 1 << n;
            expected += own;
        }
        payers.push((one.payment.account_id, own));
    }
    let one = order(&t);
    add(&t, &one).await;
    let mut top_up = paid(&t, one);
    top_up.lines[0].purpose = Purpose::TopUp;
    save(&t, &top_up, None).await.unwrap();
    let mut view = t.view().await;
    let reads = view.payments();
    assert_eq!(reads.in_flight(&home(HOME)).await.unwrap().get(), expected);
    let elsewhere = reads.in_flight(&home("1500000000001")).await.unwrap();
    assert_eq!(elsewhere, Fen::ZERO);
    for (payer, own) in payers {
        let of = reads.in_flight_of(&payer, &home(HOME)).await.unwrap();
        assert_eq!(of.get(), own, "each payer has their own");
    }
}

async fn what_was_ordered_is_summed_until_it_is_proven_unpaid(t: Bench) {
    let one = order(&t);
    add(&t, &one).await;
    add(&t, &order(&t)).await;
    let (account, moment) = (&one.payment.account_id, one.payment.created_at);
    let sum = async |since| {
        t.write(async |tx| tx.payments().ordered_since(account, since).await)
            .await
    };
    let before = moment.plus_seconds(-1);
    assert_eq!(sum(before).await.unwrap(), one.payment.amount);
    assert_eq!(sum(moment).await.unwrap(), Fen::ZERO);
    let mut closed = find(&t, &one.payment.payment_id).await.unwrap();
    closed.payment.state = table_p::State::Closed;
    save(&t, &closed, None).await.unwrap();
    assert_eq!(sum(before).await.unwrap(), Fen::ZERO);
}

async fn unreadable_rows_are_an_alarm(t: Bench) {
    let one = order(&t);
    add(&t, &one).await;
    let full = with_refund(&t, paid(&t, one));
    save(&t, &full, None).await.unwrap();
    let payment = &full.payment;
    for (table, column) in [
        ("payment", "shares"),
        ("payment", "buyer"),
        ("payment", "body"),
        ("payment_line", "consumer_no"),
        ("payment_line", "body"),
    ] {
        let kept = t.text(&format!("SELECT {column} FROM {table}")).await;
        t.raw(&format!("UPDATE {table} SET {column} = 'a1:x:y:z'"))
            .await
            .unwrap();
        let mut view = snapshot(&*t.store).await.unwrap();
        let told = view.payments().find(&payment.payment_id).await;
        assert!(
            matches!(told, Err(StoreError::Corrupt { table: t, column: c }) if (t, c) == (table, column)),
            "{table}.{column}: {told:?}"
        );
        drop(view);
        let mut view = snapshot(&*t.store).await.unwrap();
        let page = Page::new(None, None).unwrap();
        let listed = view
            .payments()
            .list(&payment.account_id, &payment.binding_id, &page)
            .await;
        assert!(
            matches!(listed, Err(StoreError::Corrupt { .. })),
            "{listed:?}"
        );
        drop(view);
        t.raw(&format!("UPDATE {table} SET {column} = '{kept}'"))
            .await
            .unwrap();
    }
    assert!(find(&t, &payment.payment_id).await.is_some());
}

/// A sealed field moved to another row is refused there, not read.
async fn personal_fields_open_in_their_own_row_only(t: Bench) {
    let (one, other) = (order(&t), order(&t));
    add(&t, &one).await;
    add(&t, &other).await;
    let (a, b) = (&one.payment.payment_id, &other.payment.payment_id);
    t.raw(&format!(
        "UPDATE payment SET shares = (SELECT shares FROM payment WHERE payment_id = '{a}') \
         WHERE payment_id = '{b}'"
    ))
    .await
    .unwrap();
    let mut view = snapshot(&*t.store).await.unwrap();
    let told = view.payments().find(b).await;
    assert!(matches!(told, Err(StoreError::Corrupt { .. })), "{told:?}");
    drop(view);
    assert_eq!(find(&t, a).await.unwrap(), one);
}
