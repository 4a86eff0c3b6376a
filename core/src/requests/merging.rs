//! Points follow their account when it becomes part of another (money.md 3.6).

use async_trait::async_trait;

use super::Requests;
use super::points::{Movement, Side};
use crate::accounts::{AccountError, Follower, Removal};
use crate::evidence::Act;
use crate::shared::ids::EntryId;
use crate::store::{StoreError, Tx};

#[async_trait]
impl Follower for Requests {
    /// All points of the one go to the other by an entry of the books; each keeps the day it can be
    /// exchanged from.
    async fn follow(&self, tx: &mut Tx, removal: &mut Removal) -> Result<(), AccountError> {
        let (from, into) = (removal.from.clone(), removal.into.clone());
        // Whoever earns for the account at this moment waits for us, or we for them.
        tx.requests().give_points(&from, 0).await?;
        let points = tx.requests().lose_points(&from, i64::MAX).await?;
        tx.requests().move_earnings(&from, &into).await?;
        if points == 0 {
            return Ok(());
        }
        let pen = removal.pen.also_for("points");
        let entry_id: EntryId = pen.id("points", from.as_str());
        let movement = Movement {
            entry_id: entry_id.as_str().to_owned(),
            fact: format!("merge:{from}"),
            account_id: into.clone(),
            from: Side::Person(from.clone()),
            to: Side::Person(into.clone()),
            points,
            at: pen.now,
        };
        if !tx.requests().book(&movement).await? {
            return Err(StoreError::Conflict.into());
        }
        tx.requests().give_points(&into, points).await?;
        let act = Act::new()
            .say("account_id", from.as_str())
            .say("into_account_id", into.as_str())
            .say("points", points);
        pen.prove(tx, &removal.actor, "points.merged", from.as_str(), act)
            .await?;
        Ok(())
    }
}
