-- Recovery kits: for every serial number of a recovery certificate, what was prepared, then what was signed.
CREATE TABLE kits (
  certificate   bytea   NOT NULL PRIMARY KEY CHECK (length(certificate) = 10),
  person        bytea   NOT NULL REFERENCES people (person) ON DELETE CASCADE,
  request_hash  bytea   NOT NULL CHECK (length(request_hash) = 32),
  key           bytea   NOT NULL,              -- SubjectPublicKeyInfo of the recovery key
  serial        bytea   NOT NULL UNIQUE,
  to_be_signed  bytea   NOT NULL,              -- exactly what the issuer is asked to sign
  der           bytea,                          -- NULL: not signed yet, or abandoned
  thumbprint    bytea   UNIQUE CHECK (thumbprint IS NULL OR length(thumbprint) = 32),
  state         text    NOT NULL,              -- prepared, signed, recorded, abandoning, abandoned
  created_at    bigint  NOT NULL,
  drilled_at    bigint                         -- the last time its holder showed that it opens
);
CREATE INDEX kits_by_person ON kits (person, created_at);
CREATE UNIQUE INDEX kits_one_live ON kits (request_hash)
  WHERE state IN ('prepared', 'signed', 'recorded');
CREATE INDEX kits_unfinished ON kits (created_at)
  WHERE state IN ('prepared', 'signed', 'abandoning');
