//! Seeing one thing of one customer in clear: for a reason, with a code of one's phone, so often a
//! day and no more, and written down before it is shown.

use super::error::CustomerError;
use super::{Customers, regions, within};
use crate::accounts::Secret;
use crate::accounts::account::Account;
use crate::accounts::known::known_in;
use crate::bindings::binding::Linked;
use crate::bindings::known::links_of_in;
use crate::cases::four_eyes::REASON_CHARS;
use crate::operators::step_up::{StepUp, step_up};
use crate::operators::{Acting, Scope};
use crate::shared::ids::{AccountId, BindingId, StaffId};
use crate::shared::time::{Day, Time};
use crate::store::{Tx, atomically};

/// How many things one person may see in clear on one day of Shanghai.
pub const PER_STAFF_DAY_MAX: i64 = 30;

/// What is masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Veiled {
    Name,
    IdNo,
    Phone,
    /// The number of a home, by the link to it.
    ConsumerNo(BindingId),
}

impl Veiled {
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::IdNo => "id_no",
            Self::Phone => "phone",
            Self::ConsumerNo(_) => "consumer_no",
        }
    }

    #[must_use]
    pub const fn binding(&self) -> Option<&BindingId> {
        match self {
            Self::ConsumerNo(link) => Some(link),
            Self::Name | Self::IdNo | Self::Phone => None,
        }
    }

    /// As it was kept: its word, and the link for a home's number.
    #[must_use]
    pub fn of(word: &str, link: Option<BindingId>) -> Option<Self> {
        match (word, link) {
            ("name", None) => Some(Self::Name),
            ("id_no", None) => Some(Self::IdNo),
            ("phone", None) => Some(Self::Phone),
            ("consumer_no", Some(link)) => Some(Self::ConsumerNo(link)),
            _ => None,
        }
    }
}

/// That somebody of the staff saw something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmasking {
    pub unmasking_id: String,
    pub staff_id: StaffId,
    pub account_id: AccountId,
    pub field: Veiled,
    /// Their words why.
    pub reason: String,
    pub at: Time,
}

enum Judged {
    Seen(Secret),
    Refused(CustomerError),
}

impl Customers {
    /// Shows one thing in clear. Every try has its line in the audit.
    ///
    /// # Errors
    /// [`CustomerError::Reason`], [`CustomerError::Code`], [`CustomerError::TooMany`],
    /// [`CustomerError::OutOfScope`], [`CustomerError::NoSuch`], [`CustomerError::Absent`], the store's.
    pub async fn unmask(
        &self,
        acting: &Acting,
        account: &AccountId,
        field: &Veiled,
        reason: &str,
        code: &str,
    ) -> Result<Secret, CustomerError> {
        if !REASON_CHARS.contains(&reason.chars().count()) {
            return Err(CustomerError::Reason);
        }
        let maker = self.maker();
        let unmasking = Unmasking {
            unmasking_id: maker.uuid(),
            staff_id: acting.staff.staff_id.clone(),
            account_id: account.clone(),
            field: field.clone(),
            reason: reason.to_owned(),
            at: maker.now(),
        };
        let (unmasking, audit_id) = (&unmasking, &maker.uuid());
        let judged = atomically(&*self.store, async |tx: &mut Tx| {
            let judged = see(tx, acting, unmasking, code).await?;
            let outcome = match &judged {
                Judged::Seen(_) => unmasking.field.as_str(),
                Judged::Refused(CustomerError::Code) => "wrong_code",
                Judged::Refused(CustomerError::TooMany) => "too_many",
                Judged::Refused(_) => "absent",
            };
            let line = acting.line(
                audit_id.clone(),
                unmasking.at,
                "customers.unmask",
                account.as_str(),
                outcome,
            );
            tx.audit().append(&line).await?;
            Ok::<_, CustomerError>(judged)
        })
        .await?;
        match judged {
            Judged::Seen(clear) => Ok(clear),
            Judged::Refused(why) => Err(why),
        }
    }
}

async fn see(
    tx: &mut Tx,
    acting: &Acting,
    unmasking: &Unmasking,
    code: &str,
) -> Result<Judged, CustomerError> {
    let account = known_in(tx, &unmasking.account_id).await?;
    let account = account.ok_or(CustomerError::NoSuch)?;
    let links = links_of_in(tx, &account.account_id, unmasking.at).await?;
    if !within(&acting.staff.scope, &regions(&links)) {
        return Err(CustomerError::OutOfScope);
    }
    if let StepUp::Refused(_) = step_up(tx, acting, code, unmasking.at).await? {
        return Ok(Judged::Refused(CustomerError::Code));
    }
    let today = Day::of(unmasking.at).start();
    let seen = tx.customers().unmasked_since(&unmasking.staff_id, today);
    if seen.await? >= PER_STAFF_DAY_MAX {
        return Ok(Judged::Refused(CustomerError::TooMany));
    }
    let Some(clear) = clear(&acting.staff.scope, &account, &links, &unmasking.field) else {
        return Ok(Judged::Refused(CustomerError::Absent));
    };
    tx.customers().add_unmasking(unmasking).await?;
    Ok(Judged::Seen(clear))
}

/// A person may have homes within the scope and homes without.
fn clear(scope: &Scope, account: &Account, links: &[Linked], field: &Veiled) -> Option<Secret> {
    let real = account.real_name.as_ref();
    let text = match field {
        Veiled::Name => real.map(|real| real.name.expose()),
        Veiled::IdNo => real.map(|real| real.id_no.expose()),
        Veiled::Phone => account.phone.as_ref().map(|phone| phone.number.expose()),
        Veiled::ConsumerNo(link) => {
            let mut homes = links.iter().map(|linked| &linked.binding);
            homes
                .find(|home| home.binding_id == *link && scope.covers(&home.consumer_no.region()))
                .map(|home| home.consumer_no.expose())
        }
    };
    text.map(|text| Secret::new(text.to_owned()))
}
