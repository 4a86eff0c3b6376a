//! A mixing that is planted is found: what the walk relies on would otherwise be seen by nobody.

use crate::line::House;
use crate::town::Mixed;
use crate::walk::{Act, Walk};

/// Takes a few steps in a house of its own, with everybody settled in it.
fn among(steps: impl AsyncFnOnce(&mut Walk<'_>)) {
    let blank = crate::blank();
    let (_folder, file) = blank.copy();
    actix_web::rt::System::new().block_on(async {
        let house = House::open(&file, &blank.keyring).await;
        let line = house.line().await;
        let mut walker = Walk::new(&house, &line);
        walker.settle().await;
        walker.write().await;
        steps(&mut walker).await;
        house.close().await;
    });
}

/// What a holder reads in a town that answers a figure with that of the next home.
fn read_mixed(what: Mixed) {
    among(async |walker: &mut Walk<'_>| {
        walker.act(&Act::Match(0)).await;
        walker.act(&Act::Read(0, 0)).await;
        walker.house.town.mix(what);
        walker.act(&Act::Read(0, 0)).await;
    });
}

#[test]
#[should_panic(expected = "what was used shows [Used(1, ")]
fn energy_of_another_home_is_found() {
    read_mixed(Mixed::Used);
}

#[test]
#[should_panic(expected = "what was paid shows [Paid(1, ")]
fn receipts_of_another_home_are_found() {
    read_mixed(Mixed::Paid);
}

#[test]
#[should_panic(expected = "the outages shows [Outage(1)")]
fn outages_of_another_home_are_found() {
    read_mixed(Mixed::Office);
}

#[test]
fn a_document_is_of_the_one_who_asked() {
    among(async |walker: &mut Walk<'_>| {
        walker.sell().await;
        walker.export_all().await;
    });
}

#[test]
#[should_panic(expected = "the document shows [Name(1)")]
fn a_document_of_another_is_found() {
    among(async |walker: &mut Walk<'_>| {
        walker.sell().await;
        let told = walker.export(1).await;
        walker.is_of(&told, 0);
    });
}

#[test]
#[should_panic(expected = "a device of another's")]
fn a_device_of_another_is_found() {
    among(async |walker: &mut Walk<'_>| {
        walker.read_own(1).await;
        for whose in walker.devices.values_mut() {
            *whose = 0;
        }
        walker.read_own(1).await;
    });
}
