//! `lifeline keys rotate` and `lifeline keys list`.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use lifeline_adapters::keyring::Purpose;
use lifeline_adapters::sql::Engine;
use lifeline_adapters::sql::rotation::{Progress, RotateError};
use lifeline_core::shared::time::{Clock as _, Time};
use lifeline_core::store::StoreError;
use serde_json::json;

use crate::cli::{Keys, KeysOf, Rotate, Rotated};
use crate::failure::Failure;
use crate::serve::Kind;
use crate::system::SystemClock;
use crate::{config, print, store};

/// Lost races and short outages that a rotation sits out before it says that it must be run again.
const TRIES_MAX: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

pub(crate) async fn run(command: Keys) -> Result<(), Failure> {
    match command {
        Keys::Rotate(args) => rotate(&args).await,
        Keys::List(args) => {
            let engine = open(&args.of).await?;
            let listed = list(&engine, args.json).await;
            close(&engine).await;
            print(&listed?)
        }
    }
}

fn purposes(rotated: Rotated) -> &'static [Purpose] {
    match rotated {
        Rotated::Data => &[Purpose::DataWrapping],
        Rotated::BlindIndex => &[Purpose::BlindIndex],
        Rotated::Signing => &[Purpose::Jwt, Purpose::Cursor],
    }
}

async fn open(of: &KeysOf) -> Result<Arc<Engine>, Failure> {
    let (place, kind) = place(of)?;
    store::open(&place, kind).await
}

/// Which store: of a configuration, or of a demo's folder.
pub(crate) fn place(of: &KeysOf) -> Result<(config::Store, Kind), Failure> {
    #[cfg(feature = "demo")]
    if let Some(folder) = &of.data_dir {
        return Ok((
            crate::demo::store_of(folder, of.database_url.clone()),
            Kind::Demo,
        ));
    }
    let file = of.config.clone().unwrap_or_default();
    let read = config::read(&file).map_err(|faults| Failure::faults(&faults))?;
    Ok((read.store, Kind::Live))
}

async fn close(engine: &Engine) {
    if let Err(error) = engine.close().await {
        tracing::warn!(%error, "keys.store.close");
    }
}

async fn rotate(args: &Rotate) -> Result<(), Failure> {
    if args.at_once && args.which != Some(Rotated::Signing) {
        return Err(Failure::usage(
            "--at-once ends the overlap of signing keys: lifeline keys rotate signing --at-once",
        ));
    }
    let all = [Rotated::Data, Rotated::BlindIndex, Rotated::Signing];
    let which = all
        .into_iter()
        .filter(|one| args.which.is_none_or(|asked| asked == *one));
    let purposes = which.flat_map(purposes).copied();
    if args.prepare {
        return prepare(&args.of, purposes).await;
    }
    let engine = open(&args.of).await?;
    let mut done = Ok(());
    for purpose in purposes {
        done = rotate_one(&engine, purpose, args.at_once).await;
        if done.is_err() {
            break;
        }
    }
    close(&engine).await;
    done
}

/// The file alone is changed. The store hears nothing yet, but says which keys are in force: this node's
/// file need not, when another one made the last rotation.
async fn prepare(of: &KeysOf, purposes: impl Iterator<Item = Purpose>) -> Result<(), Failure> {
    let (place, kind) = place(of)?;
    let engine = store::open(&place, kind).await?;
    let mut done = Ok(());
    for purpose in purposes {
        done = prepare_one(&engine, purpose).await;
        if done.is_err() {
            break;
        }
    }
    close(&engine).await;
    done?;
    print(&format!(
        "copy {} to the other nodes, then run the same command without --prepare\n",
        place.keyring.display()
    ))
}

async fn prepare_one(engine: &Engine, purpose: Purpose) -> Result<(), Failure> {
    let name = purpose.as_str();
    let kid = engine
        .prepare(purpose)
        .await
        .map_err(|error| Failure::failed(format!("{name}: {}", store::chain(&error))))?;
    print(&format!("{name}: the next key is {kid}\n"))
}

async fn rotate_one(engine: &Engine, purpose: Purpose, at_once: bool) -> Result<(), Failure> {
    let (clock, name) = (SystemClock::default(), purpose.as_str());
    let mut failures = 0_u32;
    loop {
        let now = clock.now();
        match engine.rotate(purpose, now).await {
            Ok(Progress::Announced { kid }) => print(&format!("{name}: made the key {kid}\n"))?,
            Ok(Progress::Activated) => print(&format!("{name}: it is in use\n"))?,
            Ok(Progress::Moved { pass, rows }) => {
                if rows > 0 {
                    print(&format!("{name}: {pass}, {rows} rows\n"))?;
                }
            }
            Ok(Progress::Wait { until }) => wait(name, now, until).await?,
            Ok(Progress::Finished { moved, skipped }) => {
                return finish(engine, purpose, now, (moved, skipped), at_once).await;
            }
            Err(error) if failures < TRIES_MAX && passes(&error) => {
                failures = failures.saturating_add(1);
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => {
                return Err(Failure::failed(format!("{name}: {}", store::chain(&error)))
                    .advice("nothing is lost: run the same command again, it goes on from here"));
            }
        }
    }
}

/// Whether waiting may mend it.
fn passes(error: &RotateError) -> bool {
    matches!(
        error,
        RotateError::Store(
            StoreError::Conflict
                | StoreError::Duplicate(_)
                | StoreError::Unavailable(_)
                | StoreError::CommitUnknown(_)
        )
    )
}

async fn wait(name: &str, now: Time, until: Time) -> Result<(), Failure> {
    let left = until.micros().saturating_sub(now.micros()).max(0);
    let left = Duration::from_micros(left.unsigned_abs());
    let seconds = left.as_secs().saturating_add(1);
    print(&format!(
        "{name}: waiting {seconds} s until every node knows\n"
    ))?;
    tokio::time::sleep(left).await;
    Ok(())
}

async fn finish(
    engine: &Engine,
    purpose: Purpose,
    now: Time,
    (moved, skipped): (i64, i64),
    at_once: bool,
) -> Result<(), Failure> {
    let name = purpose.as_str();
    if skipped > 0 {
        return Err(Failure::failed(format!(
            "{name}: {moved} rows moved, {skipped} could not be opened; the key before stays in use for them"
        ))
        .advice("the log names their tables (store.rotation.unreadable); restore what is missing and rotate again"));
    }
    if at_once {
        engine
            .retire_signing(purpose, now)
            .await
            .map_err(|error| Failure::failed(store::chain(&error)))?;
    }
    print(&format!("{name}: done, {moved} rows moved\n"))
}

async fn list(engine: &Engine, as_json: bool) -> Result<String, Failure> {
    let keys = engine
        .keys()
        .await
        .map_err(|error| Failure::failed(store::chain(&error)))?;
    if as_json {
        let each = keys.generations.iter().map(|one| {
            json!({
                "purpose": one.purpose.as_str(), "kid": one.kid, "state": one.state.as_str(),
                "since": one.moved_at.rfc3339(),
            })
        });
        let listed: Vec<serde_json::Value> = each.collect();
        return Ok(format!("{}\n", json!({ "keys": listed })));
    }
    let mut text = String::new();
    for one in keys.generations.iter() {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:<14} {:<10} {:<10} since {}",
            one.purpose.as_str(),
            one.kid,
            one.state.as_str(),
            one.moved_at.rfc3339()
        );
    }
    Ok(text)
}
