//! Where the records are kept, and what several nodes may share.

use std::path::{Path, PathBuf};

use lifeline_adapters::{redis, sql};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::Faults;

/// `[store]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Store {
    /// `sqlite:/var/lib/lifeline/lifeline.db` or `postgres://...`; holds a password, so it is secret.
    pub(crate) url: SecretString,
    /// The keyring file, mode 0600.
    pub(crate) keyring: PathBuf,
    /// Where this node keeps how far it saw the store go. A store that does not go so far is an older copy, and is not served.
    pub(crate) seen: Option<PathBuf>,
    /// Whether a server's commits must wait for a second machine.
    #[serde(default)]
    pub(crate) standby: Standby,
}

/// What is wanted of a PostgreSQL, which `doctor` compares with what it does (money.md 2.9).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Standby {
    /// A commit is on a second machine before it counts.
    #[default]
    Synchronous,
    /// One machine on purpose: what it committed since its last backup is lost with it.
    None,
}

/// `[backup]`: made by `lifeline backup` or by the database's own means, outside of the process that serves.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Backup {
    /// Where it is written down when one was made, how much it is, and how one was put back and looked at.
    pub(crate) record: Option<PathBuf>,
}

/// `[redis]`: optional; without it one node works in full.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redis {
    pub(crate) url: Option<SecretString>,
}

impl Store {
    pub(super) fn check(&self, faults: &mut Faults) {
        let url = self.url.expose_secret();
        let known = ["sqlite:", "postgres://", "postgresql://"];
        faults.expect(
            known.iter().any(|scheme| url.starts_with(scheme)),
            "store.url",
            "must begin with sqlite: or postgres://",
        );
        faults.expect(
            !sql::in_clear(url),
            "store.url",
            "records would cross the network in clear; add sslmode=require or sslmode=verify-full, unless the database is on this machine",
        );
    }

    /// `serve` cannot read anything without its keyring; `migrate` makes it for a new store. It keeps what it saw in a folder.
    pub(super) fn check_keyring(&self, faults: &mut Faults) {
        faults.expect(
            self.keyring.is_file(),
            "store.keyring",
            "the keyring file does not exist; `lifeline migrate` makes it for a new store, otherwise restore it",
        );
        let folder = self.seen.as_deref().map(Path::parent);
        faults.expect(
            folder.is_none_or(|folder| folder.is_some_and(Path::is_dir)),
            "store.seen",
            "its folder does not exist",
        );
    }
}

impl Redis {
    pub(super) fn check(&self, faults: &mut Faults) {
        let known = |url: &SecretString| {
            let url = url.expose_secret();
            url.starts_with("redis://") || url.starts_with("rediss://")
        };
        faults.expect(
            self.url.as_ref().is_none_or(known),
            "redis.url",
            "must begin with redis:// or rediss://",
        );
        let in_clear = |url: &SecretString| redis::Redis::in_clear(url.expose_secret());
        faults.expect(
            !self.url.as_ref().is_some_and(in_clear),
            "redis.url",
            "its password would cross the network in clear; write rediss://, unless Redis is on this machine",
        );
    }
}
