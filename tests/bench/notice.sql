-- What the gateway asks of PostgreSQL for one notice, statement for statement, with the sizes of real rows: stored, read
-- back, its order looked at, and applied. Each pass is about an order drawn at random and writes rows of its own.
-- The name before each is the product's own: a house test holds its tables and columns to what stands under it there.
\set n random(1, 900)
\set id random(1, 9000000000000000)
SELECT payment_id, out_trade_no, consumer_index AS home FROM bench_order WHERE n = :n
\gset
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
-- inbox.RECEIVE
INSERT INTO inbox (source, message_id, raw, trace_id, received_at, state) VALUES ('alipay', 'bench' || :id::text, repeat('x', 1100), repeat('t', 32), 1795198579150721, 'received') ON CONFLICT (source, message_id) DO NOTHING;
COMMIT;
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
-- inbox.FIND
SELECT source, message_id, raw, trace_id, received_at, state FROM inbox WHERE source = 'alipay' AND message_id = 'bench' || :id::text;
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
-- payments.FIND_BY_NUMBER
SELECT payment_id, account_id, binding_id, session_id, purpose, via, out_trade_no, amount_fen, subject, shares, buyer, body, ticket, ticket_digest, created_at, expire_at, trace_id, lease_epoch, version, state, sends, answers, trade_no, minted_at, paid_at, closed_at, done_at, paid_fen, refund_reserved_fen, refunded_fen, suspense_fen, foreign_fen, foreign_used_fen, has_lock, frozen, watched, entered_at, turns, next_at, asked_at, shown_fen, shown_at FROM payment WHERE out_trade_no = :out_trade_no;
-- payment_rows.LINES
SELECT line_id, payment_id, line_no, binding_id, consumer_no, attempt, state, channel_txn_no, amount_fen, purpose, arrears_version, body, check_kind, sent_at, resends, not_found, not_found_at, want_refund, keep_as_prepayment, fenced, credited, let_go, voucher_refusals, sighting, mkt_txn_no, business_date, posted_at, frozen, entered_at, turns, next_at, asked_at, part_of, part_cause, told_late_at FROM payment_line WHERE payment_id = :payment_id ORDER BY line_no;
-- payment_rows.REFUNDS
SELECT refund_id, payment_id, line_id, out_request_no, cause, amount_fen, created_at, state, sent_at, empties, empty_since, empty_at, done_at, frozen, entered_at, turns, next_at, asked_at, by_bank_fen FROM payment_refund WHERE payment_id = :payment_id ORDER BY created_at, refund_id;
ROLLBACK;
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
-- payments.FIND
SELECT payment_id, account_id, binding_id, session_id, purpose, via, out_trade_no, amount_fen, subject, shares, buyer, body, ticket, ticket_digest, created_at, expire_at, trace_id, lease_epoch, version, state, sends, answers, trade_no, minted_at, paid_at, closed_at, done_at, paid_fen, refund_reserved_fen, refunded_fen, suspense_fen, foreign_fen, foreign_used_fen, has_lock, frozen, watched, entered_at, turns, next_at, asked_at, shown_fen, shown_at FROM payment WHERE payment_id = :payment_id;
-- payment_rows.LINES
SELECT line_id, payment_id, line_no, binding_id, consumer_no, attempt, state, channel_txn_no, amount_fen, purpose, arrears_version, body, check_kind, sent_at, resends, not_found, not_found_at, want_refund, keep_as_prepayment, fenced, credited, let_go, voucher_refusals, sighting, mkt_txn_no, business_date, posted_at, frozen, entered_at, turns, next_at, asked_at, part_of, part_cause, told_late_at FROM payment_line WHERE payment_id = :payment_id ORDER BY line_no;
-- payment_rows.REFUNDS
SELECT refund_id, payment_id, line_id, out_request_no, cause, amount_fen, created_at, state, sent_at, empties, empty_since, empty_at, done_at, frozen, entered_at, turns, next_at, asked_at, by_bank_fen FROM payment_refund WHERE payment_id = :payment_id ORDER BY created_at, refund_id;
-- payment_rows.VERSION
SELECT version FROM payment WHERE payment_id = :payment_id;
-- inbox.APPLY
UPDATE inbox SET state = 'applied', applied_at = 1795198579158134 WHERE source = 'alipay' AND message_id = 'bench' || :id::text AND state = 'received';
-- ledger.BOOKED
SELECT COUNT(*) AS n FROM ledger_entry WHERE fact = 'bench' || :id::text;
-- ledger.ADD_LINE
INSERT INTO ledger_line (entry_id, line_no, account, debit_fen, credit_fen) VALUES ('bench' || :id::text, 1, 'channel', 1000, 0);
-- ledger.ADD_LINE
INSERT INTO ledger_line (entry_id, line_no, account, debit_fen, credit_fen) VALUES ('bench' || :id::text, 2, 'clearing', 0, 1000);
-- ledger.CLOSE
INSERT INTO ledger_entry (entry_id, fact, payment_id, trace_id, posted_at, line_count, total_fen) VALUES ('bench' || :id::text, 'bench' || :id::text, :payment_id, repeat('t', 32), 1795198579158134, 2, 1000);
-- billing.OUTDATE
UPDATE figure SET outdated_at = 1795198579158134 WHERE home_index IN (:home, :home) AND (outdated_at IS NULL OR outdated_at < 1795198579158134);
-- outbox.ADD
INSERT INTO outbox (event_id, kind, ordering_key, body, trace_id, money, lane, created_at, available_at, attempts, lease_epoch, state) VALUES ('bench' || :id::text, 'bench.nudge', 'bench:' || :id::text, repeat('x', 110), repeat('t', 32), 1, 1, 1795198579158134, 9000000000000000, 0, 0, 'waiting');
-- evidence.ADD
INSERT INTO evidence_entry (entry_id, kind, body, recorded_at) VALUES ('bench' || :id::text, 'payments.paid', repeat('x', 360), 1795198579158134) ON CONFLICT (entry_id) DO NOTHING;
-- evidence.ADD_SALT
INSERT INTO evidence_salt (entry_id, salt, account_id) VALUES ('bench' || :id::text, repeat('s', 32), NULL);
-- evidence.ENQUEUE
INSERT INTO evidence_queue (entry_id) VALUES ('bench' || :id::text);
-- audit.ADD
INSERT INTO audit_line (audit_id, at, actor, act, subject, outcome, source, trace_id) VALUES ('bench' || :id::text, 1795198579158134, 'callback alipay', 'payments.paid', :payment_id, 'paid', '', repeat('t', 32));
-- payments.SIGHT
INSERT INTO payment_sighting (payment_id, machine, row_id, state, input, next_state, applied, times, first_seen_at, last_asked_at) VALUES (:payment_id, 'P', 'bench' || :id::text, 'PAYING', 'paid_equal', 'PAID', 1, 1, 1795198579158134, 1795198579000000) ON CONFLICT (payment_id, machine, row_id, state, input, next_state, applied) DO UPDATE SET times = payment_sighting.times + 1, last_asked_at = excluded.last_asked_at;
-- payment_writes.SAVE
UPDATE payment SET state = state, sends = sends, answers = answers, trade_no = trade_no, minted_at = minted_at, paid_at = paid_at, closed_at = closed_at, done_at = done_at, paid_fen = paid_fen, refund_reserved_fen = refund_reserved_fen, refunded_fen = refunded_fen, suspense_fen = suspense_fen, foreign_fen = foreign_fen, foreign_used_fen = foreign_used_fen, has_lock = has_lock, frozen = frozen, watched = watched, entered_at = entered_at, turns = turns, next_at = next_at, wake_at = wake_at, asked_at = asked_at, shown_fen = shown_fen, shown_at = shown_at, version = version + 1 WHERE payment_id = :payment_id;
-- payment_writes.LINE_SAVE
INSERT INTO payment_line (line_id, payment_id, line_no, binding_id, consumer_no, consumer_index, attempt, state, channel_txn_no, amount_fen, purpose, arrears_version, body, check_kind, sent_at, resends, not_found, not_found_at, want_refund, keep_as_prepayment, fenced, credited, let_go, voucher_refusals, sighting, mkt_txn_no, business_date, posted_at, frozen, entered_at, turns, next_at, asked_at, part_of, part_cause, told_late_at) SELECT line_id, payment_id, line_no, binding_id, consumer_no, consumer_index, attempt, state, channel_txn_no, amount_fen, purpose, arrears_version, body, check_kind, sent_at, resends, not_found, not_found_at, want_refund, keep_as_prepayment, fenced, credited, let_go, voucher_refusals, sighting, mkt_txn_no, business_date, posted_at, frozen, entered_at, turns, next_at, asked_at, part_of, part_cause, told_late_at FROM payment_line WHERE payment_id = :payment_id ON CONFLICT (line_id) DO UPDATE SET line_no = excluded.line_no, binding_id = excluded.binding_id, consumer_no = excluded.consumer_no, consumer_index = excluded.consumer_index, attempt = excluded.attempt, state = excluded.state, channel_txn_no = excluded.channel_txn_no, amount_fen = excluded.amount_fen, purpose = excluded.purpose, arrears_version = excluded.arrears_version, body = excluded.body, check_kind = excluded.check_kind, sent_at = excluded.sent_at, resends = excluded.resends, not_found = excluded.not_found, not_found_at = excluded.not_found_at, want_refund = excluded.want_refund, keep_as_prepayment = excluded.keep_as_prepayment, fenced = excluded.fenced, credited = excluded.credited, let_go = excluded.let_go, voucher_refusals = excluded.voucher_refusals, sighting = excluded.sighting, mkt_txn_no = excluded.mkt_txn_no, business_date = excluded.business_date, posted_at = excluded.posted_at, frozen = excluded.frozen, entered_at = excluded.entered_at, turns = excluded.turns, next_at = excluded.next_at, asked_at = excluded.asked_at, told_late_at = excluded.told_late_at;
COMMIT;
