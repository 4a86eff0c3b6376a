//! The keyring's file: JSON, readable by its owner only.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{InstanceKind, Key, KeyState, Keyring, KeyringError, Purpose};

const VERSION: u32 = 1;
const SYMMETRIC_BYTES: usize = 32;

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct KeyringFile {
    version: u32,
    instance_kind: String,
    keys: Vec<KeyEntry>,
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    kid: String,
    purpose: String,
    /// `active` makes new things, `next` will, `retired` only opens.
    state: String,
    /// Base64: 32 bytes, or PKCS#8 for `jwt`.
    material: String,
}

pub(super) fn fresh_key(purpose: Purpose, state: KeyState) -> Result<Key, KeyringError> {
    let mut id = [0_u8; 4];
    getrandom::fill(&mut id).map_err(|_| KeyringError::NoRandom)?;
    let material = if purpose == Purpose::Jwt {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|_| KeyringError::NoRandom)?;
        Zeroizing::new(document.as_ref().to_vec())
    } else {
        let mut bytes = Zeroizing::new(vec![0_u8; SYMMETRIC_BYTES]);
        getrandom::fill(&mut bytes).map_err(|_| KeyringError::NoRandom)?;
        bytes
    };
    Ok(Key {
        kid: hex::encode(id),
        purpose,
        state,
        material: Arc::new(material),
    })
}

pub(super) fn read(path: &Path) -> Result<Keyring, KeyringError> {
    let meta = std::fs::symlink_metadata(path)?;
    let mode = meta.permissions().mode() & 0o7777;
    if !meta.is_file() || mode != 0o600 {
        return Err(KeyringError::Mode(mode));
    }
    let bytes = Zeroizing::new(std::fs::read(path)?);
    let file: KeyringFile =
        serde_json::from_slice(&bytes).map_err(|_| KeyringError::Malformed("not our JSON"))?;
    if file.version != VERSION {
        return Err(KeyringError::Malformed("another version"));
    }
    let kind = InstanceKind::parse(&file.instance_kind)
        .ok_or(KeyringError::Malformed("unknown instance kind"))?;
    let keys = file.keys.iter().map(key).collect::<Result<Vec<_>, _>>()?;
    checked(Keyring {
        kind,
        keys,
        path: Some(path.to_owned()),
    })
}

fn key(entry: &KeyEntry) -> Result<Key, KeyringError> {
    let purpose =
        Purpose::parse(&entry.purpose).ok_or(KeyringError::Malformed("unknown purpose"))?;
    let state =
        KeyState::of_file(&entry.state).ok_or(KeyringError::Malformed("unknown key state"))?;
    let material = B64
        .decode(&entry.material)
        .map(Zeroizing::new)
        .map_err(|_| KeyringError::Malformed("a key is not base64"))?;
    let fits = match purpose {
        Purpose::Jwt => Ed25519KeyPair::from_pkcs8(&material).is_ok(),
        _ => material.len() == SYMMETRIC_BYTES,
    };
    let plain_kid = !entry.kid.is_empty()
        && entry.kid.len() <= 32
        && entry.kid.bytes().all(|b| b.is_ascii_alphanumeric());
    if !fits || !plain_kid {
        return Err(KeyringError::Malformed("a key has the wrong shape"));
    }
    Ok(Key {
        kid: entry.kid.clone(),
        purpose,
        state,
        material: Arc::new(material),
    })
}

/// One active key per purpose, no id twice within a purpose.
fn checked(ring: Keyring) -> Result<Keyring, KeyringError> {
    for purpose in Purpose::ALL {
        if ring.of(purpose).filter(|key| key.is_active()).count() != 1 {
            return Err(KeyringError::Malformed("each purpose needs one active key"));
        }
        let next = ring.of(purpose).filter(|key| key.state == KeyState::Next);
        if next.count() > 1 {
            return Err(KeyringError::Malformed("a purpose has two next keys"));
        }
        for key in ring.of(purpose) {
            if ring.of(purpose).filter(|k| k.kid() == key.kid()).count() != 1 {
                return Err(KeyringError::Malformed("a key id appears twice"));
            }
        }
    }
    Ok(ring)
}

/// Writes a ring where none is; a file that is there is never replaced.
pub(super) fn write_new(path: &Path, ring: &Keyring) -> Result<(), KeyringError> {
    let draft = draft_of(path)?;
    let placed =
        write_draft(&draft, &text_of(ring)?, None).and_then(|()| std::fs::hard_link(&draft, path));
    let removed = std::fs::remove_file(&draft);
    placed?;
    removed?;
    Ok(())
}

/// Changes a ring in its file. Two changers follow one another; a reader finds the old ring or the
/// new one, whole, and after a crash too.
pub(super) fn change<T>(
    path: &Path,
    kind: InstanceKind,
    work: impl FnOnce(&mut Keyring) -> Result<T, KeyringError>,
) -> Result<(Keyring, T), KeyringError> {
    let parent = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    let folder = File::open(parent.unwrap_or(Path::new(".")))?;
    folder.lock()?;
    let mut ring = Keyring::load(path, kind)?;
    let done = work(&mut ring)?;
    let ring = checked(ring)?;
    let draft = draft_of(path)?;
    // Whoever reads the file must still be able to when somebody else rotates its keys.
    let owner = std::fs::metadata(path)?;
    let placed = write_draft(&draft, &text_of(&ring)?, Some((owner.uid(), owner.gid())))
        .and_then(|()| std::fs::rename(&draft, path));
    if let Err(error) = placed {
        let _ = std::fs::remove_file(&draft);
        return Err(error.into());
    }
    folder.sync_all()?;
    Ok((ring, done))
}

fn text_of(ring: &Keyring) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    let file = KeyringFile {
        version: VERSION,
        instance_kind: ring.kind.as_str().to_owned(),
        keys: ring
            .keys
            .iter()
            .map(|key| KeyEntry {
                kid: key.kid.clone(),
                purpose: key.purpose.as_str().to_owned(),
                state: key.state.in_file().to_owned(),
                material: B64.encode(key.expose()),
            })
            .collect(),
    };
    serde_json::to_vec_pretty(&file)
        .map(Zeroizing::new)
        .map_err(|_| KeyringError::Malformed("cannot be written as JSON"))
}

/// Written beside and put into place whole: nobody ever reads half a keyring.
fn draft_of(path: &Path) -> Result<PathBuf, KeyringError> {
    let mut id = [0_u8; 8];
    getrandom::fill(&mut id).map_err(|_| KeyringError::NoRandom)?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", hex::encode(id)));
    Ok(PathBuf::from(name))
}

fn write_draft(draft: &Path, text: &[u8], owner: Option<(u32, u32)>) -> std::io::Result<()> {
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)?;
    let made = out.metadata()?;
    if let Some((uid, gid)) = owner.filter(|owner| *owner != (made.uid(), made.gid())) {
        fchown(&out, Some(uid), Some(gid))?;
    }
    out.write_all(text)?;
    out.sync_all()
}
