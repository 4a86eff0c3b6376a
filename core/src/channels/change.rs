//! What staff changed about a channel or a kind of terminal: what it was before, to be put back, what it became, why.
//! The audit has the code of what it became; words that somebody typed stand here only.

use std::num::ParseIntError;

use super::error::ChannelError;
use super::terminal::Takes;
use crate::accounts::Terminal;
use crate::cases::four_eyes::REASON_CHARS;
use crate::insight::Channel;
use crate::operators::Acting;
use crate::shared::time::Time;
use crate::store::Tx;

/// What staff ask of a kind of terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    pub takes: Takes,
    pub confirms: bool,
    /// None is as many as come.
    pub per_minute: Option<i64>,
}

impl Guard {
    /// As the audit says it: `reads/confirms/60`.
    #[must_use]
    pub fn code(self) -> String {
        let sure = if self.confirms { "confirms" } else { "usual" };
        format!("{}/{sure}/{}", self.takes.as_str(), limit(self.per_minute))
    }

    /// As [`Guard::code`] writes it.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let (takes, rest) = code.split_once('/')?;
        let (sure, per_minute) = rest.split_once('/')?;
        Some(Self {
            takes: Takes::parse(takes)?,
            confirms: match sure {
                "confirms" => true,
                "usual" => false,
                _ => return None,
            },
            per_minute: parse_limit(per_minute).ok()?,
        })
    }
}

/// A limit as the audit says it: `60`, or `unlimited`.
fn limit(per_minute: Option<i64>) -> String {
    per_minute.map_or_else(|| "unlimited".to_owned(), |most| most.to_string())
}

fn parse_limit(code: &str) -> Result<Option<i64>, ParseIntError> {
    match code {
        "unlimited" => Ok(None),
        most => most.parse().map(Some),
    }
}

/// What was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// How many requests a minute a channel takes on one node.
    Limit {
        channel: Channel,
        before: Option<i64>,
        after: Option<i64>,
    },
    /// What is asked of a kind of terminal.
    Guard {
        terminal: Terminal,
        before: Guard,
        after: Guard,
    },
}

impl Changed {
    /// `limit` or `guard`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Limit { .. } => "limit",
            Self::Guard { .. } => "guard",
        }
    }

    /// The name of the channel or of the kind of terminal.
    #[must_use]
    pub const fn subject(&self) -> &'static str {
        match self {
            Self::Limit { channel, .. } => channel.as_str(),
            Self::Guard { terminal, .. } => terminal.as_str(),
        }
    }

    /// The code of what it was.
    #[must_use]
    pub fn before(&self) -> String {
        match self {
            Self::Limit { before, .. } => limit(*before),
            Self::Guard { before, .. } => before.code(),
        }
    }

    /// The code of what it became.
    #[must_use]
    pub fn after(&self) -> String {
        match self {
            Self::Limit { after, .. } => limit(*after),
            Self::Guard { after, .. } => after.code(),
        }
    }

    /// As [`Changed::kind`], [`Changed::subject`], [`Changed::before`] and [`Changed::after`] write it.
    #[must_use]
    pub fn parse(kind: &str, subject: &str, before: &str, after: &str) -> Option<Self> {
        match kind {
            "limit" => Some(Self::Limit {
                channel: Channel::parse(subject)?,
                before: parse_limit(before).ok()?,
                after: parse_limit(after).ok()?,
            }),
            "guard" => Some(Self::Guard {
                terminal: Terminal::parse(subject)?,
                before: Guard::parse(before)?,
                after: Guard::parse(after)?,
            }),
            _ => None,
        }
    }
}

/// One change, with who made it and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub change_id: String,
    pub changed: Changed,
    pub reason: String,
    /// `staff:{id}`.
    pub changed_by: String,
    pub changed_at: Time,
}

/// A reason without the blanks around it.
pub(super) fn worded(reason: &str) -> Result<&str, ChannelError> {
    let reason = reason.trim();
    let fits = REASON_CHARS.contains(&reason.chars().count());
    fits.then_some(reason).ok_or(ChannelError::Reason)
}

/// What is known of a change before it is made.
pub(super) struct Noted<'a> {
    pub(super) audit_id: String,
    pub(super) change_id: String,
    pub(super) reason: &'a str,
    pub(super) changed_at: Time,
}

impl Noted<'_> {
    /// Writes the change, and the line of the audit with the code of what it became.
    pub(super) async fn write(
        &self,
        tx: &mut Tx,
        acting: &Acting,
        act: &str,
        changed: Changed,
    ) -> Result<(), ChannelError> {
        let (id, now) = (self.audit_id.clone(), self.changed_at);
        let line = acting.line(id, now, act, changed.subject(), &changed.after());
        let change = Change {
            change_id: self.change_id.clone(),
            changed,
            reason: self.reason.to_owned(),
            changed_by: acting.actor(),
            changed_at: now,
        };
        tx.channels().note(&change).await?;
        tx.audit().append(&line).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ec_15_a_change_is_read_as_it_was_written() {
        let guard = |takes, confirms, per_minute| Guard {
            takes,
            confirms,
            per_minute,
        };
        for changed in [
            Changed::Limit {
                channel: Channel::Mini,
                before: None,
                after: Some(60),
            },
            Changed::Guard {
                terminal: Terminal::Mini,
                before: guard(Takes::Everything, false, None),
                after: guard(Takes::Reads, true, Some(2)),
            },
        ] {
            let (before, after) = (changed.before(), changed.after());
            let read = Changed::parse(changed.kind(), changed.subject(), &before, &after);
            assert_eq!(read, Some(changed));
        }
        assert_eq!(
            guard(Takes::Reads, true, Some(2)).code(),
            "reads/confirms/2"
        );
        for odd in [
            "",
            "reads",
            "reads/confirms",
            "reads/maybe/2",
            "reads/usual/x",
        ] {
            assert_eq!(Guard::parse(odd), None, "{odd}");
        }
    }
}
