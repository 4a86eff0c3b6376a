//! Ordering: what may be ordered, once per key, one live order per debt.

use lifeline_core::payments::{PaymentError, Standing, table_p as p};
use tokio::task::JoinSet;

use crate::books::HOME;
use crate::cashier::ticket;
use crate::outside::Fault;
use crate::store::Place;
use crate::stories;
use crate::story::{Payer, Story, arrears, top_up};

stories! {
    a_payment_from_order_to_credit;
    nothing_is_posted_without_money;
    only_what_is_due_can_be_ordered;
    unreadable_arrears_order_nothing_and_are_not_stored;
    a_create_without_an_answer_is_found_by_query;
    a_create_that_never_left_is_sent_again;
    a_create_that_stays_unanswered_is_closed;
    interleaving_04_two_live_orders_for_one_debt;
    interleaving_04_a_strangers_order;
    interleaving_04_a_renewal_is_no_new_claim;
    interleaving_04_over_versions_and_ways;
    interleaving_10_sixty_four_at_once;
    interleaving_10_the_key_is_the_principals;
    interleaving_16_expiry_and_version;
}

async fn a_payment_from_order_to_credit(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    assert_eq!(
        (order.state.as_str(), order.trade_no.is_some()),
        ("PAYING", true)
    );
    s.pays(&order.number).await;
    let held = s.place.held(&order.id).await;
    assert_eq!(held.order.standing(), Standing::Posted);
    assert_eq!(held.order.payment.state, p::State::Done);
    assert!(held.cases.is_empty() && !held.claimed);
    assert!(held.order.wake_at().is_none(), "nothing is owed a turn");
    let events = s
        .place
        .events(lifeline_core::shared::time::Clock::now(&s.outside))
        .await;
    let posted: Vec<_> = events
        .iter()
        .filter(|(kind, _)| kind == "payments.posted")
        .collect();
    let [(_, body)] = posted[..] else {
        panic!("one event: {events:?}");
    };
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["amount_fen"], 12_840);
    assert_eq!(body["consumer_tail"], "4321");
    assert_eq!(body["purpose"], "arrears");
    s.square();
    s.books_agree().await;
}

/// EC-17: an order nobody paid leaves nothing posted; what a short wallet does is played in `tests/journeys/too_little.rs`.
async fn nothing_is_posted_without_money(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    let given_up = s.app.close(li.account(), &order.id, "trace").await.unwrap();
    assert_eq!(given_up.standing(), Standing::Closed);
    s.run_long(2_000).await;
    assert_eq!(s.outside.count("post"), 0);
    assert!(
        !s.outside.pay(&order.number),
        "a closed trade takes no money"
    );
    // The way is free for the next order at once.
    s.order(&li, &arrears("key-2", 12_840, "v1")).await;
}

async fn only_what_is_due_can_be_ordered(place: Place) {
    let s = Story::at(place);
    let li = s.person("li").await;
    let unknown = s.ask(&li, &arrears("key-0", 100, "v1")).await.unwrap();
    assert_eq!(unknown.body, PaymentError::AccountClosed.to_string());
    s.outside.owes(HOME, 12_840, "v2");
    let refusal = async |wish| {
        let answer = s.ask(&li, &wish).await.unwrap();
        assert_eq!(answer.status, 409, "{}", answer.body);
        answer.body
    };
    assert_eq!(
        refusal(arrears("key-1", 12_840, "v1")).await,
        "the arrears changed"
    );
    assert_eq!(
        refusal(arrears("key-2", 12_839, "v2")).await,
        PaymentError::AmountNotDue.to_string()
    );
    let mut unversioned = arrears("key-3", 12_840, "v2");
    unversioned.version = None;
    assert_eq!(
        refusal(unversioned).await,
        PaymentError::VersionMissing.to_string()
    );
    for fen in [99, 500_001] {
        let told = refusal(top_up(&format!("key-{fen}"), fen)).await;
        assert_eq!(told, "the amount is outside the range of a top-up");
    }
    s.outside.owes(HOME, 0, "v3");
    assert_eq!(
        refusal(arrears("key-5", 100, "v3")).await,
        PaymentError::NothingDue.to_string()
    );
    s.outside
        .with(|world| world.due.get_mut(HOME).unwrap().2 = false);
    assert_eq!(
        refusal(top_up("key-6", 1_000)).await,
        PaymentError::AccountClosed.to_string()
    );
    // A refusal is an answer: the same key is refused with the same bytes even when all is well.
    s.outside.owes(HOME, 12_840, "v1");
    assert_eq!(
        refusal(arrears("key-1", 12_840, "v1")).await,
        "the arrears changed"
    );
    assert_eq!(s.outside.count("create"), 0);
    assert_eq!(s.count("SELECT COUNT(*) FROM payment").await, 0);
    for fen in [100, 500_000] {
        let order = s.order(&li, &top_up(&format!("good-{fen}"), fen)).await;
        s.pays(&order.number).await;
        assert_eq!(s.standing(&order.id).await, Standing::Posted);
    }
}

async fn unreadable_arrears_order_nothing_and_are_not_stored(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    s.outside.silence(&["dues"]);
    let wish = arrears("key-1", 12_840, "v1");
    let refused = s.ask(&li, &wish).await;
    assert!(
        matches!(refused, Err(PaymentError::ArrearsUnavailable)),
        "{refused:?}"
    );
    s.outside.speak();
    assert_eq!(s.order(&li, &wish).await.state, "PAYING");
}

async fn a_create_without_an_answer_is_found_by_query(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    s.outside.fault("create", Fault::AfterCommit);
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    assert_eq!((order.state.as_str(), &order.trade_no), ("CREATED", &None));
    s.run(5).await;
    assert_eq!(s.standing(&order.id).await, Standing::Paying);
    assert_eq!(s.outside.count("create"), 1, "a query, never a second send");
    s.pays(&order.number).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    s.square();
}

async fn a_create_that_never_left_is_sent_again(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    s.outside.fault("create", Fault::NotSent);
    s.outside.fault("create", Fault::Before);
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    s.run(10).await;
    assert_eq!(s.standing(&order.id).await, Standing::Paying);
    let bodies = s.outside.with(|world| world.bodies.clone());
    assert_eq!(bodies.len(), 1, "one send arrived");
    // Nothing left us at all: giving up needs no proof of the channel.
    s.outside.fault("create", Fault::NotSent);
    s.outside.owes("1500000007777", 500, "v1");
    let wang = s.person_of("wang", "1500000007777").await;
    let other = s.order(&wang, &arrears("key-2", 500, "v1")).await;
    let closed = s
        .app
        .close(wang.account(), &other.id, "trace")
        .await
        .unwrap();
    assert_eq!(closed.standing(), Standing::Closed);
    assert_eq!(s.outside.count("close"), 0);
}

async fn a_create_that_stays_unanswered_is_closed(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    s.outside.silence(&["create", "query", "close"]);
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    s.run(60).await;
    assert_eq!(s.look(&order.id).await.payment.state, p::State::Closing);
    assert_eq!(
        s.outside.count("create"),
        4,
        "at once, and at 2, 5 and 15 s"
    );
    let bodies = s.outside.with(|world| world.calls.clone());
    assert!(
        bodies
            .iter()
            .all(|(_, number)| *number == order.number || *number == HOME)
    );
    s.outside.speak();
    // The number is unknown there, which proves nothing before the order's end and ten minutes.
    s.run_long(900).await;
    assert_eq!(s.look(&order.id).await.payment.state, p::State::Closing);
    s.run_long(900).await;
    assert_eq!(s.standing(&order.id).await, Standing::Closed);
}

async fn interleaving_04_two_live_orders_for_one_debt(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let first = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    // The daily late fee makes a new version; the old order is driven to proven CLOSED first.
    s.outside.owes(HOME, 12_853, "v2");
    let second = s.order(&li, &arrears("key-2", 12_853, "v2")).await;
    assert_eq!(s.standing(&first.id).await, Standing::Closed);
    assert!(
        !s.outside.pay(&first.number),
        "the first takes no money any more"
    );
    s.pays(&second.number).await;
    // While the channel does not answer, the second order is not made.
    s.outside.owes(HOME, 500, "v3");
    let third = s.order(&li, &arrears("key-3", 500, "v3")).await;
    s.outside.silence(&["close", "query"]);
    let refused = s.ask(&li, &arrears("key-4", 500, "v3")).await;
    let Err(PaymentError::PreviousOrderOpen { payment_id }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(payment_id, Some(third.id.clone()), "one's own is named");
    s.outside.speak();
    // The refusal was no answer: the same key orders as soon as the way is free.
    s.order(&li, &arrears("key-4", 500, "v3")).await;
    assert_eq!(s.standing(&third.id).await, Standing::Closed);
    s.square();
}

async fn interleaving_04_a_strangers_order(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let (holder, spouse) = (s.person("li").await, s.person("wang").await);
    let first = s.order(&holder, &arrears("key-1", 12_840, "v1")).await;
    let refused = s.ask(&spouse, &arrears("key-2", 12_840, "v1")).await;
    assert!(
        matches!(
            refused,
            Err(PaymentError::PreviousOrderOpen { payment_id: None })
        ),
        "a stranger's order is not named: {refused:?}"
    );
    s.run(120).await;
    let second = s.order(&spouse, &arrears("key-2", 12_840, "v1")).await;
    assert_eq!(s.standing(&first.id).await, Standing::Closed, "superseded");
    // A paid order is never superseded.
    assert!(s.outside.pay(&second.number));
    s.run(600).await;
    s.outside.silence(&["post", "get"]);
    s.outside.owes(HOME, 12_840, "v1");
    let third = s.ask(&holder, &arrears("key-3", 12_840, "v1")).await;
    assert!(
        third.is_ok(),
        "the debt was credited and a new one may be paid: {third:?}"
    );
    s.square();
}

/// Whoever renews their own order keeps the others out no longer than by the first of them.
async fn interleaving_04_a_renewal_is_no_new_claim(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let (li, wang) = (s.person("li").await, s.person("wang").await);
    let wish = |key: &str| arrears(key, 12_840, "v1");
    let kept_out = async |payer: &Payer, key: &str| {
        let refused = s.ask(payer, &wish(key)).await;
        assert!(
            matches!(refused, Err(PaymentError::PreviousOrderOpen { .. })),
            "{refused:?}"
        );
    };
    let first = s.order(&li, &wish("key-1")).await;
    s.run(70).await;
    let second = s.order(&li, &wish("key-2")).await;
    assert_eq!(s.standing(&first.id).await, Standing::Closed);
    kept_out(&wang, "key-3").await;
    s.run(50).await;
    let third = s.order(&wang, &wish("key-3")).await;
    assert_eq!(s.standing(&second.id).await, Standing::Closed);
    // The next one has its own two minutes, and closing it by hand between does not begin them anew.
    kept_out(&li, "key-4").await;
    s.run(70).await;
    let closed = s.app.close(wang.account(), &third.id, "trace").await;
    assert_eq!(closed.unwrap().standing(), Standing::Closed);
    let fourth = s.order(&wang, &wish("key-5")).await;
    kept_out(&li, "key-4").await;
    s.run(50).await;
    let fifth = s.order(&li, &wish("key-4")).await;
    assert_eq!(s.standing(&fourth.id).await, Standing::Closed);
    // Whoever was superseded did not hold it meanwhile.
    kept_out(&wang, "key-6").await;
    s.pays(&fifth.number).await;
    assert_eq!(s.standing(&fifth.id).await, Standing::Posted);
    s.square();
}

async fn interleaving_04_over_versions_and_ways(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let first = s
        .order(&li, &arrears("key-1", 12_840, "v1").by_browser())
        .await;
    s.app
        .open_ticket(ticket(&s, &first).await.as_str(), &li.session)
        .await
        .unwrap();
    s.outside.owes(HOME, 12_853, "v2");
    // A minted URL cannot be taken back, so no second order can be made before its end.
    let refused = s.ask(&li, &arrears("key-2", 12_853, "v2")).await;
    assert!(
        matches!(refused, Err(PaymentError::PreviousOrderOpen { .. })),
        "{refused:?}"
    );
    // A top-up is another wish: one open per home and payer.
    let topped = s.order(&li, &top_up("key-3", 1_000)).await;
    let again = s.order(&li, &top_up("key-4", 2_000)).await;
    assert_eq!(s.standing(&topped.id).await, Standing::Closed);
    s.pays(&again.number).await;
    assert_eq!(
        s.count("SELECT COUNT(*) FROM open_claim").await,
        1,
        "the claim of the first order alone"
    );
    s.square();
}

const LOOK: std::time::Duration = std::time::Duration::from_millis(150);

async fn interleaving_10_sixty_four_at_once(place: Place) {
    let s = Story::at(place);
    let other = s.another_process().await;
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let wish = arrears("sixty-four", 12_840, "v1");
    let mut tasks = JoinSet::new();
    for n in 0..64 {
        let (s, li, wish) = (
            if n % 2 == 0 { s.clone() } else { other.clone() },
            li.clone(),
            wish.clone(),
        );
        tasks.spawn(async move {
            loop {
                match s.ask(&li, &wish).await {
                    // A client repeats, whether the first is at work or the store is short of breath.
                    Err(PaymentError::InFlight | PaymentError::Store(_)) => {
                        tokio::time::sleep(LOOK).await;
                    }
                    answer => return answer.unwrap(),
                }
            }
        });
    }
    let mut bodies = std::collections::BTreeSet::new();
    while let Some(answer) = tasks.join_next().await {
        let answer = answer.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.body);
        bodies.insert(answer.body);
    }
    assert_eq!(bodies.len(), 1, "64 identical answers");
    assert_eq!(s.outside.count("create"), 1, "one order at the channel");
    assert_eq!(s.count("SELECT COUNT(*) FROM payment").await, 1);
    let reused = s.ask(&li, &arrears("sixty-four", 1, "v1")).await;
    let Err(PaymentError::KeyReused { field }) = reused else {
        panic!("{reused:?}");
    };
    assert_eq!(field, "amount_fen");
    other.place.store.close().await.unwrap();
}

async fn interleaving_10_the_key_is_the_principals(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    s.outside.owes("1500000007777", 12_840, "v1");
    let li = s.person("li").await;
    let wang = s.person_of("wang", "1500000007777").await;
    let mine = s.order(&li, &arrears("the-same-key", 12_840, "v1")).await;
    let theirs = s.order(&wang, &arrears("the-same-key", 12_840, "v1")).await;
    assert_ne!(
        mine.number, theirs.number,
        "nobody receives another's order"
    );
    assert!(matches!(
        s.app.get(wang.account(), &mine.id).await,
        Err(PaymentError::NotFound)
    ));
    assert!(matches!(
        s.app.close(wang.account(), &mine.id, "trace").await,
        Err(PaymentError::NotFound)
    ));
}

async fn interleaving_16_expiry_and_version(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    // 22:20: the order ends five minutes before marketing's cut-off at 22:30.
    s.outside.advance((12 * 60 + 20) * 60);
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    let expire_at = s.look(&order.id).await.payment.expire_at;
    assert_eq!(expire_at.rfc3339(), "2026-11-20T22:25:00+08:00");
    s.run(301).await;
    assert_eq!(s.standing(&order.id).await, Standing::Closed);
    // Stale at posting: the number is fenced, and the money is credited to what is due then.
    let second = s.order(&li, &arrears("key-2", 12_840, "v1")).await;
    s.outside.owes(HOME, 12_853, "v2");
    s.pays(&second.number).await;
    s.run(30).await;
    assert_eq!(s.standing(&second.id).await, Standing::Posted);
    assert_eq!(s.look(&second.id).await.lines[0].attempt, 2);
    assert_eq!(s.outside.count("fence"), 1);
    s.square();
}
