//! A room with three hosts: network namespaces on two bridges, each host with files of its own.
//!
//! The whole room is inside namespaces of its own for network, mounts and processes, so that nothing of it is seen from outside
//! and nothing of it remains, however the test ends. `back` joins the hosts: etcd, PostgreSQL, the nodes among themselves.
//! `front` is where people come from.

use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// Hosts in the room, numbered from 1.
pub(super) const HOSTS: [usize; 3] = [1, 2, 3];

/// The room itself: a `/run` of its own, Patroni's Python environment at `/opt`, two bridges.
const ROOM: &str = r#"
mount -t tmpfs tmpfs /run
mkdir -p /run/netns
mount --bind "$1" /opt
ip link set lo up
for net in back front; do ip link add $net type bridge; ip link set $net up; done
ip addr add 10.0.0.1/24 dev back
ip addr add 10.0.1.1/24 dev front
"#;

/// Host `$1`: a network of its own, and below `$2` what Debian keeps in these four places.
const HOST: &str = r#"
ip netns add host$1
ip -n host$1 link set lo up
third=0
for net in back front; do
  ip link add $net$1 type veth peer name $net netns host$1
  ip link set $net$1 master $net up
  ip -n host$1 addr add 10.0.$third.1$1/24 dev $net
  ip -n host$1 link set $net up
  third=1
done
mkdir -p "$2/etc" "$2/run" "$2/postgresql" "$2/etcd"
chown -R postgres:postgres "$2"
"#;

/// Keeps the mounts of the host whose files are below `$1` until it is killed.
const MOUNTS: &str = r#"
mkdir -p /run/postgresql
mount --bind "$1/etc" /etc/postgresql
mount --bind "$1/run" /run/postgresql
mount --bind "$1/postgresql" /var/lib/postgresql
mount --bind "$1/etcd" /var/lib/etcd
echo mounted
exec sleep infinity
"#;

/// Runs the test of this name again, alone in namespaces of its own. Whatever it starts ends with it.
pub(super) fn enter(test: &str, variable: &str) -> ExitStatus {
    Command::new("unshare")
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
        // The first process inherits what its own children leave behind: a server that ended must not look as if it ran.
        .args(["sh", "-c", r#""$@" & wait $!"#, "first"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(variable, "inside")
        .status()
        .expect("unshare, of the package util-linux, starts")
}

/// The room, with the files of its hosts and everything that was said in it.
pub(super) struct Room {
    folder: PathBuf,
    /// Each keeps the mounts of a host.
    keepers: Vec<Child>,
}

impl Room {
    /// Furnishes the room that this process is in.
    pub(super) fn furnish(target: &Path) -> Self {
        let folder = target.join("patroni/room");
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder).unwrap();
        let mut room = Self { folder, keepers: Vec::new() };
        sh(ROOM, &[&target.join("patroni/venv").display().to_string()]);
        for host in HOSTS {
            let files = room.files(host).display().to_string();
            sh(HOST, &[&host.to_string(), &files]);
            let mut keeper = Command::new("unshare");
            keeper.args(["--mount", "sh", "-ec", MOUNTS, "host", &files]).stdin(Stdio::null());
            let mut keeper = keeper.stdout(Stdio::piped()).spawn().unwrap();
            let mut said = [0; 8];
            keeper.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
            room.keepers.push(keeper);
        }
        room
    }

    /// What is on a host's disk.
    pub(super) fn files(&self, host: usize) -> PathBuf {
        self.folder.join(format!("host{host}"))
    }

    /// Something in the room that belongs to no host.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A program on a host, as the user who started the test.
    pub(super) fn on(&self, host: usize, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        let keeper = self.keepers[host - 1].id();
        command
            .args([&format!("--net=/run/netns/host{host}"), &format!("--mount=/proc/{keeper}/ns/mnt")])
            .arg(program)
            .stdin(Stdio::null());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("YINXIN_")) {
            command.env_remove(name);
        }
        command
    }

    /// A program on a host, as `postgres`: a database does not run as root.
    pub(super) fn on_as_postgres(&self, host: usize, program: &str) -> Command {
        let mut command = self.on(host, "setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program);
        command.env("HOME", "/var/lib/postgresql").current_dir("/");
        command
    }

    /// What a program said, from its log on the host.
    pub(super) fn log(&self, host: usize, name: &str) -> String {
        std::fs::read_to_string(self.files(host).join(name)).unwrap_or_default()
    }

    /// Where a program's words go.
    pub(super) fn log_file(&self, host: usize, name: &str) -> std::fs::File {
        std::fs::OpenOptions::new().create(true).append(true).open(self.files(host).join(name)).unwrap()
    }
}

/// Takes a host off a network: nothing arrives any more, and nobody is told.
pub(super) fn cut(host: usize, net: &str) {
    sh("ip link set $2$1 nomaster", &[&host.to_string(), net]);
}

/// Puts it on again.
pub(super) fn heal(host: usize, net: &str) {
    sh("ip link set $2$1 master $2", &[&host.to_string(), net]);
}

/// Kills every program of this name on a host, at once and without a word.
pub(super) fn kill(host: usize, name: &str) {
    let script = r#"
ids=
for id in $(ip netns pids host$1); do
  [ "$(cat /proc/$id/comm 2>/dev/null)" != "$2" ] || ids="$ids $id"
done
# One may end because another has.
kill -9 $ids 2>/dev/null || true"#;
    sh(script, &[&host.to_string(), name]);
}

/// An address of a host: `back` for what the hosts say to one another, `front` for people.
pub(super) fn back(host: usize) -> String {
    format!("10.0.0.1{host}")
}

/// See [`back`].
pub(super) fn front(host: usize) -> String {
    format!("10.0.1.1{host}")
}

/// From now on this thread's sockets are the host's.
pub(super) fn move_into(host: usize) {
    let place = std::fs::File::open(format!("/run/netns/host{host}")).unwrap();
    let kind = rustix::thread::LinkNameSpaceType::Network;
    rustix::thread::move_into_link_name_space(place.as_fd(), Some(kind)).unwrap();
}

impl Drop for Room {
    fn drop(&mut self) {
        for keeper in &mut self.keepers {
            drop(keeper.kill());
            drop(keeper.wait());
        }
    }
}

/// Runs a few lines of shell; the first that fails ends them and the test.
pub(super) fn sh(script: &str, words: &[&str]) {
    let said =
        Command::new("sh").args(["-ec", script, "sh"]).args(words).stdin(Stdio::null()).output().unwrap();
    assert!(said.status.success(), "{script}\n{}", String::from_utf8_lossy(&said.stderr));
}
