//! A part of a posted line goes back (money.md b7): the line is split, the rest stays credited, and
//! never more goes back than was paid, whatever is lost, repeated or done at once.

use lifeline_core::cases::decision::{Ending, Part, Proposal, Resolution};
use lifeline_core::cases::four_eyes::ProposalState;
use lifeline_core::payments::order::Order;
use lifeline_core::payments::ports::{PostingReply, VoucherReply};
use lifeline_core::payments::rulings::Ruled;
use lifeline_core::payments::{Policy, Standing, reading, table_l as l};
use lifeline_core::shared::ids::{CaseId, Maker, PaymentId};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::Retriable as _;
use tokio::task::JoinSet;

use crate::books::{AMOUNT, maker};
use crate::crashes::dropped_after;
use crate::outside::{Credit, Fault, NoticeText, raw};
use crate::refunds::{posted, want_refund};
use crate::store::{EngineKind, Place};
use crate::stories;
use crate::story::{Ordered, Story, trusting};

stories! {
    b7_a_part_goes_back_and_the_rest_stays_credited;
    b7_a_decision_carried_out_twice_splits_once;
    b6_a_whole_payment_taken_back_twice_is_carried_out_and_goes_back_once;
    b7_what_the_line_does_not_hold_moves_nothing;
    b7_the_rest_of_a_split_line_is_never_reversed;
    b7_a_refused_part_stays_credited_and_may_be_claimed_again;
    b7_lost_answers_give_a_part_back_once;
    b7_sixty_four_at_once_never_take_more_than_was_paid;
    b7_a_sweeper_dropped_anywhere_gives_a_part_back_once;
    b7_what_went_back_at_the_desk_is_taken_from_marketing_only;
    b7_a_part_of_a_part_is_taken_from_the_same_posting;
    b7_a_cause_splits_once_by_the_schema_too;
}

fn decided(id: &str, parts: &str) -> Proposal {
    let now = crate::store::start();
    Proposal {
        proposal_id: id.to_owned(),
        what: Ending {
            case_id: CaseId::parse("019aa2f0-0000-7000-8000-000000000001").unwrap(),
            resolution: Resolution::TakeBackPart,
            parts: Part::parse_all(parts).unwrap(),
        },
        reason: "paid for another".to_owned(),
        proposed_by: "staff:a".to_owned(),
        proposed_at: now,
        state: ProposalState::Approved,
        decided_by: Some("staff:b".to_owned()),
        decided_at: Some(now),
    }
}

async fn take_back(s: &Story, id: &PaymentId, proposal: &str, parts: &str) -> Ruled {
    let decided = decided(proposal, parts);
    s.app.rule(id, &decided, "staff:b", "trace").await.unwrap()
}

fn states(order: &Order) -> Vec<(l::State, i64)> {
    let lines = order.lines.iter();
    lines.map(|line| (line.state, line.amount.get())).collect()
}

/// Everything outside and here says: so much went back, the rest is credited.
async fn gone_back(s: &Story, order: &Ordered, fen: i64) {
    let (taken, refunded) = s.outside.with(|world| {
        let posting = format!("{}_1_1", order.number);
        let trade = &world.trades[&order.number];
        (world.taken_from(&posting), trade.refunded())
    });
    assert_eq!((taken, refunded), (Fen::new(fen), Fen::new(fen)));
    let look = s.look(&order.id).await;
    assert_eq!(look.payment.refunded, refunded);
    let shown = look.refund_views();
    let shown = Fen::sum(shown.iter().map(|refund| refund.amount)).unwrap();
    assert_eq!(shown, refunded, "as the household sees it");
    s.square();
    s.books_agree().await;
}

async fn b7_a_part_goes_back_and_the_rest_stays_credited(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    s.outside.with(|world| {
        let pending = [VoucherReply::Pending, VoucherReply::Pending];
        world.voucher_replies.extend(pending);
    });
    assert_eq!(
        take_back(&s, &order.id, "p1", "1=50.01").await,
        Ruled::Moved
    );
    s.sweep().await;
    let look = s.look(&order.id).await;
    assert_eq!(
        states(&look),
        [(l::State::Posted, 7_839), (l::State::MktRefund, 5_001)]
    );
    assert_eq!(look.standing(), Standing::Refunding);
    assert_eq!(s.outside.count("refund"), 0, "not before marketing let go");
    s.run(120).await;
    let held = s.place.held(&order.id).await;
    assert_eq!(
        states(&held.order),
        [(l::State::Posted, 7_839), (l::State::Refunded, 5_001)]
    );
    assert_eq!(
        s.outside.count("reverse"),
        0,
        "marketing reverses whole postings"
    );
    assert_eq!(held.order.standing(), Standing::PartlyRefunded);
    let [home] = &held.order.home_views()[..] else {
        panic!("one home, whatever its line was split into");
    };
    assert_eq!(
        (home.amount, home.standing),
        (AMOUNT, Standing::PartlyRefunded)
    );
    assert_eq!(
        held.order.refund_views()[0].binding_id.as_ref(),
        Some(&home.binding_id)
    );
    let facts: Vec<_> = held.entries.iter().map(|entry| entry.fact()).collect();
    let of = |kind: &str| facts.iter().filter(|fact| fact.starts_with(kind)).count();
    assert_eq!(
        [
            of("paid:"),
            of("posted:"),
            of("reversed:"),
            of("due:"),
            of("refund:")
        ],
        [1; 5],
        "{facts:?}"
    );
    assert!(held.cases.is_empty(), "{:?}", held.cases);
    let told = s.place.events(s.outside.now()).await;
    let told = told.iter().find(|(kind, _)| kind == "payments.refunded");
    let told: serde_json::Value = serde_json::from_str(&told.unwrap().1).unwrap();
    assert_eq!(
        (told["amount_fen"].as_i64(), told["line_no"].as_i64()),
        (Some(5_001), Some(1))
    );
    gone_back(&s, &order, 5_001).await;
}

async fn b7_a_decision_carried_out_twice_splits_once(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    for _ in 0..3 {
        assert_eq!(
            take_back(&s, &order.id, "p1", "1=64.20").await,
            Ruled::Moved
        );
        s.run(30).await;
    }
    gone_back(&s, &order, 6_420).await;
    // Another decision is another part, also of the same sum.
    assert_eq!(
        take_back(&s, &order.id, "p2", "1=60.00").await,
        Ruled::Moved
    );
    s.run(60).await;
    gone_back(&s, &order, 12_420).await;
}

/// The gateway died before anybody noted that the decision was carried out: the case can be closed all the same.
async fn b6_a_whole_payment_taken_back_twice_is_carried_out_and_goes_back_once(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    let mut decided = decided("p1", "");
    decided.what.resolution = Resolution::TakeBack;
    for _ in 0..3 {
        let ruled = s.app.rule(&order.id, &decided, "staff:b", "trace").await;
        assert_eq!(ruled.unwrap(), Ruled::Moved);
        s.run(60).await;
    }
    assert_eq!(s.outside.count("reverse"), 1);
    assert_eq!(s.outside.count("refund"), 1);
    let look = s.look(&order.id).await;
    assert_eq!(states(&look), [(l::State::Refunded, 12_840)]);
    s.square();
    s.books_agree().await;
}

async fn b7_what_the_line_does_not_hold_moves_nothing(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    for parts in ["1=128.41", "2=1.00", "1=1.00 2=1.00"] {
        assert_eq!(
            take_back(&s, &order.id, parts, parts).await,
            Ruled::Unmoved,
            "{parts}"
        );
    }
    s.run(60).await;
    gone_back(&s, &order, 0).await;
    // All of it is no part: the whole line goes, on the same date by a reversal.
    assert_eq!(
        take_back(&s, &order.id, "all", "1=128.40").await,
        Ruled::Moved
    );
    s.run(60).await;
    assert_eq!(s.outside.count("reverse"), 1);
    let look = s.look(&order.id).await;
    assert_eq!(states(&look), [(l::State::Refunded, 12_840)]);
    assert_eq!(
        take_back(&s, &order.id, "more", "1=0.01").await,
        Ruled::Unmoved
    );
    s.square();
    s.books_agree().await;
}

/// Marketing shows the one posting as it was made, and that is still ours; but it has vouchers now, so
/// what is left of it goes back by another.
async fn b7_the_rest_of_a_split_line_is_never_reversed(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    take_back(&s, &order.id, "p1", "1=28.40").await;
    s.run(60).await;
    let look = s.look(&order.id).await;
    let shown = s.outside.with(|world| {
        let Credit::Posted(line) = &world.credits[&look.lines[0].channel_txn_no] else {
            panic!("it was posted");
        };
        line.clone()
    });
    let reply = Ok(PostingReply::Posted(shown));
    let seen = reading::of_posting(&look, &look.lines[0], reply, s.outside.now());
    s.app
        .observe(&order.id, vec![seen], "marketing", "trace")
        .await
        .unwrap();
    assert!(s.place.held(&order.id).await.cases.is_empty());
    want_refund(&s, &order.id).await;
    s.run(60).await;
    assert_eq!(s.outside.count("reverse"), 0);
    assert_eq!(s.standing(&order.id).await, Standing::Refunded);
    gone_back(&s, &order, 12_840).await;
}

async fn b7_a_refused_part_stays_credited_and_may_be_claimed_again(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    s.outside
        .with(|world| world.voucher_replies.push_back(VoucherReply::Refused));
    take_back(&s, &order.id, "p1", "1=50.00").await;
    s.run(60).await;
    let look = s.look(&order.id).await;
    assert_eq!(look.standing(), Standing::Posted);
    assert_eq!(look.home_views()[0].standing, Standing::Posted);
    gone_back(&s, &order, 0).await;
    // The part is a line of its own now; the whole of it is asked for under the next number.
    assert_eq!(
        take_back(&s, &order.id, "p2", "2=50.00").await,
        Ruled::Moved
    );
    s.run(60).await;
    assert_eq!(s.outside.count("reverse"), 0);
    gone_back(&s, &order, 5_000).await;
}

async fn b7_lost_answers_give_a_part_back_once(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    for fault in [
        Fault::AfterCommit,
        Fault::Before,
        Fault::NotSent,
        Fault::AfterCommit,
    ] {
        s.outside.fault("voucher", fault);
    }
    s.outside.fault("refund", Fault::Before);
    s.outside.fault("refund", Fault::AfterCommit);
    s.outside.fault("query_refund", Fault::Before);
    take_back(&s, &order.id, "p1", "1=50.00").await;
    s.run_long(6 * 3600).await;
    let numbers = s.outside.with(|world| {
        let calls = world.calls.iter().filter(|(name, _)| *name == "voucher");
        let numbers: std::collections::BTreeSet<_> = calls.map(|(_, no)| no.clone()).collect();
        numbers.len()
    });
    assert_eq!(numbers, 1, "one voucher, however often it is asked for");
    gone_back(&s, &order, 5_000).await;
}

/// 64 decisions over two processes, each about 3 yuan of 128.40: 42 of them fit.
async fn b7_sixty_four_at_once_never_take_more_than_was_paid(place: Place) {
    let policy = Policy {
        brake_count: 1_000,
        brake_sum: Fen::new(10_000_000),
        ..trusting()
    };
    let s = Story::with_policy(place, policy);
    let other = s.another_process().await;
    let order = posted(&s).await;
    let mut hands = JoinSet::new();
    for n in 0..64 {
        let story = if n % 2 == 0 { s.clone() } else { other.clone() };
        let id = order.id.clone();
        hands.spawn(async move {
            let decided = decided(&format!("p{n}"), "1=3.00");
            for _ in 0..500 {
                match story.app.rule(&id, &decided, "staff:b", "trace").await {
                    Ok(ruled) => return ruled,
                    Err(error) => assert!(error.is_conflict(), "{error:?}"),
                }
            }
            panic!("never got through");
        });
    }
    let ruled = hands.join_all().await;
    let parts = ruled.iter().filter(|ruled| **ruled == Ruled::Moved).count();
    assert!(parts >= 42, "{parts}");
    let look = s.look(&order.id).await;
    assert_eq!(look.lines.len(), 43, "{:?}", states(&look));
    s.run(600).await;
    gone_back(&s, &order, 12_600).await;
    other.place.store.close().await.unwrap();
}

async fn b7_a_sweeper_dropped_anywhere_gives_a_part_back_once(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    let decision = decided("p1", "1=50.00");
    for polls in 1..200 {
        let ruling = s.app.rule(&order.id, &decision, "staff:b", "trace");
        let ruled = dropped_after(polls, Box::pin(ruling)).await;
        let _dropped = dropped_after(polls, Box::pin(s.app.sweep())).await;
        s.outside.advance(31);
        let look = s.look(&order.id).await;
        assert!(look.lines.len() <= 2, "after {polls} polls");
        if ruled.is_some() && look.lines.iter().all(|line| line.state.is_final()) {
            break;
        }
    }
    s.run_long(6 * 3600).await;
    gone_back(&s, &order, 5_000).await;
}

/// A part was given back by hand at the merchant's desk: two persons take just that part from the home.
async fn b7_what_went_back_at_the_desk_is_taken_from_marketing_only(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    s.outside.with(|world| {
        let trade = world.trades.get_mut(&order.number).unwrap();
        trade.refunds.insert("by-hand".to_owned(), Fen::new(4_000));
    });
    let mut text: NoticeText =
        serde_json::from_slice(&s.outside.notice("n-desk", &order.number)).unwrap();
    text.refunded = 4_000;
    let notice = s.app.receive(&raw(&text), "trace").await.unwrap();
    s.app.work_notice(&notice).await.unwrap();
    s.sweep().await;
    assert_eq!(
        take_back(&s, &order.id, "p1", "1=40.00").await,
        Ruled::Moved
    );
    s.run(120).await;
    let look = s.look(&order.id).await;
    assert_eq!(s.outside.count("refund"), 0, "the money went back already");
    assert_eq!(look.standing(), Standing::PartlyRefunded);
    assert_eq!(
        states(&look),
        [(l::State::Posted, 8_840), (l::State::Refunded, 4_000)]
    );
    assert_eq!(look.payment.foreign_used, Fen::new(4_000));
    s.square();
    s.books_agree().await;
}

async fn b7_a_part_of_a_part_is_taken_from_the_same_posting(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    s.outside
        .with(|world| world.voucher_replies.push_back(VoucherReply::Refused));
    take_back(&s, &order.id, "p1", "1=50.00").await;
    s.run(60).await;
    assert_eq!(
        take_back(&s, &order.id, "p2", "2=20.00").await,
        Ruled::Moved
    );
    s.run(60).await;
    let look = s.look(&order.id).await;
    assert_eq!(
        states(&look),
        [
            (l::State::Posted, 7_840),
            (l::State::Posted, 3_000),
            (l::State::Refunded, 2_000)
        ]
    );
    assert_eq!(look.posted_sum(&look.lines[2]).unwrap(), AMOUNT);
    gone_back(&s, &order, 2_000).await;
}

async fn b7_a_cause_splits_once_by_the_schema_too(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    take_back(&s, &order.id, "p1", "1=50.00").await;
    take_back(&s, &order.id, "p2", "1=10.00").await;
    assert_eq!(s.look(&order.id).await.lines.len(), 3);
    let make: Maker<'_> = maker(&s.outside);
    for broken in [
        "UPDATE payment_line SET part_cause = 'p1:1' WHERE part_cause = 'p2:1'".to_owned(),
        "UPDATE payment_line SET part_cause = NULL WHERE part_cause = 'p2:1'".to_owned(),
        format!(
            "UPDATE payment_line SET part_of = '{}' WHERE part_cause = 'p2:1'",
            make.uuid()
        ),
    ] {
        // SQLite asks for the last of these only where foreign keys are on.
        let broken = format!(
            "{}{broken}",
            if matches!(s.place.kind, EngineKind::Sqlite) {
                "PRAGMA foreign_keys = ON; "
            } else {
                ""
            }
        );
        assert!(s.place.raw(&broken).await.is_err(), "{broken}");
    }
}
