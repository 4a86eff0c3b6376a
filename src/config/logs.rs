//! `[logs]`: where the machine keeps what the program says.

use std::path::PathBuf;

use serde::Deserialize;

use super::Faults;

/// Where the journal lies (ADR 0014).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Logs {
    pub(crate) folder: PathBuf,
    /// The volume is encrypted where this machine cannot see it: by the storage, or the host underneath.
    pub(crate) encrypted_elsewhere: bool,
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            folder: "/var/log/journal".into(),
            encrypted_elsewhere: false,
        }
    }
}

impl Logs {
    pub(super) fn check(&self, faults: &mut Faults) {
        let whole = self.folder.is_absolute();
        faults.expect(whole, "logs.folder", "must be a whole path");
    }
}
