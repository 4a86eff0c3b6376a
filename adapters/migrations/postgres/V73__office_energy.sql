-- The basic data platform is told of linked homes, and the data centre tells what each supply office was supplied and used.
-- Same file name, tables, columns and nullability as the SQLite folder.
ALTER TABLE exchange_report DROP CONSTRAINT exchange_report_addressee_check;
ALTER TABLE exchange_report ADD CONSTRAINT exchange_report_addressee_check
    CHECK (addressee IN ('company', 'data_centre', 'basic_data'));

-- In 0.0001 kWh, by day since 1970 in Shanghai; told_at: when the data centre said so last.
CREATE TABLE office_energy (
    day      BIGINT NOT NULL,
    org_no   TEXT COLLATE "C" NOT NULL,
    supplied BIGINT NOT NULL CHECK (supplied >= 0),
    used     BIGINT NOT NULL CHECK (used >= 0),
    told_at  BIGINT NOT NULL,
    PRIMARY KEY (day, org_no)
);
