-- What an enrolment rests on where it is a reissue, beside password and code.
CREATE TABLE reissues (
  enrolment    bytea   NOT NULL PRIMARY KEY REFERENCES enrolments (enrolment) ON DELETE CASCADE,
  person       bytea   NOT NULL REFERENCES people (person) ON DELETE CASCADE,
  way          text    NOT NULL,     -- secrets, device, vouch, passkey
  stated       text    NOT NULL,     -- nothing, lost
  replaces     bytea,                 -- the certificate whose place the new one takes
  nonce        bytea   NOT NULL CHECK (length(nonce) = 32),   -- shown by the new device, or signed by a passkey
  request_hash bytea   CHECK (request_hash IS NULL OR length(request_hash) = 32),  -- what a device consented to
  consent_hash bytea   CHECK (consent_hash IS NULL OR length(consent_hash) = 32),
  consent      text,                 -- flattened JWS
  created_at   bigint  NOT NULL
);

-- People whose password somebody else knows.
CREATE TABLE password_orders (
  person     bytea   NOT NULL PRIMARY KEY REFERENCES people (person) ON DELETE CASCADE,
  ordered_at bigint  NOT NULL
);
