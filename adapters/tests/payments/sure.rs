//! When a payer must show themselves again: by the sum of a day, sooner from a device or for a home that is
//! new; by a code for exactly these homes and sums.

use lifeline_core::accounts::otp::Otp;
use lifeline_core::accounts::session::{Client, Session};
use lifeline_core::accounts::step_up::{Deed, Errand, NEW_FOR_S, StepUp};
use lifeline_core::payments::{PaymentError, Policy, Start};
use lifeline_core::shared::ids::SessionId;
use lifeline_core::shared::money::Fen;

use crate::books::{HOME, maker};
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Payer, Story, top_up};

stories! {
    m3_15_a_new_home_is_topped_up_a_little_at_n_and_not_at_n_plus_one;
    m3_15_a_new_device_orders_a_little_and_a_known_one_more;
    m3_15_a_day_has_a_sum_over_all_orders_that_are_not_proven_unpaid;
    ec_14_a_terminal_that_asks_for_it_takes_a_code_for_every_sum;
    m3_15_a_step_up_is_for_these_homes_and_this_sum_once_and_the_key_stays_good;
}

const LITTLE: i64 = 100_000;
const DAY: i64 = 500_000;

struct Town {
    s: Story,
    li: Payer,
}

impl Town {
    /// A person with a home and a device that signed in with it.
    async fn settled(place: Place) -> Self {
        let s = Story::with_policy(place, Policy::default());
        s.outside.owes(HOME, 0, "v1");
        let mut li = s.person("li").await;
        li.session = device(&s, &li).await;
        Self { s, li }
    }

    async fn refused(&self, key: &str, fen: i64) {
        let answer = self.s.ask(&self.li, &top_up(key, fen)).await;
        assert!(
            matches!(answer, Err(PaymentError::StepUpRequired)),
            "{fen}: {answer:?}"
        );
    }

    async fn made(&self, key: &str, fen: i64) {
        let order = self.s.order(&self.li, &top_up(key, fen)).await;
        self.s.pays(&order.number).await;
    }
}

async fn device(s: &Story, payer: &Payer) -> SessionId {
    let make = maker(&s.outside);
    let (id, now): (SessionId, _) = (make.id(), make.now());
    let session = Session {
        session_id: id.clone(),
        account_id: payer.account().clone(),
        family_id: id.clone(),
        entered_as: payer.account().clone(),
        client: Client::Mini,
        created_at: now,
        last_seen_at: now,
        expires_at: now.plus_seconds(30 * NEW_FOR_S),
        left_at: None,
        ended: None,
        version: 1,
    };
    s.place
        .write(async |tx| tx.accounts().add_session(&session, None).await)
        .await;
    id
}

/// What a right code leaves.
async fn stepped_up(s: &Story, payer: &Payer, errand: &Errand) {
    let make = maker(&s.outside);
    let now = make.now();
    let otp = Otp {
        otp_id: make.id(),
        account_id: payer.account().clone(),
        session_id: payer.session.clone(),
        purpose: errand.deed().purpose(),
        phone_key: None,
        tries: 0,
        asked_at: now,
        expires_at: now.plus_seconds(300),
        spent_at: None,
        version: 1,
    };
    let step_up = StepUp {
        deed: Deed::Pay,
        at: now,
    };
    s.place
        .write(async |tx| {
            tx.accounts().add_otp(&otp, errand.act()).await?;
            tx.accounts()
                .step_up(&payer.session, &otp.otp_id, step_up)
                .await
        })
        .await;
}

fn pay(payer: &Payer, fen: i64) -> Errand {
    Errand::pay([(payer.owned.binding_id(), Fen::new(fen))].into_iter())
}

async fn m3_15_a_new_home_is_topped_up_a_little_at_n_and_not_at_n_plus_one(place: Place) {
    let town = Town::settled(place).await;
    town.refused("key-1", LITTLE + 1).await;
    town.made("key-2", LITTLE).await;
    town.refused("key-3", 100).await;
    assert_eq!(town.s.count("SELECT COUNT(*) FROM payment").await, 1);
}

async fn m3_15_a_new_device_orders_a_little_and_a_known_one_more(place: Place) {
    let mut town = Town::settled(place).await;
    let first = town.li.session.clone();
    town.s.outside.advance(NEW_FOR_S);
    town.li.session = device(&town.s, &town.li).await;
    town.refused("key-1", LITTLE + 1).await;
    town.made("key-2", LITTLE).await;
    town.li.session = first;
    town.made("key-3", LITTLE + 1).await;
}

async fn m3_15_a_day_has_a_sum_over_all_orders_that_are_not_proven_unpaid(place: Place) {
    let town = Town::settled(place).await;
    town.s.outside.advance(NEW_FOR_S);
    town.made("key-1", DAY - 100).await;
    town.refused("key-2", 101).await;
    town.made("key-3", 100).await;
    town.refused("key-4", 100).await;
    town.s.run_long(NEW_FOR_S).await;
    town.made("key-5", DAY).await;
}

async fn m3_15_a_step_up_is_for_these_homes_and_this_sum_once_and_the_key_stays_good(place: Place) {
    let town = Town::settled(place).await;
    let sum = LITTLE + 1;
    town.refused("key-1", sum).await;
    stepped_up(&town.s, &town.li, &pay(&town.li, sum + 1)).await;
    town.refused("key-1", sum).await;
    stepped_up(
        &town.s,
        &town.li,
        &Errand::unlink(town.li.owned.binding_id()),
    )
    .await;
    town.refused("key-1", sum).await;
    stepped_up(&town.s, &town.li, &pay(&town.li, sum)).await;
    town.made("key-1", sum).await;
    // The same key again is the same order and asks for nothing; another order does.
    town.s.order(&town.li, &top_up("key-1", sum)).await;
    town.refused("key-2", sum).await;
    assert_eq!(town.s.count("SELECT COUNT(*) FROM payment").await, 1);
}

async fn ec_14_a_terminal_that_asks_for_it_takes_a_code_for_every_sum(place: Place) {
    let town = Town::settled(place).await;
    let order = |key: &str, fen: i64, confirms: bool| Start {
        confirms,
        ..town.s.request(&town.li, &top_up(key, fen))
    };
    let refused = town.s.app.start(&order("key-1", 100, true)).await;
    assert!(
        matches!(refused, Err(PaymentError::StepUpRequired)),
        "{refused:?}"
    );
    stepped_up(&town.s, &town.li, &pay(&town.li, 100)).await;
    let other = town.s.app.start(&order("key-2", 101, true)).await;
    assert!(
        matches!(other, Err(PaymentError::StepUpRequired)),
        "a code for another sum: {other:?}"
    );
    let made = town.s.app.start(&order("key-1", 100, true)).await.unwrap();
    assert_eq!(made.status, 201, "{}", made.body);
    town.s.pays(&Ordered::read(&made.body).number).await;
    let again = town.s.app.start(&order("key-3", 100, true)).await;
    assert!(
        matches!(again, Err(PaymentError::StepUpRequired)),
        "a code is used up: {again:?}"
    );
    let elsewhere = town.s.app.start(&order("key-4", 100, false)).await.unwrap();
    assert_eq!(elsewhere.status, 201, "{}", elsewhere.body);
}
