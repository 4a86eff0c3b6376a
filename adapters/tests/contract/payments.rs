//! Orders with lines and refunds: whole or not at all, by version and lease; claims, brake, turns.

use lifeline_core::payments::observation::Sighted;
use lifeline_core::payments::order::{
    Buyer, Check, ClaimKey, ClaimKind, ClosedText, Order, Payment, PostingLine, Purpose, Refund,
    Share, Sighting, Via,
};
use lifeline_core::payments::ports::Brake;
use lifeline_core::payments::{table_l, table_p, table_r};
use lifeline_core::shared::ids::PaymentId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::store::{StoreError, snapshot};
use tokio::task::JoinSet;

use crate::bench::{Bench, at, now};
use crate::contracts;

contracts! { "payments":
    round_trip => ["PaymentStore::add", "PaymentStore::save", "PaymentReads::find"];
    every_state_is_readable => ["PaymentStore::save", "PaymentReads::find"];
    absent_is_none => ["PaymentReads::find", "PaymentReads::find_own", "PaymentReads::find_by_number",
        "PaymentReads::find_by_ticket", "PaymentReads::claim_holder", "PaymentReads::waiting_line",
        "PaymentStore::lease"];
    found_by_number_ticket_and_owner => ["PaymentReads::find_own", "PaymentReads::find_by_number",
        "PaymentReads::find_by_ticket"];
    a_number_is_used_once => ["PaymentStore::add"];
    a_stale_version_saves_nothing => ["PaymentStore::save"];
    a_lost_lease_saves_nothing => ["PaymentStore::save", "PaymentStore::lease"];
    one_of_many_savers_wins => ["PaymentStore::save"];
    dropped_unit_leaves_no_trace => ["PaymentStore::add", "PaymentStore::save", "PaymentStore::take_claim"];
    cancelled_unit_leaves_no_trace => ["PaymentStore::add", "PaymentStore::take_claim"];
    a_lease_keeps_others_out_until_it_ends => ["PaymentStore::lease", "PaymentStore::unlease"];
    one_of_many_workers_leases => ["PaymentStore::lease"];
    what_is_due_comes_longest_waiting_first => ["PaymentReads::due"];
    lines_that_wait_for_marketing_are_woken => ["PaymentReads::waiting_line", "PaymentStore::wake_waiting"];
    a_claim_is_one_per_home_over_versions_and_users => ["PaymentStore::take_claim", "PaymentStore::free_claim",
        "PaymentReads::claim_holder"];
    one_of_many_takes_the_claim => ["PaymentStore::take_claim"];
    newest_come_first_a_page_at_a_time => ["PaymentReads::list"];
    in_flight_counts_what_may_not_show_yet => ["PaymentReads::in_flight"];
    what_is_seen_is_kept_once => ["PaymentStore::sight", "PaymentReads::sightings"];
    the_brake_counts_before_it_lets_pass => ["PaymentStore::take_brake"];
    the_brake_is_not_outrun => ["PaymentStore::take_brake"];
    unreadable_rows_are_an_alarm => ["PaymentReads::find", "PaymentReads::list"];
    personal_fields_open_in_their_own_row_only => ["PaymentReads::find"];
}

const HOME: &str = "1500000004321";

fn home(number: &str) -> ConsumerNo {
    ConsumerNo::parse(number).unwrap()
}

fn closed(text: &str) -> ClosedText {
    ClosedText::new(text.to_owned())
}

/// A fresh order; everything optional is there.
fn order(t: &Bench) -> Order {
    let binding_id: lifeline_core::shared::ids::BindingId = t.id();
    let payment_id: PaymentId = t.id();
    let number = payment_id.as_str().replace('-', "");
    Order {
        payment: Payment {
            account_id: t.id(),
            binding_id: binding_id.clone(),
            session_id: t.id(),
            purpose: Purpose::Arrears,
            via: Via::H5,
            state: table_p::State::Created,
            version: 1,
            lease_epoch: 1,
            out_trade_no: format!("t0{}", &number[number.len() - 22..]),
            amount: Fen::new(12_840),
            subject: "电费".into(),
            shares: vec![Share {
                line_no: 1,
                binding_id,
                consumer_no: home(HOME),
                amount: Fen::new(12_840),
                purpose: Purpose::Arrears,
                arrears_version: Some("v1".into()),
            }],
            buyer: Buyer {
                open_id: Some(closed("open")),
                user_id: Some(closed("2088")),
            },
            body: Some(closed("{\"body\":1}")),
            ticket: Some(closed("ticket")),
            ticket_digest: Some(format!("digest-{payment_id}")),
            sends: 0,
            answers: 0,
            trade_no: None,
            minted_at: None,
            created_at: now(),
            expire_at: at(900),
            paid_at: None,
            closed_at: None,
            done_at: None,
            paid: Fen::ZERO,
            refund_reserved: Fen::ZERO,
            refunded: Fen::ZERO,
            suspense: Fen::ZERO,
            foreign: Fen::ZERO,
            foreign_used: Fen::ZERO,
            has_lock: true,
            frozen: false,
            watched: true,
            entered_at: now(),
            turns: 0,
            next_at: Some(at(5)),
            asked_at: None,
            trace_id: "trace".into(),
            payment_id,
        },
        lines: Vec::new(),
        refunds: Vec::new(),
    }
}

/// The order paid, with a line and a refund whose every optional field is there.
fn paid(t: &Bench, mut order: Order) -> Order {
    let payment = &mut order.payment;
    payment.state = table_p::State::Paid;
    payment.paid = payment.amount;
    payment.paid_at = Some(at(60));
    payment.trade_no = Some("T1".into());
    payment.minted_at = Some(at(1));
    payment.asked_at = Some(at(61));
    (payment.sends, payment.answers, payment.turns) = (2, 1, 3);
    order.lines.push(PostingLine {
        line_id: t.id(),
        line_no: 1,
        attempt: 2,
        state: table_l::State::PostUnknown,
        channel_txn_no: format!("{}_1_2", payment.out_trade_no),
        binding_id: payment.binding_id.clone(),
        consumer_no: home(HOME),
        amount: payment.amount,
        purpose: Purpose::Arrears,
        arrears_version: Some("v1".into()),
        body: Some(closed("{\"post\":1}")),
        check: Check::FreshArrears,
        sent_at: Some(at(61)),
        resends: 1,
        not_found: 1,
        not_found_at: Some(at(70)),
        want_refund: true,
        keep_as_prepayment: true,
        fenced: true,
        credited: true,
        let_go: true,
        sighting: Some(Sighting::NotThere),
        mkt_txn_no: Some("M1".into()),
        business_date: Some("2026-11-20".into()),
        posted_at: Some(at(62)),
        frozen: true,
        entered_at: at(61),
        turns: 4,
        next_at: Some(at(100)),
        asked_at: Some(at(70)),
    });
    order
}

fn with_refund(t: &Bench, mut order: Order) -> Order {
    let line = &order.lines[0];
    let amount = Fen::new(5_000);
    order.refunds.push(Refund {
        refund_id: t.id(),
        line_id: line.line_id.clone(),
        out_request_no: format!("t0R{}", line.line_id.as_str().replace('-', "")),
        cause: format!("{}:1", line.line_id),
        amount,
        state: table_r::State::Unknown,
        sent_at: Some(at(80)),
        empties: 1,
        empty_since: Some(at(90)),
        empty_at: Some(at(91)),
        created_at: at(79),
        done_at: None,
        frozen: true,
        entered_at: at(80),
        turns: 2,
        next_at: Some(at(150)),
        asked_at: Some(at(91)),
    });
    order.payment.refund_reserved = amount;
    order
}

async fn add(t: &Bench, order: &Order) {
    t.write(async |tx| tx.payments().add(order, now()).await)
        .await
        .unwrap();
}

async fn save(t: &Bench, order: &Order, epoch: Option<i64>) -> Result<(), StoreError> {
    // Asked once: `atomically` would run a lost race again.
    let mut left = 1;
    lifeline_core::store::atomically(&*t.store, async move |tx| {
        left -= 1;
        if left < 0 {
            return Err(StoreError::Refused("run again".into()));
        }
        tx.payments().save(order, epoch).await
    })
    .await
}

async fn find(t: &Bench, id: &PaymentId) -> Option<Order> {
    t.view().await.payments().find(id).await.unwrap()
}

fn saved(order: &Order) -> Order {
    let mut saved = order.clone();
    saved.payment.version += 1;
    saved
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
    later.payment.refunded = Fen::new(5_000);
    save(&t, &later, None).await.unwrap();
    assert_eq!(
        find(&t, &later.payment.payment_id).await.unwrap(),
        saved(&later)
    );
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
    assert_eq!(reads.waiting_line(now()).await.unwrap(), None);
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

async fn lease(t: &Bench, id: &PaymentId, second: i64) -> Option<i64> {
    t.write(async |tx| tx.payments().lease(id, at(second), at(second + 30)).await)
        .await
        .unwrap()
}

async fn a_lease_keeps_others_out_until_it_ends(t: Bench) {
    let fresh = order(&t);
    let id = &fresh.payment.payment_id;
    t.write(async |tx| tx.payments().add(&fresh, at(30)).await)
        .await
        .unwrap();
    assert_eq!(lease(&t, id, 29).await, None, "its maker holds it");
    assert_eq!(lease(&t, id, 30).await, Some(2));
    assert_eq!(lease(&t, id, 59).await, None);
    assert_eq!(lease(&t, id, 60).await, Some(3));
    // An old epoch gives nothing back; the present one does.
    t.write(async |tx| tx.payments().unlease(id, 2).await)
        .await
        .unwrap();
    assert_eq!(lease(&t, id, 61).await, None);
    t.write(async |tx| tx.payments().unlease(id, 3).await)
        .await
        .unwrap();
    assert_eq!(lease(&t, id, 61).await, Some(4));
}

async fn one_of_many_workers_leases(t: Bench) {
    let fresh = order(&t);
    add(&t, &fresh).await;
    let other = t.another_process().await;
    let mut workers = JoinSet::new();
    for n in 0..16 {
        let bench = if n % 2 == 0 { t.clone() } else { other.clone() };
        let id = fresh.payment.payment_id.clone();
        workers.spawn(async move { lease(&bench, &id, 1).await });
    }
    let mut taken = Vec::new();
    while let Some(worker) = workers.join_next().await {
        taken.extend(worker.unwrap());
    }
    assert_eq!(taken, [2]);
    other.store.close().await.unwrap();
}

async fn what_is_due_comes_longest_waiting_first(t: Bench) {
    let mut orders = Vec::new();
    for next in [50, 10, 30] {
        let mut one = order(&t);
        one.payment.next_at = Some(at(next));
        add(&t, &one).await;
        orders.push(one.payment.payment_id);
    }
    // A line that is due earlier wakes its order.
    let mut early = order(&t);
    early.payment.next_at = Some(at(900));
    add(&t, &early).await;
    let mut early = paid(&t, early);
    early.lines[0].next_at = Some(at(5));
    save(&t, &early, None).await.unwrap();
    let due = async |second, limit| {
        let mut view = t.view().await;
        view.payments().due(at(second), limit).await.unwrap()
    };
    let early = early.payment.payment_id;
    assert!(due(4, 10).await.is_empty());
    assert_eq!(due(10, 10).await, [early.clone(), orders[1].clone()]);
    assert_eq!(due(99, 2).await, [early.clone(), orders[1].clone()]);
    // Held by somebody: not due for others.
    assert!(lease(&t, &early, 40).await.is_some());
    assert_eq!(
        due(60, 10).await,
        [orders[1].clone(), orders[2].clone(), orders[0].clone()]
    );
    assert_eq!(due(70, 10).await[0], early, "the lease ended");
}

async fn lines_that_wait_for_marketing_are_woken(t: Bench) {
    let mut waiting = Vec::new();
    for (state, check, next) in [
        (table_l::State::PostUnknown, Check::None, 500),
        (table_l::State::FencingRefund, Check::None, 400),
        (table_l::State::Ready, Check::StillDue, 600),
        (table_l::State::Ready, Check::None, 300),
        (table_l::State::Held, Check::None, 310),
        (table_l::State::RefundDue, Check::None, 320),
    ] {
        let one = order(&t);
        add(&t, &one).await;
        let mut one = paid(&t, one);
        one.payment.next_at = Some(at(3_600));
        let line = &mut one.lines[0];
        (line.state, line.check, line.next_at, line.frozen) = (state, check, Some(at(next)), false);
        save(&t, &one, None).await.unwrap();
        waiting.push(one.payment.payment_id);
    }
    let found = t
        .view()
        .await
        .payments()
        .waiting_line(at(10))
        .await
        .unwrap();
    assert_eq!(
        found.as_ref(),
        Some(&waiting[1]),
        "the soonest that is not due"
    );
    let wake = async |limit| {
        t.write(async |tx| tx.payments().wake_waiting(at(10), limit).await)
            .await
            .unwrap()
    };
    assert_eq!(wake(2).await, 2);
    let due = t.view().await.payments().due(at(10), 10).await.unwrap();
    assert_eq!(due.len(), 2);
    assert!(due.contains(&waiting[0]) && due.contains(&waiting[1]));
    assert_eq!((wake(10).await, wake(10).await), (1, 0));
    let woken = find(&t, &waiting[2]).await.unwrap();
    assert_eq!(woken.lines[0].next_at, Some(at(10)));
    assert_eq!(woken.payment.version, 2, "a wake is no decision");
}

fn arrears() -> ClaimKey {
    ClaimKey {
        consumer_no: home(HOME),
        kind: ClaimKind::Arrears,
    }
}

async fn a_claim_is_one_per_home_over_versions_and_users(t: Bench) {
    let (mine, other) = (order(&t), order(&t));
    add(&t, &mine).await;
    add(&t, &other).await;
    let take = async |claim: &ClaimKey, order: &Order| {
        let id = &order.payment.payment_id;
        t.write(async |tx| tx.payments().take_claim(claim, id, now()).await)
            .await
            .unwrap()
    };
    let free = async |claim: &ClaimKey, order: &Order| {
        let id = &order.payment.payment_id;
        t.write(async |tx| tx.payments().free_claim(claim, id).await)
            .await
            .unwrap();
    };
    assert!(take(&arrears(), &mine).await);
    assert!(take(&arrears(), &mine).await, "it is this order's already");
    assert!(!take(&arrears(), &other).await);
    free(&arrears(), &other).await;
    let mut view = t.view().await;
    let holder = view.payments().claim_holder(&arrears()).await.unwrap();
    assert_eq!(
        holder.as_ref(),
        Some(&mine.payment.payment_id),
        "only its order frees it"
    );
    drop(view);
    // A top-up is one per home and payer; another home is another claim.
    let top_up = |order: &Order| ClaimKey {
        kind: ClaimKind::TopUp(order.payment.account_id.clone()),
        ..arrears()
    };
    assert!(take(&top_up(&mine), &mine).await && take(&top_up(&other), &other).await);
    let elsewhere = ClaimKey {
        consumer_no: home("1500000000001"),
        kind: ClaimKind::Arrears,
    };
    assert!(take(&elsewhere, &other).await);
    free(&arrears(), &mine).await;
    assert!(take(&arrears(), &other).await);
}

async fn one_of_many_takes_the_claim(t: Bench) {
    let other = t.another_process().await;
    let mut orders = Vec::new();
    for _ in 0..12 {
        let one = order(&t);
        add(&t, &one).await;
        orders.push(one.payment.payment_id);
    }
    let mut takers = JoinSet::new();
    for (n, id) in orders.into_iter().enumerate() {
        let bench = if n % 2 == 0 { t.clone() } else { other.clone() };
        takers.spawn(async move {
            bench
                .write(async |tx| tx.payments().take_claim(&arrears(), &id, now()).await)
                .await
                .unwrap()
        });
    }
    let mut taken = 0;
    while let Some(taker) = takers.join_next().await {
        taken += i32::from(taker.unwrap());
    }
    assert_eq!(taken, 1);
    other.store.close().await.unwrap();
}

async fn newest_come_first_a_page_at_a_time(t: Bench) {
    let first = order(&t);
    let mut ids = vec![first.payment.payment_id.clone()];
    add(&t, &first).await;
    for _ in 0..3 {
        let mut one = order(&t);
        one.payment.account_id = first.payment.account_id.clone();
        one.payment.binding_id = first.payment.binding_id.clone();
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

async fn in_flight_counts_what_may_not_show_yet(t: Bench) {
    let mut expected = 0;
    for (n, state) in (1..).zip(table_l::State::ALL) {
        let one = order(&t);
        add(&t, &one).await;
        let mut one = paid(&t, one);
        one.lines[0].state = *state;
        one.lines[0].amount = Fen::new(1 << n);
        save(&t, &one, None).await.unwrap();
        if state.is_in_flight() {
            expected += 1 << n;
        }
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
}

async fn what_is_seen_is_kept_once(t: Bench) {
    let one = order(&t);
    let id = &one.payment.payment_id;
    add(&t, &one).await;
    let seen = |input, second| Sighted {
        table: "P",
        row_id: id.as_str().to_owned(),
        state: "PAYING",
        input,
        next: "PAYING",
        applied: true,
        asked_at: at(second),
    };
    for second in 0..5 {
        let pair = [seen("wait_buyer_pay", second), seen("not_exist", second)];
        t.write(async |tx| tx.payments().sight(id, &pair, at(second)).await)
            .await
            .unwrap();
    }
    let kept = t.view().await.payments().sightings(id).await.unwrap();
    assert_eq!(kept, [seen("not_exist", 4), seen("wait_buyer_pay", 4)]);
    let times = t
        .text("SELECT CAST(SUM(times) AS TEXT) FROM payment_sighting")
        .await;
    assert_eq!(times, "10");
}

fn brake(count_max: i64, sum_max: i64) -> Brake {
    Brake {
        hour: now(),
        count_max,
        sum_max: Fen::new(sum_max),
    }
}

async fn pass(t: &Bench, brake: Brake, sum: i64) -> bool {
    t.write(async |tx| tx.payments().take_brake(brake, Fen::new(sum)).await)
        .await
        .unwrap()
}

async fn the_brake_counts_before_it_lets_pass(t: Bench) {
    assert!(pass(&t, brake(2, 1_000), 400).await);
    assert!(!pass(&t, brake(2, 1_000), 601).await, "over the sum");
    assert!(pass(&t, brake(2, 1_000), 600).await, "exactly the sum");
    assert!(!pass(&t, brake(2, 9_999), 1).await, "over the count");
    let next = Brake {
        hour: at(3_600),
        ..brake(1, 10)
    };
    assert!(pass(&t, next, 10).await, "the next hour begins anew");
    t.write_and_drop(async |tx| {
        let more = brake(3, 9_999);
        assert!(tx.payments().take_brake(more, Fen::new(1)).await?);
        Ok(())
    })
    .await;
    assert!(
        pass(&t, brake(3, 9_999), 1).await,
        "a dropped unit took nothing"
    );
}

async fn the_brake_is_not_outrun(t: Bench) {
    let other = t.another_process().await;
    let mut senders = JoinSet::new();
    for n in 0..20 {
        let bench = if n % 2 == 0 { t.clone() } else { other.clone() };
        senders.spawn(async move { pass(&bench, brake(7, 1_000_000), 100).await });
    }
    let mut passed = 0;
    while let Some(sender) = senders.join_next().await {
        passed += i32::from(sender.unwrap());
    }
    assert_eq!(passed, 7);
    other.store.close().await.unwrap();
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
