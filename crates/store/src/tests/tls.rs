//! TLS to a real PostgreSQL, and a password that is never sent: SCRAM.

use crate::test_postgres::TestDatabase;
use crate::{Database, Postgres, Store};

const PASSWORD: &str = "open-sesame";

/// A database whose owner has a password and comes over TLS alone.
fn guarded() -> TestDatabase {
    let test = TestDatabase::alone();
    test.execute(&format!("CREATE ROLE guarded LOGIN PASSWORD '{PASSWORD}'")).unwrap();
    test.execute(&format!("ALTER DATABASE {} OWNER TO guarded", test.name())).unwrap();
    test
}

fn url(test: &TestDatabase, password: &str, host: &str, query: &str) -> String {
    format!("postgres://guarded:{password}@{host}:{}/{}?{query}", test.port(), test.name())
}

fn refusal(url: &str) -> String {
    let opened = Postgres::at(url).map_err(|error| error.to_string()).and_then(|postgres| {
        Store::open(&Database::Postgres(postgres)).map(drop).map_err(|error| error.to_string())
    });
    opened.expect_err("it must not open")
}

#[test]
fn over_tls_the_servers_certificate_and_name_are_verified_and_the_password_is_asked_for() {
    let test = guarded();
    let trusted = format!("sslrootcert={}", test.file("ca.pem").display());
    for mode in ["sslmode=verify-full&", "sslmode=require&", ""] {
        let postgres = Postgres::at(&url(&test, PASSWORD, "localhost", &format!("{mode}{trusted}"))).unwrap();
        drop(Store::open(&Database::Postgres(postgres.clone())).unwrap());
        let session = postgres.connect(None).unwrap();
        let asked = "DO $$ BEGIN ASSERT (SELECT ssl AND version = 'TLSv1.3' FROM pg_stat_ssl WHERE pid = pg_backend_pid()); END $$";
        session.batch(asked).expect("the session is encrypted");
    }
    let other = format!("sslrootcert={}", test.file("other.pem").display());
    let foreign = refusal(&url(&test, PASSWORD, "localhost", &format!("sslmode=require&{other}")));
    assert!(foreign.contains("TLS") && foreign.contains("UnknownIssuer"), "{foreign}");
    let misnamed = refusal(&url(&test, PASSWORD, "127.0.0.1", &trusted));
    assert!(misnamed.contains("TLS") && misnamed.contains("not valid for name"), "{misnamed}");
    let wrong = refusal(&url(&test, "wrong-word", "localhost", &trusted));
    assert!(wrong.contains("password authentication failed") && !wrong.contains("wrong-word"), "{wrong}");
    let plain = refusal(&url(&test, PASSWORD, "localhost", "sslmode=disable"));
    assert!(plain.contains("pg_hba.conf"), "{plain}");
}
