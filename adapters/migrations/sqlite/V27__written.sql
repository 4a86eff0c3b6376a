-- Phones that may be in the archive because they came from here.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

-- Home and phone of an offer by one keyed digest: it says nothing and finds nobody, and so may outlive the offer,
-- its link and its person. Only so does the phone still prove nothing after they are gone.
CREATE TABLE archive_writing (
    filling_id  TEXT NOT NULL PRIMARY KEY,
    pair_digest TEXT NOT NULL
) STRICT;
CREATE INDEX archive_writing_pair ON archive_writing (pair_digest);
