-- One-time codes: asked for, checked, over.

-- fragment: columns
v.id, v.public_id, v.key_id, v.peer, v.hash, v.locale, v.state, v.checks,
m.public_id AS message, m.state AS message_state,
(SELECT name FROM sim WHERE sim.id = m.sim_id) AS sim, s.public_id AS second,
s.state AS second_state, v.fallback_at, v.created_at, v.expires_at, v.final_at

-- fragment: joins
  LEFT JOIN message AS m ON m.id = v.message_id
  LEFT JOIN message AS s ON s.id = v.second_id

-- name: recent_to
-- When codes were asked for a number since some time, oldest first.
SELECT created_at FROM verification INDEXED BY verification_peer
 WHERE peer = :peer AND created_at > :since
 ORDER BY created_at

-- name: recent_like
-- When codes were asked for numbers that begin alike, oldest first.
SELECT created_at FROM verification INDEXED BY verification_age
 WHERE created_at > :since AND substr(peer, 1, length(:prefix)) = :prefix
 ORDER BY created_at

-- name: supersede
-- A new code ends those before it.
UPDATE verification SET state = 'canceled', final_at = :now
 WHERE peer = :peer AND state = 'pending' AND key_id IS :key_id
   AND created_at > :since

-- name: insert
-- A code that is about to be sent.
INSERT INTO verification
       (public_id, key_id, peer, hash, locale, state, fallback_at, created_at,
        expires_at)
VALUES (:public_id, :key_id, :peer, :hash, :locale, 'pending', :fallback_at,
        :created_at, :expires_at)

-- name: withdraw
-- Its text was not accepted: it never was.
DELETE FROM verification WHERE id = :id

-- name: sent
-- The message that carries it.
UPDATE verification SET message_id = (SELECT id FROM message WHERE public_id = :message)
 WHERE id = :id

-- name: sent_again
-- The message that carries it through another SIM.
UPDATE verification
   SET second_id = (SELECT id FROM message WHERE public_id = :message)
 WHERE id = :id

-- name: no_fallback
-- The moment for another SIM has passed: it is tried once.
UPDATE verification SET fallback_at = NULL
 WHERE id = :id AND state = 'pending' AND fallback_at IS NOT NULL

-- name: get
-- One by its public id.
SELECT
-- use: columns
  FROM verification AS v
-- use: joins
 WHERE v.public_id = :public_id

-- name: finish
-- It is over, one way or another.
UPDATE verification SET state = :state, checks = :checks, final_at = :now
 WHERE id = :id AND state = 'pending'

-- name: miss
-- One more wrong code.
UPDATE verification SET checks = checks + 1 WHERE id = :id AND state = 'pending'

-- name: uncleaned
-- Those whose text is still kept, by the end of their validity.
SELECT
-- use: columns
  FROM verification AS v INDEXED BY verification_open
-- use: joins
 WHERE v.cleaned = 0
 ORDER BY v.expires_at

-- name: cleaned
-- No text holds the code any more.
UPDATE verification SET cleaned = 1 WHERE id = :id

-- name: purge
-- Forget old ones that are over.
DELETE FROM verification
 WHERE id IN (SELECT id FROM verification INDEXED BY verification_age
               WHERE created_at < :before AND cleaned = 1
               ORDER BY created_at LIMIT :limit)
