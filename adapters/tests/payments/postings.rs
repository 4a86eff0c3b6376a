//! Crediting: frozen bodies, unknown postings, fences, silence of marketing.

use lifeline_core::cases::CaseKind;
use lifeline_core::payments::ports::{PostedLine, PostingReply};
use lifeline_core::payments::{NextCode, Standing, table_l as l};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;

use crate::books::HOME;
use crate::outside::{Credit, Fault};
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, arrears};

stories! {
    interleaving_01_refund_of_a_payment_that_still_posts;
    interleaving_01_refused_for_good_but_posted;
    interleaving_02_mass_refund;
    interleaving_07_another_customers_posting;
    interleaving_08_the_retry_rewrites_itself;
    interleaving_16_in_flight_money_is_not_due;
    a_lost_send_is_found_missing_and_sent_again_in_time;
    a_lost_answer_is_found_by_query;
    who_is_never_answered_keeps_to_its_ladder_while_others_are;
    m3_9_a_word_of_marketing_makes_us_ask_and_is_not_believed;
    an_account_closed_meanwhile_is_refunded;
    a_line_refused_five_times_is_held;
}

async fn paid(s: &Story, key: &str) -> Ordered {
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person(key).await;
    let order = s.order(&li, &arrears(key, 12_840, "v1")).await;
    assert!(s.outside.pay(&order.number));
    order
}

async fn state(s: &Story, order: &Ordered) -> l::State {
    s.look(&order.id).await.lines[0].state
}

/// The first send is stuck inside marketing, the second is refused, then the first commits.
async fn interleaving_01_refund_of_a_payment_that_still_posts(place: Place) {
    let s = Story::at(place);
    let order = paid(&s, "li").await;
    s.outside.fault("post", Fault::Before);
    s.outside
        .with(|world| world.post_replies.push_back(PostingReply::StaleOrMismatch));
    s.tell("n1", &order.number).await;
    s.sweep().await;
    s.run(5).await;
    assert_eq!(state(&s, &order).await, l::State::PostUnknown);
    // The fence does not answer while the first send commits.
    s.outside.silence(&["fence"]);
    s.run(30).await;
    assert_eq!(state(&s, &order).await, l::State::FencingRepost);
    let number = s.look(&order.id).await.lines[0].channel_txn_no.clone();
    commit_late(&s, &order, &number).await;
    s.outside.speak();
    s.run(120).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    assert_eq!(s.outside.count("refund"), 0, "no money went back");
    s.square();
    s.books_agree().await;
}

/// What a stuck send does when it gets through at last.
pub(crate) async fn commit_late(s: &Story, order: &Ordered, number: &str) {
    let payment = s.look(&order.id).await.payment;
    s.outside.with(|world| {
        let line = PostedLine {
            consumer_no: ConsumerNo::parse(HOME).unwrap(),
            amount: payment.amount,
            paid_at: payment.paid_at.unwrap(),
            mkt_txn_no: "M-late".to_owned(),
            business_date: "2026-11-20".to_owned(),
            posted_at: Time::from_micros(world.now),
        };
        world
            .credits
            .insert(number.to_owned(), Credit::Posted(line));
    });
}

async fn interleaving_01_refused_for_good_but_posted(place: Place) {
    let s = Story::at(place);
    let order = paid(&s, "li").await;
    s.outside.fault("post", Fault::Before);
    s.outside.with(|world| {
        world.post_replies.push_back(PostingReply::NotPayable {
            code: "ALREADY_PAID",
        });
    });
    s.outside.silence(&["fence"]);
    s.tell("n1", &order.number).await;
    s.run(60).await;
    assert_eq!(state(&s, &order).await, l::State::FencingRefund);
    let number = s.look(&order.id).await.lines[0].channel_txn_no.clone();
    commit_late(&s, &order, &number).await;
    s.outside.speak();
    s.run(120).await;
    assert_eq!(
        s.standing(&order.id).await,
        Standing::Posted,
        "not refunded"
    );
    assert_eq!(s.outside.count("refund"), 0);
    s.square();
}

/// Six hours without marketing over many paid lines: nothing is fenced, nothing refunded, the
/// tracker says so; and all of them are credited within a minute of its return.
async fn interleaving_02_mass_refund(place: Place) {
    const LINES: usize = 40;
    let s = Story::at(place);
    let mut orders = Vec::new();
    for n in 0..LINES {
        let home = format!("15000000{n:05}");
        s.outside.owes(&home, 12_840, "v1");
        let payer = s.person_of(&format!("p{n}"), &home).await;
        orders.push(
            s.order(&payer, &arrears(&format!("key-of-{home}"), 12_840, "v1"))
                .await,
        );
    }
    s.outside.silence(&["post", "get", "fence", "dues"]);
    for order in &orders {
        assert!(s.outside.pay(&order.number));
        s.tell(&format!("n-{}", order.number), &order.number).await;
    }
    s.sweep().await;
    s.run_long(6 * 3600).await;
    for order in &orders {
        let look = s.look(&order.id).await;
        assert_eq!(look.lines[0].state, l::State::PostUnknown);
        let next = look.next_step();
        assert_eq!((next.code, next.by), (NextCode::CheckingWithUtility, None));
    }
    assert_eq!(s.outside.count("refund"), 0, "0 refunds");
    assert_eq!(s.count("SELECT COUNT(*) FROM payment_refund").await, 0);
    assert_eq!(
        s.outside.count("fence"),
        0,
        "nothing is fenced for being slow"
    );
    s.outside.speak();
    s.run(60).await;
    for order in &orders {
        assert_eq!(s.standing(&order.id).await, Standing::Posted);
    }
    s.square();
    s.books_agree().await;
}

/// A 200 about another customer's payment, another sum or another moment (after a restore) is not
/// ours: the line is held, not credited.
async fn interleaving_07_another_customers_posting(place: Place) {
    let s = Story::at(place);
    let now = lifeline_core::shared::time::Clock::now(&s.outside);
    let wrongs = [
        ("1500000000001", 12_840, now),
        ("1500000000011", 12_841, now),
        ("1500000000012", 12_840, now.plus_seconds(-1)),
    ];
    for (n, (consumer, fen, paid_at)) in wrongs.into_iter().enumerate() {
        let home = format!("150000000001{n}");
        s.outside.owes(&home, 12_840, "v1");
        let payer = s.person_of(&home, &home).await;
        let order = s
            .order(&payer, &arrears(&format!("key-of-{home}"), 12_840, "v1"))
            .await;
        assert!(s.outside.pay(&order.number));
        let theirs = PostingReply::Posted(PostedLine {
            consumer_no: ConsumerNo::parse(consumer).unwrap(),
            amount: Fen::new(fen),
            paid_at,
            mkt_txn_no: "M-theirs".to_owned(),
            business_date: "2026-11-20".to_owned(),
            posted_at: now,
        });
        s.outside.with(|world| world.post_replies.push_back(theirs));
        s.tell(&format!("n-{n}"), &order.number).await;
        s.sweep().await;
        let held = s.place.held(&order.id).await;
        assert_eq!(held.order.lines[0].state, l::State::Held, "{n}");
        assert_eq!(held.order.standing(), Standing::UnderReview);
        let cases = held
            .cases
            .iter()
            .filter(|case| case.kind == CaseKind::PostingHeld);
        assert_eq!(cases.count(), 1);
        assert!(
            held.entries
                .iter()
                .all(|entry| !entry.fact().starts_with("posted:"))
        );
    }
    assert_eq!(s.outside.count("refund"), 0);
}

/// The body is frozen at the first send: midnight, a new version and a lost answer change nothing.
async fn interleaving_08_the_retry_rewrites_itself(place: Place) {
    let s = Story::at(place);
    let order = paid(&s, "li").await;
    for _ in 0..3 {
        s.outside.fault("post", Fault::Before);
    }
    s.outside.fault("post", Fault::AfterCommit);
    s.tell("n1", &order.number).await;
    s.sweep().await;
    s.run_long(15 * 3600).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    let line = &s.look(&order.id).await.lines[0];
    assert_eq!(line.attempt, 1, "one number");
    let sent = s.outside.with(|world| {
        let posts = world.bodies.iter().filter(|(name, _)| *name == "post");
        posts.map(|(_, body)| body.clone()).collect::<Vec<_>>()
    });
    assert!(!sent.is_empty());
    assert!(
        sent.iter()
            .all(|body| *body == line.body.as_ref().unwrap().expose())
    );
    let numbers = s.outside.with(|world| {
        let posts = world.calls.iter().filter(|(name, _)| *name == "post");
        posts
            .map(|(_, number)| number.clone())
            .collect::<std::collections::BTreeSet<_>>()
    });
    assert_eq!(numbers.len(), 1, "one key for every send: {numbers:?}");
    s.square();
}

/// While a posting is unknown its sum is subtracted from what is due, and nothing else can be paid.
async fn interleaving_16_in_flight_money_is_not_due(place: Place) {
    let s = Story::at(place);
    let order = paid(&s, "li").await;
    let home = ConsumerNo::parse(HOME).unwrap();
    s.outside.silence(&["post", "get"]);
    s.tell("n1", &order.number).await;
    s.sweep().await;
    assert_eq!(s.app.in_flight(&home).await.unwrap(), Fen::new(12_840));
    let spouse = s.person("spouse").await;
    s.run(300).await;
    let refused = s.ask(&spouse, &arrears("key-2", 12_840, "v1")).await;
    assert!(
        refused.is_err(),
        "the debt is on its way already: {refused:?}"
    );
    s.outside.speak();
    s.run(60).await;
    assert_eq!(s.app.in_flight(&home).await.unwrap(), Fen::ZERO);
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    s.square();
}

async fn a_lost_send_is_found_missing_and_sent_again_in_time(place: Place) {
    let s = Story::at(place);
    let order = paid(&s, "li").await;
    s.outside.fault("post", Fault::Before);
    s.outside.fault("post", Fault::Before);
    let moved = s.seconds();
    s.tell("n1", &order.number).await;
    s.sweep().await;
    while s.standing(&order.id).await != Standing::Posted {
        s.run(5).await;
        assert!(s.seconds() - moved <= 60, "credited within a minute");
    }
    assert_eq!(s.outside.count("post"), 3);
    s.square();
}

async fn a_lost_answer_is_found_by_query(place: Place) {
    let s = Story::at(place);
    let order = paid(&s, "li").await;
    s.outside.fault("post", Fault::AfterCommit);
    s.tell("n1", &order.number).await;
    s.run(10).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    assert_eq!(s.outside.count("post"), 1, "a query, never a second charge");
    s.square();
}

/// One posting that marketing says nothing of is that posting's trouble, and no silence: what others are told wakes it
/// no sooner.
async fn who_is_never_answered_keeps_to_its_ladder_while_others_are(place: Place) {
    let s = Story::at(place);
    let order = paid(&s, "li").await;
    let number = format!("{}_1_1", order.number);
    s.outside.with(|world| world.mute.insert(number.clone()));
    s.tell("n1", &order.number).await;
    for n in 0..60 {
        let home = format!("15{n:011}");
        s.outside.owes(&home, 12_840, "v1");
        let payer = s.person_of(&format!("p{n}"), &home).await;
        let wish = arrears(&format!("key-p{n}"), 12_840, "v1");
        let other = s.order(&payer, &wish).await;
        s.pays(&other.number).await;
        s.run(10).await;
        assert_eq!(s.standing(&other.id).await, Standing::Posted);
    }
    let asked = s.outside.with(|world| {
        let calls = world.calls.iter();
        calls.filter(|(_, of)| *of == number).count()
    });
    assert!((3..=8).contains(&asked), "asked {asked} times in 600 s");
    s.outside.with(|world| world.mute.clear());
    s.run_long(3_600).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    s.square();
    s.books_agree().await;
}

async fn an_account_closed_meanwhile_is_refunded(place: Place) {
    let s = Story::at(place);
    let order = paid(&s, "li").await;
    s.outside
        .with(|world| world.due.get_mut(HOME).unwrap().2 = false);
    s.tell("n1", &order.number).await;
    s.run(30).await;
    assert_eq!(s.standing(&order.id).await, Standing::Refunded);
    let fenced = s.outside.with(|world| {
        let line = world.calls.iter().position(|(name, _)| *name == "fence");
        let refund = world.calls.iter().position(|(name, _)| *name == "refund");
        (line.unwrap(), refund.unwrap())
    });
    assert!(fenced.0 < fenced.1, "marketing first, channel second");
    let events = s
        .place
        .events(lifeline_core::shared::time::Clock::now(&s.outside))
        .await;
    assert_eq!(
        events
            .iter()
            .filter(|(kind, _)| kind == "payments.refunded")
            .count(),
        1
    );
    s.square();
    s.books_agree().await;
}

async fn a_line_refused_five_times_is_held(place: Place) {
    let s = Story::at(place);
    let order = paid(&s, "li").await;
    for _ in 0..6 {
        s.outside
            .with(|world| world.post_replies.push_back(PostingReply::StaleOrMismatch));
    }
    s.tell("n1", &order.number).await;
    s.run(120).await;
    let held = s.place.held(&order.id).await;
    let line = &held.order.lines[0];
    assert_eq!((line.state, line.attempt), (l::State::Held, 5));
    assert_eq!(s.outside.count("post"), 5);
    assert!(
        held.cases
            .iter()
            .any(|case| case.kind == CaseKind::PostingHeld)
    );
    assert_eq!(s.outside.count("refund"), 0, "two persons decide");
}

async fn m3_9_a_word_of_marketing_makes_us_ask_and_is_not_believed(place: Place) {
    let s = Story::at(place);
    let order = paid(&s, "li").await;
    s.outside.silence(&["post", "get"]);
    s.tell("n1", &order.number).await;
    s.run(120).await;
    assert_eq!(state(&s, &order).await, l::State::PostUnknown);
    s.outside.speak();
    let other = s.another_process().await;
    let turn = async || s.look(&order.id).await.lines[0].next_at;
    assert!(
        turn().await > Some(lifeline_core::shared::time::Clock::now(&s.outside)),
        "not before its time"
    );
    let (asked, sent) = (s.outside.count("get"), s.outside.count("post"));
    let spoke = async |nonce: &str, raw: &str| {
        let spoke = other.app.marketing_spoke(nonce, raw, "trace-word");
        spoke.await.unwrap()
    };
    assert!(spoke("a-nonce-of-marketing", "{\"state\":\"POSTED\"}").await);
    assert_eq!(
        turn().await,
        Some(lifeline_core::shared::time::Clock::now(&s.outside)),
        "brought forward"
    );
    assert_eq!(state(&s, &order).await, l::State::PostUnknown);
    assert!(!spoke("a-nonce-of-marketing", "{}").await, "each word once");
    other.sweep().await;
    assert_eq!(s.outside.count("get"), asked + 1, "asked at once");
    // It was missing once: what comes next could send, and is not brought forward.
    assert!(spoke("another-nonce-of-it", "not even JSON").await);
    other.sweep().await;
    assert_eq!(s.outside.count("get"), asked + 1);
    assert_eq!(s.outside.count("post"), sent, "a word sends nothing");
    s.run_long(7_200).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    s.square();
}
