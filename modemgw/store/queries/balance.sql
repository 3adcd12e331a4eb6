-- What is known of the balances of SIMs.

-- fragment: columns
sim_id, amount, currency, read_at, valid_until, sms_left, asked_at, outcome, why, text,
doubted, failures, is_low

-- name: all
-- Every balance; a gateway has tens of cards.
SELECT
-- use: columns
  FROM sim_balance ORDER BY sim_id

-- name: put
-- The outcome of one asking, over what was known.
INSERT OR REPLACE INTO sim_balance (
-- use: columns
) VALUES (:sim_id, :amount, :currency, :read_at, :valid_until, :sms_left, :asked_at,
          :outcome, :why, :text, :doubted, :failures, :is_low)

-- name: add_reading
-- One amount that was believed.
INSERT OR REPLACE INTO balance_reading (sim_id, at, amount, currency)
VALUES (:sim_id, :at, :amount, :currency)

-- name: prune
-- Forget readings of a card beyond the newest ones.
DELETE FROM balance_reading
 WHERE sim_id = :sim_id
   AND at < (SELECT at FROM balance_reading
              WHERE sim_id = :sim_id ORDER BY at DESC LIMIT 1 OFFSET :kept)

-- name: readings
-- The readings of one card, newest first.
SELECT at, amount, currency FROM balance_reading
 WHERE sim_id = :sim_id ORDER BY at DESC LIMIT :limit
