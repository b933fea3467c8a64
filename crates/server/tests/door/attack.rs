//! Five hundred bad connections of each kind at once, from many addresses: each ends within fifteen seconds, and somebody
//! who asks for something meanwhile gets it.

use crate::ALONE;
use crate::caps::connect_from;
use crate::kinds::{Kind, OVER_TLS, PLAIN};
use crate::program::{Live, Program};
use crate::timing::{Samples, timed};
use rustix::process::{Resource, Rlimit, getrlimit, setpriority_process, setrlimit};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::oneshot::{self, error::TryRecvError};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

/// Bad connections of each kind.
const EACH: u32 = 500;
/// Of a kind that is told what is wrong, how many have to hear it; who still speaks when it is closed may lose the answer.
const ANSWERED_MIN: u32 = EACH / 2;
/// From one address: below the cap, which has its own test.
const FROM_ONE: u32 = 100;
/// Bad connections that are being opened at the same time; those that are open do not count. The program's queue holds more,
/// so each is accepted when it connects, and its time counts from then.
const OPENING: usize = 500;
/// The same over TLS: the attackers' half of a handshake is done on the same cores, and more than these only wait for them.
const OPENING_TLS: usize = 50;
/// How long a bad connection may last.
const CLOSED_WITHIN: Duration = Duration::from_secs(15);
/// Answers to a good client before an attack and after it, which are the quiet ones.
const QUIET: usize = 200;
/// Between two requests of the good client: it is a visitor, not another flood.
const PAUSE: Duration = Duration::from_millis(3);
/// One in so many requests of the good client comes on a new connection.
const ARRIVES_EACH: usize = 20;
/// Priority of the attackers: they are elsewhere, and the program's cores are not theirs.
const NICE: i32 = 5;
/// What a debug build that shares its cores with its attackers, and with whatever else the machine does, may take in any case
/// (p99): nobody is starved. That it at most doubles is measured in a release build (`ratios.rs`).
pub(crate) const FLOOR: Duration = Duration::from_millis(100);

/// An address of this machine for the attacker `number` of kind `kind`.
fn address(kind: usize, number: u32) -> Ipv4Addr {
    let kind = u32::try_from(kind).unwrap();
    Ipv4Addr::from(0x7F01_0000 + kind * 16 + number / FROM_ONE)
}

/// Raises this process's own limit: every attacker is an open file.
pub(crate) fn allow_files() {
    let limit = getrlimit(Resource::Nofile);
    assert!(limit.maximum.is_none_or(|maximum| maximum > 10_000), "10,000 open files are not allowed here");
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
}

fn trusting(live: &Live, protocol: &[u8]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let root = std::fs::read(live.data().join("ca").join("lan-root.cer")).unwrap();
    roots.add(CertificateDer::from(root)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    TlsConnector::from(Arc::new(config))
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for S {}

/// Somebody who asks the same small thing again and again, and now and then comes anew.
pub(crate) struct Good {
    to: SocketAddr,
    tls: Option<TlsConnector>,
    stream: Option<Box<dyn Stream>>,
    asked: usize,
}

impl Good {
    pub(crate) fn at(to: SocketAddr, tls: Option<TlsConnector>) -> Self {
        Self { to, tls, stream: None, asked: 0 }
    }

    async fn arrive(&self) -> Box<dyn Stream> {
        let stream = TcpStream::connect(self.to).await.unwrap();
        let Some(tls) = &self.tls else { return Box::new(stream) };
        Box::new(tls.connect("localhost".try_into().unwrap(), stream).await.unwrap())
    }

    async fn ask(&mut self) {
        let stream = match self.stream.take().filter(|_| !self.asked.is_multiple_of(ARRIVES_EACH)) {
            Some(stream) => stream,
            None => self.arrive().await,
        };
        let stream = self.stream.insert(stream);
        self.asked += 1;
        let ask = format!("GET /api/v1/deployment HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", self.to.port());
        stream.write_all(ask.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        let (mut answer, mut part) = (Vec::new(), [0; 4_096]);
        while !answer.ends_with(b"}") {
            let length = stream.read(&mut part).await.unwrap();
            assert!(length > 0, "a good connection was closed");
            answer.extend_from_slice(&part[..length]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }

    pub(crate) async fn sample(&mut self, count: usize) -> Samples {
        let (mut samples, mut tick) = (Samples::default(), tokio::time::interval(PAUSE));
        for _ in 0..count {
            tick.tick().await;
            samples.add(timed(self.ask()).await);
        }
        samples
    }

    pub(crate) async fn sample_until(&mut self, mut over: oneshot::Receiver<()>) -> Samples {
        let mut samples = Samples::default();
        while over.try_recv() == Err(TryRecvError::Empty) {
            samples.append(self.sample(ARRIVES_EACH).await);
        }
        samples
    }
}

/// How a kind fared.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    /// The longest that one of them lasted.
    lasted: Duration,
    /// Those that were told what is wrong.
    answered: u32,
}

pub(crate) async fn attack(
    kinds: &[Kind],
    to: SocketAddr,
    tls: Option<TlsConnector>,
) -> BTreeMap<String, Fate> {
    let opening = Arc::new(Semaphore::new(if tls.is_some() { OPENING_TLS } else { OPENING }));
    let mut attackers = JoinSet::new();
    for (index, kind) in kinds.iter().copied().enumerate() {
        for number in 0..EACH {
            let (from, tls, opening) = (address(index, number), tls.clone(), Arc::clone(&opening));
            attackers.spawn(async move {
                let permit = opening.acquire_owned().await.unwrap();
                let stream = connect_from(from, to, kind.reads_nothing()).await;
                let began = Instant::now();
                let is_answered = kind.attack(stream, to.port(), tls, permit).await;
                (kind, began.elapsed(), is_answered)
            });
        }
    }
    let mut fates = BTreeMap::new();
    // What is kept for ever ends the test as well.
    let patience = Instant::now() + 2 * CLOSED_WITHIN;
    while let Ok(Some(ended)) = tokio::time::timeout_at(patience, attackers.join_next()).await {
        let (kind, lasted, is_answered) = ended.unwrap();
        let fate: &mut Fate = fates.entry(format!("{kind:?}")).or_default();
        fate.lasted = lasted.max(fate.lasted);
        fate.answered += u32::from(is_answered);
    }
    assert_eq!(attackers.len(), 0, "kept for ever; the others: {fates:?}");
    fates
}

/// Attackers on threads of their own, of lower priority; `over` is dropped when they have ended.
pub(crate) fn elsewhere<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
    over: oneshot::Sender<()>,
) -> std::thread::JoinHandle<T> {
    let nice = || setpriority_process(None, NICE).unwrap();
    std::thread::spawn(move || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).on_thread_start(nice).enable_all().build().unwrap();
        let result = runtime.block_on(work);
        drop(over);
        result
    })
}

async fn bears(kinds: &'static [Kind], program: &Program, tls: Option<(TlsConnector, TlsConnector)>) {
    let (good_tls, bad_tls) = tls.unzip();
    let mut good = Good::at(program.address(), good_tls);
    good.sample(QUIET / 2).await;
    let before = good.sample(QUIET).await;
    let (end, over) = oneshot::channel();
    let attackers = elsewhere(attack(kinds, program.address(), bad_tls), end);
    let during = good.sample_until(over).await;
    let fates = attackers.join().unwrap();
    let after = good.sample(QUIET).await;

    println!("{fates:?}");
    let (quiet, attacked) = (before.p99().max(after.p99()), during.p99());
    println!("p99: {quiet:?} quiet, {attacked:?} under attack, of {} answers", during.len());
    for kind in kinds {
        let fate = &fates[&format!("{kind:?}")];
        assert!(fate.lasted <= CLOSED_WITHIN, "{kind:?} was kept for {:?}", fate.lasted);
        assert!(fate.answered >= ANSWERED_MIN || !kind.is_answered(), "{kind:?} is not told what is wrong");
    }
    assert!(during.len() >= QUIET, "only {} answers", during.len());
    assert!(attacked <= (2 * quiet).max(FLOOR), "{attacked:?} instead of {quiet:?}");
}

/// A live server that takes more connections than all attackers.
pub(crate) fn live_plain() -> (Live, Program) {
    let live = Live::init();
    let program = Program::serve(&live, &[("YINXIN_CONNECTIONS_TOTAL", "16000"), ("YINXIN_LOG", "error")]);
    (live, program)
}

/// The same over TLS, with what a good client and a bad one begin with.
pub(crate) fn live_over_tls() -> (Live, Program, (TlsConnector, TlsConnector)) {
    let live = Live::init();
    let program = Program::serve(
        &live,
        &[
            ("YINXIN_CONNECTIONS_TOTAL", "16000"),
            ("YINXIN_LOG", "error"),
            ("YINXIN_TLS_LOCAL_HOSTS", "localhost,127.0.0.1"),
        ],
    );
    let tls = (trusting(&live, b"http/1.1"), trusting(&live, b"h2"));
    (live, program, tls)
}

#[tokio::test]
async fn five_hundred_bad_connections_of_each_kind_end_within_15_s_while_others_are_served() {
    let _alone = ALONE.lock().await;
    allow_files();
    let (_live, program) = live_plain();
    bears(PLAIN, &program, None).await;
}

#[tokio::test]
async fn five_hundred_bad_tls_connections_of_each_kind_end_within_15_s_while_others_are_served() {
    let _alone = ALONE.lock().await;
    allow_files();
    let (_live, program, tls) = live_over_tls();
    bears(OVER_TLS, &program, Some(tls)).await;
}
