-- The views in PostgreSQL: the tables of the SQLite file.
CREATE TABLE mark ("only" bigint PRIMARY KEY CHECK ("only" = 0), records bigint NOT NULL, digest bytea);
INSERT INTO mark VALUES (0, 0, NULL);
CREATE TABLE numbers (part bigint NOT NULL, key bigint NOT NULL, idx bigint NOT NULL, PRIMARY KEY (part, key, idx));
CREATE TABLE refused (account bytea NOT NULL, idx bigint NOT NULL, PRIMARY KEY (account, idx));
CREATE TABLE certificates (
  certificate bytea PRIMARY KEY, issued_idx bigint NOT NULL, issued_at bigint NOT NULL, apart bigint NOT NULL
);
CREATE TABLE orders (ord bytea PRIMARY KEY, state text NOT NULL, idx bigint NOT NULL);
