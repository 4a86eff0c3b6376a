//! `[vault]`: who holds the key that wraps sellers' private keys.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use lifeline_adapters::vault::Token;
use secrecy::SecretString;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::Faults;

/// `[vault]`. With the token's keys named, it is opened whichever kind makes new pairs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Vault {
    /// Which vault makes new pairs.
    pub(crate) kind: VaultKind,
    /// The PKCS#11 module, a shared library.
    module: Option<PathBuf>,
    /// The token's label.
    token: Option<String>,
    /// The user's PIN, mode 0600.
    pin_file: Option<PathBuf>,
    /// The wrapping key's label in the token.
    key: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VaultKind {
    /// The keyring's key wraps.
    #[default]
    Software,
    /// An HSM's key wraps.
    Pkcs11,
}

const KEY: &str = "lifeline-wrapping";
/// A token's label has 32 bytes (PKCS#11, CK_TOKEN_INFO).
const LABEL_BYTES_MAX: usize = 32;
const PIN_BYTES: std::ops::RangeInclusive<usize> = 4..=255;

impl Vault {
    pub(super) fn check(&self, faults: &mut Faults) {
        let wanted = self.kind == VaultKind::Pkcs11 || self.module.is_some();
        let any = wanted || self.token.is_some() || self.pin_file.is_some() || self.key.is_some();
        if !any {
            return;
        }
        let file = |path: &Option<PathBuf>| path.as_ref().is_some_and(|path| path.is_file());
        faults.expect(
            file(&self.module),
            "vault.module",
            "the PKCS#11 module does not exist; name the HSM maker's shared library",
        );
        let label = |text: &str| (1..=LABEL_BYTES_MAX).contains(&text.len());
        faults.expect(
            self.token.as_deref().is_some_and(label),
            "vault.token",
            "name the token's label, 1 to 32 bytes",
        );
        faults.expect(
            self.key.as_deref().is_none_or(label),
            "vault.key",
            "the wrapping key's label has 1 to 32 bytes",
        );
        let pin = self.pin_file.as_deref().map(pin);
        faults.expect(
            matches!(pin, Some(Ok(_))),
            "vault.pin_file",
            "must be a file of mode 0600 with the PIN of the token's user, 4 to 255 bytes, and nothing else",
        );
    }

    /// The token, when one is named. The error says what is wrong with the PIN's file, never what it holds.
    pub(crate) fn token(&self) -> Result<Option<Token>, &'static str> {
        let (Some(module), Some(token), Some(file)) = (&self.module, &self.token, &self.pin_file)
        else {
            return Ok(None);
        };
        Ok(Some(Token {
            module: module.clone(),
            token: token.clone(),
            pin: pin(file)?,
            key: self.key.clone().unwrap_or_else(|| KEY.to_owned()),
        }))
    }
}

/// The PIN out of its file, without the line's end.
fn pin(file: &Path) -> Result<SecretString, &'static str> {
    let unread = "vault.pin_file cannot be read";
    let meta = std::fs::metadata(file).map_err(|_| unread)?;
    if !meta.is_file() || meta.permissions().mode() & 0o7777 != 0o600 {
        return Err("vault.pin_file must be a file of mode 0600");
    }
    let text = std::fs::read_to_string(file).map(Zeroizing::new);
    let text = text.map_err(|_| unread)?;
    let pin = text.trim_end_matches(['\r', '\n']);
    if PIN_BYTES.contains(&pin.len()) {
        Ok(SecretString::from(pin.to_owned()))
    } else {
        Err("vault.pin_file must hold the PIN, 4 to 255 bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(vault: &Vault) -> Vec<String> {
        let mut faults = Faults(Vec::new());
        vault.check(&mut faults);
        faults.0.into_iter().map(|fault| fault.path).collect()
    }

    fn with_pin(dir: &Path, pin: &str, mode: u32) -> Vault {
        let (module, file) = (dir.join("module.so"), dir.join("pin"));
        std::fs::write(&module, "x").unwrap();
        std::fs::write(&file, pin).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        Vault {
            kind: VaultKind::Pkcs11,
            module: Some(module),
            token: Some("lifeline".to_owned()),
            pin_file: Some(file),
            key: None,
        }
    }

    #[test]
    fn pv_05_the_software_vault_needs_nothing_and_an_hsm_all_of_it() {
        assert_eq!(faults(&Vault::default()), Vec::<String>::new());
        let bare = Vault {
            kind: VaultKind::Pkcs11,
            ..Vault::default()
        };
        assert_eq!(
            faults(&bare),
            ["vault.module", "vault.token", "vault.pin_file"]
        );
        let dir = tempfile::tempdir().unwrap();
        let whole = with_pin(dir.path(), "246810\n", 0o600);
        assert_eq!(faults(&whole), Vec::<String>::new());
        let token = whole.token().unwrap().unwrap();
        assert_eq!(token.key, "lifeline-wrapping");
        assert!(!format!("{token:?} {whole:?}").contains("246810"));
        let long = Vault {
            token: Some("x".repeat(LABEL_BYTES_MAX + 1)),
            ..whole
        };
        assert_eq!(faults(&long), ["vault.token"]);
    }

    #[test]
    fn pv_05_the_pin_lies_in_a_file_of_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        for (pin, mode) in [("246810", 0o640), ("246", 0o600), ("", 0o600)] {
            let vault = with_pin(dir.path(), pin, mode);
            assert_eq!(faults(&vault), ["vault.pin_file"], "{pin} {mode:o}");
            assert!(vault.token().is_err());
        }
        let longest = "1".repeat(255);
        assert!(faults(&with_pin(dir.path(), &longest, 0o600)).is_empty());
        let longer = "1".repeat(256);
        assert_eq!(
            faults(&with_pin(dir.path(), &longer, 0o600)),
            ["vault.pin_file"]
        );
    }
}
