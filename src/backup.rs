//! `lifeline backup` and `lifeline restore`: the whole store in one sealed file, and back (EC-28).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lifeline_adapters::keyring::{Generation, Key, KeyState, Keyring, Purpose};
use lifeline_adapters::sql::Engine;
use lifeline_adapters::sql::archive::{self, ArchiveError};
use lifeline_core::payments::recovery::RecoveryError;
use lifeline_core::shared::time::Clock as _;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::brake::person;
use crate::cli::{Backup, KeysOf, Restore};
use crate::failure::Failure;
use crate::keys::place;
use crate::system::SystemClock;
use crate::{config, erased, print, recover, resources, store, system};

pub(crate) async fn backup(args: &Backup) -> Result<(), Failure> {
    let (place, kind) = place(&args.of)?;
    let record = record_of(&args.of)?;
    let keyring = store::keyring(&place.keyring, kind)?;
    refuse_during_a_recovery(&store::open(&place, kind).await?).await?;
    let now = SystemClock::default().now();
    let url = place.url.expose_secret();
    let made = archive::backup(url, &keyring, &args.to, now).await;
    let made = made.map_err(|error| refused(&error))?;
    let told = if args.json {
        let said = json!({
            "archive": args.to.display().to_string(), "engine": made.engine, "made_at": made.made_at, "kid": made.kid,
        });
        format!("{said}\n")
    } else {
        format!(
            "{}: the {} store as it was at {}, sealed with the key {}\n\
             keep the keyring apart from it: without that key nobody can read it\n",
            args.to.display(),
            made.engine,
            made.made_at,
            made.kid
        )
    };
    print(&told)?;
    let Some(record) = record else {
        return Ok(());
    };
    note(&record, &args.to, &made.made_at).map_err(|error| unnoted(&record, &error))
}

/// Where the last backup is written down; a demo does not say.
fn record_of(of: &KeysOf) -> Result<Option<PathBuf>, Failure> {
    let Some(file) = &of.config else {
        return Ok(None);
    };
    let read = config::read(file).map_err(|faults| Failure::faults(&faults))?;
    Ok(read.backup.record)
}

fn note(record: &Path, archive: &Path, made_at: &str) -> std::io::Result<()> {
    let bytes = std::fs::metadata(archive)?.len();
    resources::note_backup(record, made_at, bytes)
}

fn unnoted(record: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!(
        "the backup is made and good, but not written down in {}: {error}",
        record.display()
    ))
    .advice(
        "check backup.record and who may write there; until it is written, console and doctor do not know of this backup",
    )
}

/// Numbers given under an epoch that a copy takes for open could be given again after it is put back.
async fn refuse_during_a_recovery(engine: &Arc<Engine>) -> Result<(), Failure> {
    let standing = recover::room(Arc::clone(engine), SystemClock::default())
        .standing()
        .await;
    close(engine).await;
    let open = standing.map_err(recover::refused)?;
    match open.filter(|standing| standing.recovery.ended_at.is_none()) {
        None => Ok(()),
        Some(_) => Err(Failure::failed(
            "the store is in a recovery, and a copy made now could not be recovered again",
        )
        .advice("end the recovery first: `lifeline recover status`")),
    }
}

async fn close(engine: &Engine) {
    if let Err(error) = engine.close().await {
        tracing::warn!(%error, "archive.store.close");
    }
}

pub(crate) async fn restore(args: &Restore) -> Result<(), Failure> {
    let who = who(args)?;
    let person = person(&who)?;
    let (place, kind) = place(&args.of)?;
    let keyring = store::keyring(&place.keyring, kind)?;
    let url = place.url.expose_secret();
    let put_back = archive::restore(url, &keyring, &args.from).await;
    let put_back = put_back.map_err(|error| refused(&error))?;
    print(&format!(
        "the store as it was at {} is back, and its books add up\n",
        put_back.made_at
    ))?;
    print(&fork(args, person, &put_back.made_at))?;
    let begun = match store::open(&place, kind).await {
        Ok(engine) => begin_recovery(engine, person, args.epoch_above, &keyring).await,
        Err(failure) => Err(failure),
    };
    begun.map_err(|failure| not_begun(failure, args.epoch_above))?;
    let engine = store::open(&place, kind).await?;
    let erased = erased::again(engine.clone(), place.seen.as_deref()).await;
    close(&engine).await;
    erased
}

/// In whose name the recovery begins.
fn who(args: &Restore) -> Result<String, Failure> {
    let named = args.person.clone().or_else(system::user);
    named.ok_or_else(|| {
        Failure::usage("the user of this machine cannot be asked").advice("say who with --as NAME")
    })
}

/// From here on two stores would tell two courses of things: this one, and the one before if it still runs somewhere.
fn fork(args: &Restore, person: &str, made_at: &str) -> String {
    let named = match args.person {
        Some(_) => String::new(),
        None => {
            format!(
                "it is restored in the name of {person}, the user of this machine; `--as` names another\n"
            )
        }
    };
    let told = if args.acknowledge_fork {
        format!("{person} knows that what was written after {made_at} is not in it\n")
    } else {
        format!(
            "what was written after {made_at} is not in it: make sure that nothing goes on from the store before (`--acknowledge-fork` says that you know)\n"
        )
    };
    named + &told
}

/// Nothing in the store says that it is older than the world: served like that, it would send again what was sent since.
fn not_begun(failure: Failure, epoch_above: Option<i64>) -> Failure {
    // Without the epoch that was asked for it would begin under one that numbers were given under before.
    let above = epoch_above.map_or(String::new(), |epoch| format!(" --epoch-above {epoch}"));
    failure.half_way(
        "the store is back, but its recovery is not begun",
        &format!("then `lifeline recover begin{above}`, and only then `lifeline serve`"),
    )
}

/// What was sent after the copy is not in it: nothing goes out until that was found out (money.md 2.9).
async fn begin_recovery(
    engine: Arc<Engine>,
    person: &str,
    epoch_above: Option<i64>,
    keyring: &Keyring,
) -> Result<(), Failure> {
    let begun = recover::room(Arc::clone(&engine), SystemClock::default())
        .begin_above(person, epoch_above)
        .await;
    let keys = engine.keys().await;
    close(&engine).await;
    if let Ok(ruled) = keys {
        print(&set_back(keyring, &ruled.generations))?;
    }
    match begun {
        Ok(recovery) => print(&recover::begun_text(&recovery)),
        Err(RecoveryError::NothingWritten) => {
            print("nothing was ever sent from it: it needs no recovery\n")
        }
        Err(error) => Err(recover::refused(error)),
    }
}

/// The copy says which keys are in force, as it was when it was made: one that was given up since is so again.
fn set_back(keyring: &Keyring, known: &[Generation]) -> String {
    let mut text = String::new();
    for purpose in Purpose::ALL {
        let mut ours = known.iter().filter(|one| one.purpose == purpose);
        let knows = |kid: &str| ours.clone().any(|one| one.kid == kid);
        let kids = keyring.of(purpose).map(Key::kid);
        let since: Vec<&str> = kids.filter(|kid| !knows(kid)).collect();
        let in_force = ours.find(|one| one.state == KeyState::Active);
        if let Some(in_force) = in_force.filter(|_| !since.is_empty()) {
            let (name, kid) = (purpose.as_str(), &in_force.kid);
            let since = since.join(", ");
            text.push_str(&format!(
                "{name}: the key {kid} is in force again, as in the copy, which does not know {since}\n"
            ));
        }
    }
    if !text.is_empty() {
        text.push_str("rotate again what was rotated since the copy was made: `lifeline keys list`, `lifeline keys rotate`; a signing key that was stolen with --at-once\n");
    }
    text
}

fn refused(error: &ArchiveError) -> Failure {
    let advice = match error {
        ArchiveError::NotOurs | ArchiveError::Altered => {
            "take another copy of the archive; this one was damaged on its way or changed"
        }
        ArchiveError::OtherKey(_) => {
            "give this node the keyring that was in use when the archive was made"
        }
        ArchiveError::OtherStore { .. } => {
            "use the configuration of the installation it was made from"
        }
        ArchiveError::Occupied(_) => {
            "move what is there away first; nothing is ever deleted by this command"
        }
        ArchiveError::Damaged(_) => "do not use it; take an older archive and tell the makers",
        ArchiveError::Unsound(_) => {
            "drop the database and make it anew before anything else, and never serve it; then take an older archive, and tell the makers"
        }
        ArchiveError::Store(_) => {
            "the archive is not to blame: check store.url, that the database answers, the folder and the free space (a backup of the embedded store needs room for a whole copy beside the archive); then run the same command again"
        }
        ArchiveError::Tool { .. } => {
            "see what it said; its version must not be older than the server's"
        }
        ArchiveError::Place | ArchiveError::Io(_) => {
            "check store.url, the folder and the free space"
        }
    };
    Failure::failed(store::chain(error)).advice(advice)
}

#[cfg(test)]
mod tests {
    use lifeline_adapters::keyring::InstanceKind;
    use lifeline_core::shared::time::Time;

    use super::*;

    /// The stolen key that was given up after the copy was made signs again.
    #[test]
    fn keys_that_a_copy_sets_back_are_told() {
        let ring = || Keyring::generate(InstanceKind::Demo).expect("a keyring");
        let (then, now) = (ring(), ring());
        let kid = |ring: &Keyring, purpose| {
            let key = ring.active(purpose).expect("a key");
            key.kid().to_owned()
        };
        let known = Purpose::ALL.map(|purpose| Generation {
            purpose,
            kid: kid(&then, purpose),
            state: KeyState::Active,
            announced_at: Time::from_micros(0),
            moved_at: Time::from_micros(0),
        });
        assert_eq!(set_back(&then, &known), "");
        let told = set_back(&now, &known);
        assert_eq!(told.lines().count(), Purpose::ALL.len() + 1, "{told}");
        for ring in [&then, &now] {
            assert!(told.contains(&kid(ring, Purpose::Jwt)), "{told}");
        }
    }

    #[test]
    fn ec_28_what_only_hinders_is_not_laid_to_the_archive() {
        let said = |error: ArchiveError| refused(&error).to_string();
        let hindered = said(ArchiveError::Store("database or disk is full".to_owned()));
        assert!(hindered.contains("not to blame"), "{hindered}");
        assert!(!hindered.contains("older archive"), "{hindered}");
        let unsound = said(ArchiveError::Unsound("2 ledger entries".to_owned()));
        let order = ["drop the database", "never serve it", "older archive"];
        let places = order.map(|part| unsound.find(part));
        assert!(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "{unsound}"
        );
    }

    #[test]
    fn c14_a_store_that_is_back_and_not_begun_says_what_comes_before_it_is_served() {
        let opened = Failure::failed("the store lacks V53").advice("run `lifeline migrate`");
        let said = not_begun(opened, None).to_string();
        assert!(!said.contains("--epoch-above"), "{said}");
        let order = [
            "not begun",
            "lacks V53",
            "lifeline migrate",
            "lifeline recover begin",
            "lifeline serve",
        ];
        let places = order.map(|part| said.find(part));
        assert!(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "{said}"
        );
        assert_eq!(said.matches("what to do").count(), 1, "{said}");
        let above = not_begun(Failure::failed("the store is busy"), Some(3)).to_string();
        let begin = "`lifeline recover begin --epoch-above 3`";
        assert!(above.contains(begin), "{above}");
    }
}
