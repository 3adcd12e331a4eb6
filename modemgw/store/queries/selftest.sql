-- Self-tests between own SIMs, and the messages they are made of.

-- fragment: columns
t.id, t.public_id, t.token, t.from_sim_id, t.to_sim_id, t.message_id, t.cause, t.try,
t.started_at, t.ended_at, t.result, t.leg, t.why, t.submit_ms, t.delivery_ms,
t.report_ms, t.arrived_at, t.copies

-- name: hide_message
-- Its message is nobody's: not listed, not counted.
UPDATE message SET own = 1 WHERE id = :message_id

-- name: insert
-- The self-test itself.
INSERT INTO selftest (
  public_id, token, from_sim_id, to_sim_id, message_id, cause, try, started_at,
  result, why)
VALUES (
  :public_id, :token, :from_sim_id, :to_sim_id, :message_id, :cause, :try, :now,
  'running', 'its arrival is waited for')

-- name: by_token
-- The self-test that a text which arrived may belong to.
SELECT
-- use: columns
  FROM selftest AS t WHERE t.token = :token

-- name: by_public_id
-- One self-test as front ends name it.
SELECT
-- use: columns
  FROM selftest AS t WHERE t.public_id = :public_id

-- name: running
-- What was not judged when the daemon stopped.
SELECT
-- use: columns
  FROM selftest AS t WHERE t.result = 'running' ORDER BY t.id

-- name: arrived
-- The text came; counted from the moment it went out, where that is known.
UPDATE selftest
   SET arrived_at = :at,
       delivery_ms = max(0, :at - coalesce(
         (SELECT submitting_at FROM part WHERE part.message_id = selftest.message_id),
         started_at))
 WHERE id = :id AND arrived_at IS NULL

-- name: note
-- A sentence about something odd, behind what is said already.
UPDATE selftest SET why = why || '; ' || :note WHERE id = :id

-- name: copy
-- The same text came once more.
UPDATE selftest SET copies = copies + 1 WHERE id = :id

-- name: end
-- The verdict.
UPDATE selftest
   SET result = :result, leg = :leg, why = :why, ended_at = :now,
       submit_ms = :submit_ms, report_ms = :report_ms
 WHERE id = :id AND result = 'running'

-- name: sending
-- What became of the message of a self-test.
SELECT m.state, m.reason, m.public_id, p.state AS part_state, p.submitting_at,
       p.accepted_at, p.final_at, p.sim_id
  FROM message AS m JOIN part AS p ON p.message_id = m.id
 WHERE m.id = :message_id

-- name: last_from
-- When a card last began a self-test that counts for its schedule.
SELECT max(started_at) FROM selftest
 WHERE from_sim_id = :sim_id AND result <> 'unknown'
   AND (:to_sim_id IS NULL OR to_sim_id = :to_sim_id)

-- name: recent_from
-- The last self-tests that a card sent, newest first.
SELECT
-- use: columns
  FROM selftest AS t WHERE t.from_sim_id = :sim_id ORDER BY t.id DESC LIMIT :limit

-- name: recent_to
-- The last self-tests that were sent to a card, newest first.
SELECT
-- use: columns
  FROM selftest AS t WHERE t.to_sim_id = :sim_id ORDER BY t.id DESC LIMIT :limit

-- name: purge_messages
-- The messages of old self-tests; the verdicts go behind them.
DELETE FROM message WHERE id IN (
  SELECT message_id FROM selftest
   WHERE id IN (SELECT id FROM selftest ORDER BY id LIMIT :limit)
     AND started_at < :before AND result <> 'running')

-- name: purge
-- Old self-tests; a text that comes after that is somebody's message.
DELETE FROM selftest
 WHERE id IN (SELECT id FROM selftest ORDER BY id LIMIT :limit)
   AND started_at < :before AND result <> 'running'
