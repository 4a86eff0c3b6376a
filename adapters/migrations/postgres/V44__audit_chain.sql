-- Each line of the audit is linked to the one before it, after the unit that wrote it (domain.md C7).
-- Same file name, tables, columns and nullability as the SQLite folder.

-- Lines that have no link yet: written by the store itself with the line, so that no line is without.
CREATE TABLE audit_queue (
    seq      BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    audit_id TEXT COLLATE "C" NOT NULL,
    CONSTRAINT audit_queue_unique UNIQUE (audit_id)
);
INSERT INTO audit_queue (audit_id) SELECT audit_id FROM audit_line ORDER BY at, audit_id;
CREATE FUNCTION queue_audit_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_queue (audit_id) VALUES (NEW.audit_id);
    RETURN NULL;
END $$;
CREATE TRIGGER audit_line_queued AFTER INSERT ON audit_line
    FOR EACH ROW EXECUTE FUNCTION queue_audit_line();

-- The chain. A link stays when its line has gone after its three years, so that the later ones still follow.
CREATE TABLE audit_link (
    place    BIGINT NOT NULL PRIMARY KEY,
    audit_id TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL,
    digest   TEXT   NOT NULL,
    head     TEXT   NOT NULL,
    CONSTRAINT audit_link_unique UNIQUE (audit_id)
);
CREATE TRIGGER audit_link_fixed BEFORE UPDATE OR DELETE ON audit_link
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_link_kept BEFORE TRUNCATE ON audit_link
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
