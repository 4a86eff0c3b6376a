//! Filling gaps of the utility's archive with what is certified here (LN-45, money.md 3.3).
//!
//! Only for the holder by certified ID number, under a consent of its own, the phone only after a code
//! to it. Only what is empty is filled; where the archive holds something else, a clerk decides and
//! nothing is overwritten. A phone that came from here is never a proof ([`Bindings::phone_on_file`]),
//! and whoever the archive reached so far is told.

use std::collections::BTreeMap;

use super::error::BindingError;
use super::filling::{FILL_ARCHIVE, Filling, FillingState, OnTheWay};
use super::ports::ArchiveError;
use super::{Bindings, OwnedBinding};
use crate::accounts::codes::try_code;
use crate::accounts::otp::{Act, OtpPurpose, Verdict};
use crate::accounts::{self, Caller, Pen, Purpose, RealName, Secret};
use crate::outbox::Event;
use crate::shared::ids::{BindingId, EventId, FillingId};
use crate::shared::personal::{ConsumerNo, Phone};
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, atomically, snapshot};

/// What a unit that asked came to.
enum Asked {
    Filling(Filling),
    WrongCode,
}

impl Bindings {
    /// Offers the certified ID number and name to the archive of a home, and with a code that was sent
    /// to it the verified phone. One that is under way already is answered as it is.
    pub async fn ask_filling(
        &self,
        caller: &Caller,
        binding_id: &BindingId,
        code: Option<&Secret>,
    ) -> Result<Filling, BindingError> {
        let home = self.own_authorised(caller, binding_id).await?.holder()?;
        let maker = self.maker();
        let pen = Pen::ready(&maker);
        let (filling_id, event_id): (FillingId, EventId) = (maker.id(), maker.id());
        let asked = atomically(&*self.store, async |tx: &mut Tx| {
            let Some(stand) = standing(tx, home.owned()).await? else {
                return Err(BindingError::RoleNotEnough);
            };
            let mobile = match code {
                None => None,
                Some(code) => match shown_phone(tx, caller, code, pen.now).await? {
                    Some(phone) => Some(phone),
                    None => return Ok(Asked::WrongCode),
                },
            };
            let newest = tx.bindings().filling(binding_id).await?;
            let under_way = newest.filter(|one| one.is_under_way(pen.now));
            if let Some(one) = under_way.filter(|one| one.with_mobile || mobile.is_none()) {
                return Ok(Asked::Filling(one));
            }
            let filling = Filling {
                filling_id: filling_id.clone(),
                binding_id: binding_id.clone(),
                account_id: caller.account_id.clone(),
                consent_id: stand.consent_id,
                holder_version: stand.holder_version,
                state: FillingState::Asked,
                with_mobile: mobile.is_some(),
                results: BTreeMap::new(),
                asked_at: pen.now,
                settled_at: None,
                version: 1,
            };
            let number = home.owned().consumer_no();
            tx.bindings()
                .add_filling(&filling, number, mobile.as_ref())
                .await?;
            let event = on_its_way(&filling, &stand.person, mobile, &event_id, caller)?;
            tx.outbox().add(&event).await?;
            let act = filling.act().say("fields", filling.fields());
            let (actor, subject) = (caller.actor(), binding_id.as_str());
            pen.prove(tx, &actor, "bindings.archive_offered", subject, act)
                .await?;
            Ok::<_, BindingError>(Asked::Filling(filling))
        })
        .await?;
        match asked {
            Asked::Filling(filling) => Ok(filling),
            Asked::WrongCode => Err(accounts::AccountError::WrongCode.into()),
        }
    }

    /// The newest offer to the archive of the caller's own home. The holder's alone.
    pub async fn filling(
        &self,
        caller: &Caller,
        binding_id: &BindingId,
    ) -> Result<Option<Filling>, BindingError> {
        let home = self.own_authorised(caller, binding_id).await?.holder()?;
        let mut view = snapshot(&*self.store).await?;
        let newest = view.bindings().filling(home.owned().binding_id()).await?;
        Ok(newest.filter(|one| one.holder_version == home.owned().holder_version()))
    }

    /// The phone on file for a home, unless there is none or it came from here: a value that was
    /// written back proves nothing (money.md 3.3).
    pub(super) async fn phone_on_file(
        &self,
        consumer_no: &ConsumerNo,
    ) -> Result<Option<Phone>, BindingError> {
        let phone = match self.archive.archived_mobile(consumer_no).await {
            Ok(phone) => phone,
            Err(ArchiveError::CannotConfirm) => return Ok(None),
            Err(ArchiveError::NoAnswer(why)) => return Err(BindingError::ArchiveUnavailable(why)),
        };
        let mut view = snapshot(&*self.store).await?;
        let ours = view.bindings().wrote_mobile(consumer_no, &phone).await?;
        Ok((!ours).then_some(phone))
    }
}

/// What an offer rests on.
struct Standing {
    person: RealName,
    consent_id: String,
    holder_version: i64,
}

/// None when the caller is not the holder any more, in this unit's eyes.
async fn standing(tx: &mut Tx, owned: &OwnedBinding) -> Result<Option<Standing>, BindingError> {
    let (account, id) = (owned.account_id(), owned.binding_id());
    let consent = accounts::good_consent_in(tx, account, Purpose::ArchiveUpdate).await?;
    let consent = consent.ok_or(BindingError::ConsentRequired)?;
    let person = accounts::certified_in(tx, account).await?;
    let person = person.ok_or(BindingError::RealNameRequired)?;
    let linked = tx.bindings().find(account, id).await?;
    let same = linked.filter(|linked| linked.home.holder_version == owned.holder_version());
    Ok(same.map(|linked| Standing {
        person,
        consent_id: consent.consent_id,
        holder_version: linked.home.holder_version,
    }))
}

/// The account's phone, when the code that was sent to it fits.
async fn shown_phone(
    tx: &mut Tx,
    caller: &Caller,
    code: &Secret,
    now: Time,
) -> Result<Option<Phone>, BindingError> {
    let Some(phone) = accounts::verified_phone_in(tx, &caller.account_id).await? else {
        return Ok(None);
    };
    let act = Act::on("phone", phone.expose());
    let verdict = try_code(tx, caller, OtpPurpose::VerifyPhone, &act, code, now).await?;
    Ok((verdict == Verdict::Accepted).then_some(phone))
}

fn on_its_way(
    filling: &Filling,
    person: &RealName,
    mobile: Option<Phone>,
    event_id: &EventId,
    caller: &Caller,
) -> Result<Event, StoreError> {
    let body = OnTheWay {
        filling_id: filling.filling_id.clone(),
        binding_id: filling.binding_id.clone(),
        account_id: filling.account_id.clone(),
        id_no: person.id_no.expose().to_owned(),
        name: person.name.expose().to_owned(),
        mobile: mobile.map(|phone| phone.expose().to_owned()),
    };
    let (key, asked_at) = (format!("archive:{}", filling.binding_id), filling.asked_at);
    let (event_id, trace_id) = (event_id.clone(), &caller.trace_id);
    Event::new(event_id, FILL_ARCHIVE, key, &body, asked_at, trace_id)
}
