-- Taking bodies away: of one message, wherever a copy of it lies.

-- name: delete_text
-- The body itself.
DELETE FROM message_text WHERE message_id = :id

-- name: strip_events
-- What was received is told with its text.
UPDATE event SET data = json_replace(data, '$.text', NULL, '$.data', NULL) WHERE message_id = :id

-- name: delete_fragments
-- Parts of a message that is complete; nothing is joined to them any more.
DELETE FROM fragment WHERE message_id = :id

-- name: blank_raw
-- The TPDUs that it came in. Those of reports hold no body.
UPDATE raw_tpdu SET octets = x'' WHERE message_id = :id

-- name: still_reactions
-- What it made us do, or would have.
UPDATE reaction SET text = NULL, state = iif(state = 'planned', 'skipped', state)
 WHERE message_id = :id

-- name: answers
-- Answers kept under an Idempotency-Key that were given with the message.
SELECT id, body FROM idempotency WHERE created_at = :at AND body IS NOT NULL

-- name: put_answer
-- Such an answer, without the body.
UPDATE idempotency SET body = :body WHERE id = :id

-- name: mark
-- The row says so itself.
UPDATE message SET redacted_at = coalesce(redacted_at, :now) WHERE id = :id
