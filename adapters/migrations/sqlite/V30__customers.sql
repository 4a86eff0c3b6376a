-- Who saw what of a customer in clear.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

CREATE TABLE unmasking (
    unmasking_id TEXT NOT NULL PRIMARY KEY,
    staff_id     TEXT NOT NULL REFERENCES staff (staff_id),
    account_id   TEXT NOT NULL REFERENCES account (account_id),
    field        TEXT NOT NULL CHECK (field IN ('name', 'id_no', 'phone', 'consumer_no')),
    binding_id   TEXT,
    reason       TEXT NOT NULL CHECK (length(reason) BETWEEN 4 AND 500),
    at           INTEGER NOT NULL,
    CONSTRAINT unmasking_of_a_home CHECK ((field = 'consumer_no') = (binding_id IS NOT NULL))
) STRICT;
CREATE INDEX unmasking_by ON unmasking (staff_id, at);
CREATE INDEX unmasking_of ON unmasking (account_id, at);
CREATE INDEX unmasking_at ON unmasking (at);
