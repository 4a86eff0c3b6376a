//! Who keeps what a server commits: money is lost with a machine when no other one has it (money.md 2.9).

/// What a PostgreSQL waits for before it says that something is committed, in this program's own sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// A named standby, besides its own disk.
    Standby,
    /// Its own disk: no standby is named.
    Alone,
    /// Its own disk: a standby is named, and commits do not wait for it.
    Unawaited,
    /// Nothing, not even its own disk.
    Nothing,
}

impl Keeping {
    /// From `synchronous_standby_names` and `synchronous_commit`, as the server says them.
    pub(crate) fn of(names: &str, commit: &str) -> Self {
        match commit {
            "off" => Self::Nothing,
            _ if names.trim().is_empty() => Self::Alone,
            "on" | "remote_write" | "remote_apply" => Self::Standby,
            // `local`, and what no server says today.
            _ => Self::Unawaited,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_waits_for_a_standby_only_when_one_is_named_and_waited_for() {
        for (names, commit, keeping) in [
            ("FIRST 1 (b)", "on", Keeping::Standby),
            ("*", "remote_apply", Keeping::Standby),
            ("b", "remote_write", Keeping::Standby),
            ("b", "local", Keeping::Unawaited),
            ("b", "off", Keeping::Nothing),
            ("", "on", Keeping::Alone),
            (" ", "remote_apply", Keeping::Alone),
            ("", "local", Keeping::Alone),
            ("", "off", Keeping::Nothing),
        ] {
            assert_eq!(Keeping::of(names, commit), keeping, "{names:?} {commit}");
        }
    }
}
