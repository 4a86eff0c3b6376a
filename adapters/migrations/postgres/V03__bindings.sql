-- Links between app users and homes. `*_index` and `*_digest` are keyed digests, other personal fields are sealed.
-- Same file name, tables, columns and nullability as the SQLite folder.

-- A home, by the blind index of its consumer number: what all links to it share.
CREATE TABLE binding_home (
    home_index     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    holder_version BIGINT NOT NULL CHECK (holder_version >= 0),
    -- The holder version at which two certified identities claimed the home.
    frozen_version BIGINT,
    -- When the archive was last asked for the holder version.
    looked_at      BIGINT NOT NULL
);

CREATE TABLE binding (
    binding_id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account_id      TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    home_index      TEXT COLLATE "C" NOT NULL REFERENCES binding_home (home_index),
    consumer_no     TEXT NOT NULL,
    role            TEXT NOT NULL CHECK (role IN ('payer_only', 'authorised', 'holder')),
    holder_version  BIGINT NOT NULL CHECK (holder_version >= 0),
    frozen          BIGINT NOT NULL CHECK (frozen IN (0, 1)),
    certified_index TEXT COLLATE "C",
    signboard       TEXT NOT NULL,
    label           TEXT,
    created_at      BIGINT NOT NULL,
    ended_at        BIGINT,
    version         BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT binding_frozen CHECK (frozen = 0 OR role = 'payer_only'),
    CONSTRAINT binding_holder CHECK (role <> 'holder' OR certified_index IS NOT NULL)
);
CREATE UNIQUE INDEX binding_one_live ON binding (account_id, home_index) WHERE ended_at IS NULL;
CREATE INDEX binding_of_home ON binding (home_index) WHERE ended_at IS NULL;

-- How many live links an account has; a counter, so that two links at once cannot pass the limit.
CREATE TABLE binding_places (
    account_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES account (account_id),
    taken      BIGINT NOT NULL CHECK (taken >= 0)
);

-- Homes offered by a match, by the digest of our one-use token.
CREATE TABLE match_offer (
    token_digest  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account_id    TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    session_id    TEXT COLLATE "C" NOT NULL,
    level         TEXT NOT NULL CHECK (level IN ('full', 'id_only')),
    archive_token TEXT NOT NULL,
    archive_role  TEXT NOT NULL CHECK (archive_role IN ('payer_only', 'authorised', 'holder')),
    signboard     TEXT NOT NULL,
    verified      TEXT,
    expires_at    BIGINT NOT NULL,
    used_at       BIGINT,
    version       BIGINT NOT NULL CHECK (version >= 1)
);
CREATE INDEX match_offer_expiry ON match_offer (expires_at);

-- The last good copy of the archive, one per link, gone with it.
CREATE TABLE archive_copy (
    binding_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES binding (binding_id),
    body       TEXT NOT NULL,
    kept_at    BIGINT NOT NULL
);
