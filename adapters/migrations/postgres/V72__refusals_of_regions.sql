-- Requests that were not done stand with the region of their person's home, as the counts do, so that a figure of one region
-- leads to its own. `-`: no home is linked, or the request was noted before this.
-- Same file name, tables, columns and nullability as the SQLite folder.
ALTER TABLE access_refusal ADD COLUMN region TEXT COLLATE "C" NOT NULL DEFAULT '-';
