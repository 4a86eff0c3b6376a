//! `[node]`: what the other nodes call this one, and what it does of the installation's work.

use serde::Deserialize;

use super::Faults;

const NAME_CHARS_MAX: usize = 32;

/// One of several processes over one store.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Node {
    pub(crate) name: String,
    roles: String,
}

/// What a process does. Whatever each needs for itself (ended sessions, limits, keys, gauges, that it is there) runs in
/// every one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Roles {
    /// The listeners of the line and of callbacks.
    pub(crate) gateway: bool,
    /// The staff's listener.
    pub(crate) console: bool,
    /// What must follow commits and the clock.
    pub(crate) jobs: bool,
}

/// The workers that only a node with jobs runs; every other runs in each.
const JOBS: [&str; 4] = ["outbox.relay", "payments.sweep", "settlement.sweep", "jobs"];

impl Roles {
    const NONE: Self = Self {
        gateway: false,
        console: false,
        jobs: false,
    };
    const ALL: Self = Self {
        gateway: true,
        console: true,
        jobs: true,
    };

    /// Names with commas between; none when one is unknown, or there is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut roles = Self::NONE;
        for name in text.split(',') {
            match name.trim() {
                "gateway" => roles.gateway = true,
                "console" => roles.console = true,
                "jobs" => roles.jobs = true,
                _ => return None,
            }
        }
        Some(roles)
    }

    /// Whether a worker of this name runs here.
    pub(crate) fn run(self, worker: &str) -> bool {
        self.jobs || !JOBS.contains(&worker)
    }
}

impl Default for Node {
    fn default() -> Self {
        Self {
            name: "node".to_owned(),
            roles: "gateway,console,jobs".to_owned(),
        }
    }
}

impl Node {
    /// What the command line says instead of the file.
    pub(crate) fn take_on(&mut self, roles: &str) {
        roles.clone_into(&mut self.roles);
    }

    /// Nothing starts with another text than [`Node::check`] takes.
    pub(crate) fn roles(&self) -> Roles {
        Roles::parse(&self.roles).unwrap_or(Roles::ALL)
    }

    pub(super) fn check(&self, has_console: bool, faults: &mut Faults) {
        let roles = Roles::parse(&self.roles);
        faults.expect(
            roles.is_some(),
            "node.roles",
            "must be one or several of gateway, console and jobs, with commas between",
        );
        let console_alone = Roles {
            console: true,
            ..Roles::NONE
        };
        faults.expect(
            roles != Some(console_alone) || has_console,
            "node.roles",
            "a node that is nothing but a console needs [listeners.console]",
        );
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let named = (1..=NAME_CHARS_MAX).contains(&self.name.len());
        faults.expect(
            named && self.name.chars().all(plain),
            "node.name",
            "must be 1 to 32 of a-z, 0-9 and hyphens",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_named_with_commas_and_an_unknown_or_empty_one_is_none() {
        assert_eq!(Roles::parse("gateway,console,jobs"), Some(Roles::ALL));
        assert_eq!(Roles::parse(" jobs , gateway,console"), Some(Roles::ALL));
        let jobs = Roles::parse("jobs").unwrap();
        assert!(jobs.jobs && !jobs.gateway && !jobs.console);
        for wrong in ["", ",", "jobs,", "worker", "Gateway", "gateway jobs"] {
            assert_eq!(Roles::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Node::default().roles(), Roles::ALL);
    }

    #[test]
    fn a_node_without_jobs_runs_what_every_process_needs_and_nothing_that_carries_on() {
        let gateway = Roles::parse("gateway").unwrap();
        for worker in JOBS {
            assert!(!gateway.run(worker) && Roles::ALL.run(worker), "{worker}");
        }
        for worker in [
            "nodes.beat",
            "sessions.ended_elsewhere",
            "limits.forget",
            "line.certificates",
        ] {
            assert!(gateway.run(worker), "{worker}");
        }
        // A worker of another name would run everywhere, or nowhere.
        let workers = include_str!("../workers.rs");
        for name in JOBS {
            assert!(workers.contains(&format!("\"{name}\"")), "{name}");
        }
    }
}
