-- The queue of payouts as all nodes have it: its weights, and what a unit that sends one waits for another at.
-- Same file name, tables, columns and nullability as the SQLite folder.
CREATE TABLE payout_queue (
    one             BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    weights_version BIGINT NOT NULL CHECK (weights_version >= 0),
    wait_per_s      BIGINT NOT NULL CHECK (wait_per_s >= 0),
    amount_per_fen  BIGINT NOT NULL CHECK (amount_per_fen >= 0)
);
INSERT INTO payout_queue (one, weights_version, wait_per_s, amount_per_fen) VALUES (1, 0, 1, 1);
