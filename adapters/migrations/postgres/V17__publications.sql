-- Public information in all its editions, what finds it, and its pictures.
-- Same file name, tables, columns and nullability as the SQLite folder.

CREATE TABLE publication (
    publication_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    slug           TEXT COLLATE "C" NOT NULL,
    kind           TEXT COLLATE "C" NOT NULL,
    region         TEXT COLLATE "C" NOT NULL,
    live           BIGINT,
    newest         BIGINT NOT NULL CHECK (newest >= 1),
    -- While an edition is live: from when to when it is shown, and where it stands in lists.
    shown_from     BIGINT,
    shown_to       BIGINT,
    sort_key       TEXT COLLATE "C",
    changed_at     BIGINT NOT NULL,
    -- Where it stands on the desk: the last changed first.
    desk_key       TEXT COLLATE "C" NOT NULL,
    version        BIGINT NOT NULL CHECK (version >= 1),
    CONSTRAINT publication_slug_unique UNIQUE (slug),
    CONSTRAINT publication_shown CHECK ((live IS NULL) = (shown_from IS NULL) AND (live IS NULL) = (sort_key IS NULL))
);
CREATE INDEX publication_on_shelf ON publication (kind, sort_key) WHERE live IS NOT NULL;
CREATE INDEX publication_on_desk ON publication (desk_key);

-- `blocks` and `facts` are JSON of the program's own types; `authors` are those who may not publish it.
CREATE TABLE publication_edition (
    publication_id TEXT COLLATE "C" NOT NULL REFERENCES publication (publication_id),
    number         BIGINT NOT NULL CHECK (number >= 1),
    state          TEXT NOT NULL CHECK (state IN ('draft', 'in_review', 'live', 'superseded', 'withdrawn')),
    title          TEXT NOT NULL,
    summary        TEXT NOT NULL,
    blocks         TEXT NOT NULL,
    facts          TEXT NOT NULL,
    shown_from     BIGINT NOT NULL,
    shown_to       BIGINT,
    authors        TEXT NOT NULL,
    written_at     BIGINT NOT NULL,
    decided_by     TEXT,
    decided_at     BIGINT,
    reason         TEXT,
    version        BIGINT NOT NULL CHECK (version >= 1),
    PRIMARY KEY (publication_id, number),
    CONSTRAINT edition_window CHECK (shown_to IS NULL OR shown_to > shown_from),
    CONSTRAINT edition_decided CHECK ((decided_by IS NULL) OR (decided_at IS NOT NULL))
);
CREATE UNIQUE INDEX publication_edition_one_live ON publication_edition (publication_id) WHERE state = 'live';
CREATE UNIQUE INDEX publication_edition_one_open ON publication_edition (publication_id) WHERE state IN ('draft', 'in_review');

-- What finds the live edition: terms of its text; offices of an outage.
CREATE TABLE publication_term (
    term           TEXT COLLATE "C" NOT NULL,
    publication_id TEXT COLLATE "C" NOT NULL REFERENCES publication (publication_id),
    PRIMARY KEY (term, publication_id)
);
CREATE INDEX publication_term_of ON publication_term (publication_id);
CREATE TABLE publication_office (
    org_no         TEXT COLLATE "C" NOT NULL,
    publication_id TEXT COLLATE "C" NOT NULL REFERENCES publication (publication_id),
    PRIMARY KEY (org_no, publication_id)
);
CREATE INDEX publication_office_of ON publication_office (publication_id);

CREATE TABLE picture (
    picture_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    media_type TEXT NOT NULL,
    width      BIGINT NOT NULL CHECK (width >= 1),
    height     BIGINT NOT NULL CHECK (height >= 1),
    body       BYTEA NOT NULL,
    added_by   TEXT NOT NULL,
    added_at   BIGINT NOT NULL
);
