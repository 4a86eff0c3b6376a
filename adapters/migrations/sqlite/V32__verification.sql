-- Homes whose bill is being verified, and who has taken a case up.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- No order is made for a home while it has a row here. The home by a keyed digest that finds nobody.
CREATE TABLE figure_hold (
    home_digest TEXT NOT NULL PRIMARY KEY,
    case_id     TEXT NOT NULL REFERENCES case_file (case_id),
    since       INTEGER NOT NULL,
    CONSTRAINT figure_hold_of_a_case UNIQUE (case_id)
) STRICT;

CREATE TABLE case_taking (
    case_id  TEXT NOT NULL PRIMARY KEY REFERENCES case_file (case_id),
    taken_by TEXT NOT NULL,
    taken_at INTEGER NOT NULL
) STRICT;
