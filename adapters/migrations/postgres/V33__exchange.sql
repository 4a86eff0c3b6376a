-- What goes to the superior company and the data centre, and what comes from the basic data platform.
-- Same file name, tables, columns and nullability as the SQLite folder.

-- One day's report to one addressee. Its words never change; a repeat has the same bytes.
CREATE TABLE exchange_report (
    day         BIGINT NOT NULL,
    addressee   TEXT COLLATE "C" NOT NULL CHECK (addressee IN ('company', 'data_centre')),
    body        TEXT COLLATE "C" NOT NULL,
    digest      TEXT COLLATE "C" NOT NULL,
    made_at     BIGINT NOT NULL,
    asked_at    BIGINT NOT NULL,
    receipt_no  TEXT COLLATE "C",
    received_at BIGINT,
    PRIMARY KEY (day, addressee),
    CONSTRAINT exchange_report_received CHECK ((receipt_no IS NULL) = (received_at IS NULL))
);

-- Supply offices, with the time the platform last named them.
CREATE TABLE office (
    org_no   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name     TEXT COLLATE "C" NOT NULL,
    named_at BIGINT NOT NULL
);

-- What the reports and the standing of the console look for.
CREATE INDEX payment_created ON payment (created_at);
CREATE INDEX outbox_dead ON outbox (ended_at) WHERE state = 'dead';
