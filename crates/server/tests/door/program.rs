//! The real program, live or as a demonstration, on a port of its own.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Longer than anything here takes: what hangs fails.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A running program; killed when dropped.
pub(crate) struct Program {
    child: Child,
    pub(crate) port: u16,
    out: std::io::Lines<BufReader<ChildStdout>>,
    log: std::io::Lines<BufReader<ChildStderr>>,
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn yinxin(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yinxin"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("YINXIN_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Program {
    fn spawn(mut command: Command, port: u16, ready: &str) -> Self {
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap()).lines();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut program = Self { child, port, out, log };
        let is_ready = program.out.any(|line| line.unwrap().contains(ready));
        assert!(is_ready, "it did not start: {:?}", program.log.next());
        program
    }

    /// A demonstration with its data in `data`.
    pub(crate) fn demo(data: &Path, port: u16) -> Self {
        let mut command = yinxin(&["demo", "--listen", &format!("127.0.0.1:{port}"), "--shop-listen"]);
        // Nobody reads its log while it is attacked: little is written, so that it never waits for a reader.
        command.arg("127.0.0.1:0").arg("--data").arg(data).env("YINXIN_LOG", "error");
        Self::spawn(command, port, "Ctrl-C")
    }

    /// A live server; `more` goes into its environment.
    pub(crate) fn serve(live: &Live, more: &[(&str, &str)]) -> Self {
        let mut command = yinxin(&["serve"]);
        command
            .env("YINXIN_DATA", live.data())
            .env("YINXIN_LISTEN", format!("127.0.0.1:{}", live.port))
            .env("YINXIN_SMS_WEBHOOK", "http://127.0.0.1:9/")
            .env("YINXIN_SMS_SECRET_FILE", live.place.path().join("secret"))
            .envs(more.iter().copied());
        Self::spawn(command, live.port, "serves")
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Reads the log up to a line that holds `words`.
    pub(crate) fn says(&mut self, words: &str) -> String {
        self.log.by_ref().map(Result::unwrap).find(|line| line.contains(words)).unwrap()
    }

    /// What else it said, once it has ended.
    pub(crate) fn ended(&mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        let mut said = String::new();
        for line in self.log.by_ref().map(Result::unwrap) {
            let _ = writeln!(said, "{line}");
        }
        (status, said)
    }

    /// A connection on which a test says what it likes.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// One request and the whole answer on a connection of its own.
    pub(crate) fn ask(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The data of a live deployment.
pub(crate) struct Live {
    pub(crate) place: TempDir,
    pub(crate) port: u16,
}

impl Live {
    /// Makes it; people reach it at `https://localhost:port`.
    pub(crate) fn init() -> Self {
        let live = Self { place: tempfile::tempdir().unwrap(), port: free_port() };
        std::fs::write(live.place.path().join("secret"), "0123456789abcdef0123").unwrap();
        let made = yinxin(&["init", "--name", "Pay", "--origin", &live.origin(), "--data"])
            .arg(live.data())
            .arg("--root-key")
            .arg(live.place.path().join("root.pem"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        live
    }

    pub(crate) fn origin(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }
}
