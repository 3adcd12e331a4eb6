-- What inbound messages make us do, and what they answer.

-- name: insert
-- Planned with the message that asks for it; once for each kind and target.
INSERT INTO reaction (message_id, kind, target, rule, text, sim, peer, asked_at, state, at)
VALUES (:message_id, :kind, :target, :rule, :text, :sim, :peer, :asked_at, 'planned',
        :asked_at)
ON CONFLICT (message_id, kind, target) DO NOTHING

-- name: planned
-- What is still to be done, oldest first.
SELECT reaction.id, reaction.message_id, message.public_id, reaction.kind,
       reaction.target, reaction.rule, reaction.text, reaction.sim, reaction.peer,
       reaction.asked_at, message.peer AS sender, message.created_at, body.text AS body,
       body.data IS NOT NULL AS is_binary
  FROM reaction INDEXED BY reaction_planned
  JOIN message ON message.id = reaction.message_id
  LEFT JOIN message_text AS body ON body.message_id = message.id
 WHERE reaction.state = 'planned'
 ORDER BY reaction.id
 LIMIT :limit

-- name: settle
-- It was done, or will not be; the text of it is not needed any more.
UPDATE reaction SET state = :state, text = NULL, at = :at
 WHERE id = :id AND state = 'planned'

-- name: answers_since
-- Answers that were given lately, oldest first.
SELECT peer, asked_at, at, kind, state FROM reaction INDEXED BY reaction_answered
 WHERE state IN ('done', 'muted') AND at > :since
 ORDER BY at

-- name: last_written_to
-- Messages that went to a number before an instant, newest first; of the last 50.
SELECT public_id, sim_id FROM (
  SELECT public_id, sim_id, state, direction, sent_at, own
    FROM message INDEXED BY message_peer
   WHERE peer = :peer ORDER BY id DESC LIMIT 50)
 WHERE direction = 'outbound' AND own = 0
   AND state IN ('sent', 'delivered', 'undelivered', 'no_report')
   AND sent_at BETWEEN :since AND :until

-- name: set_meaning
-- What a received message means: its keyword, and what it answers.
UPDATE message SET options = json_patch(options, :more) WHERE id = :id

-- name: endpoint
-- The declared endpoint that texts are forwarded to.
-- scan: a gateway has tens of endpoints
SELECT id FROM webhook WHERE url = :url AND declared = 1 AND state = 'active' LIMIT 1

-- name: forward_event
-- One delivery of an event to an endpoint, unless it gets that event anyway.
INSERT INTO delivery (public_id, event_id, webhook_id, state, next_attempt_at)
SELECT new_id('dlv', :at), :event_id, :webhook_id, 'pending', :at
 WHERE NOT EXISTS (SELECT 1 FROM delivery INDEXED BY delivery_event
                    WHERE event_id = :event_id AND webhook_id = :webhook_id)
