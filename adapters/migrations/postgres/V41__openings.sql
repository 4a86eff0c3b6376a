-- Applications for a new user of the utility: checked by staff before marketing hears of them.
-- Same file name, tables, columns and nullability as the SQLite folder.

ALTER TABLE service_request ADD COLUMN staff_check TEXT CHECK (staff_check IN
    ('waiting', 'admitted', 'place_unknown', 'supplied_already', 'papers_missing', 'not_served'));
CREATE INDEX service_request_waiting ON service_request (request_id) WHERE staff_check = 'waiting';

CREATE TABLE opening_proposal (
    proposal_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    request_id  TEXT COLLATE "C" NOT NULL,
    account_id  TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    verdict     TEXT NOT NULL CHECK (verdict IN
        ('open', 'place_unknown', 'supplied_already', 'papers_missing', 'not_served')),
    reason      TEXT NOT NULL CHECK (length(reason) BETWEEN 4 AND 500),
    proposed_by TEXT COLLATE "C" NOT NULL,
    proposed_at BIGINT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('open', 'approved', 'refused')),
    decided_by  TEXT COLLATE "C",
    decided_at  BIGINT,
    CONSTRAINT opening_proposal_four_eyes CHECK (decided_by IS NULL OR decided_by <> proposed_by),
    CONSTRAINT opening_proposal_decided CHECK ((state = 'open') = (decided_by IS NULL)
        AND (state = 'open') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX opening_proposal_one_waits ON opening_proposal (request_id) WHERE state = 'open';
CREATE INDEX opening_proposal_of ON opening_proposal (request_id, proposed_at);
CREATE INDEX opening_proposal_age ON opening_proposal (decided_at) WHERE decided_at IS NOT NULL;
