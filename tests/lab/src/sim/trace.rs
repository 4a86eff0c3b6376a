//! What happened in one history: always as a digest, on demand as text.

use std::fmt::{self, Write as _};

use lifeline_core::shared::time::Time;

const OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01B3;

/// Two histories with the same digest did the same things at the same moments.
#[derive(Debug)]
pub(super) struct Trace {
    digest: u64,
    events: u64,
    lines: Option<Vec<String>>,
    scratch: String,
}

impl Trace {
    pub(super) fn new(keep_text: bool) -> Self {
        Self {
            digest: OFFSET,
            events: 0,
            lines: keep_text.then(Vec::new),
            scratch: String::with_capacity(160),
        }
    }

    pub(super) fn note(&mut self, now: i64, what: fmt::Arguments<'_>) {
        self.scratch.clear();
        // A String takes every write.
        let _ = self.scratch.write_fmt(what);
        self.events = self.events.saturating_add(1);
        for byte in now.to_be_bytes().iter().chain(self.scratch.as_bytes()) {
            self.digest = (self.digest ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
        if let Some(lines) = &mut self.lines {
            let clock = Time::from_micros(now).alipay_text();
            let millis = now.div_euclid(1000).rem_euclid(1000);
            lines.push(format!("{clock}.{millis:03}  {}", self.scratch));
        }
    }

    pub(super) const fn digest(&self) -> u64 {
        self.digest
    }

    pub(super) const fn events(&self) -> u64 {
        self.events
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}
