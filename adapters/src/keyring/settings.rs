//! What is kept outside the store and sealed by the keyring all the same: values of the configuration, and
//! the keys of archives (EC-28).

use zeroize::Zeroizing;

use super::cipher::{Place, Unsealable};
use super::{Keyring, Purpose, derived};

/// What a sealed value of the configuration begins with.
pub const SEALED: &str = "sealed:";
/// What the wrapping key is derived for.
const FOR_SETTINGS: &str = "configuration";

impl Keyring {
    /// A value of the configuration, sealed for its own name and this kind of installation.
    ///
    /// # Errors
    /// [`Unsealable`] when there is no key or no chance.
    pub fn seal_setting(&self, name: &str, clear: &str) -> Result<String, Unsealable> {
        let envelope = self.seal(FOR_SETTINGS, &self.setting(name), clear.as_bytes())?;
        Ok(format!("{SEALED}{envelope}"))
    }

    /// Opens what [`Keyring::seal_setting`] closed, under the same name only.
    ///
    /// # Errors
    /// [`Unsealable`] for another name, another keyring, or altered text.
    pub fn open_setting(&self, name: &str, sealed: &str) -> Result<Zeroizing<String>, Unsealable> {
        let envelope = sealed.strip_prefix(SEALED).ok_or(Unsealable)?;
        let clear = self.open(FOR_SETTINGS, &self.setting(name), envelope)?;
        let text = std::str::from_utf8(&clear).map_err(|_| Unsealable)?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    fn setting<'n>(&self, name: &'n str) -> Place<'n> {
        Place {
            table: "configuration",
            column: name,
            row: self.kind().as_str(),
        }
    }

    /// The key that a new archive is made from.
    pub(crate) fn archive_kid(&self) -> Option<String> {
        let key = self.active(Purpose::DataWrapping)?;
        Some(key.kid().to_owned())
    }

    /// The key of one archive.
    pub(crate) fn archive_key(
        &self,
        kid: &str,
        salt: &str,
    ) -> Result<Zeroizing<[u8; 32]>, Unsealable> {
        let key = self.by_kid(Purpose::DataWrapping, kid).ok_or(Unsealable)?;
        derived(key.expose(), &format!("archive {salt}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::InstanceKind;

    #[test]
    fn ec_28_a_setting_opens_under_its_own_name_and_keyring_only() {
        let keyring = Keyring::generate(InstanceKind::Live).expect("keys");
        let secret = "5a5a5a5a";
        let sealed = keyring
            .seal_setting("sms.secret_hex", secret)
            .expect("sealed");
        assert!(sealed.starts_with("sealed:a1:") && !sealed.contains(secret));
        let opened = keyring
            .open_setting("sms.secret_hex", &sealed)
            .expect("opened");
        assert_eq!(opened.as_str(), secret);
        assert!(
            keyring
                .open_setting("marketing.secret_hex", &sealed)
                .is_err()
        );
        let other = Keyring::generate(InstanceKind::Live).expect("keys");
        assert!(other.open_setting("sms.secret_hex", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("text");
            let opened = keyring.open_setting("sms.secret_hex", &changed);
            // The last letter of base64url carries bits that say nothing.
            assert!(opened.is_err() || at + 1 == sealed.len(), "letter {at}");
        }
    }
}
