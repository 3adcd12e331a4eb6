-- Numbers that get no messages of some classes, by their own wish or by an admin's.

-- fragment: columns
suppression.id, suppression.public_id, suppression.number, suppression.sim_id,
sim.name AS sim, suppression.source, suppression.word, suppression.note,
suppression.created_at

-- name: insert
-- A number wants no more; nothing changes where that is known.
INSERT INTO suppression (public_id, hash, number, sim_id, source, word, note, created_at)
VALUES (:public_id, :hash, :number, :sim_id, :source, :word, :note, :created_at)
ON CONFLICT (hash, coalesce(sim_id, 0)) DO NOTHING

-- name: show_again
-- A number whose name was erased is given to us anew.
UPDATE suppression SET number = :number WHERE hash = :hash AND number IS NULL

-- name: of_hash
-- Everything about one number.
SELECT
-- use: columns
  FROM suppression LEFT JOIN sim ON sim.id = suppression.sim_id
 WHERE suppression.hash = :hash

-- name: get
-- One entry by its public id.
SELECT
-- use: columns
  FROM suppression LEFT JOIN sim ON sim.id = suppression.sim_id
 WHERE suppression.public_id = :public_id

-- name: list
-- Entries below a cursor, newest first.
SELECT
-- use: columns
  FROM suppression LEFT JOIN sim ON sim.id = suppression.sim_id
 WHERE suppression.id < :cursor
 ORDER BY suppression.id DESC
 LIMIT :limit

-- name: hashes
-- What is kept in memory, a piece at a time.
SELECT id, hash, sim_id FROM suppression WHERE id > :after ORDER BY id LIMIT :limit

-- name: delete
-- It may be written to again.
DELETE FROM suppression WHERE id = :id

-- name: forget_number
-- The number goes, its hash stays: nobody is written to again by having been erased.
UPDATE suppression SET number = NULL, note = NULL WHERE hash = :hash

-- name: waiting_for
-- Messages to a number that wait, of some classes (JSON); what must go out stays.
SELECT id FROM message INDEXED BY message_peer
 WHERE peer = :peer AND direction = 'outbound' AND state IN ('scheduled', 'queued')
   AND class IN (SELECT value FROM json_each(:classes))
   AND json_extract(options, '$.past_opt_out') IS NULL
 ORDER BY id
 LIMIT :limit

-- name: mark
-- What memory knows of one entry.
SELECT hash, sim_id FROM suppression WHERE id = :id
