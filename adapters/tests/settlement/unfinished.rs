//! What of a history is not final.

use lifeline_adapters::sql::Bench;

/// What is owed a turn, by its kind, state and why: a payout that stays held is one that somebody was told of.
const UNFINISHED: &str = "SELECT 'check_task ' || state FROM check_task WHERE state IN ('OPEN', 'IN_REVIEW') UNION ALL \
    SELECT 'trade_task ' || state || CASE frozen WHEN 1 THEN ' frozen' ELSE '' END \
    FROM trade_task t WHERE state NOT IN ('PAID', 'WITHDRAWN') AND NOT EXISTS \
    (SELECT 1 FROM case_file c WHERE c.cause IN ('settlement:earlier_payout:' || t.trade_task_id, \
    'settlement:nobody_to_pay:' || t.trade_task_id)) UNION ALL \
    SELECT 'energy_version ' || data_version FROM energy_version WHERE state = 'collected' AND days IS NOT NULL";

/// What is not final; nothing when all is.
pub(crate) fn unfinished(bench: &Bench) -> String {
    bench.look(|db| {
        let mut all = db.prepare(UNFINISHED).unwrap();
        let rows = all.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().join(", ")
    })
}
