-- What the channel showed as given back, and what of a refund a bank paid, which the channel never shows.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

ALTER TABLE payment ADD COLUMN shown_fen INTEGER NOT NULL DEFAULT 0 CHECK (shown_fen >= 0);
ALTER TABLE payment ADD COLUMN shown_at INTEGER;
ALTER TABLE payment_refund ADD COLUMN by_bank_fen INTEGER NOT NULL DEFAULT 0 CHECK (by_bank_fen >= 0);
