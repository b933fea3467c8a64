//! `yinxin enrol`, `yinxin pay` and `yinxin renew`: a person at the command line, with a device key in an encrypted file.

use super::terminal::{ask, say};
use super::try_it::connect;
use anyhow::{Context as _, bail, ensure};
use clap::Args;
use std::path::{Path, PathBuf};
use yinxin_client::answers::EnrolmentState;
use yinxin_client::clock::Clocks;
use yinxin_client::{ClientError, DeviceKey, DeviceKind, OutBox, Person, Pin, Receipt, Transfer};
use yinxin_core::{Currency, Minor, OrderId};

/// What every command needs to sign in and to open the key.
#[derive(Args)]
struct Access {
    /// The deployment's origin.
    #[arg(long, default_value = "http://localhost:8088")]
    server: String,
    /// Account number or phone.
    #[arg(long)]
    login: String,
    /// The file of the device key.
    #[arg(long)]
    key: PathBuf,
    /// A PEM root to trust beside the machine's own, for a server in a local network.
    #[arg(long)]
    root: Option<PathBuf>,
}

/// Enrol this device: get a certificate for a new key and activate it.
#[derive(Args)]
pub(super) struct Enrol {
    #[command(flatten)]
    access: Access,
    /// What this device is called.
    #[arg(long, default_value = "yinxin")]
    device_name: String,
    /// Pay small amounts without the PIN.
    #[arg(long)]
    tap: bool,
}

/// Pay an order, or transfer, with the device key.
#[derive(Args)]
pub(super) struct Pay {
    #[command(flatten)]
    access: Access,
    /// The order to pay.
    #[arg(long, conflicts_with_all = ["to", "amount", "memo"])]
    order: Option<OrderId>,
    /// Whom to pay: phone, account number or account id.
    #[arg(long, requires = "amount", required_unless_present = "order")]
    to: Option<String>,
    /// How much, as 12.00.
    #[arg(long)]
    amount: Option<String>,
    /// A few words for the payee.
    #[arg(long)]
    memo: Option<String>,
}

impl Enrol {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let mut person = sign_in(&self.access).await?;
        let passphrase = secret("YINXIN_KEY_PASSPHRASE", "Passphrase for the key file: ")?;
        let pin = Pin::choose(&secret("YINXIN_PIN", "New PIN, six digits: ")?)?;
        let key = open_or_create(&self.access.key, &passphrase)?;
        let password = secret("YINXIN_PASSWORD", "Password: ")?;
        let enrolment = person.begin_enrolment(Some(&password)).await?;
        if enrolment.state == EnrolmentState::CodeSent {
            let code = ask("Code from the SMS: ")?;
            person.api().verify_enrolment_code(enrolment.id, &code).await?;
        }
        let issued = person.enrol(enrolment.id, key, &self.device_name, &pin).await?;
        if let Some(key) = person.key() {
            key.save(&self.access.key, &passphrase)?;
        }
        let active = person.activate(enrolment.id, &issued, self.tap).await?;
        say(&format!("{} is active; its key is in {}", active.id, self.access.key.display()));
        Ok(())
    }
}

impl Pay {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let passphrase = secret("YINXIN_KEY_PASSPHRASE", "Passphrase of the key file: ")?;
        let key = DeviceKey::open(&self.access.key, &passphrase)?;
        let person = sign_in(&self.access).await?;
        let outbox = OutBox::open(self.access.key.with_extension("outbox"))?;
        let mut person = person.with_key(key, outbox, None)?;
        if let Some(receipt) = settle_earlier(&mut person).await? {
            say(&format!("An earlier payment was settled: {}", outcome(&receipt)));
        }
        let receipt = match self.pay(&mut person, None).await {
            Err(error) if is_pin_needed(&error) => {
                let pin = Pin::enter(&secret("YINXIN_PIN", "PIN: ")?)?;
                self.pay(&mut person, Some(&pin)).await?
            }
            other => other?,
        };
        say(&outcome(&receipt));
        ensure!(receipt.refusal().is_none(), "nothing was paid");
        Ok(())
    }

    async fn pay(&self, person: &mut Person, pin: Option<&Pin>) -> anyhow::Result<Receipt> {
        if let Some(order) = self.order {
            let order = person.order(order).await?;
            return Ok(person.pay(&order, None, pin).await?);
        }
        let (Some(to), Some(amount)) = (&self.to, &self.amount) else {
            bail!("--to and --amount, or --order")
        };
        let currency: Currency =
            person.deployment().currency.code.parse().ok().context("an unknown currency")?;
        let amount =
            Minor::from_decimal(amount, currency).ok().context("--amount is not an amount, as 12.00")?;
        let payee = person.find_payee(to).await?;
        say(&format!("To {}", payee.display_name));
        let transfer = Transfer { payee: &payee, amount, memo: self.memo.as_deref() };
        Ok(person.transfer(&transfer, pin).await?)
    }
}

/// Renew the certificate of this device: a new key, for which the old one signs.
#[derive(Args)]
pub(super) struct Renew {
    #[command(flatten)]
    access: Access,
}

impl Renew {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let passphrase = secret("YINXIN_KEY_PASSPHRASE", "Passphrase of the key file: ")?;
        let key = DeviceKey::open(&self.access.key, &passphrase)?;
        let old = key.holding().context("the key has no certificate")?.id;
        let person = sign_in(&self.access).await?;
        let outbox = OutBox::open(self.access.key.with_extension("outbox"))?;
        let mut person = person.with_key(key, outbox, None)?;
        settle_earlier(&mut person).await?;
        let late = match person.api().begin_renewal(old, None).await {
            Err(ClientError::Problem(problem)) if problem.code == "session.reauthenticate" => {
                let password = secret("YINXIN_PASSWORD", "Password: ")?;
                person.api().begin_renewal(old, Some(&password)).await?
            }
            other => other?,
        };
        if late.state == EnrolmentState::CodeSent {
            let code = ask("Code from the SMS: ")?;
            person.api().verify_enrolment_code(late.id, &code).await?;
        }
        // Kept before it is asked for: after a crash the same key goes on.
        let kept = self.access.key.with_extension("next");
        let next = match DeviceKey::open(&kept, &passphrase) {
            Ok(next) => next,
            Err(_) => person.key().context("no key")?.successor()?,
        };
        next.save(&kept, &passphrase)?;
        let renewing = person.request_renewal(&late, next).await?;
        renewing.key.save(&kept, &passphrase)?;
        let active = person.finish_renewal(renewing).await?;
        std::fs::rename(&kept, &self.access.key)?;
        say(&format!("{} is active in its place; its key is in {}", active.id, self.access.key.display()));
        Ok(())
    }
}

fn is_pin_needed(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<ClientError>(), Some(ClientError::PinNeeded))
}

/// An authorisation whose answer was lost is ended before another is signed.
async fn settle_earlier(person: &mut Person) -> anyhow::Result<Option<Receipt>> {
    Ok(person.close_outstanding().await?)
}

fn outcome(receipt: &Receipt) -> String {
    match receipt.refusal() {
        None => format!(
            "Posted: {} is record {}, proven against the log",
            receipt.facts.number, receipt.acceptance.index
        ),
        Some(code) => format!("Refused: {code}; nothing was charged"),
    }
}

async fn sign_in(access: &Access) -> anyhow::Result<Person> {
    let api = connect(access.root.as_deref())?.api(&access.server)?;
    let person = Person::arrive(api, Clocks::system()).await?;
    let password = secret("YINXIN_PASSWORD", "Password: ")?;
    let device = access.key.with_extension("device");
    person.api().be_device(&device)?;
    let first = person.log_in(&access.login, &password, None, DeviceKind::Other).await;
    match first {
        Ok(_) => {}
        Err(ClientError::Problem(problem)) if problem.code == "verify.code_required" => {
            let code = ask("Code from the SMS: ")?;
            person.log_in(&access.login, &password, Some(&code), DeviceKind::Other).await?;
        }
        Err(error) => return Err(error.into()),
    }
    person.api().keep_device(&device)?;
    Ok(person)
}

fn open_or_create(path: &Path, passphrase: &str) -> anyhow::Result<DeviceKey> {
    if path.exists() {
        Ok(DeviceKey::open(path, passphrase)?)
    } else {
        Ok(DeviceKey::create(path, passphrase)?)
    }
}

/// From the environment, or asked for. A terminal shows what is typed: scripts use the variable.
fn secret(variable: &str, question: &str) -> anyhow::Result<String> {
    match std::env::var(variable) {
        Ok(value) if !value.is_empty() => Ok(value),
        Ok(_) | Err(_) => ask(question),
    }
}
