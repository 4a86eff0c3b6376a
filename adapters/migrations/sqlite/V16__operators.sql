-- The people of the console and their sessions.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

CREATE TABLE staff (
    staff_id     TEXT NOT NULL PRIMARY KEY,
    login        TEXT NOT NULL,
    role         TEXT NOT NULL,
    scope        TEXT NOT NULL,
    password     TEXT NOT NULL,
    totp         TEXT NOT NULL,
    totp_step    INTEGER NOT NULL,
    failures     INTEGER NOT NULL CHECK (failures >= 0),
    locked_until INTEGER,
    created_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    version      INTEGER NOT NULL,
    CONSTRAINT staff_login_unique UNIQUE (login)
) STRICT;

CREATE TABLE staff_session (
    session_id   TEXT NOT NULL PRIMARY KEY,
    staff_id     TEXT NOT NULL REFERENCES staff (staff_id),
    token_digest TEXT NOT NULL,
    opened_at    INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL,
    ended_at     INTEGER,
    CONSTRAINT staff_session_token_unique UNIQUE (token_digest)
) STRICT;
CREATE INDEX staff_session_of ON staff_session (staff_id) WHERE ended_at IS NULL;
CREATE INDEX staff_session_age ON staff_session (opened_at);
