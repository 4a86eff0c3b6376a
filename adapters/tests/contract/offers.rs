//! Homes offered by a match, and copies of the archive.

use lifeline_core::accounts::secret::Secret;
use lifeline_core::bindings::binding::Binding;
use lifeline_core::bindings::offer::{OfferLevel, Offered};
use lifeline_core::bindings::ports::{Consumer, Kept, Meter, RealNameState, Verified};
use lifeline_core::bindings::role::Role;
use lifeline_core::shared::time::Day;
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::accounts::is_index;
use crate::bench::{Bench, at};
use crate::bindings::{HOME, account, li, linked, number, signboard};
use crate::contracts;

contracts! { "offers":
    offer_round_trip => ["BindingStore::add_offered", "BindingReads::offered", "BindingStore::save_offered"];
    an_offer_is_used_once => ["BindingStore::save_offered"];
    purge_drops_old_offers => ["BindingStore::purge_offered"];
    a_copy_is_kept_and_replaced => ["BindingStore::keep", "BindingReads::kept"];
    nothing_of_a_home_is_readable_at_rest => ["BindingStore::add", "BindingStore::add_offered", "BindingStore::keep"];
}

fn secret(text: &str) -> Secret {
    Secret::new(text.into())
}

async fn offer(t: &Bench) -> Offered {
    Offered {
        account_id: account(t, "a").await,
        session_id: t.id(),
        level: OfferLevel::IdOnly,
        archive_token: secret("archive-token"),
        archive_role: Role::Authorised,
        signboard: signboard(),
        verified: None,
        expires_at: at(600),
        used_at: None,
        version: 1,
    }
}

async fn add_offer(t: &Bench, offered: &Offered) {
    t.write(async |tx| tx.bindings().add_offered(&secret("mine"), offered).await)
        .await
        .unwrap();
}

async fn save_offer(t: &Bench, offered: &Offered) -> Result<(), StoreError> {
    t.write(async |tx| tx.bindings().save_offered(&secret("mine"), offered).await)
        .await
}

async fn offered(t: &Bench, token: &str) -> Option<Offered> {
    t.view()
        .await
        .bindings()
        .offered(&secret(token))
        .await
        .unwrap()
}

async fn offer_round_trip(t: Bench) {
    let made = offer(&t).await;
    add_offer(&t, &made).await;
    assert_eq!(offered(&t, "mine").await, Some(made.clone()));
    assert_eq!(offered(&t, "archive-token").await, None);
    let verified = Verified {
        consumer_no: number(HOME),
        role: Role::Holder,
        holder_version: 3,
        holder_since: Day::parse("2026-06-01").ok(),
    };
    let opened = Offered {
        verified: Some(verified),
        used_at: Some(at(9)),
        ..made
    };
    save_offer(&t, &opened).await.unwrap();
    assert_eq!(
        offered(&t, "mine").await,
        Some(Offered {
            version: 2,
            ..opened
        })
    );
}

async fn an_offer_is_used_once(t: Bench) {
    let made = offer(&t).await;
    add_offer(&t, &made).await;
    let used = Offered {
        used_at: Some(at(9)),
        ..made
    };
    let mut users = JoinSet::new();
    for _ in 0..16 {
        let (t, used) = (t.clone(), used.clone());
        users.spawn(async move { save_offer(&t, &used).await.is_ok() });
    }
    assert_eq!(
        users
            .join_all()
            .await
            .into_iter()
            .filter(|won| *won)
            .count(),
        1
    );
    assert!(matches!(
        save_offer(&t, &used).await,
        Err(StoreError::Conflict)
    ));
}

async fn purge_drops_old_offers(t: Bench) {
    add_offer(&t, &offer(&t).await).await;
    let purge = async |second| {
        t.write(async |tx| tx.bindings().purge_offered(at(second)).await)
            .await
            .unwrap()
    };
    assert_eq!(purge(600).await, 0);
    assert_eq!(purge(601).await, 1);
    assert_eq!(offered(&t, "mine").await, None);
}

pub(crate) fn copy(tariff: &str) -> Kept {
    Kept {
        consumer: Consumer {
            holder_masked: "*明".into(),
            address_masked: "赤峰市红山区***".into(),
            category: "residential".into(),
            tariff_code: tariff.into(),
            tariff_name: "居民年阶梯".into(),
            pay_mode: "postpaid".into(),
            open: true,
            meters: vec![Meter {
                meter_no: "15000000001234".into(),
                multiplier: 40,
            }],
            holder_version: 3,
            org_no: Some("1504010".into()),
            holder_since: None,
            as_of: at(0),
        },
        real_name: Some(RealNameState::Mismatch),
        kept_at: at(5),
    }
}

pub(crate) async fn keep(t: &Bench, binding: &Binding, kept: &Kept) {
    t.write(async |tx| tx.bindings().keep(binding, kept).await)
        .await
        .unwrap();
}

async fn a_copy_is_kept_and_replaced(t: Bench) {
    let binding = linked(&t, "a", HOME, &li()).await;
    for tariff in ["A", "B"] {
        keep(&t, &binding, &copy(tariff)).await;
        let mut view = t.view().await;
        assert_eq!(
            view.bindings().kept(&binding).await.unwrap(),
            Some(copy(tariff))
        );
    }
}

async fn nothing_of_a_home_is_readable_at_rest(t: Bench) {
    let binding = linked(&t, "a", HOME, &li()).await;
    keep(&t, &binding, &copy("A")).await;
    let offer = Offered {
        account_id: binding.account_id.clone(),
        verified: Some(Verified {
            consumer_no: number(HOME),
            role: Role::Holder,
            holder_version: 3,
            holder_since: None,
        }),
        session_id: t.id(),
        level: OfferLevel::Full,
        archive_token: secret("archive-token"),
        archive_role: Role::Holder,
        signboard: signboard(),
        expires_at: at(600),
        used_at: None,
        version: 1,
    };
    add_offer(&t, &offer).await;
    for (column, table) in [
        ("consumer_no", "binding"),
        ("signboard", "binding"),
        ("label", "binding"),
        ("archive_token", "match_offer"),
        ("signboard", "match_offer"),
        ("verified", "match_offer"),
        ("body", "archive_copy"),
    ] {
        let sealed = t.text(&format!("SELECT {column} FROM {table}")).await;
        assert!(sealed.starts_with("a1:"), "{table}.{column}");
    }
    for (column, table) in [
        ("home_index", "binding_home"),
        ("certified_index", "binding"),
    ] {
        let index = t.text(&format!("SELECT {column} FROM {table}")).await;
        assert!(is_index(&index), "{table}.{column}");
    }
    let digest = t.text("SELECT token_digest FROM match_offer").await;
    assert_eq!(digest.len(), 64);
}
