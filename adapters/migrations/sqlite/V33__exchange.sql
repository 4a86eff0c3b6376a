-- What goes to the superior company and the data centre, and what comes from the basic data platform.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- One day's report to one addressee. Its words never change; a repeat has the same bytes.
CREATE TABLE exchange_report (
    day         INTEGER NOT NULL,
    addressee   TEXT NOT NULL CHECK (addressee IN ('company', 'data_centre')),
    body        TEXT NOT NULL,
    digest      TEXT NOT NULL,
    made_at     INTEGER NOT NULL,
    asked_at    INTEGER NOT NULL,
    receipt_no  TEXT,
    received_at INTEGER,
    PRIMARY KEY (day, addressee),
    CONSTRAINT exchange_report_received CHECK ((receipt_no IS NULL) = (received_at IS NULL))
) STRICT;

-- Supply offices, with the time the platform last named them.
CREATE TABLE office (
    org_no   TEXT NOT NULL PRIMARY KEY,
    name     TEXT NOT NULL,
    named_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the reports and the standing of the console look for.
CREATE INDEX payment_created ON payment (created_at);
CREATE INDEX outbox_dead ON outbox (ended_at) WHERE state = 'dead';
