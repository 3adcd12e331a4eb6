-- API keys.

-- fragment: columns
id, public_id, name, hash, scopes, webhook_secret, created_at, last_used_at, revoked_at,
limits

-- name: insert
-- A new key.
INSERT INTO api_key
       (public_id, name, hash, scopes, webhook_secret, created_at, limits)
VALUES (:public_id, :name, :hash, :scopes, :webhook_secret, :created_at, :limits)

-- name: find
-- One key by the eight characters in it, revoked or not.
SELECT
-- use: columns
  FROM api_key WHERE public_id = :public_id

-- name: get
-- One key by its row id.
SELECT
-- use: columns
  FROM api_key WHERE id = :id

-- name: list
-- All keys, oldest first.
SELECT
-- use: columns
  FROM api_key ORDER BY id

-- name: revoke
-- End a key for good; a second time changes nothing.
UPDATE api_key SET revoked_at = :now
 WHERE public_id = :public_id AND revoked_at IS NULL

-- name: limit
-- Set what a key may have sent.
UPDATE api_key SET limits = :limits
 WHERE public_id = :public_id AND revoked_at IS NULL

-- name: touch
-- Remember that a key was used, at most once a minute.
UPDATE api_key SET last_used_at = :now
 WHERE id = :id AND (last_used_at IS NULL OR last_used_at <= :now - 60000)
