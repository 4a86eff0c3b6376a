-- Who is shut out for abusing the doors: one row per target, its newest ban.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

CREATE TABLE ban (
    ban_id      TEXT NOT NULL PRIMARY KEY,
    scope       TEXT NOT NULL CHECK (scope IN ('address', 'network', 'account')),
    subject     TEXT NOT NULL,
    network     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    rung        INTEGER NOT NULL CHECK (rung >= 1),
    began_at    INTEGER NOT NULL,
    ends_at     INTEGER NOT NULL,
    lifted_at   INTEGER,
    lifted_by   TEXT,
    lift_reason TEXT,
    version     INTEGER NOT NULL,
    CONSTRAINT ban_ends_after_it_began CHECK (ends_at > began_at),
    CONSTRAINT ban_lifted_by_somebody CHECK ((lifted_at IS NULL) = (lifted_by IS NULL)
        AND (lifted_at IS NULL) = (lift_reason IS NULL)),
    UNIQUE (scope, subject)
) STRICT;
CREATE INDEX ban_ends ON ban (ends_at);
CREATE INDEX ban_began ON ban (began_at, ban_id);
CREATE INDEX ban_in_network ON ban (network, ends_at);
