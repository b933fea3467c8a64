-- What a person was told. Each notice is told once: its id is a hash of who and why.
CREATE TABLE notices (
  notice      BLOB    NOT NULL PRIMARY KEY CHECK (length(notice) = 32),
  person      BLOB    NOT NULL REFERENCES people (person) ON DELETE CASCADE,
  kind        TEXT    NOT NULL,
  certificate BLOB    CHECK (certificate IS NULL OR length(certificate) = 10),
  device_kind TEXT,
  due_at      INTEGER,                  -- until or from when what is told holds, where it has such a time
  told_at     INTEGER NOT NULL,
  read_at     INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX notices_by_person ON notices (person, told_at);
CREATE INDEX notices_by_time ON notices (told_at);

-- A text message that a notice still owes; the row goes when it was handed over.
CREATE TABLE notice_messages (
  notice      BLOB    NOT NULL REFERENCES notices (notice) ON DELETE CASCADE,
  phone       TEXT    NOT NULL,
  written_at  INTEGER NOT NULL,
  PRIMARY KEY (notice, phone)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_messages_by_time ON notice_messages (written_at);

-- How far a job has come through the journal.
CREATE TABLE marks (
  name    TEXT    NOT NULL PRIMARY KEY,
  records INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
