//! The same backup is put back twice (money.md 2.9): its second life knows nothing of the first, and would
//! give the numbers of the first again. What people paid in between is found all the same.

use std::sync::Arc;

use lifeline_core::audit::Line;
use lifeline_core::audit::chain::Chain;
use lifeline_core::payments::Standing;
use lifeline_core::payments::recovery::lost::State;
use lifeline_core::payments::recovery::{RecoveryError, Seen};
use lifeline_core::shared::time::{Clock as _, Day};

use crate::restored::{Restored, bill, ordered, restore, room_on, served};
use crate::store::Place;
use crate::stories;
use crate::story::Story;

stories! {
    interleaving_09_a_copy_put_back_twice_loses_nothing_of_its_first_life;
    interleaving_09_a_refund_of_a_lost_life_tells_its_epoch;
    interleaving_09_another_sellers_number_is_named_and_passed_over;
    interleaving_09_an_older_copy_is_known_by_how_far_the_store_went;
}

async fn interleaving_09_a_copy_put_back_twice_loses_nothing_of_its_first_life(place: Place) {
    let s = Story::at(place);
    ordered(&s, 1).await;
    let once = s.place.copy().await;
    let untouched = once.restored().await;
    let twice = untouched.copy().await;
    untouched.store.close().await.unwrap();

    let first = restore(&s, once).await;
    first.gathers().await;
    first.ends().await;
    let credited = ordered(&first.s, 2).await;
    assert!(credited.number.starts_with("t1"), "{}", credited.number);
    first.s.pays(&credited.number).await;
    assert_eq!(first.s.standing(&credited.id).await, Standing::Posted);
    first.s.outside.silence(&["post", "get", "fence"]);
    let owed = ordered(&first.s, 3).await;
    first.s.pays(&owed.number).await;
    first.s.outside.speak();

    // The epoch is the one of the first life: the bill says so, and nothing of it is passed over.
    let place = twice.restored().await;
    let room = room_on(&place, &first.s);
    let begun = room.begin("chen").await.unwrap();
    assert_eq!(begun.epoch, 1);
    let today = Day::of(first.s.outside.now());
    let refused = room.read(&bill(&first.s, today), &[], "chen").await;
    assert!(
        matches!(refused, Err(RecoveryError::EpochUsed(1, _))),
        "{refused:?}"
    );
    let anew = room.begin_above("chen", Some(1)).await.unwrap();
    assert_eq!((anew.epoch, anew.since), (2, begun.since));
    let open = room.begin_above("chen", Some(1)).await;
    assert!(matches!(open, Err(RecoveryError::Open(2))), "{open:?}");

    let s = served(place, &first.s, "t2");
    let copy = twice;
    let second = Restored { s, room, copy };
    second.gathers().await;
    assert_eq!(second.lost(&credited.number).await, State::Accounted);
    second.ends().await;
    assert_eq!(second.lost(&owed.number).await, State::Returned);
    let refunds = second
        .s
        .outside
        .with(|world| world.trades[&owed.number].refunds.clone());
    assert_eq!(refunds.len(), 1, "{refunds:?}");
    assert!(refunds.keys().all(|number| number.starts_with("t2")));
    second.over().await;
    first.copy.discard(first.s.place).await;
}

/// Nobody paid anew in it: only a refund of an older order carries its epoch.
async fn interleaving_09_a_refund_of_a_lost_life_tells_its_epoch(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, 1).await;
    let copy = s.place.copy().await;
    s.pays(&order.number).await;
    let r = restore(&s, copy).await;
    let mut statement = bill(&r.s, Day::of(r.s.outside.now()));
    let paid = statement.rows.iter().find(|row| row.refund.is_none());
    let mut refunded = paid.unwrap().clone();
    refunded.out_trade_no.clone_from(&order.number);
    refunded.refund = Some("t4ABCDEFGHIJKLMNOPQRSTUV".to_owned());
    statement.rows.push(refunded);
    let refused = r.room.read(&statement, &[], "chen").await;
    assert!(
        matches!(refused, Err(RecoveryError::EpochUsed(4, _))),
        "{refused:?}"
    );
    let anew = r.room.begin_above("chen", Some(4)).await.unwrap();
    assert_eq!(anew.epoch, 5);
    r.room.read(&statement, &[], "chen").await.unwrap();
    r.copy.discard(r.s.place).await;
}

/// Another system sells through the same account, and its numbers read as ours.
async fn interleaving_09_another_sellers_number_is_named_and_passed_over(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, 1).await;
    let copy = s.place.copy().await;
    s.pays(&order.number).await;
    let r = restore(&s, copy).await;
    let mut statement = bill(&r.s, Day::of(r.s.outside.now()));
    let plain = r.room.read(&statement, &[], "chen").await.unwrap();
    let paid = statement.rows.iter().find(|row| row.refund.is_none());
    let paid = paid.unwrap().clone();
    // A date and a count, of whatever epoch, are nobody's of ours.
    for theirs in ["t02026112200001234567890", "t92026112200001234567890"] {
        let mut row = paid.clone();
        row.out_trade_no = theirs.to_owned();
        statement.rows.push(row);
    }
    let dated = r.room.read(&statement, &[], "chen").await.unwrap();
    assert_eq!((dated.rows, dated.ours), (plain.rows + 2, plain.ours));
    let foreign = ["t0SHOPabcdefghijklmnopqr", "tzSHOPabcdefghijklmnopqr"].map(str::to_owned);
    for theirs in &foreign {
        let mut row = paid.clone();
        row.out_trade_no.clone_from(theirs);
        statement.rows.push(row);
    }
    let refused = r.room.read(&statement, &[], "chen").await;
    let Err(RecoveryError::EpochUsed(61, named)) = &refused else {
        panic!("{refused:?}");
    };
    assert_eq!(*named, foreign[1]);
    let read = r.room.read(&statement, &foreign, "chen").await.unwrap();
    assert_eq!((read.rows, read.ours), (plain.rows + 4, plain.ours));
    // What the store knows is nobody else's.
    let own = [order.number.clone()];
    let refused = r.room.read(&statement, &own, "chen").await;
    assert!(
        matches!(refused, Err(RecoveryError::Ours(_))),
        "{refused:?}"
    );
    r.copy.discard(r.s.place).await;
}

/// A copy that is served without a recovery is known by what any node saw of the store it stands for.
async fn interleaving_09_an_older_copy_is_known_by_how_far_the_store_went(place: Place) {
    let s = Story::at(place);
    let linked = async |place: &Place| {
        let clock = Arc::new(s.outside.clone());
        let chain = Chain::new(place.store.clone(), clock.clone(), clock);
        chain.link().await.unwrap();
        Seen::of(&*place.store).await.unwrap()
    };
    let missing =
        async |seen: &Seen, place: &Place| seen.is_missing_in(&*place.store).await.unwrap();
    let nothing = Seen::of(&*s.place.store).await.unwrap();
    assert_eq!((nothing.epoch, nothing.place), (0, 0));
    let order = ordered(&s, 1).await;
    let before = linked(&s.place).await;
    assert!(before.place > 0);
    let copy = s.place.copy().await;
    s.pays(&order.number).await;
    let seen = linked(&s.place).await;
    assert!(seen.place > before.place);
    for earlier in [&nothing, &before, &seen] {
        assert!(!missing(earlier, &s.place).await, "it went on from there");
    }

    let back = copy.restored().await;
    assert!(!missing(&before, &back).await, "so far the copy goes");
    assert!(missing(&seen, &back).await);
    // It is served all the same, and goes as far, another way.
    let room = room_on(&back, &s);
    let line = |n: i64| Line {
        audit_id: format!("line-{n:03}"),
        at: s.outside.now(),
        actor: "staff:1".to_owned(),
        act: "payments.create".to_owned(),
        subject: "P1".to_owned(),
        outcome: "ok".to_owned(),
        source: String::new(),
        trace_id: "trace".to_owned(),
    };
    for n in before.place..=seen.place {
        let line = line(n);
        back.write(async |tx| tx.audit().append(&line).await).await;
    }
    assert!(linked(&back).await.place > seen.place);
    assert!(
        missing(&seen, &back).await,
        "not the links it was seen with"
    );
    // Begun above the epoch that was seen, its recovery says so itself; one of no higher epoch does not.
    room.begin("chen").await.unwrap();
    assert!(!missing(&seen, &back).await);
    let later = Seen { epoch: 4, ..seen };
    assert!(missing(&later, &back).await);
    room.begin_above("chen", Some(later.epoch)).await.unwrap();
    assert!(!missing(&later, &back).await);
    copy.discard(back).await;
}
