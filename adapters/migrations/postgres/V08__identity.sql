-- Session ids that change, certification beside the profile, phones chosen by their owner, accounts merged.
-- Same file name, tables, columns and nullability as the SQLite folder.

-- A device keeps its family while the id of its session changes; a session that is left has `left_at`.
ALTER TABLE session ADD COLUMN family_id TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN left_at BIGINT;
-- Whose ids at the provider opened the door: the account's own, or those of one merged into it.
ALTER TABLE session ADD COLUMN entered_as TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE session SET family_id = session_id, entered_as = account_id;

-- Who certified the real name.
ALTER TABLE account ADD COLUMN certified_by TEXT CHECK (certified_by IN ('profile', 'certverify', 'face'));
UPDATE account SET certified_by = 'profile' WHERE name IS NOT NULL;
-- The phone was set by its owner here: a sign-in does not put the wallet's in its place.
ALTER TABLE account ADD COLUMN phone_chosen BIGINT NOT NULL DEFAULT 0 CHECK (phone_chosen IN (0, 1));
-- A merged account keeps its ids at the provider, which now open the other one, and nothing else.
ALTER TABLE account ADD COLUMN merged_into TEXT COLLATE "C" REFERENCES account (account_id);
ALTER TABLE account ADD COLUMN merged_at BIGINT;
CREATE INDEX account_certified ON account (id_no_index) WHERE id_no_index IS NOT NULL;
CREATE INDEX account_merged ON account (merged_into) WHERE merged_into IS NOT NULL;

-- A person on the way to being certified. What they typed is not here: it travels sealed with their client.
CREATE TABLE certification (
    certification_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account_id       TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    family_id        TEXT COLLATE "C" NOT NULL,
    kind             TEXT NOT NULL CHECK (kind IN ('certverify', 'face')),
    -- The provider's number of the check; sealed.
    outside_no       TEXT NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('pending', 'certified', 'refused')),
    begun_at         BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    ended_at         BIGINT,
    version          BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT certification_ended CHECK ((state = 'pending') = (ended_at IS NULL))
);
CREATE INDEX certification_begun ON certification (begun_at);

-- One account asking to take over another of the same person.
CREATE TABLE account_merge (
    merge_id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    into_account_id TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    family_id       TEXT COLLATE "C" NOT NULL,
    code_digest     TEXT COLLATE "C" NOT NULL,
    tries           BIGINT NOT NULL CHECK (tries >= 0),
    begun_at        BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    from_account_id TEXT COLLATE "C" REFERENCES account (account_id),
    ended_at        BIGINT,
    ending          TEXT CHECK (ending IN ('merged', 'replaced', 'spent')),
    version         BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT account_merge_ended CHECK ((ended_at IS NULL) = (ending IS NULL)),
    CONSTRAINT account_merge_sides CHECK (from_account_id IS NULL OR from_account_id <> into_account_id)
);
CREATE UNIQUE INDEX account_merge_one_open ON account_merge (into_account_id) WHERE ended_at IS NULL;
CREATE INDEX account_merge_begun ON account_merge (begun_at);
