-- The journal and its lease in PostgreSQL. The tables are those of the SQLite file; only the writer of the lease's epoch appends.
-- Hashes stay inline; what outgrows a page moves out of line; nothing is compressed, because nothing here shrinks.

CREATE TABLE records (idx bigint PRIMARY KEY, facts bytea NOT NULL, opening bytea NOT NULL, digest bytea NOT NULL);
ALTER TABLE records ALTER facts SET STORAGE EXTERNAL, ALTER opening SET STORAGE PLAIN, ALTER digest SET STORAGE PLAIN;
CREATE TABLE evidence (idx bigint PRIMARY KEY, salt bytea NOT NULL, bytes bytea NOT NULL);
ALTER TABLE evidence ALTER salt SET STORAGE PLAIN, ALTER bytes SET STORAGE EXTERNAL;
CREATE TABLE disclosures (idx bigint PRIMARY KEY, bytes bytea NOT NULL);
CREATE TABLE tiles (level bigint NOT NULL, number bigint NOT NULL, hashes bytea NOT NULL, PRIMARY KEY (level, number));
ALTER TABLE tiles ALTER hashes SET STORAGE EXTERNAL;
CREATE TABLE heads (size bigint PRIMARY KEY, note text NOT NULL);
CREATE TABLE snapshots (idx bigint PRIMARY KEY);

CREATE FUNCTION stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% are permanent', TG_TABLE_NAME;
END $$;
CREATE TRIGGER records_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON records FOR EACH STATEMENT EXECUTE FUNCTION stay();
CREATE TRIGGER tiles_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON tiles FOR EACH STATEMENT EXECUTE FUNCTION stay();
CREATE TRIGGER heads_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON heads FOR EACH STATEMENT EXECUTE FUNCTION stay();

-- One row. The epoch is its key, so that a claim, which raises it, waits for every append under way (each holds the key), and
-- a renewal, which does not touch it, waits for none.
CREATE TABLE lease (epoch bigint PRIMARY KEY, node text NOT NULL, peer text NOT NULL, until timestamptz NOT NULL);
CREATE UNIQUE INDEX lease_one_row ON lease ((true));
INSERT INTO lease VALUES (0, '', '', '-infinity');

-- Fails unless `wanted` is the epoch in force, and keeps that so until this transaction ends. Renews the lease for `lease_ms`
-- when less than `below_ms` is left of it. This server's clock alone decides.
CREATE FUNCTION hold_lease(wanted bigint, lease_ms bigint, below_ms bigint) RETURNS void
LANGUAGE plpgsql SET search_path = journal AS $$
DECLARE
  ends timestamptz;
BEGIN
  SELECT until INTO ends FROM lease WHERE epoch = wanted FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the lease is of another epoch' USING ERRCODE = 'YX001';
  END IF;
  IF ends < clock_timestamp() + below_ms * interval '1 ms' THEN
    UPDATE lease SET until = clock_timestamp() + lease_ms * interval '1 ms' WHERE epoch = wanted;
  END IF;
END $$;
