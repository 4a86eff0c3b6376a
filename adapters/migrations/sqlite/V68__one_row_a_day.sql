-- What is counted stands once: packed, or beside what is packed. The packs until now repeated the tallies; the timed task
-- packs again, and what it packs is no tally any more (adapters/src/sql/slices.rs).
-- Same file name, tables, columns and nullability as the PostgreSQL folder.
DROP TABLE access_pack;

-- at as in access_tally, hours by their day; part = 0 for everything, of hours also each function.
CREATE TABLE access_packed (
    at    INTEGER NOT NULL CHECK (at >= 0),
    part  INTEGER NOT NULL CHECK (part >= 0),
    cells BLOB NOT NULL,
    PRIMARY KEY (at, part)
) STRICT;

-- How long answers took on a day that is over, one row for each function; 0: all of them together.
CREATE TABLE access_latency_packed (
    function INTEGER NOT NULL,
    day      INTEGER NOT NULL,
    buckets  BLOB NOT NULL,
    PRIMARY KEY (function, day)
) STRICT;

-- The timed task takes a day at a time.
CREATE INDEX access_latency_of_day ON access_latency (day);
CREATE INDEX access_latency_packed_of_day ON access_latency_packed (day);

-- Links of days that are over, in Shanghai: began, ended, and the people whose first link was made that day with how
-- many of them were linked when the last of these days was over. Made again by a timed task (adapters/src/sql/links.rs).
CREATE TABLE link_day (
    day          INTEGER NOT NULL PRIMARY KEY,
    began        INTEGER NOT NULL CHECK (began >= 0),
    ended        INTEGER NOT NULL CHECK (ended >= 0),
    first_links  INTEGER NOT NULL CHECK (first_links >= 0),
    still_linked INTEGER NOT NULL CHECK (still_linked >= 0)
) STRICT;
CREATE INDEX binding_began ON binding (created_at);
