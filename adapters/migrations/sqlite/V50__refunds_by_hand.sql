-- A refund that two persons said was paid by hand is not among what the channel shows; what the channel shows
-- instead of refunds it refused is kept beside it.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

ALTER TABLE payment_refund ADD COLUMN by_hand INTEGER NOT NULL DEFAULT 0 CHECK (by_hand IN (0, 1));
ALTER TABLE payment ADD COLUMN instead_fen INTEGER NOT NULL DEFAULT 0 CHECK (instead_fen >= 0);
