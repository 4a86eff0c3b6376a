-- Orders that pay several homes.
-- Same file name, tables, columns and nullability as the SQLite folder.

-- The homes of an order, so that it is found under each of them.
CREATE TABLE payment_home (
    binding_id TEXT COLLATE "C" NOT NULL,
    payment_id TEXT COLLATE "C" NOT NULL REFERENCES payment (payment_id),
    PRIMARY KEY (binding_id, payment_id)
);
CREATE INDEX payment_home_of_payment ON payment_home (payment_id);
INSERT INTO payment_home (binding_id, payment_id) SELECT binding_id, payment_id FROM payment;
