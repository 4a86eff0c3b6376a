-- People at the on-line State Grid user system.
-- Same file name, tables, columns and nullability as the SQLite folder.

-- One more thing a person may agree to. The list of purposes is the program's: an unknown one is an alarm when it is read.
ALTER TABLE consent DROP CONSTRAINT consent_purpose_check;

-- No reference to the account: what is held elsewhere is withdrawn even when the account is gone.
CREATE TABLE gathering (
    account_id    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    epoch         BIGINT NOT NULL CHECK (epoch >= 1),
    unsure        BIGINT NOT NULL CHECK (unsure IN (0, 1)),
    gone          BIGINT NOT NULL CHECK (gone IN (0, 1)),
    check_every_s BIGINT NOT NULL CHECK (check_every_s > 0),
    check_at      BIGINT NOT NULL
);
CREATE INDEX gathering_due ON gathering (check_at, account_id) WHERE gone = 0 OR unsure = 1;
