//! Offers of certified values to the archive.

use std::collections::BTreeMap;

use lifeline_core::bindings::binding::Binding;
use lifeline_core::bindings::filling::{ArchiveField, Filled, Filling, FillingState};
use lifeline_core::shared::personal::Phone;
use lifeline_core::store::StoreError;

use crate::bench::{Bench, at};
use crate::bindings::{HOME, li, linked, number};
use crate::contracts;
use crate::followers::place;

contracts! { "fillings":
    the_newest_offer_of_a_link_is_found => ["FillingStore::add_filling", "FillingReads::filling",
        "FillingStore::filling_by_id"];
    offers_without_an_answer_wait_oldest_first_in_their_region => ["FillingReads::unanswered"];
    what_the_archive_said_is_kept_and_stale_versions_conflict => ["FillingStore::save_filling"];
    a_phone_that_may_have_been_written_is_known_again => ["FillingReads::wrote_mobile"];
    m3_3_a_written_phone_is_known_when_its_person_is_gone => ["FillingReads::wrote_mobile", "FillingStore::save_filling"];
    no_phone_is_readable_at_rest => ["FillingStore::add_filling"];
    a_dropped_unit_offers_nothing => ["FillingStore::add_filling", "FillingStore::save_filling"];
}

fn phone(text: &str) -> Phone {
    Phone::parse(text).unwrap()
}

pub(crate) fn offer(t: &Bench, link: &Binding, with_mobile: bool) -> Filling {
    Filling {
        filling_id: t.id(),
        binding_id: link.binding_id.clone(),
        account_id: link.account_id.clone(),
        consent_id: "consent".into(),
        holder_version: 3,
        state: FillingState::Asked,
        with_mobile,
        results: BTreeMap::new(),
        asked_at: at(0),
        settled_at: None,
        version: 1,
    }
}

pub(crate) async fn put(t: &Bench, filling: &Filling, mobile: Option<&Phone>) {
    let home = number(HOME);
    t.write(async |tx| tx.bindings().add_filling(filling, &home, mobile).await)
        .await
        .unwrap();
}

async fn save(t: &Bench, filling: &Filling) -> Result<(), StoreError> {
    t.write(async |tx| tx.bindings().save_filling(filling).await)
        .await
}

fn settled(filling: &Filling, mobile: Filled) -> Filling {
    Filling {
        state: FillingState::Settled,
        results: BTreeMap::from([
            (ArchiveField::IdNo, Filled::Same),
            (ArchiveField::Mobile, mobile),
            (ArchiveField::Name, Filled::ConflictReview),
        ]),
        settled_at: Some(at(9)),
        ..filling.clone()
    }
}

async fn newest(t: &Bench, link: &Binding) -> Option<Filling> {
    let mut view = t.view().await;
    view.bindings().filling(&link.binding_id).await.unwrap()
}

pub(crate) async fn wrote(t: &Bench, home: &str, text: &str) -> bool {
    let mut view = t.view().await;
    let (home, phone) = (number(home), phone(text));
    view.bindings().wrote_mobile(&home, &phone).await.unwrap()
}

async fn offers_without_an_answer_wait_oldest_first_in_their_region(t: Bench) {
    let link = linked(&t, "a", HOME, &li()).await;
    let other = linked(&t, "b", "1504010020025", &li()).await;
    let answered = linked(&t, "c", "1504010020036", &li()).await;
    let ended = linked(&t, "d", "1504010020047", &li()).await;
    let asked_of = |link: &Binding, second: i64| Filling {
        asked_at: at(second),
        ..offer(&t, link, false)
    };
    // Another offer takes the place of one that nothing sends any more.
    for (link, second) in [
        (&link, -99),
        (&link, 0),
        (&other, -9),
        (&answered, -99),
        (&ended, -99),
    ] {
        put(&t, &asked_of(link, second), None).await;
    }
    let over = offer(&t, &answered, true);
    put(&t, &over, Some(&phone("19000000001"))).await;
    save(&t, &settled(&over, Filled::Same)).await.unwrap();
    let ends = format!(
        "UPDATE binding SET ended_at = 1 WHERE binding_id = '{}'",
        ended.binding_id
    );
    t.raw(&ends).await.unwrap();
    let waits = async |regions: Option<Vec<String>>| {
        let mut view = t.view().await;
        let found = view.bindings().unanswered(regions.as_deref(), 9).await;
        let found = found.unwrap();
        let each = found.into_iter();
        each.map(|one| (one.binding_id, one.region, one.asked_at))
            .collect::<Vec<_>>()
    };
    let told = |region: &str| {
        let told =
            |link: &Binding, second| (link.binding_id.clone(), region.to_owned(), at(second));
        [told(&other, -9), told(&link, 0)]
    };
    assert_eq!(waits(None).await, told("-"));
    let region: String = HOME.chars().take(4).collect();
    let own = vec![region.clone()];
    assert!(
        waits(Some(own.clone())).await.is_empty(),
        "it has no region yet"
    );
    assert!(place(&t, 9).await >= 2);
    assert_eq!(waits(Some(own)).await, told(&region));
    for elsewhere in [vec![], vec!["0000".to_owned()], vec!["-".to_owned()]] {
        assert!(waits(Some(elsewhere)).await.is_empty());
    }
}

async fn the_newest_offer_of_a_link_is_found(t: Bench) {
    let link = linked(&t, "a", HOME, &li()).await;
    assert_eq!(newest(&t, &link).await, None);
    let first = offer(&t, &link, false);
    put(&t, &first, None).await;
    let second = offer(&t, &link, true);
    put(&t, &second, Some(&phone("19000000001"))).await;
    assert_eq!(newest(&t, &link).await.as_ref(), Some(&second));
    let id = &first.filling_id;
    let found = t
        .write(async |tx| tx.bindings().filling_by_id(id).await)
        .await;
    assert_eq!(found.unwrap().as_ref(), Some(&first));
}

async fn what_the_archive_said_is_kept_and_stale_versions_conflict(t: Bench) {
    let link = linked(&t, "a", HOME, &li()).await;
    let asked = offer(&t, &link, true);
    put(&t, &asked, Some(&phone("19000000001"))).await;
    let done = settled(&asked, Filled::Filled);
    save(&t, &done).await.unwrap();
    let kept = Filling {
        version: 2,
        ..done.clone()
    };
    assert_eq!(newest(&t, &link).await, Some(kept));
    let again = save(&t, &done).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
}

async fn a_phone_that_may_have_been_written_is_known_again(t: Bench) {
    let link = linked(&t, "a", HOME, &li()).await;
    let asked = offer(&t, &link, true);
    put(&t, &asked, Some(&phone("19000000001"))).await;
    assert!(wrote(&t, HOME, "19000000001").await, "it may be there");
    assert!(!wrote(&t, HOME, "19000000002").await);
    assert!(
        !wrote(&t, "1504010020025", "19000000001").await,
        "a phone is of one home"
    );
    save(&t, &settled(&asked, Filled::Same)).await.unwrap();
    assert!(!wrote(&t, HOME, "19000000001").await, "it was there before");
    let other = offer(&t, &link, true);
    put(&t, &other, Some(&phone("19000000003"))).await;
    save(&t, &settled(&other, Filled::Filled)).await.unwrap();
    assert!(wrote(&t, HOME, "19000000003").await);
    let refused = offer(&t, &link, true);
    put(&t, &refused, Some(&phone("19000000004"))).await;
    let refused = settled(&refused, Filled::ConflictReview);
    save(&t, &refused).await.unwrap();
    assert!(!wrote(&t, HOME, "19000000004").await);
}

async fn m3_3_a_written_phone_is_known_when_its_person_is_gone(t: Bench) {
    let link = linked(&t, "a", HOME, &li()).await;
    let asked = offer(&t, &link, true);
    put(&t, &asked, Some(&phone("19000000001"))).await;
    save(&t, &settled(&asked, Filled::Filled)).await.unwrap();
    t.write(async |tx| tx.privacy().erase(&link.account_id, at(50)).await)
        .await
        .unwrap();
    assert_eq!(newest(&t, &link).await, None, "the offer is gone");
    assert!(wrote(&t, HOME, "19000000001").await);
    assert!(!wrote(&t, HOME, "19000000002").await);
    // Nor does the purge of what has ended make it a proof.
    let years = at(20 * 366 * 86_400);
    t.write(async |tx| {
        for table in tx.privacy().purged_tables() {
            tx.privacy().purge(table, years, 500).await?;
        }
        Ok(())
    })
    .await
    .unwrap();
    assert!(wrote(&t, HOME, "19000000001").await);
}

async fn no_phone_is_readable_at_rest(t: Bench) {
    let link = linked(&t, "a", HOME, &li()).await;
    put(&t, &offer(&t, &link, true), Some(&phone("19000000001"))).await;
    for column in [
        "mobile FROM archive_filling",
        "pair_digest FROM archive_writing",
    ] {
        let stored = t.text(&format!("SELECT {column}")).await;
        assert!(stored.len() > 16 && !stored.contains("19000000001"));
        assert!(!stored.contains(HOME));
    }
}

async fn a_dropped_unit_offers_nothing(t: Bench) {
    let link = linked(&t, "a", HOME, &li()).await;
    let asked = offer(&t, &link, true);
    t.write_and_drop(async |tx| {
        tx.bindings()
            .add_filling(&asked, &number(HOME), Some(&phone("19000000001")))
            .await?;
        tx.bindings()
            .save_filling(&settled(&asked, Filled::Filled))
            .await
    })
    .await;
    assert_eq!(newest(&t, &link).await, None);
    assert!(!wrote(&t, HOME, "19000000001").await);
}
