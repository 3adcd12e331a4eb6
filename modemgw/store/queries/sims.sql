-- SIM cards and what each has sent.

-- fragment: columns
id, identity, iccid, imsi, name, number, modem, first_seen_at, last_seen_at

-- name: by_identity
-- The card with this identity.
SELECT
-- use: columns
  FROM sim WHERE identity = :identity

-- name: by_imsi
-- The card last seen with this subscription, whatever it is known by.
-- scan: a gateway has tens of cards, and asks when one is put in
SELECT
-- use: columns
  FROM sim WHERE imsi = :imsi ORDER BY last_seen_at DESC LIMIT 1

-- name: get
-- One card by its row id.
SELECT
-- use: columns
  FROM sim WHERE id = :id

-- name: by_name
-- One card by its name.
SELECT
-- use: columns
  FROM sim WHERE name = :name

-- name: list
-- All cards ever seen, in the order of their names.
SELECT
-- use: columns
  FROM sim ORDER BY name

-- name: insert
-- A card seen for the first time.
INSERT INTO sim
       (identity, iccid, imsi, name, number, modem, first_seen_at, last_seen_at)
VALUES (:identity, :iccid, :imsi, :name, :number, :modem, :now, :now)

-- name: update
-- What is known of a card now; an identity only ever gets better.
UPDATE sim
   SET identity = :identity, iccid = :iccid, imsi = :imsi, name = :name,
       number = :number, modem = :modem, last_seen_at = :now
 WHERE id = :id

-- name: rename
-- Give a card another name, because the configuration gave its own away.
UPDATE sim SET name = :name WHERE id = :id

-- name: note_reference
-- What a reading of EF_SMSS says of the modem that keeps it, or does not.
INSERT INTO card_reference (sim_id, imei, held, missed)
VALUES (:sim_id, :imei, :held, NOT :held)
ON CONFLICT (sim_id, imei) DO UPDATE
   SET held = CASE WHEN :held THEN held + 1 ELSE 0 END, missed = missed + NOT :held;

-- name: reference_trust
-- How one modem keeps the last reference of one card.
SELECT held, missed FROM card_reference WHERE sim_id = :sim_id AND imei = :imei;

-- name: reference_proven
-- Whether any modem has been seen to keep the last reference of this card.
SELECT 1 FROM card_reference WHERE sim_id = :sim_id AND held >= :held LIMIT 1;

-- name: references_known
-- What is known of all pairs of card and modem.
-- scan: a gateway has tens of them, and asks once, at its start
SELECT sim_id, imei, held, missed FROM card_reference;

-- name: add_usage
-- Count parts into the minute they were submitted in; a trigger keeps the one before.
UPDATE sim SET parts = iif(minute = :minute, parts, 0) + :parts, minute = :minute
 WHERE id = :sim_id

-- name: usage_since
-- The minutes of one card in which it sent; one may be there twice, where the clock
-- went back.
SELECT minute, parts FROM sim_usage WHERE sim_id = :sim_id AND minute >= :minute
UNION ALL
SELECT minute, parts FROM sim WHERE id = :sim_id AND minute >= :minute AND parts > 0

-- name: usage_sum
-- How many parts one card sent since a minute.
SELECT (SELECT coalesce(sum(parts), 0) FROM sim_usage
         WHERE sim_id = :sim_id AND minute >= :minute)
     + (SELECT coalesce(sum(parts), 0) FROM sim WHERE id = :sim_id AND minute >= :minute)
