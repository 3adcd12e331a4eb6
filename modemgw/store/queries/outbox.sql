-- The outbox of webhooks: which deliveries are due, and what their requests hold.

-- name: sources
-- Endpoints that deliveries go to, and which of them fail.
-- scan: a gateway has tens of endpoints
SELECT id, failing_since IS NOT NULL FROM webhook WHERE state = 'active'

-- name: newest
-- The highest delivery id given out so far.
SELECT max(id) FROM delivery

-- name: fresh
-- Deliveries written behind a row id, oldest first.
SELECT delivery.id, delivery.next_attempt_at, delivery.webhook_id,
       delivery.callback_url, event.message_id
  FROM delivery JOIN event ON event.id = delivery.event_id
 WHERE delivery.id > :after AND delivery.state = 'pending'
 ORDER BY delivery.id
 LIMIT :limit

-- name: due
-- Deliveries to one endpoint (NULL: to URLs of messages) that fall due in a window.
SELECT delivery.id, delivery.next_attempt_at, delivery.webhook_id,
       delivery.callback_url, event.message_id
  FROM delivery INDEXED BY delivery_due JOIN event ON event.id = delivery.event_id
 WHERE delivery.webhook_id IS :webhook_id AND delivery.state = 'pending'
   AND delivery.next_attempt_at <= :until
   AND (delivery.next_attempt_at, delivery.id) > (:after_at, :after_id)
 ORDER BY delivery.next_attempt_at, delivery.id
 LIMIT :limit

-- name: next_due
-- When the next delivery to one endpoint (NULL: a message's URL) falls due.
SELECT min(next_attempt_at)
  FROM delivery INDEXED BY delivery_due
 WHERE webhook_id IS :webhook_id AND state = 'pending' AND next_attempt_at > :after

-- name: request
-- What one request is made of; no row where it shall not be made now.
SELECT coalesce(webhook.declared, 0), webhook.failing_since IS NOT NULL,
       delivery.id, delivery.attempts,
       event.public_id, event.type, event.at, event.data,
       webhook.id, coalesce(webhook.url, delivery.callback_url),
       coalesce(webhook.secret, api_key.webhook_secret),
       CASE WHEN webhook.old_until > :now THEN webhook.old_secret END,
       message.options ->> '$.dialect', api_key.public_id, api_key.hash,
       coalesce(sim.number, sim.name)
  FROM delivery
  JOIN event ON event.id = delivery.event_id
  LEFT JOIN webhook ON webhook.id = delivery.webhook_id
  LEFT JOIN api_key ON api_key.id = delivery.key_id
  LEFT JOIN message ON message.id = event.message_id AND delivery.webhook_id IS NULL
  LEFT JOIN sim ON sim.id = message.sim_id
 WHERE delivery.id = :id AND delivery.state = 'pending'
   AND (delivery.next_attempt_at <= :now OR delivery.attempts = 0)
   AND (webhook.state = 'active' OR delivery.webhook_id IS NULL)

-- name: pause_failing
-- Pause an endpoint that has done nothing but fail since some instant.
UPDATE webhook SET state = 'paused'
 WHERE id = :webhook_id AND state = 'active' AND failing_since <= :since
RETURNING public_id, url, failing_since

-- name: disable
-- Disable an endpoint that said it is gone.
UPDATE webhook SET state = 'disabled' WHERE id = :webhook_id AND state = 'active'
RETURNING public_id, url, failing_since
