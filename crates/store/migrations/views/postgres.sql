-- The views in PostgreSQL: the tables of the SQLite file.
CREATE TABLE mark ("only" bigint PRIMARY KEY CHECK ("only" = 0), records bigint NOT NULL);
INSERT INTO mark VALUES (0, 0);
CREATE TABLE accounts (account bytea PRIMARY KEY, balance bigint NOT NULL, role text NOT NULL);
CREATE INDEX accounts_role ON accounts (role) WHERE role <> 'holder';
CREATE TABLE payments (
  idx bigint PRIMARY KEY, number bytea, kind text NOT NULL, payer bytea NOT NULL, payee bytea NOT NULL,
  amount bigint NOT NULL, fee bigint NOT NULL, certificate bytea, ord bytea, code text, level text, at bigint NOT NULL,
  payer_balance bigint
);
CREATE INDEX payments_number ON payments (number) WHERE number IS NOT NULL;
CREATE TABLE lines (account bytea NOT NULL, idx bigint NOT NULL, PRIMARY KEY (account, idx));
CREATE TABLE uses (certificate bytea PRIMARY KEY, uses bigint NOT NULL, last_at bigint NOT NULL);
CREATE TABLE certificates (certificate bytea PRIMARY KEY, issued_idx bigint NOT NULL, issued_at bigint NOT NULL);
CREATE TABLE orders (ord bytea PRIMARY KEY, state text NOT NULL, idx bigint NOT NULL);
