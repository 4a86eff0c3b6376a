//! g1, word for word: the payee is the holder whom the utility's reserve names at the moment the money leaves, and what
//! is paid was settled by the register that the account sells by.

use std::sync::atomic::AtomicI64;

use async_trait::async_trait;
use lifeline_core::settlement::Feedback;
use lifeline_core::settlement::accounts::{GridConnections, Reserve};
use lifeline_core::settlement::ids::GenerationNo;
use lifeline_core::settlement::table_t::State;
use lifeline_core::settlement::trade_task::Hold;
use lifeline_core::shared::energy::Kwh;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::PersonName;

use crate::checking::answer;
use crate::keys::Everybody;
use crate::payouts::{SUM, confirmed, trade};
use crate::store::{Place, start};
use crate::stories;
use crate::world::{Outside, Seller, app, month, period, rules};

stories! {
    a_payout_waits_while_the_reserve_names_another_holder;
    nothing_leaves_while_the_reserve_does_not_answer;
    a_reserve_that_is_silent_for_days_is_told_to_staff_once;
    what_was_settled_by_the_other_register_is_not_paid;
}

#[async_trait]
impl GridConnections for Outside {
    async fn reserved(&self, number: &GenerationNo) -> Result<Option<Reserve>, NoAnswer> {
        let (is_silent, other) = self.with(|world| {
            world.reserve_asked += 1;
            let other = world.holders.get(number.expose()).cloned();
            (world.is_reserve_silent, other)
        });
        if is_silent {
            return Err(NoAnswer::Unknown("silent"));
        }
        let mut said = Everybody(AtomicI64::new(1)).reserved(number).await?;
        if let (Some(reserve), Some(other)) = (&mut said, other) {
            reserve.identity.name = other;
        }
        Ok(said)
    }
}

async fn told(place: &Place, what: &str) -> i64 {
    let query = format!("SELECT COUNT(*) FROM case_file WHERE cause LIKE 'settlement:{what}:%'");
    place.number(&query).await
}

async fn is_held(place: &Place, seller: &Seller, hold: Hold) {
    let held = trade(place, seller).await;
    assert_eq!((held.state, held.hold), (State::Held, Some(hold)));
    assert!(held.payout_no.is_none(), "it never left");
}

/// The holder changed under the same contract, so that nothing else says that it is over.
async fn a_payout_waits_while_the_reserve_names_another_holder(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = confirmed(&place, &outside).await;
    let other = PersonName::parse("赵磊").unwrap();
    outside.with(|world| world.holders.insert(seller.number.clone(), other));
    app.sweep_trades().await.unwrap();
    is_held(&place, &seller, Hold::PayeeNotHolder).await;
    assert_eq!(told(&place, "payee_not_holder").await, 1);
    let lines = "SELECT COUNT(*) FROM evidence_entry WHERE kind = 'settlement.trade_task'";
    let before = place.number(lines).await;
    for _ in 0..3 {
        outside.advance(3600);
        app.sweep_trades().await.unwrap();
        is_held(&place, &seller, Hold::PayeeNotHolder).await;
    }
    assert_eq!(told(&place, "payee_not_holder").await, 1, "told once");
    assert_eq!(place.number(lines).await, before, "nothing was decided");
    assert_eq!(outside.paid(), Fen::ZERO);
    outside.with(|world| world.holders.clear());
    outside.advance(3600);
    app.sweep_trades().await.unwrap();
    assert_eq!(trade(&place, &seller).await.state, State::Paid);
    assert_eq!(outside.paid(), SUM);
}

async fn nothing_leaves_while_the_reserve_does_not_answer(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = confirmed(&place, &outside).await;
    outside.with(|world| world.is_reserve_silent = true);
    for _ in 0..3 {
        app.sweep_trades().await.unwrap();
        is_held(&place, &seller, Hold::Unchecked).await;
        outside.advance(3600);
    }
    assert_eq!(told(&place, "payee_not_holder").await, 0);
    assert_eq!(outside.paid(), Fen::ZERO);
    outside.with(|world| world.is_reserve_silent = false);
    app.sweep_trades().await.unwrap();
    assert_eq!(trade(&place, &seller).await.state, State::Paid);
    assert_eq!(outside.paid(), SUM);
}

async fn a_reserve_that_is_silent_for_days_is_told_to_staff_once(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = confirmed(&place, &outside).await;
    outside.with(|world| world.is_reserve_silent = true);
    for hour in 0..=73 {
        app.sweep_trades().await.unwrap();
        is_held(&place, &seller, Hold::Unchecked).await;
        let expected = i64::from(hour >= 72);
        assert_eq!(told(&place, "holder_untold").await, expected, "{hour}");
        outside.advance(3600);
    }
    assert_eq!(outside.paid(), Fen::ZERO);
    outside.with(|world| world.is_reserve_silent = false);
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), SUM);
    assert_eq!(told(&place, "holder_untold").await, 1);
}

/// Half of what is generated is fed in: 62.00 of 124.00 yuan.
async fn what_was_settled_by_the_other_register_is_not_paid(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    let seller = place.seller(&outside, 1).await;
    let mut reading = month(start(), "10");
    for day in &mut reading.days {
        for (_, measured) in &mut day.parts {
            measured.fed_in = Kwh::from_scaled(measured.generated.scaled() / 2);
        }
    }
    let key = format!("{}:{}", seller.number, period());
    outside.with(|world| world.readings.insert(key, reading));
    app.collect_all().await.unwrap();
    assert_eq!(app.watch().await.unwrap(), 1);
    answer(&app, &place, &seller, Feedback::Confirm)
        .await
        .unwrap();
    let sells = async |what: &str| {
        let planted = format!("UPDATE generation_account SET feed_in = '{what}'");
        place.raw(&planted).await.unwrap();
    };
    sells("full").await;
    app.sweep_trades().await.unwrap();
    is_held(&place, &seller, Hold::FiguresDiffer).await;
    assert_eq!(told(&place, "figures_differ").await, 1);
    assert_eq!(outside.paid(), Fen::ZERO);
    sells("surplus").await;
    outside.advance(3600);
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(6_200));
}
