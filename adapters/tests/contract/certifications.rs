//! Certifications, and typed identities that only their client holds.

use lifeline_core::accounts::certification::{
    Certification, CertificationKind, CertificationState, Finding, TypedIdentity,
};
use lifeline_core::accounts::secret::Secret;
use lifeline_core::shared::ids::CertificationId;
use lifeline_core::shared::personal::{IdNo, PersonName};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::accounts::{add, bare};
use crate::bench::{Bench, at};
use crate::contracts;

contracts! { "certifications":
    round_trip => ["CertificationStore::add_certification", "CertificationReads::find_certification"];
    absent_is_none => ["CertificationReads::find_certification"];
    one_of_many_decides => ["CertificationStore::save_certification"];
    stale_version_conflicts => ["CertificationStore::save_certification"];
    dropped_unit_leaves_nothing => ["CertificationStore::add_certification"];
    what_was_typed_opens_for_its_own_certification_only => ["CertificationStore::hold_typed",
        "CertificationReads::open_typed"];
    nothing_typed_or_outside_lies_open => ["CertificationStore::add_certification", "CertificationStore::hold_typed"];
    a_face_counts_for_its_account_and_device_after_it_passed => ["CertificationReads::face_shown"];
    purge_drops_what_was_begun_before => ["CertificationStore::purge_certifications"];
}

async fn certification(t: &Bench, open_id: &str, kind: CertificationKind) -> Certification {
    let account = bare(t, open_id);
    add(t, &account).await;
    Certification {
        certification_id: t.id(),
        account_id: account.account_id,
        family_id: t.id(),
        kind,
        outside_no: Secret::new("outside-canary".into()),
        state: CertificationState::Pending,
        begun_at: at(1),
        expires_at: at(100),
        ended_at: None,
        version: 1,
    }
}

async fn begin(t: &Bench, certification: &Certification) {
    t.write(async |tx| tx.accounts().add_certification(certification).await)
        .await
        .unwrap();
}

async fn save(t: &Bench, certification: &Certification) -> Result<(), StoreError> {
    t.write(async |tx| tx.accounts().save_certification(certification).await)
        .await
}

async fn found(t: &Bench, id: &CertificationId) -> Option<Certification> {
    let mut view = t.view().await;
    view.accounts().find_certification(id).await.unwrap()
}

fn typed() -> TypedIdentity {
    TypedIdentity {
        name: PersonName::parse("欧阳金丝雀").unwrap(),
        id_no: IdNo::parse("150499199001010014").unwrap(),
    }
}

async fn hold(t: &Bench, certification: &Certification) -> Secret {
    t.write(async |tx| tx.accounts().hold_typed(certification, &typed()).await)
        .await
        .unwrap()
}

async fn open(t: &Bench, certification: &Certification, held: &Secret) -> Option<TypedIdentity> {
    let mut view = t.view().await;
    view.accounts()
        .open_typed(certification, held)
        .await
        .unwrap()
}

async fn round_trip(t: Bench) {
    for (kind, open_id) in CertificationKind::ALL.into_iter().zip(["a", "b"]) {
        let begun = certification(&t, open_id, kind).await;
        begin(&t, &begun).await;
        let id = begun.certification_id.clone();
        assert_eq!(found(&t, &id).await, Some(begun.clone()));
        let decided = begun.decided(Finding::Passed, at(9));
        save(&t, &decided).await.unwrap();
        let kept = Certification {
            version: 2,
            ..decided
        };
        assert_eq!(found(&t, &id).await, Some(kept));
    }
}

async fn shown(t: &Bench, of: &Certification, after: Time) -> bool {
    let mut view = t.view().await;
    let faces = view.accounts();
    let shown = faces.face_shown(&of.account_id, &of.family_id, after);
    shown.await.unwrap()
}

async fn a_face_counts_for_its_account_and_device_after_it_passed(t: Bench) {
    let kinds = [
        (CertificationKind::Face, Finding::Passed, true),
        (CertificationKind::Face, Finding::Failed, false),
        (CertificationKind::CertVerify, Finding::Passed, false),
    ];
    for ((kind, finding, counts), open_id) in kinds.into_iter().zip(["a", "b", "c"]) {
        let begun = certification(&t, open_id, kind).await;
        begin(&t, &begun).await;
        assert!(!shown(&t, &begun, at(0)).await, "nobody was there");
        save(&t, &begun.clone().decided(finding, at(9)))
            .await
            .unwrap();
        assert_eq!(shown(&t, &begun, at(8)).await, counts);
        assert!(!shown(&t, &begun, at(9)).await, "too long ago");
        let elsewhere = Certification {
            family_id: t.id(),
            ..begun
        };
        assert!(!shown(&t, &elsewhere, at(8)).await);
    }
}

async fn absent_is_none(t: Bench) {
    assert_eq!(found(&t, &t.id()).await, None);
}

async fn one_of_many_decides(t: Bench) {
    let begun = certification(&t, "a", CertificationKind::Face).await;
    begin(&t, &begun).await;
    let mut judges = JoinSet::new();
    for second in 0..8 {
        let (t, begun) = (t.clone(), begun.clone());
        let finding = if second % 2 == 0 {
            Finding::Passed
        } else {
            Finding::Failed
        };
        judges.spawn(async move { save(&t, &begun.decided(finding, at(second))).await.is_ok() });
    }
    let won = judges.join_all().await;
    assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
}

async fn stale_version_conflicts(t: Bench) {
    let begun = certification(&t, "a", CertificationKind::Face).await;
    begin(&t, &begun).await;
    save(&t, &begun).await.unwrap();
    let stale = save(&t, &begun).await;
    assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
    let nobody = Certification {
        certification_id: t.id(),
        ..begun
    };
    let absent = save(&t, &nobody).await;
    assert!(matches!(absent, Err(StoreError::Conflict)), "{absent:?}");
}

async fn dropped_unit_leaves_nothing(t: Bench) {
    let begun = certification(&t, "a", CertificationKind::Face).await;
    t.write_and_drop(async |tx| tx.accounts().add_certification(&begun).await)
        .await;
    assert_eq!(found(&t, &begun.certification_id).await, None);
}

async fn what_was_typed_opens_for_its_own_certification_only(t: Bench) {
    let mine = certification(&t, "a", CertificationKind::CertVerify).await;
    let theirs = certification(&t, "b", CertificationKind::CertVerify).await;
    for each in [&mine, &theirs] {
        begin(&t, each).await;
    }
    let held = hold(&t, &mine).await;
    hold(&t, &theirs).await;
    assert_eq!(open(&t, &mine, &held).await, Some(typed()));
    let my_next = Certification {
        certification_id: t.id(),
        ..mine.clone()
    };
    for other in [&theirs, &my_next] {
        assert_eq!(open(&t, other, &held).await, None);
    }
    for forged in ["", "a1:", "a1:00:AAAA", "欧阳"] {
        let forged = Secret::new(forged.into());
        assert_eq!(open(&t, &mine, &forged).await, None);
    }
}

async fn nothing_typed_or_outside_lies_open(t: Bench) {
    let begun = certification(&t, "a", CertificationKind::CertVerify).await;
    begin(&t, &begun).await;
    let held = hold(&t, &begun).await;
    assert!(!held.expose().contains("150499") && !held.expose().contains("欧阳"));
    let sealed = t.text("SELECT outside_no FROM certification").await;
    assert!(sealed.starts_with("a1:") && !sealed.contains("canary"));
}

async fn purge_drops_what_was_begun_before(t: Bench) {
    let begun = certification(&t, "a", CertificationKind::Face).await;
    begin(&t, &begun).await;
    let purge = async |second| {
        t.write(async |tx| tx.accounts().purge_certifications(at(second)).await)
            .await
            .unwrap()
    };
    assert_eq!(purge(1).await, 0);
    assert_eq!(purge(2).await, 1);
    assert_eq!(found(&t, &begun.certification_id).await, None);
}
