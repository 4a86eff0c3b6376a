//! Two versions of the program on one store: the older meets states and tables that it does not know.

use lifeline_adapters::keyring::InstanceKind;
use lifeline_adapters::sql::{self, OpenError, SchemaError};
use lifeline_core::payments::{Standing, table_p as p};
use lifeline_core::shared::time::Clock as _;

use crate::books::{HOME, order_in};
use crate::drills::{OTHER_HOME, credits, ordered};
use crate::store::{EngineKind, Place};
use crate::stories;
use crate::story::{Ordered, Story};

stories! {
    drill_a_state_of_a_newer_program_is_left_alone;
    drill_a_line_of_a_newer_program_is_left_alone;
    drill_a_refund_of_a_newer_program_is_left_alone;
    drill_a_hundred_orders_of_a_newer_program_keep_no_other_waiting;
    drill_an_order_of_a_newer_program_does_not_keep_others_asleep;
    drill_an_older_program_goes_on_beside_a_later_migration;
}

/// Brings rows of a table into a state that this program does not know.
async fn of_a_newer_program(s: &Story, table: &str, which: &str) {
    let newer = format!("UPDATE {table} SET state = 'ELSEWHERE' WHERE {which}");
    match &s.place.kind {
        EngineKind::Sqlite => s
            .place
            .raw(&format!("PRAGMA ignore_check_constraints = 1; {newer}"))
            .await
            .unwrap(),
        EngineKind::Postgres(_) => {
            let free = format!(
                "DO $$ DECLARE c text; BEGIN FOR c IN SELECT conname FROM pg_constraint \
                WHERE conrelid = '{table}'::regclass AND contype = 'c' \
                LOOP EXECUTE format('ALTER TABLE {table} DROP CONSTRAINT %I', c); END LOOP; END $$;"
            );
            s.place.raw(&format!("{free} {newer}")).await.unwrap();
        }
    }
}

fn of(order: &Ordered) -> String {
    format!("payment_id = '{}'", order.id.as_str())
}

/// Rows of an order that are as the newer program left them.
async fn left_alone(s: &Story, table: &str, order: &Ordered) -> i64 {
    let which = of(order);
    let query = format!("SELECT COUNT(*) FROM {table} WHERE state = 'ELSEWHERE' AND {which}");
    s.count(&query).await
}

/// The newer program, or this one after it, brings the row back to what everybody knows.
async fn known_again(s: &Story, table: &str, order: &Ordered, state: &str) {
    let which = of(order);
    let known = format!("UPDATE {table} SET state = '{state}' WHERE {which}");
    s.place.raw(&known).await.unwrap();
}

async fn state_of(s: &Story, table: &str, order: &Ordered) -> String {
    let which = of(order);
    let query = format!("SELECT state FROM {table} WHERE {which}");
    s.place.word(&query).await
}

async fn drill_a_state_of_a_newer_program_is_left_alone(place: Place) {
    let s = Story::at(place);
    let (bad, good) = (
        ordered(&s, "li", HOME).await,
        ordered(&s, "wang", OTHER_HOME).await,
    );
    of_a_newer_program(&s, "payment", &of(&bad)).await;
    assert!(s.outside.pay(&bad.number) && s.outside.pay(&good.number));
    s.run(600).await;
    assert_eq!(s.standing(&good.id).await, Standing::Posted);
    assert_eq!(left_alone(&s, "payment", &bad).await, 1);
    known_again(&s, "payment", &bad, "PAYING").await;
    s.run(600).await;
    assert_eq!(s.standing(&bad.id).await, Standing::Posted);
    s.square();
}

/// The line's money was on its way to marketing: nothing more is sent for it, and nothing is given back.
async fn drill_a_line_of_a_newer_program_is_left_alone(place: Place) {
    let s = Story::at(place);
    let (bad, good) = (
        ordered(&s, "li", HOME).await,
        ordered(&s, "wang", OTHER_HOME).await,
    );
    s.outside
        .silence(&["post", "get", "fence", "reverse", "voucher", "dues"]);
    assert!(s.outside.pay(&bad.number));
    s.tell("n1", &bad.number).await;
    s.run(60).await;
    let was = state_of(&s, "payment_line", &bad).await;
    of_a_newer_program(&s, "payment_line", &of(&bad)).await;
    s.outside.speak();
    assert!(s.outside.pay(&good.number));
    s.run(600).await;
    assert_eq!(s.standing(&good.id).await, Standing::Posted);
    assert_eq!(left_alone(&s, "payment_line", &bad).await, 1);
    assert_eq!((credits(&s), s.outside.count("refund")), (1, 0));
    known_again(&s, "payment_line", &bad, &was).await;
    s.run_long(2 * 3_600).await;
    assert_eq!(s.standing(&bad.id).await, Standing::Posted);
    assert_eq!((credits(&s), s.outside.count("refund")), (2, 0));
    s.square();
    s.books_agree().await;
}

/// The refund had been sent and not answered: it goes out once, whoever comes to know its state again.
async fn drill_a_refund_of_a_newer_program_is_left_alone(place: Place) {
    let s = Story::at(place);
    let (bad, good) = (
        ordered(&s, "li", HOME).await,
        ordered(&s, "wang", OTHER_HOME).await,
    );
    // The home was closed meanwhile: the money must go back.
    s.outside.with(|world| {
        let due = world.due.get_mut(HOME).unwrap();
        due.2 = false;
    });
    s.outside.silence(&["refund"]);
    assert!(s.outside.pay(&bad.number));
    s.tell("n1", &bad.number).await;
    while s.outside.count("refund") == 0 {
        s.run(5).await;
    }
    let was = state_of(&s, "payment_refund", &bad).await;
    of_a_newer_program(&s, "payment_refund", &of(&bad)).await;
    s.outside.speak();
    let sent = s.outside.count("refund");
    assert!(s.outside.pay(&good.number));
    s.run(600).await;
    assert_eq!(s.standing(&good.id).await, Standing::Posted);
    assert_eq!(left_alone(&s, "payment_refund", &bad).await, 1);
    assert_eq!(s.outside.count("refund"), sent, "nothing more was sent");
    known_again(&s, "payment_refund", &bad, &was).await;
    s.run_long(2 * 3_600).await;
    assert_eq!(s.standing(&bad.id).await, Standing::Refunded);
    let back = s
        .outside
        .with(|world| world.trades[&bad.number].refunds.len());
    assert_eq!(back, 1);
    s.square();
    s.books_agree().await;
}

/// As many as one sweep takes, and all of them due before the good one.
async fn drill_a_hundred_orders_of_a_newer_program_keep_no_other_waiting(place: Place) {
    let s = Story::at(place);
    for _ in 0..100 {
        let mut order = order_in(&s.outside, p::State::Paying);
        order.payment.has_lock = false;
        s.place.add(&order, s.outside.now()).await;
    }
    of_a_newer_program(&s, "payment", "1 = 1").await;
    s.outside.advance(60);
    let good = ordered(&s, "wang", OTHER_HOME).await;
    assert!(s.outside.pay(&good.number));
    s.run(120).await;
    assert_eq!(s.standing(&good.id).await, Standing::Posted);
}

/// While marketing is silent one line asks for all: one that cannot be read does not ask in vain for ever.
async fn drill_an_order_of_a_newer_program_does_not_keep_others_asleep(place: Place) {
    let s = Story::at(place);
    let (bad, good) = (
        ordered(&s, "li", HOME).await,
        ordered(&s, "wang", OTHER_HOME).await,
    );
    s.outside
        .silence(&["post", "get", "fence", "reverse", "voucher", "dues"]);
    for order in [&bad, &good] {
        assert!(s.outside.pay(&order.number));
        s.tell(&order.number, &order.number).await;
    }
    s.run(600).await;
    let was = state_of(&s, "payment", &bad).await;
    of_a_newer_program(&s, "payment", &of(&bad)).await;
    s.run(60).await;
    s.outside.speak();
    s.run(300).await;
    assert_eq!(s.standing(&good.id).await, Standing::Posted);
    assert_eq!(left_alone(&s, "payment", &bad).await, 1);
    known_again(&s, "payment", &bad, &was).await;
    s.run_long(2 * 3_600).await;
    assert_eq!(s.standing(&bad.id).await, Standing::Posted);
    assert_eq!(credits(&s), 2);
    s.square();
    s.books_agree().await;
}

/// What `lifeline migrate` of the next program does first (docs/operations/cluster.md): the one that runs goes on
/// over it, and cannot be started again.
async fn drill_an_older_program_goes_on_beside_a_later_migration(place: Place) {
    let s = Story::at(place);
    let before = ordered(&s, "li", HOME).await;
    let later = "ALTER TABLE payment ADD COLUMN later_word TEXT; \
        ALTER TABLE payment_line ADD COLUMN later_word TEXT; \
        CREATE TABLE later (later_id TEXT NOT NULL PRIMARY KEY, \
            payment_id TEXT NOT NULL REFERENCES payment (payment_id)); \
        CREATE INDEX later_payment ON later (payment_id); \
        INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
            VALUES (9999, 'later', '2027-01-01T00:00:00Z', '1')";
    s.place.raw(later).await.unwrap();
    let after = ordered(&s, "wang", OTHER_HOME).await;
    for order in [&before, &after] {
        s.pays(&order.number).await;
    }
    s.run(60).await;
    for order in [&before, &after] {
        assert_eq!(s.standing(&order.id).await, Standing::Posted);
    }
    let keyring = s.place.keyring.clone();
    let again = sql::open(&s.place.target, keyring, InstanceKind::Demo).await;
    assert!(
        matches!(
            again,
            Err(OpenError::Schema(SchemaError::Newer { found: 9999, .. }))
        ),
        "it must not be started on the new tables"
    );
    s.square();
    s.books_agree().await;
}
