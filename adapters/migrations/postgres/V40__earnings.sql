-- What a credited line earned in points: they can be exchanged seven days later, and go back with the money.
-- Same file name, tables, columns and nullability as the SQLite folder.

CREATE TABLE points_earning (
    payment_id   TEXT COLLATE "C" NOT NULL,
    line_no      BIGINT NOT NULL CHECK (line_no BETWEEN 1 AND 99),
    account_id   TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    amount_fen   BIGINT NOT NULL CHECK (amount_fen > 0),
    refunded_fen BIGINT NOT NULL,
    points       BIGINT NOT NULL CHECK (points > 0),
    taken        BIGINT NOT NULL,
    vests_at     BIGINT NOT NULL,
    PRIMARY KEY (payment_id, line_no),
    CONSTRAINT points_earning_refunded CHECK (refunded_fen BETWEEN 0 AND amount_fen),
    CONSTRAINT points_earning_taken CHECK (taken BETWEEN 0 AND points)
);
CREATE INDEX points_earning_of ON points_earning (account_id, vests_at);
