-- Who follows the life account, and where linked homes are.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- A wallet that follows or left lately, by a keyed digest of its id. `moved_at` is the moment that the channel tells of.
CREATE TABLE follower (
    wallet_digest TEXT NOT NULL PRIMARY KEY,
    follows       INTEGER NOT NULL CHECK (follows IN (0, 1)),
    moved_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX follower_following ON follower (moved_at) WHERE follows = 1;
CREATE INDEX follower_left ON follower (moved_at) WHERE follows = 0;

-- Changes as they were told, by the day they tell of (days since 1970 in Shanghai).
CREATE TABLE follow_day (
    day        INTEGER NOT NULL PRIMARY KEY,
    followed   INTEGER NOT NULL CHECK (followed >= 0),
    unfollowed INTEGER NOT NULL CHECK (unfollowed >= 0)
) STRICT;

-- The supply office of a linked home: the first digits of its number, read once after it was linked.
CREATE TABLE binding_region (
    binding_id TEXT NOT NULL PRIMARY KEY,
    region     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
