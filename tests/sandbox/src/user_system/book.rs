//! Who is registered, with which homes, and the highest epoch each channel has written under.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::SimClock;
use crate::hmac_auth::Nonces;

/// One person as a channel told them. Not printable.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) name: Option<String>,
    pub(super) id_no: Option<String>,
    pub(super) mobile: Option<String>,
    /// Consumer number and role by the channel's id of the link.
    pub(super) bindings: BTreeMap<String, (String, String)>,
}

/// One channel user, registered or withdrawn.
#[derive(Clone, Default)]
pub(super) struct Entry {
    pub(super) epoch: i64,
    pub(super) person: Option<Person>,
}

/// A write of the contract.
#[derive(Clone)]
pub(super) enum Write {
    Register {
        name: Option<String>,
        id_no: Option<String>,
        mobile: Option<String>,
    },
    Bind {
        binding_id: String,
        consumer_no: String,
        role: String,
    },
    Unbind {
        binding_id: String,
    },
    Withdraw,
}

/// Why a write changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    StaleEpoch,
    NotRegistered,
    Conflict,
}

#[derive(Default)]
pub(super) struct Book {
    pub(super) users: BTreeMap<String, Entry>,
    /// Answers by idempotency key: what was asked, and how it ended.
    answered: HashMap<String, ([u8; 32], Result<i64, Refused>)>,
    /// Accepted writes that changed something.
    pub(super) changes: u64,
}

impl Book {
    /// One write, once per key.
    pub(super) fn write_once(
        &mut self,
        key: &str,
        fingerprint: [u8; 32],
        id: &str,
        epoch: i64,
        write: Write,
    ) -> Result<i64, Refused> {
        if let Some((before, ended)) = self.answered.get(key) {
            return if *before == fingerprint {
                *ended
            } else {
                Err(Refused::Conflict)
            };
        }
        let ended = self.write(id, epoch, write);
        self.answered.insert(key.to_owned(), (fingerprint, ended));
        ended
    }

    fn write(&mut self, id: &str, epoch: i64, write: Write) -> Result<i64, Refused> {
        let entry = self.users.entry(id.to_owned()).or_default();
        if epoch < entry.epoch {
            return Err(Refused::StaleEpoch);
        }
        let before = entry.person.clone();
        match write {
            Write::Register {
                name,
                id_no,
                mobile,
            } => {
                let person = entry.person.get_or_insert_default();
                (person.name, person.id_no, person.mobile) = (name, id_no, mobile);
            }
            Write::Bind {
                binding_id,
                consumer_no,
                role,
            } => {
                let person = entry.person.as_mut().ok_or(Refused::NotRegistered)?;
                person.bindings.insert(binding_id, (consumer_no, role));
            }
            Write::Unbind { binding_id } => {
                if let Some(person) = entry.person.as_mut() {
                    person.bindings.remove(&binding_id);
                }
            }
            Write::Withdraw => entry.person = None,
        }
        entry.epoch = epoch;
        if entry.person != before {
            self.changes += 1;
        }
        Ok(epoch)
    }
}

/// The user system.
pub struct UserSystem {
    pub(super) clock: SimClock,
    pub(super) nonces: Nonces,
    book: Mutex<Book>,
}

impl std::fmt::Debug for UserSystem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UserSystem")
    }
}

impl UserSystem {
    /// Nobody is registered.
    pub fn new(clock: SimClock) -> Self {
        Self {
            clock,
            nonces: Nonces::default(),
            book: Mutex::default(),
        }
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn register(mobile: &str) -> Write {
        Write::Register {
            name: None,
            id_no: None,
            mobile: Some(mobile.to_owned()),
        }
    }

    fn bind(id: &str) -> Write {
        Write::Bind {
            binding_id: id.to_owned(),
            consumer_no: "1504010020017".to_owned(),
            role: "holder".to_owned(),
        }
    }

    #[test]
    fn a_late_write_changes_nothing() {
        let mut book = Book::default();
        assert_eq!(book.write("a", 1, bind("x")), Err(Refused::NotRegistered));
        assert_eq!(book.write("a", 2, register("19000000001")), Ok(2));
        assert_eq!(book.write("a", 2, bind("x")), Ok(2));
        assert_eq!(book.write("a", 3, Write::Withdraw), Ok(3));
        assert_eq!(book.write("a", 2, bind("x")), Err(Refused::StaleEpoch));
        assert!(
            book.users
                .get("a")
                .is_some_and(|entry| entry.person.is_none())
        );
        assert_eq!(book.changes, 3);
    }

    #[test]
    fn a_repeat_is_answered_as_before_and_another_body_is_a_conflict() {
        let mut book = Book::default();
        let first = book.write_once("k", [1; 32], "a", 1, register("19000000001"));
        assert_eq!(first, Ok(1));
        assert_eq!(book.write("a", 2, Write::Withdraw), Ok(2));
        let again = book.write_once("k", [1; 32], "a", 1, register("19000000001"));
        assert_eq!(again, Ok(1));
        assert!(
            book.users
                .get("a")
                .is_some_and(|entry| entry.person.is_none())
        );
        let other = book.write_once("k", [2; 32], "a", 3, register("19000000002"));
        assert_eq!(other, Err(Refused::Conflict));
    }
}
