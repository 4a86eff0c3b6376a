//! Followers by digest and by day; the supply office of each link. Called by the room's one port.

use lifeline_core::insight::followers::{BoundRegion, Follow, FollowDay, ToPlace};
use lifeline_core::shared::ids::{AccountId, BindingId};
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::insight::CONSUMER_NO;
use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Sql, WriteConn};

statements! { "followers":
    DAYS("follow_day") = "SELECT day, followed, unfollowed FROM follow_day WHERE day >= $1 AND day <= $2 ORDER BY day";
    FOLLOWING("follower") = "SELECT COUNT(*) AS n FROM follower WHERE follows = 1";
    REGIONS("binding_region") = "SELECT r.region, COUNT(DISTINCT b.account_id) AS people, COUNT(DISTINCT b.home_index) AS homes \
        FROM binding b JOIN binding_region r ON r.binding_id = b.binding_id WHERE b.ended_at IS NULL \
        GROUP BY r.region ORDER BY people DESC, r.region";
    BOUND("binding") = "SELECT COUNT(DISTINCT account_id) AS n FROM binding WHERE ended_at IS NULL";
    UNPLACED("binding") = "SELECT COUNT(*) AS n FROM binding b WHERE b.ended_at IS NULL \
        AND NOT EXISTS (SELECT 1 FROM binding_region r WHERE r.binding_id = b.binding_id)";
    TO_PLACE("binding") = "SELECT b.binding_id, b.account_id, b.consumer_no FROM binding b WHERE b.placed = 0 \
        AND b.ended_at IS NULL ORDER BY b.binding_id LIMIT $1";
    HAD_TURN("binding") = "UPDATE binding SET placed = 1 WHERE binding_id = $1 AND placed = 0 AND ended_at IS NULL";
    PLACE("binding_region") = "INSERT INTO binding_region (binding_id, region) VALUES ($1, $2) ON CONFLICT (binding_id) DO NOTHING";
    FOLLOW("follower") = "INSERT INTO follower (wallet_digest, follows, moved_at) VALUES ($1, $2, $3) \
        ON CONFLICT (wallet_digest) DO UPDATE SET follows = excluded.follows, moved_at = excluded.moved_at \
        WHERE follower.moved_at < excluded.moved_at";
    COUNT("follow_day") = "INSERT INTO follow_day (day, followed, unfollowed) VALUES ($1, $2, $3) ON CONFLICT (day) \
        DO UPDATE SET followed = follow_day.followed + excluded.followed, unfollowed = follow_day.unfollowed + excluded.unfollowed";
    LEFT_GO("follower") = "DELETE FROM follower WHERE follows = 0 AND moved_at < $1";
    DAYS_GO("follow_day") = "DELETE FROM follow_day WHERE day < $1";
}

const WALLET: Field = Field::new("follower", "wallet_digest");

impl<C: Conn> Sql<C> {
    pub(super) async fn days_followed(
        &mut self,
        from: i64,
        to: i64,
    ) -> Result<Vec<FollowDay>, StoreError> {
        let rows = self.rows(&DAYS, args![from, to]).await?;
        rows.iter()
            .map(|row| {
                Ok(FollowDay {
                    day: row.int("day")?,
                    followed: row.int("followed")?,
                    unfollowed: row.int("unfollowed")?,
                })
            })
            .collect()
    }

    pub(super) async fn now_following(&mut self) -> Result<i64, StoreError> {
        self.count(&FOLLOWING, args![]).await
    }

    pub(super) async fn bound_by_region(&mut self) -> Result<Vec<BoundRegion>, StoreError> {
        let rows = self.rows(&REGIONS, args![]).await?;
        rows.iter()
            .map(|row| {
                Ok(BoundRegion {
                    region: row.text("region")?,
                    people: row.int("people")?,
                    homes: row.int("homes")?,
                })
            })
            .collect()
    }

    pub(super) async fn people_bound(&mut self) -> Result<i64, StoreError> {
        self.count(&BOUND, args![]).await
    }

    pub(super) async fn not_placed(&mut self) -> Result<i64, StoreError> {
        self.count(&UNPLACED, args![]).await
    }

    pub(super) async fn links_to_place(&mut self, limit: i64) -> Result<Vec<ToPlace>, StoreError> {
        let mut links = Vec::new();
        for row in self.rows(&TO_PLACE, args![limit]).await? {
            let (id, account): (BindingId, AccountId) =
                (row.id("binding_id")?, row.id("account_id")?);
            let sealed = row.text("consumer_no")?;
            let opened = self
                .open_for(&account, CONSUMER_NO, id.as_str(), &sealed)
                .await;
            let region = match opened {
                Ok(number) => Some(ConsumerNo::from_store(number).region()),
                Err(StoreError::Corrupt { .. }) => None,
                Err(error) => return Err(error),
            };
            links.push(ToPlace {
                binding_id: id,
                region,
            });
        }
        Ok(links)
    }
}

impl<C: WriteConn> Sql<C> {
    pub(super) async fn count_follow(
        &mut self,
        follow: &Follow,
        day: i64,
    ) -> Result<(), StoreError> {
        let digest = self.digest(WALLET, follow.wallet.expose())?;
        self.touched(&FOLLOW, args![digest, follow.follows, follow.at])
            .await?;
        let args = args![day, i64::from(follow.follows), i64::from(!follow.follows)];
        self.touched(&COUNT, args).await.map(drop)
    }

    pub(super) async fn place_links(&mut self, links: &[ToPlace]) -> Result<i64, StoreError> {
        let turns = links.iter().map(|link| args![&link.binding_id]).collect();
        // Whoever left or was erased since they were read is placed nowhere.
        let live = self.write_many(&HAD_TURN, turns).await?;
        let mut placed = Vec::new();
        for (link, live) in links.iter().zip(live) {
            if let (Some(region), 1) = (&link.region, live) {
                placed.push(args![&link.binding_id, region]);
            }
        }
        let count = i64::try_from(placed.len()).map_err(|_| StoreError::Conflict)?;
        self.write_many(&PLACE, placed).await?;
        Ok(count)
    }

    pub(super) async fn forget_left(
        &mut self,
        left_before: Time,
        days_before: i64,
    ) -> Result<(), StoreError> {
        self.touched(&LEFT_GO, args![left_before]).await?;
        self.touched(&DAYS_GO, args![days_before]).await.map(drop)
    }
}
