//! Stands before the C library's file calls (`LD_PRELOAD`) and watches one SQLite database and its
//! write-ahead log. Two things can then happen to them that no process can do to itself:
//!
//! - **Power is lost.** Before every write the bytes it replaces are put into an undo log, which an
//!   fsync that succeeds empties. Whoever kills the process plays the log backwards: the files are
//!   then what they were at their last fsync, or any mixture of old and new sectors.
//! - **The disk fails.** A word in the file `fault` makes the next calls fail: `fsync EIO`,
//!   `write ENOSPC`, or `fsync LIE`, which says yes and keeps nothing.
//!
//! | environment | what |
//! |---|---|
//! | `LIFELINE_DISK` | the folder of `fault`, `struck` (a line per act of a fault), `undo-db`, `undo-wal` |
//! | `LIFELINE_DISK_FILE` | the database; its log is the same path with `-wal` |
//!
//! An undo record is three little-endian `u64` (where, how long the file was, how many bytes follow)
//! and the bytes that were there. A shared-memory index (`-shm`) is not watched: SQLite makes it anew.
//!
//! Every call goes to the kernel directly: a call through the C library would come back here.

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use libc::{
    AT_FDCWD, O_APPEND, O_CLOEXEC, O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY, SYS_close, SYS_fdatasync,
    SYS_fstat, SYS_fsync, SYS_ftruncate, SYS_lseek, SYS_openat, SYS_pread64, SYS_pwrite64,
    SYS_read, SYS_unlinkat, SYS_write, c_char, c_int, c_long, c_void, mode_t, off_t, size_t,
    ssize_t,
};

/// Descriptors above this are not watched; a gateway under test has a few dozen.
const FDS_MAX: usize = 4096;
const NOT_WATCHED: u8 = 0;
const DATABASE: u8 = 1;
const LOG: u8 = 2;

/// Which watched file a descriptor is, if any.
static WATCHED: [AtomicU8; FDS_MAX] = [const { AtomicU8::new(NOT_WATCHED) }; FDS_MAX];

struct Disk {
    folder: Vec<u8>,
    file: Vec<u8>,
    /// One watched call at a time: an undo record and its write belong together.
    turn: Mutex<()>,
}

fn disk() -> Option<&'static Disk> {
    static DISK: OnceLock<Option<Disk>> = OnceLock::new();
    DISK.get_or_init(|| {
        Some(Disk {
            folder: std::env::var_os("LIFELINE_DISK")?.into_vec(),
            file: std::env::var_os("LIFELINE_DISK_FILE")?.into_vec(),
            turn: Mutex::new(()),
        })
    })
    .as_ref()
}

fn errno(number: c_int) {
    // SAFETY: the C library's own thread-local.
    unsafe { *libc::__errno_location() = number };
}

/// A path inside the folder, ended by a zero.
fn inside(folder: &[u8], name: &str) -> Vec<u8> {
    [folder, b"/", name.as_bytes(), b"\0"].concat()
}

fn open_raw(path: &[u8], flags: c_int) -> c_int {
    debug_assert_eq!(path.last(), Some(&0));
    // SAFETY: `path` ends with a zero and lives over the call.
    let fd = unsafe {
        libc::syscall(
            SYS_openat,
            AT_FDCWD,
            path.as_ptr(),
            flags | O_CLOEXEC,
            0o600,
        )
    };
    c_int::try_from(fd).unwrap_or(-1)
}

fn close_raw(fd: c_int) {
    // SAFETY: closes a descriptor that `open_raw` gave.
    unsafe { libc::syscall(SYS_close, fd) };
}

fn write_raw(fd: c_int, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: the slice lives over the call.
        let wrote = unsafe { libc::syscall(SYS_write, fd, bytes.as_ptr(), bytes.len()) };
        match usize::try_from(wrote) {
            Ok(wrote) if wrote > 0 => bytes = bytes.get(wrote..).unwrap_or_default(),
            // Without its undo log this library would prove nothing.
            _ => std::process::abort(),
        }
    }
}

impl Disk {
    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kind_of(&self, path: &[u8]) -> u8 {
        match path.strip_prefix(self.file.as_slice()) {
            Some(b"") => DATABASE,
            Some(b"-wal") => LOG,
            _ => NOT_WATCHED,
        }
    }

    fn undo(&self, kind: u8) -> Vec<u8> {
        inside(
            &self.folder,
            if kind == LOG { "undo-wal" } else { "undo-db" },
        )
    }

    /// The planned fault, if its first word is `call`: the second word.
    fn fault(&self, call: &str) -> Option<Vec<u8>> {
        let fd = open_raw(&inside(&self.folder, "fault"), O_RDONLY);
        if fd < 0 {
            return None;
        }
        let mut text = [0_u8; 64];
        // SAFETY: reads at most the buffer's length.
        let got = unsafe { libc::syscall(SYS_read, fd, text.as_mut_ptr(), text.len()) };
        close_raw(fd);
        let text = text.get(..usize::try_from(got).unwrap_or(0))?;
        let word = text.strip_prefix(call.as_bytes())?.trim_ascii().to_vec();
        let struck = open_raw(
            &inside(&self.folder, "struck"),
            O_WRONLY | O_CREAT | O_APPEND,
        );
        write_raw(struck, &[call.as_bytes(), b" ", &word, b"\n"].concat());
        close_raw(struck);
        Some(word)
    }

    /// Writes down what `len` bytes at `at` replace.
    fn remember(&self, fd: c_int, kind: u8, at: off_t, len: usize) {
        // SAFETY: `stat` is written by the kernel.
        let mut stat: libc::stat = unsafe { std::mem::zeroed() };
        // SAFETY: `fd` is open and `stat` lives over the call.
        unsafe { libc::syscall(SYS_fstat, fd, &raw mut stat) };
        let mut old = vec![0_u8; len];
        // SAFETY: reads at most `len` bytes into `old`.
        let got = unsafe { libc::syscall(SYS_pread64, fd, old.as_mut_ptr(), len, at) };
        old.truncate(usize::try_from(got).unwrap_or(0));
        let number = |value: i64| u64::try_from(value).unwrap_or(0).to_le_bytes();
        let held = i64::try_from(old.len()).unwrap_or(0);
        let mut record = [number(at), number(stat.st_size), number(held)].concat();
        record.extend(old);
        let log = open_raw(&self.undo(kind), O_WRONLY | O_CREAT | O_APPEND);
        write_raw(log, &record);
        close_raw(log);
    }

    fn forget(&self, kind: u8) {
        close_raw(open_raw(&self.undo(kind), O_WRONLY | O_CREAT | O_TRUNC));
    }
}

fn slot(fd: c_int) -> Option<&'static AtomicU8> {
    WATCHED.get(usize::try_from(fd).ok()?)
}

fn watched(fd: c_int) -> Option<(&'static Disk, u8)> {
    let kind = slot(fd)?.load(Ordering::Acquire);
    if kind == NOT_WATCHED {
        return None;
    }
    Some((disk()?, kind))
}

fn opened(path: *const c_char, flags: c_int, mode: mode_t, at: c_int) -> c_int {
    // SAFETY: the arguments are the caller's own.
    let fd = unsafe { libc::syscall(SYS_openat, at, path, flags, mode) };
    let fd = c_int::try_from(fd).unwrap_or(-1);
    if let (Some(disk), Some(slot)) = (disk(), slot(fd)) {
        // SAFETY: the kernel has just read `path` as a text that ends with a zero.
        let path = unsafe { CStr::from_ptr(path) };
        slot.store(disk.kind_of(path.to_bytes()), Ordering::Release);
    }
    fd
}

/// # Safety
/// As `open(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    opened(path, flags, mode, AT_FDCWD)
}

/// # Safety
/// As `open(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    opened(path, flags, mode, AT_FDCWD)
}

/// # Safety
/// As `openat(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openat64(
    at: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
) -> c_int {
    opened(path, flags, mode, at)
}

/// # Safety
/// As `close(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn close(fd: c_int) -> c_int {
    if let Some(slot) = slot(fd) {
        slot.store(NOT_WATCHED, Ordering::Release);
    }
    // SAFETY: the argument is the caller's own.
    c_int::try_from(unsafe { libc::syscall(SYS_close, fd) }).unwrap_or(-1)
}

fn written(fd: c_int, bytes: *const c_void, len: size_t, at: Option<off_t>) -> ssize_t {
    let put = || {
        // SAFETY: the arguments are the caller's own.
        let wrote: c_long = unsafe {
            match at {
                Some(at) => libc::syscall(SYS_pwrite64, fd, bytes, len, at),
                None => libc::syscall(SYS_write, fd, bytes, len),
            }
        };
        ssize_t::try_from(wrote).unwrap_or(-1)
    };
    let Some((disk, kind)) = watched(fd) else {
        return put();
    };
    let _turn = disk.turn();
    if disk.fault("write").is_some() {
        errno(libc::ENOSPC);
        return -1;
    }
    let at = at.unwrap_or_else(|| {
        // SAFETY: asks where the descriptor stands.
        unsafe { libc::syscall(SYS_lseek, fd, 0, libc::SEEK_CUR) }
    });
    disk.remember(fd, kind, at, len);
    put()
}

/// # Safety
/// As `write(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, bytes: *const c_void, len: size_t) -> ssize_t {
    written(fd, bytes, len, None)
}

/// # Safety
/// As `pwrite(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(
    fd: c_int,
    bytes: *const c_void,
    len: size_t,
    at: off_t,
) -> ssize_t {
    written(fd, bytes, len, Some(at))
}

/// # Safety
/// As `ftruncate(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate64(fd: c_int, len: off_t) -> c_int {
    let guard = watched(fd).map(|(disk, kind)| {
        let turn = disk.turn();
        // SAFETY: `stat` is written by the kernel.
        let mut stat: libc::stat = unsafe { std::mem::zeroed() };
        // SAFETY: `fd` is open and `stat` lives over the call.
        unsafe { libc::syscall(SYS_fstat, fd, &raw mut stat) };
        let cut = usize::try_from(stat.st_size.saturating_sub(len)).unwrap_or(0);
        disk.remember(fd, kind, len.min(stat.st_size), cut);
        turn
    });
    // SAFETY: the arguments are the caller's own.
    let done = unsafe { libc::syscall(SYS_ftruncate, fd, len) };
    drop(guard);
    c_int::try_from(done).unwrap_or(-1)
}

fn synced(fd: c_int, call: c_long) -> c_int {
    let sync = || {
        // SAFETY: the argument is the caller's own.
        c_int::try_from(unsafe { libc::syscall(call, fd) }).unwrap_or(-1)
    };
    let Some((disk, kind)) = watched(fd) else {
        return sync();
    };
    let _turn = disk.turn();
    match disk.fault("fsync").as_deref() {
        Some(b"LIE") => return 0,
        Some(_) => {
            errno(libc::EIO);
            return -1;
        }
        None => {}
    }
    let done = sync();
    if done == 0 {
        disk.forget(kind);
    }
    done
}

/// # Safety
/// As `fsync(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsync(fd: c_int) -> c_int {
    synced(fd, SYS_fsync)
}

/// # Safety
/// As `fdatasync(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fdatasync(fd: c_int) -> c_int {
    synced(fd, SYS_fdatasync)
}

/// # Safety
/// As `unlink(2)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: the argument is the caller's own.
    let done = unsafe { libc::syscall(SYS_unlinkat, AT_FDCWD, path, 0) };
    if done == 0
        && let Some(disk) = disk()
    {
        // SAFETY: the kernel has just read `path` as a text that ends with a zero.
        let path = OsStr::from_bytes(unsafe { CStr::from_ptr(path) }.to_bytes());
        let kind = disk.kind_of(path.as_bytes());
        if kind != NOT_WATCHED {
            let _turn = disk.turn();
            disk.forget(kind);
        }
    }
    c_int::try_from(done).unwrap_or(-1)
}
