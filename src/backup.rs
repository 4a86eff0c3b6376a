//! `lifeline backup` and `lifeline restore`: the whole store in one sealed file, and back (EC-28).

use std::sync::Arc;

use lifeline_adapters::sql::Engine;
use lifeline_adapters::sql::archive::{self, ArchiveError};
use lifeline_core::payments::recovery::RecoveryError;
use lifeline_core::shared::time::Clock as _;
use secrecy::ExposeSecret as _;

use crate::brake::person;
use crate::cli::{Backup, Restore};
use crate::failure::Failure;
use crate::keys::place;
use crate::system::SystemClock;
use crate::{print, recover, store};

pub(crate) async fn backup(args: &Backup) -> Result<(), Failure> {
    let (place, kind) = place(&args.of)?;
    let keyring = store::keyring(&place.keyring, kind)?;
    refuse_during_a_recovery(&store::open(&place, kind).await?).await?;
    let now = SystemClock::default().now();
    let url = place.url.expose_secret();
    let made = archive::backup(url, &keyring, &args.to, now).await;
    let made = made.map_err(|error| refused(&error))?;
    print(&format!(
        "{}: the {} store as it was at {}, sealed with the key {}\n\
         keep the keyring apart from it: without that key nobody can read it\n",
        args.to.display(),
        made.engine,
        made.made_at,
        made.kid
    ))
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
    let person = person(&args.person)?;
    let (place, kind) = place(&args.of)?;
    let keyring = store::keyring(&place.keyring, kind)?;
    let url = place.url.expose_secret();
    let put_back = archive::restore(url, &keyring, &args.from).await;
    let put_back = put_back.map_err(|error| refused(&error))?;
    print(&format!(
        "the store as it was at {} is back, and its books add up\n",
        put_back.made_at
    ))?;
    begin_recovery(store::open(&place, kind).await?, person).await
}

/// What was sent after the copy is not in it: nothing goes out until that was found out (money.md 2.9).
async fn begin_recovery(engine: Arc<Engine>, person: &str) -> Result<(), Failure> {
    let begun = recover::room(Arc::clone(&engine), SystemClock::default())
        .begin(person)
        .await;
    close(&engine).await;
    match begun {
        Ok(recovery) => print(&format!(
            "its recovery is begun (epoch {}): nothing is sent until `lifeline recover status` lacks nothing\n",
            recovery.epoch
        )),
        Err(RecoveryError::NothingWritten) => {
            print("nothing was ever sent from it: it needs no recovery\n")
        }
        Err(error) => Err(recover::refused(error)),
    }
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
        ArchiveError::Tool { .. } => {
            "see what it said; its version must not be older than the server's"
        }
        ArchiveError::Place | ArchiveError::Io(_) => {
            "check store.url, the folder and the free space"
        }
    };
    Failure::failed(store::chain(error)).advice(advice)
}
