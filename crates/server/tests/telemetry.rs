//! What the operator sees of the real program: its log, its metrics, its health.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::float_cmp, reason = "what is counted is whole")]

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const PHONE: &str = "13800138000";
const NAME: &str = "林小满";
const PASSWORD: &str = "correct horse 9";
const PIN: &str = "739164";
const MEMO: &str = "谢谢你的茶";
const PASSPHRASE: &str = "a passphrase for the key";

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn yinxin(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yinxin"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("YINXIN_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// A demonstration that tells its log everything it can.
struct Demo {
    child: Child,
    port: u16,
    operator: u16,
}

impl Demo {
    fn start(log: &Path) -> Self {
        let (port, operator) = (free_port(), free_port());
        let child = yinxin(&["demo", "--log", "json", "--listen", &format!("127.0.0.1:{port}")])
            .args(["--operator-listen", &format!("127.0.0.1:{operator}")])
            .env("YINXIN_LOG", "trace")
            .stdout(Stdio::piped())
            .stderr(File::create(log).unwrap())
            .spawn()
            .unwrap();
        let mut demo = Self { child, port, operator };
        let mut said = BufReader::new(demo.child.stdout.take().unwrap()).lines();
        assert!(said.any(|line| line.unwrap().contains("Ctrl-C")), "it did not start");
        demo
    }

    fn ask(&self, method: &str, path: &str, cookie: &str, body: Option<&Value>) -> (String, Value) {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\nCookie: {cookie}\r\n\
             Idempotency-Key: {method}{path}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        );
        exchange(self.port, &request)
    }

    fn scrape(&self) -> Scrape {
        let (_, page) = told(self.operator, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        Scrape::read(&page)
    }

    fn newest_code(&self) -> String {
        let (_, sent) = self.ask("GET", "/api/v1/demo/sms", "", None);
        sent["messages"].as_array().and_then(|all| all.first()).unwrap()["code"].as_str().unwrap().to_owned()
    }

    /// A command of the person's device; the codes it asks for come from the tray.
    fn on_device(&self, arguments: &[&str]) -> Vec<String> {
        let mut child = yinxin(arguments)
            .args(["--server", &format!("http://localhost:{}", self.port), "--login", PHONE])
            .env("YINXIN_PASSWORD", PASSWORD)
            .env("YINXIN_KEY_PASSPHRASE", PASSPHRASE)
            .env("YINXIN_PIN", PIN)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let (mut said, mut codes, mut byte) = (Vec::new(), Vec::new(), [0; 1]);
        while stdout.read(&mut byte).unwrap_or(0) == 1 {
            said.push(byte[0]);
            if said.ends_with(b"Code from the SMS: ") {
                codes.push(self.newest_code());
                writeln!(stdin, "{}", codes.last().unwrap()).unwrap();
            }
        }
        assert!(child.wait().unwrap().success(), "{}", String::from_utf8_lossy(&said));
        codes
    }

    fn end(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn told(port: u16, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn exchange(port: u16, request: &str) -> (String, Value) {
    let (head, body) = told(port, request);
    (head, serde_json::from_str(&body).unwrap_or(Value::Null))
}

/// Metrics as a strict reader takes them.
#[derive(Default)]
struct Scrape {
    kinds: BTreeMap<String, String>,
    series: BTreeMap<String, f64>,
}

impl Scrape {
    /// Every series follows its own `# HELP` and `# TYPE`, none appears twice, and the page has an end.
    fn read(page: &str) -> Self {
        let mut read = Self::default();
        let (mut helped, mut current) = (BTreeSet::new(), String::new());
        let lines: Vec<&str> = page.lines().collect();
        assert_eq!(lines.last(), Some(&"# EOF"));
        for line in &lines[..lines.len() - 1] {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap();
                assert!(!help.is_empty() && helped.insert(name.to_owned()), "{line}");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert!(helped.contains(name), "TYPE without HELP: {line}");
                assert!(read.kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
                name.clone_into(&mut current);
            } else {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let name = series.split('{').next().unwrap();
                let suffixes: &[&str] = match read.kinds[&current].as_str() {
                    "counter" => &["_total"],
                    "gauge" => &[""],
                    "info" => &["_info"],
                    "histogram" => &["_sum", "_count", "_bucket"],
                    other => panic!("{other}"),
                };
                let own = suffixes.iter().any(|suffix| name == format!("{current}{suffix}"));
                assert!(own, "a series outside its family: {line}");
                let value: f64 = value.parse().unwrap();
                assert!(
                    value.is_finite() && read.series.insert(series.to_owned(), value).is_none(),
                    "{line}"
                );
            }
        }
        read
    }

    fn value(&self, series: &str) -> f64 {
        *self.series.get(series).unwrap_or_else(|| panic!("no {series}"))
    }

    /// Whether a later page of this series may not be smaller.
    fn only_grows(series: &str) -> bool {
        let name = series.split('{').next().unwrap();
        name.ends_with("_total") || name.ends_with("_bucket") || name.ends_with("_count")
    }
}

#[test]
fn the_log_at_its_loudest_holds_nothing_personal_and_the_metrics_count_what_happens() {
    let place = tempfile::tempdir().unwrap();
    let (log, key) = (place.path().join("log"), place.path().join("device.key"));
    let key = key.to_str().unwrap();
    let demo = Demo::start(&log);
    let before = demo.scrape();

    let mut canaries: Vec<String> = [PHONE, NAME, PASSWORD, PIN, MEMO, PASSPHRASE].map(str::to_owned).into();
    demo.ask("POST", "/api/v1/sms-codes", "", Some(&json!({"phone": PHONE, "purpose": "register"})));
    let code = demo.newest_code();
    let form =
        json!({"phone": PHONE, "code": code, "password": PASSWORD, "name": NAME, "device_kind": "linux"});
    let (head, me) = demo.ask("POST", "/api/v1/people", "", Some(&form));
    assert!(head.starts_with("HTTP/1.1 201"), "{head}");
    let cookies: Vec<&str> =
        head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next()).collect();
    let cookie = cookies.join("; ");
    canaries.extend(cookies.iter().map(|cookie| cookie.split_once('=').unwrap().1.to_owned()));
    canaries.push(me["account_number"].as_str().unwrap().to_owned());
    canaries.push(code);
    demo.ask("POST", "/api/v1/demo/top-ups", &cookie, Some(&json!({"amount": 50_000})));
    canaries.extend(demo.on_device(&["enrol", "--key", key]));
    let to = ["pay", "--key", key, "--to", "+8613900000002", "--memo", MEMO];
    demo.on_device(&[&to[..], &["--amount", "12.00"]].concat());
    let wrong = json!({"login": PHONE, "password": "wrong horse 7", "device_kind": "linux"});
    let (refused, problem) = demo.ask("POST", "/api/v1/sessions", "", Some(&wrong));
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    canaries.push("wrong horse 7".to_owned());
    demo.ask("GET", "/api/v1/orders/ord_a4dqobyha4dqobyh?phone=13811112222", "", None);
    canaries.extend(["a4dqobyha4dqobyh".to_owned(), "13811112222".to_owned(), "sk_".to_owned()]);

    let after = demo.scrape();
    look_at_metrics(&before, &after);
    let (head, health) =
        exchange(demo.operator, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200") && health["status"] == "ok", "{head} {health}");
    let (head, _) = told(
        demo.port,
        &format!("GET /metrics HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n", demo.port),
    );
    assert!(!head.contains("openmetrics"), "never on the public listener: {head}");
    demo.end();
    let reference = problem["reference"].as_str().unwrap();
    look_at_log(&std::fs::read_to_string(&log).unwrap(), &canaries, reference);
}

fn look_at_metrics(before: &Scrape, after: &Scrape) {
    for (series, value) in before.series.iter().filter(|(series, _)| Scrape::only_grows(series)) {
        assert!(after.value(series) >= *value, "{series} went back");
    }
    let posted = "yinxin_payments_total{outcome=\"posted\"}";
    assert_eq!(after.value(posted) - before.value(posted), 1.0);
    let records = after.value("yinxin_records_total") - before.value("yinxin_records_total");
    let batches = after.value("yinxin_batch_records_sum") - before.value("yinxin_batch_records_sum");
    assert_eq!(records, batches, "every record is in a batch that was counted");
    assert_eq!(after.value("yinxin_batch_records_count"), after.value("yinxin_commit_seconds_count"));
    assert!(after.value("yinxin_commit_seconds_sum") > 0.0);
    let paid = "yinxin_http_requests_total{method=\"POST\",route=\"/api/v1/payments\",status=\"201\"}";
    assert_eq!(after.value(paid), 1.0);
    assert_eq!(after.value("yinxin_book_people") - before.value("yinxin_book_people"), 1.0);
    assert_eq!((after.value("yinxin_serving"), after.value("yinxin_lease_held")), (1.0, 1.0));
    assert!(after.value("yinxin_memory_bytes_per_account") > 0.0 && after.value("yinxin_wal_bytes") > 0.0);
    let page = include_str!("../../../docs/reference/metrics.md");
    let told: BTreeMap<String, String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(name, rest)| (name.to_owned(), rest.split(" |").next().unwrap().to_owned()))
        .collect();
    assert_eq!(told, after.kinds, "docs/reference/metrics.md lists what is there");
}

fn look_at_log(text: &str, canaries: &[String], reference: &str) {
    let mut requests = Vec::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        let fields = line.as_object().unwrap();
        assert!(fields["message"].as_str().is_some_and(|message| !message.is_empty()), "{line}");
        // A time and a random name may look like a code by chance; they are made by the log itself.
        let said =
            fields.iter().filter(|(name, _)| !["timestamp", "request.reference"].contains(&name.as_str()));
        for text in said.filter_map(|(_, value)| value.as_str()) {
            let found = canaries.iter().find(|canary| text.contains(canary.as_str()));
            assert!(found.is_none(), "{found:?} in {line}");
        }
        if fields.contains_key("http.route") {
            requests.push(line);
        }
    }
    let with = |route: &str, status: u64| {
        let found = requests.iter().find(|line| line["http.route"] == route && line["http.status"] == status);
        found.unwrap_or_else(|| panic!("no line of {route} with {status}"))
    };
    let paid = with("/api/v1/payments", 201);
    for time in ["http.duration_us", "payment.verification_us", "payment.queue_us", "payment.commit_us"] {
        assert!(paid[time].is_u64(), "{time} in {paid}");
    }
    assert_eq!((&paid["http.method"], &paid["problem.code"]), (&json!("POST"), &json!("-")));
    assert_eq!(with("/api/v1/orders/{id}", 404)["problem.code"], "order.unknown");
    let wrong = requests.iter().find(|line| line["request.reference"] == reference);
    assert_eq!(
        wrong.unwrap()["problem.code"],
        "verify.wrong",
        "a person can quote the reference of an answer"
    );
    assert!(requests.iter().all(|line| line["http.duration_us"].is_u64()));
}
