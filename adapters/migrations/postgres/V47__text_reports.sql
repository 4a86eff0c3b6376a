-- What the SMS platform says became of a message, under the message's id.
-- Same file name, tables, columns and nullability as the SQLite folder.
CREATE TABLE text_report (
    message_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    delivered  BIGINT NOT NULL CHECK (delivered IN (0, 1)),
    told_at    BIGINT NOT NULL
);
CREATE INDEX text_report_age ON text_report (told_at);
