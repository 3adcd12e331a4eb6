-- Alarms: what was wrong, and how far it was told.

-- fragment: columns
public_id, kind, subject, what, advice, since_at, raised_at, stage, stage_at,
       cleared_at, told_sms, told_mail

-- name: put
-- How an alarm stands now.
INSERT INTO alarm (public_id, kind, subject, what, advice, since_at, raised_at, stage,
                   stage_at, cleared_at, told_sms, told_mail, done)
VALUES (:public_id, :kind, :subject, :what, :advice, :since_at, :raised_at, :stage,
        :stage_at, :cleared_at, :told_sms, :told_mail, :done)
ON CONFLICT (public_id) DO UPDATE
   SET what = excluded.what, advice = excluded.advice, stage = excluded.stage,
       stage_at = excluded.stage_at, cleared_at = excluded.cleared_at,
       told_sms = excluded.told_sms, told_mail = excluded.told_mail,
       done = excluded.done

-- name: unfinished
-- Alarms that are open, or that somebody is still to hear of.
SELECT
-- use: columns
  FROM alarm INDEXED BY alarm_unfinished WHERE done = 0 ORDER BY id

-- name: list
-- The last alarms, newest first.
SELECT
-- use: columns
  FROM alarm ORDER BY id DESC LIMIT :limit

-- name: forget
-- Alarms that were over before an instant.
-- scan: it is short, and looked through a few times a day
DELETE FROM alarm WHERE done = 1 AND cleared_at < :before
