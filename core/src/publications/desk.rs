//! The publisher's desk: write, submit, have it reviewed by somebody else, publish, withdraw. What is
//! refused leaves an audit line too.

use super::Publications;
use super::acts::{first, fit, held, pictures_are_there, said, stepped};
use super::content::Content;
use super::edition::{Act, Edition, Publication, State, Window};
use super::error::PublicationError;
use super::kind::{Facts, Kind};
use super::ports::Picture;
use super::reading::sort_key;
use crate::accounts::{Actor, Pen};
use crate::shared::ids::{PictureId, PublicationId};
use crate::shared::page::{Page, Slice};
use crate::shared::text::{self, faults_in};
use crate::store::{Tx, atomically, snapshot};

/// A member of staff at the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hand {
    /// Who it is, for four eyes.
    pub staff: String,
    /// Who the same person was under other logins, likewise: needed where somebody judges what was written.
    pub before: Vec<String>,
    pub actor: Actor,
    /// Beginnings of the office numbers they work for; an empty one is everywhere.
    pub scope: Vec<String>,
}

impl Hand {
    /// Whether this person wrote on it, under this login or another.
    #[must_use]
    pub fn wrote(&self, edition: &Edition) -> bool {
        edition.is_by(&self.staff) || self.before.iter().any(|id| edition.is_by(id))
    }

    /// Whether what is for `region` is theirs to work on.
    #[must_use]
    pub fn reaches(&self, region: &str) -> bool {
        self.scope
            .iter()
            .any(|part| region.starts_with(part.as_str()))
    }
}

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manuscript {
    pub content: Content,
    pub window: Window,
}

impl Manuscript {
    /// An outage is shown until it is over.
    pub(super) fn window(&self) -> Window {
        let Facts::Outage(outage) = &self.content.facts else {
            return self.window;
        };
        let to = self
            .window
            .to
            .map_or(outage.ends_at, |to| to.min(outage.ends_at));
        Window {
            to: Some(to),
            ..self.window
        }
    }
}

/// A publication with its editions, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    pub publication: Publication,
    pub editions: Vec<Edition>,
}

impl Folder {
    /// The edition being worked on, or the last one.
    #[must_use]
    pub fn newest(&self) -> Option<&Edition> {
        self.editions.first()
    }
}

impl Publications {
    /// Begins a publication with its first draft.
    pub async fn draft(
        &self,
        hand: &Hand,
        kind: Kind,
        region: &str,
        manuscript: &Manuscript,
    ) -> Result<PublicationId, PublicationError> {
        let maker = self.maker();
        let id: PublicationId = maker.id();
        let slug = id.as_str().to_owned();
        let begun = self.begin(hand, &id, &slug, kind, region, manuscript).await;
        self.told(hand, Act::Edit, id.as_str(), begun).await
    }

    pub(super) async fn begin(
        &self,
        hand: &Hand,
        id: &PublicationId,
        slug: &str,
        kind: Kind,
        region: &str,
        manuscript: &Manuscript,
    ) -> Result<PublicationId, PublicationError> {
        fit(hand, kind, region, manuscript)?;
        let pen = Pen::ready(&self.maker());
        let publication = Publication {
            publication_id: id.clone(),
            slug: slug.to_owned(),
            kind,
            region: region.to_owned(),
            live: None,
            newest: 1,
            shown: None,
            changed_at: pen.now,
            version: 1,
        };
        let edition = first(id, 1, hand, manuscript, &pen);
        atomically(&*self.store, async |tx: &mut Tx| {
            pictures_are_there(tx, &edition.content).await?;
            tx.publications().add(&publication).await?;
            tx.publications().add_edition(&edition).await?;
            let act = said(&publication, &edition);
            pen.prove(tx, &hand.actor, Act::Edit.as_str(), id.as_str(), act)
                .await?;
            Ok(id.clone())
        })
        .await
    }

    /// Writes on: on the draft there is, or on a new one after what was published or withdrawn.
    /// `seen` is the version of the publication the writer had before them.
    pub async fn edit(
        &self,
        hand: &Hand,
        id: &PublicationId,
        seen: i64,
        manuscript: &Manuscript,
    ) -> Result<(), PublicationError> {
        let pen = Pen::ready(&self.maker());
        let done = atomically(&*self.store, async |tx: &mut Tx| {
            let (mut publication, edition) = held(tx, hand, id, seen).await?;
            fit(hand, publication.kind, &publication.region, manuscript)?;
            pictures_are_there(tx, &manuscript.content).await?;
            let written = match edition.state {
                State::Draft => {
                    let mut written = edition;
                    written.content = manuscript.content.clone();
                    written.window = manuscript.window();
                    written.written_by(&hand.staff);
                    written.written_at = pen.now;
                    tx.publications().save_edition(&written).await?;
                    written
                }
                State::InReview => return Err(PublicationError::NotNow),
                State::Live | State::Superseded | State::Withdrawn => {
                    publication.newest = publication.newest.saturating_add(1);
                    let next = first(id, publication.newest, hand, manuscript, &pen);
                    tx.publications().add_edition(&next).await?;
                    next
                }
            };
            publication.changed_at = pen.now;
            tx.publications().save(&publication).await?;
            let act = said(&publication, &written);
            Ok(pen
                .prove(tx, &hand.actor, Act::Edit.as_str(), id.as_str(), act)
                .await?)
        })
        .await;
        self.told(hand, Act::Edit, id.as_str(), done).await
    }

    /// Hands a draft to somebody else.
    pub async fn submit(
        &self,
        hand: &Hand,
        id: &PublicationId,
        seen: i64,
    ) -> Result<(), PublicationError> {
        self.step(hand, id, seen, Act::Submit, None).await
    }

    /// Gives it back to be written on; says why.
    pub async fn send_back(
        &self,
        hand: &Hand,
        id: &PublicationId,
        seen: i64,
        reason: &str,
    ) -> Result<(), PublicationError> {
        self.step(hand, id, seen, Act::SendBack, Some(reason)).await
    }

    /// Publishes what others wrote.
    pub async fn publish(
        &self,
        hand: &Hand,
        id: &PublicationId,
        seen: i64,
    ) -> Result<(), PublicationError> {
        self.step(hand, id, seen, Act::Publish, None).await
    }

    /// Takes what is wrong off the shelf; one person may, at once.
    pub async fn withdraw(
        &self,
        hand: &Hand,
        id: &PublicationId,
        seen: i64,
        reason: &str,
    ) -> Result<(), PublicationError> {
        self.step(hand, id, seen, Act::Withdraw, Some(reason)).await
    }

    async fn step(
        &self,
        hand: &Hand,
        id: &PublicationId,
        seen: i64,
        act: Act,
        reason: Option<&str>,
    ) -> Result<(), PublicationError> {
        let pen = Pen::ready(&self.maker());
        let done = async {
            let faults = reason.map(|why| faults_in("reason", why, 2, text::SUMMARY_MAX));
            if let Some(faults) = faults.filter(|faults| !faults.is_empty()) {
                return Err(PublicationError::Faulty(faults));
            }
            atomically(&*self.store, async |tx: &mut Tx| {
                stepped(tx, hand, (id, seen), act, reason, &pen).await
            })
            .await
        };
        let done = done.await;
        self.told(hand, act, id.as_str(), done).await
    }

    /// What is on the desk in one state, as far as the member of staff reaches.
    pub async fn on_desk(
        &self,
        hand: &Hand,
        state: State,
        page: &Page,
    ) -> Result<Slice<(Publication, Edition)>, PublicationError> {
        let mut view = snapshot(&*self.store).await?;
        let rows = view.publications().on_desk(state, page).await?;
        let key = |(publication, _): &(Publication, Edition)| {
            sort_key(publication.changed_at, &publication.publication_id)
        };
        let mut slice = Slice::cut(rows, page, key);
        slice
            .items
            .retain(|(publication, _)| hand.reaches(&publication.region));
        Ok(slice)
    }

    /// One publication with all its editions.
    pub async fn folder(
        &self,
        hand: &Hand,
        id: &PublicationId,
    ) -> Result<Folder, PublicationError> {
        let mut view = snapshot(&*self.store).await?;
        let found = view.publications().find(id).await?;
        let publication = found.ok_or(PublicationError::NotFound)?;
        if !hand.reaches(&publication.region) {
            return self
                .told(
                    hand,
                    Act::Edit,
                    id.as_str(),
                    Err(PublicationError::OutOfScope),
                )
                .await;
        }
        let editions = view.publications().editions(id).await?;
        Ok(Folder {
            publication,
            editions,
        })
    }

    /// Takes up a picture: what comes in is decoded, made small and written anew.
    pub async fn take_picture(
        &self,
        hand: &Hand,
        bytes: Vec<u8>,
    ) -> Result<(PictureId, Picture), PublicationError> {
        const ACT: &str = "publications.picture";
        let maker = self.maker();
        let (id, pen): (PictureId, Pen) = (maker.id(), Pen::ready(&maker));
        let picture = match self.pictures.develop(bytes).await {
            Ok(picture) => picture,
            Err(why) => {
                let refused = PublicationError::Picture(why);
                self.note_refusal(hand, ACT, "", &refused).await?;
                return Err(refused);
            }
        };
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.publications()
                .add_picture(&id, &picture, &hand.staff, pen.now)
                .await?;
            pen.audit(tx, &hand.actor, ACT, id.as_str(), "ok").await?;
            Ok::<_, PublicationError>(())
        })
        .await?;
        Ok((id, picture))
    }

    /// A refusal is audited by a unit of its own: the one that was refused left nothing.
    async fn told<T>(
        &self,
        hand: &Hand,
        act: Act,
        subject: &str,
        done: Result<T, PublicationError>,
    ) -> Result<T, PublicationError> {
        if let Err(refused) = &done {
            self.note_refusal(hand, act.as_str(), subject, refused)
                .await?;
        }
        done
    }

    async fn note_refusal(
        &self,
        hand: &Hand,
        act: &'static str,
        subject: &str,
        refused: &PublicationError,
    ) -> Result<(), PublicationError> {
        if matches!(
            refused,
            PublicationError::Store(_) | PublicationError::Record(_)
        ) {
            return Ok(());
        }
        let pen = Pen::ready(&self.maker());
        atomically(&*self.store, async |tx: &mut Tx| {
            pen.audit(tx, &hand.actor, act, subject, refused.outcome())
                .await
        })
        .await?;
        Ok(())
    }
}
