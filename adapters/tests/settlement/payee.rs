//! Another payee (money.md 2.17): shown with a code, told to the phone of before, held for three days.

use lifeline_core::accounts::{AccountError, Caller};
use lifeline_core::settlement::SettlementError;
use lifeline_core::settlement::accounts::account::GenerationAccount;
use lifeline_core::settlement::accounts::{GenerationError, PersonalTable};
use lifeline_core::settlement::ids::GenerationNo;
use lifeline_core::settlement::ports::PayoutAnswer;
use lifeline_core::settlement::table_t::State;
use lifeline_core::settlement::trade_task::Hold;
use lifeline_core::shared::ids::Maker;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::snapshot;
use serde_json::json;

use crate::braked::release;
use crate::home::{CARD, Home, OTHER_CARD, OTHER_PHONE, PHONE};
use crate::store::Place;
use crate::stories;
use crate::world::{Fault, app, rules};

stories! {
    m2_17_another_payee_wants_a_code_and_waits_three_days;
    m2_17_a_changed_payee_is_told_to_the_phone_of_before;
    m2_17_a_payout_that_left_stays_where_it_went;
    m2_17_what_came_back_waits_for_the_new_payee;
    m2_17_what_came_back_is_confirmed_by_whoever_took_the_sellers_account_over;
    m3_14_a_code_for_one_account_changes_no_other;
}

const THREE_DAYS: i64 = 72 * 3600;

fn card(table: &PersonalTable) -> &str {
    table.identity.trading_account.expose()
}

async fn m2_17_another_payee_wants_a_code_and_waits_three_days(place: Place) {
    let home = Home::with_a_confirmed_month(place).await;
    let account = home.seller.account.clone();
    let mut braked = rules();
    braked.brake_sum = Fen::new(12_399);
    let braked = app(&home.place, &home.outside, braked);
    braked.sweep_trades().await.unwrap();
    assert_eq!(home.trade().await.state, State::Queued);
    release(&braked, &home.place).await;
    home.reserve_says(CARD).await;
    home.show(&account, CARD, None).await.unwrap();
    let other = home.show(&account, OTHER_CARD, None).await;
    assert!(
        matches!(other, Err(GenerationError::NotGranted)),
        "{other:?}"
    );
    home.reserve_says(OTHER_CARD).await;
    let bare = home.show(&account, OTHER_CARD, None).await;
    assert!(
        matches!(bare, Err(GenerationError::StepUpRequired)),
        "{bare:?}"
    );
    let code = home.code(&account).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let wrong = home.show(&account, OTHER_CARD, Some(wrong)).await;
    let refused = matches!(
        wrong,
        Err(GenerationError::Account(AccountError::WrongCode))
    );
    assert!(refused, "{wrong:?}");
    assert_eq!(card(&home.table().await), CARD, "nothing was changed");
    assert_eq!(home.trade().await.state, State::Queued);
    home.show(&account, OTHER_CARD, Some(&code)).await.unwrap();
    assert_eq!(card(&home.table().await), OTHER_CARD);
    let trade = home.trade().await;
    assert_eq!(
        (trade.state, trade.hold),
        (State::Held, Some(Hold::PayeeYoung))
    );
    let former = home.show(&account, CARD, Some(&code)).await;
    assert!(
        matches!(former, Err(GenerationError::NotGranted)),
        "{former:?}"
    );
    home.outside.advance(THREE_DAYS - 1);
    home.app.sweep_trades().await.unwrap();
    assert_eq!(home.outside.paid(), Fen::ZERO, "a second too early");
    home.outside.advance(3600);
    home.app.sweep_trades().await.unwrap();
    assert_eq!((home.paid_at(CARD), home.paid_at(OTHER_CARD)), (0, 12_400));
    let proven = "SELECT COUNT(*) FROM evidence_entry WHERE kind = 'generation.payee_changed'";
    assert_eq!(home.place.number(proven).await, 1);
}

async fn m2_17_a_changed_payee_is_told_to_the_phone_of_before(place: Place) {
    let home = Home::with_a_confirmed_month(place).await;
    // Whoever has the session now has made another phone the account's.
    home.has_phone(OTHER_PHONE).await;
    home.change().await;
    let told = home.told().await;
    let of = |wanted: &str| {
        let found = told.iter().filter(|(kind, _)| kind == wanted);
        found.map(|(_, body)| body.clone()).collect::<Vec<_>>()
    };
    let now = home.outside.now();
    assert_eq!(
        of("generation.payee_changed"),
        [json!({
            "account_id": home.seller.owner.as_str(),
            "happened_at": now.rfc3339(),
            "due_at": now.plus_seconds(THREE_DAYS).rfc3339(),
        })]
    );
    assert_eq!(
        of("generation.payee_changed_phone"),
        [json!({ "phone": PHONE, "happened_at": now.rfc3339() })]
    );
    // The next change is told to the phone of this one, which is the account's: once.
    home.reserve_says(CARD).await;
    home.outside.advance(61);
    let code = home.code(&home.seller.account).await;
    let shown = home.show(&home.seller.account, CARD, Some(&code)).await;
    shown.unwrap();
    let told = home.told().await;
    let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["generation.payee_changed"]);
}

async fn m2_17_a_payout_that_left_stays_where_it_went(place: Place) {
    let home = Home::with_a_confirmed_month(place).await;
    home.outside
        .with(|world| world.faults.extend([Fault::AfterCommit]));
    home.app.sweep_trades().await.unwrap();
    assert_eq!(home.trade().await.state, State::Unknown);
    home.change().await;
    assert_eq!(home.trade().await.state, State::Unknown);
    for _ in 0..3 {
        home.outside.advance(600);
        home.app.sweep_trades().await.unwrap();
    }
    assert_eq!(home.trade().await.state, State::Paid);
    assert_eq!((home.paid_at(CARD), home.paid_at(OTHER_CARD)), (12_400, 0));
}

async fn m2_17_what_came_back_waits_for_the_new_payee(place: Place) {
    let home = Home::with_a_confirmed_month(place).await;
    home.app.sweep_trades().await.unwrap();
    home.outside
        .with(|world| world.payouts[0].3 = PayoutAnswer::Returned(Fen::new(12_400)));
    assert_eq!(home.app.look_for_returns().await.unwrap(), 1);
    let task = home.place.newest_task(&home.seller).await;
    let own = home
        .app
        .own_task(&home.seller.owner, &task.check_task_id)
        .await
        .unwrap();
    home.app.confirm_payee(&own, "").await.unwrap();
    home.change().await;
    home.outside.advance(THREE_DAYS);
    home.app.sweep_trades().await.unwrap();
    assert_eq!(
        home.outside.paid(),
        Fen::ZERO,
        "another payee was confirmed"
    );
    home.app.confirm_payee(&own, "").await.unwrap();
    home.app.sweep_trades().await.unwrap();
    assert_eq!((home.paid_at(CARD), home.paid_at(OTHER_CARD)), (0, 12_400));
}

async fn m2_17_what_came_back_is_confirmed_by_whoever_took_the_sellers_account_over(place: Place) {
    let home = Home::with_a_confirmed_month(place).await;
    home.app.sweep_trades().await.unwrap();
    home.outside
        .with(|world| world.payouts[0].3 = PayoutAnswer::Returned(Fen::new(12_400)));
    assert_eq!(home.app.look_for_returns().await.unwrap(), 1);
    let task = home.place.newest_task(&home.seller).await.check_task_id;
    let into = home.place.seller(&home.outside, 2).await.owner;
    let strangers = home.app.own_task(&into, &task).await;
    assert!(matches!(strangers, Err(SettlementError::NotFound)));
    let now = home.outside.now();
    home.place
        .write(async |tx| {
            let seller = tx.accounts().find(&home.seller.owner).await?;
            let mut seller = seller.unwrap();
            seller.merged = Some((into.clone(), now));
            tx.accounts().save(&seller).await
        })
        .await;
    let own = home.app.own_task(&into, &task).await.unwrap();
    home.app.confirm_payee(&own, "").await.unwrap();
    home.app.sweep_trades().await.unwrap();
    assert_eq!(home.paid_at(CARD), 12_400);
}

async fn m3_14_a_code_for_one_account_changes_no_other(place: Place) {
    let home = Home::with_a_confirmed_month(place).await;
    let stranger = home.place.seller(&home.outside, 2).await;
    let mut view = snapshot(&*home.place.store).await.unwrap();
    let first = view.generation().by_id(&home.seller.account).await;
    drop(view);
    let make = Maker {
        clock: &home.outside,
        entropy: &home.outside,
    };
    let second = GenerationAccount {
        generation_account_id: make.id(),
        generation_no: Some(GenerationNo::parse("1504990000003").unwrap()),
        ..first.unwrap().unwrap()
    };
    home.place
        .write(async |tx| tx.generation().add(&second).await)
        .await;
    home.reserve_says(OTHER_CARD).await;
    let code = home.code(&second.generation_account_id).await;
    let other = home
        .show(&home.seller.account, OTHER_CARD, Some(&code))
        .await;
    let refused = matches!(
        other,
        Err(GenerationError::Account(AccountError::WrongCode))
    );
    assert!(refused, "{other:?}");
    assert_eq!(card(&home.table().await), CARD);
    let stranger = Caller {
        account_id: stranger.owner.clone(),
        ..home.caller.clone()
    };
    let asked = home
        .generation
        .ask_payee_code(&stranger, &home.seller.account);
    let asked = asked.await;
    assert!(matches!(asked, Err(GenerationError::NotFound)), "{asked:?}");
}
