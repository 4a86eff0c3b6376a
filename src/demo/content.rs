//! What a demo has to read: the pieces of `deploy/content`, loaded as two members of staff would publish them.

use lifeline_core::accounts::Actor;
use lifeline_core::publications::desk::Hand;
use lifeline_core::publications::loading::Piece;
use lifeline_core::publications::{PublicationError, Publications};
use lifeline_core::requests::Requests;
use lifeline_core::requests::points::{Gift, Rule};
use lifeline_core::shared::ids::GiftId;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;
use serde::Deserialize;

use crate::failure::Failure;

const FILES: [(&str, &str); 2] = [
    (
        "deploy/content/articles.toml",
        include_str!("../../deploy/content/articles.toml"),
    ),
    (
        "deploy/content/places.toml",
        include_str!("../../deploy/content/places.toml"),
    ),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    piece: Vec<Piece>,
}

fn pieces() -> Result<Vec<Piece>, Failure> {
    let mut pieces = Vec::new();
    for (name, text) in FILES {
        let file: File = toml::from_str(text)
            .map_err(|error| Failure::failed(format!("{name} cannot be read: {error}")))?;
        pieces.extend(file.piece);
    }
    Ok(pieces)
}

fn hand(staff: &str) -> Hand {
    Hand {
        staff: staff.to_owned(),
        before: Vec::new(),
        actor: Actor {
            name: format!("job:{staff}"),
            source: String::new(),
            trace_id: String::new(),
        },
        scope: vec![String::new()],
    }
}

/// Loads what is not there yet; how many pieces were new.
pub(crate) async fn load(publications: &Publications, now: Time) -> Result<usize, Failure> {
    let (writer, reviewer) = (hand("content.writer"), hand("content.reviewer"));
    let mut new = 0_usize;
    for piece in pieces()? {
        match publications.load(&writer, &reviewer, &piece, now).await {
            Ok(true) => new = new.saturating_add(1),
            // Another node of the same demo was quicker.
            Ok(false) | Err(PublicationError::Store(StoreError::Duplicate(_))) => {}
            Err(error) => {
                let what = format!("{} cannot be published: {error:?}", piece.slug);
                return Err(Failure::failed(what));
            }
        }
    }
    Ok(new)
}

const POINTS: &str = include_str!("../../deploy/content/points.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PointsFile {
    rule: Vec<Rule>,
    gift: Vec<GiftPiece>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GiftPiece {
    gift_id: GiftId,
    title: String,
    points: i64,
    stock: i64,
}

/// Puts what points are given for, and what they are exchanged for, in force.
pub(crate) async fn load_points(requests: &Requests) -> Result<(), Failure> {
    let broken = |why: String| Failure::failed(format!("deploy/content/points.toml: {why}"));
    let file: PointsFile = toml::from_str(POINTS).map_err(|error| broken(error.to_string()))?;
    let actor = hand("content.writer").actor;
    for rule in &file.rule {
        let set = requests.set_rule(&actor, rule).await;
        set.map_err(|error| broken(error.to_string()))?;
    }
    for piece in file.gift {
        let gift = Gift {
            gift_id: piece.gift_id,
            title: piece.title,
            points: piece.points,
            stock: piece.stock,
        };
        let set = requests.set_gift(&actor, &gift).await;
        set.map_err(|error| broken(error.to_string()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lifeline_core::publications::kind::Kind;

    use super::*;

    /// LN-11..17, LN-22..26: there is something of each kind to look at.
    #[test]
    fn the_stock_has_every_kind_and_each_piece_its_own_name() {
        let pieces = pieces().unwrap();
        let kinds: BTreeSet<Kind> = pieces.iter().map(|piece| piece.kind).collect();
        assert_eq!(kinds.len(), Kind::ALL.len());
        let slugs: BTreeSet<&str> = pieces.iter().map(|piece| piece.slug.as_str()).collect();
        assert_eq!(slugs.len(), pieces.len());
    }
}
