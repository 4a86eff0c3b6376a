//! Many homes at once: the archive is asked about them side by side, so that they fit into the time of a request.

use lifeline_core::accounts::Secret;
use lifeline_core::bindings::home_code::CodeFor;
use lifeline_core::bindings::{Offer, OfferLevel, Proof};

use crate::archive::Home;
use crate::on_every_engine;
use crate::world::{LI_MING, World};

on_every_engine! { "many_homes":
    ln_43_many_homes_are_opened_side_by_side_and_all_are_linked,
    ln_43_the_phones_of_many_homes_are_asked_for_side_by_side,
}

/// As many as one account may link.
const HOMES: [&str; 9] = [
    "1504010020017",
    "1504010020025",
    "1504010020033",
    "1504010020041",
    "1504010020058",
    "1504010020066",
    "1504010020074",
    "1504010020082",
    "1504010020090",
];

fn put(world: &World, mobile: &'static str) {
    for number in HOMES {
        let home = Home {
            holder: "李明",
            id_no: Some(LI_MING.id_no),
            mobile: Some(mobile),
            holder_version: 1,
            holder_since: None,
        };
        world.archive.put(number, home);
    }
}

fn tokens(offer: &Offer) -> Vec<Secret> {
    let homes = offer.homes.iter();
    homes.map(|home| home.match_token.clone()).collect()
}

async fn ln_43_many_homes_are_opened_side_by_side_and_all_are_linked(world: World) {
    put(&world, LI_MING.phone);
    let who = world.agreeing(&LI_MING).await;
    let offer = world.bindings.offer(&who).await.unwrap();
    assert_eq!((offer.level, offer.homes.len()), (OfferLevel::Full, 9));
    let linked = world.bindings.confirm(&who, tokens(&offer), None).await;
    let linked = linked.unwrap();
    let numbers: Vec<&str> = linked
        .iter()
        .map(|seen| seen.binding.consumer_no.expose())
        .collect();
    assert_eq!(numbers, HOMES, "in the order they were offered");
    assert!((2..=5).contains(&world.archive.at_once()));
}

async fn ln_43_the_phones_of_many_homes_are_asked_for_side_by_side(world: World) {
    let archived = "19000000099";
    put(&world, archived);
    let who = world.agreeing(&LI_MING).await;
    let offer = world.bindings.offer(&who).await.unwrap();
    assert_eq!((offer.level, offer.homes.len()), (OfferLevel::IdOnly, 9));
    let first = CodeFor::Offered(offer.homes[0].match_token.clone());
    world.bindings.ask_home_code(&who, &first).await.unwrap();
    world.deliver().await;
    let code = Some(Proof::ArchivedSms(world.code_on(archived)));
    let linked = world.bindings.confirm(&who, tokens(&offer), code).await;
    assert_eq!(linked.unwrap().len(), 9, "all share the phone of the code");
    assert!(world.archive.at_once() > 1);
}
