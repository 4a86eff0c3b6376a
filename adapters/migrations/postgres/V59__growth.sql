-- What is purged, erased, exported and looked at in turn is found by an index, however much there is of it; and when the
-- timed look for changes of holder came by a home, whether or not there was anything to look at.
-- Same file name, tables, columns and nullability as the SQLite folder.
CREATE INDEX notice_age ON notice (created_at);
CREATE INDEX binding_grant_over ON binding_grant (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX binding_grant_any_of_home ON binding_grant (home_index);
CREATE INDEX binding_grant_any_by_holder ON binding_grant (holder_binding_id);
CREATE INDEX binding_any_with_grant ON binding (grant_id) WHERE grant_id IS NOT NULL;
-- SQLite lost these two when migration 14 made the table anew; PostgreSQL has them still.
DROP INDEX IF EXISTS consent_of_account;
CREATE INDEX consent_of_account ON consent (account_id, given_at);
DROP INDEX IF EXISTS consent_over;
CREATE INDEX consent_over ON consent (withdrawn_at) WHERE withdrawn_at IS NOT NULL;
CREATE INDEX oauth_start_expiry ON oauth_start (expires_at);
CREATE INDEX outbox_in_line ON outbox (seq) WHERE state = 'waiting';
CREATE INDEX account_merge_over ON account_merge (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX account_merge_into ON account_merge (into_account_id);
CREATE INDEX account_merge_from ON account_merge (from_account_id) WHERE from_account_id IS NOT NULL;
CREATE INDEX erasure_of_account ON erasure (account_id);
CREATE INDEX binding_grant_accepted_by ON binding_grant (accepted_by) WHERE accepted_by IS NOT NULL;
CREATE INDEX erasure_over ON erasure (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX function_proposal_age ON function_proposal (decided_at) WHERE decided_at IS NOT NULL;
CREATE INDEX certification_of_account ON certification (account_id);
CREATE INDEX archive_filling_of_account ON archive_filling (account_id);
CREATE INDEX energy_version_of_account ON energy_version (generation_account_id);
CREATE INDEX personal_table_of_account ON personal_table (generation_account_id);
CREATE INDEX audit_line_by ON audit_line (actor, at);
CREATE INDEX generation_account_keyless ON generation_account (next_at, generation_account_id) WHERE state = 'keyless';
ALTER TABLE binding_home ADD COLUMN swept_at BIGINT NOT NULL DEFAULT 0;
UPDATE binding_home SET swept_at = looked_at;
CREATE INDEX binding_home_swept ON binding_home (swept_at);
