//! Links and homes.

use lifeline_core::accounts::secret::Secret;
use lifeline_core::bindings::binding::{Binding, Home, Label, Linked, Signboard};
use lifeline_core::bindings::ports::Holding;
use lifeline_core::bindings::role::Role;
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::{ConsumerNo, IdNo};
use lifeline_core::shared::time::Day;
use lifeline_core::store::{StoreError, Tx};

use crate::accounts::{add as add_account, bare};
use crate::bench::{Bench, at};
use crate::contracts;
use crate::offers::{copy, keep};

contracts! { "bindings":
    round_trip => ["BindingStore::add", "BindingReads::find", "BindingReads::live"];
    absent_is_none => ["BindingReads::find", "BindingReads::live", "BindingReads::list", "BindingReads::offered", "BindingReads::kept"];
    another_accounts_link_is_not_found => ["BindingReads::find", "BindingReads::live", "BindingReads::list"];
    listed_by_age_a_page_at_a_time => ["BindingReads::list"];
    one_live_link_per_account_and_home => ["BindingStore::add"];
    save_changes_role_and_signboard_and_keeps_the_certified_id => ["BindingStore::save", "BindingStore::rivals"];
    save_label_changes_the_label_alone => ["BindingStore::save_label"];
    stale_version_conflicts => ["BindingStore::save", "BindingStore::save_label", "BindingStore::end"];
    an_ended_link_is_gone_with_its_copy => ["BindingStore::end", "BindingReads::kept"];
    dropped_unit_links_nothing => ["BindingStore::add", "BindingStore::take_place"];
}

pub(crate) const HOME: &str = "1504010020017";

pub(crate) fn number(text: &str) -> ConsumerNo {
    ConsumerNo::parse(text).unwrap()
}

pub(crate) fn li() -> IdNo {
    IdNo::parse("150499199001010014").unwrap()
}

pub(crate) fn wang() -> IdNo {
    IdNo::parse("150499198506150026").unwrap()
}

pub(crate) fn signboard() -> Signboard {
    Signboard {
        consumer_no_masked: "*********0017".into(),
        holder_masked: "*明".into(),
        address_masked: "赤峰市红山区***".into(),
    }
}

/// Notes a home under a holder version, at the bench's first moment.
pub(crate) async fn touch(
    tx: &mut Tx,
    consumer_no: &ConsumerNo,
    version: i64,
) -> Result<Home, StoreError> {
    let holder = Holding {
        version,
        since: None,
    };
    tx.bindings()
        .touch_home(consumer_no, holder, Day::of(at(0)), at(0))
        .await
}

pub(crate) async fn account(t: &Bench, open_id: &str) -> AccountId {
    let account = bare(t, open_id);
    add_account(t, &account).await;
    account.account_id
}

pub(crate) fn link(t: &Bench, account: &AccountId, home: &str) -> Binding {
    Binding {
        binding_id: t.id(),
        account_id: account.clone(),
        consumer_no: number(home),
        role: Role::Holder,
        shown: true,
        grant_id: None,
        holder_version: 3,
        frozen: false,
        signboard: signboard(),
        label: Label::parse("爸妈家").ok(),
        created_at: at(0),
        version: 1,
    }
}

pub(crate) async fn add(t: &Bench, binding: &Binding, certified: &IdNo) -> Result<(), StoreError> {
    t.write(async |tx| {
        touch(tx, &binding.consumer_no, binding.holder_version).await?;
        tx.bindings().add(binding, Some(certified)).await
    })
    .await
}

pub(crate) async fn linked(t: &Bench, open_id: &str, home: &str, certified: &IdNo) -> Binding {
    let account = account(t, open_id).await;
    let binding = link(t, &account, home);
    add(t, &binding, certified).await.unwrap();
    binding
}

pub(crate) async fn found(t: &Bench, binding: &Binding) -> Option<Linked> {
    let mut view = t.view().await;
    view.bindings()
        .find(&binding.account_id, &binding.binding_id)
        .await
        .unwrap()
}

async fn round_trip(t: Bench) {
    let binding = linked(&t, "a", HOME, &li()).await;
    let nameless = Binding {
        label: None,
        role: Role::PayerOnly,
        ..link(&t, &binding.account_id, "1504010020025")
    };
    t.write(async |tx| {
        touch(tx, &nameless.consumer_no, 3).await?;
        tx.bindings().add(&nameless, None).await
    })
    .await
    .unwrap();
    let home = Home {
        holder_version: 3,
        holder_since: None,
        frozen: false,
        looked_at: at(0),
    };
    assert_eq!(
        found(&t, &binding).await,
        Some(Linked {
            binding: binding.clone(),
            home,
            granted: None,
        })
    );
    assert_eq!(
        found(&t, &nameless).await,
        Some(Linked {
            binding: nameless,
            home,
            granted: None,
        })
    );
    let mut view = t.view().await;
    let live = view
        .bindings()
        .live(&binding.account_id, &number(HOME))
        .await
        .unwrap();
    assert_eq!(live.map(|linked| linked.binding), Some(binding));
}

async fn absent_is_none(t: Bench) {
    let nobody = account(&t, "a").await;
    let binding = link(&t, &nobody, HOME);
    let page = Page::new(None, None).unwrap();
    assert_eq!(found(&t, &binding).await, None);
    let mut view = t.view().await;
    assert_eq!(
        view.bindings().live(&nobody, &number(HOME)).await.unwrap(),
        None
    );
    assert!(
        view.bindings()
            .list(&nobody, &page, at(0))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        view.bindings()
            .offered(&Secret::new("x".into()))
            .await
            .unwrap(),
        None
    );
    assert_eq!(view.bindings().kept(&binding).await.unwrap(), None);
}

async fn another_accounts_link_is_not_found(t: Bench) {
    let binding = linked(&t, "a", HOME, &li()).await;
    let stranger = account(&t, "b").await;
    let page = Page::new(None, None).unwrap();
    let mut view = t.view().await;
    let reads = view.bindings();
    assert_eq!(
        reads.find(&stranger, &binding.binding_id).await.unwrap(),
        None
    );
    assert_eq!(
        reads.live(&stranger, &binding.consumer_no).await.unwrap(),
        None
    );
    assert!(
        reads
            .list(&stranger, &page, at(0))
            .await
            .unwrap()
            .is_empty()
    );
}

async fn listed_by_age_a_page_at_a_time(t: Bench) {
    let account = account(&t, "a").await;
    let mut made = Vec::new();
    for home in ["1504010020017", "1504010020025", "1504010020033"] {
        let binding = link(&t, &account, home);
        add(&t, &binding, &li()).await.unwrap();
        made.push(binding.binding_id);
    }
    let list = async |limit, after: Option<String>| -> Vec<_> {
        let page = Page::new(Some(limit), after).unwrap();
        let rows = t
            .view()
            .await
            .bindings()
            .list(&account, &page, at(0))
            .await
            .unwrap();
        rows.into_iter()
            .map(|linked| linked.binding.binding_id)
            .collect()
    };
    assert_eq!(
        list(2, None).await,
        made,
        "one more than the page, so that it can be cut"
    );
    assert_eq!(list(1, None).await, made[..2]);
    assert_eq!(list(2, Some(made[1].to_string())).await, made[2..]);
}

async fn one_live_link_per_account_and_home(t: Bench) {
    let binding = linked(&t, "a", HOME, &li()).await;
    let twin = link(&t, &binding.account_id, HOME);
    let told = add(&t, &twin, &li()).await;
    assert!(matches!(&told, Err(StoreError::Duplicate(_))), "{told:?}");
    linked(&t, "b", HOME, &li()).await;
}

async fn save_changes_role_and_signboard_and_keeps_the_certified_id(t: Bench) {
    let binding = linked(&t, "a", HOME, &li()).await;
    let other = account(&t, "b").await;
    let moved = Binding {
        holder_version: 4,
        signboard: Signboard {
            holder_masked: "*芳".into(),
            ..signboard()
        },
        ..binding
    };
    t.write(async |tx| tx.bindings().save(&moved, None).await)
        .await
        .unwrap();
    let kept = found(&t, &moved).await.unwrap().binding;
    assert_eq!(
        kept,
        Binding {
            version: 2,
            ..moved.clone()
        }
    );
    let rivals = |certified: IdNo| {
        let (t, other) = (t.clone(), other.clone());
        async move {
            t.write(async |tx| {
                tx.bindings()
                    .rivals(&other, &number(HOME), &certified)
                    .await
            })
            .await
            .unwrap()
        }
    };
    assert_eq!(rivals(wang()).await, std::slice::from_ref(&kept));
    assert!(
        rivals(li()).await.is_empty(),
        "still resting on the ID number it was made with"
    );
    let frozen = Binding {
        role: Role::PayerOnly,
        frozen: true,
        ..kept
    };
    t.write(async |tx| tx.bindings().save(&frozen, None).await)
        .await
        .unwrap();
    assert_eq!(
        found(&t, &frozen).await.map(|l| l.binding.frozen),
        Some(true)
    );
    assert!(rivals(wang()).await.is_empty());
    let thawed = Binding {
        role: Role::Holder,
        frozen: false,
        version: 3,
        ..frozen
    };
    t.write(async |tx| tx.bindings().save(&thawed, Some(&wang())).await)
        .await
        .unwrap();
    assert!(rivals(wang()).await.is_empty());
    assert_eq!(rivals(li()).await.len(), 1);
}

async fn save_label_changes_the_label_alone(t: Bench) {
    let binding = linked(&t, "a", HOME, &li()).await;
    let named = Binding {
        label: Label::parse("老家").ok(),
        role: Role::PayerOnly,
        ..binding.clone()
    };
    t.write(async |tx| tx.bindings().save_label(&named).await)
        .await
        .unwrap();
    let expected = Binding {
        label: named.label,
        version: 2,
        ..binding
    };
    assert_eq!(
        found(&t, &expected).await.map(|l| l.binding),
        Some(expected.clone())
    );
    let nameless = Binding {
        label: None,
        ..expected
    };
    t.write(async |tx| tx.bindings().save_label(&nameless).await)
        .await
        .unwrap();
    assert_eq!(
        found(&t, &nameless).await.and_then(|l| l.binding.label),
        None
    );
}

async fn stale_version_conflicts(t: Bench) {
    let binding = linked(&t, "a", HOME, &li()).await;
    t.write(async |tx| tx.bindings().save(&binding, None).await)
        .await
        .unwrap();
    let saved = t
        .write(async |tx| tx.bindings().save(&binding, None).await)
        .await;
    assert!(matches!(saved, Err(StoreError::Conflict)));
    let named = t
        .write(async |tx| tx.bindings().save_label(&binding).await)
        .await;
    assert!(matches!(named, Err(StoreError::Conflict)));
    let ended = t
        .write(async |tx| tx.bindings().end(&binding, None, at(1)).await)
        .await;
    assert!(matches!(ended, Err(StoreError::Conflict)));
    assert!(found(&t, &binding).await.is_some());
}

async fn an_ended_link_is_gone_with_its_copy(t: Bench) {
    let binding = linked(&t, "a", HOME, &li()).await;
    keep(&t, &binding, &copy("A")).await;
    t.write(async |tx| tx.bindings().end(&binding, None, at(1)).await)
        .await
        .unwrap();
    assert_eq!(found(&t, &binding).await, None);
    let mut view = t.view().await;
    assert_eq!(
        view.bindings()
            .live(&binding.account_id, &number(HOME))
            .await
            .unwrap(),
        None
    );
    assert_eq!(view.bindings().kept(&binding).await.unwrap(), None);
    drop(view);
    let again = t
        .write(async |tx| tx.bindings().end(&binding, None, at(2)).await)
        .await;
    assert!(matches!(again, Err(StoreError::Conflict)));
    add(&t, &link(&t, &binding.account_id, HOME), &li())
        .await
        .unwrap();
}

async fn dropped_unit_links_nothing(t: Bench) {
    let account = account(&t, "a").await;
    let binding = link(&t, &account, HOME);
    t.write_and_drop(async |tx| {
        assert!(tx.bindings().take_place(&account, 1).await?);
        touch(tx, &number(HOME), 3).await?;
        tx.bindings().add(&binding, Some(&li())).await
    })
    .await;
    assert_eq!(found(&t, &binding).await, None);
    let free = t
        .write(async |tx| tx.bindings().take_place(&account, 1).await)
        .await
        .unwrap();
    assert!(free);
}
