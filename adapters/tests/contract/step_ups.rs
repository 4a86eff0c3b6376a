//! What a session was lately shown to be its owner's for: exactly what its code was for.

use lifeline_core::accounts::otp::{Otp, OtpPurpose};
use lifeline_core::accounts::step_up::{Deed, Errand, StepUp};
use lifeline_core::shared::ids::{BindingId, SessionId};
use lifeline_core::shared::money::Fen;

use crate::bench::{Bench, at};
use crate::contracts;
use crate::sessions::{open, session};

contracts! { "step_ups":
    a_step_up_is_for_its_errand_once_and_in_time => ["StepUpStore::step_up", "AccountReads::stepped_up",
        "StepUpStore::spend_step_up"];
    the_code_asked_for_last_counts => ["StepUpStore::newest_step_up_code"];
}

/// A code that a device asked for.
pub(crate) async fn asked(t: &Bench, family: &SessionId, errand: &Errand, second: i64) -> Otp {
    let otp = Otp {
        otp_id: t.id(),
        account_id: t.id(),
        session_id: family.clone(),
        purpose: errand.deed().purpose(),
        phone_key: None,
        tries: 0,
        asked_at: at(second),
        expires_at: at(second + 300),
        spent_at: None,
        version: 1,
    };
    t.write(async |tx| tx.accounts().add_otp(&otp, errand.act()).await)
        .await
        .unwrap();
    otp
}

fn pay(home: &BindingId, fen: i64) -> Errand {
    Errand::pay([(home, Fen::new(fen))].into_iter())
}

async fn a_step_up_is_for_its_errand_once_and_in_time(t: Bench) {
    let session = session(&t, "a").await;
    open(&t, &session, None).await;
    let id = &session.session_id;
    let home: BindingId = t.id();
    let code = asked(&t, &session.family_id, &pay(&home, 12_840), 0).await;
    let step_up = StepUp {
        deed: Deed::Pay,
        at: at(10),
    };
    t.write(async |tx| {
        assert_eq!(tx.accounts().stepped_up(id).await?, None);
        tx.accounts().step_up(id, &code.otp_id, step_up).await
    })
    .await
    .unwrap();
    let found = t.view().await.accounts().stepped_up(id).await.unwrap();
    assert_eq!(found, Some(step_up));
    let spend = async |errand: &Errand, after| {
        t.write(async |tx| tx.accounts().spend_step_up(id, errand, after).await)
            .await
            .unwrap()
    };
    assert!(!spend(&Errand::unlink(&home), at(0)).await, "another act");
    assert!(!spend(&pay(&home, 12_841), at(0)).await, "another sum");
    assert!(!spend(&pay(&t.id(), 12_840), at(0)).await, "another home");
    assert!(!spend(&pay(&home, 12_840), at(10)).await, "too old");
    assert!(spend(&pay(&home, 12_840), at(9)).await);
    assert!(!spend(&pay(&home, 12_840), at(9)).await, "once");
    let unknown: SessionId = t.id();
    let refused = t
        .write(async |tx| tx.accounts().step_up(&unknown, &code.otp_id, step_up).await)
        .await;
    assert!(refused.is_err(), "a session that is not there");
}

async fn the_code_asked_for_last_counts(t: Bench) {
    let family: SessionId = t.id();
    let newest = async || {
        t.write(async |tx| tx.accounts().newest_step_up_code(&family).await)
            .await
            .unwrap()
    };
    assert_eq!(newest().await, None);
    let home: BindingId = t.id();
    let unlink = asked(&t, &family, &Errand::unlink(&home), 0).await;
    assert_eq!(newest().await, Some((Deed::Unlink, unlink)));
    let paying = asked(&t, &family, &pay(&home, 1), 60).await;
    assert_eq!(newest().await, Some((Deed::Pay, paying.clone())));
    let elsewhere: SessionId = t.id();
    asked(&t, &elsewhere, &Errand::unlink(&home), 90).await;
    // A code for something else steps nothing up.
    let other = Otp {
        otp_id: t.id(),
        purpose: OtpPurpose::Bind,
        asked_at: at(120),
        ..paying.clone()
    };
    t.write(async |tx| tx.accounts().add_otp(&other, pay(&home, 1).act()).await)
        .await
        .unwrap();
    assert_eq!(newest().await, Some((Deed::Pay, paying)));
}
