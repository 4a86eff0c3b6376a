-- What the gateway asks of PostgreSQL for one notice, statement for statement, with the sizes of real rows: stored, read
-- back, its order looked at, and applied. Each pass is about an order drawn at random and writes rows of its own.
\set n random(1, 900)
\set id random(1, 9000000000000000)
SELECT payment_id, out_trade_no, consumer_index AS home FROM bench_order WHERE n = :n
\gset
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
INSERT INTO inbox (source, message_id, raw, trace_id, received_at, state) VALUES ('alipay', 'bench' || :id::text, repeat('x', 1100), repeat('t', 32), 1795198579150721, 'received') ON CONFLICT (source, message_id) DO NOTHING;
COMMIT;
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SELECT source, message_id, raw, trace_id, received_at, state FROM inbox WHERE source = 'alipay' AND message_id = 'bench' || :id::text;
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT * FROM payment WHERE out_trade_no = :out_trade_no;
SELECT * FROM payment_line WHERE payment_id = :payment_id ORDER BY line_no;
SELECT * FROM payment_refund WHERE payment_id = :payment_id ORDER BY created_at, refund_id;
ROLLBACK;
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SELECT * FROM payment WHERE payment_id = :payment_id;
SELECT * FROM payment_line WHERE payment_id = :payment_id ORDER BY line_no;
SELECT * FROM payment_refund WHERE payment_id = :payment_id ORDER BY created_at, refund_id;
UPDATE inbox SET state = 'applied', applied_at = 1795198579158134 WHERE source = 'alipay' AND message_id = 'bench' || :id::text AND state = 'received';
SELECT COUNT(*) AS n FROM ledger_entry WHERE fact = 'bench' || :id::text;
INSERT INTO ledger_line (entry_id, line_no, account, debit_fen, credit_fen) VALUES ('bench' || :id::text, 1, 'channel', 1000, 0);
INSERT INTO ledger_line (entry_id, line_no, account, debit_fen, credit_fen) VALUES ('bench' || :id::text, 2, 'clearing', 0, 1000);
INSERT INTO ledger_entry (entry_id, fact, payment_id, trace_id, posted_at, line_count, total_fen) VALUES ('bench' || :id::text, 'bench' || :id::text, :payment_id, repeat('t', 32), 1795198579158134, 2, 1000);
UPDATE figure SET outdated_at = 1795198579158134 WHERE home_index IN (:home, :home) AND (outdated_at IS NULL OR outdated_at < 1795198579158134);
INSERT INTO outbox (event_id, kind, ordering_key, body, trace_id, money, created_at, available_at, attempts, lease_epoch, state) VALUES ('bench' || :id::text, 'bench.nudge', 'bench:' || :id::text, repeat('x', 110), repeat('t', 32), 1, 1795198579158134, 9000000000000000, 0, 0, 'waiting');
INSERT INTO evidence_entry (entry_id, kind, body, recorded_at) VALUES ('bench' || :id::text, 'payments.paid', repeat('x', 360), 1795198579158134) ON CONFLICT (entry_id) DO NOTHING;
INSERT INTO evidence_salt (entry_id, salt) VALUES ('bench' || :id::text, repeat('s', 32));
INSERT INTO evidence_queue (entry_id) VALUES ('bench' || :id::text);
INSERT INTO audit_line (audit_id, at, actor, act, subject, outcome, source, trace_id) VALUES ('bench' || :id::text, 1795198579158134, 'callback alipay', 'payments.paid', :payment_id, 'paid', '', repeat('t', 32));
INSERT INTO payment_sighting (payment_id, machine, row_id, state, input, next_state, applied, times, first_seen_at, last_asked_at) VALUES (:payment_id, 'P', 'bench' || :id::text, 'PAYING', 'paid_equal', 'PAID', 1, 1, 1795198579158134, 1795198579000000) ON CONFLICT (payment_id, machine, row_id, state, input, next_state, applied) DO UPDATE SET times = payment_sighting.times + 1, last_asked_at = excluded.last_asked_at;
UPDATE payment SET state = state, trade_no = trade_no, paid_at = paid_at, paid_fen = paid_fen, watched = watched, turns = turns, asked_at = asked_at, version = version + 1 WHERE payment_id = :payment_id;
INSERT INTO payment_line SELECT * FROM payment_line WHERE payment_id = :payment_id ON CONFLICT (line_id) DO UPDATE SET state = excluded.state, channel_txn_no = excluded.channel_txn_no, body = excluded.body, check_kind = excluded.check_kind, entered_at = excluded.entered_at, turns = excluded.turns, next_at = excluded.next_at, asked_at = excluded.asked_at;
COMMIT;
