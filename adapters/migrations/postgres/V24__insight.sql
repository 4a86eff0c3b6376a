-- How the product is used.
-- Same file name, tables, columns and nullability as the SQLite folder.

-- grain 0: at = day * 24 + hour; 1: at = day since 1970; 2: at = year * 12 + month. All in Shanghai.
CREATE TABLE access_count (
    grain    BIGINT NOT NULL CHECK (grain IN (0, 1, 2)),
    at       BIGINT NOT NULL,
    function BIGINT NOT NULL,
    channel  BIGINT NOT NULL,
    outcome  BIGINT NOT NULL,
    region   TEXT COLLATE "C" NOT NULL,
    n        BIGINT NOT NULL CHECK (n > 0),
    PRIMARY KEY (grain, at, function, channel, outcome, region)
);

-- The same counts summed over all but one of their sides, so that a page without filters adds up little.
-- side 0: all; 1: by function; 2: by channel; 3: by outcome.
CREATE TABLE access_total (
    grain  BIGINT NOT NULL CHECK (grain IN (0, 1, 2)),
    side   BIGINT NOT NULL CHECK (side IN (0, 1, 2, 3)),
    at     BIGINT NOT NULL,
    item   BIGINT NOT NULL,
    region TEXT COLLATE "C" NOT NULL,
    n      BIGINT NOT NULL CHECK (n > 0),
    PRIMARY KEY (grain, side, at, item, region)
);

-- function 0: all of them together.
CREATE TABLE access_latency (
    day      BIGINT NOT NULL,
    function BIGINT NOT NULL,
    bucket   BIGINT NOT NULL,
    n        BIGINT NOT NULL CHECK (n > 0),
    PRIMARY KEY (function, day, bucket)
);

-- Hashes of people under a salt that dies with its period: the smallest of each crowd.
CREATE TABLE access_person (
    period TEXT COLLATE "C" NOT NULL CHECK (period IN ('day', 'week', 'month')),
    begins TEXT COLLATE "C" NOT NULL,
    cell   TEXT COLLATE "C" NOT NULL,
    hash   BIGINT NOT NULL,
    PRIMARY KEY (period, begins, cell, hash)
);

CREATE TABLE access_salt (
    period TEXT COLLATE "C" NOT NULL,
    begins TEXT COLLATE "C" NOT NULL,
    salt   TEXT NOT NULL,
    PRIMARY KEY (period, begins)
);

-- What stays of a crowd when its period is over.
CREATE TABLE access_people (
    period TEXT COLLATE "C" NOT NULL,
    begins TEXT COLLATE "C" NOT NULL,
    cell   TEXT COLLATE "C" NOT NULL,
    n      BIGINT NOT NULL CHECK (n >= 0),
    PRIMARY KEY (period, cell, begins)
);

CREATE TABLE access_run (
    run        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    began_at   BIGINT NOT NULL,
    flushed_at BIGINT NOT NULL,
    ended_at   BIGINT,
    batch      BIGINT NOT NULL,
    lost       BIGINT NOT NULL
);
CREATE INDEX access_run_flushed ON access_run (flushed_at);

-- Requests that were not done, one by one, for a week: why, and under which trace.
CREATE TABLE access_refusal (
    trace_id TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL,
    function BIGINT NOT NULL,
    channel  BIGINT NOT NULL,
    status   BIGINT NOT NULL,
    code     TEXT NOT NULL,
    micros   BIGINT NOT NULL
);
CREATE INDEX access_refusal_trace ON access_refusal (trace_id);
CREATE INDEX access_refusal_at ON access_refusal (at);
