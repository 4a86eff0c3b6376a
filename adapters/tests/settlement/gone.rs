//! What lies beside a personal data table goes with it, under whichever account it lies (PV-11).

use lifeline_core::evidence::Act;
use lifeline_core::settlement::accounts::GenerationState;
use lifeline_core::shared::ids::Maker;
use lifeline_core::shared::time::Clock as _;

use crate::ended::{end, person, salts};
use crate::keys::Roof;
use crate::store::Place;
use crate::stories;

stories! {
    pv_11_what_was_proven_under_accounts_merged_one_into_another_goes_as_well;
}

/// Somebody sells, merges into a second account, shows another payee there, and merges that into a third.
async fn pv_11_what_was_proven_under_accounts_merged_one_into_another_goes_as_well(place: Place) {
    let roof = Roof::over(place).await;
    let (id, table) = roof.permits("1504990000777").await;
    let table = table.as_str();
    assert_eq!(salts(&roof.place, table).await, 1, "the product's own");
    let (first, now) = (&roof.caller.account_id, roof.outside.now());
    let (second, third) = (person(&roof, 2).await, person(&roof, 3).await);
    let (second, third) = (second.account_id, third.account_id);
    let make = Maker {
        clock: &roof.outside,
        entropy: &roof.outside,
    };
    let act = Act::new()
        .say("account_id", second.as_str())
        .say("table_id", table)
        .seal("trading_account", "6217000000000002");
    let kind = "generation.payee_changed";
    let changed = act.into_entry(make.id(), kind, now, now, [1; 16]).unwrap();
    roof.place
        .write(async |tx| tx.evidence().append(&changed).await)
        .await;
    assert_eq!(salts(&roof.place, table).await, 2);
    let merged = format!(
        "UPDATE account SET merged_into = '{third}' WHERE account_id IN ('{first}', '{second}')"
    );
    roof.place.raw(&merged).await.unwrap();
    assert_eq!(end(&roof, &id).await, GenerationState::Terminated);
    assert_eq!(salts(&roof.place, table).await, 0);
}
