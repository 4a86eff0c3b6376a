//! Lines on their way out (EC-28). Whoever says something never waits for the reader of the log: lines wait in
//! memory up to a bound, one thread writes them, and what finds no room is counted and told.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lifeline_core::shared::time::Clock as _;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::folding::Folding;
use crate::system::SystemClock;

/// The longest line; a longer one is not written.
pub(super) const LINE_BYTES_MAX: usize = 64 * 1024;
/// What may wait to be written.
pub(super) const WAITING_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How often what was folded and dropped is told.
const TELL_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// A line was taken and is being written.
    is_writing: bool,
    /// Found no room, or were too long; not told yet.
    dropped: u64,
}

/// The lines that wait.
#[derive(Debug, Clone)]
pub(super) struct Outlet {
    most: usize,
    waiting: Arc<(Mutex<Waiting>, Condvar)>,
}

impl Outlet {
    /// Keeps `most` bytes at once.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            waiting: Arc::default(),
        }
    }

    fn put(&self, line: Vec<u8>) {
        let (waiting, changed) = &*self.waiting;
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = waiting.bytes.saturating_add(line.len());
        if line.len() > LINE_BYTES_MAX || bytes > self.most {
            waiting.dropped = waiting.dropped.saturating_add(1);
            return;
        }
        waiting.bytes = bytes;
        waiting.lines.push_back(line);
        changed.notify_all();
    }

    /// The next line; none when none came in time.
    fn next(&self, within: Duration) -> Option<Vec<u8>> {
        let (waiting, changed) = &*self.waiting;
        let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut waiting, _) = changed
            .wait_timeout_while(waiting, within, |waiting| waiting.lines.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let line = waiting.lines.pop_front()?;
        waiting.bytes = waiting.bytes.saturating_sub(line.len());
        waiting.is_writing = true;
        Some(line)
    }

    fn has_written(&self) {
        let (waiting, changed) = &*self.waiting;
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.is_writing = false;
        changed.notify_all();
    }

    fn take_dropped(&self) -> u64 {
        let mut waiting = self
            .waiting
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut waiting.dropped)
    }

    /// Waits until everything is written, no longer than `within`.
    pub(super) fn empty(&self, within: Duration) {
        let (waiting, changed) = &*self.waiting;
        let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let left = changed.wait_timeout_while(waiting, within, |waiting| {
            waiting.is_writing || !waiting.lines.is_empty()
        });
        // Who reads the log has stopped: the program ends all the same.
        drop(left);
    }

    /// Writes what comes, and once a second what was folded and dropped. A line that cannot be written is lost:
    /// there is nowhere to say so.
    pub(super) fn write_on(&self, folding: &Folding, out: &mut impl Write) {
        let mut told_at = Instant::now();
        loop {
            if let Some(line) = self.next(TELL_EVERY) {
                let _ = out.write_all(&line);
                self.has_written();
            }
            if told_at.elapsed() >= TELL_EVERY {
                told_at = Instant::now();
                for line in self.summary(folding) {
                    let _ = out.write_all(line.as_bytes());
                }
            }
            let _ = out.flush();
        }
    }

    /// What is said of lines that were not written.
    fn summary(&self, folding: &Folding) -> Vec<String> {
        let folded = folding.take().into_iter().map(|(message, lines)| {
            json!({
                "message": "log.folded", "lines": lines, "target": message.target,
                "line": message.line, "status": message.status,
            })
        });
        let dropped = Some(self.take_dropped()).filter(|lines| *lines > 0);
        let dropped = dropped.map(|lines| json!({"message": "log.dropped", "lines": lines}));
        let now = SystemClock::default().now().rfc3339();
        let finish = |mut said: serde_json::Value| {
            if let Some(fields) = said.as_object_mut() {
                fields.insert("timestamp".to_owned(), json!(now));
                fields.insert("level".to_owned(), json!("WARN"));
            }
            format!("{said}\n")
        };
        folded.chain(dropped).map(finish).collect()
    }
}

/// One line while it is written; it goes out whole when it is dropped.
#[derive(Debug)]
pub(super) struct Draft {
    line: Vec<u8>,
    outlet: Outlet,
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.line.is_empty() {
            self.outlet.put(std::mem::take(&mut self.line));
        }
    }
}

impl<'a> MakeWriter<'a> for Outlet {
    type Writer = Draft;

    fn make_writer(&'a self) -> Self::Writer {
        Draft {
            line: Vec::new(),
            outlet: self.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A reader of the log that takes a line only when it is let.
    struct Slow {
        let_in: Receiver<()>,
        read: Sender<String>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.let_in.recv();
            let _ = self.read.send(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn line(bytes: usize) -> Vec<u8> {
        let mut line = vec![b'a'; bytes - 1];
        line.push(b'\n');
        line
    }

    #[test]
    fn ec_28_what_waits_and_how_long_a_line_is_holds_at_n_and_n_plus_one() {
        let outlet = Outlet::new(100);
        outlet.put(line(60));
        outlet.put(line(40));
        assert_eq!(outlet.take_dropped(), 0, "n bytes wait");
        outlet.put(line(1));
        assert_eq!(outlet.take_dropped(), 1, "n + 1 do not");
        assert_eq!(outlet.next(Duration::ZERO).map(|line| line.len()), Some(60));
        outlet.put(line(60));
        assert_eq!(outlet.take_dropped(), 0, "what was taken makes room");

        let outlet = Outlet::new(usize::MAX);
        outlet.put(line(LINE_BYTES_MAX));
        assert_eq!(outlet.take_dropped(), 0);
        outlet.put(line(LINE_BYTES_MAX + 1));
        assert_eq!(outlet.take_dropped(), 1);
    }

    #[test]
    fn ec_28_who_logs_never_waits_for_who_reads_and_is_told_what_was_lost() {
        let outlet = Outlet::new(1_000);
        let (let_in, waits) = channel();
        let (read, heard) = channel();
        let writing = outlet.clone();
        std::thread::spawn(move || {
            let mut slow = Slow {
                let_in: waits,
                read,
            };
            writing.write_on(&Folding::new(1), &mut slow);
        });
        // Nothing is read while these are said: ten wait, one more may be in the writer's hands.
        for _ in 0..1_000 {
            let mut draft = outlet.make_writer();
            draft.write_all(&line(100)).unwrap();
        }
        let (mut lines, mut dropped) = (0, 0);
        while lines + dropped < 1_000 {
            let_in.send(()).expect("a writer");
            let said = heard.recv_timeout(Duration::from_secs(60)).expect("a line");
            if said.starts_with('a') {
                lines += 1;
                continue;
            }
            let told: serde_json::Value = serde_json::from_str(&said).unwrap();
            assert_eq!(told["message"], "log.dropped");
            dropped += told["lines"].as_u64().unwrap();
        }
        assert_eq!(lines + dropped, 1_000);
        assert!((10..=11).contains(&lines), "{lines} lines");
    }

    #[test]
    fn ec_28_what_was_said_last_is_written_before_the_end() {
        let outlet = Outlet::new(WAITING_BYTES_MAX);
        let (let_in, waits) = channel();
        let (read, heard) = channel();
        let writing = outlet.clone();
        std::thread::spawn(move || {
            let mut slow = Slow {
                let_in: waits,
                read,
            };
            writing.write_on(&Folding::new(1), &mut slow);
        });
        for _ in 0..50 {
            outlet.put(line(10));
            let_in.send(()).expect("a writer");
        }
        outlet.empty(Duration::from_secs(60));
        assert_eq!(heard.try_iter().count(), 50);
        // And a reader that is gone does not keep the program.
        outlet.put(line(10));
        let began = Instant::now();
        outlet.empty(Duration::from_millis(50));
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}
