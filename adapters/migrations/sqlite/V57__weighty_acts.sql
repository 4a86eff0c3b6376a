-- What the console's first page shows of the audit (money.md 3.11), found without reading a day of it.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.
CREATE INDEX audit_line_weighty ON audit_line (at, audit_id)
    WHERE act IN ('bans.lift', 'jobs.run_now', 'operators.add', 'operators.change', 'operators.end', 'operators.reset');
