//! Whether a program that ends badly leaves its memory, the keys among it, on the disk.

use super::{Finding, finding};

const LIMITS: &str = "/proc/self/limits";
const ROW: &str = "Max core file size";

/// Of whoever asks: the limit of a service is its unit's, so that no limit here is nothing amiss there, and is told only.
pub(super) fn finding_here() -> Finding {
    told(std::fs::read_to_string(LIMITS).ok().as_deref())
}

fn told(limits: Option<&str>) -> Finding {
    let mut found = finding("core dumps", true, <(String, String)>::default);
    found.state = match limits.and_then(soft) {
        Some("0") => "none from here".to_owned(),
        Some(most) => format!(
            "up to {most} bytes from here, with the keys in them; a service wants LimitCORE=0 (deploy/systemd)"
        ),
        None => "cannot be asked; a service wants LimitCORE=0 (deploy/systemd)".to_owned(),
    };
    found
}

/// The limit that holds, of the two that are told.
fn soft(limits: &str) -> Option<&str> {
    let row = limits.lines().find_map(|line| line.strip_prefix(ROW))?;
    row.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_with_the_keys_is_told_with_its_limit() {
        let limits = |soft: &str| {
            format!(
                "Limit                     Soft Limit           Hard Limit           Units\n\
                 Max stack size            8388608              unlimited            bytes\n\
                 Max core file size        {soft}               unlimited            bytes\n"
            )
        };
        assert_eq!(told(Some(&limits("0"))).state, "none from here");
        let open = told(Some(&limits("unlimited"))).state;
        assert!(open.starts_with("up to unlimited bytes"), "{open}");
        assert!(open.contains("LimitCORE=0"), "{open}");
        for unread in [None, Some("")] {
            let state = told(unread).state;
            assert!(state.starts_with("cannot be asked"), "{state}");
        }
    }
}
