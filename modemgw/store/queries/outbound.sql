-- Outbound messages and their parts: from accepted to the last report.

-- name: insert_message
-- One accepted message; what it is, before anything happened to it.
INSERT INTO message (
  public_id, direction, state, peer, class, priority, encoding, segments,
  reference, tags, metadata, options, key_id, batch_id,
  created_at, not_before, expires_at)
VALUES (
  :public_id, 'outbound', :state, :peer, :class, :priority, :encoding, :segments,
  :reference, :tags, :metadata, :options, :key_id, :batch_id,
  :created_at, :not_before, :expires_at);

-- name: insert_text
-- The body, apart from the accounting.
INSERT INTO message_text (message_id, text, data) VALUES (:message_id, :text, :data);

-- name: insert_part
-- One TPDU to be, waiting.
INSERT INTO part (message_id, seq, state, not_before, priority, key_id, route)
VALUES (:message_id, :seq, 'queued', :not_before, :priority, :key_id, :route);

-- name: next_concat_ref
-- Count the recipient's concatenation reference up; 1 to 255, because some receivers drop 0.
INSERT INTO concat_ref (peer, ref) VALUES (:peer, :start)
ON CONFLICT (peer) DO UPDATE SET ref = ref % 255 + 1
RETURNING ref;

-- name: next_route
-- The next shelf of the queue with the same priority and key. Three statements find the
-- next shelf, for a comparison of rows would walk along all that lies on this one.
SELECT priority, key_id, route FROM part INDEXED BY part_open
 WHERE state IN ('queued', 'claimed')
   AND priority = :priority AND key_id = :key_id AND route > :route
 ORDER BY route
 LIMIT 1;

-- name: next_key
-- The first shelf of the next key of the same priority.
SELECT priority, key_id, route FROM part INDEXED BY part_open
 WHERE state IN ('queued', 'claimed')
   AND priority = :priority AND key_id > :key_id
 ORDER BY key_id, route
 LIMIT 1;

-- name: next_priority
-- The first shelf of the next priority.
SELECT priority, key_id, route FROM part INDEXED BY part_open
 WHERE state IN ('queued', 'claimed') AND priority > :priority
 ORDER BY priority, key_id, route
 LIMIT 1;

-- name: waiting
-- The next parts of one shelf. Where no message is found with one, it is not to be sent.
SELECT part.id AS part_id, part.seq, part.state AS part_state, part.sim_id,
       part.attempts, part.not_before,
       message.id AS message_id, message.public_id, message.peer, message.state,
       message.class, message.priority, message.segments, message.encoding,
       message.expires_at, message.options, message.created_at, message.key_id,
       body.text, body.data
  FROM part INDEXED BY part_open
  LEFT JOIN message ON message.id = part.message_id
        AND message.state IN ('queued', 'sending')
  LEFT JOIN message_text AS body ON body.message_id = message.id
 WHERE part.state IN ('queued', 'claimed')
   AND part.priority = :priority AND part.key_id = :key_id AND part.route = :route
   AND part.id > :after
 ORDER BY part.id
 LIMIT :limit;

-- name: waiting_of
-- The same for one message.
SELECT part.id AS part_id, part.seq, part.state AS part_state, part.sim_id,
       part.attempts, part.not_before,
       message.id AS message_id, message.public_id, message.peer, message.state,
       message.class, message.priority, message.segments, message.encoding,
       message.expires_at, message.options, message.created_at, message.key_id,
       body.text, body.data
  FROM part
  JOIN message ON message.id = part.message_id
  LEFT JOIN message_text AS body ON body.message_id = message.id
 WHERE part.message_id = :message_id
   AND part.state IN ('queued', 'claimed')
 ORDER BY part.seq;

-- name: accepted_sim
-- The SIM that has sent a part of this message, if one has.
SELECT sim_id FROM part
 WHERE message_id = :message_id AND sim_id IS NOT NULL
   AND state IN ('accepted', 'delivered', 'undelivered', 'in_doubt')
 LIMIT 1;

-- name: begin_part
-- The mark that goes to disk before the first octet of the TPDU goes out.
UPDATE part
   SET state = 'submitting', sim_id = :sim_id, modem = :modem,
       attempts = attempts + 1, submitting_at = :now, tp_mr = NULL,
       counted = :counted, cost = :cost
 WHERE id = :part_id AND state IN ('queued', 'claimed');

-- name: begin_message
-- The message is on its way, or goes on being so.
UPDATE message
   SET state = 'sending', sequence = sequence + (state <> 'sending'),
       attempts = attempts + 1, sim_id = :sim_id, reason = NULL
 WHERE id = :message_id AND state IN ('queued', 'sending');

-- name: claim_siblings
-- The SIM that sends one part has the others too.
UPDATE part SET state = 'claimed', sim_id = :sim_id, modem = :modem
 WHERE message_id = :message_id AND state = 'queued';

-- name: accept_part
-- The network has the part.
UPDATE part SET state = 'accepted', tp_mr = :tp_mr, accepted_at = :now
 WHERE id = :part_id AND state IN ('submitting', 'in_doubt');

-- name: unsent_parts
-- Parts of a message the network does not have yet.
SELECT count(*) FROM part
 WHERE message_id = :message_id
   AND state NOT IN ('accepted', 'delivered', 'undelivered');

-- name: never_sent_parts
-- Parts of a message that certainly never left.
SELECT count(*) FROM part
 WHERE message_id = :message_id AND state IN ('queued', 'claimed');

-- name: part_states
-- All parts of a message.
SELECT state FROM part WHERE message_id = :message_id ORDER BY seq;

-- name: bad_status
-- TP-ST of the first part of a message that did not arrive.
SELECT tp_status FROM part
 WHERE message_id = :message_id AND state = 'undelivered' ORDER BY seq LIMIT 1;

-- name: message_sent
-- The last part was accepted. decide_at: when no_report falls due, if a report was asked for.
-- No IN of three words: schema.sql.
UPDATE message
   SET state = 'sent', sequence = sequence + 1, sent_at = :now, reason = NULL,
       decide_at = :decide_at
 WHERE id = :message_id
   AND (state = 'sending' OR state = 'in_doubt' OR state = 'queued');

-- name: message_sending_again
-- A doubt was settled and parts are left to send.
UPDATE message
   SET state = 'sending', sequence = sequence + 1, reason = NULL, decide_at = NULL
 WHERE id = :message_id AND state = 'in_doubt';

-- name: requeue_part
-- Nothing of it left; it may be tried again.
UPDATE part SET state = 'queued', not_before = :not_before, tp_mr = NULL,
       expected_mr = NULL, air = 0
 WHERE id = :part_id AND state IN ('submitting', 'claimed', 'in_doubt');

-- name: unclaim_siblings
-- The message may move to another SIM.
UPDATE part SET state = 'queued'
 WHERE message_id = :message_id AND state = 'claimed';

-- name: message_queued_again
-- Back in the queue, with the reason of the last refusal kept for people.
UPDATE message
   SET state = 'queued', sequence = sequence + 1, reason = :reason, decide_at = NULL
 WHERE id = :message_id AND state IN ('sending', 'in_doubt');

-- name: close_parts
-- What was not sent stays unsent: the message is over.
UPDATE part SET state = :part_state, final_at = :now
 WHERE message_id = :message_id
   AND state IN ('queued', 'claimed', 'submitting', 'in_doubt');

-- name: close_message
-- Into a final state that is not about a report.
UPDATE message
   SET state = :state, sequence = sequence + 1, reason = :reason, final_at = :now,
       decide_at = NULL
 WHERE id = :message_id
   AND state IN ('scheduled', 'queued', 'sending', 'sent', 'in_doubt');

-- name: doubt_part
-- Octets of the TPDU went out and no final result came.
UPDATE part SET state = 'in_doubt' WHERE id = :part_id AND state = 'submitting';

-- name: doubt_message
-- Nobody can say whether it left; decide_at is when policy does.
UPDATE message
   SET state = 'in_doubt', sequence = sequence + 1, reason = :reason,
       decide_at = :decide_at
 WHERE id = :message_id AND state = 'sending';

-- name: postpone_decision
-- The first wait is over and a person may still settle it.
UPDATE message SET decide_at = :decide_at WHERE id = :message_id;

-- name: doubtful_parts
-- Parts of a message that may or may not have left.
SELECT id, seq, sim_id, modem FROM part
 WHERE message_id = :message_id AND state = 'in_doubt'
 ORDER BY seq;

-- name: report_candidates
-- Parts that a status report of this SIM and TP-MR may be about.
SELECT part.id, message.peer, part.accepted_at, part.state,
       part.message_id, part.seq, message.state, message.segments, part.sim_id
  FROM part JOIN message ON message.id = part.message_id
 WHERE part.sim_id = :sim_id AND part.tp_mr = :tp_mr
   AND part.accepted_at BETWEEN :since AND :until
 ORDER BY part.accepted_at DESC
 LIMIT 50;

-- name: doubtful_candidates
-- Parts in doubt on this SIM: a report for their recipient proves that they left.
SELECT part.id, message.peer, part.submitting_at
  FROM part INDEXED BY part_doubt
  JOIN message ON message.id = part.message_id
 WHERE part.state = 'in_doubt' AND part.sim_id = :sim_id
 LIMIT 200;

-- name: part_of_report
-- The part and its message, as the report finds them.
SELECT part.id, message.peer, part.accepted_at, part.state,
       part.message_id, part.seq, message.state, message.segments, part.sim_id
  FROM part JOIN message ON message.id = part.message_id
 WHERE part.id = :part_id;

-- name: report_part
-- A report's final word on one part.
UPDATE part SET state = :state, tp_status = :tp_status, final_at = :final_at
 WHERE id = :part_id;

-- name: prove_part
-- A report proves that a part in doubt left, and tells the TP-MR it had.
UPDATE part SET state = 'accepted', tp_mr = :tp_mr, accepted_at = submitting_at
 WHERE id = :part_id;

-- name: note_status
-- A temporary report: the service centre is still trying.
UPDATE part SET tp_status = :tp_status WHERE id = :part_id;

-- name: message_reported
-- All parts have their report.
UPDATE message
   SET state = :state, sequence = sequence + 1, final_at = :now, reason = :reason,
       decide_at = NULL
 WHERE id = :message_id;

-- name: told
-- What an event tells of a message that was changed; not by RETURNING, which takes twice
-- as long.
SELECT json_object(
         'id', public_id, 'state', state, 'sequence', sequence, 'to', peer,
         'reference', reference,
         'sim', (SELECT name FROM sim WHERE sim.id = message.sim_id),
         'segments', segments, 'latency_ms', max(0, :now - created_at)) AS data,
       state, options, key_id, reason
  FROM message WHERE id = :message_id;

-- name: brief
-- What is needed to settle a message: how many parts it has, and its SIM.
SELECT public_id, segments,
       (SELECT name FROM sim WHERE sim.id = message.sim_id) AS sim
  FROM message WHERE id = :message_id;

-- name: by_public_id
-- Find a message by the id its sender knows.
SELECT id, state, direction, expires_at FROM message WHERE public_id = :public_id;

-- name: due_decisions
-- Messages whose waiting is over: doubts to decide, reports that did not come.
SELECT id, public_id, state, class, options, expires_at, decide_at, created_at
  FROM message INDEXED BY message_decide
 WHERE decide_at <= :now
 ORDER BY decide_at
 LIMIT :limit;

-- name: next_decision
-- When the next one falls due.
SELECT min(decide_at) FROM message INDEXED BY message_decide
 WHERE decide_at IS NOT NULL;

-- name: due_schedule
-- Scheduled messages whose time has come.
SELECT id FROM message INDEXED BY message_schedule
 WHERE state = 'scheduled' AND not_before <= :now
 ORDER BY not_before
 LIMIT :limit;

-- name: next_schedule
-- When the next scheduled message falls due.
SELECT min(not_before) FROM message INDEXED BY message_schedule
 WHERE state = 'scheduled';

-- name: postpone_message
-- Its quiet hours began before a SIM was free.
UPDATE message SET state = 'scheduled', sequence = sequence + 1, not_before = :until
 WHERE id = :message_id AND state = 'queued';

-- name: postpone_parts
-- Its parts, with it: onto a shelf that is not read (see waiting.HELD).
UPDATE part SET not_before = :until,
       route = iif(route GLOB '@*', route, '@' || route)
 WHERE message_id = :message_id AND state IN ('queued', 'claimed');

-- name: release_parts
-- Its time has come: back onto the shelf that is read.
UPDATE part SET route = substr(route, 2)
 WHERE message_id = :message_id AND route GLOB '@*';

-- name: release_scheduled
-- Its time has come.
UPDATE message SET state = 'queued', sequence = sequence + 1
 WHERE id = :message_id AND state = 'scheduled';

-- name: count_open
-- How many messages are waiting to leave: what queue.max limits.
SELECT count(*) FROM message
 WHERE state IN ('scheduled', 'queued', 'sending')
   AND state NOT IN ('sent', 'delivered');

-- name: unsettled_parts
-- Parts that were on their way when the daemon died: those of messages that were.
SELECT part.id, part.message_id, part.seq, part.sim_id, part.modem,
       part.submitting_at, message.class, message.options, message.expires_at
  FROM message INDEXED BY message_state
  JOIN part ON part.message_id = message.id
 WHERE message.state IN ('sending', 'in_doubt')
   AND message.state NOT IN ('sent', 'delivered')
   AND part.state = 'submitting'
 ORDER BY part.id;

-- name: unclaim_all
-- Claimed parts never reached a port; only messages on their way have any.
UPDATE part SET state = 'queued'
 WHERE state = 'claimed'
   AND message_id IN (SELECT id FROM message
                       WHERE state IN ('sending', 'in_doubt')
                         AND state NOT IN ('sent', 'delivered'));

-- name: move_ends
-- The clock was set: what this run had accepted is valid for as long as before.
UPDATE message SET expires_at = expires_at + :by
 WHERE id >= :first AND state IN ('queued', 'sending')
   AND (created_at < :middle) = (:by > 0);

-- name: newest_instant
-- The latest time this database knows of; a clock before it is in the past.
SELECT coalesce(max(at), 0) FROM (SELECT at FROM event ORDER BY id DESC LIMIT 1);

-- name: close_unsent_parts
-- The message is over, but a part in doubt or accepted may still get its report.
UPDATE part SET state = 'failed', final_at = :now
 WHERE message_id = :message_id AND state IN ('queued', 'claimed');

-- name: step_tp_mr
-- Note the TP-MR of an accepted part, and whether the SIM's counter went on as it should.
UPDATE sim
   SET mr_steps = CASE WHEN :regular THEN mr_steps + 1 ELSE 0 END, last_tp_mr = :tp_mr
 WHERE id = :sim_id;

-- name: counter
-- The SIM's counter of message references, as far as it is known.
SELECT last_tp_mr, mr_steps FROM sim WHERE id = :sim_id;

-- name: count_tp_mr
-- Note the TP-MR of an accepted part, unless parts in doubt wait for it.
UPDATE sim
   SET mr_steps = CASE WHEN (last_tp_mr + 1) % 256 = :tp_mr THEN mr_steps + 1 ELSE 0 END,
       last_tp_mr = :tp_mr
 WHERE id = :sim_id
   AND NOT EXISTS (SELECT 1 FROM part INDEXED BY part_expecting
                    WHERE expected_mr IS NOT NULL AND sim_id = :sim_id
                      AND state = 'in_doubt');

-- name: came_early
-- Whether a report with this TP-MR fitted no part when it came.
SELECT 1 FROM raw_tpdu INDEXED BY raw_unmatched
 WHERE state = 'unmatched' AND sim_id = :sim_id AND tp_mr = :tp_mr
 LIMIT 1;

-- name: forget_counter
-- The modem was without power: its counter may begin anywhere.
UPDATE sim SET last_tp_mr = NULL, mr_steps = 0 WHERE id = :sim_id;

-- name: expect_mr
-- What the SIM's counter had due when the part went into doubt.
UPDATE part SET expected_mr = :expected_mr, air = :air WHERE id = :part_id;

-- name: is_doubted
-- Whether the part is still in doubt over the same attempt.
SELECT 1 FROM part
 WHERE id = :part_id AND state IN ('submitting', 'in_doubt')
   AND submitting_at = :begun_at;

-- name: cut_short
-- The modem lost its power: what it has not written to the card by then, it never will.
UPDATE part INDEXED BY part_doubt SET air = 2
 WHERE state = 'in_doubt' AND sim_id = :sim_id;

-- name: move_counter
-- A reference was used that no accepted part told of.
UPDATE sim SET last_tp_mr = :tp_mr WHERE id = :sim_id AND last_tp_mr IS NOT NULL;

-- name: sims_expecting
-- The SIM of each part in doubt that the last reference on the card can speak about.
SELECT part.sim_id FROM part INDEXED BY part_doubt
 WHERE part.state = 'in_doubt' AND part.expected_mr IS NOT NULL;

-- name: expecting
-- Parts in doubt on this SIM that the next TP-MR says something about.
SELECT part.id, part.message_id, part.seq, part.modem, part.expected_mr,
       message.segments, part.air
  FROM part INDEXED BY part_doubt
  JOIN message ON message.id = part.message_id
 WHERE part.state = 'in_doubt' AND part.sim_id = :sim_id
   AND part.expected_mr IS NOT NULL;

-- name: judged
-- The next TP-MR has spoken; tp_mr is what the part must have had, if it left.
UPDATE part SET expected_mr = NULL, tp_mr = :tp_mr,
       accepted_at = CASE WHEN :tp_mr IS NULL THEN NULL ELSE submitting_at END
 WHERE id = :part_id;

-- name: void_expectations
-- The modem was without power: its next TP-MR says nothing.
UPDATE part INDEXED BY part_doubt SET expected_mr = NULL
 WHERE state = 'in_doubt' AND sim_id = :sim_id;
