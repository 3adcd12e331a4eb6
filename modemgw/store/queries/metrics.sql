-- What is counted when somebody looks: each from an index that holds what waits.

-- name: in_state
-- How many messages are in one state, of those that something is to be done about.
SELECT count(*) FROM message INDEXED BY message_state
 WHERE state = :state AND state NOT IN ('sent', 'delivered')

-- name: pending
-- How many pushes wait, and the oldest of them.
-- scan: the index holds only what waits
SELECT count(*), min(id) FROM delivery INDEXED BY delivery_due WHERE state = 'pending'

-- name: dead
-- How many pushes were given up.
-- scan: the index holds only what was given up
SELECT count(*) FROM delivery INDEXED BY delivery_dead WHERE state = 'dead'

-- name: pushed_at
-- When the event of one push happened.
SELECT event.at FROM delivery JOIN event ON event.id = delivery.event_id
 WHERE delivery.id = :id
