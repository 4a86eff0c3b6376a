-- What the channel showed as given back, and what of a refund a bank paid, which the channel never shows.
-- Same file name, tables, columns and nullability as the SQLite folder.

ALTER TABLE payment ADD COLUMN shown_fen BIGINT NOT NULL DEFAULT 0 CHECK (shown_fen >= 0);
ALTER TABLE payment ADD COLUMN shown_at BIGINT;
ALTER TABLE payment_refund ADD COLUMN by_bank_fen BIGINT NOT NULL DEFAULT 0 CHECK (by_bank_fen >= 0);
