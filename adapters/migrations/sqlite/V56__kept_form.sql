-- What one of the staff had typed into a form of the console when their session was over (LN-55): the last form of each.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.
CREATE TABLE kept_form (
    staff_id TEXT NOT NULL PRIMARY KEY REFERENCES staff (staff_id),
    body     TEXT NOT NULL,
    kept_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX kept_form_age ON kept_form (kept_at);
