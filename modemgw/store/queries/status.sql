-- What a person sees at one glance: the oldest that waits, the last that happened.

-- name: oldest
-- Since when the oldest message in one state could have left.
SELECT not_before FROM message INDEXED BY message_state
 WHERE state = :state AND state NOT IN ('sent', 'delivered')
 ORDER BY id LIMIT 1

-- name: recent
-- The last pushed events, newest first.
SELECT public_id, type, at, data
  FROM event
 WHERE public_id IS NOT NULL AND id > 0
 ORDER BY id DESC
 LIMIT :limit
