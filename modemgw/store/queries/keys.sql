-- API keys.

-- fragment: columns
id, public_id, name, hash, scopes, webhook_secret, created_at, last_used_at, revoked_at,
limits, rules, expires_at, old_hash, old_until

-- name: insert
-- A new key.
INSERT INTO api_key
       (public_id, name, hash, scopes, webhook_secret, created_at, limits, rules,
        expires_at)
VALUES (:public_id, :name, :hash, :scopes, :webhook_secret, :created_at, :limits,
        :rules, :expires_at)

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

-- name: change
-- Set all of a key that may change.
UPDATE api_key
   SET name = :name, scopes = :scopes, limits = :limits, rules = :rules,
       expires_at = :expires_at
 WHERE public_id = :public_id AND revoked_at IS NULL

-- name: rotate
-- Give a key a new secret; the one before opens it for a while, those before not.
UPDATE api_key SET old_hash = hash, old_until = :old_until, hash = :hash
 WHERE public_id = :public_id AND revoked_at IS NULL

-- name: touch
-- Remember that a key was used, at most once a minute.
UPDATE api_key SET last_used_at = :now
 WHERE id = :id AND (last_used_at IS NULL OR last_used_at <= :now - 60000)
