-- The people of the console and their sessions.
-- Same file name, tables, columns and nullability as the SQLite folder.

CREATE TABLE staff (
    staff_id     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    login        TEXT COLLATE "C" NOT NULL,
    role         TEXT NOT NULL,
    scope        TEXT NOT NULL,
    password     TEXT NOT NULL,
    totp         TEXT NOT NULL,
    totp_step    BIGINT NOT NULL,
    failures     BIGINT NOT NULL CHECK (failures >= 0),
    locked_until BIGINT,
    created_at   BIGINT NOT NULL,
    ended_at     BIGINT,
    version      BIGINT NOT NULL,
    CONSTRAINT staff_login_unique UNIQUE (login)
);

CREATE TABLE staff_session (
    session_id   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    staff_id     TEXT COLLATE "C" NOT NULL REFERENCES staff (staff_id),
    token_digest TEXT COLLATE "C" NOT NULL,
    opened_at    BIGINT NOT NULL,
    seen_at      BIGINT NOT NULL,
    ended_at     BIGINT,
    CONSTRAINT staff_session_token_unique UNIQUE (token_digest)
);
CREATE INDEX staff_session_of ON staff_session (staff_id) WHERE ended_at IS NULL;
CREATE INDEX staff_session_age ON staff_session (opened_at);
