//! The main job with everything money can do in it: sign in, link, see, pay one home's bill, and
//! have another home's money come back because somebody paid at the hall first.

use lifeline_tests::Engine;
use serde_json::{Value, json};

use crate::household::Household;
use crate::stage::Stage;
use crate::{doors, taken_back, troubled};

/// Who owes one bill and pays it; and who owes one, too, and has two homes.
pub(crate) const PAYER: &str = "li-ming";
pub(crate) const PAYER_HOME: &str = "1504010020017";
/// Under which key the payer's order is asked for, also after a crash.
pub(crate) const PAYER_KEY: &str = "pays-the-bill-that-is-due";
const LATE_PAYER: &str = "wang-fang";
const LATE_HOME: &str = "1504010020025";

/// What is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    Main,
    Troubled,
    TakenBack,
    Doors,
}

impl Job {
    pub(crate) const ALL: [Self; 4] = [Self::Main, Self::Troubled, Self::TakenBack, Self::Doors];

    /// The stage it is played on.
    pub(crate) async fn stage(self, engine: Engine) -> Stage {
        match self {
            Self::Main | Self::Troubled | Self::Doors => Stage::open(engine).await,
            Self::TakenBack => Stage::open_later(engine, taken_back::LATER_S).await,
        }
    }

    /// What every gateway of it is started with.
    pub(crate) fn environment(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Main | Self::Troubled | Self::Doors => Vec::new(),
            Self::TakenBack => taken_back::environment(),
        }
    }

    pub(crate) async fn play(self, world: &mut Household) {
        match self {
            Self::Main => play(world).await,
            Self::Troubled => troubled::play(world).await,
            Self::TakenBack => taken_back::play(world).await,
            Self::Doors => doors::play(world).await,
        }
    }
}

/// Plays the job from the first tap to the point where nothing is left to do.
pub(crate) async fn play(world: &mut Household) {
    let homes = move_in(world, PAYER).await;
    play_on(world, &homes).await;
}

/// The job from the point where the payer's homes are linked.
pub(crate) async fn play_on(world: &mut Household, homes: &[String]) {
    let paid = pay(world, &homes[0]).await;
    assert_eq!(paid["state"], "POSTED");
    crate::outcome::rest(world).await;
    let told = world.get("/v1/notices?limit=50").await;
    let kinds: Vec<&str> = told["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|notice| notice["kind"].as_str())
        .collect();
    assert!(kinds.contains(&"credited"), "told only {kinds:?}");
    late_payer(world).await;
}

/// The part of the job whose money comes back.
pub(crate) async fn late_payer(world: &mut Household) {
    let homes = move_in(world, LATE_PAYER).await;
    let home = with_number(world, &homes, LATE_HOME).await;
    let back = pay_what_was_paid_already(world, &home).await;
    assert_eq!(back["state"], "REFUNDED");
    crate::outcome::rest(world).await;
}

/// Sign-in, consent, match, link.
pub(crate) async fn move_in(world: &mut Household, person: &str) -> Vec<String> {
    world.sign_in(person).await;
    settle_in(world).await
}

/// The same of somebody who is signed in.
pub(crate) async fn settle_in(world: &mut Household) -> Vec<String> {
    world.consent("identity_match").await;
    world.consent("notices").await;
    world.link_all().await
}

/// The home of theirs that has this number.
pub(crate) async fn with_number(world: &mut Household, homes: &[String], number: &str) -> String {
    for home in homes {
        let shown = world.get(&format!("/v1/bindings/{home}")).await;
        let masked = shown["consumer_no_masked"].as_str().unwrap_or_default();
        if number.ends_with(masked.trim_start_matches('*')) {
            return home.clone();
        }
    }
    panic!("nobody linked {number}");
}

pub(crate) async fn pay(world: &mut Household, home: &str) -> Value {
    let order = world.order_arrears(home, PAYER_KEY).await;
    world.tap(&order).await;
    let id = order["payment_id"].as_str().unwrap_or_default().to_owned();
    world.until(&id, &["POSTED"]).await
}

/// Between order and payment the whole debt is paid at the hall: marketing refuses, the line is
/// fenced, and the money goes back.
async fn pay_what_was_paid_already(world: &mut Household, home: &str) -> Value {
    let order = world
        .order_arrears(home, "pays-what-the-hall-was-paid")
        .await;
    let hall = json!({"consumer_no": LATE_HOME, "amount_fen": order["amount_fen"]});
    world
        .stage
        .sandbox("/sim/marketing/counter-payment", &hall)
        .await;
    world.tap(&order).await;
    let id = order["payment_id"].as_str().unwrap_or_default().to_owned();
    world.until(&id, &["REFUNDED"]).await
}
