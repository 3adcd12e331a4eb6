-- What routing asks of messages, and that a fallback step was taken.

-- name: last_sim
-- The SIM that was last in touch with a number, either way; of the last 50 messages.
SELECT sim_id, max(id) FROM (  -- the SIM of the row with the largest id
  SELECT id, sim_id, state FROM message INDEXED BY message_peer
   WHERE peer = :peer ORDER BY id DESC LIMIT 50)
 WHERE sim_id IS NOT NULL
   AND state IN ('sent', 'delivered', 'undelivered', 'no_report', 'receiving', 'received');

-- name: widen
-- A message that waits may go by one more step of its fallback; once per step.
UPDATE message SET options = json_set(options, '$.fallback_step', :step)
 WHERE id = :message_id AND state = 'queued'
   AND coalesce(json_extract(options, '$.fallback_step'), 0) < :step;
