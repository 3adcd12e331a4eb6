-- Backup, restore and check: whole tables, by people or at night.

-- name: count_message
-- How many messages there are.
-- scan: compares a backup with what it was made of
SELECT count(*) FROM message;

-- name: count_part
-- How many parts there are.
-- scan: compares a backup with what it was made of
SELECT count(*) FROM part;

-- name: count_event
-- How many events there are.
-- scan: compares a backup with what it was made of
SELECT count(*) FROM event;

-- name: count_raw_tpdu
-- How many TPDUs there are.
-- scan: compares a backup with what it was made of
SELECT count(*) FROM raw_tpdu;

-- name: behind
-- Messages behind a row id, oldest first: what a database has and a backup has not.
SELECT id, public_id, direction, state, peer, created_at FROM message
 WHERE id > :after ORDER BY id LIMIT :limit;
