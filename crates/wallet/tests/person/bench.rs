//! A wallet to try things on, a phone that signs, and a tray that keeps the text messages.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use yinxin_core::policy::Template;
use yinxin_core::text::{CertificatePurpose, CertificateText, Setting, SettingText, sha256};
use yinxin_core::{CertificateId, Currency, Digest, Millis, Stamp};
use yinxin_pki::symmetric::{hmac_sha256, sha256 as hash};
use yinxin_pki::{CertificationRequest, FileSigner, Jws, PublicKey, Signer, jws};
use yinxin_wallet::port::{Clock, Entropy, Sending, SmsMessage, SmsSender, SystemEntropy};
use yinxin_wallet::{
    CertificateRequest, CertificateView, CustodyOffer, DeviceKind, Issued, LogIn, OpenOptions, PasskeyAnswer,
    PasskeyRegistration, Password, PinProof, Registration, SessionContext, Setup, SignedIn, SignedText,
    VerificationProof, Visitor, Wallet, WalletError,
};
use zeroize::Zeroizing;

pub(crate) const ORIGIN: &str = "http://localhost:8080";
pub(crate) const PASSWORD: &str = "kettle orbit nylon";
pub(crate) const PHONE: &str = "13602947158";
pub(crate) const PIN: &str = "730514";

/// A clock that moves only when told.
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn advance(&self, by_ms: i64) {
        self.0.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::SeqCst))
    }
    fn monotonic_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Keeps what would be sent.
#[derive(Default)]
pub(crate) struct Tray(Mutex<Vec<SmsMessage>>, tokio::sync::Notify);

impl SmsSender for Tray {
    fn send(&self, message: SmsMessage) -> Sending<'_> {
        self.0.lock().unwrap().push(message);
        self.1.notify_waiters();
        Box::pin(async { Ok(()) })
    }
}

/// A deployment in a temporary folder.
pub(crate) struct Bench {
    pub(crate) wallet: Wallet,
    pub(crate) clock: Arc<HandClock>,
    tray: Arc<Tray>,
    folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(1_764_000_000_000)));
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let setup = Setup {
            origin: ORIGIN.to_owned(),
            operator: "印信".to_owned(),
            stamp: Stamp::Demo,
            currency: Currency::CNY,
            time_zone: "Asia/Shanghai".to_owned(),
            template: Template::ClosedLoop,
            root_key: folder.path().join("root.pem"),
        };
        let as_clock: Arc<dyn Clock> = clock.clone();
        Wallet::init(&folder.path().join("data"), &setup, &as_clock, &entropy).unwrap();
        let tray = Arc::new(Tray::default());
        let wallet = open(&folder, &clock, &tray);
        Self { wallet, clock, tray, folder }
    }

    /// The same data directory, opened again as after a crash. What waits for the old writer is recorded first: only one
    /// writer may have a journal.
    pub(crate) async fn reopened(self) -> Self {
        self.wallet.take_snapshot().await.unwrap();
        let Self { wallet, clock, tray, folder } = self;
        drop(wallet);
        let wallet = open(&folder, &clock, &tray);
        Self { wallet, clock, tray, folder }
    }

    /// The messages that carried a code.
    pub(crate) fn messages(&self) -> Vec<SmsMessage> {
        let mut kept = self.tray.0.lock().unwrap().clone();
        kept.retain(|message| message.code.is_some());
        kept
    }

    /// The messages that told of something, once there are `count` of them.
    pub(crate) async fn told(&self, count: usize) -> Vec<SmsMessage> {
        loop {
            let handed_over = self.tray.1.notified();
            let mut kept = self.tray.0.lock().unwrap().clone();
            kept.retain(|message| message.code.is_none());
            if kept.len() >= count {
                return kept;
            }
            handed_over.await;
        }
    }

    pub(crate) fn last_code(&self) -> String {
        self.messages().pop().and_then(|message| message.code).expect("a code was sent")
    }

    /// Registers [`PHONE`] on a new iPhone.
    pub(crate) async fn register(&self) -> SignedIn {
        self.register_as(PHONE, Digest::from_bytes([1; 32])).await.unwrap()
    }

    pub(crate) async fn register_as(&self, phone: &str, intention: Digest) -> Result<SignedIn, WalletError> {
        self.wallet.request_code(phone, Some(DeviceKind::Iphone), home()).await?;
        let form = registration(phone, &self.last_code());
        self.wallet.register(&stranger(), intention, form).await
    }

    /// Registers and enrols with a PIN; the certificate is active.
    pub(crate) async fn enrolled(&self) -> (SessionContext, Phone, CertificateView) {
        let session = self.register().await.session;
        let mut phone = Phone::new(1);
        let enrolment = self.wallet.begin_enrolment(&session, None).await.unwrap();
        let issued =
            self.wallet.request_certificate(&session, enrolment.id, &phone.request_with_pin()).await.unwrap();
        phone.keep(&issued);
        let view =
            self.wallet.activate(&session, enrolment.id, &phone.activation(&issued, false)).await.unwrap();
        (session, phone, view)
    }

    /// What the last code was for.
    pub(crate) fn last_purpose(&self) -> &'static str {
        let messages = self.messages();
        messages.iter().rev().map(|message| message.purpose).find(|purpose| *purpose != "notice").unwrap()
    }

    /// How many codes were sent.
    pub(crate) fn codes_sent(&self) -> usize {
        self.messages().iter().filter(|message| message.purpose != "notice").count()
    }

    /// Logs in on another device, with the code; with what its cookies hold.
    pub(crate) async fn log_in_elsewhere_with_token(&self) -> SignedIn {
        let form = log_in(PHONE, PASSWORD, None);
        assert_eq!(self.wallet.log_in(&stranger(), form).await.err(), Some(WalletError::CodeRequired));
        let code = self.last_code();
        self.wallet.log_in(&stranger(), log_in(PHONE, PASSWORD, Some(&code))).await.unwrap()
    }

    /// Logs in on another device, with the code.
    pub(crate) async fn log_in_elsewhere(&self) -> SessionContext {
        let form = log_in(PHONE, PASSWORD, None);
        assert_eq!(self.wallet.log_in(&stranger(), form).await.err(), Some(WalletError::CodeRequired));
        let code = self.last_code();
        self.wallet.log_in(&stranger(), log_in(PHONE, PASSWORD, Some(&code))).await.unwrap().session
    }
}

fn open(folder: &tempfile::TempDir, clock: &Arc<HandClock>, tray: &Arc<Tray>) -> Wallet {
    let options = OpenOptions { stamp: Stamp::Demo, accept_clock: false };
    let ports: (Arc<dyn Clock>, Arc<dyn Entropy>, Arc<dyn SmsSender>) =
        (clock.clone(), Arc::new(SystemEntropy), tray.clone());
    Wallet::open(&folder.path().join("data"), options, ports).unwrap()
}

pub(crate) fn home() -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7))
}

/// Somebody whose browser has no cookie.
pub(crate) fn stranger() -> Visitor {
    Visitor { address: home(), device_token: None }
}

/// The browser that was just signed in.
pub(crate) fn same_browser(signed_in: &SignedIn) -> Visitor {
    let token = signed_in.device_token.as_ref().expect("a new device has a cookie");
    Visitor { address: home(), device_token: Some(token.expose().to_owned()) }
}

pub(crate) fn password(text: &str) -> Password {
    Password::new(text.to_owned())
}

pub(crate) fn registration(phone: &str, code: &str) -> Registration {
    Registration {
        phone: phone.to_owned(),
        code: code.to_owned(),
        password: password(PASSWORD),
        name: "林小雨".to_owned(),
        device: DeviceKind::Iphone,
    }
}

pub(crate) fn log_in(login: &str, with: &str, code: Option<&str>) -> LogIn {
    LogIn {
        login: login.to_owned(),
        password: password(with),
        code: code.map(str::to_owned),
        device: DeviceKind::Linux,
        passkey: None,
    }
}

/// A six-digit code that is not `code`.
pub(crate) fn other_than(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

/// Runs `work` until it has waited `waits` times, then drops it, as a crash or a cut connection does.
/// What it answered, when it was done before.
pub(crate) async fn interrupted<T>(waits: usize, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut polled = 0;
    std::future::poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if polled == waits => Poll::Ready(None),
        Poll::Pending => {
            polled += 1;
            Poll::Pending
        }
    })
    .await
}

/// A phone: its key, its secret, its passkey.
pub(crate) struct Phone {
    signer: FileSigner,
    passkey: FileSigner,
    secret: [u8; 32],
    thumbprint: [u8; 32],
}

impl Phone {
    pub(crate) fn new(seed: u8) -> Self {
        Self {
            signer: FileSigner::generate(&[seed; 32]).unwrap(),
            passkey: FileSigner::generate(&[seed ^ 0x80; 32]).unwrap(),
            secret: [seed; 32],
            thumbprint: [0; 32],
        }
    }

    /// The same phone with another key.
    pub(crate) fn with_key(&self, seed: u8) -> Self {
        Self {
            signer: FileSigner::generate(&[seed; 32]).unwrap(),
            passkey: FileSigner::generate(&[seed ^ 0x80; 32]).unwrap(),
            secret: self.secret,
            thumbprint: [0; 32],
        }
    }

    /// Remembers the certificate that its texts name.
    pub(crate) fn keep(&mut self, issued: &Issued) {
        self.thumbprint = hash(&issued.chain[0]);
    }

    pub(crate) fn csr(&self) -> Vec<u8> {
        CertificationRequest::create(&self.signer).unwrap()
    }

    pub(crate) fn request_with_pin(&self) -> CertificateRequest {
        let custody = CustodyOffer::Pin {
            device_key: Zeroizing::new(self.device_key()),
            pin_mac: Zeroizing::new(self.pin_mac(PIN)),
        };
        CertificateRequest { csr: self.csr(), device_name: "我的手机".to_owned(), custody }
    }

    pub(crate) fn request_with_passkey(&self, challenge: &[u8; 32]) -> CertificateRequest {
        let public_key = self.passkey.spki().to_vec();
        let custody = CustodyOffer::Passkey {
            credential_id: vec![7; 16],
            authenticator_data: self.authenticator_data(&Attested::Yes),
            client_data_json: client_data("webauthn.create", challenge),
            public_key,
            prf: true,
        };
        CertificateRequest { csr: self.csr(), device_name: "我的手机".to_owned(), custody }
    }

    pub(crate) fn pin_proof(&self, pin: &str, text_hash: Option<Digest>) -> PinProof {
        PinProof {
            device_key: Zeroizing::new(self.device_key()),
            pin_mac: Zeroizing::new(self.pin_mac(pin)),
            text_hash,
        }
    }

    pub(crate) fn assertion(&self, text_hash: Digest) -> VerificationProof {
        let authenticator_data = self.authenticator_data(&Attested::No);
        let client_data_json = client_data("webauthn.get", text_hash.as_bytes());
        let mut signed = authenticator_data.clone();
        signed.extend_from_slice(&hash(&client_data_json));
        let signature = self.passkey.sign_der(&signed).unwrap();
        VerificationProof::Passkey {
            credential_id: vec![7; 16],
            authenticator_data,
            client_data_json,
            signature,
        }
    }

    /// A new passkey, as a browser answers.
    pub(crate) fn passkey_made(&self, challenge: &[u8; 32]) -> PasskeyRegistration {
        PasskeyRegistration {
            challenge: *challenge,
            credential_id: vec![7; 16],
            public_key: self.passkey.spki().to_vec(),
            authenticator_data: self.authenticator_data(&Attested::Yes),
            client_data_json: client_data("webauthn.create", challenge),
        }
    }

    /// The passkey's answer to a log-in.
    pub(crate) fn passkey_answer(&self, challenge: [u8; 32]) -> PasskeyAnswer {
        let proof = self.assertion(Digest::from_bytes(challenge));
        let VerificationProof::Passkey { credential_id, authenticator_data, client_data_json, signature } =
            proof
        else {
            panic!("a passkey answers with an assertion")
        };
        PasskeyAnswer { challenge, credential_id, authenticator_data, client_data_json, signature }
    }

    pub(crate) fn activation(&self, issued: &Issued, tap: bool) -> SignedText {
        self.consent(CertificatePurpose::Activate { tap }, issued.certificate.id, issued.challenge)
    }

    pub(crate) fn consent(
        &self,
        purpose: CertificatePurpose,
        certificate: CertificateId,
        challenge: [u8; 32],
    ) -> SignedText {
        let text = CertificateText {
            audience: ORIGIN.to_owned(),
            purpose,
            certificate,
            challenge: Digest::from_bytes(challenge),
        };
        self.sign(jws::TYP_CERTIFICATE, &text.to_bytes())
    }

    pub(crate) fn tap(&self, on: bool, certificate: CertificateId, challenge: [u8; 32]) -> SignedText {
        self.setting(Setting::Tap, on, certificate, challenge)
    }

    pub(crate) fn setting(
        &self,
        setting: Setting,
        value: bool,
        certificate: CertificateId,
        challenge: [u8; 32],
    ) -> SignedText {
        let text = SettingText {
            audience: ORIGIN.to_owned(),
            setting,
            value,
            certificate,
            challenge: Digest::from_bytes(challenge),
        };
        self.sign(jws::TYP_SETTING, &text.to_bytes())
    }

    pub(crate) fn sign(&self, typ: &str, payload: &[u8]) -> SignedText {
        let jws = Jws::sign(&self.signer, typ, 1_764_000_000, &self.thumbprint, payload).unwrap();
        SignedText {
            protected: jws.protected_part().to_owned(),
            payload: jws.payload_part().to_owned(),
            signature: jws.signature_part(),
        }
    }

    fn device_key(&self) -> [u8; 32] {
        hash(&self.secret)
    }

    fn pin_mac(&self, pin: &str) -> [u8; 32] {
        hmac_sha256(&self.secret, &[b"yx/pin/v1\0", pin.as_bytes()].concat())
    }

    fn authenticator_data(&self, attested: &Attested) -> Vec<u8> {
        let mut data = hash(b"localhost").to_vec();
        match attested {
            Attested::No => data.extend_from_slice(&[0x05, 0, 0, 0, 0]),
            Attested::Yes => {
                data.extend_from_slice(&[0x45, 0, 0, 0, 0]);
                data.extend_from_slice(&[0; 16]);
                data.extend_from_slice(&[0, 16]);
                data.extend_from_slice(&[7; 16]);
                let key = PublicKey::from_spki_der(self.passkey.spki()).unwrap();
                let (x, y) = key.point()[1..].split_at(32);
                data.extend_from_slice(&[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
                data.extend_from_slice(x);
                data.extend_from_slice(&[0x22, 0x58, 0x20]);
                data.extend_from_slice(y);
            }
        }
        data
    }
}

enum Attested {
    Yes,
    No,
}

fn client_data(kind: &str, challenge: &[u8]) -> Vec<u8> {
    let challenge = data_encoding::BASE64URL_NOPAD.encode(challenge);
    format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{ORIGIN}","crossOrigin":false}}"#)
        .into_bytes()
}

/// The hash that a verification of `text` is for.
pub(crate) fn signing_hash(text: &SignedText) -> Digest {
    sha256(&[text.protected.as_bytes(), b".", text.payload.as_bytes()])
}
