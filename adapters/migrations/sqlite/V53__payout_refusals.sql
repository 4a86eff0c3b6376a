-- How often the platform refused a payout, and what stayed with its payee when the bank gave only a part of it back.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.

ALTER TABLE trade_task ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0 CHECK (refusals >= 0);
ALTER TABLE trade_task ADD COLUMN kept_fen INTEGER NOT NULL DEFAULT 0 CHECK (kept_fen >= 0);
