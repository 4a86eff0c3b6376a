//! A mixing that is planted is found: what the walk relies on would otherwise be seen by nobody.

use crate::line::House;
use crate::town::Mixed;
use crate::walk::{Act, Walk};

/// What a holder reads in a town that answers a figure with that of the next home.
fn read_mixed(what: Mixed) {
    let blank = crate::blank();
    let (_folder, file) = blank.copy();
    actix_web::rt::System::new().block_on(async {
        let house = House::open(&file, &blank.keyring).await;
        let line = house.line().await;
        let mut walker = Walk::new(&house, &line);
        walker.settle().await;
        walker.act(&Act::Match(0)).await;
        walker.act(&Act::Read(0, 0)).await;
        house.town.mix(what);
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
