//! The certification authority of a deployment: its files, and what it publishes under `/pki/`.

use crate::ledger::Ledger;
use crate::port::{Entropy, random};
use crate::start::{DataDir, StartError, sync_folder};
use crate::{Wallet, WalletError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use yinxin_core::certificate::{Certificate as BookCertificate, RevocationReason, State};
use yinxin_core::{Book, Millis, Stamp};
use yinxin_pki::ceremony::{self, CeremonyInput};
use yinxin_pki::ocsp::{self, Naming, Responder, Status};
use yinxin_pki::{
    Certificate, CrlContent, FileSigner, Issuer, LogKey, PublicKey, Purpose, Reason, Revoked, Secret, Serial,
    Signer,
};

/// A revocation list is good for this long; it is made anew whenever somebody asks a second later.
const CRL_LIFE_MS: i64 = 24 * Millis::HOUR;

/// What the authority publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicFile {
    /// The root, DER.
    RootCer,
    /// The root, PEM.
    RootPem,
    /// The payment CA, DER.
    PaymentCer,
    /// The payment CA, PEM.
    PaymentPem,
    /// The merchant CA, DER.
    MerchantCer,
    /// The merchant CA, PEM.
    MerchantPem,
    /// What the root revoked.
    RootCrl,
    /// What the payment CA revoked or suspended.
    PaymentCrl,
    /// What the merchant CA revoked.
    MerchantCrl,
}

/// The two issuing authorities, the root's certificate, the log's key.
pub struct Authority {
    root: Certificate,
    root_crl: Vec<u8>,
    payment: Issuer,
    merchant: Issuer,
    pub(crate) log: LogKey,
    pub(crate) pepper: [u8; 32],
    /// When the deployment was last restored from a backup; 0 where it never was.
    pub(crate) restored: Millis,
    /// The payment CA's list and the second in which it was made.
    payment_crl: Mutex<Option<(i64, Vec<u8>)>>,
}

/// Where `init` puts the encrypted root key, and what opens it.
pub(crate) struct RootKey {
    /// The file; to be taken offline.
    pub path: PathBuf,
    /// Shown once, kept nowhere.
    pub passphrase: String,
}

fn unusable(what: &str) -> impl Fn(yinxin_pki::Error) -> StartError + '_ {
    move |error| StartError::Keys(format!("{what}: {error}"))
}

/// Writes a file durably; its name is durable after [`DataDir::sync_names`].
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), StartError> {
    use std::io::Write;
    let write = || {
        let mut file = std::fs::File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| StartError::file(path, error))
}

/// Writes a new file that its owner alone can read, durably: all of it or, where the power goes, none.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), StartError> {
    use std::io::Write;
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = Path::new(&name);
    let write = || {
        let mut file = create_private(part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(part, path)
    };
    if path.exists() {
        return Err(StartError::file(path, std::io::ErrorKind::AlreadyExists.into()));
    }
    write().map_err(|error| StartError::file(path, error))
}

/// A new file that its owner alone can read. What an interrupted run left goes, and so does what somebody laid in its way to
/// read along: a link itself, not what it names.
pub(crate) fn create_private(path: &Path) -> std::io::Result<std::fs::File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn read(path: &Path) -> Result<Vec<u8>, StartError> {
    std::fs::read(path).map_err(|error| StartError::file(path, error))
}

fn signer(entropy: &dyn Entropy) -> Result<FileSigner, StartError> {
    FileSigner::generate(&random(entropy)).map_err(unusable("a new key"))
}

fn public(signer: &FileSigner) -> Result<PublicKey, StartError> {
    signer.public_key().map_err(unusable("a new key"))
}

impl Authority {
    /// The ceremony: makes every key and certificate. The root key goes to `root_key`, encrypted.
    pub(crate) fn create(
        dir: &DataDir,
        deployment: (&str, &str, Stamp),
        root_key: &Path,
        entropy: &dyn Entropy,
        now: Millis,
    ) -> Result<RootKey, StartError> {
        let (operator, origin, stamp) = deployment;
        let (root, payment, merchant) = (signer(entropy)?, signer(entropy)?, signer(entropy)?);
        let made = ceremony::perform(&CeremonyInput {
            operator,
            origin,
            stamp: match stamp {
                Stamp::Demo => ceremony::Stamp::Demo,
                Stamp::Live => ceremony::Stamp::Live,
            },
            now_ms: now.0,
            serials: std::array::from_fn(|_| Serial::from_random(random(entropy))),
            root: &root,
            payment_key: &public(&payment)?,
            merchant_key: &public(&merchant)?,
        })
        .map_err(unusable("the ceremony"))?;
        let passphrase = data_encoding::BASE32_NOPAD.encode(&random::<20>(entropy)).to_lowercase();
        let sealed = root
            .to_encrypted_pem(passphrase.as_bytes(), &random(entropy), &random(entropy))
            .map_err(unusable("the root key"))?;
        write_private(root_key, sealed.expose())?;
        let pem = |signer: &FileSigner| -> Result<Secret, StartError> {
            signer.to_pkcs8_pem().map_err(unusable("a new key"))
        };
        write_private(&dir.keys().join("payment-ca.key"), pem(&payment)?.expose())?;
        write_private(&dir.keys().join("merchant-ca.key"), pem(&merchant)?.expose())?;
        write_private(&dir.keys().join("log.seed"), &random::<32>(entropy))?;
        write_private(&dir.keys().join("pepper"), &random::<32>(entropy))?;
        write(&dir.ca().join("root.cer"), made.root.der())?;
        write(&dir.ca().join("root.crl"), &made.root_crl)?;
        write(&dir.ca().join("payment-ca.cer"), made.payment.der())?;
        write(&dir.ca().join("merchant-ca.cer"), made.merchant.der())?;
        if let Some(folder) = root_key.parent() {
            sync_folder(folder)?;
        }
        Ok(RootKey { path: root_key.to_owned(), passphrase })
    }

    /// Loads what `create` made.
    pub(crate) fn load(dir: &DataDir, origin: &str) -> Result<Self, StartError> {
        let certificate = |name: &str| -> Result<Certificate, StartError> {
            Certificate::parse(&read(&dir.ca().join(name))?).map_err(unusable(name))
        };
        let issuer = |name: &str| -> Result<Issuer, StartError> {
            let key = FileSigner::from_pkcs8_pem(&read(&dir.keys().join(format!("{name}.key")))?)
                .map_err(unusable(name))?;
            let key: Arc<dyn Signer> = Arc::new(key);
            Issuer::new(key, certificate(&format!("{name}.cer"))?, origin).map_err(unusable(name))
        };
        let secret = |name: &str| -> Result<[u8; 32], StartError> {
            let bytes = read(&dir.keys().join(name))?;
            bytes.try_into().map_err(|_| StartError::Keys(format!("{name}: not 32 bytes")))
        };
        Ok(Self {
            root: certificate("root.cer")?,
            root_crl: read(&dir.ca().join("root.crl"))?,
            payment: issuer("payment-ca")?,
            merchant: issuer("merchant-ca")?,
            log: LogKey::from_seed(&secret("log.seed")?).map_err(unusable("log.seed"))?,
            pepper: secret("pepper")?,
            restored: Millis(0),
            payment_crl: Mutex::new(None),
        })
    }

    /// The authority that issues payment certificates.
    pub(crate) fn payment(&self) -> &Issuer {
        &self.payment
    }

    /// The authority that issues merchants' certificates.
    pub(crate) fn merchant(&self) -> &Issuer {
        &self.merchant
    }

    /// The root.
    pub(crate) fn root(&self) -> &Certificate {
        &self.root
    }

    /// A certificate's chain, leaf first, root last, in DER.
    pub(crate) fn chain(&self, leaf: &Certificate) -> Vec<Vec<u8>> {
        let issuer = match leaf.purpose() {
            Some(Purpose::Payment | Purpose::Recovery | Purpose::OcspResponder) | None => &self.payment,
            Some(Purpose::Merchant | Purpose::Operator | Purpose::TlsServer) => &self.merchant,
        };
        [leaf.der(), issuer.certificate().der(), self.root.der()].map(<[u8]>::to_vec).to_vec()
    }

    /// A list of the state after `records` records. Its number has the second of the last restore, counts the records, then
    /// seconds: whichever node makes it, one number has one content, and a later state has a higher number. A restore has
    /// fewer records than readers have seen; they pass over a number lower than one they hold (RFC 5280 section 5.2.3).
    fn list(
        &self,
        issuer: &Issuer,
        records: u64,
        revoked: &[Revoked],
        now: Millis,
    ) -> Result<Vec<u8>, WalletError> {
        let seconds = |at: Millis| u128::from(u32::try_from(at.seconds().max(0)).unwrap_or(u32::MAX));
        let content = CrlContent {
            number: (seconds(self.restored) << 96) | (u128::from(records) << 32) | seconds(now),
            this_update_ms: now.0,
            next_update_ms: now.plus(CRL_LIFE_MS).0,
            revoked,
        };
        issuer.crl(&content).map_err(|error| {
            tracing::error!(%error, "a revocation list was not made");
            WalletError::Busy
        })
    }

    /// The payment CA's list, at most a second old.
    fn payment_list(
        &self,
        now: Millis,
        state: impl FnOnce() -> (u64, Vec<Revoked>),
    ) -> Result<Vec<u8>, WalletError> {
        let mut kept = self.payment_crl.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((second, list)) = kept.as_ref().filter(|(second, _)| *second == now.seconds()) {
            tracing::trace!(second, "the list of this second is there");
            return Ok(list.clone());
        }
        let (records, revoked) = state();
        let list = self.list(&self.payment, records, &revoked, now)?;
        *kept = Some((now.seconds(), list.clone()));
        Ok(list)
    }
}

/// A certificate's state in the words of a revocation list; none while it is good.
fn revocation(certificate: &BookCertificate) -> Option<(Millis, Reason)> {
    match certificate.state {
        // It may have been signed before it was given up: nobody may accept it.
        State::Abandoned => Some((certificate.not_before, Reason::CessationOfOperation)),
        State::Suspended { since, .. } => Some((since, Reason::CertificateHold)),
        State::Revoked { reason, since, .. } => {
            let reason = match reason {
                RevocationReason::KeyCompromise => Reason::KeyCompromise,
                RevocationReason::CessationOfOperation => Reason::CessationOfOperation,
                RevocationReason::PrivilegeWithdrawn => Reason::PrivilegeWithdrawn,
            };
            Some((since, reason))
        }
        State::Superseded { since, .. } => Some((since, Reason::Superseded)),
        State::Requested | State::Issued { .. } | State::Active { .. } | State::Expired { .. } => None,
    }
}

fn revoked(book: &Book) -> Vec<Revoked> {
    book.certificates()
        .filter_map(|(_, certificate)| {
            let (at, reason) = revocation(certificate)?;
            let serial = Serial::from_hex(&certificate.serial.to_string()).ok()?;
            Some(Revoked { serial, at_ms: at.0, reason })
        })
        .collect()
}

/// How long an OCSP answer holds: the books are asked for every one.
const OCSP_LIFE_MS: i64 = 5 * Millis::MINUTE;
/// Merchants looked through for a serial number.
const MERCHANTS_MAX: u32 = 10_000;

impl Wallet {
    /// Answers an OCSP request (RFC 6960), DER to DER, from the book as it stands.
    #[must_use]
    pub fn certificate_status(&self, request: &[u8]) -> Vec<u8> {
        let authority = &self.inner.authority;
        let responders =
            [&authority.payment, &authority.merchant].map(|issuer| Responder::direct(issuer, Naming::ByKey));
        let merchants = std::cell::OnceCell::new();
        ocsp::respond(&responders, request, self.now().0, OCSP_LIFE_MS, |issuer, serial| match issuer {
            yinxin_pki::Authority::Payment => self.payment_certificate_status(serial),
            yinxin_pki::Authority::Merchant => {
                let known: &Vec<Serial> = merchants.get_or_init(|| self.merchant_serials());
                if known.contains(serial) { Status::Good } else { Status::Unknown }
            }
        })
    }

    fn payment_certificate_status(&self, serial: &Serial) -> Status {
        let Ok(serial) = serial.hex().parse() else { return Status::Unknown };
        self.inner.writer.book(|book| {
            let found = book.certificate_by_serial(&serial).and_then(|id| book.certificate(id));
            match found.map(|certificate| (certificate.thumbprint(), revocation(certificate))) {
                Some((_, Some((at, reason)))) => Status::Revoked { at_ms: at.0, reason },
                Some((Some(_), None)) => Status::Good,
                Some((None, None)) | None => Status::Unknown,
            }
        })
    }

    fn merchant_serials(&self) -> Vec<Serial> {
        let merchants = self.inner.store.desk.read(|desk| desk.merchants(MERCHANTS_MAX)).unwrap_or_default();
        let parsed = merchants.iter().filter_map(|row| Certificate::parse(&row.certificate).ok());
        parsed.map(|certificate| certificate.serial().clone()).collect()
    }

    /// A file of the authority, as served under `/pki/`.
    pub fn public_file(&self, file: PublicFile) -> Result<Vec<u8>, WalletError> {
        let authority = &self.inner.authority;
        let now = self.inner.clock.now();
        Ok(match file {
            PublicFile::RootCer => authority.root.der().to_vec(),
            PublicFile::RootPem => authority.root.pem().into_bytes(),
            PublicFile::PaymentCer => authority.payment.certificate().der().to_vec(),
            PublicFile::PaymentPem => authority.payment.certificate().pem().into_bytes(),
            PublicFile::MerchantCer => authority.merchant.certificate().der().to_vec(),
            PublicFile::MerchantPem => authority.merchant.certificate().pem().into_bytes(),
            PublicFile::RootCrl => authority.root_crl.clone(),
            PublicFile::PaymentCrl => {
                let state = |ledger: &Ledger| (ledger.size(), revoked(&ledger.book));
                authority.payment_list(now, || self.inner.writer.ledger(state))?
            }
            PublicFile::MerchantCrl => authority.list(&authority.merchant, self.records(), &[], now)?,
        })
    }
}
