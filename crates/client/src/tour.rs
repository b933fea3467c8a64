//! The tour of `yinxin try`: a new person from registration to a proven payment, every step timed.
//!
//! ```text
//! demonstration: deployment ─▶ register ─▶ request ─▶ activate ─▶ top up ─▶ order ─▶ pay ─▶ verify
//! live:          deployment ─▶ register ─▶ request ─▶ activate        (a new person has no money)
//! ```

use crate::answers::{Me, Stamp};
use crate::api::Api;
use crate::clock::Clocks;
use crate::device_key::DeviceKey;
use crate::error::ClientError;
use crate::person::{CheckedOrder, Person, Registration};
use crate::pin::Pin;
use crate::receipt::Receipt;
use crate::requests::DeviceKind;
use crate::watch::Continuity;
use data_encoding::BASE32_NOPAD;
use std::time::Duration;
use yinxin_core::{Minor, OrderId};
use yinxin_pki::Certificate;
use zeroize::Zeroizing;

/// What the person buys when the caller names nothing: the shop's cheapest tea.
const WARE: &str = "jasmine";
/// What a demonstration's person puts in, minor units.
const TOP_UP_MINOR: u64 = 10_000;
/// How often the demonstration's SMS are looked at before a code counts as lost, and how long between.
const SMS_LOOKS: u32 = 20;
const SMS_PAUSE: Duration = Duration::from_millis(100);
/// Draws before a PIN is found that is not easy; one in five hundred is.
const PIN_DRAWS: u32 = 16;

/// One step of the tour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// What the deployment says about itself.
    Deployment,
    /// Code by SMS, registration.
    Register,
    /// Key made on this device, certificate issued and checked.
    Request,
    /// The test challenge, signed.
    Activate,
    /// Demonstration money.
    TopUp,
    /// An order of the tea shop, with its merchant's signature checked.
    Order,
    /// Quote, signature, record.
    Pay,
    /// Signature, record, inclusion proof and checkpoint, checked once more from what was kept.
    Verify,
}

/// A step that is done.
#[derive(Debug, Clone)]
pub struct Done {
    /// Which.
    pub step: Step,
    /// How long it took.
    pub took: Duration,
    /// What came of it, for the eyes: ids, amounts, sizes; no secrets.
    pub result: String,
}

/// What the tour needs to know. Every member has a default for a demonstration.
#[derive(Default)]
pub struct Plan {
    /// The phone to register; a made-up one in a demonstration.
    pub phone: Option<String>,
    /// The log-in password; a random one when none is given.
    pub password: Option<Zeroizing<String>>,
    /// The order to pay; otherwise one is bought at the demonstration's shop.
    pub order: Option<OrderId>,
    /// What to buy there.
    pub ware: Option<String>,
}

/// What the tour leaves behind.
pub struct Finished {
    /// The person, still signed in, with the device key.
    pub person: Person,
    /// The PIN that was made up.
    pub pin: Pin,
    /// The account as it stands.
    pub me: Me,
    /// The payment, checked; `None` where a new person has no money.
    pub receipt: Option<Receipt>,
}

/// Takes the tour. `ask_code` is called with the phone when no demonstration shows the code; `report` hears of each step.
pub async fn take(
    api: Api,
    clocks: Clocks,
    plan: Plan,
    ask_code: impl AsyncFnOnce(&str) -> Result<String, ClientError>,
    mut report: impl FnMut(&Done),
) -> Result<Finished, ClientError> {
    let mut timed = Timed { clocks, began: (clocks.elapsed)(), report: &mut report };
    let mut person = Person::arrive(api, clocks).await?;
    timed.done(Step::Deployment, format!("{} ({})", person.deployment().name, person.deployment().origin));

    let me = register(&person, &plan, ask_code).await?;
    timed.done(Step::Register, me.account_number.clone());

    let pin = random_pin()?;
    enrol(&mut person, &pin, &mut timed).await?;

    let demo = person.deployment().stamp == Stamp::Demo;
    if !demo && plan.order.is_none() {
        return Ok(Finished { person, pin, me, receipt: None });
    }
    if demo {
        let me = person.top_up(Minor::new(TOP_UP_MINOR).unwrap_or_default()).await?;
        timed.done(Step::TopUp, format!("{} {}", me.balance.minor.get(), me.balance.currency));
    }
    let order = find_order(&person, &plan).await?;
    timed.done(Step::Order, format!("{} {}", order.text.id, order.text.name));

    let receipt = person.pay(&order, None, Some(&pin)).await?;
    if let Some(refusal) = receipt.refusal() {
        return Err(ClientError::NotPosted(refusal.to_owned()));
    }
    timed.done(Step::Pay, format!("{} #{}", receipt.facts.number, receipt.acceptance.index));
    let continuity = verify_again(&mut person, &receipt).await?;
    timed.done(
        Step::Verify,
        format!("#{} of {}, {continuity:?}", receipt.acceptance.index, receipt.checkpoint.size),
    );
    let me = person.api().me().await?;
    Ok(Finished { person, pin, me, receipt: Some(receipt) })
}

async fn enrol(person: &mut Person, pin: &Pin, timed: &mut Timed<'_>) -> Result<(), ClientError> {
    let enrolment = person.begin_enrolment(None).await?;
    let issued = person.enrol(enrolment.id, DeviceKey::generate()?, "yinxin try", pin).await?;
    timed.done(Step::Request, format!("{} {}", issued.certificate.id, issued.certificate.serial));
    let active = person.activate(enrolment.id, &issued, true).await?;
    timed.done(Step::Activate, format!("{} {:?}", active.id, active.state));
    Ok(())
}

/// Measures from one step to the next.
struct Timed<'a> {
    clocks: Clocks,
    began: Duration,
    report: &'a mut dyn FnMut(&Done),
}

impl Timed<'_> {
    fn done(&mut self, step: Step, result: String) {
        let now = (self.clocks.elapsed)();
        (self.report)(&Done { step, took: now.saturating_sub(self.began), result });
        self.began = now;
    }
}

async fn register(
    person: &Person,
    plan: &Plan,
    ask_code: impl AsyncFnOnce(&str) -> Result<String, ClientError>,
) -> Result<Me, ClientError> {
    let demo = person.deployment().stamp == Stamp::Demo;
    let phone = match (&plan.phone, demo) {
        (Some(phone), _) => phone.clone(),
        (None, true) => made_up_phone()?,
        (None, false) => return Err(ClientError::Refused("a live deployment without a phone to register")),
    };
    let password = match &plan.password {
        Some(password) => password.clone(),
        None => Zeroizing::new(BASE32_NOPAD.encode(&crate::chance::bytes::<15>()?).to_lowercase()),
    };
    person.api().send_code(&phone).await?;
    let code = if demo { code_for(person.api(), &phone).await? } else { ask_code(&phone).await? };
    let registration = Registration {
        phone: &phone,
        code: &code,
        password: &password,
        name: "林小满",
        device_kind: DeviceKind::Other,
    };
    person.register(&registration).await
}

/// A Chinese mobile number of a block that demonstrations use; eight random digits.
fn made_up_phone() -> Result<String, ClientError> {
    let number = u32::from_be_bytes(crate::chance::bytes()?) % 100_000_000;
    Ok(format!("+86139{number:08}"))
}

/// A PIN that is not among the easy ones.
fn random_pin() -> Result<Pin, ClientError> {
    for _ in 0..PIN_DRAWS {
        let digits = u32::from_be_bytes(crate::chance::bytes()?) % 1_000_000;
        if let Ok(pin) = Pin::choose(&format!("{digits:06}")) {
            return Ok(pin);
        }
    }
    Err(ClientError::Entropy)
}

/// The newest code that the demonstration's tray shows for this phone.
pub async fn code_for(api: &Api, phone: &str) -> Result<String, ClientError> {
    let ending = phone.get(phone.len().saturating_sub(4)..).unwrap_or(phone);
    for _ in 0..SMS_LOOKS {
        let tray = api.demo_sms().await?;
        let mut to_phone = tray.messages.into_iter().filter(|message| message.to_masked.ends_with(ending));
        if let Some(code) = to_phone.find_map(|message| message.code) {
            return Ok(code);
        }
        tokio::time::sleep(SMS_PAUSE).await;
    }
    Err(ClientError::Answer("the SMS with the code"))
}

async fn find_order(person: &Person, plan: &Plan) -> Result<CheckedOrder, ClientError> {
    if let Some(order) = plan.order {
        return person.order(order).await;
    }
    let shop = person.api().demo_state().await?.shop_url;
    let bought = person.api().shop(&shop, plan.ware.as_deref().unwrap_or(WARE)).await?;
    person.order(bought.order).await
}

/// Checks the payment once more, from its parts and from what the server reads back, and that the log went on from the
/// head that was kept.
async fn verify_again(person: &mut Person, receipt: &Receipt) -> Result<Continuity, ClientError> {
    let holding = person.key().and_then(DeviceKey::holding).ok_or(ClientError::NoCertificate)?;
    receipt.verify(&Certificate::parse(&holding.chain[0])?, person.log())?;
    let again = person.api().payment(receipt.facts.number).await?;
    let again = again.ok_or(ClientError::Refused("a payment that the server forgot"))?;
    if again.record != receipt.acceptance.record || again.index != receipt.acceptance.index {
        return Err(ClientError::Refused("a record that changed"));
    }
    Receipt { acceptance: again, ..receipt.clone() }
        .verify(&Certificate::parse(&holding.chain[0])?, person.log())?;
    person.look_at_log().await
}
