-- A part of a posted line that goes back by itself: the line it was split from, and the one cause it was split
-- for. And what two persons decide may name parts.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

ALTER TABLE payment_line ADD COLUMN part_of TEXT REFERENCES payment_line (line_id);
ALTER TABLE payment_line ADD COLUMN part_cause TEXT CHECK ((part_cause IS NULL) = (part_of IS NULL));
CREATE UNIQUE INDEX payment_line_part_cause ON payment_line (part_cause) WHERE part_cause IS NOT NULL;

ALTER TABLE case_proposal ADD COLUMN parts TEXT NOT NULL DEFAULT '';
