//! The nodes: the real program on each host, over the database of the room.

use super::front::{PORT, health};
use super::room::{HOSTS, Room, back};
use super::until_async;
use crate::nodes::copy;
use crate::program::Program;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Output, Stdio};

/// The nodes of the room.
pub(super) struct Wallets<'r> {
    room: &'r Room,
    url: String,
    programs: [Option<Program>; 3],
}

impl<'r> Wallets<'r> {
    /// Makes the deployment on the first host and starts its node; [`Wallets::resume`] starts the others. Text messages are
    /// shown by the node that sent them, so people register while there is one.
    pub(super) fn start(room: &'r Room, url: String) -> Self {
        let mut wallets = Self { room, url, programs: [const { None }; 3] };
        wallets.begin(1);
        for host in HOSTS.into_iter().filter(|host| *host != 1) {
            copy(&wallets.data(1), &wallets.data(host));
        }
        wallets
    }

    fn data(&self, host: usize) -> PathBuf {
        self.room.files(host).join("yinxin")
    }

    /// Starts a node and waits until it serves.
    fn begin(&mut self, host: usize) {
        let mut command = self.room.on(host, env!("CARGO_BIN_EXE_yinxin"));
        let shop = PORT + 1;
        command
            .args([
                "demo",
                "--listen",
                &format!("127.0.0.1:{PORT}"),
                "--shop-listen",
                &format!("127.0.0.1:{shop}"),
            ])
            .args(["--node-listen", &format!("{}:7443", back(host)), "--database", &self.url, "--data"])
            .arg(self.data(host))
            .env("YINXIN_LOG", "info")
            .stdout(Stdio::piped())
            .stderr(self.room.log_file(host, "yinxin.log"));
        let mut child = command.spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        let is_ready = said.map_while(Result::ok).any(|line| line.contains("/demo"));
        assert!(is_ready, "no start on host {host}: {}", self.room.log(host, "yinxin.log"));
        self.programs[host - 1] = Some(Program::of(child));
    }

    /// Kills a node.
    pub(super) fn kill(&mut self, host: usize) {
        self.programs[host - 1] = None;
    }

    /// Starts the nodes that do not run; one that ended by itself fails the test.
    pub(super) fn resume(&mut self) {
        for host in HOSTS {
            match &mut self.programs[host - 1] {
                Some(program) => {
                    assert!(program.runs(), "host {host} ended: {}", self.room.log(host, "yinxin.log"));
                }
                None => self.begin(host),
            }
        }
    }

    /// Ends all.
    pub(super) fn stop(&mut self) {
        for program in self.programs.iter_mut().filter_map(Option::take) {
            assert!(program.stop().success());
        }
    }

    /// Sees to it that the node on this host leads.
    pub(super) async fn lead_from(&mut self, host: usize) {
        for other in HOSTS.into_iter().filter(|other| *other != host) {
            if let Some(program) = self.programs[other - 1].take() {
                assert!(program.stop().success());
            }
        }
        until_async("the chosen node leads", async || {
            health(host).await.filter(|said| said.contains("leading"))
        })
        .await;
        self.resume();
    }

    /// Another command of the program on a host's data.
    pub(super) fn run(&self, host: usize, command: &str) -> Output {
        let mut program = self.room.on(host, env!("CARGO_BIN_EXE_yinxin"));
        program.args([command, "--database", &self.url, "--data"]).arg(self.data(host)).output().unwrap()
    }
}
