//! A TCP proxy before PostgreSQL that cuts a connection around one COMMIT, or falls silent as a machine does that is gone.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};

/// Where the connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// The server commits, its answer is lost.
    Answer,
    /// Nothing of the transaction reaches the server.
    Request,
    /// The client's side is cut; the COMMIT reaches the server only when somebody waits for the lease's row.
    CommitComesLate,
}

/// `COMMIT` as a simple query, and as the tag of its answer.
const QUERY: &[u8] = b"COMMIT\0";
/// What the journal asks on a new connection before it goes on.
const SETTLES: &[u8] = b"FOR UPDATE";

#[derive(Default)]
struct Shared {
    armed: Mutex<Option<Cut>>,
    cuts: AtomicU32,
    settling: Mutex<bool>,
    settled: Condvar,
    opened: AtomicU32,
    /// The next request ends its connection, and all the others of that moment are silent from then on.
    loses: AtomicBool,
    /// Connections with a smaller number are silent.
    silent_below: AtomicU32,
}

pub(super) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    pub(super) fn start(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let all = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                relay(&client, &server, &all);
            }
        });
        Self { port, shared }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn cut_next_commit(&self, cut: Cut) {
        *self.shared.armed.lock().unwrap() = Some(cut);
    }

    /// From the next request on nothing comes back over what is open now. That request is told so, nobody else is.
    pub(super) fn lose_at_next_request(&self) {
        self.shared.loses.store(true, Ordering::SeqCst);
    }

    pub(super) fn cuts(&self) -> u32 {
        self.shared.cuts.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn take(&self, cuts: &[Cut]) -> Option<Cut> {
        let mut armed = self.armed.lock().unwrap();
        let cut = armed.take_if(|cut| cuts.contains(cut))?;
        self.cuts.fetch_add(1, Ordering::SeqCst);
        Some(cut)
    }

    fn loses_now(&self) -> bool {
        let loses = self.loses.swap(false, Ordering::SeqCst);
        if loses {
            self.silent_below.store(self.opened.load(Ordering::SeqCst), Ordering::SeqCst);
        }
        loses
    }
}

fn relay(client: &TcpStream, server: &TcpStream, shared: &Arc<Shared>) {
    let number = shared.opened.fetch_add(1, Ordering::SeqCst);
    let ends = || (client.try_clone().unwrap(), server.try_clone().unwrap(), Arc::clone(shared));
    let (from, to, all) = ends();
    std::thread::spawn(move || requests(number, from, to, &all));
    let (to, from, all) = ends();
    std::thread::spawn(move || answers(from, to, &all));
}

fn requests(number: u32, mut client: TcpStream, mut server: TcpStream, shared: &Shared) {
    let mut bytes = vec![0; 1 << 20];
    while let Ok(read) = client.read(&mut bytes) {
        let said = &bytes[..read];
        if read > 0 && shared.loses_now() {
            drop(client.shutdown(Shutdown::Both));
            drop(server.shutdown(Shutdown::Both));
            return;
        }
        // What never reaches the server is never answered.
        if read > 0 && number < shared.silent_below.load(Ordering::SeqCst) {
            continue;
        }
        let commit = position(said, QUERY);
        if let Some(at) = commit
            && let Some(cut) = shared.take(&[Cut::Request, Cut::CommitComesLate])
        {
            drop(client.shutdown(Shutdown::Both));
            if cut == Cut::CommitComesLate {
                // The query's message begins five bytes before its text.
                server.write_all(&said[..at - 5]).unwrap();
                let settling = shared.settling.lock().unwrap();
                drop(shared.settled.wait_while(settling, |settling| !*settling).unwrap());
                server.write_all(&said[at - 5..]).unwrap();
                // The server reads it to its end before it notices that nobody is there.
                drop(server.shutdown(Shutdown::Write));
            } else {
                drop(server.shutdown(Shutdown::Both));
            }
            return;
        }
        if read == 0 || server.write_all(said).is_err() {
            drop(server.shutdown(Shutdown::Both));
            return;
        }
        if position(said, SETTLES).is_some() {
            *shared.settling.lock().unwrap() = true;
            shared.settled.notify_all();
        }
    }
}

fn answers(mut server: TcpStream, mut client: TcpStream, shared: &Shared) {
    let mut bytes = vec![0; 1 << 20];
    while let Ok(read) = server.read(&mut bytes) {
        let said = &bytes[..read];
        if position(said, QUERY).is_some() && shared.take(&[Cut::Answer]).is_some() {
            drop(client.shutdown(Shutdown::Both));
            drop(server.shutdown(Shutdown::Both));
            return;
        }
        if read == 0 {
            drop(client.shutdown(Shutdown::Both));
            return;
        }
        // A client that was cut off leaves its server's answers unread; they are drained all the same.
        drop(client.write_all(said));
    }
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
