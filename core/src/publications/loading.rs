//! Loading what a file holds: a starting stock, each piece once by its name. It goes the same way as
//! what is typed at the desk, written by one hand and published by another.

use serde::Deserialize;

use super::Publications;
use super::content::Content;
use super::desk::{Hand, Manuscript};
use super::edition::Window;
use super::error::PublicationError;
use super::kind::{Facts, Kind};
use crate::shared::ids::PublicationId;
use crate::shared::text;
use crate::shared::time::Time;
use crate::store::snapshot;

const HOUR_S: i64 = 3_600;

/// One piece of a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// Its name; what is there under it already is left alone.
    pub slug: String,
    pub kind: Kind,
    #[serde(default)]
    pub region: String,
    /// How long ago it was published, for a stock that is always about as old.
    #[serde(default)]
    pub age_days: i64,
    /// Of an outage: how far it is away, so that a stock has one to come.
    #[serde(default)]
    pub begins_in_h: i64,
    #[serde(default)]
    pub lasts_h: i64,
    pub content: Content,
}

impl Publications {
    /// Loads a piece, unless it is there; true when it is new.
    pub async fn load(
        &self,
        writer: &Hand,
        reviewer: &Hand,
        piece: &Piece,
        now: Time,
    ) -> Result<bool, PublicationError> {
        let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !(3..=60).contains(&piece.slug.len()) || !piece.slug.chars().all(sound) {
            let fault = text::Fault::new("slug", "characters");
            return Err(PublicationError::Faulty(vec![fault]));
        }
        let mut view = snapshot(&*self.store).await?;
        if view
            .publications()
            .find_by_slug(&piece.slug)
            .await?
            .is_some()
        {
            return Ok(false);
        }
        drop(view);
        let id: PublicationId = self.maker().id();
        let mut content = piece.content.clone();
        if let Facts::Outage(outage) = &mut content.facts {
            outage.begins_at = now.plus_seconds(piece.begins_in_h.saturating_mul(HOUR_S));
            outage.ends_at = outage
                .begins_at
                .plus_seconds(piece.lasts_h.saturating_mul(HOUR_S));
        }
        let age = piece.age_days.clamp(0, 3_650).saturating_mul(86_400);
        let manuscript = Manuscript {
            content,
            window: Window {
                from: now.plus_seconds(age.saturating_neg()),
                to: None,
            },
        };
        self.begin(
            writer,
            &id,
            &piece.slug,
            piece.kind,
            &piece.region,
            &manuscript,
        )
        .await?;
        self.submit(writer, &id, 1).await?;
        self.publish(reviewer, &id, 2).await?;
        Ok(true)
    }
}
