-- The one-time link of setup.

-- name: clear
-- A new link ends those before it, used or not.
DELETE FROM setup_link

-- name: insert
-- A link that was just made; only a hash of its token is kept.
INSERT INTO setup_link (hash, message, created_at, expires_at)
VALUES (:hash, :message, :created_at, :expires_at)

-- name: find
-- A link that may still be used.
SELECT message, expires_at FROM setup_link
 WHERE hash = :hash AND expires_at > :now

-- name: use
-- Use a link up; a second time nothing is there.
DELETE FROM setup_link WHERE hash = :hash AND expires_at > :now
