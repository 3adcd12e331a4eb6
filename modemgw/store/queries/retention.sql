-- Deleting by age. Every statement looks at a window of rows behind a cursor, so
-- that none runs long; ids rise with time, so the walk ends at the first window
-- that is too young.

-- fragment: window
  SELECT id FROM message WHERE id > :after ORDER BY id LIMIT :limit

-- fragment: final_states
  ('delivered', 'undelivered', 'no_report', 'expired', 'failed', 'blocked',
   'canceled', 'received')

-- name: message_window
-- The last row of the next window of messages, and when its youngest was made.
SELECT max(id), max(created_at) FROM message WHERE id IN (
-- use: window
)

-- fragment: text_window
  SELECT message_id FROM message_text
   WHERE message_id > :after ORDER BY message_id LIMIT :limit

-- fragment: limit_of_kind
  CASE WHEN direction = 'inbound' THEN :inbound
       WHEN class = 'otp' THEN :otp
       WHEN class = 'alert' THEN :alert
       WHEN class = 'marketing' THEN :marketing
       ELSE :transactional END

-- name: text_window
-- The last row of the next window of texts, and when its youngest was made.
SELECT max(id), max(created_at) FROM message WHERE id IN (
-- use: text_window
)

-- name: strip_events
-- What was received is told with its text, which goes with the body.
UPDATE event SET data = json_replace(data, '$.text', NULL, '$.data', NULL)
 WHERE type = 'message.received' AND message_id IN (
  SELECT id FROM message
   WHERE direction = 'inbound' AND created_at < :inbound AND state = 'received'
     AND id IN (
-- use: text_window
     ))

-- name: delete_bodies
-- Texts of old messages whose outcome is known; what is accounted for stays.
DELETE FROM message_text WHERE message_id IN (
  SELECT id FROM message
   WHERE created_at <
-- use: limit_of_kind
     AND state IN
-- use: final_states
     AND id IN (
-- use: text_window
     ))

-- name: delete_messages
-- Old messages whose outcome is known, with their parts, events and deliveries.
DELETE FROM message WHERE id IN (
  SELECT id FROM message
   WHERE created_at <
-- use: limit_of_kind
     AND state IN
-- use: final_states
     AND id IN (
-- use: window
     ))

-- name: event_window
-- The last row of the next window of events, and the youngest of it.
SELECT max(id), max(at) FROM event
 WHERE id IN (SELECT id FROM event WHERE id > :after ORDER BY id LIMIT :limit)

-- name: delete_events
-- Old events that belong to no message and that nobody is still to be told of.
DELETE FROM event WHERE id IN (
  SELECT id FROM event
   WHERE at < :before AND message_id IS NULL
     AND id IN (SELECT id FROM event WHERE id > :after ORDER BY id LIMIT :limit)
     AND NOT EXISTS (SELECT 1 FROM delivery
                      WHERE delivery.event_id = event.id
                        AND delivery.state = 'pending'))

-- name: delivery_window
-- The last row of the next window of deliveries, and the youngest of it.
SELECT max(id), max(coalesce(last_at, next_attempt_at)) FROM delivery
 WHERE id IN (SELECT id FROM delivery WHERE id > :after ORDER BY id LIMIT :limit)

-- name: delete_deliveries
-- Old deliveries that ended.
DELETE FROM delivery WHERE id IN (
  SELECT id FROM delivery
   WHERE state <> 'pending' AND last_at < :before
     AND id IN (SELECT id FROM delivery WHERE id > :after ORDER BY id LIMIT :limit))

-- name: raw_window
-- The last row of the next window of TPDUs, and the youngest of it.
SELECT max(id), max(read_at) FROM raw_tpdu
 WHERE id IN (SELECT id FROM raw_tpdu WHERE id > :after ORDER BY id LIMIT :limit)

-- name: delete_fragments
-- Parts whose TPDUs go next; their messages went out long ago.
DELETE FROM fragment WHERE deadline_at IS NULL AND raw_id IN (
  SELECT id FROM raw_tpdu
   WHERE state <> 'new' AND deleted = 1 AND read_at < :before
     AND id IN (SELECT id FROM raw_tpdu WHERE id > :after ORDER BY id LIMIT :limit))

-- name: delete_raw
-- Old TPDUs that are gone from the modem and no message waits for.
DELETE FROM raw_tpdu WHERE id IN (
  SELECT id FROM raw_tpdu
   WHERE state <> 'new' AND deleted = 1 AND read_at < :before
     AND id IN (SELECT id FROM raw_tpdu WHERE id > :after ORDER BY id LIMIT :limit)
     AND NOT EXISTS (SELECT 1 FROM fragment WHERE fragment.raw_id = raw_tpdu.id))

-- name: delete_usage
-- Minutes that no pace or quota window counts any more.
DELETE FROM sim_usage
 WHERE sim_id IN (SELECT id FROM sim) AND minute < :minute

-- name: free_pages
-- How many pages of the file are empty.
PRAGMA freelist_count

-- name: vacuum
-- Give an empty page back to the file system. The pragma yields a row without
-- columns for each page, of which sqlite3 takes only the first.
PRAGMA incremental_vacuum(1)
