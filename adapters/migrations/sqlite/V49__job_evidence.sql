-- Which line of the evidence tells of a timed task's last turn.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

ALTER TABLE job ADD COLUMN last_evidence TEXT;
