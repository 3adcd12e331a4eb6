-- Test events: one delivery to one endpoint, whatever it wants to hear of.

-- name: insert
-- One delivery of one event to one endpoint, due at once.
INSERT INTO delivery (public_id, event_id, webhook_id, state, next_attempt_at)
VALUES (:public_id, :event_id, :webhook_id, 'pending', :at)
