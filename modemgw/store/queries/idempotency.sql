-- Answers to requests that carried an Idempotency-Key.

-- name: get
-- The answer kept under a key, while it counts.
SELECT body_hash, status, body, created_at FROM idempotency
 WHERE key_id = :key_id AND key = :key AND created_at > :oldest

-- name: put
-- Keep an answer; one that counts no more gives way, one that counts does not.
INSERT INTO idempotency (key_id, key, body_hash, status, body, created_at)
VALUES (:key_id, :key, :body_hash, :status, :body, :created_at)
ON CONFLICT (key_id, key) DO UPDATE
   SET body_hash = excluded.body_hash, status = excluded.status,
       body = excluded.body, created_at = excluded.created_at
 WHERE idempotency.created_at <= :oldest

-- name: purge
-- Forget the oldest answers that count no more.
DELETE FROM idempotency
 WHERE (key_id, key) IN (SELECT key_id, key FROM idempotency
                          WHERE created_at <= :oldest
                          ORDER BY created_at LIMIT :limit)
