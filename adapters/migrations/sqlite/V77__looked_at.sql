-- The payout that tripped the brake: what two persons look at before they let payouts go on (money.md G7). Of a trip from
-- before this column nobody knows which it was: released, it looks at none.
-- Same file name, tables, columns and nullability as the PostgreSQL folder.
ALTER TABLE payout_trip ADD COLUMN trade_task_id TEXT;
