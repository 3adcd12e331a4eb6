-- The schema as it is now. Migrations in migrate.py end in exactly this.
--
-- Instants: integer Unix milliseconds, UTC, named _at. States: text with a
-- CHECK. Octets: BLOB. Internal ids: integers, which are also the cursors of
-- lists; public ids: text, sortable.
--
-- What every message writes has its words checked by OR, the usual ones first: for
-- IN with more than two, SQLite makes a table of them in each statement that runs.

-- Facts about this file: key `clean` is '1' while no daemon runs on it.
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per SIM card ever seen. Quotas, reports and history follow the card.
CREATE TABLE sim (
  id            INTEGER PRIMARY KEY,
  identity      TEXT NOT NULL UNIQUE,  -- ICCID; else imsi:<IMSI>; else modem:<name>
  iccid         TEXT,
  imsi          TEXT,
  name          TEXT NOT NULL UNIQUE,  -- from the configuration, else made from the ICCID
  number        TEXT,                  -- E.164, from the configuration or AT+CNUM
  modem         TEXT,                  -- name of the modem it was last seen in
  last_tp_mr    INTEGER,               -- TP-MR of the last accepted part
  mr_steps      INTEGER NOT NULL DEFAULT 0,  -- how often in a row TP-MR went up by one
  minute        INTEGER NOT NULL DEFAULT 0,  -- Unix time / 60 of the last part submitted,
  parts         INTEGER NOT NULL DEFAULT 0,  -- and how many were in that minute so far
  first_seen_at INTEGER NOT NULL,
  last_seen_at  INTEGER NOT NULL
) STRICT;

-- Whether a modem keeps the last reference on a card true (EF_SMSS).
CREATE TABLE card_reference (
  sim_id INTEGER NOT NULL REFERENCES sim(id),
  imei   TEXT NOT NULL,
  held   INTEGER NOT NULL,              -- readings in a row that were as expected
  missed INTEGER NOT NULL,              -- readings that were not, or were refused
  PRIMARY KEY (sim_id, imei)
) STRICT, WITHOUT ROWID;

-- PINs that went out to a card and were not proved right: none of them goes out
-- again. The PIN itself is never stored.
CREATE TABLE pin_latch (
  card     TEXT NOT NULL,               -- ICCID; else which card of which modem (IMEI)
  salt     BLOB NOT NULL,
  hash     BLOB NOT NULL,               -- scrypt of the PIN
  refused  INTEGER NOT NULL,            -- 1: the card said wrong; 0: its answer was lost
  tried_at INTEGER NOT NULL,
  PRIMARY KEY (card, hash)
) STRICT, WITHOUT ROWID;

-- Parts submitted per SIM and minute: what the pace windows count after a restart. The
-- last minute is in the row of the SIM, which is written with each part anyway.
CREATE TABLE sim_usage (
  sim_id INTEGER NOT NULL REFERENCES sim(id),
  minute INTEGER NOT NULL,             -- Unix time / 60
  parts  INTEGER NOT NULL,
  PRIMARY KEY (sim_id, minute)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER sim_minute_over AFTER UPDATE OF minute ON sim
  WHEN OLD.minute <> NEW.minute AND OLD.parts > 0
  BEGIN
    INSERT INTO sim_usage (sim_id, minute, parts) VALUES (OLD.id, OLD.minute, OLD.parts)
    ON CONFLICT (sim_id, minute) DO UPDATE SET parts = parts + excluded.parts;
  END;

-- How far each SIM is trusted: in service, benched for its own fault, on parole.
CREATE TABLE sim_health (
  sim_id     INTEGER PRIMARY KEY REFERENCES sim(id),
  state      TEXT NOT NULL CHECK (state IN ('active', 'benched', 'parole')),
  cause      TEXT,                      -- of the bench, or of the last one
  reason     TEXT NOT NULL,             -- sentence for people
  since_at   INTEGER NOT NULL,
  until_at   INTEGER,                   -- end of a bench; NULL: until a person ends it
  benches    INTEGER NOT NULL,          -- in a row: each is longer
  successes  INTEGER NOT NULL,          -- in a row, on parole
  wanted     INTEGER NOT NULL,          -- so many end the parole
  by_reports INTEGER NOT NULL,          -- 1: only a delivery report is a success
  paused     INTEGER NOT NULL,          -- 1: by the admin
  told       TEXT CHECK (told IN ('up', 'down'))  -- which of the events came last
) STRICT;

-- What was submitted and is billed, where a tariff, a quota or a cap asks for it: per
-- SIM, minute and API key. A part that certainly never left is taken off again.
-- After two months the minutes of a day become one row.
CREATE TABLE spending (
  sim_id  INTEGER NOT NULL REFERENCES sim(id),
  minute  INTEGER NOT NULL,            -- Unix time / 60
  key_id  INTEGER NOT NULL,            -- 0: the admin socket
  parts   INTEGER NOT NULL,
  covered INTEGER NOT NULL,            -- of these, those that count against the bundle
  cost    INTEGER NOT NULL,            -- micro-units of the currency
  PRIMARY KEY (sim_id, minute, key_id)
) STRICT, WITHOUT ROWID;

-- What a person corrected, and what was told of, per quota, cap or bundle and period.
CREATE TABLE sim_meter (
  sim_id   INTEGER NOT NULL REFERENCES sim(id),
  name     TEXT NOT NULL,              -- bundle, or the limit as it was written
  start_at INTEGER NOT NULL,           -- first instant of the period
  adjust   INTEGER NOT NULL DEFAULT 0, -- added to what was counted
  told     INTEGER NOT NULL DEFAULT 0, -- 1: sim.allowance_low was written
  PRIMARY KEY (sim_id, name, start_at)
) STRICT, WITHOUT ROWID;

-- Parts accepted per key and minute, of keys with a quota.
CREATE TABLE key_intake (
  key_id INTEGER NOT NULL REFERENCES api_key(id),
  minute INTEGER NOT NULL,             -- Unix time / 60
  parts  INTEGER NOT NULL,
  PRIMARY KEY (key_id, minute)
) STRICT, WITHOUT ROWID;

-- What is known of a SIM's balance now. Amounts in micro-units of `currency`.
CREATE TABLE sim_balance (
  sim_id      INTEGER PRIMARY KEY REFERENCES sim(id),
  amount      INTEGER,                 -- the last one that was believed
  currency    TEXT,                    -- ISO 4217, or as the operator writes it
  read_at     INTEGER,                 -- when that was
  valid_until TEXT,                    -- date the operator named, YYYY-MM-DD
  sms_left    INTEGER,                 -- texts left of a bundle, as the operator said
  asked_at    INTEGER NOT NULL,        -- the last time it was asked, whatever came
  outcome     TEXT NOT NULL CHECK (outcome IN (
                'read', 'doubted', 'unreadable', 'unsupported', 'failed')),
  why         TEXT NOT NULL,           -- sentence for people about the last asking
  text        TEXT,                    -- the last answer, long numbers blanked out
  doubted     INTEGER,                 -- an amount that is believed if it comes again
  failures    INTEGER NOT NULL,        -- in a row
  is_low      INTEGER NOT NULL         -- 1: sim.balance_low was told
) STRICT;

-- The last readings of each SIM; a few dozen are kept.
CREATE TABLE balance_reading (
  sim_id   INTEGER NOT NULL REFERENCES sim(id),
  at       INTEGER NOT NULL,
  amount   INTEGER NOT NULL,
  currency TEXT,
  PRIMARY KEY (sim_id, at)
) STRICT, WITHOUT ROWID;

-- Texts from own SIM to own SIM and what came of them. A token is good for one
-- arrival; it stays, so that a late one is known.
CREATE TABLE selftest (
  id          INTEGER PRIMARY KEY,
  public_id   TEXT NOT NULL UNIQUE,    -- tst_…
  token       TEXT NOT NULL UNIQUE,
  from_sim_id INTEGER NOT NULL REFERENCES sim(id),
  to_sim_id   INTEGER NOT NULL REFERENCES sim(id),
  message_id  INTEGER REFERENCES message(id) ON DELETE SET NULL,
  cause       TEXT NOT NULL CHECK (cause IN ('schedule', 'asked', 'probe')),
  try         INTEGER NOT NULL,        -- 2: confirms the failure of the one before
  started_at  INTEGER NOT NULL,
  ended_at    INTEGER,
  result      TEXT NOT NULL CHECK (result IN ('running', 'passed', 'failed', 'unknown')),
  leg         TEXT CHECK (leg IN ('submit', 'delivery', 'report')),
  why         TEXT NOT NULL,
  submit_ms   INTEGER,                 -- all three from the moment it went out
  delivery_ms INTEGER,
  report_ms   INTEGER,
  arrived_at  INTEGER,                 -- behind ended_at: it came late
  copies      INTEGER NOT NULL DEFAULT 0  -- how often the same text came again
) STRICT;
CREATE INDEX selftest_from ON selftest (from_sim_id, id);
CREATE INDEX selftest_to ON selftest (to_sim_id, id);
CREATE INDEX selftest_message ON selftest (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX selftest_running ON selftest (id) WHERE result = 'running';

-- API keys. The secret itself is never stored.
CREATE TABLE api_key (
  id             INTEGER PRIMARY KEY,
  public_id      TEXT NOT NULL UNIQUE,  -- the eight characters behind mgw_
  name           TEXT NOT NULL,
  hash           BLOB NOT NULL,         -- SHA-256 of the secret part
  scopes         TEXT NOT NULL,         -- JSON list
  webhook_secret TEXT NOT NULL,         -- whsec_…, signs callback_url requests of this key
  created_at     INTEGER NOT NULL,
  last_used_at   INTEGER,               -- written at most once a minute
  revoked_at     INTEGER,
  limits         TEXT,                  -- JSON list: 100/day, 5.00/month; NULL: none
  rules          TEXT,                  -- JSON: where, what and whereto it may; NULL: anything
  expires_at     INTEGER,               -- NULL: never
  old_hash       BLOB,                  -- the secret before the last rotation
  old_until      INTEGER                -- and until when it opens, too
) STRICT;

-- The one-time link that setup prints: one at most, a key for whoever opens it first.
CREATE TABLE setup_link (
  hash       BLOB PRIMARY KEY,          -- SHA-256 of the token in it
  message    TEXT,                      -- public id of the first text, shown with it
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A batch as it was accepted, until all of its messages are rows.
CREATE TABLE batch (
  id         INTEGER PRIMARY KEY,
  public_id  TEXT NOT NULL UNIQUE,
  key_id     INTEGER REFERENCES api_key(id),
  accepted   INTEGER NOT NULL,
  rejected   INTEGER NOT NULL,
  expanded   INTEGER NOT NULL DEFAULT 0,  -- how many of the pending ones are rows by now
  pending    BLOB,                      -- all accepted messages (msgspec JSON) until each is a row
  created_at INTEGER NOT NULL,
  canceled_at INTEGER                   -- when somebody canceled what still waited of it
) STRICT;
CREATE INDEX batch_unexpanded ON batch (id) WHERE pending IS NOT NULL;

-- One row per message, either direction; what a customer sees.
CREATE TABLE message (
  id           INTEGER PRIMARY KEY,
  public_id    TEXT NOT NULL UNIQUE,
  direction    TEXT NOT NULL CHECK (direction IN ('outbound', 'inbound')),
  state        TEXT NOT NULL CHECK (
                 state = 'sent' OR state = 'delivered' OR state = 'sending'
                 OR state = 'queued' OR state = 'scheduled' OR state = 'undelivered'
                 OR state = 'no_report' OR state = 'in_doubt' OR state = 'expired'
                 OR state = 'failed' OR state = 'blocked' OR state = 'canceled'
                 OR state = 'receiving' OR state = 'received'),
  sequence     INTEGER NOT NULL DEFAULT 1,  -- plus one with every change of state
  peer         TEXT NOT NULL,           -- the other end: recipient, or sender
  sim_id       INTEGER REFERENCES sim(id),  -- which SIM carried or received it
  class        TEXT CHECK (
                 class = 'transactional' OR class = 'alert' OR class = 'otp'
                 OR class = 'marketing'),
  priority     INTEGER NOT NULL DEFAULT 1,  -- 0 low, 1 normal, 2 high, 3 urgent
  encoding     TEXT NOT NULL,           -- gsm7, ucs2, 8bit
  segments     INTEGER NOT NULL,
  attempts     INTEGER NOT NULL DEFAULT 0,
  reason       TEXT,                    -- JSON {code, detail, raw, retryable}
  reference    TEXT,                    -- the client's own
  tags         TEXT,                    -- JSON list
  metadata     TEXT,                    -- JSON object
  options      TEXT NOT NULL DEFAULT '{}',  -- JSON: what only dispatch and rendering need
  key_id       INTEGER REFERENCES api_key(id),
  batch_id     INTEGER REFERENCES batch(id),
  created_at   INTEGER NOT NULL,
  not_before   INTEGER NOT NULL,        -- scheduled_for, or created_at
  expires_at   INTEGER,
  sent_at      INTEGER,
  final_at     INTEGER,                 -- delivered_at where the state says delivered
  decide_at    INTEGER,                 -- in_doubt: policy decides; sent: no_report falls due
  own          INTEGER NOT NULL DEFAULT 0, -- 1: our own self-test, nobody's message: not listed, not pushed
  redacted_at  INTEGER                  -- when its body was taken away by request
) STRICT;
CREATE INDEX message_peer ON message (peer, id);
-- Not those that nearly all messages end in: each step of a message would change it.
-- A statement that is led by it has to say so in the same words.
CREATE INDEX message_state ON message (state, id)
  WHERE state NOT IN ('sent', 'delivered');
CREATE INDEX message_reference ON message (reference, id) WHERE reference IS NOT NULL;
CREATE INDEX message_batch ON message (batch_id, id) WHERE batch_id IS NOT NULL;
CREATE INDEX message_schedule ON message (not_before) WHERE state = 'scheduled';
CREATE INDEX message_decide ON message (decide_at) WHERE decide_at IS NOT NULL;

-- Bodies apart from what is kept for accounting, so that they can go first.
CREATE TABLE message_text (
  message_id INTEGER PRIMARY KEY REFERENCES message(id) ON DELETE CASCADE,
  text       TEXT,
  data       BLOB                       -- 8-bit payload instead of a text
) STRICT;

-- One row per TPDU of an outbound message.
CREATE TABLE part (
  id            INTEGER PRIMARY KEY,
  message_id    INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
  seq           INTEGER NOT NULL,       -- 1-based, as on the wire
  state         TEXT NOT NULL CHECK (
                  state = 'accepted' OR state = 'delivered' OR state = 'submitting'
                  OR state = 'queued' OR state = 'claimed' OR state = 'undelivered'
                  OR state = 'failed' OR state = 'in_doubt' OR state = 'canceled'),
  attempts      INTEGER NOT NULL DEFAULT 0,
  not_before    INTEGER NOT NULL,
  priority      INTEGER NOT NULL,
  key_id        INTEGER NOT NULL DEFAULT 0,  -- whose message; 0: the admin socket
  route         TEXT NOT NULL DEFAULT '',    -- sim:…, modem:…, pool:… asked for; '': any; @ before: scheduled
  sim_id        INTEGER REFERENCES sim(id),  -- the SIM that has or had it
  modem         TEXT,
  tp_mr         INTEGER,                -- 0-255, given by the modem
  expected_mr   INTEGER,                -- in doubt: the TP-MR the SIM had due then
  air           INTEGER NOT NULL DEFAULT 0,  -- in doubt: 0 perhaps still on its way, 1 had all its time, 2 power lost since
  submitting_at INTEGER,
  accepted_at   INTEGER,
  final_at      INTEGER,
  tp_status     INTEGER,                -- last TP-ST octet, raw
  counted       INTEGER,                -- in spending: 1 against the bundle, 0 not; NULL: not
  cost          INTEGER,                -- price of the last attempt, micro-units; NULL: unknown
  UNIQUE (message_id, seq)
) STRICT;
-- The queue: one shelf for each priority, key and route, in the order of ids.
CREATE INDEX part_open ON part (priority, key_id, route)
  WHERE state IN ('queued', 'claimed');
CREATE INDEX part_doubt ON part (id) WHERE state = 'in_doubt';
CREATE INDEX part_expecting ON part (sim_id) WHERE expected_mr IS NOT NULL;
CREATE INDEX part_report ON part (sim_id, tp_mr, accepted_at) WHERE tp_mr IS NOT NULL;

-- Rotating concatenation reference per recipient, so that sets never merge.
CREATE TABLE concat_ref (
  peer TEXT PRIMARY KEY,
  ref  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every step of every message, and everything that is pushed outwards.
CREATE TABLE event (
  id         INTEGER PRIMARY KEY,
  public_id  TEXT,                      -- evt_…, rising; only where it is pushed
  type       TEXT NOT NULL,
  at         INTEGER NOT NULL,
  message_id INTEGER REFERENCES message(id) ON DELETE CASCADE,
  part_seq   INTEGER,
  data       TEXT NOT NULL              -- JSON; the webhook's `data` where it is pushed
) STRICT;
CREATE INDEX event_message ON event (message_id, id) WHERE message_id IS NOT NULL;

-- Webhook endpoints.
CREATE TABLE webhook (
  id          INTEGER PRIMARY KEY,
  public_id   TEXT NOT NULL UNIQUE,
  url         TEXT NOT NULL,
  secret      TEXT NOT NULL,            -- whsec_…
  old_secret  TEXT,                     -- still signed with during a rotation …
  old_until   INTEGER,                  -- … which ends by itself here
  declared    INTEGER NOT NULL,         -- 1: from the configuration file, any target allowed
  state       TEXT NOT NULL CHECK (state IN ('active', 'paused', 'disabled', 'deleted')),
  failing_since INTEGER,                -- first failure since the last success
  created_at  INTEGER NOT NULL
) STRICT;

-- Which events an endpoint wants; GLOB patterns such as message.*
CREATE TABLE webhook_pattern (
  webhook_id INTEGER NOT NULL REFERENCES webhook(id) ON DELETE CASCADE,
  pattern    TEXT NOT NULL,
  PRIMARY KEY (webhook_id, pattern)
) STRICT, WITHOUT ROWID;

-- One row per event and endpoint, written in the event's own transaction.
CREATE TABLE delivery (
  id              INTEGER PRIMARY KEY,
  public_id       TEXT NOT NULL UNIQUE,
  event_id        INTEGER NOT NULL REFERENCES event(id) ON DELETE CASCADE,
  webhook_id      INTEGER REFERENCES webhook(id) ON DELETE CASCADE,
  callback_url    TEXT,                 -- instead of an endpoint: the message's own
  key_id          INTEGER REFERENCES api_key(id),  -- whose secret signs a callback
  state           TEXT NOT NULL CHECK (
                   state = 'pending' OR state = 'done' OR state = 'dead'),
  attempts        INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER NOT NULL,
  last_at         INTEGER,
  last_status     INTEGER,              -- HTTP status, NULL where none came
  last_error      TEXT,
  last_ms         INTEGER,              -- how long the last attempt took
  failures        TEXT                  -- JSON: [at, status, ms, error] of each; NULL: none
) STRICT;
-- By endpoint first: a dead one with a long queue hides nobody else's.
CREATE INDEX delivery_due ON delivery (webhook_id, next_attempt_at)
  WHERE state = 'pending';
CREATE INDEX delivery_dead ON delivery (id) WHERE state = 'dead';
CREATE INDEX delivery_webhook ON delivery (webhook_id, id);
CREATE INDEX delivery_event ON delivery (event_id);

-- Every TPDU that a modem gave us, before anything is made of it.
CREATE TABLE raw_tpdu (
  id         INTEGER PRIMARY KEY,
  sim_id     INTEGER REFERENCES sim(id),
  modem      TEXT NOT NULL,
  memory     TEXT,                      -- "SM", "ME" …; NULL: it came routed (+CMT, +CDS)
  slot       INTEGER,                   -- index in that memory
  octets     BLOB NOT NULL,             -- as read: SCA and TPDU
  read_at    INTEGER NOT NULL,
  state      TEXT NOT NULL CHECK (
               state = 'done' OR state = 'new' OR state = 'unmatched'
               OR state = 'undecodable' OR state = 'set_aside'),
  deleted    INTEGER NOT NULL DEFAULT 0,  -- 1: the modem confirmed AT+CMGD, or nothing to delete
  crashes    INTEGER NOT NULL DEFAULT 0,  -- times the daemon died while working on it
  backlog    INTEGER NOT NULL DEFAULT 0,  -- 1: lay on a SIM first seen now, pushed to nobody
  tp_mr      INTEGER,                   -- status reports: for matching later
  error      TEXT,                      -- why undecodable
  message_id INTEGER REFERENCES message(id) ON DELETE SET NULL  -- what was made of it; reports: NULL
) STRICT;
CREATE INDEX raw_new ON raw_tpdu (id) WHERE state = 'new';
CREATE INDEX raw_unmatched ON raw_tpdu (sim_id, tp_mr) WHERE state = 'unmatched';
CREATE INDEX raw_undeleted ON raw_tpdu (sim_id, memory, slot) WHERE deleted = 0;
CREATE INDEX raw_message ON raw_tpdu (message_id) WHERE message_id IS NOT NULL;

-- Parts of inbound messages that wait for their siblings.
CREATE TABLE fragment (
  id         INTEGER PRIMARY KEY,
  raw_id     INTEGER NOT NULL REFERENCES raw_tpdu(id),
  sim_id     INTEGER REFERENCES sim(id),
  sender     TEXT NOT NULL,
  concat_ref INTEGER NOT NULL,
  wide       INTEGER NOT NULL,          -- 1: 16-bit reference
  total      INTEGER NOT NULL,
  seq        INTEGER NOT NULL,
  read_at    INTEGER NOT NULL,
  message_id INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
  deadline_at INTEGER                   -- when the message goes out incomplete; NULL: it has
) STRICT;
CREATE INDEX fragment_set ON fragment (sender, sim_id, concat_ref, wide, total, id);
CREATE INDEX fragment_due ON fragment (deadline_at) WHERE deadline_at IS NOT NULL;
CREATE INDEX fragment_message ON fragment (message_id);
CREATE INDEX fragment_raw ON fragment (raw_id);

-- Numbers that get no messages of some classes. The keyed hash alone decides: it
-- stays where the number was erased.
CREATE TABLE suppression (
  id         INTEGER PRIMARY KEY,
  public_id  TEXT NOT NULL UNIQUE,      -- sup_…
  hash       BLOB NOT NULL,             -- of the number, with the key in meta
  number     TEXT,                      -- NULL: erased
  sim_id     INTEGER REFERENCES sim(id),  -- NULL: for every SIM
  source     TEXT NOT NULL CHECK (source IN ('sms', 'api', 'import')),
  word       TEXT,                      -- phrase of our table that the text was; no text is kept
  note       TEXT,                      -- of the admin
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX suppression_hash ON suppression (hash, coalesce(sim_id, 0));

-- What an inbound message makes us do, at most once each: planned in the transaction
-- that makes the message, done behind it. The last hours of it are the loop guard.
CREATE TABLE reaction (
  id         INTEGER PRIMARY KEY,
  message_id INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
  kind       TEXT NOT NULL CHECK (kind IN (
               'reply', 'help', 'confirm', 'forward', 'admin')),
  target     TEXT NOT NULL,             -- number it goes to
  rule       INTEGER,                   -- place in the file, from 1
  text       TEXT,                      -- what is sent; NULL: the message's own, or done
  sim        TEXT,                      -- name of the card that received it
  peer       TEXT NOT NULL,             -- who asked, as it is dialled
  asked_at   INTEGER NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('planned', 'done', 'skipped', 'muted')),
  at         INTEGER NOT NULL,          -- of the last change
  UNIQUE (message_id, kind, target)
) STRICT;
CREATE INDEX reaction_planned ON reaction (id) WHERE state = 'planned';
CREATE INDEX reaction_answered ON reaction (at) WHERE state IN ('done', 'muted');

-- What was wrong on the box, from when on it was told, and how far.
CREATE TABLE alarm (
  id         INTEGER PRIMARY KEY,
  public_id  TEXT NOT NULL UNIQUE,      -- alm_…
  kind       TEXT NOT NULL,             -- of policy/trouble.py
  subject    TEXT NOT NULL,             -- modem, SIM, endpoint; '': the gateway
  what       TEXT NOT NULL,             -- sentence for people, as of now
  advice     TEXT NOT NULL,
  since_at   INTEGER NOT NULL,
  raised_at  INTEGER NOT NULL,
  stage      INTEGER NOT NULL,          -- 1 raised, plus one with each reminder and at the end
  stage_at   INTEGER NOT NULL,
  cleared_at INTEGER,
  told_sms   INTEGER NOT NULL,          -- the last stage that was told
  told_mail  INTEGER NOT NULL,
  done       INTEGER NOT NULL           -- 1: over, and everybody knows
) STRICT;
CREATE INDEX alarm_unfinished ON alarm (id) WHERE done = 0;

-- Wrong PINs of numbers that may command the gateway by SMS.
CREATE TABLE admin_lock (
  hash     BLOB PRIMARY KEY,             -- of the number, with the key in meta
  failures INTEGER NOT NULL,            -- in a row
  locks    INTEGER NOT NULL,            -- so far: each is longer
  until_at INTEGER NOT NULL,            -- nothing is believed before
  last_at  INTEGER NOT NULL,            -- SMSC time of the last command …
  last_word TEXT NOT NULL               -- … and what it was: read twice it is one
) STRICT, WITHOUT ROWID;

-- Requests that carried an Idempotency-Key, for 24 hours. Most answers are made again
-- of the message that the request made: kept whole they would cost as much as it did.
CREATE TABLE idempotency (
  id         INTEGER PRIMARY KEY,       -- in the order in which they came
  key_id     INTEGER NOT NULL,          -- 0: the admin socket
  key        TEXT NOT NULL,
  body_hash  BLOB NOT NULL,
  message_id INTEGER,                   -- of which the answer is made; no reference: it may go first
  twin       TEXT,                      -- and the earlier one it was said to repeat (public id)
  body       BLOB,                      -- else the answer, as it was given
  created_at INTEGER NOT NULL,
  UNIQUE (key_id, key),
  CHECK ((message_id IS NULL) <> (body IS NULL))
) STRICT;
CREATE INDEX idempotency_body ON idempotency (created_at) WHERE body IS NOT NULL;

-- Who did what: appended only, each row with a hash over itself and the one before.
CREATE TABLE audit (
  id      INTEGER PRIMARY KEY,           -- 1, 2, 3 … without gaps
  at      INTEGER NOT NULL,
  who     TEXT NOT NULL,                 -- name of the key, or "admin socket"
  key     TEXT,                          -- its public id
  address TEXT NOT NULL,
  action  TEXT NOT NULL,
  object  TEXT,
  before  TEXT,                          -- SHA-256 of the resource as it was
  after   TEXT,                          -- and as it is
  detail  TEXT NOT NULL,                 -- JSON
  hash    BLOB NOT NULL                  -- SHA-256 of the hash above and this row
) STRICT;
CREATE TRIGGER audit_keeps_rows BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is only ever appended to'); END;
CREATE TRIGGER audit_keeps_all BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is only ever appended to'); END;

-- One-time codes on their way to a number. The code itself is only in the text.
CREATE TABLE verification (
  id          INTEGER PRIMARY KEY,
  public_id   TEXT NOT NULL UNIQUE,      -- ver_…
  key_id      INTEGER REFERENCES api_key(id),  -- whose; NULL: the admin socket
  peer        TEXT NOT NULL,
  hash        BLOB NOT NULL,             -- keyed hash of id and code
  locale      TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN (
                'pending', 'approved', 'expired', 'failed', 'canceled')),
  checks      INTEGER NOT NULL DEFAULT 0,  -- wrong codes so far
  message_id  INTEGER REFERENCES message(id) ON DELETE SET NULL,
  second_id   INTEGER REFERENCES message(id) ON DELETE SET NULL,  -- the same code by another SIM
  fallback_at INTEGER,                   -- when that goes out if no report came; NULL: never
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  final_at    INTEGER,
  cleaned     INTEGER NOT NULL DEFAULT 0 -- 1: the texts with the code are gone
) STRICT;
CREATE INDEX verification_peer ON verification (peer, created_at);
CREATE INDEX verification_age ON verification (created_at);
CREATE INDEX verification_open ON verification (expires_at) WHERE cleaned = 0;
CREATE INDEX verification_message ON verification (message_id)
  WHERE message_id IS NOT NULL;
CREATE INDEX verification_second ON verification (second_id) WHERE second_id IS NOT NULL;
