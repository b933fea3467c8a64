-- What a person was told. Each notice is told once: its id is a hash of who and why.
CREATE TABLE notices (
  notice      bytea    NOT NULL PRIMARY KEY CHECK (length(notice) = 32),
  person      bytea    NOT NULL REFERENCES people (person) ON DELETE CASCADE,
  kind        text    NOT NULL,
  certificate bytea    CHECK (certificate IS NULL OR length(certificate) = 10),
  device_kind text,
  due_at      bigint,                  -- until or from when what is told holds, where it has such a time
  told_at     bigint NOT NULL,
  read_at     bigint
);
CREATE INDEX notices_by_person ON notices (person, told_at);
CREATE INDEX notices_by_time ON notices (told_at);

-- A text message that a notice still owes; the row goes when it was handed over.
CREATE TABLE notice_messages (
  notice      bytea    NOT NULL REFERENCES notices (notice) ON DELETE CASCADE,
  phone       text    NOT NULL,
  written_at  bigint NOT NULL,
  PRIMARY KEY (notice, phone)
);
CREATE INDEX notice_messages_by_time ON notice_messages (written_at);

-- How far a job has come through the journal.
CREATE TABLE marks (
  name    text    NOT NULL PRIMARY KEY,
  records bigint NOT NULL
);
