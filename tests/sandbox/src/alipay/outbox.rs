//! Notices waiting to be sent, with the retry schedule: at once, then after 4 and 10 and 10 minutes,
//! 1, 2, 6 and 15 hours, until the receiver answers exactly `success`.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::draft::Draft;
use crate::clock::{rfc3339, to_beijing};
use crate::faults::Strike;

/// Waits between sends, in minutes; one first send and seven retries.
const RETRY_MINUTES: [i64; 7] = [4, 10, 10, 60, 120, 360, 900];
/// The only accepted answer.
const ACCEPTED: &str = "success";

/// One notice with everything that became of it.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) notify_id: String,
    /// Its words, with its number.
    draft: Draft,
    attempts: Vec<Attempt>,
    accepted: bool,
    /// When the next send falls due by the schedule.
    scheduled_at: Timestamp,
    /// `None` while a send is on its way, and when it is over.
    next_at: Option<Timestamp>,
    /// Waits for a later notice of the same trade to overtake it.
    pub(super) held: Option<Strike>,
}

/// One send and its answer.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) at: Timestamp,
    pub(super) http_status: Option<u16>,
    /// The beginning of the answer's body, or what went wrong.
    pub(super) answer: String,
    /// The fault that changed this send.
    pub(super) fault: Option<&'static str>,
}

impl Attempt {
    fn accepted(&self) -> bool {
        self.http_status == Some(200) && self.answer == ACCEPTED
    }
}

/// A send that is due: everything needed without the book's lock.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) index: usize,
    pub(super) draft: Draft,
    /// Names this send in the list of faults.
    pub(super) call: String,
}

#[derive(Debug, Default)]
pub(super) struct Outbox {
    notices: Vec<Notice>,
    of_thread: HashMap<String, Vec<usize>>,
    /// Every notice with a `next_at`, in the order it falls due.
    due: BTreeSet<(Timestamp, usize)>,
}

impl Outbox {
    /// Puts a notice in line; `due_at` is its first send.
    pub(super) fn add(&mut self, mut draft: Draft, due_at: Timestamp, held: Option<Strike>) {
        let index = self.notices.len();
        let number = index + 1;
        let stamp = to_beijing(due_at).strftime("%Y%m%d").to_string();
        let notify_id = format!("{stamp}01222{number:021}");
        draft.fields.push(("notify_id", notify_id.clone()));
        self.of_thread
            .entry(draft.thread.clone())
            .or_default()
            .push(index);
        self.due.insert((due_at, index));
        self.notices.push(Notice {
            notify_id,
            draft,
            attempts: Vec::new(),
            accepted: false,
            scheduled_at: due_at,
            next_at: Some(due_at),
            held,
        });
    }

    /// Whether a notice of this thread waits to be overtaken.
    pub(super) fn holds(&self, thread: &str) -> bool {
        self.of_thread(thread).any(|notice| notice.held.is_some())
    }

    /// Takes every send that is due, in the order it fell due. A held notice whose time is up is
    /// sent like any other; its strike did nothing and is returned.
    pub(super) fn take_due(&mut self, now: Timestamp) -> (Vec<Letter>, Vec<Strike>) {
        let mut letters = Vec::new();
        let mut idle = Vec::new();
        while let Some((at, index)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.remove(&(at, index));
            let Some(notice) = self.notices.get_mut(index) else {
                continue;
            };
            notice.next_at = None;
            idle.extend(notice.held.take());
            letters.push(notice.letter(index));
        }
        (letters, idle)
    }

    /// Records a send. `again_at` asks for one more send of an accepted notice.
    pub(super) fn record(&mut self, index: usize, attempt: Attempt, again_at: Option<Timestamp>) {
        let Some(notice) = self.notices.get_mut(index) else {
            return;
        };
        notice.accepted |= attempt.accepted();
        notice.attempts.push(attempt);
        notice.next_at = if notice.accepted {
            again_at
        } else {
            notice.next_retry()
        };
        if let Some(at) = notice.next_at {
            notice.scheduled_at = at;
            self.due.insert((at, index));
        }
    }

    /// Lets the notices that waited for `index` go now; returns their strikes, which have acted.
    pub(super) fn release_overtaken(
        &mut self,
        index: usize,
        now: Timestamp,
    ) -> Vec<(Strike, String)> {
        let thread = self
            .notices
            .get(index)
            .map(|notice| notice.draft.thread.as_str());
        let siblings = thread
            .and_then(|thread| self.of_thread.get(thread))
            .cloned()
            .unwrap_or_default();
        let mut acted = Vec::new();
        for earlier in siblings.into_iter().filter(|sibling| *sibling < index) {
            let Some(notice) = self.notices.get_mut(earlier) else {
                continue;
            };
            let Some(strike) = notice.held.take() else {
                continue;
            };
            if let Some(waiting_till) = notice.next_at.replace(now) {
                self.due.remove(&(waiting_till, earlier));
            }
            notice.scheduled_at = now;
            self.due.insert((now, earlier));
            acted.push((strike, notice.call()));
        }
        acted
    }

    /// The notices of one trade or agreement, oldest first.
    pub(super) fn of_thread(&self, thread: &str) -> impl Iterator<Item = &Notice> {
        let indices = self
            .of_thread
            .get(thread)
            .map(Vec::as_slice)
            .unwrap_or_default();
        indices.iter().filter_map(|index| self.notices.get(*index))
    }
}

impl Notice {
    fn letter(&self, index: usize) -> Letter {
        Letter {
            index,
            draft: self.draft.clone(),
            call: self.call(),
        }
    }

    fn call(&self) -> String {
        format!("{} notify_id={}", self.draft.label(), self.notify_id)
    }

    fn next_retry(&self) -> Option<Timestamp> {
        if self.draft.forged {
            return None;
        }
        let sent = self.attempts.len();
        let wait = RETRY_MINUTES.get(sent.checked_sub(1)?)?;
        self.scheduled_at
            .checked_add(SignedDuration::from_mins(*wait))
            .ok()
    }

    pub(super) fn view(&self) -> Value {
        let attempts: Vec<Value> = self.attempts.iter().map(Attempt::view).collect();
        json!({
            "notify_id": self.notify_id,
            "notify_type": self.draft.notify_type,
            "trade_status": self.draft.status,
            "url": self.draft.url,
            "forged": self.draft.forged,
            "accepted": self.accepted,
            "held": self.held.is_some(),
            "next_at": self.next_at.map(rfc3339),
            "attempts": attempts,
        })
    }
}

impl Attempt {
    fn view(&self) -> Value {
        json!({
            "at": rfc3339(self.at),
            "http_status": self.http_status,
            "answer": self.answer,
            "accepted": self.accepted(),
            "fault": self.fault,
        })
    }
}
