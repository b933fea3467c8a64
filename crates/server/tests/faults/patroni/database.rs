//! Three PostgreSQL servers under Patroni, with etcd, from the files in `packaging/patroni`.

use super::room::{HOSTS, Room, back, sh};
use super::until;
use crate::program::Program;
use serde::Deserialize;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// An authority, and what it signs for each host: verified connections need a name, and the name is the address.
const CERTIFICATES: &str = r#"
cd "$1"; shift
key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc"
openssl req -x509 $key -keyout db-ca.key -out db.pem -subj "/CN=databases" -days 2
for host; do
  openssl req $key -keyout host$host/etc/db.key -out db.csr -subj "/CN=db$host"
  echo "subjectAltName=IP:10.0.0.1$host" > db.ext
  openssl x509 -req -in db.csr -CA db.pem -CAkey db-ca.key -out host$host/etc/db.crt -days 2 -extfile db.ext
  chown postgres: host$host/etc/*
done
"#;

/// How long one answer of Patroni's may take.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Members {
    members: Vec<Member>,
}

/// One server, as Patroni sees it.
#[derive(Debug, Clone, Deserialize)]
struct Member {
    name: String,
    role: String,
    state: String,
    timeline: Option<u64>,
}

/// Who is what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Roles {
    pub(super) primary: usize,
    /// Has everything that was acknowledged.
    pub(super) second: usize,
    pub(super) third: usize,
    pub(super) timeline: u64,
}

/// The databases of the room.
pub(super) struct Database<'r> {
    room: &'r Room,
    etcd: [Option<Program>; 3],
    patroni: [Option<Program>; 3],
}

impl<'r> Database<'r> {
    /// Starts everything, and makes the database and its owner.
    pub(super) async fn start(room: &'r Room) -> Self {
        let hosts = HOSTS.map(|host| host.to_string());
        let folder = room.beside(".").display().to_string();
        sh(CERTIFICATES, &[&folder, &hosts[0], &hosts[1], &hosts[2]]);
        let mut database = Self { room, etcd: [const { None }; 3], patroni: [const { None }; 3] };
        for host in HOSTS {
            database.begin_etcd(host);
            database.begin_patroni(host);
        }
        let roles = database.whole().await;
        database.sql(roles.primary, "postgres", "CREATE ROLE yinxin LOGIN PASSWORD 'only-here'");
        database.sql(
            roles.primary,
            "postgres",
            "CREATE DATABASE yinxin OWNER yinxin ENCODING UTF8 TEMPLATE template0",
        );
        database
    }

    /// Where a node finds it.
    pub(super) fn url(&self) -> String {
        let hosts = HOSTS.map(back).join(",");
        let root = self.room.beside("db.pem");
        format!("postgres://yinxin:only-here@{hosts}/yinxin?sslrootcert={}", root.display())
    }

    pub(super) fn begin_etcd(&mut self, host: usize) {
        self.etcd[host - 1] = Some(self.begin(host, "etcd", &[], "etcd.env"));
    }

    pub(super) fn begin_patroni(&mut self, host: usize) {
        let settings = packaging().join("patroni.yml");
        std::fs::copy(settings, self.room.files(host).join("etc/patroni.yml")).unwrap();
        let words = ["-m", "patroni", "/etc/postgresql/patroni.yml"];
        self.patroni[host - 1] = Some(self.begin(host, "/opt/bin/python3", &words, "patroni.env"));
    }

    fn begin(&self, host: usize, program: &str, words: &[&str], settings: &str) -> Program {
        let log = self.room.log_file(host, &settings.replace("env", "log"));
        let mut command = self.room.on_as_postgres(host, program);
        command.args(words).envs(environment(settings, host));
        command.stdout(log.try_clone().unwrap()).stderr(log);
        Program::of(command.spawn().unwrap())
    }

    /// Kills a host's PostgreSQL, and its Patroni first, so that nobody starts it again.
    pub(super) fn kill(&mut self, host: usize) {
        self.patroni[host - 1] = None;
        super::room::kill(host, "postgres");
    }

    /// Kills a host's etcd.
    pub(super) fn kill_etcd(&mut self, host: usize) {
        self.etcd[host - 1] = None;
    }

    /// Starts again what was killed.
    pub(super) fn resume(&mut self, host: usize) {
        if self.etcd[host - 1].is_none() {
            self.begin_etcd(host);
        }
        if self.patroni[host - 1].is_none() {
            self.begin_patroni(host);
        }
    }

    /// Waits until all three are there: one primary, one that has everything, one more behind it.
    pub(super) async fn whole(&self) -> Roles {
        until("three servers, one of them synchronous", || self.roles()).await
    }

    /// Waits until another server than `lost` is the primary.
    pub(super) async fn primary_after(&self, lost: usize) -> usize {
        until("a new primary", || {
            let others = HOSTS.into_iter().filter(|host| *host != lost);
            let mut members = others.filter_map(members_as_seen_by).flatten();
            members
                .find(|member| member.is("leader", "running") && number(member) != lost)
                .map(|found| number(&found))
        })
        .await
    }

    fn roles(&self) -> Option<Roles> {
        let members = HOSTS.into_iter().find_map(members_as_seen_by)?;
        let one = |role: &str, state: &str| members.iter().find(|member| member.is(role, state));
        let primary = one("leader", "running")?;
        let timeline = primary.timeline?;
        let behind = [one("sync_standby", "streaming")?, one("replica", "streaming")?];
        if behind.iter().any(|member| member.timeline != Some(timeline)) {
            return None;
        }
        let [second, third] = behind.map(number);
        // Patroni's list may be older than what the primary waits for.
        let names = self.try_sql(number(primary), "postgres", "SHOW synchronous_standby_names").ok()?;
        let roles = Roles { primary: number(primary), second, third, timeline };
        names.contains(&format!("db{second}")).then_some(roles)
    }

    /// Asks the server on a host, as its administrator.
    pub(super) fn sql(&self, host: usize, database: &str, sql: &str) -> String {
        self.try_sql(host, database, sql).unwrap_or_else(|said| panic!("host {host}: {sql}\n{said}"))
    }

    fn try_sql(&self, host: usize, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = self.room.on_as_postgres(host, "psql");
        psql.args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-h", "/run/postgresql", "-d", database, "-c", sql]);
        let said = psql.stdout(Stdio::piped()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if said.status.success() { Ok(text(&said.stdout)) } else { Err(text(&said.stderr)) }
    }
}

impl Member {
    fn is(&self, role: &str, state: &str) -> bool {
        self.role == role && self.state == state
    }
}

fn number(member: &Member) -> usize {
    member.name.strip_prefix("db").unwrap().parse().unwrap()
}

/// What the Patroni on a host says of all; nothing where it does not answer.
fn members_as_seen_by(host: usize) -> Option<Vec<Member>> {
    let address: SocketAddr = format!("{}:8008", back(host)).parse().unwrap();
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_WAIT).ok()?;
    stream.set_read_timeout(Some(ANSWER_WAIT)).ok()?;
    stream.write_all(b"GET /cluster HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let members: Members = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
    Some(members.members)
}

fn packaging() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/patroni")
}

/// The settings of the first machine, with the name and the address of another.
fn environment(file: &str, host: usize) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(packaging().join(file)).unwrap();
    let pairs = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('='));
    let own = |value: &str| value.replace("db1", &format!("db{host}")).replace("10.0.0.11", &back(host));
    pairs
        .map(|(name, value)| {
            let is_of_all = name == "ETCD_INITIAL_CLUSTER";
            (name.to_owned(), if is_of_all { value.to_owned() } else { own(value) })
        })
        .collect()
}
