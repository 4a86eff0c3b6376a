//! A refund of ours that the channel refused, while the channel shows money given back: ours after
//! all, or by another hand (money.md table P note 2, 2.13). Each was first met by a simulated history.

use lifeline_core::cases::CaseKind;
use lifeline_core::payments::observation::{LineFact, Observation, RefundFact};
use lifeline_core::payments::order::Order;
use lifeline_core::payments::ports::{PostedLine, PostingReply, RefundReply};
use lifeline_core::payments::{NextCode, Standing, table_l as l, table_p as p, table_r as r};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;

use crate::books::{AMOUNT, HOME, line_in, order_in, refund_in};
use crate::outside::{Credit, Fault, NoticeText, raw};
use crate::refunds::{several_refunds, trade_of};
use crate::store::Place;
use crate::stories;
use crate::story::{Story, arrears};

stories! {
    a_refused_refund_that_moved_is_ours;
    what_the_desk_gave_instead_of_a_refused_refund_is_not_foreign;
    what_the_desk_gave_back_stands_beside_a_refused_refund;
    more_than_we_asked_for_is_a_contradiction;
    what_went_back_while_a_fence_was_out_is_not_posted;
    what_went_back_while_nobody_knew_is_not_sent_again;
    what_the_desk_gave_for_want_of_funds_is_not_given_twice;
    a_refund_says_by_when_it_comes_however_often_it_is_tried;
}

pub(crate) const REFUSED: Fen = Fen::new(5_000);
pub(crate) const KEPT: Fen = Fen::new(7_840);

/// Two homes: the refund of the first was refused, the second was credited.
pub(crate) async fn one_refused_one_posted(s: &Story) -> Order {
    let mut order = order_in(&s.outside, p::State::Paid);
    order.payment.has_lock = false;
    order.lines = vec![
        line_in(&order, &s.outside, l::State::Held),
        line_in(&order, &s.outside, l::State::Posted),
    ];
    (order.lines[0].let_go, order.lines[0].amount) = (true, REFUSED);
    let second = &mut order.lines[1];
    (second.line_no, second.amount) = (2, KEPT);
    second.channel_txn_no = format!("{}_2_1", order.payment.out_trade_no);
    refund_in(&mut order, &s.outside, r::State::Blocked, REFUSED);
    s.place.add(&order, s.outside.now()).await;
    trade_of(s, &order);
    let credited = &order.lines[1];
    let line = PostedLine {
        consumer_no: credited.consumer_no.clone(),
        amount: KEPT,
        paid_at: order.payment.paid_at.unwrap(),
        mkt_txn_no: "M1".to_owned(),
        business_date: credited.business_date.clone().unwrap(),
        posted_at: s.outside.now(),
    };
    let number = credited.channel_txn_no.clone();
    s.outside
        .with(|world| world.credits.insert(number, Credit::Posted(line)));
    order
}

/// The channel gives money back under this number, and tells the sum of all that went back.
pub(crate) async fn gives_back(s: &Story, order: &Order, under: &str, sum: Fen) {
    let number = order.payment.out_trade_no.clone();
    let refunded = s.outside.with(|world| {
        let trade = world.trades.get_mut(&number).unwrap();
        trade.refunds.insert(under.to_owned(), sum);
        trade.refunded().get()
    });
    let mut ours = order.refunds.iter().map(|refund| &refund.out_request_no);
    let text = NoticeText {
        id: format!("n-{refunded}"),
        number,
        fen: AMOUNT.get(),
        paid_at: order.payment.paid_at.unwrap().micros(),
        refunded,
        request: ours.find(|no| *no == under).cloned(),
        at: s.outside.with(|world| world.now),
    };
    let notice = s.app.receive(&raw(&text), "trace").await.unwrap();
    s.app.work_notice(&notice).await.unwrap();
}

pub(crate) async fn two_persons(s: &Story, order: &Order, seen: Observation) {
    let id = &order.payment.payment_id;
    let said = s.app.observe(id, vec![seen], "staff:two", "trace").await;
    said.unwrap();
}

/// Two persons say that the desk gave it.
async fn done_by_hand(s: &Story, order: &Order) {
    let by_hand = RefundFact {
        ruling: Some(r::Ruling::Desk),
        ..RefundFact::default()
    };
    let refund = order.refunds[0].refund_id.clone();
    let ruled = Observation::refund(s.outside.now(), refund, r::Input::Case, by_hand);
    two_persons(s, order, ruled).await;
}

/// A query misquoted it, so it stood as refused; then its money moved. Nothing of it is foreign, or
/// the other home's credit would be taken back for it.
async fn a_refused_refund_that_moved_is_ours(place: Place) {
    let s = Story::at(place);
    let order = one_refused_one_posted(&s).await;
    let ours = order.refunds[0].out_request_no.clone();
    gives_back(&s, &order, &ours, REFUSED).await;
    s.run(120).await;
    let look = s.look(&order.payment.payment_id).await;
    assert_eq!(look.payment.foreign, Fen::ZERO, "it is ours");
    assert_eq!(look.refunds[0].state, r::State::Done);
    assert_eq!(look.lines[0].state, l::State::Refunded);
    assert_eq!(look.lines[1].state, l::State::Posted);
    assert_eq!(look.payment.state, p::State::Done);
}

/// The desk made good what the channel refused us. It is told to the two persons, and the credit of the
/// other home stays.
async fn what_the_desk_gave_instead_of_a_refused_refund_is_not_foreign(place: Place) {
    let s = Story::at(place);
    let order = one_refused_one_posted(&s).await;
    let id = order.payment.payment_id.clone();
    gives_back(&s, &order, "by-hand", REFUSED).await;
    s.run(120).await;
    let held = s.place.held(&id).await;
    assert_eq!(held.order.payment.foreign, Fen::ZERO);
    let told = held
        .cases
        .iter()
        .any(|case| case.facts.contains("given_back_by_hand"));
    assert!(told, "{:?}", held.cases);
    done_by_hand(&s, &order).await;
    s.run_long(2 * 3_600).await;
    let look = s.look(&id).await;
    assert_eq!(look.refunds[0].state, r::State::Done);
    assert_eq!(look.lines[0].state, l::State::Refunded);
    assert_eq!(look.lines[1].state, l::State::Posted);
    assert_eq!(look.payment.state, p::State::Done);
    assert_eq!(look.payment.foreign, Fen::ZERO);
    assert_eq!(s.outside.count("refund"), 0, "nothing is sent once more");
}

/// The desk gave the whole payment back, also what our refused refund was for. What no refund of ours
/// reserves is booked as foreign; the rest closes the refused one, once two persons have its proof.
async fn what_the_desk_gave_back_stands_beside_a_refused_refund(place: Place) {
    let s = Story::at(place);
    let order = one_refused_one_posted(&s).await;
    let id = order.payment.payment_id.clone();
    gives_back(&s, &order, "by-hand", AMOUNT).await;
    s.run(120).await;
    let held = s.place.held(&id).await;
    assert_eq!(held.order.payment.foreign, KEPT);
    assert!(!held.order.payment.frozen, "nothing contradicts");
    let told = |kind| held.cases.iter().any(|case| case.kind == kind);
    assert!(told(CaseKind::ForeignRefund), "{:?}", held.cases);
    let now = s.outside.now();
    let line = order.lines[1].line_id.clone();
    let wanted = Observation::line(now, line, l::Input::RefundWanted, LineFact::default());
    two_persons(&s, &order, wanted).await;
    done_by_hand(&s, &order).await;
    s.run(120).await;
    let look = s.look(&id).await;
    assert_eq!(look.refunds[0].state, r::State::Done);
    assert_eq!(look.lines[0].state, l::State::Refunded);
    assert_eq!(look.lines[1].state, l::State::Refunded);
    assert_eq!(look.payment.state, p::State::Done);
    assert_eq!(s.outside.count("refund"), 0, "the money went back already");
}

/// What neither the room of the payment nor a refused refund explains stops the order, as before.
async fn more_than_we_asked_for_is_a_contradiction(place: Place) {
    let s = Story::at(place);
    let order = one_refused_one_posted(&s).await;
    gives_back(&s, &order, "by-hand", AMOUNT.plus(Fen::new(1)).unwrap()).await;
    s.run(120).await;
    let held = s.place.held(&order.payment.payment_id).await;
    assert!(held.order.payment.frozen);
    assert_eq!(held.order.payment.foreign, Fen::ZERO);
}

/// An order that is paid while marketing cannot be asked in this way.
async fn paid_while_silent(s: &Story, operation: &'static str) -> Order {
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    s.outside.silence(&[operation]);
    s.pays(&order.number).await;
    s.run(60).await;
    s.look(&order.id).await
}

/// Two persons have the line fenced and give it back: nothing of it was posted, and nothing is sent.
async fn two_persons_give_it_up(s: &Story, order: &Order) {
    let id = &order.payment.payment_id;
    let held = s.place.held(id).await;
    assert_eq!(held.order.lines[0].state, l::State::Held);
    let told = |kind| held.cases.iter().any(|case| case.kind == kind);
    assert!(told(CaseKind::PostingHeld), "{:?}", held.cases);
    let given_up = LineFact {
        ruling: Some(l::Ruling::FenceRefund),
        ..LineFact::default()
    };
    let (now, line) = (s.outside.now(), order.lines[0].line_id.clone());
    let ruled = Observation::line(now, line, l::Input::Case, given_up);
    two_persons(s, order, ruled).await;
    s.run(600).await;
    let look = s.look(id).await;
    assert_eq!(look.lines[0].state, l::State::Refunded);
    assert_eq!(look.payment.state, p::State::Done);
    assert_eq!(s.outside.count("refund"), 0, "the desk gave it back");
    s.square();
    s.books_agree().await;
}

/// The posting was refused as stale, its fence is not answered, and the desk gives the money back: a
/// new number would credit the home with money that its payer has.
async fn what_went_back_while_a_fence_was_out_is_not_posted(place: Place) {
    let s = Story::at(place);
    let stale = PostingReply::StaleOrMismatch;
    s.outside.with(|world| world.post_replies.push_back(stale));
    let order = paid_while_silent(&s, "fence").await;
    assert_eq!(order.lines[0].state, l::State::FencingRepost);
    gives_back(&s, &order, "by-hand", order.payment.paid).await;
    s.outside.speak();
    s.run(600).await;
    assert_eq!(s.outside.count("post"), 1, "nothing under the new number");
    Box::pin(two_persons_give_it_up(&s, &order)).await;
}

/// Nobody knows whether it was posted, and the desk gives the money back; then marketing says that it
/// was not. It would be sent again.
async fn what_went_back_while_nobody_knew_is_not_sent_again(place: Place) {
    let s = Story::at(place);
    s.outside.fault("post", Fault::Before);
    let order = paid_while_silent(&s, "get").await;
    assert_eq!(order.lines[0].state, l::State::PostUnknown);
    gives_back(&s, &order, "by-hand", order.payment.paid).await;
    s.outside.speak();
    s.run_long(2 * 3_600).await;
    assert_eq!(s.outside.count("post"), 1);
    Box::pin(two_persons_give_it_up(&s, &order)).await;
}

/// The channel has no funds for our refund, so somebody gives the money by hand. When funds come, ours
/// does not go out as well.
async fn what_the_desk_gave_for_want_of_funds_is_not_given_twice(place: Place) {
    let s = Story::at(place);
    let order = one_refused_one_posted(&s).await;
    let id = order.payment.payment_id.clone();
    let again = RefundFact {
        ruling: Some(r::Ruling::Again),
        ..RefundFact::default()
    };
    let refund = order.refunds[0].refund_id.clone();
    s.outside.with(|world| {
        let poor = RefundReply::SellerBalanceNotEnough;
        world.refund_replies.extend([poor.clone(), poor]);
    });
    let ruled = Observation::refund(s.outside.now(), refund, r::Input::Case, again);
    two_persons(&s, &order, ruled).await;
    s.run(300).await;
    assert_eq!(s.look(&id).await.refunds[0].state, r::State::WaitFunds);
    let sent = s.outside.count("refund");
    gives_back(&s, &order, "by-hand", REFUSED).await;
    s.outside.with(|world| world.refund_replies.clear());
    s.run_long(2 * 86_400).await;
    let held = s.place.held(&id).await;
    assert_eq!(held.order.refunds[0].state, r::State::Blocked);
    assert_eq!(held.order.payment.foreign, Fen::ZERO);
    assert_eq!(s.outside.count("refund"), sent, "given once, by hand");
    done_by_hand(&s, &order).await;
    s.run_long(3_600).await;
    let look = s.look(&id).await;
    assert_eq!(look.payment.state, p::State::Done);
    assert_eq!(look.lines[1].state, l::State::Posted);
}

/// The payer is told a day, counted from the first of what goes back: trying again moves it no further.
async fn a_refund_says_by_when_it_comes_however_often_it_is_tried(place: Place) {
    let s = Story::at(place);
    let order = several_refunds(&s, &[12_840]).await;
    let id = &order.payment.payment_id;
    let by = order.refunds[0].created_at.plus_seconds(86_400);
    let poor = std::iter::repeat_n(RefundReply::SellerBalanceNotEnough, 100);
    s.outside.with(|world| world.refund_replies.extend(poor));
    for hours in [1, 22, 3] {
        s.run_long(hours * 3_600).await;
        let look = s.look(id).await;
        assert_eq!(look.standing(), Standing::Refunding);
        assert_eq!(look.refunds[0].state, r::State::WaitFunds);
        let next = look.next_step();
        assert_eq!((next.code, next.by), (NextCode::RefundOnTheWay, Some(by)));
    }
    s.outside.with(|world| world.refund_replies.clear());
    s.run_long(86_400).await;
    let next = s.look(id).await.next_step();
    assert_eq!((next.code, next.by), (NextCode::Refunded, None));
}
