//! Money of somebody who had themselves erased. Their homes are marketing's to know: what comes late goes
//! back, and what was posted can still be taken back.

use lifeline_core::payments::{Standing, table_l as l};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::time::Clock as _;

use crate::books::HOME;
use crate::late::paid_after_closing;
use crate::rulings::rule_line;
use crate::store::Place;
use crate::stories;
use crate::story::{Story, arrears, top_up};

stories! {
    late_money_of_the_erased_goes_back;
    what_was_posted_for_the_erased_can_be_taken_back;
}

async fn erase(s: &Story, account: &AccountId) {
    let now = s.outside.now();
    s.place
        .write(async |tx| tx.privacy().erase(account, now).await)
        .await;
}

async fn late_money_of_the_erased_goes_back(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let bill = arrears("key-1", 12_840, "v1");
    for (name, wish) in [("li", bill), ("wang", top_up("key-2", 5_000))] {
        let payer = s.person(name).await;
        let order = s.order(&payer, &wish).await;
        let closed = s.app.close(payer.account(), &order.id, "trace").await;
        assert_eq!(closed.unwrap().standing(), Standing::Closed);
        s.run(30).await;
        erase(&s, payer.account()).await;
        paid_after_closing(&s, &order).await;
        s.run(120).await;
        assert_eq!(s.standing(&order.id).await, Standing::Refunded);
    }
    assert_eq!(s.outside.count("post"), 0, "there is no home to credit");
    s.square();
    s.books_agree().await;
}

async fn what_was_posted_for_the_erased_can_be_taken_back(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let payer = s.person("li").await;
    let order = s.order(&payer, &arrears("key-1", 12_840, "v1")).await;
    s.pays(&order.number).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    erase(&s, payer.account()).await;
    rule_line(&s, &order.id, l::Input::RefundWanted, None).await;
    s.run(120).await;
    assert_eq!(s.standing(&order.id).await, Standing::Refunded);
    s.square();
    s.books_agree().await;
}
