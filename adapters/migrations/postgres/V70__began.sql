-- The run that began next after one that was killed is found at once, however many there were.
-- Same file name, tables, columns and nullability as the SQLite folder.
CREATE INDEX access_run_began ON access_run (began_at);
