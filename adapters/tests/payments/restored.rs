//! A backup is put back while channel and marketing know more than it does (money.md 2.9): nothing is
//! sent until their books were read; afterwards no fen is lost and none moved twice.

use std::sync::Arc;

use lifeline_core::payments::recovery::lost::State;
use lifeline_core::payments::recovery::{
    RecoveryError, RecoveryRoom, Standing as RecoveryStanding, Statement, StatementRow,
};
use lifeline_core::payments::{PaymentError, Policy, Standing, numbers};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::{Clock as _, Day};
use lifeline_core::store::snapshot;

use crate::books::payments;
use crate::copies::Copy;
use crate::outside::Fault;
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, arrears, top_up, trusting};

stories! {
    interleaving_09_a_restored_copy_loses_and_doubles_nothing;
    interleaving_09_numbers_that_went_on_after_the_copy_are_taken_up;
    interleaving_09_refunds_the_copy_does_not_know_are_not_made_again;
    interleaving_09_a_lost_trade_is_paid_back_once;
    interleaving_09_a_recovery_ends_by_another_person_and_complete;
    interleaving_09_a_late_notice_of_a_forgotten_order_is_paid_back;
    interleaving_09_what_no_books_explain_is_held;
}

const SENDS: [&str; 7] = [
    "create", "close", "refund", "post", "fence", "reverse", "voucher",
];

/// A home of its own for each person, so that their debts are apart.
pub(crate) fn home(at: usize) -> String {
    format!("15000000{at:05}")
}

pub(crate) struct Restored {
    pub(crate) s: Story,
    pub(crate) room: RecoveryRoom,
    pub(crate) copy: Copy,
}

pub(crate) async fn ordered(s: &Story, at: usize) -> Ordered {
    let home = home(at);
    s.outside.owes(&home, 12_840, "v1");
    let payer = s.person_of(&format!("payer-{at}"), &home).await;
    let wish = arrears(&format!("key-of-{at}"), 12_840, "v1");
    s.order(&payer, &wish).await
}

/// The copy takes the place of the store; everything outside stays as it is.
pub(crate) async fn restore(s: &Story, copy: Copy) -> Restored {
    let place = copy.restored().await;
    let room = room_on(&place, s);
    room.begin("chen").await.unwrap();
    let s = served(place, s, "t1");
    Restored { s, room, copy }
}

pub(crate) fn room_on(place: &Place, s: &Story) -> RecoveryRoom {
    RecoveryRoom {
        store: place.store.clone(),
        clock: Arc::new(s.outside.clone()),
        entropy: Arc::new(s.outside.clone()),
        environment: 't',
        epoch_max: numbers::EPOCH_MAX,
    }
}

/// A node on the store that was put back, whose numbers begin like this.
pub(crate) fn served(place: Place, s: &Story, prefix: &str) -> Story {
    let policy = Policy {
        number_prefix: prefix.to_owned(),
        ..trusting()
    };
    let app = payments(&place, &s.outside, policy);
    Story {
        place,
        outside: s.outside.clone(),
        app,
    }
}

pub(crate) fn bill(s: &Story, day: Day) -> Statement {
    let rows = s.outside.with(|world| {
        let mut rows = Vec::new();
        for (number, trade) in &world.trades {
            let Some(paid_at) = trade.paid_at.filter(|at| Day::of(*at) == day) else {
                continue;
            };
            let row = |amount, refund: Option<&String>| StatementRow {
                trade_no: trade.trade_no.clone(),
                out_trade_no: number.clone(),
                amount,
                completed_at: paid_at,
                refund: refund.cloned(),
            };
            rows.push(row(trade.total, None));
            let refunds = trade.refunds.iter();
            rows.extend(refunds.map(|(request, amount)| row(*amount, Some(request))));
        }
        rows.push(StatementRow {
            trade_no: "T-counter".into(),
            out_trade_no: "SHOP-1".into(),
            amount: Fen::new(999),
            completed_at: day.start(),
            refund: None,
        });
        rows
    });
    Statement {
        day,
        digest: format!("digest-of-{day}"),
        rows,
    }
}

impl Restored {
    pub(crate) async fn standing(&self) -> RecoveryStanding {
        self.room.standing().await.unwrap().unwrap()
    }

    pub(crate) async fn read_all(&self) {
        for (day, _) in self.standing().await.days {
            let read = self
                .room
                .read(&bill(&self.s, day), &[], "chen")
                .await
                .unwrap();
            assert!(
                read.ours < read.rows,
                "the counter's sale is nobody's order"
            );
        }
    }

    pub(crate) fn sent(&self) -> usize {
        SENDS.iter().map(|name| self.s.outside.count(name)).sum()
    }

    /// Bills are read and everything is looked at; nothing leaves meanwhile.
    pub(crate) async fn gathers(&self) {
        let before = self.sent();
        self.read_all().await;
        self.s.run(120).await;
        assert_eq!(
            self.sent(),
            before,
            "something was sent during the recovery"
        );
        assert_eq!(self.standing().await.lacks, Vec::<String>::new());
    }

    pub(crate) async fn ends(&self) {
        self.room.end("wu", "minutes of 21 November").await.unwrap();
        self.s.run(300).await;
        self.s.run_long(2 * 86_400).await;
    }

    pub(crate) async fn lost(&self, number: &str) -> State {
        let mut view = snapshot(&*self.s.place.store).await.unwrap();
        view.recovery().lost(number).await.unwrap().unwrap().state
    }

    pub(crate) async fn over(self) {
        self.s.square();
        self.s.books_agree().await;
        self.copy.discard(self.s.place).await;
    }
}

async fn interleaving_09_a_restored_copy_loses_and_doubles_nothing(place: Place) {
    let s = Story::at(place);
    let done = ordered(&s, 1).await;
    s.pays(&done.number).await;
    let open = ordered(&s, 2).await;
    let unanswered = ordered(&s, 3).await;
    s.outside.fault("post", Fault::AfterCommit);
    s.outside.silence(&["get"]);
    s.pays(&unanswered.number).await;
    assert_eq!(s.standing(&unanswered.id).await, Standing::Posting);
    let untouched = ordered(&s, 4).await;
    let copy = s.place.copy().await;
    s.outside.speak();

    // What the copy never hears of.
    s.pays(&open.number).await;
    let credited = ordered(&s, 5).await;
    s.pays(&credited.number).await;
    assert_eq!(s.standing(&credited.id).await, Standing::Posted);
    let given_back = ordered(&s, 6).await;
    s.outside.owes(&home(6), 0, "v2");
    s.pays(&given_back.number).await;
    s.run(120).await;
    assert_eq!(s.standing(&given_back.id).await, Standing::Refunded);
    s.outside.silence(&["post", "get", "fence"]);
    let owed = ordered(&s, 7).await;
    s.pays(&owed.number).await;
    s.outside.speak();

    let r = restore(&s, copy).await;
    let li = r.s.person_of("li", &home(8)).await;
    r.s.outside.owes(&home(8), 500, "v1");
    let refused = r.s.ask(&li, &arrears("during-recovery", 500, "v1")).await;
    assert!(
        matches!(refused, Err(PaymentError::Recovering)),
        "{refused:?}"
    );
    r.gathers().await;
    assert_eq!(r.lost(&credited.number).await, State::Accounted);
    assert_eq!(r.lost(&given_back.number).await, State::Accounted);
    assert_eq!(
        r.lost(&owed.number).await,
        State::Found,
        "fenced when it is over"
    );
    r.ends().await;

    assert_eq!(r.lost(&owed.number).await, State::Returned);
    for order in [&done, &open, &unanswered] {
        assert_eq!(r.s.standing(&order.id).await, Standing::Posted, "{order:?}");
    }
    assert_eq!(r.s.standing(&untouched.id).await, Standing::Closed);
    let after = r.s.order(&li, &top_up("after-recovery", 500)).await;
    assert!(after.number.starts_with("t1"), "{}", after.number);
    r.s.pays(&after.number).await;
    assert_eq!(r.s.standing(&after.id).await, Standing::Posted);
    r.over().await;
}

async fn interleaving_09_numbers_that_went_on_after_the_copy_are_taken_up(place: Place) {
    let s = Story::at(place);
    let (early, late) = (ordered(&s, 1).await, ordered(&s, 2).await);
    s.outside.silence(&["post"]);
    s.pays(&late.number).await;
    let copy = s.place.copy().await;
    s.outside.speak();
    // Both are refused as stale, fenced, and credited under the next number.
    s.outside.owes(&home(1), 12_840, "v2");
    s.outside.owes(&home(2), 12_840, "v2");
    s.pays(&early.number).await;
    s.run(600).await;
    for order in [&early, &late] {
        assert_eq!(s.standing(&order.id).await, Standing::Posted);
        let first = numbers::channel_txn_no(&order.number, 1, 2);
        assert!(s.outside.with(|world| world.credits.contains_key(&first)));
    }
    let r = restore(&s, copy).await;
    r.gathers().await;
    r.ends().await;
    for order in [&early, &late] {
        assert_eq!(r.s.standing(&order.id).await, Standing::Posted);
        let held = r.s.place.held(&order.id).await;
        assert_eq!(held.order.lines[0].attempt, 2);
        assert!(held.cases.is_empty(), "{:?}", held.cases);
    }
    r.over().await;
}

async fn interleaving_09_refunds_the_copy_does_not_know_are_not_made_again(place: Place) {
    let s = Story::at(place);
    let (early, late) = (ordered(&s, 1).await, ordered(&s, 2).await);
    s.outside.silence(&["post"]);
    s.pays(&late.number).await;
    let copy = s.place.copy().await;
    s.outside.speak();
    s.outside.owes(&home(1), 0, "v2");
    s.outside.owes(&home(2), 0, "v2");
    s.pays(&early.number).await;
    s.run(600).await;
    for order in [&early, &late] {
        assert_eq!(s.standing(&order.id).await, Standing::Refunded);
    }
    let before = s.outside.count("refund");
    let r = restore(&s, copy).await;
    r.gathers().await;
    r.ends().await;
    assert_eq!(
        r.s.outside.count("refund"),
        before,
        "nothing goes back twice"
    );
    r.over().await;
}

async fn interleaving_09_a_lost_trade_is_paid_back_once(place: Place) {
    let s = Story::at(place);
    ordered(&s, 1).await;
    let copy = s.place.copy().await;
    s.outside.silence(&["post", "get", "fence"]);
    let orders = [ordered(&s, 2).await, ordered(&s, 3).await];
    for order in &orders {
        s.pays(&order.number).await;
    }
    s.outside.speak();
    let r = restore(&s, copy).await;
    r.gathers().await;
    // The refund is made and its answer lost; the other never arrives.
    r.s.outside.fault("refund", Fault::AfterCommit);
    r.s.outside.fault("refund", Fault::Before);
    r.ends().await;
    for order in &orders {
        assert_eq!(r.lost(&order.number).await, State::Returned);
        let refunds =
            r.s.outside
                .with(|world| world.trades[&order.number].refunds.clone());
        assert_eq!(refunds.len(), 1, "{refunds:?}");
        assert!(refunds.keys().all(|number| number.starts_with("t1")));
    }
    assert_eq!(
        r.s.outside.count("refund"),
        3,
        "one was sent again, under its number"
    );
    r.over().await;
}

async fn interleaving_09_a_recovery_ends_by_another_person_and_complete(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, 1).await;
    let copy = s.place.copy().await;
    s.outside.advance(86_400);
    let r = restore(&s, copy).await;
    assert!(matches!(
        r.room.begin("chen").await,
        Err(RecoveryError::Open(1))
    ));
    let standing = r.standing().await;
    assert_eq!(standing.days.len(), 2, "the copy's day and today");
    assert_eq!(standing.recovery.epoch, 1);
    let (first, second) = (standing.days[0].0, standing.days[1].0);
    let stray = r
        .room
        .read(&bill(&r.s, second.next().unwrap()), &[], "chen")
        .await;
    assert!(
        matches!(stray, Err(RecoveryError::OtherDay(..))),
        "{stray:?}"
    );
    let not_ready = |ended: Result<_, RecoveryError>, count| match ended {
        Err(RecoveryError::NotReady(lacks)) => assert_eq!(lacks.len(), count, "{lacks:?}"),
        other => panic!("{other:?}"),
    };
    not_ready(r.room.end("wu", "minutes").await, 3);
    r.room.read(&bill(&r.s, first), &[], "chen").await.unwrap();
    r.s.run(60).await;
    not_ready(r.room.end("wu", "minutes").await, 1);
    // Looked at before the last bill is not looked at; and the channel must have answered.
    r.s.outside.silence(&["query"]);
    r.room.read(&bill(&r.s, second), &[], "chen").await.unwrap();
    r.s.run(60).await;
    not_ready(r.room.end("wu", "minutes").await, 1);
    r.s.outside.speak();
    r.s.run(60).await;
    let same = r.room.end("chen", "minutes").await;
    assert!(matches!(same, Err(RecoveryError::SamePerson)), "{same:?}");
    assert!(r.s.app.is_recovering().await.unwrap());
    r.room.end("wu", "minutes").await.unwrap();
    assert!(!r.s.app.is_recovering().await.unwrap());
    let again = r.room.end("wu", "minutes").await;
    assert!(matches!(again, Err(RecoveryError::NotOpen)), "{again:?}");
    assert!(r.s.app.are_payouts_withheld().await.unwrap());
    let same = r.room.release_payouts("chen", "list compared").await;
    assert!(matches!(same, Err(RecoveryError::SamePerson)), "{same:?}");
    r.room.release_payouts("wu", "list compared").await.unwrap();
    assert!(!r.s.app.are_payouts_withheld().await.unwrap());
    let proofs = "SELECT COUNT(*) FROM evidence_entry WHERE kind = 'payments.recovered'";
    assert_eq!(r.s.count(proofs).await, 1);
    r.s.run_long(86_400).await;
    assert_eq!(r.s.standing(&order.id).await, Standing::Closed);
    // The next restore is another epoch.
    assert_eq!(r.room.begin("chen").await.unwrap().epoch, 2);
    r.over().await;
}

async fn interleaving_09_a_late_notice_of_a_forgotten_order_is_paid_back(place: Place) {
    let s = Story::at(place);
    ordered(&s, 1).await;
    let copy = s.place.copy().await;
    let forgotten = ordered(&s, 2).await;
    let r = restore(&s, copy).await;
    r.gathers().await;
    r.room.end("wu", "minutes of today").await.unwrap();
    // The payer's cashier was open all the time.
    assert!(r.s.outside.pay(&forgotten.number));
    r.s.tell("late", &forgotten.number).await;
    r.s.tell("late-again", &forgotten.number).await;
    r.s.run(300).await;
    assert_eq!(r.lost(&forgotten.number).await, State::Returned);
    let trade =
        r.s.outside
            .with(|world| world.trades[&forgotten.number].clone());
    assert_eq!(trade.refunds.len(), 1);
    r.over().await;
}

async fn interleaving_09_what_no_books_explain_is_held(place: Place) {
    let s = Story::at(place);
    ordered(&s, 1).await;
    let copy = s.place.copy().await;
    let order = ordered(&s, 2).await;
    s.pays(&order.number).await;
    // Somebody gave the money back at the desk, and the home stays credited.
    s.outside.with(|world| {
        let trade = world.trades.get_mut(&order.number).unwrap();
        trade.refunds.insert("desk".into(), Fen::new(12_840));
    });
    let r = restore(&s, copy).await;
    r.gathers().await;
    assert_eq!(r.lost(&order.number).await, State::Held);
    let cases =
        "SELECT COUNT(*) FROM case_file WHERE cause LIKE 'payments:lost:%' AND closed_at IS NULL";
    assert_eq!(r.s.count(cases).await, 1);
    r.ends().await;
    assert_eq!(r.lost(&order.number).await, State::Held);
    assert_eq!(r.s.outside.count("refund"), 0);
    let now = r.s.outside.now();
    let mut view = snapshot(&*r.s.place.store).await.unwrap();
    let next = view
        .recovery()
        .lost(&order.number)
        .await
        .unwrap()
        .unwrap()
        .next_at;
    assert!(next.is_some_and(|at| at > now), "a look a day");
    drop(view);
    r.copy.discard(r.s.place).await;
}
