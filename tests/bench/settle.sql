-- The bound: what one statement takes for the sums of as many months, with nothing sealed, proven or told.
CREATE UNLOGGED TABLE reading AS
    SELECT seller, day, slot, generated, generated * (hashint8(seller * 7 + day) & 1023) / 1024 AS fed_in
    FROM (SELECT s AS seller, d AS day, p AS slot, (hashint8(s * 64 + d * 2 + p) & 524287)::bigint AS generated
          FROM generate_series(1::bigint, :sellers) s, generate_series(1, 31) d, generate_series(0, 1) p) readings;
ANALYZE reading;
CREATE TABLE settled (seller bigint PRIMARY KEY, gross bigint, tax bigint, subsidy bigint, net bigint);
\timing on
INSERT INTO settled
    SELECT seller, gross, tax, subsidy, gross - tax + subsidy FROM (
        SELECT seller, gross, subsidy, CASE WHEN gross <= 40000 THEN 0 ELSE round(gross / 100) END AS tax FROM (
            SELECT seller,
                sum(round(sold * CASE slot WHEN 0 THEN CASE WHEN later THEN 31270001 ELSE 30350000 END
                    ELSE CASE WHEN later THEN 17650009 ELSE 18210000 END END / 10000000000)) AS gross,
                sum(round(made * 3000000 / 10000000000)) AS subsidy
            FROM (SELECT seller, slot, day >= 16 AS later, sum(fed_in) AS sold, sum(generated) AS made
                  FROM reading GROUP BY 1, 2, 3) lines GROUP BY 1) months) taxed;
\timing off
