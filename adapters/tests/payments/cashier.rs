//! The browser's way to the cashier: our ticket, minted at the tap, proven closed only late.

use lifeline_core::payments::{PaymentError, Standing, table_p as p};
use lifeline_core::shared::ids::Maker;

use crate::books::{HOME, maker};
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, arrears, top_up};

stories! {
    interleaving_05_wap_url_outlives_close;
    interleaving_05_the_ticket_is_the_sessions;
}

pub(crate) async fn ticket(s: &Story, ordered: &Ordered) -> String {
    let order = s.look(&ordered.id).await;
    order.payment.ticket.as_ref().unwrap().expose().to_owned()
}

async fn interleaving_05_wap_url_outlives_close(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    // Never minted: nothing left us, so it closes at once and the channel is not even asked.
    let unminted = s
        .order(&li, &arrears("key-1", 12_840, "v1").by_browser())
        .await;
    assert_eq!(
        unminted.trade_no, None,
        "a browser's order has no trade yet"
    );
    let closed = s
        .app
        .close(li.account(), &unminted.id, "trace")
        .await
        .unwrap();
    assert_eq!(closed.standing(), Standing::Closed);
    assert_eq!(s.outside.count("close"), 0);
    // Minted: closed only when the number is unknown ten minutes after its end.
    let minted = s
        .order(&li, &arrears("key-2", 12_840, "v1").by_browser())
        .await;
    let ticket = ticket(&s, &minted).await;
    let url = s.app.open_ticket(&ticket, &li.session).await.unwrap();
    s.run(60).await;
    let again = s.app.open_ticket(&ticket, &li.session).await.unwrap();
    assert_eq!(url, again, "the same number and expiry at every tap");
    let wanted = s
        .app
        .close(li.account(), &minted.id, "trace")
        .await
        .unwrap();
    assert_eq!(wanted.payment.state, p::State::Closing);
    assert!(s.app.open_ticket(&ticket, &li.session).await.is_err());
    // The old tab pays after all: the money is credited, because the lock was kept.
    s.pays(&minted.number).await;
    assert_eq!(s.standing(&minted.id).await, Standing::Posted);
    let third = s.order(&li, &top_up("key-3", 1_000).by_browser()).await;
    let ticket = self::ticket(&s, &third).await;
    s.app.open_ticket(&ticket, &li.session).await.unwrap();
    s.run_long(1_400).await;
    assert_eq!(s.look(&third.id).await.payment.state, p::State::Closing);
    s.run_long(600).await;
    assert_eq!(s.standing(&third.id).await, Standing::Closed);
    s.square();
}

async fn interleaving_05_the_ticket_is_the_sessions(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let order = s
        .order(&li, &arrears("key-1", 12_840, "v1").by_browser())
        .await;
    let ticket = ticket(&s, &order).await;
    let make: Maker<'_> = maker(&s.outside);
    let gone = |outcome: Result<String, PaymentError>| {
        assert!(
            matches!(outcome, Err(PaymentError::TicketGone)),
            "{outcome:?}"
        );
    };
    gone(s.app.open_ticket(&ticket, &make.id()).await);
    gone(s.app.open_ticket("no-such-ticket", &li.session).await);
    assert_eq!(s.look(&order.id).await.payment.minted_at, None);
    let now = lifeline_core::shared::time::Clock::now(&s.outside);
    let shown = s.look(&order.id).await;
    let path = shown.pay_path(&li.session, now).unwrap();
    assert_eq!(path, format!("/v1/pay/{ticket}"));
    assert_eq!(
        shown.pay_path(&make.id(), now),
        None,
        "shown to its session only"
    );
    s.app.open_ticket(&ticket, &li.session).await.unwrap();
    s.run_long(900).await;
    gone(s.app.open_ticket(&ticket, &li.session).await);
    let dump = s
        .count(&format!(
            "SELECT COUNT(*) FROM payment WHERE ticket_digest = '{ticket}'"
        ))
        .await;
    assert_eq!(dump, 0, "only a digest can be searched");
}
