//! What reads bytes from outside, with what must hold whatever the bytes are. A property that does
//! not hold panics, and that is a finding.
//!
//! The oracles share no code with what they judge.

mod fingerprint;
mod gbk;
mod keys;
mod notice;
mod numbers;
mod reply;
mod shape;
pub(crate) mod vectors;

/// One thing that is fuzzed.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&[u8]),
    /// Well-formed inputs to begin with.
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
}

pub(crate) const ALL: [Target; 9] = [
    Target {
        name: "notice",
        run: notice::raw,
        seeds: notice::raw_seeds,
    },
    Target {
        name: "signed_notice",
        run: notice::signed,
        seeds: notice::signed_seeds,
    },
    Target {
        name: "reply",
        run: reply::raw,
        seeds: reply::raw_seeds,
    },
    Target {
        name: "signed_reply",
        run: reply::signed,
        seeds: reply::signed_seeds,
    },
    Target {
        name: "numbers",
        run: numbers::read,
        seeds: numbers::seeds,
    },
    Target {
        name: "fingerprint",
        run: fingerprint::of,
        seeds: fingerprint::seeds,
    },
    Target {
        name: "body",
        run: shape::body,
        seeds: shape::body_seeds,
    },
    Target {
        name: "head",
        run: shape::head,
        seeds: shape::head_seeds,
    },
    Target {
        name: "gbk",
        run: gbk::decode,
        seeds: gbk::seeds,
    },
];
