-- All that is kept of one number: to show it, and to take it away.

-- name: open
-- Messages to the number that are not over, oldest first.
SELECT public_id, state FROM message INDEXED BY message_peer
 WHERE peer = :peer AND direction = 'outbound'
   AND state IN ('scheduled', 'queued', 'sending', 'in_doubt')
 ORDER BY id
 LIMIT :limit

-- name: messages
-- Messages with the number behind a row id, oldest first.
SELECT id FROM message INDEXED BY message_peer
 WHERE peer = :peer AND id > :after
 ORDER BY id
 LIMIT :limit

-- name: parts
-- The parts of a message.
SELECT part.seq, part.state, part.attempts, sim.name, part.tp_mr, part.submitting_at,
       part.accepted_at, part.final_at, part.tp_status
  FROM part LEFT JOIN sim ON sim.id = part.sim_id
 WHERE part.message_id = :id
 ORDER BY part.seq

-- name: verifications
-- Codes that were sent to the number.
SELECT public_id, state, created_at, final_at
  FROM verification INDEXED BY verification_peer
 WHERE peer = :peer
 ORDER BY created_at

-- name: rename
-- A message without its number, and without what its sender wrote about it.
UPDATE message
   SET peer = :pseudonym, reference = :reference, tags = :tags, metadata = NULL,
       options = :options,
       state = iif(state = 'receiving', 'received', state),
       final_at = iif(state = 'receiving', :now, final_at)
 WHERE id = :id

-- name: rename_reactions
-- What it made us do.
UPDATE reaction
   SET peer = :pseudonym, target = iif(target = :peer, :pseudonym, target)
 WHERE message_id = :id

-- name: events_of
-- The events of a message.
SELECT id, data FROM event WHERE message_id = :id

-- name: put_event
-- An event without the number.
UPDATE event SET data = :data WHERE id = :id

-- name: drop_callbacks
-- Requests to addresses that hold the number.
DELETE FROM delivery
 WHERE event_id = :id AND callback_url IS NOT NULL AND instr(callback_url, :digits)

-- name: drop_concat_ref
-- The counter of its long messages.
DELETE FROM concat_ref WHERE peer = :peer

-- name: drop_fragments
-- Parts of it that wait for others.
DELETE FROM fragment WHERE sender = :peer

-- name: rename_verifications
-- Codes that were sent to it; open ones are void.
UPDATE verification
   SET peer = :pseudonym,
       state = iif(state = 'pending', 'canceled', state),
       final_at = coalesce(final_at, :now)
 WHERE peer = :peer

-- name: event_window
-- The last row of the next window of events.
SELECT max(id) FROM event
 WHERE id IN (SELECT id FROM event WHERE id > :after ORDER BY id LIMIT :limit)

-- name: events_with
-- Events of a window that hold some digits.
SELECT id, type, at, data FROM event
 WHERE id > :after AND id <= :last AND instr(data, :digits)

-- name: raw_window
-- The last row of the next window of TPDUs.
SELECT max(id) FROM raw_tpdu
 WHERE id IN (SELECT id FROM raw_tpdu WHERE id > :after ORDER BY id LIMIT :limit)

-- name: raw_with
-- TPDUs of a window that hold a number as it is written on the air.
SELECT id FROM raw_tpdu
 WHERE id > :after AND id <= :last
   AND (instr(octets, :even) OR instr(octets, :odd))

-- name: blank_raw
-- A TPDU that is gone; nothing is made of it any more.
UPDATE raw_tpdu SET octets = x'', state = 'done' WHERE id = :id

-- name: answers_with
-- Answers of the last day, kept under a key, that hold some digits.
-- scan: a day's worth, for an admin
SELECT id, key, body FROM idempotency
 WHERE instr(key, :digits) OR instr(body, :digits)

-- name: drop_answer
-- An answer whose key holds the number.
DELETE FROM idempotency WHERE id = :id

-- name: pending_with
-- Batches that are not yet rows and hold some digits.
SELECT public_id FROM batch
 WHERE pending IS NOT NULL AND instr(pending, :digits)
