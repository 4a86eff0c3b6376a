//! Staff: one login a person, a version for every change, sessions known by their digest.

use std::sync::Arc;

use lifeline_adapters::passwords::{Argon2id, Cost};
use lifeline_core::accounts::Secret;
use lifeline_core::accounts::passwords::PasswordHash;
use lifeline_core::operators::session::Session;
use lifeline_core::operators::totp::step_at;
use lifeline_core::operators::{
    Acting, By, KeptForm, Login, OperatorError, Operators, PersonId, Proofs, Right, Role, Scope,
    Staff, TotpSecret,
};
use lifeline_core::shared::ids::{StaffId, StaffSessionId};
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::bench::{Bench, Counting, Watch, at, now};
use crate::contracts;

contracts! { "operators":
    round_trip => ["StaffStore::add", "StaffReads::find", "StaffReads::by_login", "StaffReads::list", "StaffReads::logins"];
    absent_is_none => ["StaffReads::find", "StaffReads::by_login", "StaffReads::list", "StaffReads::session",
        "StaffStore::note_seen", "StaffStore::end_session", "StaffStore::end_sessions_of"];
    a_login_is_one_persons => ["StaffStore::add"];
    an_entry_without_a_number_has_its_login_for_one => ["StaffReads::list"];
    stale_version_is_refused => ["StaffStore::save"];
    one_of_many_saves => ["StaffStore::save"];
    two_administrators_who_end_each_other_leave_one => ["StaffStore::take_turn"];
    proofs_of_the_console_come_in_two_halves_by_two_persons => ["StaffStore::save", "StaffStore::take_turn"];
    sessions_are_found_by_their_token_and_end => ["StaffStore::add_session", "StaffReads::session", "StaffStore::note_seen",
        "StaffStore::end_session", "StaffStore::end_sessions_of"];
    a_form_is_kept_one_for_each_sealed_and_taken_away => ["StaffStore::keep_form", "StaffReads::kept_form",
        "StaffStore::drop_form"];
    dropped_unit_leaves_nothing => ["StaffStore::add", "StaffStore::add_session"];
    neither_secret_stands_in_clear => ["StaffStore::add", "StaffStore::add_session"];
}

fn secret(n: u8) -> TotpSecret {
    let letter = char::from(b'A' + n);
    TotpSecret::parse(&letter.to_string().repeat(32)).unwrap()
}

pub(crate) fn person(t: &Bench, login: &str) -> Staff {
    Staff {
        staff_id: t.id(),
        login: Login::parse(login).unwrap(),
        person: PersonId::parse(login).unwrap(),
        role: Role::Finance,
        scope: Scope::parse("1504,1505").unwrap(),
        password: PasswordHash::from_store("$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA".into()),
        proofs: Proofs {
            made_by: "command_line".to_owned(),
            confirmed_by: Some("command_line".to_owned()),
        },
        totp: secret(3),
        totp_step: 7,
        failures: 2,
        locked_until: Some(at(900)),
        created_at: at(0),
        ended_at: None,
        version: 0,
    }
}

pub(crate) async fn add(t: &Bench, staff: &Staff) -> bool {
    t.write(async |tx| tx.operators().add(staff).await)
        .await
        .unwrap()
}

async fn save(t: &Bench, staff: &Staff) -> Result<(), StoreError> {
    t.write(async |tx| tx.operators().save(staff).await).await
}

fn session(t: &Bench, staff: &Staff) -> Session {
    Session {
        session_id: t.id(),
        staff_id: staff.staff_id.clone(),
        opened_at: at(0),
        seen_at: at(0),
        ended_at: None,
    }
}

fn token(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

async fn round_trip(t: Bench) {
    let (li, an) = (person(&t, "li.ming"), person(&t, "ann"));
    assert!(add(&t, &an).await);
    assert!(add(&t, &li).await);
    let mut view = t.view().await;
    assert_eq!(
        view.operators().find(&li.staff_id).await.unwrap(),
        Some(li.clone())
    );
    let found = view.operators().by_login(&li.login).await.unwrap();
    assert_eq!(found, Some(li.clone()));
    let mut logins = [&an, &li].map(|one| (one.staff_id.clone(), one.login.clone()));
    logins.sort_by(|one, other| one.0.as_str().cmp(other.0.as_str()));
    assert_eq!(view.operators().logins().await.unwrap(), logins);
    assert_eq!(view.operators().list().await.unwrap(), [an, li]);
}

async fn absent_is_none(t: Bench) {
    let nobody: StaffId = t.id();
    let nothing: StaffSessionId = t.id();
    let login = Login::parse("nobody").unwrap();
    let mut view = t.view().await;
    assert_eq!(view.operators().find(&nobody).await.unwrap(), None);
    assert_eq!(view.operators().by_login(&login).await.unwrap(), None);
    assert!(view.operators().list().await.unwrap().is_empty());
    assert!(view.operators().logins().await.unwrap().is_empty());
    let unknown = token("unknown");
    assert_eq!(view.operators().session(&unknown).await.unwrap(), None);
    t.write(async |tx| {
        assert!(!tx.operators().note_seen(&nothing, at(1)).await?);
        assert!(!tx.operators().end_session(&nothing, at(1)).await?);
        assert_eq!(tx.operators().end_sessions_of(&nobody, at(1)).await?, 0);
        Ok(())
    })
    .await
    .unwrap();
}

async fn a_login_is_one_persons(t: Bench) {
    let first = person(&t, "li.ming");
    assert!(add(&t, &first).await);
    assert!(!add(&t, &person(&t, "li.ming")).await);
    let found = t.view().await.operators().list().await.unwrap();
    assert_eq!(found, [first]);
}

/// As a node of the release before numbers writes them.
async fn an_entry_without_a_number_has_its_login_for_one(t: Bench) {
    let both = ["ann", "bob"].map(|login| person(&t, login));
    for one in &both {
        assert!(add(&t, one).await);
    }
    t.raw("UPDATE staff SET person_id = ''").await.unwrap();
    let mut view = t.view().await;
    assert_eq!(view.operators().list().await.unwrap(), both);
    drop(view);
    // The same number in other letters is nobody else's.
    let numbered = |login: &str, number: &str| Staff {
        person: PersonId::parse(number).unwrap(),
        ..person(&t, login)
    };
    assert!(add(&t, &numbered("cat", "P-17")).await);
    assert!(!add(&t, &numbered("dan", "p-17")).await);
}

async fn stale_version_is_refused(t: Bench) {
    let mut li = person(&t, "li.ming");
    add(&t, &li).await;
    li.role = Role::Auditor;
    li.scope = Scope::Everywhere;
    li.succeed(9);
    li.ended_at = Some(at(5));
    save(&t, &li).await.unwrap();
    let again = save(&t, &li).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
    li.version = 1;
    let found = t.view().await.operators().find(&li.staff_id).await.unwrap();
    assert_eq!(found, Some(li));
}

async fn one_of_many_saves(t: Bench) {
    let li = person(&t, "li.ming");
    add(&t, &li).await;
    let mut all = JoinSet::new();
    for _ in 0..8 {
        let (t, li) = (t.clone(), li.clone());
        all.spawn(async move { save(&t, &li).await.is_ok() });
    }
    let won = all.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
}

/// Several pairs: without a turn most of them leave nobody.
async fn two_administrators_who_end_each_other_leave_one(t: Bench) {
    let cheap = Cost {
        memory_kib: 8,
        passes: 1,
    };
    let chance = Arc::new(Counting::default());
    let hashing = Argon2id::new(cheap, 1, chance.clone()).unwrap();
    let (store, clock) = (t.store.clone(), Arc::new(Watch::new()));
    let operators = Operators::new(store, clock, chance, Arc::new(hashing));
    for pair in 0..6 {
        let both = ["ann", "bob"].map(|name| Staff {
            role: Role::Admin,
            scope: Scope::Everywhere,
            locked_until: None,
            ..person(&t, &format!("{name}.{pair}"))
        });
        for staff in &both {
            assert!(add(&t, staff).await);
        }
        let [ann, bob] = &both;
        let acting = |staff: &Staff| Acting {
            staff: staff.clone(),
            session_id: t.id(),
            source: String::new(),
            trace_id: String::new(),
        };
        let (as_ann, as_bob) = (acting(ann), acting(bob));
        // Both have the same secret, so their phones show the same.
        let code = secret(3).code(step_at(now()));
        let ended: [_; 2] = tokio::join!(
            operators.end(&bob.login, By::Shown(&as_ann, &code)),
            operators.end(&ann.login, By::Shown(&as_bob, &code)),
        )
        .into();
        assert_eq!(
            ended.iter().filter(|end| end.is_ok()).count(),
            1,
            "{ended:?}"
        );
        let all = t.view().await.operators().list().await.unwrap();
        let left: Vec<Staff> = all
            .into_iter()
            .filter(|one| one.ended_at.is_none())
            .collect();
        assert_eq!(left.len(), 1, "{left:?}");
        // The last one is not ended by the command line either; the next pair begins without them.
        let last = operators.end(&left[0].login, By::CommandLine).await;
        assert!(
            matches!(last, Err(OperatorError::LastAdministrator)),
            "{last:?}"
        );
        let gone = Staff {
            ended_at: Some(at(1)),
            ..left[0].clone()
        };
        save(&t, &gone).await.unwrap();
    }
}

async fn proofs_of_the_console_come_in_two_halves_by_two_persons(t: Bench) {
    let cheap = Cost {
        memory_kib: 8,
        passes: 1,
    };
    let (chance, clock) = (Arc::new(Counting::default()), Arc::new(Watch::new()));
    let step = step_at(clock.set(60));
    let hashing = Argon2id::new(cheap, 1, chance.clone()).unwrap();
    let operators = Operators::new(t.store.clone(), clock, chance, Arc::new(hashing));
    let [ann, bob] = ["ann", "bob"].map(|name| Staff {
        role: Role::Admin,
        scope: Scope::Everywhere,
        locked_until: None,
        ..person(&t, name)
    });
    let acting = |staff: &Staff| Acting {
        staff: staff.clone(),
        session_id: t.id(),
        source: String::new(),
        trace_id: String::new(),
    };
    let (as_ann, as_bob) = (acting(&ann), acting(&bob));
    for staff in [&ann, &bob] {
        assert!(add(&t, staff).await);
    }
    let [first, second, third] = [-1, 0, 1].map(|beside| secret(3).code(step + beside));
    let (fin2, number) = (
        Login::parse("fin2").unwrap(),
        PersonId::parse("P-17").unwrap(),
    );
    let new = (number.clone(), Role::Finance, Scope::Everywhere);
    let made = operators.add(&fin2, new.0, new.1, new.2, By::Shown(&as_ann, &first));
    let made = made.await.unwrap();
    assert!(made.totp.is_none(), "the other half is not given");
    let found = async || {
        let mut view = t.view().await;
        view.operators().by_login(&fin2).await.unwrap().unwrap()
    };
    assert!(!found().await.may(Right::ProposeDecision));
    let own = operators.confirm(&fin2, &as_ann, &second).await;
    assert!(matches!(own, Err(OperatorError::SamePerson)), "{own:?}");
    let codes = operators.confirm(&fin2, &as_bob, &first).await.unwrap();
    let staff = found().await;
    assert!(staff.may(Right::ProposeDecision) && staff.totp == codes.totp);
    let handed = [&ann, &bob].map(|one| format!("staff:{}", one.staff_id));
    let through = [Some(staff.proofs.made_by), staff.proofs.confirmed_by];
    assert_eq!(through, handed.map(Some));
    let again = operators.confirm(&fin2, &as_bob, &second).await;
    assert!(
        matches!(again, Err(OperatorError::NotAsThingsStand)),
        "{again:?}"
    );
    // The same person under a second login.
    let rev2 = Login::parse("rev2").unwrap();
    let both = operators.add(
        &rev2,
        number,
        Role::Reviewer,
        Scope::Everywhere,
        By::CommandLine,
    );
    let both = both.await;
    assert!(matches!(both, Err(OperatorError::PersonTaken)), "{both:?}");
    // Who was ended a moment ago makes nobody, and no proofs.
    let ended = operators.end(&bob.login, By::Shown(&as_ann, &third));
    ended.await.unwrap();
    let late = operators.reset(&fin2, By::Shown(&as_bob, &second)).await;
    assert!(
        matches!(late, Err(OperatorError::NotAsThingsStand)),
        "{late:?}"
    );
    let person = PersonId::parse("P-18").unwrap();
    let by = By::Shown(&as_bob, &second);
    let late = operators.add(&rev2, person, Role::Reviewer, Scope::Everywhere, by);
    let late = late.await;
    assert!(
        matches!(late, Err(OperatorError::NotAsThingsStand)),
        "{late:?}"
    );
}

async fn sessions_are_found_by_their_token_and_end(t: Bench) {
    let li = person(&t, "li.ming");
    add(&t, &li).await;
    let (one, two) = (session(&t, &li), session(&t, &li));
    t.write(async |tx| {
        tx.operators().add_session(&token("one"), &one).await?;
        tx.operators().add_session(&token("two"), &two).await?;
        assert!(tx.operators().note_seen(&one.session_id, at(60)).await?);
        Ok(())
    })
    .await
    .unwrap();
    let found = t.view().await.operators().session(&token("one")).await;
    let seen = Session {
        seen_at: at(60),
        ..one.clone()
    };
    assert_eq!(found.unwrap(), Some(seen));
    t.write(async |tx| {
        assert!(tx.operators().end_session(&one.session_id, at(61)).await?);
        assert!(!tx.operators().end_session(&one.session_id, at(62)).await?);
        assert!(!tx.operators().note_seen(&one.session_id, at(63)).await?);
        assert_eq!(
            tx.operators().end_sessions_of(&li.staff_id, at(64)).await?,
            1
        );
        Ok(())
    })
    .await
    .unwrap();
    let found = t.view().await.operators().session(&token("two")).await;
    assert_eq!(found.unwrap().unwrap().ended_at, Some(at(64)));
}

pub(crate) fn form(staff: &Staff, said: &str, kept_s: i64) -> KeptForm {
    KeptForm {
        staff_id: staff.staff_id.clone(),
        action: "/console/points".to_owned(),
        fields: token(&format!("title={said}&points=8")),
        kept_at: at(kept_s),
    }
}

pub(crate) async fn keep(t: &Bench, form: &KeptForm) {
    t.write(async |tx| tx.operators().keep_form(form).await)
        .await
        .unwrap();
}

async fn a_form_is_kept_one_for_each_sealed_and_taken_away(t: Bench) {
    let (li, an) = (person(&t, "li.ming"), person(&t, "ann"));
    for staff in [&li, &an] {
        assert!(add(&t, staff).await);
    }
    let kept = async |staff: &Staff| {
        let mut view = t.view().await;
        view.operators().kept_form(&staff.staff_id).await.unwrap()
    };
    assert_eq!(kept(&li).await, None);
    let first = form(&li, "canary", 0);
    keep(&t, &first).await;
    assert_eq!(kept(&li).await, Some(first));
    assert_eq!(kept(&an).await, None, "of nobody else");
    let sealed = t.text("SELECT body FROM kept_form").await;
    for clear in ["canary", "title", "points", "console"] {
        assert!(!sealed.contains(clear), "{sealed}");
    }
    let last = form(&li, "later", 60);
    keep(&t, &last).await;
    assert_eq!(kept(&li).await, Some(last), "the last one");
    let gone = async || {
        t.write(async |tx| tx.operators().drop_form(&li.staff_id).await)
            .await
            .unwrap()
    };
    assert!(gone().await && !gone().await);
    assert_eq!(kept(&li).await, None);
}

async fn dropped_unit_leaves_nothing(t: Bench) {
    let li = person(&t, "li.ming");
    let open = session(&t, &li);
    let dropped: Result<(), StoreError> = t
        .write(async |tx| {
            tx.operators().add(&li).await?;
            tx.operators().add_session(&token("one"), &open).await?;
            Err(StoreError::Conflict)
        })
        .await;
    assert!(dropped.is_err());
    let mut view = t.view().await;
    assert!(view.operators().list().await.unwrap().is_empty());
    assert_eq!(view.operators().session(&token("one")).await.unwrap(), None);
}

async fn neither_secret_stands_in_clear(t: Bench) {
    let li = person(&t, "li.ming");
    add(&t, &li).await;
    let open = session(&t, &li);
    t.write(async |tx| {
        tx.operators()
            .add_session(&token("canary-token"), &open)
            .await
    })
    .await
    .unwrap();
    let sealed = t.text("SELECT totp FROM staff").await;
    assert!(!sealed.contains(&li.totp.base32()), "{sealed}");
    let digest = t.text("SELECT token_digest FROM staff_session").await;
    assert!(!digest.contains("canary"), "{digest}");
}
