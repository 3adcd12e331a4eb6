-- What modems gave us: raw TPDUs, fragments, messages made of them.

-- name: find_undeleted
-- The same octets in the same slot, whose deletion was never confirmed.
SELECT id FROM raw_tpdu INDEXED BY raw_undeleted
 WHERE deleted = 0 AND sim_id IS :sim_id AND memory IS :memory AND slot IS :slot
   AND octets = :octets

-- name: find_alias
-- The same octets in another memory of this card, read in the same sweep.
SELECT id FROM raw_tpdu INDEXED BY raw_undeleted
 WHERE deleted = 0 AND sim_id IS :sim_id AND memory IS NOT :memory
   AND octets = :octets AND read_at >= :sweep_began_at

-- name: find_routed
-- The same octets, routed to us lately: the daemon died before AT+CNMA. Only the
-- newest few hundred rows are looked at.
SELECT id FROM raw_tpdu
 WHERE id > (SELECT coalesce(max(id), 0) - 300 FROM raw_tpdu)
   AND memory IS NULL AND sim_id IS :sim_id AND octets = :octets AND read_at >= :since
 ORDER BY id DESC LIMIT 1

-- name: free_slot
-- Something else lies in the slot now, so what lay there is gone from the modem.
UPDATE raw_tpdu INDEXED BY raw_undeleted SET deleted = 1
 WHERE deleted = 0 AND sim_id IS :sim_id AND memory IS :memory AND slot IS :slot

-- name: insert_raw
-- A TPDU as it came, before anything is made of it.
INSERT INTO raw_tpdu
       (sim_id, modem, memory, slot, octets, read_at, state, deleted, backlog)
VALUES (:sim_id, :modem, :memory, :slot, :octets, :read_at, 'new', :deleted, :backlog)

-- name: insert_report
-- A status report that came routed and is worked on already: nothing to delete.
INSERT INTO raw_tpdu (sim_id, modem, octets, read_at, state, deleted, tp_mr)
VALUES (:sim_id, :modem, :octets, :read_at, :state, 1, :tp_mr)

-- name: get_raw
-- One TPDU by its row id.
SELECT id, sim_id, modem, memory, slot, octets, read_at, state, deleted, crashes,
       backlog, tp_mr, error, message_id
  FROM raw_tpdu WHERE id = :id

-- name: mark_deleted
-- The modem confirmed that the slot is empty.
UPDATE raw_tpdu SET deleted = 1 WHERE id = :id

-- name: settle
-- What was made of a TPDU.
UPDATE raw_tpdu
   SET state = :state, tp_mr = coalesce(:tp_mr, tp_mr), error = :error,
       message_id = coalesce(:message_id, message_id)
 WHERE id = :id

-- name: open_items
-- TPDUs that nothing was made of yet, oldest first.
SELECT id, sim_id, modem, memory, slot, octets, read_at, state, deleted, crashes,
       backlog, tp_mr, error, message_id
  FROM raw_tpdu INDEXED BY raw_new
 WHERE state = 'new'
 ORDER BY id

-- name: count_crash
-- The daemon died while these were open.
UPDATE raw_tpdu INDEXED BY raw_new SET crashes = crashes + 1 WHERE state = 'new'

-- name: set_aside_oldest
-- The oldest item that was open during two crashes is the one that was in work.
UPDATE raw_tpdu
   SET state = 'set_aside', error = :error
 WHERE id = (SELECT id FROM raw_tpdu INDEXED BY raw_new
              WHERE state = 'new' AND crashes >= 2 ORDER BY id LIMIT 1)
RETURNING id

-- name: set_aside_rest
-- What was open during three crashes: it was not the oldest one's fault alone.
UPDATE raw_tpdu INDEXED BY raw_new
   SET state = 'set_aside', error = :error
 WHERE state = 'new' AND crashes >= 3
RETURNING id

-- name: reopen
-- Try an item once more that was set aside or could not be decoded.
UPDATE raw_tpdu SET state = 'new', crashes = 0, error = NULL
 WHERE id = :id AND state IN ('set_aside', 'undecodable')

-- name: unmatched
-- Status reports for a TP-MR of one card that no part was found for, oldest first.
SELECT id, sim_id, modem, memory, slot, octets, read_at, state, deleted, crashes,
       backlog, tp_mr, error, message_id
  FROM raw_tpdu INDEXED BY raw_unmatched
 WHERE state = 'unmatched' AND sim_id = :sim_id AND tp_mr = :tp_mr
 ORDER BY id

-- name: list_by_state
-- TPDUs in one state below a cursor, newest first, for people.
SELECT id, sim_id, modem, memory, slot, octets, read_at, state, deleted, crashes,
       backlog, tp_mr, error, message_id
  FROM raw_tpdu
 WHERE state = :state AND id < :cursor
 ORDER BY id DESC
 LIMIT :limit

-- name: insert_message
-- A message from the air; `receiving` while parts are missing.
INSERT INTO message (public_id, direction, state, peer, sim_id, encoding, segments,
                     options, created_at, not_before, final_at)
VALUES (:public_id, 'inbound', :state, :peer, :sim_id, :encoding, :segments,
        :options, :created_at, :created_at, :final_at)

-- name: insert_text
-- Its body.
INSERT INTO message_text (message_id, text, data) VALUES (:message_id, :text, :data)

-- name: update_message
-- More of it arrived, or its time to wait is over.
UPDATE message
   SET state = :state, sequence = sequence + 1, encoding = :encoding,
       segments = :segments, options = :options, final_at = :final_at
 WHERE id = :id
RETURNING sequence

-- name: update_text
-- The body of what is there by now.
INSERT INTO message_text (message_id, text, data) VALUES (:message_id, :text, :data)
ON CONFLICT (message_id) DO UPDATE SET text = excluded.text, data = excluded.data

-- name: insert_fragment
-- One part that waits for its siblings.
INSERT INTO fragment (raw_id, sim_id, sender, concat_ref, wide, total, seq, read_at,
                      message_id, deadline_at)
VALUES (:raw_id, :sim_id, :sender, :concat_ref, :wide, :total, :seq, :read_at,
        :message_id, :deadline_at)

-- name: fragments_of_set
-- The newest parts that share the key of a set, any generation since an instant.
SELECT fragment.id, fragment.raw_id, fragment.seq, fragment.total, fragment.read_at,
       fragment.message_id, fragment.deadline_at, raw_tpdu.octets
  FROM fragment INDEXED BY fragment_set
  JOIN raw_tpdu ON raw_tpdu.id = fragment.raw_id
 WHERE fragment.sender = :sender AND fragment.sim_id IS :sim_id
   AND fragment.concat_ref = :concat_ref AND fragment.wide = :wide
   AND fragment.total = :total AND fragment.read_at >= :since
 ORDER BY fragment.id DESC
 LIMIT :limit

-- name: fragments_of_message
-- Parts that one message is made of, in the order they came.
SELECT fragment.id, fragment.raw_id, fragment.seq, fragment.total, fragment.read_at,
       fragment.message_id, fragment.deadline_at, raw_tpdu.octets
  FROM fragment INDEXED BY fragment_message
  JOIN raw_tpdu ON raw_tpdu.id = fragment.raw_id
 WHERE fragment.message_id = :message_id
 ORDER BY fragment.id

-- name: due_fragments
-- Messages whose missing parts are waited for no longer.
SELECT message_id FROM fragment INDEXED BY fragment_due
 WHERE deadline_at <= :now
 ORDER BY deadline_at
 LIMIT :limit

-- name: waiting_fragments
-- Each part of a message that waits for others, and when it came.
SELECT message_id, sender, read_at FROM fragment INDEXED BY fragment_due
 WHERE deadline_at > 0

-- name: next_fragment_due
-- When the next message stops waiting for its parts.
SELECT min(deadline_at) FROM fragment INDEXED BY fragment_due
 WHERE deadline_at IS NOT NULL

-- name: finish_set
-- The message went out: nothing of it waits any more.
UPDATE fragment SET deadline_at = NULL
 WHERE message_id = :message_id AND deadline_at IS NOT NULL
