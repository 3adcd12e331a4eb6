-- Webhook endpoints and the deliveries to them.

-- fragment: columns
webhook.id, webhook.public_id, webhook.url, webhook.secret, webhook.old_secret,
webhook.old_until, webhook.declared, webhook.state, webhook.failing_since, webhook.created_at,
(SELECT json_group_array(pattern) FROM webhook_pattern
  WHERE webhook_id = webhook.id) AS events

-- fragment: due_columns
delivery.id, delivery.public_id, delivery.attempts, delivery.next_attempt_at,
event.public_id AS event, event.type, event.at, event.data,
delivery.webhook_id, webhook.public_id AS webhook,
coalesce(webhook.url, delivery.callback_url) AS url,
coalesce(webhook.secret, api_key.webhook_secret) AS secret, webhook.old_secret,
coalesce(webhook.declared, 0) AS declared, webhook.failing_since

-- fragment: due_joins
  JOIN event ON event.id = delivery.event_id
  LEFT JOIN webhook ON webhook.id = delivery.webhook_id
  LEFT JOIN api_key ON api_key.id = delivery.key_id

-- fragment: delivery_columns
delivery.id, delivery.public_id, webhook.public_id AS webhook, delivery.callback_url,
event.public_id AS event, event.type, message.public_id AS message, delivery.state,
delivery.attempts, delivery.next_attempt_at, delivery.last_at, delivery.last_status,
delivery.last_error, delivery.last_ms, delivery.failures

-- fragment: delivery_joins
  JOIN event ON event.id = delivery.event_id
  LEFT JOIN webhook ON webhook.id = delivery.webhook_id
  LEFT JOIN message ON message.id = event.message_id

-- name: insert
-- A new endpoint.
INSERT INTO webhook (public_id, url, secret, declared, state, created_at)
VALUES (:public_id, :url, :secret, :declared, 'active', :created_at)

-- name: insert_pattern
-- One pattern of events that an endpoint wants.
INSERT INTO webhook_pattern (webhook_id, pattern) VALUES (:webhook_id, :pattern)
ON CONFLICT DO NOTHING

-- name: delete_patterns
-- All patterns of an endpoint, before it gets others.
DELETE FROM webhook_pattern WHERE webhook_id = :webhook_id

-- name: get
-- One endpoint that is not deleted.
SELECT
-- use: columns
  FROM webhook WHERE public_id = :public_id AND state <> 'deleted'

-- name: get_by_id
-- One endpoint, deleted ones too.
SELECT
-- use: columns
  FROM webhook WHERE id = :id

-- name: list
-- All endpoints that are not deleted, oldest first.
-- scan: a gateway has tens of endpoints
SELECT
-- use: columns
  FROM webhook WHERE state <> 'deleted' ORDER BY id

-- name: update
-- Change where an endpoint is and how its requests are signed.
UPDATE webhook
   SET url = :url, secret = :secret, old_secret = :old_secret, old_until = :old_until
 WHERE id = :id

-- name: end_rotations
-- Forget secrets that sign no more.
-- scan: a gateway has tens of endpoints
UPDATE webhook SET old_secret = NULL, old_until = NULL WHERE old_until <= :now

-- name: set_state
-- Activate, pause, disable or delete an endpoint; activating forgets failures.
UPDATE webhook
   SET state = :state,
       failing_since = CASE :state WHEN 'active' THEN NULL ELSE failing_since END
 WHERE id = :id

-- name: failing
-- Remember since when an endpoint fails.
UPDATE webhook SET failing_since = :at WHERE id = :id AND failing_since IS NULL

-- name: working
-- An endpoint answered: it fails no more.
UPDATE webhook SET failing_since = NULL WHERE id = :id AND failing_since IS NOT NULL

-- name: drop_pending
-- Nothing more is sent to this endpoint.
UPDATE delivery SET state = 'dead', last_error = :error
 WHERE webhook_id = :webhook_id AND state = 'pending'

-- name: active
-- Endpoints that deliveries go to.
-- scan: a gateway has tens of endpoints
SELECT id FROM webhook WHERE state = 'active'

-- name: due
-- Deliveries to one endpoint whose time has come, the longest waiting first.
SELECT
-- use: due_columns
  FROM delivery INDEXED BY delivery_due
-- use: due_joins
 WHERE delivery.webhook_id = :webhook_id AND delivery.state = 'pending'
   AND delivery.next_attempt_at <= :now
 ORDER BY delivery.next_attempt_at
 LIMIT :limit

-- name: due_callbacks
-- Deliveries to URLs of messages whose time has come, the longest waiting first.
SELECT
-- use: due_columns
  FROM delivery INDEXED BY delivery_due
-- use: due_joins
 WHERE delivery.webhook_id IS NULL AND delivery.state = 'pending'
   AND delivery.next_attempt_at <= :now
 ORDER BY delivery.next_attempt_at
 LIMIT :limit

-- name: next_due
-- When the next delivery to one endpoint falls due behind an instant.
SELECT min(next_attempt_at) FROM delivery INDEXED BY delivery_due
 WHERE webhook_id = :webhook_id AND state = 'pending' AND next_attempt_at > :now

-- name: next_due_callback
-- When the next delivery to a message's own URL falls due behind an instant.
SELECT min(next_attempt_at) FROM delivery INDEXED BY delivery_due
 WHERE webhook_id IS NULL AND state = 'pending' AND next_attempt_at > :now

-- name: record_attempt
-- What came of one attempt; a delivery that ended meanwhile stays ended.
UPDATE delivery
   SET state = :state, attempts = attempts + 1, next_attempt_at = :next_attempt_at,
       last_at = :at, last_status = :status, last_error = :error, last_ms = :ms,
       failures = CASE
         WHEN :state = 'done' THEN failures
         WHEN json_array_length(failures) >= 30  -- replayed again and again
         THEN json_insert(json_remove(failures, '$[0]'),
                          '$[#]', json_array(:at, :status, :ms, :error))
         ELSE json_insert(coalesce(failures, '[]'),
                          '$[#]', json_array(:at, :status, :ms, :error)) END
 WHERE id = :id AND state = 'pending'
RETURNING webhook_id

-- name: replay
-- Send an ended delivery once more, as if it were new.
UPDATE delivery SET state = 'pending', attempts = 0, next_attempt_at = :now
 WHERE public_id = :public_id AND state <> 'pending'

-- name: get_delivery
-- One delivery by its public id.
SELECT
-- use: delivery_columns
  FROM delivery
-- use: delivery_joins
 WHERE delivery.public_id = :public_id

-- name: list_deliveries
-- Deliveries to one endpoint below a cursor, newest first.
SELECT
-- use: delivery_columns
  FROM delivery INDEXED BY delivery_webhook
-- use: delivery_joins
 WHERE delivery.webhook_id = :webhook_id AND delivery.id < :cursor
   AND (:state IS NULL OR delivery.state = :state)
 ORDER BY delivery.id DESC
 LIMIT :limit
