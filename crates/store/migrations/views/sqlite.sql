-- The views in their SQLite file. What a record or the book says already is not here: only what has no other way back.
CREATE TABLE mark (only INTEGER PRIMARY KEY CHECK (only = 0), records INTEGER NOT NULL, digest BLOB) STRICT;
INSERT INTO mark VALUES (0, 0, NULL);
-- The first eight bytes of a payment's number, in a part of its own for every 32,768 records: keys that come at random are
-- sorted into a few hundred pages, however many there are before them.
CREATE TABLE numbers (part INTEGER NOT NULL, key INTEGER NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (part, key, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE refused (account BLOB NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (account, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE certificates (
  certificate BLOB PRIMARY KEY, issued_idx INTEGER NOT NULL, issued_at INTEGER NOT NULL, apart INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE orders (ord BLOB PRIMARY KEY, state TEXT NOT NULL, idx INTEGER NOT NULL) STRICT, WITHOUT ROWID;
