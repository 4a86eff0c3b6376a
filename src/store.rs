//! Opens the store: keyring, migrations, engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lifeline_adapters::keyring::{InstanceKind, Keyring};
use lifeline_adapters::sql::{self, Engine, OpenError, SchemaError};
use lifeline_core::shared::time::Clock as _;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::config::{Config, Store};
use crate::failure::Failure;
use crate::serve::Kind;
use crate::system::SystemClock;

impl From<Kind> for InstanceKind {
    fn from(kind: Kind) -> Self {
        match kind {
            #[cfg(feature = "demo")]
            Kind::Demo => Self::Demo,
            Kind::Live => Self::Live,
        }
    }
}

/// What was done to a store that had to be migrated.
pub(crate) struct Done {
    applied: Vec<String>,
    version: i32,
    /// The keyring that was made with it.
    keyring: Option<PathBuf>,
    /// What was made in the key vault, in words.
    vault: Option<String>,
}

impl Done {
    fn schema(&self) -> String {
        match self.applied.as_slice() {
            [] => format!("nothing to do, the schema is at version {}", self.version),
            names => format!(
                "applied {}; the schema is at version {}",
                names.join(", "),
                self.version
            ),
        }
    }

    /// To a person, or to a script.
    pub(crate) fn told(&self, as_json: bool) -> String {
        if as_json {
            let keyring = self.keyring.as_ref().map(|file| file.display().to_string());
            let said = json!({
                "applied": self.applied, "version": self.version, "keyring_made": keyring,
                "vault_made": self.vault,
            });
            return format!("{said}\n");
        }
        let mut said = self.schema();
        if let Some(file) = &self.keyring {
            said.push_str(&format!(
                "\nmade the keyring {}: back it up apart from the database",
                file.display()
            ));
        }
        if let Some(made) = &self.vault {
            said.push_str(&format!("\n{made}"));
        }
        said + "\n"
    }
}

/// Applies what is missing; says what was done. A store that nobody opened yet gets its keyring with it; one
/// that was opened never gets a second one, because its personal data could not be read with it. The store is opened
/// once for that, before any node serves.
pub(crate) async fn migrate(config: &Config, kind: Kind) -> Result<Done, Failure> {
    let now = SystemClock::default().now();
    let url = config.store.url.expose_secret();
    let migrated = sql::migrate(url, kind.into(), now).await.map_err(|error| {
        Failure::failed(format!(
            "the store could not be migrated: {}",
            chain(&error)
        ))
        .advice(advice_on(&error))
    })?;
    let mut done = Done {
        applied: migrated.applied,
        version: migrated.version,
        keyring: None,
        vault: None,
    };
    let file = &config.store.keyring;
    if !kind.is_demo() && !file.exists() {
        if !migrated.unopened {
            return Err(
                Failure::failed(format!("the keyring {} is missing", file.display())).advice(
                    "restore it from its backup; a new one could not read this store's data",
                ),
            );
        }
        Keyring::create(file, kind.into()).map_err(|error| {
            let why = chain(&error);
            Failure::failed(format!(
                "{}; but the keyring {} could not be made: {why}",
                done.schema(),
                file.display()
            ))
            .advice("mend that, and run `lifeline migrate` again: it makes the keyring then")
        })?;
        done.keyring = Some(file.clone());
    }
    if !kind.is_demo() && migrated.unopened {
        write_down_keys(&config.store, kind)
            .await
            .map_err(|failure| {
                let said = done.told(false);
                let means = format!(
                    "{}; but its keys are not written down in the store",
                    said.trim_end()
                );
                failure.half_way(&means, "then run `lifeline migrate` again")
            })?;
    }
    // Last: a token that cannot be used must not leave a new store without its keyring.
    done.vault = crate::vault::prepare(&config.vault)?;
    Ok(done)
}

/// Opens the store once, so that it knows its keyring from now on: a second node that migrates is told to take
/// this one, and makes none of its own.
async fn write_down_keys(place: &Store, kind: Kind) -> Result<(), Failure> {
    let engine = open(place, kind).await?;
    if let Err(error) = engine.close().await {
        tracing::warn!(%error, "migrate.store.close");
    }
    Ok(())
}

/// Opens a migrated store with the installation's keys.
pub(crate) async fn open(place: &Store, kind: Kind) -> Result<Arc<Engine>, Failure> {
    let keyring = Arc::new(keyring(&place.keyring, kind)?);
    let url = place.url.expose_secret();
    sql::open(url, keyring, kind.into()).await.map_err(|error| {
        let what = format!("the store could not be opened: {}", chain(&error));
        Failure::failed(what).advice(advice_on(&error))
    })
}

fn advice_on(error: &OpenError) -> &'static str {
    match error {
        OpenError::Keyring(_) => {
            "give this node the keyring of the node that rotated the keys, or the one from the backup of this store"
        }
        OpenError::WrongKind { .. } | OpenError::WrongKeyring { .. } => {
            "check store.url and store.keyring: one of them is of another kind of installation"
        }
        OpenError::Schema(SchemaError::Absent) => {
            "check store.url; only for a new installation run `lifeline migrate`, which makes the store there"
        }
        OpenError::Schema(SchemaError::Older { .. }) => "run `lifeline migrate`",
        OpenError::Schema(SchemaError::Newer { .. }) => {
            "start the newer program: tables never go back, and `lifeline migrate` of this one cannot help"
        }
        OpenError::Schema(SchemaError::Divergent(_)) => {
            "take the program that made these tables or a released one after it"
        }
        OpenError::Schema(SchemaError::Held) => {
            "let a backup come to its end, or end what else holds it (pg_stat_activity), and run `lifeline migrate` again"
        }
        OpenError::Schema(SchemaError::Failed(_)) => {
            "see what the database said, mend that, and run `lifeline migrate` again"
        }
        OpenError::Store(_) => "check store.url, and that the database answers from here",
    }
}

pub(crate) fn keyring(file: &Path, kind: Kind) -> Result<Keyring, Failure> {
    let read = match kind {
        #[cfg(feature = "demo")]
        Kind::Demo => Keyring::load_or_create_demo(file),
        Kind::Live => Keyring::load(file, InstanceKind::Live),
    };
    read.map_err(|error| {
        Failure::failed(format!("{}: {}", file.display(), chain(&error))).advice(
            "restore the keyring from its backup; without it the personal data is unreadable",
        )
    })
}

/// An error and its causes on one line; engine texts may follow, so this is for operators only.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_migrated_is_told_to_persons_and_scripts_alike() {
        let mut done = Done {
            applied: Vec::new(),
            version: 66,
            keyring: None,
            vault: None,
        };
        assert!(done.told(false).starts_with("nothing to do"));
        done.applied.push("V66".to_owned());
        done.keyring = Some("/etc/lifeline/keyring.json".into());
        assert!(done.told(false).contains("made the keyring"));
        let read: serde_json::Value = serde_json::from_str(&done.told(true)).unwrap();
        let expected = json!({
            "applied": ["V66"], "version": 66, "keyring_made": "/etc/lifeline/keyring.json",
            "vault_made": null,
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn a_store_of_another_version_is_answered_by_what_helps() {
        let advice = |error: SchemaError| advice_on(&OpenError::Schema(error));
        let (found, known) = (53, 52);
        assert!(advice(SchemaError::Newer { found, known }).starts_with("start the newer program"));
        let (found, known) = (51, 52);
        assert_eq!(
            advice(SchemaError::Older { found, known }),
            "run `lifeline migrate`"
        );
        // A wrong address must not end with a new, empty store beside the true one.
        assert!(advice(SchemaError::Absent).starts_with("check store.url"));
        assert!(advice(SchemaError::Held).contains("backup"));
    }
}
