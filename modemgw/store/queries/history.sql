-- Messages that were over before they came into this database.

-- name: insert
-- One message as it ended; nothing changes where it is known.
INSERT INTO message (
  public_id, direction, state, peer, sim_id, class, priority, encoding, segments,
  attempts, reason, reference, tags, metadata,
  created_at, not_before, expires_at, sent_at, final_at)
VALUES (
  :public_id, :direction, :state, :peer, :sim_id, :klass, :priority, :encoding,
  :segments, :attempts, :reason, :reference, :tags, :metadata,
  :created_at, :not_before, :expires_at, :sent_at, :final_at)
ON CONFLICT (public_id) DO NOTHING;

-- name: known
-- Whether a message with this reference is there.
SELECT 1 FROM message WHERE reference = :reference LIMIT 1;
