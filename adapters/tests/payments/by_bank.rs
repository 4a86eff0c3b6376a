//! Which way money went that two persons gave in place of a refused refund: the channel shows what its
//! desk gave, and never what a bank paid (money.md table R, BLOCKED x case; 2.13).

use lifeline_core::cases::CaseKind;
use lifeline_core::cases::decision::{Ending, Part, Proposal, Resolution};
use lifeline_core::cases::four_eyes::ProposalState;
use lifeline_core::payments::observation::{ChannelFact, Observation, RefundFact};
use lifeline_core::payments::order::Order;
use lifeline_core::payments::rulings::{Misfit, Ruled};
use lifeline_core::payments::{table_l as l, table_p as p, table_r as r};
use lifeline_core::shared::ids::CaseId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;

use crate::given_back::{KEPT, REFUSED, gives_back, one_refused_one_posted, two_persons};
use crate::store::Place;
use crate::stories;
use crate::story::Story;

stories! {
    what_a_bank_paid_explains_nothing_that_the_channel_shows;
    a_bank_is_not_believed_while_the_channel_shows_a_gift;
    a_desk_is_not_believed_before_the_channel_shows_it;
    a_word_about_the_desk_is_heard_once_the_channel_tells;
    a_bank_may_have_paid_what_the_desk_did_not;
    an_old_word_about_a_hand_moves_nothing;
}

/// Less than a bank pays, and none of it.
const GIFT: Fen = Fen::new(4_000);

/// Somebody gives money back at the merchant's desk, and no notice tells of it.
fn gives_silently(s: &Story, order: &Order, sum: Fen) {
    s.outside.with(|world| {
        let number = &order.payment.out_trade_no;
        let trade = world.trades.get_mut(number).unwrap();
        trade.refunds.insert("by-hand".to_owned(), sum);
    });
}

/// As the console carries out what two persons agreed to. One refund is blocked, so it is meant.
async fn rule(s: &Story, order: &Order, resolution: Resolution, parts: &[Part]) -> Ruled {
    assert!(resolution.goes_with(parts));
    let now = s.outside.now();
    let decided = Proposal {
        proposal_id: "019aa2f0-0000-7000-8000-0000000000bb".to_owned(),
        what: Ending {
            case_id: CaseId::parse("019aa2f0-0000-7000-8000-000000000002").unwrap(),
            resolution,
            parts: parts.to_vec(),
        },
        reason: "BT-20261121: looked into".to_owned(),
        proposed_by: "staff:a".to_owned(),
        proposed_at: now,
        state: ProposalState::Approved,
        decided_by: Some("staff:b".to_owned()),
        decided_at: Some(now),
    };
    let id = &order.payment.payment_id;
    s.app.rule(id, &decided, "staff:b", "trace").await.unwrap()
}

/// The tables hear it, and nobody asks the channel first.
async fn word(s: &Story, order: &Order, ruling: r::Ruling, by_bank: Option<Fen>) {
    let fact = RefundFact {
        ruling: Some(ruling),
        by_bank,
        ..RefundFact::default()
    };
    let refund = order.refunds[0].refund_id.clone();
    let said = Observation::refund(s.outside.now(), refund, r::Input::Case, fact);
    two_persons(s, order, said).await;
}

/// The desk's gift is booked as the other home's, once.
async fn is_foreign(s: &Story, order: &Order, sum: Fen) {
    let held = s.place.held(&order.payment.payment_id).await;
    assert_eq!(held.order.payment.foreign, sum, "it is of the other home");
    assert!(!held.order.payment.frozen);
    let told = |kind| held.cases.iter().any(|case| case.kind == kind);
    assert!(told(CaseKind::ForeignRefund), "{:?}", held.cases);
}

/// The bank paid the refund that the channel refused, and afterwards the desk gives the other home's
/// money back. A simulated history found it (seed 20111). The channel tells of it twice.
async fn what_a_bank_paid_explains_nothing_that_the_channel_shows(place: Place) {
    let s = Story::at(place);
    let order = one_refused_one_posted(&s).await;
    let id = &order.payment.payment_id;
    s.run(120).await;
    word(&s, &order, r::Ruling::Bank, None).await;
    let look = s.look(id).await;
    assert_eq!(look.refunds[0].state, r::State::Done);
    assert_eq!(look.refunds[0].by_bank, REFUSED);
    gives_back(&s, &order, "by-hand", GIFT).await;
    s.run(120).await;
    is_foreign(&s, &order, GIFT).await;
    let fact = ChannelFact {
        refunded: Some(GIFT),
        ..ChannelFact::default()
    };
    let again = Observation::channel(s.outside.now(), p::Input::RefundNotOurs, fact);
    two_persons(&s, &order, again).await;
    is_foreign(&s, &order, GIFT).await;
}

/// The desk gave something, and no notice came. Carried out, the ruling asks the channel first. Two persons
/// who know that the gift is another home's name what the bank paid.
async fn a_bank_is_not_believed_while_the_channel_shows_a_gift(place: Place) {
    let s = Story::at(place);
    let order = one_refused_one_posted(&s).await;
    let id = &order.payment.payment_id;
    s.run(120).await;
    gives_silently(&s, &order, GIFT);
    let said = rule(&s, &order, Resolution::RefundedByBank, &[]).await;
    assert_eq!(said, Ruled::Misfit(Misfit::ShownInstead));
    let look = s.look(id).await;
    assert_eq!(look.refunds[0].state, r::State::Blocked);
    assert_eq!(
        (look.payment.shown, look.payment.foreign),
        (GIFT, Fen::ZERO)
    );
    let named = |sum: i64| {
        let amount = Fen::new(sum);
        [Part { line_no: 1, amount }]
    };
    let too_much = named(REFUSED.get() + 1);
    let said = rule(&s, &order, Resolution::RefundedByBank, &too_much).await;
    assert_eq!(said, Ruled::Misfit(Misfit::Sum));
    let of_another = [Part {
        line_no: 2,
        amount: REFUSED,
    }];
    let said = rule(&s, &order, Resolution::RefundedByBank, &of_another).await;
    assert_eq!(said, Ruled::Unmoved);
    let whole = named(REFUSED.get());
    let said = rule(&s, &order, Resolution::RefundedByBank, &whole).await;
    assert_eq!(said, Ruled::Moved);
    let look = s.look(id).await;
    assert_eq!(look.refunds[0].by_bank, REFUSED);
    assert_eq!(look.lines[0].state, l::State::Refunded);
    is_foreign(&s, &order, GIFT).await;
}

async fn a_desk_is_not_believed_before_the_channel_shows_it(place: Place) {
    let s = Story::at(place);
    let order = one_refused_one_posted(&s).await;
    let id = &order.payment.payment_id;
    s.run(120).await;
    for given in [Fen::ZERO, GIFT] {
        gives_silently(&s, &order, given);
        let said = rule(&s, &order, Resolution::RefundedAtDesk, &[]).await;
        assert_eq!(said, Ruled::Misfit(Misfit::NotShown));
        assert_eq!(s.look(id).await.refunds[0].state, r::State::Blocked);
    }
    gives_silently(&s, &order, REFUSED);
    let said = rule(&s, &order, Resolution::RefundedAtDesk, &[]).await;
    assert_eq!(said, Ruled::Moved);
    s.run(120).await;
    let look = s.look(id).await;
    assert_eq!(look.refunds[0].by_bank, Fen::ZERO, "the channel shows it");
    assert_eq!(look.payment.foreign, Fen::ZERO);
    assert_eq!(look.lines[1].state, l::State::Posted);
    assert_eq!(look.payment.state, p::State::Done);
    // What the desk gives from now on is the other home's.
    let all = REFUSED.plus(KEPT).unwrap();
    gives_back(&s, &order, "by-hand", all).await;
    s.run(120).await;
    is_foreign(&s, &order, KEPT).await;
}

/// The word comes before anything told of the gift: it changes nothing, and makes us ask.
async fn a_word_about_the_desk_is_heard_once_the_channel_tells(place: Place) {
    let s = Story::at(place);
    let order = one_refused_one_posted(&s).await;
    let id = &order.payment.payment_id;
    s.run(120).await;
    gives_silently(&s, &order, REFUSED);
    word(&s, &order, r::Ruling::Desk, None).await;
    assert_eq!(s.look(id).await.refunds[0].state, r::State::Blocked);
    s.run(60).await;
    assert_eq!(s.look(id).await.payment.shown, REFUSED, "it was asked");
    word(&s, &order, r::Ruling::Desk, None).await;
    s.run(120).await;
    let look = s.look(id).await;
    assert_eq!(look.refunds[0].state, r::State::Done);
    assert_eq!(look.payment.foreign, Fen::ZERO);
    assert_eq!(look.payment.state, p::State::Done);
}

/// The desk gave a part of it and the bank the rest; what the desk gives beyond that is another home's.
async fn a_bank_may_have_paid_what_the_desk_did_not(place: Place) {
    let s = Story::at(place);
    let order = one_refused_one_posted(&s).await;
    let id = &order.payment.payment_id;
    s.run(120).await;
    let rest = REFUSED.minus(GIFT).unwrap();
    word(&s, &order, r::Ruling::Bank, Some(rest)).await;
    assert_eq!(s.look(id).await.refunds[0].state, r::State::Blocked);
    gives_back(&s, &order, "by-hand", GIFT).await;
    s.run(120).await;
    word(&s, &order, r::Ruling::Bank, Some(rest)).await;
    let look = s.look(id).await;
    assert_eq!(look.refunds[0].state, r::State::Done);
    assert_eq!(look.refunds[0].by_bank, rest);
    assert_eq!(look.payment.foreign, Fen::ZERO);
    gives_back(&s, &order, "by-hand", REFUSED).await;
    s.run(120).await;
    is_foreign(&s, &order, rest).await;
}

/// Agreed to before it was asked which way the money went: it is proposed anew.
async fn an_old_word_about_a_hand_moves_nothing(place: Place) {
    let s = Story::at(place);
    let order = one_refused_one_posted(&s).await;
    s.run(120).await;
    let said = rule(&s, &order, Resolution::RefundedByHand, &[]).await;
    assert_eq!(said, Ruled::Unmoved);
    let look = s.look(&order.payment.payment_id).await;
    assert_eq!(look.refunds[0].state, r::State::Blocked);
    assert_eq!(look.payment.refunded, Fen::ZERO);
}
