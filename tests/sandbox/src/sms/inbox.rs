//! Every message accepted so far, in order.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::{SimClock, rfc3339};
use crate::hmac_auth::Nonces;

/// The SMS platform.
pub struct Sms {
    pub(super) clock: SimClock,
    pub(super) nonces: Nonces,
    messages: Mutex<Vec<Message>>,
}

impl std::fmt::Debug for Sms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sms")
    }
}

/// One accepted message. Not printable: it holds a phone number.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) message_id: String,
    pub(super) phone: String,
    pub(super) template_id: String,
    pub(super) text: String,
    pub(super) at: Timestamp,
    /// SHA-256 of the request body: tells a repeat from another message.
    pub(super) fingerprint: [u8; 32],
}

impl Message {
    pub(super) fn view(&self) -> Value {
        json!({
            "message_id": self.message_id,
            "template_id": self.template_id,
            "text": self.text,
            "at": rfc3339(self.at),
        })
    }
}

/// What became of a message handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handed {
    /// New, or the same as before.
    Accepted,
    /// Its id stands for another message.
    Conflict,
}

impl Sms {
    /// An empty platform.
    pub fn new(clock: SimClock) -> Self {
        Self {
            clock,
            nonces: Nonces::default(),
            messages: Mutex::default(),
        }
    }

    /// Takes a message in, once per `message_id`.
    pub(super) fn hand_in(&self, message: Message) -> Handed {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        match messages
            .iter()
            .find(|known| known.message_id == message.message_id)
        {
            None => {
                messages.push(message);
                Handed::Accepted
            }
            Some(known) if known.fingerprint == message.fingerprint => Handed::Accepted,
            Some(_) => Handed::Conflict,
        }
    }

    /// Every phone that got something, in the order of its first message.
    pub(super) fn phones(&self) -> Vec<String> {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let mut phones: Vec<String> = Vec::new();
        for message in messages.iter() {
            if !phones.contains(&message.phone) {
                phones.push(message.phone.clone());
            }
        }
        phones
    }

    /// What `phone` got, oldest first.
    pub(super) fn inbox(&self, phone: &str) -> Vec<Message> {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages
            .iter()
            .filter(|message| message.phone == phone)
            .cloned()
            .collect()
    }
}
