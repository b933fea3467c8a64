//! What one person and one certificate take in the book, measured on a book of many.

use super::float;
use super::process::resident;
use anyhow::Context as _;
use serde::Serialize;
use yinxin_core::certificate::Custody;
use yinxin_core::policy::{Policy, Template};
use yinxin_core::text::sha256;
use yinxin_core::{
    AccountId, Action, Book, CertificateId, Command, CommandId, Currency, Day, Decision, Digest, Millis, Now,
    PersonId, Serial, Stamp, Thumbprint,
};

/// People of the measured book: enough that an allocator's pages do not count.
const PEOPLE: u32 = 100_000;
/// Some moment: the book has no clock.
const NOW: Now = Now { at: Millis(1_800_000_000_000), day: Day(20_833) };

/// Bytes of resident memory in one book.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Memory {
    /// A person with their account.
    pub(super) person: f64,
    /// An active certificate.
    pub(super) certificate: f64,
    /// A command that is not a payment, remembered for a day.
    pub(super) command: f64,
}

impl Memory {
    /// Fills a book and looks at the process before and after.
    pub(super) fn measure() -> anyhow::Result<Self> {
        let mut filling = Filling { book: Book::default(), remember: false };
        filling.genesis()?;
        let empty = resident("self");
        for number in 0..PEOPLE {
            filling.write(number, "open", open(number))?;
        }
        let with_people = resident("self");
        for number in 0..PEOPLE {
            for (what, action) in certificate(number) {
                filling.write(number, what, action)?;
            }
        }
        let with_certificates = resident("self");
        filling.remember = true;
        for number in 0..PEOPLE {
            filling.write(
                number,
                "tap",
                Action::SetTap { person: id(number, "person", PersonId::from_bytes), enabled: true },
            )?;
        }
        let with_commands = resident("self");
        let each = |before: u64, after: u64| float(after.saturating_sub(before)) / f64::from(PEOPLE);
        Ok(Self {
            person: each(empty, with_people),
            certificate: each(with_people, with_certificates),
            command: each(with_certificates, with_commands),
        })
    }
}

struct Filling {
    book: Book,
    /// Whether the commands' ids stay in the book.
    remember: bool,
}

impl Filling {
    fn genesis(&mut self) -> anyhow::Result<()> {
        let policy = Policy::from_template(Template::ClosedLoop, Currency::CNY, "Asia/Shanghai")
            .context("a policy")?;
        let action = Action::Genesis {
            stamp: Stamp::Demo,
            origin: "https://localhost".to_owned(),
            issuance: id(0, "issuance", AccountId::from_bytes),
            fees: id(0, "fees", AccountId::from_bytes),
            policy,
        };
        self.write(0, "genesis", action)
    }

    fn write(&mut self, number: u32, what: &str, action: Action) -> anyhow::Result<()> {
        let id = id(number, what, CommandId::from_bytes);
        let Decision::Record(records) = self.book.decide(&Command { id, action, evidence: Vec::new() }, NOW)
        else {
            anyhow::bail!("the book refuses `{what}`");
        };
        for mut facts in records {
            facts.command = facts.command.filter(|_| self.remember);
            self.book.apply(self.book.size(), &facts)?;
        }
        Ok(())
    }
}

fn id<const N: usize, T>(number: u32, what: &str, of: impl Fn([u8; N]) -> T) -> T {
    let digest = sha256(&[what.as_bytes(), &number.to_be_bytes()]);
    let mut bytes = [0; N];
    for (byte, drawn) in bytes.iter_mut().zip(digest.as_bytes()) {
        *byte = *drawn;
    }
    of(bytes)
}

fn open(number: u32) -> Action {
    Action::OpenPerson {
        person: id(number, "person", PersonId::from_bytes),
        account: id(number, "account", AccountId::from_bytes),
    }
}

fn certificate(number: u32) -> [(&'static str, Action); 3] {
    let certificate = id(number, "certificate", CertificateId::from_bytes);
    let mut serial: [u8; 16] = id(number, "serial", std::convert::identity);
    serial[0] &= 0x7f;
    [
        (
            "request",
            Action::RequestCertificate {
                certificate,
                person: id(number, "person", PersonId::from_bytes),
                serial: Serial::from_bytes(serial),
                to_be_signed: id(number, "signed", Digest::from_bytes),
                custody: Custody::Pin,
                not_before: NOW.at,
                not_after: NOW.at.plus(365 * Millis::DAY),
                first_seq: 0,
                first_prev: id(number, "head", Digest::from_bytes),
            },
        ),
        (
            "issued",
            Action::RecordIssued {
                certificate,
                thumbprint: id(number, "thumbprint", Thumbprint::from_bytes),
            },
        ),
        ("activate", Action::Activate { certificate }),
    ]
}
