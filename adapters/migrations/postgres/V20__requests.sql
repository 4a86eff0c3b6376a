-- What people ask of the utility beside paying, on its way to marketing and back.
-- Same file name, tables, columns and nullability as the SQLite folder.

-- `letter` is what the person wrote, sealed with the account's own key.
CREATE TABLE service_request (
    request_id  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account_id  TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    kind        TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('filed', 'accepted', 'under_way', 'resolved', 'declined')),
    letter      TEXT NOT NULL,
    anonymous   BIGINT NOT NULL CHECK (anonymous IN (0, 1)),
    binding_id  TEXT COLLATE "C",
    payment_id  TEXT COLLATE "C",
    order_no    TEXT,
    client_key  TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT NOT NULL,
    filed_at    BIGINT NOT NULL,
    moved_at    BIGINT NOT NULL,
    next_at     BIGINT,
    version     BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT service_request_key_unique UNIQUE (account_id, client_key),
    CONSTRAINT service_request_ended CHECK (next_at IS NULL OR state NOT IN ('resolved', 'declined'))
);
CREATE INDEX service_request_of_account ON service_request (account_id, request_id);
CREATE INDEX service_request_due ON service_request (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX service_request_age ON service_request (filed_at);
