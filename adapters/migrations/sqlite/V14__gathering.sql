-- People at the on-line State Grid user system.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- One more thing a person may agree to. The list of purposes is the program's: an unknown one is an alarm when it is read.
DROP INDEX consent_one_live;
ALTER TABLE consent RENAME TO consent_of_three;
CREATE TABLE consent (
    consent_id   TEXT NOT NULL PRIMARY KEY,
    account_id   TEXT NOT NULL REFERENCES account (account_id),
    purpose      TEXT NOT NULL,
    version      TEXT NOT NULL,
    text_hash    TEXT NOT NULL,
    given_at     INTEGER NOT NULL,
    withdrawn_at INTEGER
) STRICT;
INSERT INTO consent (consent_id, account_id, purpose, version, text_hash, given_at, withdrawn_at)
    SELECT consent_id, account_id, purpose, version, text_hash, given_at, withdrawn_at FROM consent_of_three;
DROP TABLE consent_of_three;
CREATE UNIQUE INDEX consent_one_live ON consent (account_id, purpose) WHERE withdrawn_at IS NULL;

-- No reference to the account: what is held elsewhere is withdrawn even when the account is gone.
CREATE TABLE gathering (
    account_id    TEXT NOT NULL PRIMARY KEY,
    epoch         INTEGER NOT NULL CHECK (epoch >= 1),
    unsure        INTEGER NOT NULL CHECK (unsure IN (0, 1)),
    gone          INTEGER NOT NULL CHECK (gone IN (0, 1)),
    check_every_s INTEGER NOT NULL CHECK (check_every_s > 0),
    check_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX gathering_due ON gathering (check_at, account_id) WHERE gone = 0 OR unsure = 1;
