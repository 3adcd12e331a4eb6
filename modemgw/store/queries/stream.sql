-- What streams and polls read: pushed events in the order in which they happened.

-- name: pushed
-- Pushed events behind a row id, oldest first.
SELECT id, public_id, type, at, data
  FROM event
 WHERE public_id IS NOT NULL AND id > :cursor
 ORDER BY id
 LIMIT :limit
