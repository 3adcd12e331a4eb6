-- Answers to requests that carried an Idempotency-Key.

-- name: get
-- The answer kept under a key, while it counts.
SELECT body_hash, message_id, twin, body, created_at FROM idempotency
 WHERE key_id = :key_id AND key = :key AND created_at > :oldest;

-- name: put
-- Keep answers, but none under a key that is taken.
INSERT OR IGNORE INTO idempotency (
  key_id, key, body_hash, message_id, twin, body, created_at
) VALUES (:key_id, :key, :body_hash, :message_id, :twin, :body, :created_at);

-- name: give_way
-- An answer that counts no more leaves its key to the next.
DELETE FROM idempotency
 WHERE key_id = :key_id AND key = :key AND created_at <= :oldest;

-- name: purge
-- Forget the oldest answers that count no more. One of a clock that went a day too
-- fast would stay for as long, and hold up those behind it.
DELETE FROM idempotency
 WHERE id IN (SELECT id FROM idempotency ORDER BY id LIMIT :limit)
   AND (created_at <= :oldest OR created_at > :newest);
