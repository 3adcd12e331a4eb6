-- The audit log: rows are appended, and refer by hash to the one before.

-- name: newest
-- The last row, which the next one refers to.
SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1

-- name: key_of
-- The public id of a key.
SELECT public_id FROM api_key WHERE id = :id

-- name: insert
-- Append one row.
INSERT INTO audit (id, at, who, key, address, action, object, before, after, detail, hash)
VALUES (:id, :at, :who, :key, :address, :action, :object, :before, :after, :detail, :hash)

-- name: list
-- The newest rows below a cursor; filters are looked at row by row.
SELECT id, at, who, key, address, action, object, before, after, detail, hash
  FROM audit
 WHERE id < :cursor
   AND (:action IS NULL OR action GLOB :action)
   AND (:object IS NULL OR object = :object)
   AND (:key IS NULL OR key = :key)
   AND (:since IS NULL OR at >= :since)
   AND (:until IS NULL OR at < :until)
 ORDER BY id DESC
 LIMIT :limit

-- name: walk
-- Rows behind a cursor, oldest first.
SELECT id, at, who, key, address, action, object, before, after, detail, hash
  FROM audit
 WHERE id > :after
 ORDER BY id
 LIMIT :limit
