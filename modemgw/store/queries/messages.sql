-- Reading messages, both directions. The text of a one-time code is never searched:
-- who looked for digits could find it.

-- fragment: columns
       m.id, m.public_id, m.direction, m.state, m.sequence, m.peer,
       sim.name AS sim, sim.number AS sim_number, m.class, m.priority, m.encoding,
       m.segments, m.attempts, m.reason, m.reference, m.tags, m.metadata, m.options,
       m.key_id, batch.public_id AS batch, m.created_at, m.not_before, m.expires_at,
       m.sent_at, m.final_at, body.text, body.data,
       (SELECT sum(cost) FROM part WHERE message_id = m.id) AS cost, m.redacted_at

-- fragment: joins
  LEFT JOIN sim ON sim.id = m.sim_id
  LEFT JOIN message_text AS body ON body.message_id = m.id
  LEFT JOIN batch ON batch.id = m.batch_id

-- fragment: filters
   AND m.id < :cursor AND m.id > :floor
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
        OR (body.text LIKE :pattern ESCAPE '\'
            AND json_extract(m.options, '$.verification') IS NULL))
 ORDER BY m.id DESC
 LIMIT :limit

-- name: export
-- Messages behind a row id, oldest first, for a file.
SELECT
-- use: columns
  FROM message AS m
-- use: joins
 WHERE m.id > :after AND m.own = 0
   AND (:direction IS NULL OR m.direction = :direction)
   AND (:state IS NULL OR m.state = :state)
   AND (:since IS NULL OR m.created_at >= :since)
   AND (:until IS NULL OR m.created_at < :until)
 ORDER BY m.id
 LIMIT :limit

-- name: get
-- One message by its public id.
SELECT
-- use: columns
  FROM message AS m
-- use: joins
 WHERE m.public_id = :public_id

-- name: get_by_id
-- One message by its row id.
SELECT
-- use: columns
  FROM message AS m
-- use: joins
 WHERE m.id = :id

-- name: secret_text
-- The text of a message, one-time codes too: for those who send and delete it.
SELECT text FROM message_text
 WHERE message_id = (SELECT id FROM message WHERE public_id = :public_id)

-- name: id_of
-- The row id of a message.
SELECT id FROM message WHERE public_id = :public_id

-- name: list
-- The newest messages below a cursor; filters are looked at row by row.
SELECT
-- use: columns
  FROM message AS m
-- use: joins
 WHERE m.id > :floor
-- use: filters

-- name: list_by_state
-- The same, led by the index of states (which has not all of them).
SELECT
-- use: columns
  FROM message AS m INDEXED BY message_state
-- use: joins
 WHERE m.state = :state AND m.state NOT IN ('sent', 'delivered')
-- use: filters

-- name: list_by_peer
-- The same, led by the index of peers.
SELECT
-- use: columns
  FROM message AS m INDEXED BY message_peer
-- use: joins
 WHERE m.peer = :peer
-- use: filters

-- name: list_by_reference
-- The same, led by the index of references.
SELECT
-- use: columns
  FROM message AS m INDEXED BY message_reference
-- use: joins
 WHERE m.reference = :reference
-- use: filters

-- name: list_by_batch
-- The same, led by the index of batches.
SELECT
-- use: columns
  FROM message AS m INDEXED BY message_batch
-- use: joins
 WHERE m.batch_id = :batch_id
-- use: filters

-- name: batch_id
-- The row id of a batch.
SELECT id FROM batch WHERE public_id = :public_id

-- name: newest
-- The highest row id.
SELECT max(id) FROM message

-- name: since
-- The lowest row among the first ones whose public id is of a time or later.
SELECT min(id) FROM (SELECT id FROM message WHERE public_id >= :public_id
                      ORDER BY public_id LIMIT 1000)

-- name: floor_by_state
-- The row that lies so many rows of its state below a cursor.
SELECT id FROM message INDEXED BY message_state
 WHERE state = :state AND state NOT IN ('sent', 'delivered')
   AND id < :cursor ORDER BY id DESC LIMIT 1 OFFSET :look

-- name: floor_by_peer
-- The row that lies so many rows of its peer below a cursor.
SELECT id FROM message INDEXED BY message_peer
 WHERE peer = :peer AND id < :cursor ORDER BY id DESC LIMIT 1 OFFSET :look

-- name: floor_by_reference
-- The row that lies so many rows of its reference below a cursor.
SELECT id FROM message INDEXED BY message_reference
 WHERE reference = :reference AND id < :cursor ORDER BY id DESC LIMIT 1 OFFSET :look

-- name: floor_by_batch
-- The row that lies so many rows of its batch below a cursor.
SELECT id FROM message INDEXED BY message_batch
 WHERE batch_id = :batch_id AND id < :cursor ORDER BY id DESC LIMIT 1 OFFSET :look
