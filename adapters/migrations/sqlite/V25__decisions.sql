-- How a case ends: what one person proposes and another decides.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

CREATE TABLE case_proposal (
    proposal_id TEXT NOT NULL PRIMARY KEY,
    case_id     TEXT NOT NULL REFERENCES case_file (case_id),
    resolution  TEXT NOT NULL,
    reason      TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('open', 'approved', 'refused')),
    decided_by  TEXT,
    decided_at  INTEGER,
    CONSTRAINT case_proposal_four_eyes CHECK (decided_by IS NULL OR decided_by <> proposed_by)
) STRICT;
CREATE UNIQUE INDEX case_proposal_one_waits ON case_proposal (case_id) WHERE state IN ('open', 'approved');
CREATE INDEX case_proposal_of ON case_proposal (case_id, proposed_at);
