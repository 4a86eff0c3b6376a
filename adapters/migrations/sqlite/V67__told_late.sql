-- Money that is late on its way back is told to its payer, once a line: when it was told.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.
ALTER TABLE payment_line ADD COLUMN told_late_at INTEGER;
