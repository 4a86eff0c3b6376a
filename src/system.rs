//! The machine's clock and random source, the only place that reads either, and whose process this is.

use std::os::unix::fs::MetadataExt as _;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::time::{Clock, Time};

/// The machine's time, plus an offset that only a demo ever moves (forward). Only a demo's is ever stopped.
#[derive(Debug, Clone, Default)]
pub(crate) struct SystemClock {
    offset_micros: Arc<AtomicI64>,
    stood_at: Arc<OnceLock<i64>>,
}

fn machine_micros() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX))
}

impl SystemClock {
    /// Moves the demo's time forward.
    #[cfg(feature = "demo")]
    pub(crate) fn advance(&self, seconds: i64) {
        let micros = seconds.max(0).saturating_mul(1_000_000);
        self.offset_micros.fetch_add(micros, Ordering::SeqCst);
    }

    /// From now on only steps move it.
    #[cfg(feature = "demo")]
    pub(crate) fn stop(&self) {
        self.stood_at.get_or_init(machine_micros);
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Time {
        let micros = self.stood_at.get().copied().unwrap_or_else(machine_micros);
        Time::from_micros(micros.saturating_add(self.offset_micros.load(Ordering::SeqCst)))
    }
}

/// The operating system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness no id, token or key is safe: stopping is the only right answer.
        if aws_lc_rs::rand::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

/// Whose process this is, by the name the machine knows the user by; none when the machine does not say.
pub(crate) fn user() -> Option<String> {
    let uid = std::fs::metadata("/proc/self").ok()?.uid();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    Some(named(&users, uid))
}

/// Of a user without a line (a directory service's) the number stands for the name.
fn named(users: &str, uid: u32) -> String {
    let number = uid.to_string();
    let name_of = |line: &str| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)? == number).then(|| name.to_owned())
    };
    let found = users.lines().find_map(name_of);
    found.unwrap_or_else(|| format!("uid-{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_called_by_the_name_of_its_number() {
        let users = "root:x:0:0:root:/root:/bin/bash\nli.ming:x:100:7::/:/bin/sh\n";
        assert_eq!(named(users, 0), "root");
        assert_eq!(named(users, 100), "li.ming");
        assert_eq!(
            named(users, 7),
            "uid-7",
            "the number of its group is no other's"
        );
        assert!(user().is_some_and(|name| !name.is_empty()));
    }
}
