//! Certified by what was typed, because Alipay told no ID number.

use lifeline_core::accounts::account::CertifiedBy;
use lifeline_core::accounts::certification::{
    CertificationKind, CertificationState, Finding, LIFE_S, TERMS, TypedIdentity,
};
use lifeline_core::accounts::{AccountError, BegunCertification, Caller, Errand, Secret};
use lifeline_core::bindings::{BindingError, OfferLevel, Proof};
use lifeline_core::cases::CaseKind;
use lifeline_core::shared::personal::{ConsumerNo, IdNo, PersonName};
use lifeline_core::store::snapshot;

use crate::archive::Home;
use crate::on_every_engine;
use crate::phones::{phone_of, shown_for};
use crate::world::{LI_MING, WANG_FANG, Wallet, World};

on_every_engine! { "certifying":
    ln_18_a_wallet_that_tells_no_id_is_certified_by_comparison_and_then_matched,
    ln_18_a_face_certifies_only_by_the_providers_word_to_us,
    m3_1_a_typed_id_reaches_no_archive_before_it_is_certified,
    ln_18_another_persons_number_is_refused_and_nothing_is_kept,
    ln_18_anothers_wallet_certifies_nobody,
    ln_18_what_is_handed_back_must_be_what_was_typed_here,
    ln_18_a_certification_is_its_own_devices_and_half_an_hour,
    ln_18_a_silent_provider_decides_nothing,
    ln_18_who_is_certified_is_not_certified_again,
    ln_18_two_answers_at_once_certify_once,
    ln_18_the_terms_shown_must_be_todays,
    m3_6_a_certified_other_person_opens_a_case,
    ln_18_what_was_typed_lies_nowhere_open,
}

const HOME: &str = "1504010020017";

pub(crate) const SILENT_LI_MING: Wallet = Wallet {
    withholds_id: true,
    ..LI_MING
};

pub(crate) fn typed(name: &str, id_no: &str) -> TypedIdentity {
    TypedIdentity {
        name: PersonName::parse(name).unwrap(),
        id_no: IdNo::parse(id_no).unwrap(),
    }
}

pub(crate) fn own() -> TypedIdentity {
    typed(LI_MING.name, LI_MING.id_no)
}

/// Begins a certification; where that takes a code to the phone of the account, with one.
pub(crate) async fn begin(
    world: &World,
    who: &Caller,
    kind: CertificationKind,
    typed: &TypedIdentity,
) -> Result<BegunCertification, AccountError> {
    let begun = bare(world, who, kind, typed).await;
    if !matches!(begun, Err(AccountError::StepUpRequired)) {
        return begun;
    }
    let phone = phone_of(world, who).await.unwrap();
    let shown = shown_for(world, who, &phone, &Errand::certify(who)).await;
    bare(world, &shown, kind, typed).await
}

pub(crate) async fn bare(
    world: &World,
    who: &Caller,
    kind: CertificationKind,
    typed: &TypedIdentity,
) -> Result<BegunCertification, AccountError> {
    let (accounts, terms) = (&world.accounts, TERMS.version);
    accounts.begin_certification(who, kind, typed, terms).await
}

/// Ends a certification, with a fresh code of a wallet where it needs one.
pub(crate) async fn conclude(
    world: &World,
    who: &Caller,
    begun: &BegunCertification,
    wallet: Option<&Wallet>,
) -> Result<CertificationState, AccountError> {
    let code = wallet.map(|wallet| world.alipay.allow(wallet));
    let id = &begun.certification.certification_id;
    let ended = world
        .accounts
        .conclude_certification(who, id, &begun.held, code.as_deref())
        .await?;
    Ok(ended.state)
}

async fn certified_by(world: &World, who: &Caller) -> Option<CertifiedBy> {
    let account = world.accounts.me(who).await.unwrap();
    account.real_name.map(|name| name.certified_by)
}

fn put_home(world: &World) {
    let home = Home {
        holder: LI_MING.name,
        id_no: Some(LI_MING.id_no),
        mobile: Some(LI_MING.phone),
        holder_version: 1,
        holder_since: None,
    };
    world.archive.put(HOME, home);
}

async fn ln_18_a_wallet_that_tells_no_id_is_certified_by_comparison_and_then_matched(world: World) {
    put_home(&world);
    let who = world.agreeing(&SILENT_LI_MING).await;
    assert_eq!(certified_by(&world, &who).await, None);
    let early = world.bindings.offer(&who).await;
    assert!(
        matches!(early, Err(BindingError::RealNameRequired)),
        "{early:?}"
    );
    let begun = begin(&world, &who, CertificationKind::CertVerify, &own())
        .await
        .unwrap();
    assert_eq!(begun.url, None);
    let ended = conclude(&world, &who, &begun, Some(&SILENT_LI_MING)).await;
    assert_eq!(ended.unwrap(), CertificationState::Certified);
    assert_eq!(
        certified_by(&world, &who).await,
        Some(CertifiedBy::CertVerify)
    );
    let offer = world.bindings.offer(&who).await.unwrap();
    assert_eq!((offer.level, offer.homes.len()), (OfferLevel::Full, 1));
    // A later sign-in that tells nothing takes nothing away.
    let again = world.sign_in(&SILENT_LI_MING).await;
    assert_eq!(
        certified_by(&world, &again).await,
        Some(CertifiedBy::CertVerify)
    );
    let kinds = world.evidence().await;
    for kind in ["accounts.certification_begun", "accounts.certified"] {
        assert!(kinds.iter().any(|known| known == kind), "{kind}");
    }
}

async fn ln_18_a_face_certifies_only_by_the_providers_word_to_us(world: World) {
    let who = world.sign_in(&SILENT_LI_MING).await;
    let begun = begin(&world, &who, CertificationKind::Face, &own())
        .await
        .unwrap();
    assert_eq!(begun.url.as_deref(), Some("https://face.example/no-1"));
    let before = conclude(&world, &who, &begun, None).await;
    assert_eq!(
        before.unwrap(),
        CertificationState::Pending,
        "nobody was there"
    );
    assert_eq!(certified_by(&world, &who).await, None);
    world.alipay.show_face(Finding::Passed);
    let after = conclude(&world, &who, &begun, None).await;
    assert_eq!(after.unwrap(), CertificationState::Certified);
    assert_eq!(certified_by(&world, &who).await, Some(CertifiedBy::Face));
    let again = conclude(&world, &who, &begun, None).await;
    assert_eq!(
        again.unwrap(),
        CertificationState::Certified,
        "a repeat asks nobody"
    );

    let other = world
        .sign_in(&Wallet {
            certified: false,
            ..WANG_FANG
        })
        .await;
    let begun = begin(
        &world,
        &other,
        CertificationKind::Face,
        &typed(WANG_FANG.name, WANG_FANG.id_no),
    )
    .await
    .unwrap();
    world.alipay.show_face(Finding::Failed);
    let refused = conclude(&world, &other, &begun, None).await;
    assert!(matches!(refused, Err(AccountError::CertificationRefused)));
    world.alipay.show_face(Finding::Passed);
    let late = conclude(&world, &other, &begun, None).await;
    assert!(
        matches!(late, Err(AccountError::CertificationRefused)),
        "{late:?}"
    );
    assert_eq!(certified_by(&world, &other).await, None);
}

async fn m3_1_a_typed_id_reaches_no_archive_before_it_is_certified(world: World) {
    put_home(&world);
    let who = world.agreeing(&SILENT_LI_MING).await;
    let begun = begin(&world, &who, CertificationKind::CertVerify, &own())
        .await
        .unwrap();
    let offered = world.bindings.offer(&who).await;
    assert!(matches!(offered, Err(BindingError::RealNameRequired)));
    // Neither may a proof by number carry the typed name to the archive.
    let number = ConsumerNo::parse(HOME).unwrap();
    let proof = Proof::IdLast6(Secret::new("000000".into()));
    let tried = world.bindings.bind_by_number(&who, &number, &proof).await;
    assert!(tried.is_err());
    assert_eq!(world.archive.calls(), ["verify_proof"], "digits only");
    let refused = conclude(&world, &who, &begun, Some(&WANG_FANG)).await;
    assert!(refused.is_err());
    let offered = world.bindings.offer(&who).await;
    assert!(matches!(offered, Err(BindingError::RealNameRequired)));
    assert!(world.archive.calls().is_empty());
}

/// Valid ID numbers of nobody, told apart by their last digits.
pub(crate) const NUMBERS: [&str; 4] = [
    "150499199001010014",
    "150499198506150026",
    "150499200002290033",
    "150499196403070251",
];

pub(crate) const WANG_FANG_SILENT: Wallet = Wallet {
    withholds_id: true,
    ..WANG_FANG
};

async fn ln_18_another_persons_number_is_refused_and_nothing_is_kept(world: World) {
    let who = world.sign_in(&SILENT_LI_MING).await;
    let theirs = typed(WANG_FANG.name, WANG_FANG.id_no);
    let begun = begin(&world, &who, CertificationKind::CertVerify, &theirs)
        .await
        .unwrap();
    let refused = conclude(&world, &who, &begun, Some(&SILENT_LI_MING)).await;
    assert!(
        matches!(refused, Err(AccountError::CertificationRefused)),
        "{refused:?}"
    );
    assert_eq!(certified_by(&world, &who).await, None);
    let again = conclude(&world, &who, &begun, Some(&SILENT_LI_MING)).await;
    assert!(matches!(again, Err(AccountError::CertificationRefused)));
    let id = &begun.certification.certification_id;
    let found = world.accounts.certification(&who, id).await.unwrap();
    assert_eq!(found.state, CertificationState::Refused);
}

async fn ln_18_anothers_wallet_certifies_nobody(world: World) {
    let who = world.sign_in(&SILENT_LI_MING).await;
    // A friend's wallet and the friend's own number: true, but not about who signed in.
    let theirs = typed(WANG_FANG.name, WANG_FANG.id_no);
    let begun = begin(&world, &who, CertificationKind::CertVerify, &theirs)
        .await
        .unwrap();
    let refused = conclude(&world, &who, &begun, Some(&WANG_FANG)).await;
    assert!(
        matches!(refused, Err(AccountError::LeaveRefused)),
        "{refused:?}"
    );
    let missing = conclude(&world, &who, &begun, None).await;
    assert!(matches!(missing, Err(AccountError::AuthCodeMissing)));
    assert_eq!(certified_by(&world, &who).await, None);
}

async fn ln_18_what_is_handed_back_must_be_what_was_typed_here(world: World) {
    let who = world.sign_in(&SILENT_LI_MING).await;
    let stranger = world.sign_in(&WANG_FANG_SILENT).await;
    let kind = CertificationKind::CertVerify;
    let mine = begin(&world, &who, kind, &own()).await.unwrap();
    let other = begin(&world, &who, kind, &typed("李明", NUMBERS[1]))
        .await
        .unwrap();
    let theirs = begin(&world, &stranger, kind, &typed("王芳", NUMBERS[2]))
        .await
        .unwrap();
    let forged = Secret::new("a1:00:AAAA".into());
    for held in [&other.held, &theirs.held, &forged] {
        let swapped = BegunCertification {
            held: held.clone(),
            ..mine.clone()
        };
        let refused = conclude(&world, &who, &swapped, Some(&SILENT_LI_MING)).await;
        assert!(
            matches!(refused, Err(AccountError::NotWhatWasTyped)),
            "{refused:?}"
        );
    }
    let right = conclude(&world, &who, &mine, Some(&SILENT_LI_MING)).await;
    assert_eq!(right.unwrap(), CertificationState::Certified);
}

async fn ln_18_a_certification_is_its_own_devices_and_half_an_hour(world: World) {
    let who = world.sign_in(&SILENT_LI_MING).await;
    let elsewhere = world.sign_in(&SILENT_LI_MING).await;
    let stranger = world.sign_in(&WANG_FANG_SILENT).await;
    let begun = begin(&world, &who, CertificationKind::CertVerify, &own())
        .await
        .unwrap();
    for other in [&elsewhere, &stranger] {
        let refused = conclude(&world, other, &begun, Some(&SILENT_LI_MING)).await;
        assert!(
            matches!(refused, Err(AccountError::NotFound)),
            "{refused:?}"
        );
    }
    let id = &begun.certification.certification_id;
    assert!(world.accounts.certification(&stranger, id).await.is_err());
    assert!(world.accounts.certification(&elsewhere, id).await.is_ok());
    world.clock.advance(LIFE_S);
    let late = conclude(&world, &who, &begun, Some(&SILENT_LI_MING)).await;
    assert!(
        matches!(late, Err(AccountError::CertificationOver)),
        "{late:?}"
    );
}

async fn ln_18_a_silent_provider_decides_nothing(world: World) {
    let who = world.sign_in(&SILENT_LI_MING).await;
    *world.alipay.certifier_away.lock().unwrap() = true;
    let kind = CertificationKind::CertVerify;
    let unasked = begin(&world, &who, kind, &own()).await;
    assert!(matches!(unasked, Err(AccountError::IdentityUnavailable(_))));
    *world.alipay.certifier_away.lock().unwrap() = false;
    let begun = begin(&world, &who, kind, &own()).await.unwrap();
    *world.alipay.certifier_away.lock().unwrap() = true;
    let unknown = conclude(&world, &who, &begun, Some(&SILENT_LI_MING)).await;
    assert!(matches!(unknown, Err(AccountError::IdentityUnavailable(_))));
    *world.alipay.certifier_away.lock().unwrap() = false;
    let known = conclude(&world, &who, &begun, Some(&SILENT_LI_MING)).await;
    assert_eq!(known.unwrap(), CertificationState::Certified);
}

async fn ln_18_who_is_certified_is_not_certified_again(world: World) {
    let who = world.sign_in(&LI_MING).await;
    let refused = begin(&world, &who, CertificationKind::CertVerify, &own()).await;
    assert!(
        matches!(refused, Err(AccountError::AlreadyCertified)),
        "{refused:?}"
    );
    assert_eq!(world.alipay.proposals(), 0);
    // A face says who holds the session, and changes nothing of what is certified.
    let before = world.accounts.me(&who).await.unwrap();
    world.clock.advance(1);
    let begun = begin(&world, &who, CertificationKind::Face, &own()).await;
    let begun = begun.unwrap();
    world.alipay.show_face(Finding::Passed);
    let shown = conclude(&world, &who, &begun, None).await;
    assert_eq!(shown.unwrap(), CertificationState::Certified);
    assert_eq!(world.accounts.me(&who).await.unwrap(), before);
}

async fn ln_18_two_answers_at_once_certify_once(world: World) {
    let world = std::sync::Arc::new(world);
    let who = world.sign_in(&SILENT_LI_MING).await;
    let begun = begin(&world, &who, CertificationKind::Face, &own())
        .await
        .unwrap();
    world.alipay.show_face(Finding::Passed);
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (world, who, begun) = (world.clone(), who.clone(), begun.clone());
        tries.spawn(async move { conclude(&world, &who, &begun, None).await.unwrap() });
    }
    for state in tries.join_all().await {
        assert_eq!(state, CertificationState::Certified);
    }
    let kinds = world.evidence().await;
    let certified = kinds.iter().filter(|kind| *kind == "accounts.certified");
    assert_eq!(certified.count(), 1);
}

async fn ln_18_the_terms_shown_must_be_todays(world: World) {
    let who = world.sign_in(&SILENT_LI_MING).await;
    let kind = CertificationKind::Face;
    let old = world
        .accounts
        .begin_certification(&who, kind, &own(), "2020-01")
        .await;
    assert!(
        matches!(old, Err(AccountError::ConsentTextChanged)),
        "{old:?}"
    );
}

async fn m3_6_a_certified_other_person_opens_a_case(world: World) {
    let who = world.sign_in(&SILENT_LI_MING).await;
    let begun = begin(&world, &who, CertificationKind::Face, &own())
        .await
        .unwrap();
    // Meanwhile Alipay begins to tell who the wallet's owner is: somebody else.
    let theirs = Wallet {
        name: WANG_FANG.name,
        id_no: WANG_FANG.id_no,
        ..LI_MING
    };
    world.sign_in(&theirs).await;
    world.alipay.show_face(Finding::Passed);
    let refused = conclude(&world, &who, &begun, None).await;
    assert!(
        matches!(refused, Err(AccountError::CertificationRefused)),
        "{refused:?}"
    );
    let account = world.accounts.me(&who).await.unwrap();
    assert_eq!(account.real_name.unwrap().id_no.expose(), WANG_FANG.id_no);
    let mut view = snapshot(&*world.store).await.unwrap();
    let cases = view.cases().about(who.account_id.as_str()).await.unwrap();
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].kind, CaseKind::AccountConflict);
}

async fn ln_18_what_was_typed_lies_nowhere_open(world: World) {
    let who = world.sign_in(&SILENT_LI_MING).await;
    let theirs = typed("欧阳金丝雀", NUMBERS[3]);
    let begun = begin(&world, &who, CertificationKind::CertVerify, &theirs)
        .await
        .unwrap();
    assert!(!begun.held.expose().contains(NUMBERS[3]));
    let refused = conclude(&world, &who, &begun, Some(&SILENT_LI_MING)).await;
    assert!(refused.is_err());
    for canary in ["欧阳金丝雀", NUMBERS[3], begun.held.expose()] {
        assert!(
            !world.lies_open(canary).await,
            "a typed value lies in the store"
        );
    }
}
