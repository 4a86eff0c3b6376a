//! A person with everything that is sealed or indexed, and every way to each thing.

use lifeline_core::accounts::account::Account;
use lifeline_core::billing::ports::{FigureKey, FigureKind};
use lifeline_core::bindings::binding::Binding;
use lifeline_core::bindings::grant::Grant;
use lifeline_core::bindings::role::Role;
use lifeline_core::idempotency::Progress as Keyed;
use lifeline_core::payments::order::{ClaimKey, ClaimKind, Order};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::page::Page;

use crate::accounts::{id, phone, whole};
use crate::bench::{Bench, at, now};
use crate::bindings::{HOME, li, link, number};
use crate::payment_fixtures::{self as orders, arrears};
use crate::{
    accounts, billing, bindings, credentials, fillings, generation, grants, idempotency, inbox,
    insight, operators, outbox, requests,
};

/// A person with everything that is sealed or indexed.
pub(crate) struct Household {
    pub(crate) person: Account,
    pub(crate) link: Binding,
    pub(crate) order: Order,
    pub(crate) figure: FigureKey,
    /// What the holder offers, nobody has taken it.
    pub(crate) grant: Grant,
    /// Somebody whose access to the home the holder took away.
    pub(crate) barred: AccountId,
}

/// A phone that went to the archive from here.
const OFFERED: &str = "19000000009";
const INVITED: &str = "invitation";

pub(crate) async fn household(t: &Bench) -> Household {
    let person = whole(t);
    accounts::add(t, &person).await;
    let link = link(t, &person.account_id, HOME);
    bindings::add(t, &link, &li()).await.unwrap();
    let offered = fillings::offer(t, &link, true);
    fillings::put(t, &offered, Some(&phone(OFFERED))).await;
    let mut order = orders::paid(t, orders::order(t));
    order.payment.account_id = person.account_id.clone();
    orders::add(t, &order).await;
    let top_up = top_up(&person);
    t.write(async |tx| {
        let id = &order.payment.payment_id;
        assert!(tx.payments().take_claim(&arrears(), id, now()).await?);
        assert!(tx.payments().take_claim(&top_up, id, now()).await?);
        Ok(())
    })
    .await
    .unwrap();
    let figure = billing::key(HOME, 3, FigureKind::Arrears);
    assert!(billing::keep(t, &figure, "{\"due\":1}", 1).await);
    generation::permitted(t, &person.account_id).await;
    let asked = requests::request(t, &person.account_id, "k");
    t.write(async |tx| tx.requests().add(&asked).await)
        .await
        .unwrap();
    credentials::keep(t, &person.account_id).await;
    let (grant, barred) = shared(t, &link).await;
    insight::salted(t).await;
    let clerk = operators::person(t, "li.ming");
    assert!(operators::add(t, &clerk).await);
    operators::keep(t, &operators::form(&clerk, "words", 0)).await;
    outbox::add(t, &outbox::event(t, "k")).await;
    assert!(inbox::receive(t, &inbox::message("n1")).await);
    assert!(inbox::quarantine(t, &inbox::unverified("q1"), 9).await);
    idempotency::start(t, &idempotency::record("account:1"))
        .await
        .unwrap();
    t.write(async |tx| {
        let (key, answer) = (idempotency::key("account:1"), idempotency::answer());
        assert!(tx.idempotency().finish(&key, 1, &answer, at(1)).await?);
        Ok(())
    })
    .await
    .unwrap();
    Household {
        person,
        link,
        order,
        figure,
        grant,
        barred,
    }
}

/// An invitation to the home, and a guest whom the holder sent away.
async fn shared(t: &Bench, link: &Binding) -> (Grant, AccountId) {
    let grant = grants::offer(t, link);
    grants::put(t, HOME, &grant, INVITED).await.unwrap();
    let guest = bindings::account(t, "guest").await;
    let theirs = Binding {
        role: Role::PayerOnly,
        ..bindings::link(t, &guest, HOME)
    };
    t.write(async |tx| {
        tx.bindings().add(&theirs, None).await?;
        tx.bindings().end(&theirs, Some(3), at(1)).await
    })
    .await
    .unwrap();
    (grant, guest)
}

/// Every look-up of a home and of what its holder granted finds the one home.
async fn home_is_there(t: &Bench, h: &Household) {
    let (home, page) = (number(HOME), Page::new(None, None).unwrap());
    t.write(async |tx| {
        let known = tx.bindings().lock_home(&home).await?;
        assert_eq!(known.map(|known| known.holder_version), Some(3));
        let link = tx.bindings().link_to(&home, &h.link.binding_id).await?;
        assert_eq!(link.map(|linked| linked.binding).as_ref(), Some(&h.link));
        let links = tx.bindings().links_to(&home).await?;
        assert_eq!(links.len(), 1);
        assert!(tx.bindings().is_barred(&h.barred, &home, 3).await?);
        let by_id = tx.bindings().grant(&home, &h.grant.grant_id).await?;
        assert_eq!(by_id.as_ref(), Some(&h.grant));
        assert_eq!(tx.bindings().count_grants(&home, at(2)).await?, 1);
        let by_token = tx.bindings().invitation(&grants::secret(INVITED)).await?;
        assert_eq!(by_token.as_ref(), Some(&h.grant));
        let open = tx.bindings().invitations(&home, at(2)).await?;
        assert_eq!(open.as_slice(), std::slice::from_ref(&h.grant));
        let others = tx.bindings().others(&h.barred, &home, &page, at(2)).await?;
        assert_eq!(others.len(), 1);
        Ok(())
    })
    .await
    .unwrap();
}

fn top_up(person: &Account) -> ClaimKey {
    ClaimKey {
        consumer_no: arrears().consumer_no,
        kind: ClaimKind::TopUp(person.account_id.clone()),
    }
}

/// Every way to each thing still leads to it, and its content opens.
pub(crate) async fn all_is_there(t: &Bench, h: &Household) {
    let app = h.person.app_id.as_str();
    let found = t
        .write(async |tx| {
            Ok([
                tx.accounts().find_by_open_id(app, &id("open-1")).await?,
                tx.accounts().find_by_user_id(app, &id("2088-1")).await?,
                tx.accounts().find_by_phone(&phone("19000000001")).await?,
            ])
        })
        .await
        .unwrap();
    for found in found {
        assert_eq!(found.as_ref(), Some(&h.person));
    }
    assert!(fillings::wrote(t, HOME, OFFERED).await);
    let person = &h.person.account_id;
    let mut view = t.view().await;
    let live = view.bindings().live(person, &number(HOME)).await.unwrap();
    assert_eq!(live.map(|linked| linked.binding), Some(h.link.clone()));
    let order = view.payments().find(&h.order.payment.payment_id).await;
    assert_eq!(order.unwrap(), Some(h.order.clone()));
    let in_flight = view.payments().in_flight(&arrears().consumer_no).await;
    assert_eq!(in_flight.unwrap(), h.order.payment.amount);
    let consumer_no = &arrears().consumer_no;
    let own = view.payments().in_flight_of(person, consumer_no).await;
    assert_eq!(own.unwrap(), h.order.payment.amount);
    for claim in [arrears(), top_up(&h.person)] {
        let holder = view.payments().claim_holder(&claim).await.unwrap();
        assert_eq!(holder.as_ref(), Some(&h.order.payment.payment_id));
    }
    drop(view);
    assert_eq!(
        billing::kept(t, &h.figure).await,
        billing::copy("{\"due\":1}", 1, None)
    );
    home_is_there(t, h).await;
    assert_eq!(inbox::find(t, "n1").await, Some(inbox::message("n1")));
    let quarantined = inbox::quarantined(t, "", 9).await;
    assert_eq!(quarantined, [inbox::unverified("q1")]);
    let kept = idempotency::find(t, &idempotency::key("account:1")).await;
    assert_eq!(
        kept.map(|record| record.progress),
        Some(Keyed::Done(idempotency::answer()))
    );
}

/// The holder's own claim is no rival of itself, another certified person's is.
pub(crate) async fn rivals_are_known(t: &Bench, h: &Household) {
    let stranger = t.id();
    let home = number(HOME);
    let (same, other) = t
        .write(async |tx| {
            let same = tx.bindings().rivals(&stranger, &home, &li()).await?;
            let wang = bindings::wang();
            let other = tx.bindings().rivals(&stranger, &home, &wang).await?;
            Ok((same, other))
        })
        .await
        .unwrap();
    assert_eq!(same, []);
    assert_eq!(other.as_slice(), std::slice::from_ref(&h.link));
}
