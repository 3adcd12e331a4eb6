-- What SIMs and keys have used up.

-- name: count
-- One more part, in the transaction that marks it as submitting.
INSERT INTO spending (sim_id, minute, key_id, parts, covered, cost)
VALUES (:sim_id, :minute, :key_id, 1, :covered, :cost)
ON CONFLICT (sim_id, minute, key_id) DO UPDATE
   SET parts = parts + 1, covered = covered + excluded.covered,
       cost = cost + excluded.cost;

-- name: uncount
-- The part counts for nothing any more.
UPDATE part SET counted = NULL, cost = NULL WHERE id = :part_id;

-- name: charge_of
-- What a part was counted as, and where.
SELECT part.sim_id, part.submitting_at / 60000, coalesce(message.key_id, 0),
       part.counted, coalesce(part.cost, 0)
  FROM part JOIN message ON message.id = part.message_id
 WHERE part.id = :part_id AND part.counted IS NOT NULL;

-- name: give_back
-- Take one part off: it never left.
UPDATE spending
   SET parts = parts - 1, covered = covered - :covered, cost = cost - :cost
 WHERE sim_id = :sim_id AND minute = :minute AND key_id = :key_id;

-- name: of_sim
-- What one card used up, by minute, oldest first.
SELECT minute, sum(parts), sum(covered), sum(cost) FROM spending
 WHERE sim_id = :sim_id AND minute >= :minute
 GROUP BY minute
 ORDER BY minute;

-- name: of_key
-- What one key used up, on whatever card.
SELECT minute, parts, covered, cost FROM spending
 WHERE sim_id IN (SELECT id FROM sim) AND minute >= :minute AND key_id = :key_id;

-- name: totals
-- What each card sent for each key in a stretch of time.
SELECT sim_id, key_id, sum(parts), sum(covered), sum(cost) FROM spending
 WHERE sim_id IN (SELECT id FROM sim) AND minute >= :from_minute
   AND minute < :to_minute
 GROUP BY sim_id, key_id;

-- name: oldest
-- The first minute that anything was counted in.
SELECT min(minute) FROM spending
 WHERE sim_id IN (SELECT id FROM sim) AND minute >= :minute;

-- name: fold
-- The minutes of one day, as one row at its beginning.
INSERT INTO spending (sim_id, minute, key_id, parts, covered, cost)
SELECT sim_id, :from_minute, key_id, sum(parts), sum(covered), sum(cost)
  FROM spending
 WHERE sim_id IN (SELECT id FROM sim) AND minute > :from_minute
   AND minute < :to_minute
 GROUP BY sim_id, key_id
ON CONFLICT (sim_id, minute, key_id) DO UPDATE
   SET parts = parts + excluded.parts, covered = covered + excluded.covered,
       cost = cost + excluded.cost;

-- name: folded
-- The minutes that are in that row now.
DELETE FROM spending
 WHERE sim_id IN (SELECT id FROM sim) AND minute > :from_minute
   AND minute < :to_minute;

-- name: forget
-- What no account is given of any more.
DELETE FROM spending
 WHERE sim_id IN (SELECT id FROM sim) AND minute < :minute;

-- name: meters_of
-- What a person corrected, and what was told of.
SELECT name, start_at, adjust, told FROM sim_meter WHERE sim_id = :sim_id;

-- name: adjust
-- Add to what was counted in one period.
INSERT INTO sim_meter (sim_id, name, start_at, adjust)
VALUES (:sim_id, :name, :start_at, :by)
ON CONFLICT (sim_id, name, start_at) DO UPDATE SET adjust = adjust + excluded.adjust;

-- name: tell
-- Somebody is told that little is left; once per period.
INSERT INTO sim_meter (sim_id, name, start_at, told)
VALUES (:sim_id, :name, :start_at, 1)
ON CONFLICT (sim_id, name, start_at) DO UPDATE SET told = 1 WHERE told = 0;

-- name: forget_meters
-- Corrections of periods that are long over.
DELETE FROM sim_meter
 WHERE sim_id IN (SELECT id FROM sim) AND start_at < :before;

-- name: accept
-- Parts taken from a key that has a quota.
INSERT INTO key_intake (key_id, minute, parts) VALUES (:key_id, :minute, :parts)
ON CONFLICT (key_id, minute) DO UPDATE SET parts = parts + excluded.parts;

-- name: accepted
-- Parts taken from one key, by minute.
SELECT minute, parts FROM key_intake
 WHERE key_id = :key_id AND minute >= :minute
 ORDER BY minute;

-- name: forget_intake
-- Minutes that no quota counts any more.
DELETE FROM key_intake
 WHERE key_id IN (SELECT id FROM api_key) AND minute < :minute;
