-- Recovery kits: for every serial number of a recovery certificate, what was prepared, then what was signed.
CREATE TABLE kits (
  certificate   BLOB    NOT NULL PRIMARY KEY CHECK (length(certificate) = 10),
  person        BLOB    NOT NULL REFERENCES people (person) ON DELETE CASCADE,
  request_hash  BLOB    NOT NULL CHECK (length(request_hash) = 32),
  key           BLOB    NOT NULL,              -- SubjectPublicKeyInfo of the recovery key
  serial        BLOB    NOT NULL UNIQUE,
  to_be_signed  BLOB    NOT NULL,              -- exactly what the issuer is asked to sign
  der           BLOB,                          -- NULL: not signed yet, or abandoned
  thumbprint    BLOB    UNIQUE CHECK (thumbprint IS NULL OR length(thumbprint) = 32),
  state         TEXT    NOT NULL,              -- prepared, signed, recorded, abandoning, abandoned
  created_at    INTEGER NOT NULL,
  drilled_at    INTEGER                        -- the last time its holder showed that it opens
) STRICT, WITHOUT ROWID;
CREATE INDEX kits_by_person ON kits (person, created_at);
CREATE UNIQUE INDEX kits_one_live ON kits (request_hash)
  WHERE state IN ('prepared', 'signed', 'recorded');
CREATE INDEX kits_unfinished ON kits (created_at)
  WHERE state IN ('prepared', 'signed', 'abandoning');
