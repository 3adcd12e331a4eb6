-- How many messages a filter finds: the lists of messages.sql without their rows.

-- fragment: filters
   AND m.own = 0
   AND (:direction IS NULL OR m.direction = :direction)
   AND (:state IS NULL OR m.state = :state)
   AND (:peer IS NULL OR m.peer = :peer)
   AND (:reference IS NULL OR m.reference = :reference)
   AND (:batch_id IS NULL OR m.batch_id = :batch_id)
   AND (:since IS NULL OR m.created_at >= :since)
   AND (:until IS NULL OR m.created_at < :until)
   AND (:sims IS NULL OR m.sim_id IN (SELECT value FROM json_each(:sims)))
   AND (:tag IS NULL
        OR EXISTS (SELECT 1 FROM json_each(m.tags) AS tag WHERE tag.value = :tag))
   AND (:pattern IS NULL
        OR m.peer LIKE :pattern ESCAPE '\'
        OR EXISTS (SELECT 1 FROM message_text AS body
                    WHERE body.message_id = m.id
                      AND json_extract(m.options, '$.verification') IS NULL
                      AND body.text LIKE :pattern ESCAPE '\'))

-- name: list
-- Messages of any kind, looked at row by row.
SELECT count(*) FROM message AS m
 WHERE m.id > 0
-- use: filters

-- name: list_by_state
-- Led by the index of states.
SELECT count(*) FROM message AS m INDEXED BY message_state
 WHERE m.state = :state AND m.state NOT IN ('sent', 'delivered')
-- use: filters

-- name: list_by_peer
-- Led by the index of peers.
SELECT count(*) FROM message AS m INDEXED BY message_peer
 WHERE m.peer = :peer
-- use: filters

-- name: list_by_reference
-- Led by the index of references.
SELECT count(*) FROM message AS m INDEXED BY message_reference
 WHERE m.reference = :reference
-- use: filters

-- name: list_by_batch
-- Led by the index of batches.
SELECT count(*) FROM message AS m INDEXED BY message_batch
 WHERE m.batch_id = :batch_id
-- use: filters
