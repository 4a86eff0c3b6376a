-- What people ask of the utility beside paying, on its way to marketing and back.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- `letter` is what the person wrote, sealed with the account's own key.
CREATE TABLE service_request (
    request_id  TEXT NOT NULL PRIMARY KEY,
    account_id  TEXT NOT NULL REFERENCES account (account_id),
    kind        TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('filed', 'accepted', 'under_way', 'resolved', 'declined')),
    letter      TEXT NOT NULL,
    anonymous   INTEGER NOT NULL CHECK (anonymous IN (0, 1)),
    binding_id  TEXT,
    payment_id  TEXT,
    order_no    TEXT,
    client_key  TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    filed_at    INTEGER NOT NULL,
    moved_at    INTEGER NOT NULL,
    next_at     INTEGER,
    version     INTEGER NOT NULL CHECK (version >= 1),
    CONSTRAINT service_request_key_unique UNIQUE (account_id, client_key),
    CONSTRAINT service_request_ended CHECK (next_at IS NULL OR state NOT IN ('resolved', 'declined'))
) STRICT;
CREATE INDEX service_request_of_account ON service_request (account_id, request_id);
CREATE INDEX service_request_due ON service_request (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX service_request_age ON service_request (filed_at);
