-- The orders that notice.sql is about, numbered so that pgbench can draw one.
CREATE UNLOGGED TABLE bench_order AS
    SELECT row_number() OVER (ORDER BY p.payment_id) AS n, p.payment_id, p.out_trade_no, l.consumer_index
    FROM payment p JOIN payment_line l ON l.payment_id = p.payment_id;
ALTER TABLE bench_order ADD PRIMARY KEY (n);
ANALYZE bench_order;
