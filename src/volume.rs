//! Whether a folder lies on an encrypted volume of this machine (EC-28): the kernel tells which device a file
//! system is on, and of what that device is made.

use std::path::{Path, PathBuf};

/// Devices are made of devices; a chain this long is none.
const DEPTH_MAX: usize = 16;

/// What the machine says of a folder's volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Volume {
    Encrypted,
    Clear,
    /// There is no such folder, or no device behind its file system.
    Unknown,
}

/// Where the kernel tells it; a test has one of its own.
#[derive(Debug, Clone)]
pub(crate) struct Kernel {
    mounts: PathBuf,
    devices: PathBuf,
}

impl Kernel {
    pub(crate) fn running() -> Self {
        Self {
            mounts: "/proc/self/mountinfo".into(),
            devices: "/sys/dev/block".into(),
        }
    }

    /// Of what `folder` lies on.
    pub(crate) fn volume(&self, folder: &Path) -> Volume {
        let Ok(folder) = folder.canonicalize() else {
            return Volume::Unknown;
        };
        let Ok(mounts) = std::fs::read_to_string(&self.mounts) else {
            return Volume::Unknown;
        };
        let Some(device) = device_of(&mounts, &folder) else {
            return Volume::Unknown;
        };
        let device = self.devices.join(device);
        if !device.is_dir() {
            return Volume::Unknown;
        }
        if is_sealed(&device, DEPTH_MAX) {
            Volume::Encrypted
        } else {
            Volume::Clear
        }
    }
}

/// `8:1`, of the innermost file system that holds `folder`; of two at one place the later one.
fn device_of<'a>(mounts: &'a str, folder: &Path) -> Option<&'a str> {
    let read = |line: &'a str| {
        let mut words = line.split(' ').skip(2);
        let (device, _, place) = (words.next()?, words.next()?, words.next()?);
        let place = PathBuf::from(plain(place));
        let depth = place.components().count();
        folder.starts_with(&place).then_some((depth, device))
    };
    let all = mounts.lines().filter_map(read);
    all.max_by_key(|(depth, _)| *depth)
        .map(|(_, device)| device)
}

/// A place as it is called: blanks and backslashes are told by their numbers.
fn plain(place: &str) -> String {
    let named = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n")];
    let plain = named.iter().fold(place.to_owned(), |text, (code, letter)| {
        text.replace(code, letter)
    });
    plain.replace("\\134", "\\")
}

/// Whether a device is dm-crypt's, or all it is made of are.
fn is_sealed(device: &Path, depth: usize) -> bool {
    let name = std::fs::read_to_string(device.join("dm/uuid")).unwrap_or_default();
    if name.starts_with("CRYPT-") {
        return true;
    }
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    let parts = std::fs::read_dir(device.join("slaves"));
    let parts: Vec<PathBuf> = parts
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|part| part.path())
        .collect();
    !parts.is_empty() && parts.iter().all(|part| is_sealed(part, depth))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A machine whose journal lies on a file system of its own, on device 253:7.
    struct Machine {
        folder: tempfile::TempDir,
        kernel: Kernel,
    }

    impl Machine {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().canonicalize().unwrap();
            let journal = root.join("my journal");
            fs::create_dir_all(&journal).unwrap();
            let called = journal.display().to_string().replace(' ', "\\040");
            let mounts = format!(
                "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n22 21 253:7 / {called} rw - ext4 /dev/dm-7 rw\n\
                 23 21 8:2 / {called}else rw - ext4 /dev/sdb rw\n"
            );
            fs::write(root.join("mountinfo"), mounts).unwrap();
            let kernel = Kernel {
                mounts: root.join("mountinfo"),
                devices: root.join("block"),
            };
            Self { folder, kernel }
        }

        fn device(&self, place: &str, uuid: Option<&str>) {
            let device = self.kernel.devices.join(place);
            fs::create_dir_all(device.join("dm")).unwrap();
            if let Some(uuid) = uuid {
                fs::write(device.join("dm/uuid"), uuid).unwrap();
            }
        }

        fn journal(&self) -> Volume {
            let journal = self.folder.path().join("my journal");
            self.kernel.volume(&journal)
        }
    }

    #[test]
    fn ec_28_a_volume_is_encrypted_when_everything_under_it_is() {
        let machine = Machine::new();
        assert_eq!(machine.journal(), Volume::Unknown, "no device is told of");
        machine.device("253:7", Some("LVM-abc"));
        machine.device("8:1", Some("CRYPT-LUKS2-root"));
        assert_eq!(
            machine.journal(),
            Volume::Clear,
            "the root's does not count"
        );
        machine.device("253:7/slaves/dm-1", Some("CRYPT-LUKS2-abc\n"));
        assert_eq!(machine.journal(), Volume::Encrypted, "under the volume");
        machine.device("253:7/slaves/sdb", None);
        assert_eq!(machine.journal(), Volume::Clear, "one part is in clear");
        machine.device("253:7/slaves/sdb/slaves/dm-3", Some("CRYPT-LUKS1-x"));
        assert_eq!(machine.journal(), Volume::Encrypted, "two deep");
        machine.device("253:7", Some("CRYPT-PLAIN-x"));
        assert_eq!(machine.journal(), Volume::Encrypted, "itself");
    }

    #[test]
    fn ec_28_what_cannot_be_asked_is_not_called_encrypted() {
        let machine = Machine::new();
        machine.device("253:7", Some("CRYPT-LUKS2-abc"));
        let nowhere = machine.folder.path().join("nowhere");
        assert_eq!(machine.kernel.volume(&nowhere), Volume::Unknown);
        fs::remove_file(machine.folder.path().join("mountinfo")).unwrap();
        assert_eq!(machine.journal(), Volume::Unknown);
    }
}
