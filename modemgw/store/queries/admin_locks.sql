-- Numbers that may command the gateway by SMS: wrong PINs, and the last command.

-- name: get
-- What is known of a number.
SELECT failures, locks, until_at, last_at, last_word FROM admin_lock
 WHERE hash = :hash

-- name: put
-- What is known of a number now.
INSERT INTO admin_lock (hash, failures, locks, until_at, last_at, last_word)
VALUES (:hash, :failures, :locks, :until_at, :last_at, :last_word)
ON CONFLICT (hash) DO UPDATE
   SET failures = excluded.failures, locks = excluded.locks,
       until_at = excluded.until_at, last_at = excluded.last_at,
       last_word = excluded.last_word
