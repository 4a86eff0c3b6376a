-- What was told about a payment is found by the payment, to whomever it was told, and not among all notices of somebody.
-- Same file name, tables, columns and nullability as the SQLite folder.
CREATE INDEX notice_of_payment ON notice (payment_id) WHERE payment_id IS NOT NULL;
-- Offers to the archive that it has not answered are few among those that it has.
CREATE INDEX archive_filling_asked ON archive_filling (asked_at) WHERE state = 'asked';
