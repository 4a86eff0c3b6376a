-- How the product is used.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- grain 0: at = day * 24 + hour; 1: at = day since 1970; 2: at = year * 12 + month. All in Shanghai.
CREATE TABLE access_count (
    grain    INTEGER NOT NULL CHECK (grain IN (0, 1, 2)),
    at       INTEGER NOT NULL,
    function INTEGER NOT NULL,
    channel  INTEGER NOT NULL,
    outcome  INTEGER NOT NULL,
    region   TEXT NOT NULL,
    n        INTEGER NOT NULL CHECK (n > 0),
    PRIMARY KEY (grain, at, function, channel, outcome, region)
) STRICT, WITHOUT ROWID;

-- The same counts summed over all but one of their sides, so that a page without filters adds up little.
-- side 0: all; 1: by function; 2: by channel; 3: by outcome.
CREATE TABLE access_total (
    grain  INTEGER NOT NULL CHECK (grain IN (0, 1, 2)),
    side   INTEGER NOT NULL CHECK (side IN (0, 1, 2, 3)),
    at     INTEGER NOT NULL,
    item   INTEGER NOT NULL,
    region TEXT NOT NULL,
    n      INTEGER NOT NULL CHECK (n > 0),
    PRIMARY KEY (grain, side, at, item, region)
) STRICT, WITHOUT ROWID;

-- function 0: all of them together.
CREATE TABLE access_latency (
    day      INTEGER NOT NULL,
    function INTEGER NOT NULL,
    bucket   INTEGER NOT NULL,
    n        INTEGER NOT NULL CHECK (n > 0),
    PRIMARY KEY (function, day, bucket)
) STRICT, WITHOUT ROWID;

-- Hashes of people under a salt that dies with its period: the smallest of each crowd.
CREATE TABLE access_person (
    period TEXT NOT NULL CHECK (period IN ('day', 'week', 'month')),
    begins TEXT NOT NULL,
    cell   TEXT NOT NULL,
    hash   INTEGER NOT NULL,
    PRIMARY KEY (period, begins, cell, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE access_salt (
    period TEXT NOT NULL,
    begins TEXT NOT NULL,
    salt   TEXT NOT NULL,
    PRIMARY KEY (period, begins)
) STRICT;

-- What stays of a crowd when its period is over.
CREATE TABLE access_people (
    period TEXT NOT NULL,
    begins TEXT NOT NULL,
    cell   TEXT NOT NULL,
    n      INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (period, cell, begins)
) STRICT, WITHOUT ROWID;

CREATE TABLE access_run (
    run        TEXT NOT NULL PRIMARY KEY,
    began_at   INTEGER NOT NULL,
    flushed_at INTEGER NOT NULL,
    ended_at   INTEGER,
    batch      INTEGER NOT NULL,
    lost       INTEGER NOT NULL
) STRICT;
CREATE INDEX access_run_flushed ON access_run (flushed_at);

-- Requests that were not done, one by one, for a week: why, and under which trace.
CREATE TABLE access_refusal (
    trace_id TEXT NOT NULL,
    at       INTEGER NOT NULL,
    function INTEGER NOT NULL,
    channel  INTEGER NOT NULL,
    status   INTEGER NOT NULL,
    code     TEXT NOT NULL,
    micros   INTEGER NOT NULL
) STRICT;
CREATE INDEX access_refusal_trace ON access_refusal (trace_id);
CREATE INDEX access_refusal_at ON access_refusal (at);
