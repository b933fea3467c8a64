//! The program on a data directory and ports of its own, killed without a word when dropped.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

/// Where a program lives; it is started there again and again.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    port: u16,
    shop: u16,
    /// What its environment holds besides ours.
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// Where its books are, when they are not in the data directory.
    database: Option<String>,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("yinxin-faults-").tempdir().unwrap();
        Self { folder, port: free_port(), shop: free_port(), environment: Vec::new(), database: None }
    }

    /// A home whose books are in PostgreSQL.
    pub(crate) fn on(database: String) -> Self {
        Self { database: Some(database), ..Self::new() }
    }

    fn books(&self) -> Vec<&str> {
        self.database.iter().flat_map(|database| ["--database", database]).collect()
    }

    /// A folder beside the data, on the same file system.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.beside("data")
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Everything that the programs said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.beside("log")).unwrap_or_default()
    }

    /// Leaves everything where it is until [`Home::remove`]: a soak that fails keeps its evidence.
    pub(crate) fn keep(&mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.folder.path().to_owned()
    }

    pub(crate) fn remove(mut self) {
        self.folder.disable_cleanup(false);
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_yinxin"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("YINXIN_")) {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        command
    }

    /// Starts the program and waits until it says where it listens.
    pub(crate) fn start(&self) -> Program {
        self.try_start().unwrap_or_else(|status| panic!("no start: {status}\n{}", self.log()))
    }

    /// The same; the status of a program that ended instead.
    pub(crate) fn try_start(&self) -> Result<Program, ExitStatus> {
        self.start_by(self.command())
    }

    /// Starts the program as the argument of `tool`.
    pub(crate) fn start_under(&self, tool: &[&str]) -> Program {
        let own = self.command();
        let mut command = Command::new(tool[0]);
        command.args(&tool[1..]).arg(own.get_program()).stdin(Stdio::null());
        for (name, value) in own.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        self.start_by(command).unwrap_or_else(|status| panic!("no start: {status}\n{}", self.log()))
    }

    fn start_by(&self, mut command: Command) -> Result<Program, ExitStatus> {
        let shop = format!("127.0.0.1:{}", self.shop);
        command
            .args(["demo", "--listen", &self.address(), "--shop-listen", &shop, "--data"])
            .arg(self.data())
            .args(self.books());
        self.wait_for(command, &format!("{}/demo", self.origin()))
    }

    /// Starts a command and waits until it says `ready`.
    pub(crate) fn start_so(&self, command: Command, ready: &str) -> Program {
        self.wait_for(command, ready).unwrap_or_else(|status| panic!("no start: {status}\n{}", self.log()))
    }

    fn wait_for(&self, mut command: Command, ready: &str) -> Result<Program, ExitStatus> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.beside("log")).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        let is_ready = said.map_while(Result::ok).any(|line| line.contains(ready));
        if is_ready { Ok(Program(child)) } else { Err(child.wait().unwrap()) }
    }

    /// The program's answer to a `GET`, as it comes over the wire.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = std::net::TcpStream::connect(self.address()).unwrap();
        let host = format!("localhost:{}", self.port);
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The number of records in the journal.
    pub(crate) fn records(&self) -> i64 {
        let journal = yinxin_store::JournalReader::new(&self.data().join("journal"));
        i64::try_from(journal.size().unwrap()).unwrap()
    }

    /// Runs another command of the program on the data.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.command().args(words).arg("--data").arg(self.data()).args(self.books()).output().unwrap()
    }
}

/// A running program.
pub(crate) struct Program(Child);

impl Program {
    /// A program that was started elsewhere.
    pub(crate) fn of(child: Child) -> Self {
        Self(child)
    }

    /// Ends it as a supervisor does, and waits.
    pub(crate) fn stop(self) -> ExitStatus {
        let number = self.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &number]).status().unwrap().success());
        self.ended()
    }

    /// Whether it has not ended by itself.
    pub(crate) fn runs(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// How it ended by itself.
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.0.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        self.0.wait().unwrap();
    }
}

/// A port that nobody else in this process gets.
pub(crate) fn free_port() -> u16 {
    use std::sync::Mutex;
    static TAKEN: Mutex<Vec<u16>> = Mutex::new(Vec::new());
    let mut taken = TAKEN.lock().unwrap();
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if !taken.contains(&port) {
            taken.push(port);
            return port;
        }
    }
}

/// Every row of every table of a database.
pub(crate) fn rows(path: &Path) -> Vec<String> {
    let database = rusqlite::Connection::open(path).unwrap();
    let tables: Vec<String> = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut rows = Vec::new();
    for table in tables {
        let mut all = database.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns = all.column_count();
        let mut found = all.query([]).unwrap();
        let mut of_table = Vec::new();
        while let Some(row) = found.next().unwrap() {
            let values: Vec<_> =
                (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column).unwrap()).collect();
            of_table.push(format!("{table} {values:?}"));
        }
        of_table.sort_unstable();
        rows.append(&mut of_table);
    }
    rows
}
