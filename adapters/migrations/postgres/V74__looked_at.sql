-- The payout that tripped the brake: what two persons look at before they let payouts go on (money.md G7). Of a trip from
-- before this column nobody knows which it was: released, it looks at none.
-- Same file name, tables, columns and nullability as the SQLite folder.
ALTER TABLE payout_trip ADD COLUMN trade_task_id TEXT COLLATE "C";

-- What now goes with the personal data table of a cooperation that ends (docs/adr/0017), of those that ended before. What a
-- notice says is sealed: those of whoever sells nothing any more go, under each account of theirs, and whoever sells again
-- keeps theirs until that ends.
DELETE FROM notice WHERE kind IN ('check_task', 'check_reminder', 'review_upheld', 'review_corrected', 'paid_out',
    'payout_returned', 'payout_refused') AND account_id IN (
    WITH ended AS (
        SELECT COALESCE(a.merged_into, a.account_id) AS person FROM generation_account g
        JOIN account a ON a.account_id = g.account_id GROUP BY COALESCE(a.merged_into, a.account_id)
        HAVING COUNT(CASE WHEN g.state <> 'terminated' THEN 1 END) = 0
    )
    SELECT person FROM ended
    UNION SELECT o.account_id FROM ended JOIN account o ON o.merged_into = ended.person
);
-- The salts that open what was proven of the payees of erased tables.
DELETE FROM evidence_salt WHERE entry_id IN (
    WITH seller AS (
        SELECT DISTINCT COALESCE(a.merged_into, a.account_id) AS person FROM personal_table t
        JOIN generation_account g ON g.generation_account_id = t.generation_account_id
        JOIN account a ON a.account_id = g.account_id WHERE t.state = 'erased'
    ), owner_account AS (
        SELECT person AS account_id FROM seller
        UNION SELECT o.account_id FROM seller JOIN account o ON o.merged_into = seller.person
    )
    SELECT s.entry_id FROM owner_account w JOIN evidence_salt s ON s.account_id = w.account_id
    JOIN evidence_entry e ON e.entry_id = s.entry_id
    JOIN personal_table t ON t.table_id = e.body::json ->> 'table_id'
    WHERE e.kind IN ('generation.permitted', 'generation.payee_changed') AND t.state = 'erased'
);
