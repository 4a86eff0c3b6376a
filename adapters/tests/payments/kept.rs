//! Money for arrears that are not due any more when it comes: kept as prepayment when its payer said so before
//! (money.md 1, note 3), and given back otherwise.

use lifeline_core::ledger::Account;
use lifeline_core::payments::ports::PostingReply;
use lifeline_core::payments::{Purpose, Standing, Start};
use lifeline_core::shared::money::Fen;

use crate::books::HOME;
use crate::family::{ONE, TWO, credited, family, no_claim_is_left, owing, request, wanted};
use crate::late::paid_after_closing;
use crate::postings::commit_late;
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, Wish, arrears, top_up};

stories! {
    what_was_paid_elsewhere_meanwhile_is_kept_as_prepayment;
    without_the_choice_it_goes_back;
    late_money_for_nothing_due_is_kept_as_prepayment;
    late_money_pays_what_is_left_and_the_rest_is_kept;
    a_refused_version_of_nothing_due_is_kept_as_prepayment;
    what_was_refused_and_stands_with_the_bill_is_no_prepayment;
    what_was_refused_and_meets_a_new_bill_pays_it;
    what_an_account_cannot_take_goes_back_whatever_was_chosen;
    late_money_whose_home_is_taken_goes_back_whatever_was_chosen;
    one_home_of_several_is_kept_and_the_other_credited;
    a_top_up_has_nothing_to_keep;
}

fn bill() -> Wish {
    arrears("key-1", 12_840, "v1")
}

async fn ordered(s: &Story, wish: &Wish) -> Ordered {
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    s.order(&li, wish).await
}

/// An order that was given up before its money came.
async fn closed(s: &Story, wish: &Wish) -> Ordered {
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let order = s.order(&li, wish).await;
    let closed = s.app.close(li.account(), &order.id, "trace").await.unwrap();
    assert_eq!(closed.standing(), Standing::Closed);
    s.run(30).await;
    order
}

/// What marketing was sent last: the purpose in its own word.
fn sent_as(s: &Story) -> String {
    s.outside.with(|world| {
        let sent = world.bodies.iter().rev().find(|(name, _)| *name == "post");
        let body: serde_json::Value = serde_json::from_str(&sent.unwrap().1).unwrap();
        body["purpose"].as_str().unwrap().to_owned()
    })
}

/// The whole sum stands with the home as prepayment, here, in the ledger and at marketing, and nothing went back.
async fn is_kept(s: &Story, order: &Ordered) {
    let held = s.place.held(&order.id).await;
    let line = &held.order.lines[0];
    assert_eq!(held.order.standing(), Standing::Posted);
    assert_eq!(line.purpose, Purpose::TopUp);
    let mut entries: Vec<_> = held.entries.iter().collect();
    entries.sort_by_key(|entry| entry.fact().to_owned());
    let facts: Vec<_> = entries.iter().map(|entry| entry.fact()).collect();
    let paid = format!("paid:{}", order.number);
    let posted = format!("posted:{}", line.channel_txn_no);
    assert_eq!(facts, [paid.as_str(), posted.as_str()]);
    let moved: Vec<_> = entries[1]
        .lines()
        .iter()
        .map(|line| (line.account, line.debit, line.credit))
        .collect();
    let sum = Fen::new(12_840);
    assert!(moved.contains(&(Account::Clearing, sum, Fen::ZERO)));
    assert!(moved.contains(&(Account::Marketing, Fen::ZERO, sum)));
    let homes = held.order.home_views();
    assert!(homes.iter().all(|home| home.as_prepayment), "{homes:?}");
    assert!(held.order.payment.keeps_as_prepayment());
    assert!(held.cases.is_empty());
    assert_eq!(sent_as(s), "prepayment");
    assert_eq!(s.outside.count("refund"), 0);
    no_claim_is_left(s).await;
    s.square();
    s.books_agree().await;
}

async fn went_back(s: &Story, order: &Ordered) {
    let look = s.look(&order.id).await;
    assert_eq!(look.standing(), Standing::Refunded);
    assert_eq!(look.refund_views().len(), 1);
    assert!(!look.home_views()[0].as_prepayment);
    s.square();
    s.books_agree().await;
}

/// Marketing refuses a bill that a bank was paid for meanwhile; its fence is asked for before anything else is sent.
async fn what_was_paid_elsewhere_meanwhile_is_kept_as_prepayment(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, &bill().kept()).await;
    s.outside.owes(HOME, 0, "v2");
    s.pays(&order.number).await;
    s.run(60).await;
    is_kept(&s, &order).await;
    assert_eq!((s.outside.count("post"), s.outside.count("fence")), (2, 1));
    assert_eq!(s.look(&order.id).await.lines[0].attempt, 2);
}

async fn without_the_choice_it_goes_back(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, &bill()).await;
    s.outside.owes(HOME, 0, "v2");
    s.pays(&order.number).await;
    s.run(60).await;
    went_back(&s, &order).await;
    assert!(!s.look(&order.id).await.payment.keeps_as_prepayment());
}

async fn late_money_for_nothing_due_is_kept_as_prepayment(place: Place) {
    let s = Story::at(place);
    let order = Box::pin(closed(&s, &bill().kept())).await;
    s.outside.owes(HOME, 0, "v2");
    paid_after_closing(&s, &order).await;
    s.run(30).await;
    is_kept(&s, &order).await;
    assert_eq!((s.outside.count("post"), s.outside.count("fence")), (1, 0));
}

/// Marketing credits the oldest bill first and keeps the rest by itself: the line stays one for arrears.
async fn late_money_pays_what_is_left_and_the_rest_is_kept(place: Place) {
    let s = Story::at(place);
    let order = Box::pin(closed(&s, &bill().kept())).await;
    s.outside.owes(HOME, 5_000, "v2");
    paid_after_closing(&s, &order).await;
    s.run(30).await;
    let look = s.look(&order.id).await;
    assert_eq!(look.standing(), Standing::Posted);
    assert_eq!(look.lines[0].purpose, Purpose::Arrears);
    assert!(!look.home_views()[0].as_prepayment);
    assert_eq!(sent_as(&s), "prepayment");
    s.square();
    s.books_agree().await;
}

async fn a_refused_version_of_nothing_due_is_kept_as_prepayment(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, &bill().kept()).await;
    s.outside
        .with(|world| world.post_replies.push_back(PostingReply::StaleOrMismatch));
    s.outside.owes(HOME, 0, "v2");
    s.pays(&order.number).await;
    s.run(60).await;
    is_kept(&s, &order).await;
    assert_eq!(s.outside.count("post"), 2);
}

/// Interleaving 1: marketing takes its refusal back, and the number it refused is the one that stands.
async fn what_was_refused_and_stands_with_the_bill_is_no_prepayment(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, &bill().kept()).await;
    s.outside.with(|world| {
        world.post_replies.push_back(PostingReply::NotPayable {
            code: "ALREADY_PAID",
        });
    });
    s.outside.silence(&["fence"]);
    s.pays(&order.number).await;
    s.run(60).await;
    let number = s.look(&order.id).await.lines[0].channel_txn_no.clone();
    commit_late(&s, &order, &number).await;
    s.outside.speak();
    s.run(120).await;
    let look = s.look(&order.id).await;
    assert_eq!(
        (look.standing(), look.lines[0].attempt),
        (Standing::Posted, 1)
    );
    assert!(!look.home_views()[0].as_prepayment);
    assert_eq!(s.outside.count("refund"), 0);
    s.square();
}

/// The fence is answered late, and by then a new bill is due: it is paid, and nobody is told that nothing was due.
async fn what_was_refused_and_meets_a_new_bill_pays_it(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, &bill().kept()).await;
    s.outside.with(|world| {
        world.post_replies.push_back(PostingReply::NotPayable {
            code: "ALREADY_PAID",
        });
    });
    s.outside.silence(&["fence"]);
    s.pays(&order.number).await;
    s.run(60).await;
    s.outside.owes(HOME, 8_000, "v2");
    s.outside.speak();
    s.run(120).await;
    let look = s.look(&order.id).await;
    assert_eq!(
        (look.standing(), look.lines[0].attempt),
        (Standing::Posted, 2)
    );
    assert_eq!(look.lines[0].purpose, Purpose::Arrears);
    assert!(!look.home_views()[0].as_prepayment, "a part of it was due");
    assert_eq!(sent_as(&s), "prepayment");
    assert_eq!(s.outside.count("refund"), 0);
    s.square();
    s.books_agree().await;
}

async fn what_an_account_cannot_take_goes_back_whatever_was_chosen(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, &bill().kept()).await;
    s.outside
        .with(|world| world.due.get_mut(HOME).unwrap().2 = false);
    s.pays(&order.number).await;
    s.run(60).await;
    went_back(&s, &order).await;
    // It is closed only after its fence was answered: what would be kept has no account to be kept in.
    s.outside.owes(HOME, 12_840, "v3");
    let wang = s.person("wang").await;
    let second = s.order(&wang, &arrears("key-2", 12_840, "v3").kept()).await;
    s.outside.with(|world| {
        world.due.get_mut(HOME).unwrap().2 = false;
        world.post_replies.push_back(PostingReply::NotPayable {
            code: "ALREADY_PAID",
        });
    });
    s.pays(&second.number).await;
    s.run(60).await;
    went_back(&s, &second).await;
}

/// What is due is still due: another order is about to pay it.
async fn late_money_whose_home_is_taken_goes_back_whatever_was_chosen(place: Place) {
    let s = Story::at(place);
    let first = Box::pin(closed(&s, &bill().kept())).await;
    let spouse = s.person("spouse").await;
    let second = s
        .order(&spouse, &arrears("key-2", 12_840, "v1").kept())
        .await;
    paid_after_closing(&s, &first).await;
    s.run(30).await;
    assert_eq!(s.standing(&first.id).await, Standing::Refunded);
    s.pays(&second.number).await;
    s.run(30).await;
    went_back(&s, &first).await;
    let posted = s.look(&second.id).await;
    assert_eq!(posted.standing(), Standing::Posted);
    assert!(!posted.home_views()[0].as_prepayment, "it was due");
}

async fn one_home_of_several_is_kept_and_the_other_credited(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO]).await;
    let wish = Start {
        keep_as_prepayment: true,
        ..request(&s, &li, "key-1", wanted(&li, "v1"))
    };
    let order = Ordered::read(&s.app.start(&wish).await.unwrap().body);
    s.outside.owes(ONE, 0, "v2");
    s.pays(&order.number).await;
    s.run(60).await;
    let look = s.look(&order.id).await;
    assert_eq!(look.standing(), Standing::Posted);
    let homes = look.home_views();
    let kept: Vec<_> = homes.iter().map(|home| home.as_prepayment).collect();
    assert_eq!(kept, [true, false]);
    assert_eq!(
        (credited(&s, ONE), credited(&s, TWO)),
        (vec![1_111], vec![2_222])
    );
    no_claim_is_left(&s).await;
    s.square();
    s.books_agree().await;
}

async fn a_top_up_has_nothing_to_keep(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 0, "v1");
    let li = s.person("li").await;
    let order = s.order(&li, &top_up("key-1", 12_840).kept()).await;
    assert!(!s.look(&order.id).await.payment.keeps_as_prepayment());
    s.pays(&order.number).await;
    let look = s.look(&order.id).await;
    assert_eq!(look.standing(), Standing::Posted);
    assert!(!look.home_views()[0].as_prepayment, "nothing was due of it");
}
