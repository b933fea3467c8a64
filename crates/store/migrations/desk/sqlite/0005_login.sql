-- How people log in beside their password, and what changed lately in how they are reached.

-- An authenticator app (RFC 6238), and the one that is being set up. The secret is sealed under a key of the deployment.
CREATE TABLE totps (
  person       BLOB    NOT NULL PRIMARY KEY REFERENCES people (person) ON DELETE CASCADE,
  sealed       BLOB    NOT NULL,
  confirmed_at INTEGER NOT NULL,
  last_step    INTEGER NOT NULL           -- no code of this time step or an earlier one is right again
) STRICT, WITHOUT ROWID;
CREATE TABLE totp_offers (
  person     BLOB    NOT NULL PRIMARY KEY REFERENCES people (person) ON DELETE CASCADE,
  sealed     BLOB    NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE login_passkeys (
  credential      BLOB    NOT NULL PRIMARY KEY,
  person          BLOB    NOT NULL REFERENCES people (person) ON DELETE CASCADE,
  credential_key  BLOB    NOT NULL,       -- SubjectPublicKeyInfo
  signature_count INTEGER NOT NULL,
  device_kind     TEXT    NOT NULL,       -- where it was made
  made_at         INTEGER NOT NULL,
  used_at         INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX login_passkeys_by_person ON login_passkeys (person);

-- Codes for whoever lost the other factors: each once. Only an HMAC is here.
CREATE TABLE recovery_codes (
  person  BLOB    NOT NULL REFERENCES people (person) ON DELETE CASCADE,
  mac     BLOB    NOT NULL CHECK (length(mac) = 32),
  made_at INTEGER NOT NULL,
  used_at INTEGER,
  PRIMARY KEY (person, mac)
) STRICT, WITHOUT ROWID;

-- Random bytes that a passkey signs to log somebody in, or to become a factor; each once.
CREATE TABLE login_challenges (
  challenge   BLOB    NOT NULL PRIMARY KEY CHECK (length(challenge) = 32),
  purpose     TEXT    NOT NULL,
  person      BLOB    NOT NULL REFERENCES people (person) ON DELETE CASCADE,
  expires_at  INTEGER NOT NULL,
  consumed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX login_challenges_by_expiry ON login_challenges (expires_at);

-- What an operator's rules and the rules of a reissue ask about a person.
CREATE TABLE contact_facts (
  person            BLOB    NOT NULL PRIMARY KEY REFERENCES people (person) ON DELETE CASCADE,
  phone_changed_at  INTEGER,
  password_reset_at INTEGER,
  reminded_at       INTEGER               -- when the reminder to change the password was dismissed
) STRICT, WITHOUT ROWID;
