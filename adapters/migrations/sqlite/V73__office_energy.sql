-- The basic data platform is told of linked homes, and the data centre tells what each supply office was supplied and used.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.
ALTER TABLE exchange_report RENAME TO exchange_report_to_two;
CREATE TABLE exchange_report (
    day         INTEGER NOT NULL,
    addressee   TEXT NOT NULL CHECK (addressee IN ('company', 'data_centre', 'basic_data')),
    body        TEXT NOT NULL,
    digest      TEXT NOT NULL,
    made_at     INTEGER NOT NULL,
    asked_at    INTEGER NOT NULL,
    receipt_no  TEXT,
    received_at INTEGER,
    PRIMARY KEY (day, addressee),
    CONSTRAINT exchange_report_received CHECK ((receipt_no IS NULL) = (received_at IS NULL))
) STRICT;
INSERT INTO exchange_report (day, addressee, body, digest, made_at, asked_at, receipt_no, received_at)
    SELECT day, addressee, body, digest, made_at, asked_at, receipt_no, received_at FROM exchange_report_to_two;
DROP TABLE exchange_report_to_two;

-- In 0.0001 kWh, by day since 1970 in Shanghai; told_at: when the data centre said so last.
CREATE TABLE office_energy (
    day      INTEGER NOT NULL,
    org_no   TEXT NOT NULL,
    supplied INTEGER NOT NULL CHECK (supplied >= 0),
    used     INTEGER NOT NULL CHECK (used >= 0),
    told_at  INTEGER NOT NULL,
    PRIMARY KEY (day, org_no)
) STRICT, WITHOUT ROWID;
