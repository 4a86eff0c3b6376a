//! The other hand of `tests/disk`: what happens to an embedded store when the power goes, and the
//! words that make its disk fail.

use std::path::{Path, PathBuf};

use crate::stage::program;

/// SQLite and real disks keep or lose whole sectors.
const SECTOR: usize = 512;

/// What a power cut leaves of writes that no fsync followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// None of them.
    Nothing,
    /// Some sectors, drawn by this seed: a disk may write them in any order.
    Some(u64),
}

/// The watched disk of one stage.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    folder: PathBuf,
    file: PathBuf,
}

impl Disk {
    /// Watches `file`; `folder` is made.
    pub(crate) fn watching(folder: &Path, file: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder for the disk");
        Self {
            folder: folder.to_owned(),
            file: file.to_owned(),
        }
    }

    /// What a gateway must be started with.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let text = |path: &Path| path.to_str().expect("a path in UTF-8").to_owned();
        vec![
            ("LD_PRELOAD", text(&program("liblifeline_disk.so"))),
            ("LIFELINE_DISK", text(&self.folder)),
            ("LIFELINE_DISK_FILE", text(&self.file)),
        ]
    }

    /// From now on: `fsync EIO`, `write ENOSPC`, `fsync LIE`.
    pub(crate) fn fail(&self, fault: &str) {
        // Whole or not at all: the library reads it between two calls.
        let part = self.folder.join("fault.part");
        std::fs::write(&part, fault).expect("a fault");
        std::fs::rename(part, self.folder.join("fault")).expect("a fault");
    }

    pub(crate) fn mend(&self) {
        std::fs::remove_file(self.folder.join("fault")).expect("a fault to mend");
    }

    /// How often a planned fault acted.
    pub(crate) fn struck(&self) -> usize {
        let text = std::fs::read_to_string(self.folder.join("struck")).unwrap_or_default();
        text.lines().count()
    }

    /// Takes the power away from a disk whose process is dead. Answers how many writes were undone.
    pub(crate) fn lose_power(&self, leaves: Leaves) -> usize {
        let log = {
            let mut name = self.file.clone().into_os_string();
            name.push("-wal");
            PathBuf::from(name)
        };
        let shared = {
            let mut name = self.file.clone().into_os_string();
            name.push("-shm");
            PathBuf::from(name)
        };
        // The index of the log is memory, not disk.
        let _ = std::fs::remove_file(shared);
        let files = [(&self.file, "undo-db"), (&log, "undo-wal")];
        files
            .into_iter()
            .map(|(file, undo)| take_back(file, &self.folder.join(undo), leaves))
            .sum()
    }
}

struct Write {
    at: usize,
    long: usize,
    old: Vec<u8>,
}

/// Plays an undo log backwards over its file.
fn take_back(file: &Path, undo: &Path, leaves: Leaves) -> usize {
    let Ok(text) = std::fs::read(undo) else {
        return 0;
    };
    let writes = read(&text);
    let written = std::fs::read(file).unwrap_or_default();
    let mut synced = written.clone();
    for write in writes.iter().rev() {
        let end = write.at + write.old.len();
        if synced.len() < end {
            synced.resize(end, 0);
        }
        synced[write.at..end].copy_from_slice(&write.old);
        synced.resize(write.long, 0);
    }
    let left = match leaves {
        Leaves::Nothing => synced,
        Leaves::Some(seed) => mix(&synced, &written, seed),
    };
    std::fs::write(file, left).expect("a file without power");
    std::fs::remove_file(undo).expect("an undo log");
    writes.len()
}

fn read(mut text: &[u8]) -> Vec<Write> {
    let mut writes = Vec::new();
    while !text.is_empty() {
        let number = |at: usize| {
            let bytes: [u8; 8] = text[at * 8..at * 8 + 8].try_into().expect("a number");
            usize::try_from(u64::from_le_bytes(bytes)).expect("a size")
        };
        let (at, long, held) = (number(0), number(1), number(2));
        writes.push(Write {
            at,
            long,
            old: text[24..24 + held].to_vec(),
        });
        text = &text[24 + held..];
    }
    writes
}

/// Each sector from before or from after; the length, too.
fn mix(old: &[u8], new: &[u8], seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut coin = || {
        // xorshift: any sequence will do, as long as the seed gives it again.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state & 1 == 0
    };
    let long = if coin() { new.len() } else { old.len() };
    let mut left = vec![0; long];
    for (at, sector) in left.chunks_mut(SECTOR).enumerate() {
        let from = if coin() { new } else { old };
        let have = from.get(at * SECTOR..).unwrap_or_default();
        let count = have.len().min(sector.len());
        sector[..count].copy_from_slice(&have[..count]);
    }
    left
}

/// The tests' own hand is tried first.
pub(crate) fn an_undo_log_is_played_backwards() -> Result<(), libtest_mimic::Failed> {
    let record = |at: u64, long: u64, old: &[u8]| {
        let mut bytes = Vec::new();
        let held = u64::try_from(old.len()).expect("a size");
        for number in [at, long, held] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(old);
        bytes
    };
    let dir = tempfile::tempdir().expect("a folder");
    let (file, undo) = (dir.path().join("file"), dir.path().join("undo"));
    // "abcd" was synced; then "BC" was written over "bc", then "xyz" behind it.
    std::fs::write(&file, "aBCdxyz").expect("a file");
    let log = [record(1, 4, b"bc"), record(4, 4, b"")].concat();
    std::fs::write(&undo, log).expect("a log");
    assert_eq!(take_back(&file, &undo, Leaves::Nothing), 2);
    assert_eq!(std::fs::read(&file).expect("a file"), b"abcd");
    Ok(())
}
