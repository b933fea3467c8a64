-- How people log in beside their password, and what changed lately in how they are reached.

-- An authenticator app (RFC 6238), and the one that is being set up. The secret is sealed under a key of the deployment.
CREATE TABLE totps (
  person       bytea    NOT NULL PRIMARY KEY REFERENCES people (person) ON DELETE CASCADE,
  sealed       bytea    NOT NULL,
  confirmed_at bigint NOT NULL,
  last_step    bigint NOT NULL           -- no code of this time step or an earlier one is right again
);
CREATE TABLE totp_offers (
  person     bytea    NOT NULL PRIMARY KEY REFERENCES people (person) ON DELETE CASCADE,
  sealed     bytea    NOT NULL,
  expires_at bigint NOT NULL
);

CREATE TABLE login_passkeys (
  credential      bytea    NOT NULL PRIMARY KEY,
  person          bytea    NOT NULL REFERENCES people (person) ON DELETE CASCADE,
  credential_key  bytea    NOT NULL,       -- SubjectPublicKeyInfo
  signature_count bigint NOT NULL,
  device_kind     text    NOT NULL,       -- where it was made
  made_at         bigint NOT NULL,
  used_at         bigint
);
CREATE INDEX login_passkeys_by_person ON login_passkeys (person);

-- Codes for whoever lost the other factors: each once. Only an HMAC is here.
CREATE TABLE recovery_codes (
  person  bytea    NOT NULL REFERENCES people (person) ON DELETE CASCADE,
  mac     bytea    NOT NULL CHECK (length(mac) = 32),
  made_at bigint NOT NULL,
  used_at bigint,
  PRIMARY KEY (person, mac)
);

-- Random bytes that a passkey signs to log somebody in, or to become a factor; each once.
CREATE TABLE login_challenges (
  challenge   bytea    NOT NULL PRIMARY KEY CHECK (length(challenge) = 32),
  purpose     text    NOT NULL,
  person      bytea    NOT NULL REFERENCES people (person) ON DELETE CASCADE,
  expires_at  bigint NOT NULL,
  consumed_at bigint
);
CREATE INDEX login_challenges_by_expiry ON login_challenges (expires_at);

-- What an operator's rules and the rules of a reissue ask about a person.
CREATE TABLE contact_facts (
  person            bytea    NOT NULL PRIMARY KEY REFERENCES people (person) ON DELETE CASCADE,
  phone_changed_at  bigint,
  password_reset_at bigint,
  reminded_at       bigint               -- when the reminder to change the password was dismissed
);
