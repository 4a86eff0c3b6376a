-- Of which person an entry of the staff is, and through whose hands its proofs went (money.md 3.11). Whoever was there before
-- has their login for a number, and proofs that the machine's operator vouches for.
-- Same file name, tables, columns and nullability as the SQLite folder.
ALTER TABLE staff ADD COLUMN person_id TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE staff ADD COLUMN proofs_by TEXT COLLATE "C" NOT NULL DEFAULT 'command_line';
ALTER TABLE staff ADD COLUMN confirmed_by TEXT COLLATE "C";
UPDATE staff SET person_id = login, confirmed_by = 'command_line';
-- A node of the release before this one still adds entries without a number meanwhile: their login is read for one.
CREATE UNIQUE INDEX staff_person ON staff (lower(person_id)) WHERE ended_at IS NULL AND person_id <> '';
-- Handing over the codes weighs as much as making the password.
DROP INDEX audit_line_weighty;
CREATE INDEX audit_line_weighty ON audit_line (at, audit_id)
    WHERE act IN ('bans.lift', 'jobs.run_now', 'operators.add', 'operators.change', 'operators.confirm', 'operators.end',
        'operators.reset');
