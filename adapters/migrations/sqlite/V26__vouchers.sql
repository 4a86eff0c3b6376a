-- A refused refund voucher is refused for ever: the next claim asks under another number.
ALTER TABLE payment_line
    ADD COLUMN voucher_refusals INTEGER NOT NULL DEFAULT 0 CHECK (voucher_refusals >= 0);
