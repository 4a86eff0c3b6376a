-- Certified values offered to the utility's archive.
-- Same file name, tables, columns and nullability as the SQLite folder.

-- Of the values only the phone is kept, sealed for the account, so that what came from here is never a proof.
CREATE TABLE archive_filling (
    filling_id     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    binding_id     TEXT COLLATE "C" NOT NULL REFERENCES binding (binding_id),
    account_id     TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    consent_id     TEXT COLLATE "C" NOT NULL,
    holder_version BIGINT NOT NULL CHECK (holder_version >= 0),
    state          TEXT NOT NULL CHECK (state IN ('asked', 'settled', 'dropped')),
    mobile         TEXT,
    id_no_result   TEXT CHECK (id_no_result IN ('filled', 'same', 'conflict_review')),
    mobile_result  TEXT CHECK (mobile_result IN ('filled', 'same', 'conflict_review')),
    name_result    TEXT CHECK (name_result IN ('filled', 'same', 'conflict_review')),
    asked_at       BIGINT NOT NULL,
    settled_at     BIGINT,
    version        BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT archive_filling_settled CHECK ((state = 'asked') = (settled_at IS NULL)),
    CONSTRAINT archive_filling_mobile CHECK (mobile_result IS NULL OR mobile IS NOT NULL)
);
CREATE INDEX archive_filling_of_link ON archive_filling (binding_id, filling_id);
