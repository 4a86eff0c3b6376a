//! A home whose bill is being verified: its debt cannot be ordered meanwhile, on no way and by nobody,
//! and can be as soon as the case has let it go (EC-07).

use lifeline_core::billing::hold::{hold_in, let_go_in};
use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::payments::PaymentError;
use lifeline_core::shared::ids::CaseId;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Clock as _;

use crate::books::{HOME, maker};
use crate::store::Place;
use crate::stories;
use crate::story::{Story, arrears, top_up};

stories! {
    ec_07_nothing_is_ordered_for_a_bill_that_is_being_verified;
}

async fn hold(s: &Story) -> CaseId {
    let case = Case {
        case_id: maker(&s.outside).id(),
        kind: CaseKind::BillFlagged,
        cause: "bill:1".into(),
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
