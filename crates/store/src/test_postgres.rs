//! A real PostgreSQL for tests: one cluster for each test process, one database for each test, or a cluster for one test.
//!
//! The cluster lives as long as the process that asked for it: a shell that reads from a pipe to that process ends it and
//! removes its folder, also after a panic or a kill. It never runs as root and syncs nothing, because what is tested here is
//! not the disk.

use crate::postgres::{Connection, Postgres};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

/// What keeps the cluster: `$1` where the programs are, `$2` its folder, then ports to try. It speaks TLS on loopback, and asks
/// one user, `guarded`, for TLS and a password; its authority's certificate is `ca.pem`, another's `other.pem`.
const KEEPER: &str = r#"
trap '' INT TERM
bin=$1; dir=$2; shift 2
umask 077; mkdir "$dir" || exit 1
"$bin/initdb" -D "$dir/data" -U yinxin --auth=trust --no-sync --encoding=UTF8 --locale=C >"$dir/initdb.log" 2>&1 || {
  cat "$dir/initdb.log" >&2; rm -rf "$dir"; exit 1; }
authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/$1.key" -out "$dir/$1.pem" -subj "/CN=$1" -days 2
}
{ authority ca && authority other &&
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/server.key" -out "$dir/server.csr" -subj /CN=server &&
  echo "subjectAltName=DNS:localhost" >"$dir/server.ext" &&
  openssl x509 -req -in "$dir/server.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -out "$dir/server.crt" -days 2 -extfile "$dir/server.ext"
} >"$dir/openssl.log" 2>&1 || { cat "$dir/openssl.log" >&2; rm -rf "$dir"; exit 1; }
{ echo "hostssl all guarded all scram-sha-256"; echo "host all guarded all reject"; cat "$dir/data/pg_hba.conf"; } >"$dir/pg_hba"
mv "$dir/pg_hba" "$dir/data/pg_hba.conf"
cat >>"$dir/data/postgresql.conf" <<CONF
ssl = on
ssl_cert_file = '$dir/server.crt'
ssl_key_file = '$dir/server.key'
password_encryption = 'scram-sha-256'
listen_addresses = '127.0.0.1'
unix_socket_directories = '$dir'
fsync = off
full_page_writes = off
autovacuum = off
max_connections = 400
shared_buffers = 64MB
CONF
for port; do
  "$bin/pg_ctl" -D "$dir/data" -w -s -l "$dir/log" -o "-p $port" start >/dev/null 2>&1 </dev/null && break
  port=
done
[ -n "$port" ] || { cat "$dir/log" >&2; rm -rf "$dir"; exit 1; }
echo "$port"
read -r _
"$bin/pg_ctl" -D "$dir/data" -w -s -m immediate stop >/dev/null 2>&1
rm -rf "$dir"
"#;

struct Cluster {
    dir: PathBuf,
    port: u16,
    /// Its input ends with this process.
    _keeper: Child,
}

/// A database of its own, empty until something is opened in it.
pub struct TestDatabase {
    name: String,
    cluster: Arc<Cluster>,
}

impl TestDatabase {
    /// Makes one.
    ///
    /// # Panics
    /// Where PostgreSQL 15 or newer is not installed: Debian's package `postgresql`.
    #[must_use]
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let cluster = Arc::clone(shared());
        cluster.run(&format!("CREATE DATABASE {name}"));
        Self { name, cluster }
    }

    /// Makes one in a cluster of its own, whose settings may be changed.
    ///
    /// # Panics
    /// As [`TestDatabase::new`].
    #[must_use]
    pub fn alone() -> Self {
        let cluster = Arc::new(Cluster::start());
        cluster.run("CREATE DATABASE test");
        Self { name: "test".to_owned(), cluster }
    }

    /// Changes a setting of the whole cluster; only where the database is alone in it.
    ///
    /// # Panics
    /// Where PostgreSQL does not know it.
    pub fn set(&self, setting: &str, value: &str) {
        self.cluster.run(&format!("ALTER SYSTEM SET {setting} = '{value}'"));
        self.cluster.run("SELECT pg_reload_conf()");
    }

    /// The server crashes and starts again; only where the database is alone in its cluster.
    ///
    /// # Panics
    /// Where it does not start again.
    pub fn crash(&self) {
        self.stop();
        self.go_on();
    }

    /// All of the server's processes end at once, without a checkpoint; only where the database is alone in its cluster.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn stop(&self) {
        self.order(r#""$1/pg_ctl" -D "$2/data" -w -s -m immediate stop"#);
    }

    /// The server's first process is killed, the others end by themselves; only where the database is alone in its cluster.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn kill(&self) {
        self.order(r#"kill -9 "$(head -n 1 "$2/data/postmaster.pid")""#);
    }

    /// The server starts again and recovers from its write-ahead log.
    ///
    /// # Panics
    /// Where the shell does not.
    pub fn go_on(&self) {
        // After a kill the last of the old processes may hold its memory a moment longer.
        self.order(r#"until "$1/pg_ctl" -D "$2/data" -w -s -l "$2/log" -o "-p $3" start; do :; done"#);
    }

    fn order(&self, script: &str) {
        let mut again = shell();
        again
            .args(["-c", script, "order"])
            .arg(programs())
            .arg(&self.cluster.dir)
            .arg(self.cluster.port.to_string());
        let done = again.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(done.is_ok_and(|status| status.success()), "the server did not do so: {script}");
    }

    /// A file that the cluster made beside its data: `ca.pem`, `other.pem`.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.cluster.dir.join(name)
    }

    /// Its address, through the Unix socket.
    #[must_use]
    pub fn url(&self) -> String {
        self.cluster.url_of(&self.name)
    }

    /// Its address through a port on loopback: the server's own, or that of something in between.
    #[must_use]
    pub fn url_at(&self, port: u16) -> String {
        format!("postgres://yinxin@127.0.0.1:{port}/{}", self.name)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The cluster's port on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.cluster.port
    }

    /// The database, as the store takes it.
    ///
    /// # Panics
    /// Never: the address is our own.
    #[must_use]
    pub fn postgres(&self) -> Postgres {
        Postgres::at(&self.url()).expect("an address of our own")
    }

    /// Runs statements, as an intruder would.
    ///
    /// # Errors
    /// What PostgreSQL said.
    pub fn execute(&self, sql: &str) -> Result<(), String> {
        let connection = self.postgres().connect(None).map_err(|failure| format!("{failure:?}"))?;
        connection.batch(sql).map_err(|failure| format!("{failure:?}"))
    }
}

impl Default for TestDatabase {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // Whoever is still connected goes too; the folder is removed at the end in any case.
        if let Ok(connection) = self.cluster.connect() {
            drop(connection.batch(&format!("DROP DATABASE {} WITH (FORCE)", self.name)));
        }
    }
}

/// The cluster of this process.
fn shared() -> &'static Arc<Cluster> {
    static CLUSTER: OnceLock<Arc<Cluster>> = OnceLock::new();
    CLUSTER.get_or_init(|| Arc::new(Cluster::start()))
}

impl Cluster {
    fn start() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("yinxin-postgres-{}-{number}", std::process::id()));
        let mut keeper = shell();
        keeper.args(["-c", KEEPER, "keeper"]).arg(programs()).arg(&dir).args(free_ports());
        let mut keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell starts");
        let mut said = String::new();
        BufReader::new(keeper.stdout.take().expect("it is piped"))
            .read_line(&mut said)
            .expect("the shell answers");
        let port = said.trim().parse().expect("PostgreSQL started; what it said instead is above");
        Self { dir, port, _keeper: keeper }
    }

    fn url_of(&self, database: &str) -> String {
        let dir = self.dir.display().to_string().replace('/', "%2F");
        format!("postgres://yinxin@{dir}:{}/{database}", self.port)
    }

    fn connect(&self) -> Result<Connection, String> {
        let postgres = Postgres::at(&self.url_of("postgres")).map_err(|error| error.to_string())?;
        postgres.connect(None).map_err(|failure| format!("{failure:?}"))
    }

    fn run(&self, sql: &str) {
        self.connect().expect("the cluster answers").batch(sql).expect("an administrator may do so");
    }
}

/// A shell that is not root: PostgreSQL refuses to run as root.
fn shell() -> Command {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|said| said.stdout == b"0\n");
    if !is_root {
        return Command::new("sh");
    }
    let known = |user: &&str| Command::new("id").arg(user).output().is_ok_and(|said| said.status.success());
    let user = ["postgres", "nobody"].into_iter().find(known).expect("a user without rights");
    let mut shell = Command::new("setpriv");
    shell.args([&format!("--reuid={user}"), "--clear-groups", "--", "sh"]).current_dir("/");
    shell
}

/// Where the newest `initdb` is.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest =
        versions.map(|entry| entry.path()).filter(|path| number(path) >= Some(15)).max_by_key(number);
    let found = newest.map(|version| version.join("bin")).filter(|bin| bin.join("initdb").exists());
    found.expect("PostgreSQL 15 or newer is needed: apt-get install --no-install-recommends postgresql")
}

/// Ports that were free a moment ago.
fn free_ports() -> Vec<String> {
    let held: Vec<TcpListener> = (0..4).filter_map(|_| TcpListener::bind(("127.0.0.1", 0)).ok()).collect();
    held.iter().filter_map(|held| held.local_addr().ok()).map(|address| address.port().to_string()).collect()
}
