//! What a person may demand goes over all of their accounts that became one.

use lifeline_core::accounts::{Caller, Deed, Errand};
use lifeline_core::privacy::Erase;
use lifeline_core::privacy::erasure::COOLING_S;
use serde_json::Value;

use crate::merging::{SECOND, asked, link, merge};
use crate::on_every_engine;
use crate::privacy::stepped_up;
use crate::world::{LI_MING, World};

on_every_engine! { "merging_rights":
    m3_15_an_export_tells_of_the_merged_account_too,
    m3_15_who_is_erased_is_erased_under_every_name,
    m3_15_a_wish_to_be_erased_does_not_outlive_a_merge,
}

/// The account that stays, after it took over another with a home of its own.
async fn merged(world: &World) -> (Caller, Caller) {
    let into = world.sign_in(&LI_MING).await;
    let from = world.agreeing(&SECOND).await;
    link(world, &from, "1504010020017").await;
    let code = asked(world, &into).await;
    merge(world, &from, &code).await.unwrap();
    (world.sign_in(&LI_MING).await, from)
}

async fn m3_15_an_export_tells_of_the_merged_account_too(world: World) {
    let (into, from) = merged(&world).await;
    let into = stepped_up(&world, &into, Deed::Export).await;
    let ticket = world.privacy.export_link(&into).await.unwrap();
    let told = world.privacy.exported(&ticket.secret).await.unwrap();
    let told: Value = serde_json::from_str(told.expose()).unwrap();
    let items = |part: &str| told[part]["items"].as_array().unwrap().len();
    assert_eq!(items("account"), 2);
    assert_eq!(items("homes"), 1);
    let opened = told["account"]["items"].to_string();
    assert!(opened.contains(from.account_id.as_str()));
    assert!(opened.contains(SECOND.open_id.unwrap()), "in the clear");
    let devices = told["sessions"]["items"].to_string();
    assert!(devices.contains(from.session_id.as_str()), "{devices}");
    assert!(told["acts"].to_string().contains("accounts.merged"));
}

async fn m3_15_who_is_erased_is_erased_under_every_name(world: World) {
    let (into, from) = merged(&world).await;
    let into = stepped_up(&world, &into, Deed::Erase).await;
    world.privacy.ask_erasure(&into).await.unwrap();
    world.clock.advance(COOLING_S);
    let erase = Erase(world.privacy.clone());
    assert_eq!(erase.run_due().await.unwrap(), 1);
    for wallet in [&LI_MING, &SECOND] {
        let anew = world.sign_in(wallet).await.account_id;
        assert!(anew != into.account_id && anew != from.account_id);
    }
}

async fn m3_15_a_wish_to_be_erased_does_not_outlive_a_merge(world: World) {
    let into = world.sign_in(&LI_MING).await;
    let from = world.sign_in(&SECOND).await;
    let code = asked(&world, &into).await;
    world.clock.advance(61);
    let errand = Errand::erase(&from);
    world.accounts.ask_step_up(&from, &errand).await.unwrap();
    world.deliver().await;
    let typed = world.code_on(SECOND.phone);
    let stepped = world.accounts.step_up(&from, &typed).await.unwrap();
    let from = Caller {
        session_id: stepped.session.session_id,
        ..from
    };
    world.privacy.ask_erasure(&from).await.unwrap();
    merge(&world, &from, &code).await.unwrap();
    world.deliver().await;
    assert!(
        world
            .phones
            .texts_on(LI_MING.phone)
            .contains(&"LL_ERASURE_WITHDRAWN")
    );
    world.clock.advance(COOLING_S);
    let erase = Erase(world.privacy.clone());
    assert_eq!(erase.run_due().await.unwrap(), 0);
    assert_eq!(
        world.sign_in(&SECOND).await.account_id,
        into.account_id,
        "the wallet still opens the account that stayed"
    );
}
