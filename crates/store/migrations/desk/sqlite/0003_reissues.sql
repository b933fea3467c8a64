-- What an enrolment rests on where it is a reissue, beside password and code.
CREATE TABLE reissues (
  enrolment    BLOB    NOT NULL PRIMARY KEY REFERENCES enrolments (enrolment) ON DELETE CASCADE,
  person       BLOB    NOT NULL REFERENCES people (person) ON DELETE CASCADE,
  way          TEXT    NOT NULL,     -- secrets, device, vouch, passkey
  stated       TEXT    NOT NULL,     -- nothing, lost
  replaces     BLOB,                 -- the certificate whose place the new one takes
  nonce        BLOB    NOT NULL CHECK (length(nonce) = 32),   -- shown by the new device, or signed by a passkey
  request_hash BLOB    CHECK (request_hash IS NULL OR length(request_hash) = 32),  -- what a device consented to
  consent_hash BLOB    CHECK (consent_hash IS NULL OR length(consent_hash) = 32),
  consent      TEXT,                 -- flattened JWS
  created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- People whose password somebody else knows.
CREATE TABLE password_orders (
  person     BLOB    NOT NULL PRIMARY KEY REFERENCES people (person) ON DELETE CASCADE,
  ordered_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
