//! A home whose bill is being verified: its debt cannot be ordered meanwhile, on no way and by nobody,
//! and can be as soon as the case has let it go (EC-07). And a person who is not to pay any more (EC-21).

use lifeline_core::billing::hold::{hold_in, let_go_in};
use lifeline_core::cases::four_eyes::ProposalState;
use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::customers::functions::{BankFunction, FunctionProposal, Move, Wanted};
use lifeline_core::payments::{PaymentError, Standing, table_p as p};
use lifeline_core::shared::ids::CaseId;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Clock as _;

use crate::books::{HOME, maker};
use crate::cashier::ticket;
use crate::store::Place;
use crate::stories;
use crate::story::{Payer, Story, arrears, top_up};

stories! {
    ec_07_nothing_is_ordered_for_a_bill_that_is_being_verified;
    ec_07_an_open_order_does_not_stay_payable_once_its_bill_is_doubted;
    ec_07_an_order_that_was_paid_first_is_paid;
    ec_21_an_open_order_does_not_stay_payable_once_its_payer_is_not_to_pay;
}

async fn hold(s: &Story) -> CaseId {
    held(s, "bill:1").await
}

async fn hold_again(s: &Story) -> CaseId {
    held(s, "bill:2").await
}

async fn held(s: &Story, cause: &str) -> CaseId {
    let case = Case {
        case_id: maker(&s.outside).id(),
        kind: CaseKind::BillFlagged,
        cause: cause.into(),
        subject: "b".into(),
        facts: "{}".into(),
        opened_at: s.outside.now(),
        trace_id: "trace".into(),
        closed_at: None,
    };
    let (home, now) = (ConsumerNo::parse(HOME).unwrap(), s.outside.now());
    s.place
        .write(async |tx| {
            assert!(tx.cases().open(&case).await?);
            assert!(hold_in(tx, &home, &case.case_id, now).await?);
            Ok(())
        })
        .await;
    case.case_id
}

async fn ec_07_nothing_is_ordered_for_a_bill_that_is_being_verified(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let (li, wang) = (s.person("li").await, s.person("wang").await);
    let case = hold(&s).await;
    for (payer, wish) in [
        (&li, arrears("key-1", 12_840, "v1")),
        (&li, arrears("key-2", 12_840, "v1").by_browser()),
        (&wang, arrears("key-3", 12_840, "v1")),
    ] {
        let refused = s.ask(payer, &wish).await;
        assert!(
            matches!(refused, Err(PaymentError::BillHeld)),
            "{refused:?}"
        );
    }
    assert_eq!(s.outside.count("create"), 0, "the channel heard of nothing");
    // Money kept for later pays no bill.
    s.order(&wang, &top_up("key-4", 5_000)).await;
    s.place
        .write(async |tx| {
            assert!(let_go_in(tx, &case).await?);
            Ok(())
        })
        .await;
    // The refusal was not kept as the key's answer.
    s.order(&li, &arrears("key-1", 12_840, "v1")).await;
}

/// Given up by whoever flags the bill, and by the sweeper when that was cut short.
async fn ec_07_an_open_order_does_not_stay_payable_once_its_bill_is_doubted(place: Place) {
    let s = Story::at(place);
    let home = ConsumerNo::parse(HOME).unwrap();
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    let left = s.app.give_up_doubted(&home, "staff:a").await.unwrap();
    assert_eq!(left, None, "nothing is doubted");
    assert!(s.look(&order.id).await.payment.state != p::State::Closed);
    let case = hold(&s).await;
    let left = s.app.give_up_doubted(&home, "staff:a").await.unwrap();
    assert_eq!(left.as_ref(), Some(&order.id));
    s.run_long(30).await;
    assert_eq!(s.standing(&order.id).await, Standing::Closed);
    assert!(
        !s.outside.pay(&order.number),
        "a closed trade takes no money"
    );
    s.place
        .write(async |tx| tx.billing().let_go(&case).await)
        .await;
    // The next one is open when the flag is written and the process ends there: its turn does it.
    let order = s.order(&li, &arrears("key-2", 12_840, "v1")).await;
    let case = hold_again(&s).await;
    s.run_long(120).await;
    assert_eq!(s.standing(&order.id).await, Standing::Closed);
    assert!(!s.outside.pay(&order.number));
    s.place
        .write(async |tx| tx.billing().let_go(&case).await)
        .await;
    s.order(&li, &arrears("key-3", 12_840, "v1")).await;
}

/// Never blind: what the channel took is taken, whatever anybody wanted.
async fn ec_07_an_order_that_was_paid_first_is_paid(place: Place) {
    let s = Story::at(place);
    let home = ConsumerNo::parse(HOME).unwrap();
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    assert!(s.outside.pay(&order.number));
    hold(&s).await;
    let left = s.app.give_up_doubted(&home, "staff:a").await.unwrap();
    assert_eq!(left.as_ref(), Some(&order.id));
    s.run_long(600).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    s.books_agree().await;
}

/// Two of the staff suspend paying for somebody.
async fn suspend(s: &Story, payer: &Payer) {
    let now = s.outside.now();
    let decided = FunctionProposal {
        proposal_id: maker(&s.outside).uuid(),
        what: Move {
            account_id: payer.account().clone(),
            function: BankFunction::Pay,
            wanted: Wanted::Suspended,
        },
        reason: "asked for at the counter".into(),
        proposed_by: "staff:a".into(),
        proposed_at: now,
        state: ProposalState::Approved,
        decided_by: Some("staff:b".into()),
        decided_at: Some(now),
    };
    s.place
        .write(async |tx| tx.customers().suspend(&decided, now).await)
        .await;
}

/// Given up by whoever suspends, and by the sweeper when that was cut short; a link that waits leads nowhere, another
/// person pays on, and what was paid is paid.
async fn ec_21_an_open_order_does_not_stay_payable_once_its_payer_is_not_to_pay(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let (li, wang) = (s.person("li").await, s.person("wang").await);
    let paid = s.order(&li, &top_up("key-0", 1_000)).await;
    let linked = s
        .order(&li, &arrears("key-1", 12_840, "v1").by_browser())
        .await;
    let theirs = s.order(&wang, &top_up("key-2", 2_000)).await;
    let ticket = ticket(&s, &linked).await;
    let left = s.app.give_up_suspended(li.account(), "staff:b").await;
    assert!(left.unwrap().is_empty(), "nobody suspended anything");
    suspend(&s, &li).await;
    let opened = s.app.open_ticket(&ticket, &li.session).await;
    assert!(
        matches!(opened, Err(PaymentError::TicketGone)),
        "{opened:?}"
    );
    assert!(s.outside.pay(&paid.number));
    let left = s.app.give_up_suspended(li.account(), "staff:b").await;
    let mut left = left.unwrap();
    left.sort();
    let mut open = vec![paid.id.clone(), linked.id.clone()];
    open.sort();
    assert_eq!(left, open);
    assert_eq!(s.standing(&linked.id).await, Standing::Closed);
    s.pays(&theirs.number).await;
    s.run_long(600).await;
    assert_eq!(s.standing(&paid.id).await, Standing::Posted);
    assert_eq!(s.standing(&theirs.id).await, Standing::Posted);
    // Ordered in the moment before: its turn does it.
    let late = s.order(&li, &arrears("key-3", 12_840, "v1")).await;
    s.run_long(120).await;
    assert_eq!(s.standing(&late.id).await, Standing::Closed);
    assert!(!s.outside.pay(&late.number));
    s.square();
}
