//! What an act at the desk does inside its unit: who may, whether it fits, what follows.

use super::content::Content;
use super::desk::{Hand, Manuscript};
use super::edition::{Act, Edition, Publication, State};
use super::error::PublicationError;
use super::kind::{Facts, Kind};
use super::search;
use crate::accounts::Pen;
use crate::evidence;
use crate::shared::ids::PublicationId;
use crate::shared::text::{self, Fault};
use crate::store::{StoreError, Tx};

/// The rules that need no store.
pub(super) fn fit(
    hand: &Hand,
    kind: Kind,
    region: &str,
    manuscript: &Manuscript,
) -> Result<(), PublicationError> {
    let mut faults = manuscript.content.faults(kind);
    if !(region.is_empty() || (2..=12).contains(&region.len())) || !text::is_digits(region) {
        faults.push(Fault::new("region", "digits"));
    }
    if !manuscript.window().is_sound() {
        faults.push(Fault::new("shown_to", "order"));
    }
    if !faults.is_empty() {
        return Err(PublicationError::Faulty(faults));
    }
    // An outage is news in the offices it names: none of them may be outside.
    let named = match &manuscript.content.facts {
        Facts::Outage(outage) => outage.org_nos.as_slice(),
        _ => &[],
    };
    if hand.reaches(region) && named.iter().all(|org_no| hand.reaches(org_no)) {
        Ok(())
    } else {
        Err(PublicationError::OutOfScope)
    }
}

pub(super) fn first(
    id: &PublicationId,
    number: i64,
    hand: &Hand,
    manuscript: &Manuscript,
    pen: &Pen,
) -> Edition {
    Edition {
        publication_id: id.clone(),
        number,
        state: State::Draft,
        content: manuscript.content.clone(),
        window: manuscript.window(),
        authors: vec![hand.staff.clone()],
        written_at: pen.now,
        decided_by: None,
        decided_at: None,
        reason: None,
        version: 1,
    }
}

pub(super) async fn pictures_are_there(
    tx: &mut Tx,
    content: &Content,
) -> Result<(), PublicationError> {
    for id in content.pictures() {
        if tx.publications().picture(&id).await?.is_none() {
            let fault = Fault::new("blocks", "picture");
            return Err(PublicationError::Faulty(vec![fault]));
        }
    }
    Ok(())
}

/// The publication as the hand saw it, and its newest edition.
pub(super) async fn held(
    tx: &mut Tx,
    hand: &Hand,
    id: &PublicationId,
    seen: i64,
) -> Result<(Publication, Edition), PublicationError> {
    let found = tx.publications().find(id).await?;
    let publication = found.ok_or(PublicationError::NotFound)?;
    if !hand.reaches(&publication.region) {
        return Err(PublicationError::OutOfScope);
    }
    if publication.version != seen {
        return Err(PublicationError::Changed);
    }
    let editions = tx.publications().editions(id).await?;
    let newest = editions.into_iter().next().ok_or(StoreError::Corrupt {
        table: "publication",
        column: "newest",
    })?;
    Ok((publication, newest))
}

pub(super) async fn stepped(
    tx: &mut Tx,
    hand: &Hand,
    (id, seen): (&PublicationId, i64),
    act: Act,
    reason: Option<&str>,
    pen: &Pen,
) -> Result<(), PublicationError> {
    let (mut publication, newest) = held(tx, hand, id, seen).await?;
    // A draft may be under way while what is live is withdrawn.
    let mut edition = match (act, publication.live) {
        (Act::Withdraw, Some(number)) if number != newest.number => {
            let editions = tx.publications().editions(id).await?;
            let live = editions
                .into_iter()
                .find(|edition| edition.number == number);
            live.ok_or(PublicationError::NotNow)?
        }
        _ => newest,
    };
    let next = edition.state.after(act).ok_or(PublicationError::NotNow)?;
    if matches!(act, Act::Publish) && hand.wrote(&edition) {
        return Err(PublicationError::OwnWork);
    }
    if matches!(act, Act::Publish) {
        give_way(tx, &publication, pen).await?;
        publication.live = Some(edition.number);
        publication.shown = Some(edition.window);
        let terms: Vec<String> = search::terms_of(edition.content.searched())
            .into_iter()
            .collect();
        let org_nos = match &edition.content.facts {
            Facts::Outage(outage) => outage.org_nos.as_slice(),
            _ => &[],
        };
        tx.publications().index(id, &terms, org_nos).await?;
    } else if matches!(act, Act::Withdraw) {
        publication.live = None;
        publication.shown = None;
        tx.publications().index(id, &[], &[]).await?;
    }
    edition.state = next;
    edition.reason = reason.map(str::to_owned);
    if !matches!(act, Act::Submit) {
        edition.decided_by = Some(hand.staff.clone());
        edition.decided_at = Some(pen.now);
    }
    publication.changed_at = pen.now;
    tx.publications().save_edition(&edition).await?;
    tx.publications().save(&publication).await?;
    let told = said(&publication, &edition);
    Ok(pen
        .prove(tx, &hand.actor, act.as_str(), id.as_str(), told)
        .await?)
}

/// What was live until now.
async fn give_way(
    tx: &mut Tx,
    publication: &Publication,
    pen: &Pen,
) -> Result<(), PublicationError> {
    let Some(number) = publication.live else {
        return Ok(());
    };
    let editions = tx
        .publications()
        .editions(&publication.publication_id)
        .await?;
    let live = editions
        .into_iter()
        .find(|edition| edition.number == number);
    let mut live = live.ok_or(PublicationError::NotNow)?;
    live.state = live
        .state
        .after(Act::GiveWay)
        .ok_or(PublicationError::NotNow)?;
    live.decided_at = Some(pen.now);
    Ok(tx.publications().save_edition(&live).await?)
}

pub(super) fn said(publication: &Publication, edition: &Edition) -> evidence::Act {
    evidence::Act::new()
        .say("publication_id", publication.publication_id.as_str())
        .say("kind", publication.kind.as_str())
        .say("region", publication.region.as_str())
        .say("edition", edition.number)
        .say("state", edition.state.as_str())
}
