-- What the file knows about itself, and where ids continue.

-- name: get
-- One fact about this file.
SELECT value FROM meta WHERE key = :key

-- name: put
-- Remember one fact about this file.
INSERT INTO meta (key, value) VALUES (:key, :value)
ON CONFLICT (key) DO UPDATE SET value = excluded.value

-- name: remove
-- Forget one fact about this file.
DELETE FROM meta WHERE key = :key

-- name: newest_message
-- The highest public id of a message, so that the next one sorts behind it.
SELECT max(public_id) FROM message

-- name: newest_event
-- The highest public id of an event, so that the next one sorts behind it: the last.
SELECT public_id FROM event WHERE public_id IS NOT NULL ORDER BY id DESC LIMIT 1

-- name: newest_batch
-- The highest public id of a batch: ids of its messages were given out beside it.
SELECT max(public_id) FROM batch

-- name: newest_delivery
-- The highest public id of a delivery: it is made in the event's transaction.
SELECT max(public_id) FROM delivery

-- name: newest_webhook
-- The highest public id of an endpoint.
SELECT max(public_id) FROM webhook
