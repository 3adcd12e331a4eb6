-- What must hold between rows, whatever happened; looked at by `db check`.

-- name: without_open_part
-- Messages that wait, and no part of them does.
-- scan: reads what is open, by an index of states
SELECT public_id FROM message INDEXED BY message_state
 WHERE direction = 'outbound' AND state IN ('scheduled', 'queued', 'sending')
   AND state NOT IN ('sent', 'delivered')
   AND NOT EXISTS (SELECT 1 FROM part
                    WHERE part.message_id = message.id
                      AND part.state IN ('queued', 'claimed', 'submitting'))
 LIMIT 100;

-- name: open_part_of_ended
-- Parts that would be sent although their message is over.
-- scan: walks along the queue
SELECT message.public_id FROM part INDEXED BY part_open
  JOIN message ON message.id = part.message_id
 WHERE part.state IN ('queued', 'claimed')
   AND message.state NOT IN ('scheduled', 'queued', 'sending', 'in_doubt')
 LIMIT 100;

-- name: doubt_without_part
-- Messages in doubt, and no part of them is.
-- scan: reads what is in doubt, by an index of states
SELECT public_id FROM message INDEXED BY message_state
 WHERE direction = 'outbound' AND state = 'in_doubt' AND state NOT IN ('sent', 'delivered')
   AND NOT EXISTS (SELECT 1 FROM part WHERE part.message_id = message.id
                      AND part.state IN ('in_doubt', 'submitting'))
 LIMIT 100;

-- name: parts_missing
-- Messages that have some of their parts and not all.
-- scan: compares every message with its parts
SELECT public_id FROM message
 WHERE direction = 'outbound'
   AND (SELECT count(*) FROM part WHERE part.message_id = message.id)
       NOT IN (0, segments)
 LIMIT 100;

-- name: batch_counts
-- Batches that say more, or less, of themselves than is there.
SELECT public_id FROM batch
 WHERE expanded > accepted OR (pending IS NULL AND expanded < accepted AND expanded > 0)
 LIMIT 100;

-- name: delivery_of_nothing
-- Deliveries that wait and go nowhere.
-- scan: reads what waits to be delivered
SELECT public_id FROM delivery
 WHERE state = 'pending' AND webhook_id IS NULL AND callback_url IS NULL
 LIMIT 100;
