-- What the relay gave up before it was said what becomes of it.
-- Same file name, tables, columns and nullability as the SQLite folder.

-- Requests that never reached marketing are handed over anew, two days after they were filed. Microseconds.
UPDATE service_request SET next_at = filed_at + 172800000000
    WHERE next_at IS NULL AND order_no IS NULL AND state = 'filed' AND (staff_check IS NULL OR staff_check = 'admitted');
-- Only what is about money keeps its body when it is given up.
UPDATE outbox SET body = '' WHERE state = 'dead' AND money = 0;
