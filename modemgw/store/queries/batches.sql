-- Batches: accepted in one durable row, expanded into messages afterwards.

-- name: insert
-- A batch as it was accepted.
INSERT INTO batch (public_id, key_id, accepted, rejected, pending, created_at)
VALUES (:public_id, :key_id, :accepted, :rejected, :pending, :created_at)

-- name: get
-- One batch by its public id.
SELECT id, public_id, key_id, accepted, rejected, expanded, created_at, canceled_at
  FROM batch WHERE public_id = :public_id

-- name: next_unexpanded
-- The oldest batch that is not yet messages altogether.
SELECT id, public_id, key_id, expanded, pending, created_at
  FROM batch WHERE pending IS NOT NULL ORDER BY id LIMIT 1

-- name: advance
-- More of a batch are rows now; with the last one its items are dropped.
UPDATE batch
   SET expanded = :expanded,
       pending = CASE WHEN :expanded >= accepted THEN NULL ELSE pending END
 WHERE id = :id

-- name: states
-- How many messages of a batch are in which state.
SELECT state, count(*) FROM message INDEXED BY message_batch
 WHERE batch_id = :id GROUP BY state

-- name: waiting
-- Some messages of a batch that wait and can be canceled.
SELECT id FROM message INDEXED BY message_batch
 WHERE batch_id = :id AND state IN ('scheduled', 'queued')
 ORDER BY id LIMIT :limit

-- name: mark_canceled
-- When a batch was canceled first.
UPDATE batch SET canceled_at = coalesce(canceled_at, :now) WHERE id = :id
