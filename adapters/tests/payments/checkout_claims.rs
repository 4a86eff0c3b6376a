//! Several homes under one order: what may be ordered, and who else wants the same homes.

use lifeline_core::payments::{Homes, PaymentError, Policy, Standing, Start, Wanted};
use lifeline_core::shared::ids::BindingId;
use lifeline_core::shared::money::Fen;
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::family::{
    ONE, THREE, TWO, check_out, credited, family, no_claim_is_left, owing, request, standings,
    wanted,
};
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, arrears};

stories! {
    interleaving_04_two_payers_of_one_of_two_homes;
    interleaving_04_late_money_for_two_homes;
    interleaving_04_nothing_is_given_up_in_vain;
    interleaving_04_crossing_checkouts_do_not_wait_for_each_other;
    interleaving_10_one_order_per_key;
    a_refusal_names_the_home;
    one_order_has_so_many_homes_and_no_more;
}

async fn interleaving_04_two_payers_of_one_of_two_homes(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO]).await;
    let spouse = s.person_of("spouse", TWO).await;
    let theirs = s.order(&spouse, &arrears("key-0", 2_222, "v1")).await;
    // Theirs is open: the checkout is refused for home two, and nothing is held for home one.
    let refused = s
        .app
        .start(&request(&s, &li, "key-1", wanted(&li, "v1")))
        .await;
    let Err(PaymentError::AtHome { binding_id, error }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(&binding_id, li.homes[1].binding_id());
    assert!(
        matches!(*error, PaymentError::PreviousOrderOpen { payment_id: None }),
        "a stranger's order is not named: {error:?}"
    );
    assert_eq!(s.count("SELECT COUNT(*) FROM open_claim").await, 1);
    // Superseded after two minutes; then the spouse cannot order beside the checkout either.
    s.run(120).await;
    let order = check_out(&s, &li, "key-1").await;
    assert_eq!(s.standing(&theirs.id).await, Standing::Closed);
    let beside = s.ask(&spouse, &arrears("key-2", 2_222, "v1")).await;
    assert!(
        matches!(beside, Err(PaymentError::PreviousOrderOpen { .. })),
        "{beside:?}"
    );
    s.pays(&order.number).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    assert_eq!(credited(&s, TWO), [2_222], "once");
    s.square();
    s.books_agree().await;
}

/// The checkout was closed, the spouse paid for home two, then money comes for the checkout: home
/// one is credited, home two goes back.
async fn interleaving_04_late_money_for_two_homes(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO]).await;
    let order = check_out(&s, &li, "key-1").await;
    let account = li.payer.account();
    let closed = s.app.close(account, &order.id, "trace").await.unwrap();
    assert_eq!(closed.standing(), Standing::Closed);
    no_claim_is_left(&s).await;
    let spouse = s.person_of("spouse", TWO).await;
    let theirs = s.order(&spouse, &arrears("key-2", 2_222, "v1")).await;
    s.outside.with(|world| {
        let now = lifeline_core::shared::time::Time::from_micros(world.now);
        let trade = world.trades.get_mut(&order.number).unwrap();
        (trade.closed, trade.paid_at) = (false, Some(now));
    });
    s.tell("late", &order.number).await;
    s.pays(&theirs.number).await;
    s.run(60).await;
    assert_eq!(s.standing(&order.id).await, Standing::PartlyRefunded);
    assert_eq!(
        standings(&s, &order).await,
        [Standing::Posted, Standing::Refunded]
    );
    assert_eq!(s.standing(&theirs.id).await, Standing::Posted);
    assert_eq!(
        (credited(&s, ONE), credited(&s, TWO)),
        (vec![1_111], vec![2_222])
    );
    no_claim_is_left(&s).await;
    s.square();
    s.books_agree().await;
}

/// One's own order for home one could be superseded, a stranger's for home two cannot: then one's
/// own stays as it is.
async fn interleaving_04_nothing_is_given_up_in_vain(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO]).await;
    let mine = s.order(&li.payer, &arrears("key-0", 1_111, "v1")).await;
    let spouse = s.person_of("spouse", TWO).await;
    s.order(&spouse, &arrears("key-1", 2_222, "v1")).await;
    let refused = s
        .app
        .start(&request(&s, &li, "key-2", wanted(&li, "v1")))
        .await;
    assert!(matches!(refused, Err(PaymentError::AtHome { .. })));
    assert_eq!(s.standing(&mine.id).await, Standing::Paying);
    // An earlier checkout of one's own gives way as a whole, and is asked about once.
    s.run(120).await;
    let first = check_out(&s, &li, "key-3").await;
    let closes = s.outside.count("close");
    let second = check_out(&s, &li, "key-4").await;
    assert_eq!(s.outside.count("close"), closes + 1);
    assert_eq!(s.standing(&first.id).await, Standing::Closed);
    s.pays(&second.number).await;
    assert_eq!(s.standing(&second.id).await, Standing::Posted);
    s.square();
}

const TRIES: usize = 24;
const BREATH: std::time::Duration = std::time::Duration::from_millis(40);

/// The same homes wanted at once in opposite orders: nobody waits for the other, nobody wins half.
async fn interleaving_04_crossing_checkouts_do_not_wait_for_each_other(place: Place) {
    let s = Story::at(place);
    let other = s.another_process().await;
    owing(&s, "v1");
    let one = family(&s, "li", &[ONE, TWO, THREE]).await;
    let two = family(&s, "wang", &[THREE, TWO, ONE]).await;
    let mut tasks = JoinSet::new();
    for n in 0..TRIES {
        let (s, family) = if n % 2 == 0 {
            (s.clone(), one.clone())
        } else {
            (other.clone(), two.clone())
        };
        tasks.spawn(async move {
            let key = format!("crossing-{n:02}");
            let request = request(&s, &family, &key, wanted(&family, "v1"));
            loop {
                match s.app.start(&request).await {
                    // As the gateway does: a store short of breath is asked again.
                    Err(PaymentError::Store(StoreError::Conflict)) => {
                        tokio::time::sleep(BREATH).await;
                    }
                    done => return done,
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        match done.unwrap() {
            Ok(answer) => assert_eq!(answer.status, 201, "{}", answer.body),
            Err(PaymentError::AtHome { error, .. }) => {
                let told = matches!(*error, PaymentError::PreviousOrderOpen { .. });
                assert!(told, "{error:?}");
            }
            // Beaten in the last moment; or so short of breath that even the key could not be given back.
            Err(PaymentError::PreviousOrderOpen { .. } | PaymentError::InFlight) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    // Nobody holds a part. An order that was given up but not proven closed in time was refused its
    // place, so there may be no holder either; what must not be is a home that stays locked.
    let claims = s.count("SELECT COUNT(*) FROM open_claim").await;
    let holders = s
        .count("SELECT COUNT(*) FROM (SELECT DISTINCT payment_id FROM open_claim) AS h")
        .await;
    assert!(holders <= 1, "{holders} holders");
    assert_eq!(claims, 3 * holders);
    s.run(200).await;
    let last = check_out(&s, &one, "after-the-crowd").await;
    let claims = s.count("SELECT COUNT(*) FROM open_claim").await;
    assert_eq!(claims, 3, "one order holds all three");
    s.pays(&last.number).await;
    assert_eq!(s.standing(&last.id).await, Standing::Posted);
    s.square();
    other.place.store.close().await.unwrap();
}

async fn interleaving_10_one_order_per_key(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO]).await;
    let wish = request(&s, &li, "the-key", wanted(&li, "v1"));
    let first = s.app.start(&wish).await.unwrap();
    s.pays(&Ordered::read(&first.body).number).await;
    // Long after, when nothing is due any more, the same key gives the same bytes.
    let again = s.app.start(&wish).await.unwrap();
    assert_eq!(first.body, again.body);
    assert_eq!(s.outside.count("create"), 1);
    let fewer = Start {
        fingerprint: "another body".to_owned(),
        ..request(&s, &li, "the-key", wanted(&li, "v1")[..1].to_vec())
    };
    let reused = s.app.start(&fewer).await;
    assert!(
        matches!(reused, Err(PaymentError::KeyReused { .. })),
        "{reused:?}"
    );
}

async fn a_refusal_names_the_home(place: Place) {
    let s = Story::at(place);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO]).await;
    let named = |refused: Result<_, PaymentError>| -> (BindingId, PaymentError) {
        match refused {
            Err(PaymentError::AtHome { binding_id, error }) => (binding_id, *error),
            other => panic!("{other:?}"),
        }
    };
    // Silence about one home is not stored under the key.
    s.outside.silence(&["dues"]);
    let wish = request(&s, &li, "key-1", wanted(&li, "v1"));
    let (home, error) = named(s.app.start(&wish).await);
    assert_eq!(&home, li.homes[0].binding_id());
    assert!(matches!(error, PaymentError::ArrearsUnavailable));
    s.outside.speak();
    assert_eq!(s.app.start(&wish).await.unwrap().status, 201);
    // A changed figure is, with what is due now.
    s.outside.owes(TWO, 2_224, "v2");
    let wish = request(&s, &li, "key-2", wanted(&li, "v1"));
    let answer = s.app.start(&wish).await.unwrap();
    assert_eq!(answer.status, 409);
    assert_eq!(answer.body, "one home: the arrears changed");
    s.outside.owes(TWO, 0, "v3");
    let mut both = wanted(&li, "v1");
    both[1].arrears_version = Some("v3".to_owned());
    let answer = s.app.start(&request(&s, &li, "key-3", both)).await.unwrap();
    assert_eq!(answer.body, "one home: nothing is due");
    let mut both = wanted(&li, "v1");
    both[0].arrears_version = None;
    let answer = s.app.start(&request(&s, &li, "key-4", both)).await.unwrap();
    assert_eq!(answer.body, "one home: the arrears version is missing");
    assert_eq!(s.count("SELECT COUNT(*) FROM payment").await, 1);
}

async fn one_order_has_so_many_homes_and_no_more(place: Place) {
    let s = Story::at(place);
    let max = Policy::default().homes_max;
    let numbers: Vec<String> = (0..=max).map(|n| format!("15000000{n:02}100")).collect();
    for number in &numbers {
        s.outside.owes(number, 100, "v1");
    }
    let names: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let li = family(&s, "li", &names).await;
    let all: Vec<Wanted> = li
        .homes
        .iter()
        .map(|owned| Wanted {
            owned: owned.clone(),
            amount: Fen::new(100),
            arrears_version: Some("v1".to_owned()),
        })
        .collect();
    let refused = Homes::several(all.clone(), max);
    assert!(
        matches!(refused, Err(PaymentError::TooManyHomes { max: told }) if told == max),
        "{refused:?}"
    );
    assert!(matches!(
        Homes::several(Vec::new(), max),
        Err(PaymentError::NoHome)
    ));
    let twice = vec![all[0].clone(), all[1].clone(), all[0].clone()];
    assert!(matches!(
        Homes::several(twice, max),
        Err(PaymentError::HomeTwice { .. })
    ));
    let wang = s.person_of("wang", ONE).await;
    let foreign = Wanted {
        owned: wang.owned,
        ..all[0].clone()
    };
    assert!(matches!(
        Homes::several(vec![all[0].clone(), foreign], max),
        Err(PaymentError::NotFound)
    ));
    let order = {
        let wish = request(&s, &li, "key-max", all[..max].to_vec());
        Ordered::read(&s.app.start(&wish).await.unwrap().body)
    };
    s.pays(&order.number).await;
    let look = s.look(&order.id).await;
    assert_eq!((look.standing(), look.lines.len()), (Standing::Posted, max));
    s.square();
}
