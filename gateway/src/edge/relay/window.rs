//! Each signed request is taken once, on this node: within the process by the nonces it took, across
//! a restart by a floor under `created` that is on the disk before anything above it is taken.
//!
//! No other node takes it: a signature names the node it was made for (`@target-uri`). So nothing
//! here needs Redis.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::Unfit;

/// How old a signature may be.
pub const AGE_MAX_S: i64 = 60;
/// How far ahead of our clock a relay's may be.
pub const AHEAD_MAX_S: i64 = 5;
/// The floor is raised so far at once, to write seldom.
const RESERVE_S: i64 = 2;
/// Nonces kept at most; beyond it requests are refused, never forgotten.
const SEEN_MAX: usize = 2_000_000;

/// Where the floor is kept. What was raised is there after a kill and after a loss of power.
pub trait Floor: Send + Sync + std::fmt::Debug {
    fn read(&self) -> io::Result<Option<i64>>;
    fn raise(&self, to_s: i64) -> io::Result<()>;
}

/// What this node took.
pub struct Window {
    floor: Arc<dyn Floor>,
    /// What the process before this one may have taken: at or below it nothing is taken again.
    before_s: i64,
    /// Up to here the floor is on the disk.
    reserved: tokio::sync::Mutex<i64>,
    seen: Mutex<Seen>,
    seen_max: usize,
}

#[derive(Default)]
struct Seen {
    by_second: BTreeMap<i64, HashSet<u128>>,
    count: usize,
    /// Below it nonces were forgotten: nothing signed then is taken, also when the clock is set back.
    forgotten_s: i64,
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Window")
            .field("before_s", &self.before_s)
            .finish_non_exhaustive()
    }
}

impl Window {
    pub fn open(floor: Arc<dyn Floor>) -> io::Result<Self> {
        let before_s = floor.read()?.unwrap_or(i64::MIN);
        Ok(Self {
            floor,
            before_s,
            reserved: tokio::sync::Mutex::new(before_s),
            seen: Mutex::default(),
            seen_max: SEEN_MAX,
        })
    }

    /// The second after which requests are taken; a start waits for it, so that none is refused.
    #[must_use]
    pub const fn opens_after_s(&self) -> i64 {
        self.before_s
    }

    /// Whether something signed then may be taken at all; before anything dear is done for it.
    pub fn is_timely(&self, created_s: i64, now_s: i64) -> Result<(), Unfit> {
        if created_s > now_s.saturating_add(AHEAD_MAX_S) {
            return Err(Unfit::Ahead);
        }
        if created_s < now_s.saturating_sub(AGE_MAX_S) || created_s <= self.before_s {
            return Err(Unfit::Late);
        }
        Ok(())
    }

    /// Takes a request whose signature is good, once.
    pub async fn take(&self, created_s: i64, nonce: &str, now_s: i64) -> Result<(), Unfit> {
        self.is_timely(created_s, now_s)?;
        self.reserve(created_s).await?;
        let digest: [u8; 32] = Sha256::digest(nonce).into();
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = digest;
        let digest = u128::from_be_bytes([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forget(now_s.saturating_sub(AGE_MAX_S));
        if created_s < seen.forgotten_s {
            return Err(Unfit::Late);
        }
        if seen.count >= self.seen_max {
            return Err(Unfit::TooMany);
        }
        if !seen.by_second.entry(created_s).or_default().insert(digest) {
            return Err(Unfit::Replayed);
        }
        seen.count = seen.count.saturating_add(1);
        Ok(())
    }

    /// Makes sure that the floor on the disk is not below `created_s`.
    async fn reserve(&self, created_s: i64) -> Result<(), Unfit> {
        let mut reserved = self.reserved.lock().await;
        if created_s <= *reserved {
            return Ok(());
        }
        let (floor, to_s) = (Arc::clone(&self.floor), created_s.saturating_add(RESERVE_S));
        let raised = tokio::task::spawn_blocking(move || floor.raise(to_s)).await;
        match raised {
            Ok(Ok(())) => {
                *reserved = to_s;
                Ok(())
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "line.floor_not_raised");
                Err(Unfit::NotKept)
            }
            Err(_) => Err(Unfit::NotKept),
        }
    }
}

impl Seen {
    fn forget(&mut self, before_s: i64) {
        while let Some(oldest) = self.by_second.first_entry() {
            if *oldest.key() >= before_s {
                break;
            }
            self.forgotten_s = oldest.key().saturating_add(1);
            self.count = self.count.saturating_sub(oldest.remove().len());
        }
    }
}

/// The floor as a file beside the records.
#[derive(Debug)]
pub struct FloorFile(pub std::path::PathBuf);

impl Floor for FloorFile {
    fn read(&self) -> io::Result<Option<i64>> {
        match std::fs::read_to_string(&self.0) {
            Ok(text) => text.trim().parse().map(Some).map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidData, "the floor holds no number")
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn raise(&self, to_s: i64) -> io::Result<()> {
        use std::io::Write as _;
        let beside = self.0.with_extension("new");
        let mut file = std::fs::File::create(&beside)?;
        writeln!(file, "{to_s}")?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.0)?;
        let folder = self
            .0
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        std::fs::File::open(folder.unwrap_or_else(|| std::path::Path::new(".")))?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(floor: &Arc<FloorFile>) -> Window {
        let floor: Arc<dyn Floor> = Arc::<FloorFile>::clone(floor);
        Window::open(floor).unwrap()
    }

    fn file(name: &str) -> Arc<FloorFile> {
        let name = format!("lifeline-floor-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_file(&path);
        Arc::new(FloorFile(path))
    }

    #[tokio::test]
    async fn a_request_is_taken_once_within_its_time() {
        let floor = file("once");
        let window = window(&floor);
        assert_eq!(window.take(1_000, "a", 1_000).await, Ok(()));
        assert_eq!(window.take(1_000, "a", 1_001).await, Err(Unfit::Replayed));
        assert_eq!(window.take(1_000, "b", 1_001).await, Ok(()));
        assert_eq!(window.take(1_000, "c", 1_060).await, Ok(()));
        assert_eq!(window.take(1_000, "d", 1_061).await, Err(Unfit::Late));
        assert_eq!(window.take(1_066, "e", 1_061).await, Ok(()));
        assert_eq!(window.take(1_067, "f", 1_061).await, Err(Unfit::Ahead));
    }

    #[tokio::test]
    async fn after_a_restart_nothing_is_taken_again_also_when_the_clock_went_back() {
        let floor = file("restart");
        let first = window(&floor);
        assert_eq!(first.take(1_000, "a", 1_000).await, Ok(()));
        drop(first);
        let second = window(&floor);
        assert_eq!(second.opens_after_s(), 1_000 + RESERVE_S);
        assert_eq!(second.take(1_000, "a", 1_001).await, Err(Unfit::Late));
        assert_eq!(second.take(1_000, "a", 940).await, Err(Unfit::Ahead));
        assert_eq!(second.take(1_003, "b", 1_003).await, Ok(()));
        std::fs::remove_file(&floor.0).unwrap();
    }

    #[tokio::test]
    async fn what_was_forgotten_is_not_taken_again_when_the_clock_is_set_back() {
        let floor = file("back");
        let window = window(&floor);
        assert_eq!(window.take(1_000, "a", 1_000).await, Ok(()));
        assert_eq!(window.take(1_061, "b", 1_061).await, Ok(()), "forgets");
        assert_eq!(window.take(1_000, "a", 1_030).await, Err(Unfit::Late));
        assert_eq!(window.take(1_001, "c", 1_030).await, Ok(()));
        std::fs::remove_file(&floor.0).unwrap();
    }

    #[tokio::test]
    async fn a_full_window_refuses_instead_of_forgetting() {
        let floor = file("full");
        let mut window = window(&floor);
        window.seen_max = 2;
        assert_eq!(window.take(1_000, "a", 1_000).await, Ok(()));
        assert_eq!(window.take(1_000, "b", 1_000).await, Ok(()));
        assert_eq!(window.take(1_000, "c", 1_000).await, Err(Unfit::TooMany));
        assert_eq!(
            window.take(1_061, "d", 1_061).await,
            Ok(()),
            "what is late made room"
        );
    }

    #[tokio::test]
    async fn without_its_floor_on_the_disk_nothing_is_taken() {
        let floor = Arc::new(FloorFile("/nowhere/at/all/floor".into()));
        let window = window(&floor);
        assert_eq!(window.take(1_000, "a", 1_000).await, Err(Unfit::NotKept));
        let odd = file("odd");
        std::fs::write(&odd.0, "not a number").unwrap();
        assert!(Window::open(odd).is_err());
    }
}
