//! Several homes under one order: each is posted, refunded and shown by itself.

use lifeline_core::cases::CaseKind;
use lifeline_core::payments::observation::{ChannelFact, Named, Observation};
use lifeline_core::payments::ports::PostedLine;
use lifeline_core::payments::{PaymentError, Standing, table_l as l, table_p as p};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Clock as _;

use crate::family::{
    Family, ONE, THREE, TWO, check_out, credited, due_of, family, no_claim_is_left, owing,
    standings,
};
use crate::outside::{Credit, Fault};
use crate::rulings::rule_line;
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, arrears};

stories! {
    several_homes_from_order_to_credit;
    interleaving_07_home_two_is_posted_by_itself;
    interleaving_07_another_customers_posting_holds_one_home;
    one_home_stale_while_another_posts;
    one_home_refused_goes_back_alone;
    a_lost_answer_about_one_home_is_found_by_query;
    interleaving_02_a_silent_marketing_refunds_no_home;
    interleaving_11_a_worker_dropped_anywhere_posts_each_home_once;
    another_sum_is_divided_by_two_persons;
    nobody_posts_whole_what_is_several_homes;
    nobody_divides_what_is_on_its_way_back;
    a_sum_that_was_fenced_and_kept_is_divided_under_new_numbers;
    another_sum_frees_every_home_in_the_end;
}

async fn states(s: &Story, order: &Ordered) -> Vec<l::State> {
    let look = s.look(&order.id).await;
    look.lines.iter().map(|line| line.state).collect()
}

async fn several_homes_from_order_to_credit(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    // Chosen in any order: the lines stand in the order of the consumer numbers.
    let li = family(&s, "li", &[THREE, ONE, TWO]).await;
    let order = check_out(&s, &li, "key-1").await;
    assert_eq!(order.state, "PAYING");
    assert_eq!(s.count("SELECT COUNT(*) FROM open_claim").await, 3);
    s.pays(&order.number).await;
    let held = s.place.held(&order.id).await;
    assert_eq!(held.order.standing(), Standing::Posted);
    assert_eq!(held.order.payment.state, p::State::Done);
    assert_eq!(held.order.payment.paid, Fen::new(6_666));
    let numbers: Vec<_> = held
        .order
        .lines
        .iter()
        .map(|line| &line.channel_txn_no)
        .collect();
    let expected = [1, 2, 3].map(|line| format!("{}_{line}_1", order.number));
    assert_eq!(numbers, expected.iter().collect::<Vec<_>>());
    for home in [ONE, TWO, THREE] {
        assert_eq!(credited(&s, home), [due_of(home)], "{home}");
    }
    let events = s.place.events(s.outside.now()).await;
    let posted = events.iter().filter(|(kind, _)| kind == "payments.posted");
    assert_eq!(posted.count(), 3, "each home is told of");
    assert!(held.cases.is_empty());
    no_claim_is_left(&s).await;
    s.square();
    s.books_agree().await;
}

/// One trade, two homes: marketing is asked under two numbers, so the second is not a replay.
async fn interleaving_07_home_two_is_posted_by_itself(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO]).await;
    let order = check_out(&s, &li, "key-1").await;
    // Both posts are answered only after they took effect: each is found under its own number.
    s.outside.fault("post", Fault::AfterCommit);
    s.outside.fault("post", Fault::AfterCommit);
    s.pays(&order.number).await;
    s.run(30).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    let asked = s.outside.with(|world| world.calls.clone());
    let posts: std::collections::BTreeSet<_> = asked
        .iter()
        .filter(|(operation, _)| *operation == "post")
        .map(|(_, number)| number.clone())
        .collect();
    assert_eq!(posts.len(), 2, "a number per home");
    assert_eq!(
        (credited(&s, ONE), credited(&s, TWO)),
        (vec![1_111], vec![2_222])
    );
    s.square();
    s.books_agree().await;
}

/// After a restore the number of home two is taken by another customer's payment: 200 is no proof.
async fn interleaving_07_another_customers_posting_holds_one_home(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO]).await;
    let order = check_out(&s, &li, "key-1").await;
    let strangers = PostedLine {
        consumer_no: ConsumerNo::parse(THREE).unwrap(),
        amount: Fen::new(2_222),
        paid_at: s.outside.now(),
        mkt_txn_no: "M-stranger".to_owned(),
        business_date: "2026-11-20".to_owned(),
        posted_at: s.outside.now(),
    };
    let number = format!("{}_2_1", order.number);
    s.outside
        .with(|world| world.credits.insert(number, Credit::Posted(strangers)));
    s.pays(&order.number).await;
    s.run(120).await;
    assert_eq!(states(&s, &order).await, [l::State::Posted, l::State::Held]);
    assert_eq!(
        standings(&s, &order).await,
        [Standing::Posted, Standing::UnderReview]
    );
    let held = s.place.held(&order.id).await;
    let kinds: Vec<_> = held.cases.iter().map(|case| case.kind).collect();
    assert_eq!(kinds, [CaseKind::PostingHeld]);
    assert_eq!(s.outside.count("refund"), 0, "persons decide");
    assert_eq!(credited(&s, TWO), Vec::<i64>::new());
    s.books_agree().await;
}

async fn one_home_stale_while_another_posts(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO]).await;
    let order = check_out(&s, &li, "key-1").await;
    // Home two grew by the daily late fee while the payer was in the cashier, and marketing is slow
    // to fence the refused number.
    s.outside.owes(TWO, 2_224, "v2");
    s.outside.silence(&["fence"]);
    s.pays(&order.number).await;
    s.run(60).await;
    assert_eq!(
        states(&s, &order).await,
        [l::State::Posted, l::State::FencingRepost],
        "home one does not wait"
    );
    assert_eq!(s.standing(&order.id).await, Standing::Posting);
    assert_eq!(
        standings(&s, &order).await,
        [Standing::Posted, Standing::Posting]
    );
    s.outside.speak();
    s.run(600).await;
    let look = s.look(&order.id).await;
    assert_eq!(look.standing(), Standing::Posted);
    let attempts: Vec<_> = look.lines.iter().map(|line| line.attempt).collect();
    assert_eq!(attempts, [1, 2]);
    assert_eq!(
        look.lines[1].channel_txn_no,
        format!("{}_2_2", order.number)
    );
    no_claim_is_left(&s).await;
    s.square();
    s.books_agree().await;
}

async fn one_home_refused_goes_back_alone(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO, THREE]).await;
    let order = check_out(&s, &li, "key-1").await;
    s.outside
        .with(|world| world.due.get_mut(TWO).unwrap().2 = false);
    s.pays(&order.number).await;
    s.run(60).await;
    let look = s.look(&order.id).await;
    assert_eq!(look.standing(), Standing::PartlyRefunded);
    assert_eq!(look.payment.refunded, Fen::new(2_222));
    assert_eq!(
        standings(&s, &order).await,
        [Standing::Posted, Standing::Refunded, Standing::Posted]
    );
    let [refund] = &look.refund_views()[..] else {
        panic!("one refund");
    };
    assert_eq!(refund.binding_id.as_ref(), Some(li.homes[1].binding_id()));
    assert_eq!(refund.amount, Fen::new(2_222));
    let events = s.place.events(s.outside.now()).await;
    let refunded: Vec<_> = events
        .iter()
        .filter(|(kind, _)| kind == "payments.refunded")
        .collect();
    assert_eq!(refunded.len(), 1);
    assert!(refunded[0].1.contains("\"consumer_tail\":\"2222\""));
    no_claim_is_left(&s).await;
    s.square();
    s.books_agree().await;
}

async fn a_lost_answer_about_one_home_is_found_by_query(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO]).await;
    let order = check_out(&s, &li, "key-1").await;
    s.outside.fault("post", Fault::Before);
    s.pays(&order.number).await;
    assert_eq!(
        states(&s, &order).await,
        [l::State::PostUnknown, l::State::Posted],
        "one failing home does not block the other"
    );
    s.run(60).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    assert_eq!(s.outside.count("post"), 3, "the same bytes once more");
    s.square();
}

async fn interleaving_02_a_silent_marketing_refunds_no_home(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO, THREE]).await;
    let order = check_out(&s, &li, "key-1").await;
    s.outside.silence(&["post", "get", "fence", "dues"]);
    s.pays(&order.number).await;
    s.run_long(6 * 3_600).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posting);
    assert_eq!(s.outside.count("refund"), 0);
    s.outside.speak();
    s.run(60).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    s.square();
    s.books_agree().await;
}

/// The worker dies after every number of polls in turn; each home is credited once.
async fn interleaving_11_a_worker_dropped_anywhere_posts_each_home_once(place: Place) {
    let s = Story::at(place);
    let li = family(&s, "li", &[ONE, TWO]).await;
    let mut finished = 0;
    let mut orders = 0;
    for polls in (1..600).step_by(7) {
        owing(&s, "v1");
        let order = check_out(&s, &li, &format!("dropped-{polls:03}")).await;
        orders += 1;
        assert!(s.outside.pay(&order.number));
        s.tell(&format!("n-{polls}"), &order.number).await;
        let done = crate::crashes::dropped_after(polls, Box::pin(s.app.sweep())).await;
        finished = if done.is_some() { finished + 1 } else { 0 };
        s.outside.advance(41);
        s.sweep().await;
        s.run(30).await;
        assert_eq!(s.standing(&order.id).await, Standing::Posted, "{polls}");
        if finished >= 3 {
            break;
        }
    }
    assert!(finished >= 3, "the sweep never came to its end");
    for home in [ONE, TWO] {
        assert_eq!(credited(&s, home).len(), orders, "{home}");
    }
    s.square();
    s.books_agree().await;
}

/// The channel took another sum than ordered for two homes: two persons say how much is whose.
async fn suspended(s: &Story, li: &Family, sum: i64) -> Ordered {
    let order = check_out(s, li, "key-1").await;
    s.outside
        .with(|world| world.trades.get_mut(&order.number).unwrap().total = Fen::new(sum));
    s.pays(&order.number).await;
    assert_eq!(
        s.look(&order.id).await.payment.state,
        p::State::Suspense,
        "{sum}"
    );
    order
}

async fn divide(s: &Story, order: &Ordered, parts: &[(i64, i64)]) -> Result<(), PaymentError> {
    let named = parts
        .iter()
        .map(|(line_no, fen)| Named {
            line_no: *line_no,
            amount: Fen::new(*fen),
        })
        .collect();
    let fact = ChannelFact {
        named,
        ..ChannelFact::default()
    };
    let seen = Observation::channel(s.outside.now(), p::Input::Case, fact);
    let decided = s
        .app
        .observe(&order.id, vec![seen], "staff:two", "trace")
        .await;
    decided.map(drop)
}

/// Two persons who rule on the held line, instead of saying how much is whose, post nothing.
async fn nobody_posts_whole_what_is_several_homes(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO]).await;
    let order = suspended(&s, &li, 3_000).await;
    for ruling in [l::Ruling::Post, l::Ruling::FenceRepost] {
        rule_line(&s, &order.id, l::Input::Case, Some(ruling)).await;
        s.run(600).await;
        assert_eq!(s.outside.count("post"), 0, "{ruling:?}");
        assert_eq!(s.outside.count("fence"), 0, "{ruling:?}");
    }
    divide(&s, &order, &[(1, 1_111), (2, 1_889)]).await.unwrap();
    s.run(120).await;
    assert_eq!(
        (credited(&s, ONE), credited(&s, TWO)),
        (vec![1_111], vec![1_889])
    );
    s.square();
    s.books_agree().await;
}

/// Two persons wanted it fenced and given back; two others then say how much is whose. The number of
/// the held line is the first home's: under it nothing could be posted any more.
async fn nobody_divides_what_is_on_its_way_back(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO]).await;
    let order = suspended(&s, &li, 3_000).await;
    s.outside.silence(&["fence"]);
    rule_line(&s, &order.id, l::Input::Case, Some(l::Ruling::FenceRefund)).await;
    s.run(30).await;
    let parts = [(1, 1_111), (2, 1_889)];
    assert!(divide(&s, &order, &parts).await.is_err(), "a fence is out");
    s.outside.speak();
    s.run(3_600).await;
    assert_eq!(credited(&s, ONE), Vec::<i64>::new());
    assert_eq!(s.standing(&order.id).await, Standing::Refunded);
    s.square();
    s.books_agree().await;
}

/// Two persons had the undivided sum fenced, changed their mind, and had it posted: it may not be whole.
async fn a_sum_that_was_fenced_and_kept_is_divided_under_new_numbers(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO]).await;
    let order = suspended(&s, &li, 3_000).await;
    s.outside.silence(&["fence"]);
    for ruling in [l::Ruling::FenceRefund, l::Ruling::FenceRepost] {
        rule_line(&s, &order.id, l::Input::Case, Some(ruling)).await;
    }
    s.outside.speak();
    s.run(3_600).await;
    let look = s.look(&order.id).await;
    assert_eq!(
        (look.lines[0].state, look.lines[0].attempt),
        (l::State::Held, 2)
    );
    assert_eq!(s.outside.count("post"), 0, "it is several homes'");
    divide(&s, &order, &[(1, 1_111), (2, 1_889)]).await.unwrap();
    s.run(600).await;
    assert_eq!(
        (credited(&s, ONE), credited(&s, TWO)),
        (vec![1_111], vec![1_889])
    );
    s.square();
    s.books_agree().await;
}

async fn another_sum_is_divided_by_two_persons(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO]).await;
    let order = suspended(&s, &li, 3_000).await;
    assert_eq!(
        standings(&s, &order).await,
        [Standing::UnderReview, Standing::UnderReview]
    );
    let amounts: Vec<_> = s
        .look(&order.id)
        .await
        .home_views()
        .iter()
        .map(|home| home.amount.get())
        .collect();
    assert_eq!(
        amounts,
        [1_111, 2_222],
        "what was ordered, while nobody decided"
    );
    // Without names, or with names that do not fit, nothing is posted to anybody.
    for wrong in [
        &[][..],
        &[(1, 3_001)],
        &[(1, 1_111), (1, 1_889)],
        &[(1, 1_111), (3, 1_889)],
        &[(1, 3_000), (2, 0)],
    ] {
        assert!(divide(&s, &order, wrong).await.is_err(), "{wrong:?}");
    }
    s.run(120).await;
    assert_eq!(s.outside.count("post"), 0);
    divide(&s, &order, &[(1, 1_111), (2, 1_889)]).await.unwrap();
    s.run(120).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    assert_eq!(
        (credited(&s, ONE), credited(&s, TWO)),
        (vec![1_111], vec![1_889])
    );
    no_claim_is_left(&s).await;
    s.square();
    s.books_agree().await;
}

/// All of it is for home two: home one never gets a line, and its claim ends with the order.
async fn another_sum_frees_every_home_in_the_end(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO]).await;
    let order = suspended(&s, &li, 2_222).await;
    divide(&s, &order, &[(2, 2_222)]).await.unwrap();
    s.run(60).await;
    let look = s.look(&order.id).await;
    assert_eq!(look.standing(), Standing::Posted);
    assert_eq!(
        look.lines[0].channel_txn_no,
        format!("{}_2_1", order.number)
    );
    assert_eq!(
        (credited(&s, ONE), credited(&s, TWO)),
        (vec![], vec![2_222])
    );
    no_claim_is_left(&s).await;
    s.square();
    s.books_agree().await;
    // Home one is still due and may be paid now.
    s.order(&li.payer, &arrears("key-2", 1_111, "v1")).await;
}
