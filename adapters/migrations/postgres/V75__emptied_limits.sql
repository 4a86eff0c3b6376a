-- Emptying a limit takes a code, as every act that weighs (LN-39).
-- Same file name, tables, columns and nullability as the SQLite folder.
DROP INDEX audit_line_weighty;
CREATE INDEX audit_line_weighty ON audit_line (at, audit_id)
    WHERE act IN ('bans.lift', 'jobs.run_now', 'limits.clear', 'operators.add', 'operators.change', 'operators.confirm',
        'operators.end', 'operators.reset');
