-- The desk: what is personal, erasable or short-lived. Times are integer milliseconds since 1970 UTC.
-- Ids and hashes are the raw bytes; nothing here is computed or interpreted in SQL.

CREATE TABLE people (
  person              BLOB    NOT NULL PRIMARY KEY CHECK (length(person) = 10),
  account             BLOB    NOT NULL UNIQUE      CHECK (length(account) = 10),
  account_number      TEXT    NOT NULL UNIQUE      CHECK (length(account_number) = 11),
  phone               TEXT    NOT NULL UNIQUE,
  name                TEXT    NOT NULL,
  password            TEXT    NOT NULL,            -- Argon2id, PHC string
  password_changed_at INTEGER NOT NULL,
  registration        BLOB    NOT NULL UNIQUE      CHECK (length(registration) = 32), -- which request opened it
  sitting_until       INTEGER NOT NULL,            -- until then no second code and no second password …
  sitting_device      BLOB    NOT NULL,            -- … on this device
  created_at          INTEGER NOT NULL,
  opened_at           INTEGER                      -- NULL: intended, the journal was not told yet
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
  device     BLOB    NOT NULL PRIMARY KEY CHECK (length(device) = 10),
  token_hash BLOB    NOT NULL UNIQUE      CHECK (length(token_hash) = 32),
  kind       TEXT    NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A browser may be shared: it is known for each person who once gave it a second factor.
CREATE TABLE known_devices (
  person   BLOB    NOT NULL REFERENCES people (person) ON DELETE CASCADE,
  device   BLOB    NOT NULL REFERENCES devices (device) ON DELETE CASCADE,
  known_at INTEGER NOT NULL,
  PRIMARY KEY (person, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_devices_by_device ON known_devices (device);

CREATE TABLE sessions (
  token_hash   BLOB    NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
  person       BLOB    NOT NULL REFERENCES people (person) ON DELETE CASCADE,
  device       BLOB    NOT NULL REFERENCES devices (device) ON DELETE CASCADE,
  person_epoch INTEGER NOT NULL,
  created_at   INTEGER NOT NULL,
  seen_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_person ON sessions (person, created_at);
CREATE INDEX sessions_by_device ON sessions (device);

-- One row for each code that was sent. The code itself is never here: only its HMAC.
CREATE TABLE codes (
  code        INTEGER PRIMARY KEY,
  phone       TEXT    NOT NULL,
  purpose     TEXT    NOT NULL,
  subject     BLOB    NOT NULL,    -- what the code is bound to: a device kind, an enrolment, a certificate
  mac         BLOB    NOT NULL CHECK (length(mac) = 32),
  sent_at     INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  tries       INTEGER NOT NULL DEFAULT 0,
  consumed_at INTEGER
) STRICT;
CREATE INDEX codes_by_phone ON codes (phone, purpose, sent_at);
CREATE INDEX codes_by_expiry ON codes (expires_at);

-- Tries of secrets, counted before they are compared.
CREATE TABLE guesses (
  counter   TEXT    NOT NULL PRIMARY KEY,
  opened_at INTEGER NOT NULL,
  closes_at INTEGER NOT NULL,
  count     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX guesses_by_close ON guesses (closes_at);

CREATE TABLE enrolments (
  enrolment   BLOB    NOT NULL PRIMARY KEY CHECK (length(enrolment) = 10),
  person      BLOB    NOT NULL REFERENCES people (person) ON DELETE CASCADE,
  device      BLOB    NOT NULL REFERENCES devices (device) ON DELETE CASCADE,
  state       TEXT    NOT NULL,    -- code_sent, verified, issued, active, closed
  password_at INTEGER NOT NULL,
  code_at     INTEGER,
  webauthn    BLOB    NOT NULL CHECK (length(webauthn) = 32),   -- challenge for the passkey's registration
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolments_by_person ON enrolments (person, created_at);
CREATE UNIQUE INDEX enrolments_one_open ON enrolments (person)
  WHERE state IN ('code_sent', 'verified', 'issued');
CREATE INDEX enrolments_open_by_end ON enrolments (expires_at)
  WHERE state IN ('code_sent', 'verified', 'issued');

-- One row for each serial number that was ever recorded: what was prepared, then what was signed.
CREATE TABLE issuances (
  certificate   BLOB    NOT NULL PRIMARY KEY CHECK (length(certificate) = 10),
  enrolment     BLOB    NOT NULL REFERENCES enrolments (enrolment) ON DELETE CASCADE,
  person        BLOB    NOT NULL REFERENCES people (person) ON DELETE CASCADE,
  device        BLOB    NOT NULL REFERENCES devices (device) ON DELETE CASCADE,
  device_name   TEXT    NOT NULL,
  request_hash  BLOB    NOT NULL CHECK (length(request_hash) = 32),
  key           BLOB    NOT NULL,              -- SubjectPublicKeyInfo of the requested key
  serial        BLOB    NOT NULL UNIQUE,
  to_be_signed  BLOB    NOT NULL,              -- exactly what the issuer is asked to sign
  der           BLOB,                          -- NULL: not signed yet, or abandoned
  thumbprint    BLOB    UNIQUE CHECK (thumbprint IS NULL OR length(thumbprint) = 32),
  state         TEXT    NOT NULL,              -- prepared, signed, recorded, abandoning, abandoned
  challenge     BLOB    NOT NULL CHECK (length(challenge) = 32),
  head          BLOB    NOT NULL CHECK (length(head) = 32),      -- first `prev` of the certificate
  sequence      INTEGER NOT NULL,                                -- `seq` before the first use
  created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX issuances_by_person ON issuances (person, created_at);
CREATE UNIQUE INDEX issuances_one_live ON issuances (enrolment)
  WHERE state IN ('prepared', 'signed', 'recorded');
CREATE INDEX issuances_unfinished ON issuances (created_at)
  WHERE state IN ('prepared', 'signed', 'abandoning');

-- How the device keeps the key, and what the server needs to verify its holder.
CREATE TABLE custody (
  certificate     BLOB    NOT NULL PRIMARY KEY REFERENCES issuances (certificate) ON DELETE CASCADE,
  kind            TEXT    NOT NULL,     -- passkey, pin
  credential      BLOB    UNIQUE,       -- passkey: credential id
  credential_key  BLOB,                 -- passkey: SubjectPublicKeyInfo
  signature_count INTEGER,              -- passkey
  device_key      BLOB,                 -- pin: hash of the device's proof
  pin_mac         BLOB,                 -- pin: hash of HMAC(device secret, PIN)
  share           BLOB,                 -- pin: the server's half of the wrapping key
  CHECK (CASE kind
    WHEN 'passkey' THEN credential IS NOT NULL AND credential_key IS NOT NULL AND signature_count IS NOT NULL
    WHEN 'pin' THEN length(device_key) = 32 AND length(pin_mac) = 32 AND length(share) = 32
    ELSE 0 END)
) STRICT, WITHOUT ROWID;

-- A user verification of one text, checked by the server; the text is recorded once.
CREATE TABLE verifications (
  certificate BLOB    NOT NULL,
  text_hash   BLOB    NOT NULL CHECK (length(text_hash) = 32),
  method      TEXT    NOT NULL,
  verified_at INTEGER NOT NULL,
  PRIMARY KEY (certificate, text_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX verifications_by_time ON verifications (verified_at);

CREATE TABLE challenges (
  challenge   BLOB    NOT NULL PRIMARY KEY CHECK (length(challenge) = 32),
  purpose     TEXT    NOT NULL,
  certificate BLOB    NOT NULL,
  expires_at  INTEGER NOT NULL,
  consumed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX challenges_by_expiry ON challenges (expires_at);

CREATE TABLE merchants (
  merchant     BLOB    NOT NULL PRIMARY KEY CHECK (length(merchant) = 6),
  account      BLOB    NOT NULL UNIQUE      CHECK (length(account) = 10),
  name         TEXT    NOT NULL,
  verified_at  INTEGER,                        -- NULL: not verified by the operator
  api_key_hash BLOB    NOT NULL UNIQUE CHECK (length(api_key_hash) = 32),
  certificate  BLOB    NOT NULL,               -- DER of the certificate that signs orders
  thumbprint   BLOB    NOT NULL UNIQUE CHECK (length(thumbprint) = 32),
  created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
  "order"       BLOB    NOT NULL PRIMARY KEY CHECK (length("order") = 10),
  merchant      BLOB    NOT NULL REFERENCES merchants (merchant),
  jws           TEXT    NOT NULL,              -- compact, exactly as the merchant signed it
  hash          BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
  amount_minor  INTEGER NOT NULL CHECK (amount_minor > 0),
  expires_at    INTEGER NOT NULL,
  return_url    TEXT    NOT NULL,
  created_at    INTEGER NOT NULL,
  cancelling_at INTEGER,                       -- the merchant's intention; the journal decides
  cancelled_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_by_merchant ON orders (merchant, created_at);

CREATE TABLE idempotency (
  caller     TEXT    NOT NULL,
  route      TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  body_hash  BLOB    NOT NULL CHECK (length(body_hash) = 32),
  started_at INTEGER NOT NULL,
  status     INTEGER,                          -- NULL: in flight
  body       BLOB,
  PRIMARY KEY (caller, route, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_time ON idempotency (started_at);
