-- The ways people come, what is closed in them, how they score; functions suspended for a person.
-- Same file name, tables, columns and nullability as the SQLite folder.

CREATE TABLE channel (
    channel    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    terminals  TEXT NOT NULL,
    per_minute BIGINT CHECK (per_minute BETWEEN 1 AND 1000000),
    changed_at BIGINT NOT NULL
);
INSERT INTO channel (channel, terminals, per_minute, changed_at) VALUES
    ('mini', 'phone', NULL, 0), ('h5', 'phone computer', NULL, 0), ('other', 'program', NULL, 0);

-- A function is closed in a channel while it has a row here. The list of functions is the program's.
CREATE TABLE channel_closing (
    channel   TEXT COLLATE "C" NOT NULL REFERENCES channel (channel),
    function  BIGINT NOT NULL,
    reason    TEXT NOT NULL CHECK (length(reason) BETWEEN 4 AND 500),
    closed_by TEXT COLLATE "C" NOT NULL,
    closed_at BIGINT NOT NULL,
    PRIMARY KEY (channel, function)
);

CREATE TABLE channel_score (
    channel           TEXT COLLATE "C" NOT NULL REFERENCES channel (channel),
    month             TEXT COLLATE "C" NOT NULL,
    calls             BIGINT NOT NULL CHECK (calls > 0),
    answered_permille BIGINT NOT NULL CHECK (answered_permille BETWEEN 0 AND 1000),
    done_permille     BIGINT NOT NULL CHECK (done_permille BETWEEN 0 AND 1000),
    points            BIGINT NOT NULL CHECK (points BETWEEN 0 AND 100),
    scored_at         BIGINT NOT NULL,
    PRIMARY KEY (channel, month)
);

-- A function is suspended for a person while it has a row here.
CREATE TABLE function_suspension (
    account_id  TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    function    TEXT COLLATE "C" NOT NULL CHECK (function IN ('pay', 'auto_debit')),
    proposal_id TEXT COLLATE "C" NOT NULL,
    since       BIGINT NOT NULL,
    PRIMARY KEY (account_id, function)
);

CREATE TABLE function_proposal (
    proposal_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account_id  TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    function    TEXT COLLATE "C" NOT NULL CHECK (function IN ('pay', 'auto_debit')),
    wanted      TEXT NOT NULL CHECK (wanted IN ('open', 'suspended')),
    reason      TEXT NOT NULL CHECK (length(reason) BETWEEN 4 AND 500),
    proposed_by TEXT COLLATE "C" NOT NULL,
    proposed_at BIGINT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('open', 'approved', 'refused')),
    decided_by  TEXT COLLATE "C",
    decided_at  BIGINT,
    CONSTRAINT function_proposal_four_eyes CHECK (decided_by IS NULL OR decided_by <> proposed_by),
    CONSTRAINT function_proposal_decided CHECK ((state = 'open') = (decided_by IS NULL)
        AND (state = 'open') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX function_proposal_one_waits ON function_proposal (account_id, function) WHERE state = 'open';
CREATE INDEX function_proposal_of ON function_proposal (account_id, proposed_at);
