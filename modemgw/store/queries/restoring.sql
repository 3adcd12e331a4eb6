-- A restored database: what its open messages are from then on.

-- name: open_messages
-- Outbound messages in one state, oldest first.
SELECT id, not_before, expires_at, own FROM message INDEXED BY message_state
 WHERE state = :state AND state NOT IN ('sent', 'delivered')
   AND id > :after AND direction = 'outbound'
 ORDER BY id
 LIMIT :limit;

-- name: hold_message
-- It may have left since the backup: a person decides, or a report does.
UPDATE message
   SET state = 'in_doubt', sequence = sequence + 1, reason = :reason,
       decide_at = :decide_at
 WHERE id = :message_id AND state IN ('scheduled', 'queued', 'sending');

-- name: hold_parts
-- Which SIM had them since is not known, nor when: from the backup on.
UPDATE part
   SET sim_id = CASE state WHEN 'submitting' THEN sim_id END,
       modem = CASE state WHEN 'submitting' THEN modem END,
       submitting_at = CASE state WHEN 'submitting' THEN submitting_at ELSE :since END,
       state = 'in_doubt', tp_mr = NULL, expected_mr = NULL, air = 0
 WHERE message_id = :message_id AND state IN ('queued', 'claimed', 'submitting');

-- name: jump
-- Whoever heard of later states before must not take the next one for an old one.
UPDATE message SET sequence = sequence + :jump WHERE id = :message_id;

-- name: begin_epoch
-- Cursors that were given out since the backup lie before everything from here on.
INSERT INTO event (id, type, at, data)
SELECT coalesce(max(id), 0) + 1000000000, 'gateway.restored', :at, :data FROM event;

-- name: held_candidates
-- Parts held by a restore: a report for their recipient may prove that they left.
SELECT part.id, message.peer, part.submitting_at, message.expires_at
  FROM part INDEXED BY part_doubt
  JOIN message ON message.id = part.message_id
 WHERE part.state = 'in_doubt' AND part.sim_id IS NULL
 LIMIT 5000;

-- name: forget_fallbacks
-- A code that may have gone out by the other SIM does not go there again.
UPDATE verification SET fallback_at = NULL
 WHERE cleaned = 0 AND fallback_at IS NOT NULL;
