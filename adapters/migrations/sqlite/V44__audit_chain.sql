-- Each line of the audit is linked to the one before it, after the unit that wrote it (domain.md C7).
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- Lines that have no link yet: written by the store itself with the line, so that no line is without.
CREATE TABLE audit_queue (
    seq      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    audit_id TEXT NOT NULL,
    CONSTRAINT audit_queue_unique UNIQUE (audit_id)
) STRICT;
INSERT INTO audit_queue (audit_id) SELECT audit_id FROM audit_line ORDER BY at, audit_id;
CREATE TRIGGER audit_line_queued AFTER INSERT ON audit_line
BEGIN INSERT INTO audit_queue (audit_id) VALUES (NEW.audit_id); END;

-- The chain. A link stays when its line has gone after its three years, so that the later ones still follow.
CREATE TABLE audit_link (
    place    INTEGER NOT NULL PRIMARY KEY,
    audit_id TEXT NOT NULL,
    at       INTEGER NOT NULL,
    digest   TEXT   NOT NULL,
    head     TEXT   NOT NULL,
    CONSTRAINT audit_link_unique UNIQUE (audit_id)
) STRICT;
CREATE TRIGGER audit_link_no_update BEFORE UPDATE ON audit_link
BEGIN SELECT RAISE(ABORT, 'append only: audit_link'); END;
CREATE TRIGGER audit_link_no_delete BEFORE DELETE ON audit_link
BEGIN SELECT RAISE(ABORT, 'append only: audit_link'); END;
