-- PINs that were tried at a card; see schema.sql, pin_latch.

-- name: of_card
-- What went out to one card, in salted hashes.
SELECT card, salt, hash, refused FROM pin_latch WHERE card = :card

-- name: latch
-- A PIN goes out, or was refused. A refusal is never taken back by this.
INSERT INTO pin_latch (card, salt, hash, refused, tried_at)
VALUES (:card, :salt, :hash, :refused, :at)
ON CONFLICT (card, hash) DO UPDATE SET refused = max(refused, excluded.refused)

-- name: forget
-- A card is ready: what went out to it with an unknown outcome was right.
DELETE FROM pin_latch WHERE card = :card AND refused = 0

-- name: forget_one
-- A PIN has just made its card ready: nothing is held against it.
DELETE FROM pin_latch WHERE card = :card AND hash = :hash
