-- Events: every step of every message, and everything that is pushed outwards.

-- fragment: columns
event.id, event.public_id, event.type, event.at, message.public_id AS message,
event.part_seq, event.data

-- name: insert
-- Append one event; :public_id is NULL where nobody outside hears of it.
INSERT INTO event (public_id, type, at, message_id, part_seq, data)
VALUES (:public_id, :type, :at, :message_id, :part_seq, :data)

-- name: insert_queued
-- The event of a message that was just accepted.
INSERT INTO event (public_id, type, at, message_id, data)
VALUES (:public_id, 'message.queued', :at, :message_id, :data)

-- name: insert_deliveries_of
-- The deliveries of pushed events of one type that were appended in a row.
INSERT INTO delivery (public_id, event_id, webhook_id, state, next_attempt_at)
SELECT new_id('dlv', event.at), event.id, webhook.id, 'pending', event.at
  FROM event CROSS JOIN webhook
 WHERE event.id BETWEEN :first AND :last
   AND event.public_id IS NOT NULL
   AND webhook.state = 'active'
   AND EXISTS (SELECT 1
                 FROM webhook_pattern
                WHERE webhook_pattern.webhook_id = webhook.id
                  AND :type GLOB webhook_pattern.pattern)

-- name: insert_deliveries
-- One delivery for each active endpoint that wants events of this type.
INSERT INTO delivery (public_id, event_id, webhook_id, state, next_attempt_at)
SELECT new_id('dlv', :at), :event_id, webhook.id, 'pending', :at
  FROM webhook
 WHERE webhook.state = 'active'
   AND EXISTS (SELECT 1
                 FROM webhook_pattern
                WHERE webhook_pattern.webhook_id = webhook.id
                  AND :type GLOB webhook_pattern.pattern)

-- name: is_wanted
-- Whether an active endpoint wants events of this type.
SELECT EXISTS (SELECT 1
                 FROM webhook
                 JOIN webhook_pattern ON webhook_pattern.webhook_id = webhook.id
                WHERE webhook.state = 'active'
                  AND :type GLOB webhook_pattern.pattern)

-- name: insert_callback
-- One delivery to the URL that came with the message.
INSERT INTO delivery
       (public_id, event_id, callback_url, key_id, state, next_attempt_at)
VALUES (new_id('dlv', :at), :event_id, :callback_url, :key_id, 'pending', :at)

-- name: export
-- Events behind a row id, oldest first, for a file.
SELECT
-- use: columns
  FROM event LEFT JOIN message ON message.id = event.message_id
 WHERE event.id > :after
   AND (:since IS NULL OR event.at >= :since)
   AND (:until IS NULL OR event.at < :until)
 ORDER BY event.id
 LIMIT :limit

-- name: timeline
-- All events of one message, oldest first.
SELECT
-- use: columns
  FROM event LEFT JOIN message ON message.id = event.message_id
 WHERE event.message_id = :message_id
 ORDER BY event.id

-- name: since
-- Pushed events behind a cursor whose type matches one of :types (JSON globs).
SELECT
-- use: columns
  FROM event LEFT JOIN message ON message.id = event.message_id
 WHERE event.public_id IS NOT NULL
   AND event.id > :cursor
   AND EXISTS (SELECT 1 FROM json_each(:types) AS wanted
                WHERE event.type GLOB wanted.value)
 ORDER BY event.id
 LIMIT :limit

-- name: first_pushed
-- The first pushed event of a stretch of row ids.
SELECT id, public_id FROM event
 WHERE id BETWEEN :first AND :last AND public_id IS NOT NULL
 ORDER BY id
 LIMIT 1

-- name: newest
-- The highest row id: a cursor behind everything that happened so far.
SELECT max(id) FROM event
