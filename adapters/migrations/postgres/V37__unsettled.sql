-- What is not settled is gone through table by table, so that months which cannot be settled hold up no others.

DROP INDEX energy_version_unsettled;
CREATE INDEX energy_version_collected ON energy_version (table_id, period) WHERE state = 'collected';
