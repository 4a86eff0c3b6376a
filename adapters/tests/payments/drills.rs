//! Drills (money.md 5): what an operator would rehearse, on this page in simulated time.

use std::collections::HashMap;

use lifeline_core::inbox::{InboxState, Message};
use lifeline_core::payments::{NoticeRefused, Policy, Standing, table_l as l};
use lifeline_core::shared::time::{Clock as _, Time};

use crate::books::HOME;
use crate::outside::Credit;
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, arrears, trusting};

stories! {
    drill_one_order_that_panics_keeps_no_other_waiting;
    drill_one_notice_that_panics_keeps_no_other_waiting;
    drill_a_hundred_notices_that_nobody_can_read_keep_no_other_waiting;
    a_notice_that_a_day_did_not_suffice_for_is_a_case;
    drill_a_wrong_platform_key_for_two_hours;
    drill_marketing_down_for_six_hours_over_the_cutoff;
    drill_a_posting_stopped_past_its_lease;
    drill_a_refund_stopped_past_its_lease;
    drill_a_create_stopped_past_its_lease;
    drill_the_last_microsecond_of_a_day_a_month_a_year;
}

pub(crate) const OTHER_HOME: &str = "1500000007777";

pub(crate) async fn ordered(s: &Story, who: &str, home: &str) -> Ordered {
    s.outside.owes(home, 12_840, "v1");
    let payer = s.person_of(who, home).await;
    s.order(&payer, &arrears(&format!("key-{who}"), 12_840, "v1"))
        .await
}

pub(crate) fn credits(s: &Story) -> usize {
    let posted = |world: &mut crate::outside::World| {
        let all = world.credits.values();
        all.filter(|credit| matches!(credit, Credit::Posted(_)))
            .count()
    };
    s.outside.with(posted)
}

async fn drill_one_order_that_panics_keeps_no_other_waiting(place: Place) {
    let s = Story::at(place);
    let (bad, good) = (
        ordered(&s, "li", HOME).await,
        ordered(&s, "wang", OTHER_HOME).await,
    );
    let poison = ("post", format!("{}_1_1", bad.number));
    s.outside.with(|world| world.poison.insert(poison));
    for order in [&bad, &good] {
        assert!(s.outside.pay(&order.number));
        s.tell(&order.number, &order.number).await;
    }
    s.sweep().await;
    assert_eq!(s.standing(&good.id).await, Standing::Posted);
    assert_eq!(s.standing(&bad.id).await, Standing::Posting);
    s.run(120).await;
    assert_eq!(
        s.standing(&bad.id).await,
        Standing::Posting,
        "tried again, in vain"
    );
    s.outside.with(|world| world.poison.clear());
    s.run(120).await;
    assert_eq!(s.standing(&bad.id).await, Standing::Posted);
    assert_eq!(credits(&s), 2);
    s.square();
    s.books_agree().await;
}

async fn drill_one_notice_that_panics_keeps_no_other_waiting(place: Place) {
    let s = Story::at(place);
    let (bad, good) = (
        ordered(&s, "li", HOME).await,
        ordered(&s, "wang", OTHER_HOME).await,
    );
    s.outside.silence(&["query"]);
    for order in [&bad, &good] {
        assert!(s.outside.pay(&order.number));
        let raw = s.outside.notice(&order.number, &order.number);
        s.app.receive(&raw, "trace").await.unwrap();
    }
    let poison = ("read", bad.number.clone());
    s.outside.with(|world| world.poison.insert(poison));
    s.run(30).await;
    assert_eq!(s.standing(&good.id).await, Standing::Posted);
    assert_eq!(s.standing(&bad.id).await, Standing::Paying);
    s.outside.with(|world| world.poison.clear());
    s.run(30).await;
    assert_eq!(s.standing(&bad.id).await, Standing::Posted);
    s.square();
}

/// A notice that was stored once, and that nobody can read.
async fn received_unreadable(s: &Story, message_id: &str) {
    let message = Message {
        source: "alipay".to_owned(),
        message_id: message_id.to_owned(),
        raw: "of another time".to_owned(),
        trace_id: "trace".to_owned(),
        received_at: s.outside.now(),
        state: InboxState::Received,
    };
    s.place
        .write(async |tx| tx.inbox().receive(&message).await.map(drop))
        .await;
}

/// They were stored once, and a key that they need is gone since; one cannot even be opened.
async fn drill_a_hundred_notices_that_nobody_can_read_keep_no_other_waiting(place: Place) {
    let s = Story::at(place);
    for n in 0..100 {
        received_unreadable(&s, &format!("old-{n}")).await;
    }
    let spoil = "UPDATE inbox SET raw = 'spoiled' WHERE message_id = 'old-7'";
    s.place.raw(spoil).await.unwrap();
    let good = ordered(&s, "wang", OTHER_HOME).await;
    s.outside.silence(&["query"]);
    s.outside.advance(1);
    assert!(s.outside.pay(&good.number));
    let raw = s.outside.notice("good", &good.number);
    s.app.receive(&raw, "trace").await.unwrap();
    s.run(30).await;
    assert_eq!(s.standing(&good.id).await, Standing::Posted);
    let left = "SELECT COUNT(*) FROM inbox WHERE state = 'received'";
    assert_eq!(s.count(left).await, 100);
    s.square();
}

/// It was acknowledged, and the key that it needs is gone for good: nobody sends it again, so two persons are told.
async fn a_notice_that_a_day_did_not_suffice_for_is_a_case(place: Place) {
    let s = Story::at(place);
    received_unreadable(&s, "old").await;
    let told = "SELECT COUNT(*) FROM case_file WHERE cause = 'payments:notice:old'";
    s.run_long(23 * 3_600).await;
    assert_eq!(s.count(told).await, 0);
    s.run_long(3 * 3_600).await;
    assert_eq!(s.count(told).await, 1);
}

/// Nothing is acknowledged, everything is credited by query; what was refused is kept, and is a
/// notice after all when the key is right.
async fn drill_a_wrong_platform_key_for_two_hours(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, "li", HOME).await;
    s.outside.with(|world| world.wrong_key = true);
    assert!(s.outside.pay(&order.number));
    let raw = s.outside.notice("n1", &order.number);
    for _ in 0..5 {
        let refused = s.app.receive(&raw, "trace").await;
        assert!(
            matches!(refused, Err(NoticeRefused::Unreadable(_))),
            "never `success`"
        );
        s.run(240).await;
    }
    assert_eq!(
        s.standing(&order.id).await,
        Standing::Posted,
        "credited by query"
    );
    s.run_long(6_000).await;
    let kept = "SELECT COUNT(*) FROM notice_quarantine";
    assert_eq!(s.count(kept).await, 1, "five times the same bytes");
    assert_eq!(
        s.app.reread_quarantine().await.unwrap(),
        0,
        "the key is still wrong"
    );
    s.outside.with(|world| world.wrong_key = false);
    assert_eq!(s.app.reread_quarantine().await.unwrap(), 1);
    s.run(30).await;
    assert_eq!(s.count(kept).await, 0);
    assert_eq!(
        s.count("SELECT COUNT(*) FROM inbox WHERE state = 'applied'")
            .await,
        1
    );
    assert_eq!(credits(&s), 1);
    s.square();
    s.books_agree().await;
}

/// Six hours of silence over the cut-off, everything paid: nothing goes back, and afterwards
/// everything is posted, never faster than marketing takes it.
async fn drill_marketing_down_for_six_hours_over_the_cutoff(place: Place) {
    let paid = payments_of_the_outage();
    let policy = Policy {
        posts_per_minute: 50.max(i64::try_from(paid).unwrap() / 20),
        ..trusting()
    };
    let s = Story::with_policy(place, policy.clone());
    s.run_long(7 * 3_600).await;
    let mut orders = Vec::new();
    for n in 0..paid {
        let home = format!("15{n:011}");
        orders.push(ordered(&s, &format!("p{n}"), &home).await);
    }
    s.outside
        .silence(&["post", "get", "fence", "reverse", "voucher", "dues"]);
    for order in &orders {
        assert!(s.outside.pay(&order.number));
        s.tell(&order.number, &order.number).await;
    }
    s.run_long(6 * 3_600).await;
    assert_eq!(s.outside.count("refund"), 0);
    assert_eq!(credits(&s), 0);
    let sent_before = s.outside.count("post");
    s.outside.speak();
    let mut per_minute: HashMap<i64, usize> = HashMap::new();
    let mut seen = sent_before;
    // As many a minute as may leave, and two minutes until the last of them is asked about.
    let pace = usize::try_from(policy.posts_per_minute).unwrap();
    let minutes = paid.div_ceil(pace) * 5 / 4 + 2;
    for _ in 0..minutes * 12 {
        s.run(5).await;
        let sent = s.outside.count("post");
        let minute = s.seconds().div_euclid(60);
        *per_minute.entry(minute).or_default() += sent - seen;
        seen = sent;
        if credits(&s) == paid {
            break;
        }
    }
    s.run(60).await;
    for order in &orders {
        assert_eq!(s.standing(&order.id).await, Standing::Posted);
    }
    let most = per_minute.values().max().copied().unwrap_or_default();
    assert!(most <= pace, "{most} in one minute");
    assert_eq!(s.outside.count("refund"), 0);
    assert_eq!(s.outside.count("fence"), 0);
    s.square();
    s.books_agree().await;
}

/// A stated part here; 10,000 in the long run, which leave at 500 a minute.
fn payments_of_the_outage() -> usize {
    let wanted = std::env::var("DRILL_PAYMENTS").ok();
    wanted.and_then(|text| text.parse().ok()).unwrap_or(170)
}

/// A worker stopped between its commit and its send wakes when everything is over.
async fn drill_a_posting_stopped_past_its_lease(place: Place) {
    let s = Story::at(place);
    let other = s.another_process().await;
    let order = ordered(&s, "li", HOME).await;
    assert!(s.outside.pay(&order.number));
    s.tell("n1", &order.number).await;
    s.outside
        .will_stop("post", &format!("{}_1_1", order.number));
    let worker = {
        let (app, id) = (s.app.clone(), order.id.clone());
        tokio::spawn(async move { app.work(&id).await })
    };
    s.outside.has_stopped().await;
    other.run(300).await;
    assert_eq!(other.standing(&order.id).await, Standing::Posted);
    s.outside.goes_on();
    worker.await.unwrap().unwrap();
    s.run(300).await;
    assert_eq!(credits(&s), 1);
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    assert_eq!(s.count("SELECT COUNT(*) FROM case_file").await, 0);
    s.square();
    s.books_agree().await;
}

async fn drill_a_refund_stopped_past_its_lease(place: Place) {
    let s = Story::at(place);
    let other = s.another_process().await;
    let order = ordered(&s, "li", HOME).await;
    assert!(s.outside.pay(&order.number));
    // The home was closed meanwhile: the money must go back.
    s.outside.with(|world| {
        let due = world.due.get_mut(HOME).unwrap();
        due.2 = false;
    });
    s.tell("n1", &order.number).await;
    s.outside.will_stop("refund", &order.number);
    let worker = {
        let (story, id) = (s.clone(), order.id.clone());
        tokio::spawn(async move {
            while story.standing(&id).await != Standing::Refunded {
                story.outside.advance(5);
                story.app.work(&id).await.unwrap();
            }
        })
    };
    s.outside.has_stopped().await;
    other.run(600).await;
    assert_eq!(other.standing(&order.id).await, Standing::Refunded);
    s.outside.goes_on();
    worker.await.unwrap();
    s.run(600).await;
    assert_eq!(s.standing(&order.id).await, Standing::Refunded);
    let back = s
        .outside
        .with(|world| world.trades[&order.number].refunds.len());
    assert_eq!(back, 1);
    s.square();
    s.books_agree().await;
}

/// The order was closed while its maker stood still: the trade it then makes is closed too.
async fn drill_a_create_stopped_past_its_lease(place: Place) {
    let s = Story::at(place);
    let other = s.another_process().await;
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let request = s.request(&li, &arrears("key-1", 12_840, "v1"));
    s.outside.will_stop("create", "");
    let maker = {
        let app = s.app.clone();
        tokio::spawn(async move { app.start(&request).await })
    };
    s.outside.has_stopped().await;
    let number = s.place.only_number().await;
    other.run_long(2 * 3_600).await;
    assert_eq!(
        other.count("SELECT COUNT(*) FROM open_claim").await,
        0,
        "the home is free again"
    );
    s.outside.goes_on();
    let _late_answer = maker.await.unwrap();
    s.run_long(3 * 3_600).await;
    let open = s.outside.with(|world| {
        let trade = world.trades.get(&number);
        trade.is_some_and(|trade| !trade.closed)
    });
    assert!(!open, "nobody can pay it any more");
    s.square();
}

async fn drill_the_last_microsecond_of_a_day_a_month_a_year(place: Place) {
    let s = Story::at(place);
    let moments = [
        "2026-11-30T23:59:59.999999+08:00",
        "2026-12-31T23:59:59.999999+08:00",
        "2027-02-28T23:59:59.999999+08:00",
        "2028-02-28T23:59:59.999999+08:00",
        "2028-02-29T22:29:59.999999+08:00",
        "2028-02-29T23:59:59.999999+08:00",
    ];
    for (n, moment) in moments.iter().enumerate() {
        let at = Time::parse_rfc3339(moment).unwrap();
        s.outside.with(|world| world.now = at.micros());
        let home = format!("15{n:011}");
        let order = ordered(&s, &format!("p{n}"), &home).await;
        s.outside.with(|world| world.now += 1);
        assert!(s.outside.pay(&order.number));
        let paid_at = s.outside.now();
        s.tell(&format!("n{n}"), &order.number).await;
        s.sweep().await;
        let held = s.look(&order.id).await;
        assert_eq!(held.standing(), Standing::Posted, "{moment}");
        assert_eq!(
            held.payment.paid_at,
            Some(paid_at),
            "{moment}: to the microsecond"
        );
        assert_eq!(held.lines[0].state, l::State::Posted);
    }
    s.square();
    s.books_agree().await;
}
