//! The real program at the command line.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

fn yinxin(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yinxin"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("YINXIN_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    yinxin(arguments).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A running demonstration; ended when dropped.
struct Demo {
    child: Child,
    origin: String,
    said: String,
}

impl Demo {
    /// Starts it and reads what it says until it is ready.
    fn start(arguments: &[&str]) -> Self {
        let child =
            yinxin(&["demo"]).args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut demo = Self { child, origin: String::new(), said: String::new() };
        let lines = BufReader::new(demo.child.stdout.take().unwrap()).lines();
        for line in lines.map(Result::unwrap) {
            if let Some((origin, _)) = line.trim().split_once("/demo") {
                origin.clone_into(&mut demo.origin);
            }
            demo.said.push_str(&line);
            demo.said.push('\n');
            if line.contains("Ctrl-C") {
                break;
            }
        }
        assert!(!demo.origin.is_empty(), "the demonstration did not start: {}", demo.said);
        demo
    }

    fn end(mut self) -> bool {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().success()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_new_person_enrols_and_pays_for_tea_at_a_fresh_demonstration() {
    let port = free_port();
    let demo = Demo::start(&["--listen", &format!("127.0.0.1:{port}")]);
    let tour = run(&["try", "--server", &demo.origin]);
    let told = told(&tour);
    assert!(tour.status.success(), "{told}");
    for step in ["register", "certificate", "activate", "top up", "order", "pay", "verify"] {
        assert!(told.contains(step), "{told}");
    }
    assert!(demo.end(), "told to stop, it ends well");
}

#[test]
fn above_the_tap_limit_the_tour_pays_with_a_pin() {
    let demo = Demo::start(&["--listen", &format!("127.0.0.1:{}", free_port())]);
    let tour = run(&["try", "--server", &demo.origin, "--ware", "silver-needle"]);
    assert!(tour.status.success(), "{}", told(&tour));
    let refused = run(&["try", "--server", &demo.origin, "--ware", "puer"]);
    assert!(!refused.status.success(), "268 yuan from 100: {}", told(&refused));
    assert!(told(&refused).contains("payment.insufficient_funds"), "{}", told(&refused));
}

#[test]
fn a_taken_port_moves_a_throw_away_demonstration_and_stops_one_with_data() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let listen = format!("127.0.0.1:{port}");
    let moved = Demo::start(&["--listen", &listen]);
    assert_ne!(moved.origin, format!("http://localhost:{port}"));
    let data = folder();
    let path = data.path().join("kept");
    let stopped = run(&["demo", "--listen", &listen, "--data", text(&path)]);
    assert!(!stopped.status.success());
    assert!(told(&stopped).contains("choose another port"), "{}", told(&stopped));
}

#[test]
fn kept_data_keep_their_origin_and_are_never_served_as_live() {
    let data = folder();
    let path = data.path().join("kept");
    let port = free_port();
    let listen = format!("127.0.0.1:{port}");
    assert!(Demo::start(&["--listen", &listen, "--data", text(&path)]).end());
    let again = Demo::start(&["--data", text(&path)]);
    assert_eq!(again.origin, format!("http://localhost:{port}"), "the port comes from the data");
    let busy = run(&["demo", "--data", text(&path)]);
    assert!(told(&busy).contains("is taken"), "{}", told(&busy));
    assert!(again.end());
    let other = run(&["demo", "--listen", "127.0.0.1:1", "--data", text(&path)]);
    assert!(told(&other).contains("belong to"), "{}", told(&other));
    let secret = data.path().join("secret");
    std::fs::write(&secret, "0123456789abcdef0123").unwrap();
    let config = data.path().join("yinxin.toml");
    let toml = format!(
        "data = {path:?}\nlisten = \"127.0.0.1:{port}\"\n[sms]\nwebhook = \"http://127.0.0.1:9/\"\nsecret_file = {secret:?}\n"
    );
    std::fs::write(&config, toml).unwrap();
    let served = run(&["serve", "--config", text(&config)]);
    assert!(!served.status.success());
    assert!(told(&served).contains("demo"), "{}", told(&served));
}

#[test]
fn beyond_this_machine_an_access_code_is_printed() {
    let demo = Demo::start(&["--listen", &format!("0.0.0.0:{}", free_port())]);
    assert!(demo.said.contains("?access="), "{}", demo.said);
}

#[test]
fn a_live_deployment_is_made_served_and_examined() {
    let place = folder();
    let (data, key) = (place.path().join("data"), place.path().join("root.pem"));
    let inside = data.join("root.pem");
    std::fs::create_dir(&data).unwrap();
    let make = |root_key: &Path| {
        run(&[
            "init",
            "--data",
            text(&data),
            "--origin",
            "https://pay.example",
            "--name",
            "Pay",
            "--root-key",
            text(root_key),
        ])
    };
    assert!(told(&make(&inside)).contains("inside the data directory"));
    let made = make(&key);
    assert!(made.status.success() && told(&made).contains("passphrase"), "{}", told(&made));
    assert!(!make(&place.path().join("other.pem")).status.success(), "never twice");

    let healthy = run(&["doctor", "--data", text(&data)]);
    assert!(told(&healthy).contains("the books open"), "{}", told(&healthy));
    let rebuilt = run(&["rebuild", "--data", text(&data)]);
    assert!(rebuilt.status.success() && told(&rebuilt).contains("1 records"), "{}", told(&rebuilt));
    let demo = run(&["demo", "--data", text(&data)]);
    assert!(told(&demo).contains("live deployment"), "{}", told(&demo));

    std::fs::copy(&key, data.join("keys").join("forgotten.pem")).unwrap();
    let sick = run(&["doctor", "--data", text(&data)]);
    assert!(!sick.status.success());
    assert!(told(&sick).contains("WRONG") && told(&sick).contains("root key"), "{}", told(&sick));
    let config = place.path().join("yinxin.toml");
    std::fs::write(&config, format!("data = {data:?}\nlissten = 1\n")).unwrap();
    let refused = told(&run(&["serve", "--config", text(&config)]));
    assert!(refused.contains("line 2") && refused.contains("lissten"), "{refused}");
    std::fs::write(&config, format!("data = {data:?}\n")).unwrap();
    let refused = told(&run(&["serve", "--config", text(&config)]));
    assert!(refused.contains("root key"), "{refused}");
}

#[test]
fn a_live_server_answers_behind_a_proxy_and_ends_when_told() {
    let place = folder();
    let (data, key, secret) =
        (place.path().join("data"), place.path().join("root.pem"), place.path().join("secret"));
    std::fs::write(&secret, "0123456789abcdef0123").unwrap();
    let made = run(&[
        "init",
        "--data",
        text(&data),
        "--origin",
        "https://pay.example",
        "--name",
        "Pay",
        "--root-key",
        text(&key),
    ]);
    assert!(made.status.success(), "{}", told(&made));
    let port = free_port();
    let notify = place.path().join("notify");
    let supervisor = std::os::unix::net::UnixDatagram::bind(&notify).unwrap();
    let mut child = yinxin(&["serve"])
        .env("NOTIFY_SOCKET", &notify)
        .env("YINXIN_DATA", &data)
        .env("YINXIN_LISTEN", format!("127.0.0.1:{port}"))
        .env("YINXIN_SMS_WEBHOOK", "http://127.0.0.1:9/")
        .env("YINXIN_SMS_SECRET_FILE", &secret)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines.next().unwrap().unwrap();
    assert!(ready.contains("https://pay.example"), "{ready}");
    let mut told_supervisor = [0; 32];
    let length = supervisor.recv(&mut told_supervisor).unwrap();
    assert_eq!(&told_supervisor[..length], b"READY=1");
    back_up_and_restore(&data, place.path());
    let answer =
        ask(port, "GET /api/v1/deployment HTTP/1.1\r\nHost: pay.example\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age="), "{answer}");
    assert!(answer.contains("\"stamp\":\"live\""), "{answer}");
    let other = ask(port, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(other.starts_with("HTTP/1.1 421"), "{other}");
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
}

/// While the server runs: a key, a backup that is verified, a restore that the doctor finds sound.
fn back_up_and_restore(data: &Path, place: &Path) {
    let (key, file, restored) = (place.join("backup.key"), place.join("backup"), place.join("restored"));
    let made = run(&["backup-key", "--to", text(&key)]);
    let recipient = told(&made).lines().last().unwrap().to_owned();
    assert!(recipient.starts_with("age1"), "{recipient}");
    let order = ["backup", "--data", text(data), "--to", text(&file), "--recipient", &recipient];
    let verified = run(&[&order[..], &["--verify", "--identity", text(&key)]].concat());
    assert!(
        verified.status.success() && told(&verified).contains("replayed to the same head"),
        "{}",
        told(&verified)
    );
    assert!(!run(&order).status.success(), "never over a file");
    let order = ["restore", "--from", text(&file), "--identity", text(&key), "--data", text(&restored)];
    let done = run(&order);
    assert!(done.status.success() && told(&done).contains("pay.example/log/"), "{}", told(&done));
    assert!(told(&run(&order)).contains("not empty"));
    let healthy = run(&["doctor", "--data", text(&restored)]);
    assert!(told(&healthy).contains("the books open: 2 records"), "{}", told(&healthy));
}

fn ask(port: u16, request: &str) -> String {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Runs a command of the person's device; each code that it asks for is read from the demonstration's tray.
fn on_device(origin: &str, phone: &str, arguments: &[&str]) -> (bool, String) {
    use std::io::Write as _;
    let mut child = yinxin(arguments)
        .args(["--server", origin, "--login", phone])
        .env("YINXIN_PASSWORD", "correct horse 9")
        .env("YINXIN_KEY_PASSPHRASE", "a passphrase for the key")
        .env("YINXIN_PIN", "739164")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let (mut told, mut asked, mut byte) = (String::new(), 0, [0; 1]);
    while stdout.read(&mut byte).unwrap_or(0) == 1 {
        told.push(char::from(byte[0]));
        if told.matches("Code from the SMS: ").count() > asked {
            asked += 1;
            writeln!(stdin, "{}", newest_code(origin, phone)).unwrap();
        }
    }
    let mut errors = String::new();
    let _ = child.stderr.take().unwrap().read_to_string(&mut errors);
    (child.wait().unwrap().success(), told + &errors)
}

fn newest_code(origin: &str, phone: &str) -> String {
    let api = yinxin_client::Connection::new(None).unwrap().api(origin).unwrap();
    block_on(yinxin_client::tour::code_for(&api, phone)).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn a_person_enrols_and_transfers_at_the_command_line_and_the_device_stays_known() {
    use yinxin_client::{Connection, DeviceKind, Registration};
    let demo = Demo::start(&["--listen", &format!("127.0.0.1:{}", free_port())]);
    let (phone, place) = ("+8613800138000", folder());
    let key = place.path().join("device.key");
    block_on(async {
        let api = Connection::new(None).unwrap().api(&demo.origin).unwrap();
        api.send_code(phone).await.unwrap();
        let code = yinxin_client::tour::code_for(&api, phone).await.unwrap();
        let person = Registration {
            phone,
            code: &code,
            password: "correct horse 9",
            name: "林小满",
            device_kind: DeviceKind::Linux,
        };
        api.register(&person).await.unwrap();
        api.top_up(yinxin_core::Minor::new(50_000).unwrap()).await.unwrap();
    });
    let (enrolled, told) = on_device(&demo.origin, phone, &["enrol", "--key", text(&key)]);
    assert!(enrolled && told.contains("is active"), "{told}");
    // Without one-tap payments every amount needs the PIN, which belongs to the device that enrolled.
    let pay = ["pay", "--key", text(&key), "--to", "+8613900000002", "--amount", "12.00", "--memo", "谢谢"];
    let (paid, told) = on_device(&demo.origin, phone, &pay);
    assert!(paid && told.contains("Posted"), "{told}");
    assert!(!told.contains("Code from the SMS"), "the device is known: {told}");
    let beyond = ["pay", "--key", text(&key), "--to", "+8613900000002", "--amount", "490.00"];
    let (paid, told) = on_device(&demo.origin, phone, &beyond);
    assert!(!paid && told.contains("payment.insufficient_funds"), "{told}");
}

#[test]
fn after_a_restore_a_device_follows_the_link_of_the_log_and_pays() {
    use yinxin_client::{Connection, DeviceKind, Registration};
    let (phone, place) = ("+8613800138000", folder());
    let (data, key) = (place.path().join("data"), place.path().join("device.key"));
    let listen = format!("127.0.0.1:{}", free_port());
    let demo = Demo::start(&["--listen", &listen, "--data", text(&data)]);
    block_on(async {
        let api = Connection::new(None).unwrap().api(&demo.origin).unwrap();
        api.send_code(phone).await.unwrap();
        let code = yinxin_client::tour::code_for(&api, phone).await.unwrap();
        let (password, name, device_kind) = ("correct horse 9", "林小满", DeviceKind::Linux);
        api.register(&Registration { phone, code: &code, password, name, device_kind }).await.unwrap();
        api.top_up(yinxin_core::Minor::new(50_000).unwrap()).await.unwrap();
    });
    let pay = ["pay", "--key", text(&key), "--to", "+8613900000002", "--amount", "12.00"];
    let (enrolled, told) = on_device(&demo.origin, phone, &["enrol", "--key", text(&key)]);
    assert!(enrolled, "{told}");
    let (paid, told) = on_device(&demo.origin, phone, &pay);
    assert!(paid, "{told}");
    let (lock, file, again) =
        (place.path().join("lock.key"), place.path().join("backup"), place.path().join("again"));
    let recipient = self::told(&run(&["backup-key", "--to", text(&lock)])).lines().last().unwrap().to_owned();
    let backup = ["backup", "--data", text(&data), "--to", text(&file), "--recipient", &recipient];
    assert!(run(&backup).status.success());
    assert!(demo.end());
    let restore = ["restore", "--from", text(&file), "--identity", text(&lock), "--data", text(&again)];
    assert!(run(&restore).status.success());
    let demo = Demo::start(&["--data", text(&again)]);
    let (paid, told) = on_device(&demo.origin, phone, &pay);
    assert!(paid && told.contains("Posted"), "{told}");
    assert!(demo.end());
}
