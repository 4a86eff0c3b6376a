-- What the SMS platform says became of a message, under the message's id.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.
CREATE TABLE text_report (
    message_id TEXT NOT NULL PRIMARY KEY,
    delivered  INTEGER NOT NULL CHECK (delivered IN (0, 1)),
    told_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX text_report_age ON text_report (told_at);
