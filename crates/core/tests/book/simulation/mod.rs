//! A small world that asks the book for random things, right and wrong.

use yinxin_core::certificate::{Custody, Purpose, RevocationReason, Route, SuspendedBy};
use yinxin_core::command::{Contacts, Method, OrderTerms, Verification};
use yinxin_core::policy::{Policy, Template};
use yinxin_core::reissue::{CaseState, Proof, ReissueContext, Stated, Stays, Veto};
use yinxin_core::{
    AccountId, Action, Authorisation, Book, CertificateId, Command, CommandId, Context, Currency, Day,
    Decision, DeviceId, Digest, EnrolmentId, Entry, Facts, MerchantId, Millis, Minor, Now, OrderId,
    PaymentKind, PaymentNumber, PersonId, Serial, Stamp, Thumbprint,
};

pub(crate) const PEOPLE: u8 = 6;
pub(crate) const CERTIFICATES: u8 = 9;
/// Certificates that may come later, on other routes.
const SUCCESSORS: u8 = 24;
/// 2026-03-28T20:00:00Z, the evening before Europe's clocks go forward.
const START: i64 = 1_774_728_000_000;
/// 2026-03-29T01:00:00Z: Berlin goes from +1 to +2 hours.
const FORWARD: i64 = 1_774_746_000_000;

pub(crate) fn merchant_account() -> AccountId {
    AccountId::from_bytes([200; 10])
}

pub(crate) fn account(person: u8) -> AccountId {
    AccountId::from_bytes([100 + person; 10])
}

pub(crate) fn person(person: u8) -> PersonId {
    PersonId::from_bytes([person; 10])
}

pub(crate) fn certificate(number: u8) -> CertificateId {
    CertificateId::from_bytes([number; 10])
}

/// Who holds a certificate: people 0 to 2 have two devices.
pub(crate) const fn holder(number: u8) -> u8 {
    number % PEOPLE
}

pub(crate) fn minor(amount: u64) -> Minor {
    Minor::new(amount).unwrap()
}

/// xorshift64*: the same seed is the same world.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound
    }
    pub(crate) fn small(&mut self, bound: u8) -> u8 {
        u8::try_from(self.below(u64::from(bound))).unwrap()
    }
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.small(255))
    }
}

pub(crate) struct World {
    pub(crate) book: Book,
    pub(crate) journal: Vec<Facts>,
    pub(crate) clock: i64,
    pub(crate) chance: Chance,
    sent: Vec<Authorisation>,
    commands: Vec<Command>,
    orders: Vec<OrderTerms>,
    /// How long the first certificates are valid.
    hours: i64,
    /// The later certificate that was asked for last.
    asked_for: u8,
}

pub(crate) enum Asked {
    Command(Command),
    Payment(Box<Authorisation>),
}

/// The local day in Berlin, around the change of its clocks.
pub(crate) fn berlin_day(at: i64) -> Day {
    let offset = if at < FORWARD { 3_600_000 } else { 7_200_000 };
    Day(i32::try_from((at + offset).div_euclid(86_400_000)).unwrap())
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        // In some worlds they end early enough to be renewed, and to expire.
        Self::lasting(seed, if seed.is_multiple_of(4) { 9 } else { 40 })
    }

    /// A world whose certificates are valid for so many hours.
    pub(crate) fn lasting(seed: u64, hours: i64) -> Self {
        let mut world = Self {
            book: Book::default(),
            journal: Vec::new(),
            clock: START,
            chance: Chance::new(seed),
            sent: Vec::new(),
            commands: Vec::new(),
            orders: Vec::new(),
            asked_for: CERTIFICATES,
            hours,
        };
        world.open();
        world
    }

    fn open(&mut self) {
        let mut policy = Policy::from_template(Template::ClosedLoop, Currency::CNY, "Europe/Berlin").unwrap();
        policy.transfer_fee_bp = 60;
        let (issuance, fees) = (AccountId::from_bytes([250; 10]), AccountId::from_bytes([251; 10]));
        let origin = "http://localhost:8088".to_owned();
        self.must(Action::Genesis { stamp: Stamp::Demo, origin, issuance, fees, policy });
        for number in 0..PEOPLE {
            self.must(Action::OpenPerson { person: person(number), account: account(number) });
            self.must(Action::IssueMoney { account: account(number), amount: minor(100_000) });
        }
        self.must(Action::OpenMerchant {
            merchant: MerchantId::from_bytes([1; 6]),
            account: merchant_account(),
        });
        for number in 0..CERTIFICATES {
            let certificate = certificate(number);
            let action = self.request(number);
            self.must(action);
            self.must(Action::RecordIssued { certificate, thumbprint: Thumbprint::from_bytes([number; 32]) });
            self.must(Action::Activate { certificate });
        }
    }

    fn request(&mut self, number: u8) -> Action {
        Action::RequestCertificate {
            certificate: certificate(number),
            person: person(holder(number)),
            serial: Serial::from_bytes([number; 16]),
            to_be_signed: Digest::from_bytes([number; 32]),
            custody: Custody::Pin,
            not_before: Millis(START - 60_000),
            not_after: Millis(START + self.hours * 3_600_000),
            first_seq: self.chance.below(1 << 32),
            first_prev: Digest::from_bytes(self.chance.bytes()),
        }
    }

    /// A request on another route, for any of the later certificates, often in the place of one of the same person.
    fn successor(&mut self) -> Action {
        let number = CERTIFICATES + self.chance.small(SUCCESSORS);
        self.asked_for = number;
        let before = if self.chance.once_in(8) { self.chance.small(number) } else { number % PEOPLE };
        let route = match self.chance.below(10) {
            0 => Route::First,
            1 => Route::Move,
            2 => Route::Cleared,
            3 => Route::Kit,
            4 => Route::Lost,
            5 => Route::LostAtRisk,
            6 => Route::Operator,
            7 => Route::Grace,
            _ => Route::Renewal,
        };
        // Most ways have to be proved first: where one was, it is mostly the one that is gone.
        let follows = !self.chance.once_in(8);
        let mut cases = self.book.reissues_of(person(holder(number)));
        let proven = cases.find(|(_, case)| case.state == CaseState::Open).map(|(_, case)| case.route);
        let route = proven.filter(|_| follows).unwrap_or(route);
        let paid_before = if self.chance.once_in(2) { vec![merchant_account()] } else { Vec::new() };
        let now = self.now().at;
        Action::RequestSuccessor {
            certificate: certificate(number),
            person: person(holder(number)),
            serial: Serial::from_bytes([number; 16]),
            to_be_signed: Digest::from_bytes([number; 32]),
            custody: Custody::Pin,
            not_before: now.plus(-60_000),
            not_after: now.plus(self.hours * 3_600_000),
            first_seq: self.chance.below(1 << 32),
            first_prev: Digest::from_bytes(self.chance.bytes()),
            purpose: if self.chance.once_in(12) { Purpose::Recovery } else { Purpose::Payment },
            route,
            successor_of: (!self.chance.once_in(6)).then_some(certificate(before)),
            contacts: if self.chance.once_in(2) { Contacts::PhoneOnly } else { Contacts::Another },
            paid_before,
        }
    }

    /// Something about a reissue of somebody.
    fn reissue(&mut self) -> Action {
        let person = person(self.chance.small(PEOPLE));
        let running = self.book.reissues_of(person).find(|(_, case)| case.is_running());
        let reissue = running.map_or(EnrolmentId::from_bytes([1; 10]), |(reissue, _)| reissue);
        let certificate = certificate(self.chance.small(CERTIFICATES + SUCCESSORS));
        match self.chance.below(8) {
            0 => Action::VetoReissue { reissue, person, certificate, veto: Veto::Verified },
            1 => Action::VetoReissue { reissue, person, certificate, veto: Veto::Unverified },
            2 => Action::AcknowledgeReissue { reissue, person, certificate },
            3 => Action::GiveUpReissue { reissue, person },
            _ => {
                let proof = match self.chance.below(5) {
                    0 => Proof::Moved { by: certificate, stays: Stays::Yes },
                    1 => Proof::Passkey { of: certificate },
                    2 => Proof::Operators,
                    _ => Proof::Secrets,
                };
                let stated = if self.chance.once_in(3) { Stated::LostOrStolen } else { Stated::Nothing };
                let phone_changed = self.chance.once_in(4).then(|| self.now().at);
                let context =
                    ReissueContext { phone_changed, password_reset: None, contacts: Contacts::PhoneOnly };
                let reissue = EnrolmentId::from_bytes(self.chance.bytes());
                Action::OpenReissue { reissue, person, proof, stated, context }
            }
        }
    }

    fn life(&mut self) -> Action {
        let asked_for = self.asked_for;
        let later =
            if self.chance.once_in(3) { CERTIFICATES + self.chance.small(SUCCESSORS) } else { asked_for };
        let later = certificate(later);
        let any = certificate(self.chance.small(CERTIFICATES + SUCCESSORS));
        let device = DeviceId::from_bytes([self.chance.small(4); 10]);
        match self.chance.below(24) {
            20..24 => self.reissue(),
            0..6 => self.successor(),
            6..11 => {
                let thumbprint = Thumbprint::from_bytes([*later.as_bytes().first().unwrap(); 32]);
                Action::RecordIssued { certificate: later, thumbprint }
            }
            11..15 => Action::Activate { certificate: later },
            15 => {
                Action::RevokeOnDevice { certificate: any, reason: RevocationReason::KeyCompromise, device }
            }
            16 => Action::EndDeviceSessions { person: person(self.chance.small(PEOPLE)), device },
            17 => Action::Restore { certificate: any },
            18 => {
                let by = [SuspendedBy::Password, SuspendedBy::Veto, SuspendedBy::Lost, SuspendedBy::Operator];
                let at = usize::try_from(self.chance.below(4)).unwrap();
                Action::Suspend { certificate: any, by: by[at] }
            }
            _ => Action::Abandon { certificate: later },
        }
    }

    fn must(&mut self, action: Action) {
        let command = self.command(action);
        let decision = self.ask(&Asked::Command(command));
        assert!(matches!(decision, Decision::Record(_)), "{decision:?}");
    }

    fn command(&mut self, action: Action) -> Command {
        Command { id: CommandId::from_bytes(self.chance.bytes()), action, evidence: Vec::new() }
    }

    pub(crate) fn now(&self) -> Now {
        let at = self.book.record_time(Millis(self.clock));
        Now { at, day: berlin_day(at.0).max(self.book.day()) }
    }

    /// Decides and, where there is something to record, applies.
    pub(crate) fn ask(&mut self, asked: &Asked) -> Decision {
        let now = self.now();
        let decision = match asked {
            Asked::Command(command) => self.book.decide(command, now),
            Asked::Payment(authorisation) => self.book.decide_payment(authorisation, now),
        };
        if let Decision::Record(records) = &decision {
            for facts in records {
                self.append(facts.clone());
            }
        }
        decision
    }

    /// Records what is due now; whether there was something.
    pub(crate) fn pass_due(&mut self) -> bool {
        let due = self.book.due(self.now(), 1_000);
        let some = !due.is_empty();
        for facts in due {
            self.append(facts);
        }
        some
    }

    /// As much in a person's account as it may hold.
    pub(crate) fn rich(&mut self, number: u8) {
        self.must(Action::IssueMoney { account: account(number), amount: minor(400_000) });
    }

    pub(crate) fn append(&mut self, facts: Facts) {
        self.book.apply(self.book.size(), &facts).unwrap();
        self.journal.push(facts);
    }

    /// Lets time pass; records what is due.
    pub(crate) fn pass_time(&mut self) {
        self.clock += match self.chance.below(200) {
            0 => 1_800_000,
            1..20 => 30_000,
            _ => i64::try_from(self.chance.below(2_000)).unwrap(),
        };
        for facts in self.book.due(self.now(), 16) {
            self.append(facts);
        }
    }

    /// Something to ask for: new, repeated, or spoilt.
    pub(crate) fn wish(&mut self) -> Asked {
        match self.chance.below(100) {
            0..70 => Asked::Payment(Box::new(self.authorisation())),
            70..80 if !self.sent.is_empty() => {
                let at = usize::try_from(self.chance.below(self.sent.len() as u64)).unwrap();
                Asked::Payment(Box::new(self.sent[at].clone()))
            }
            80..85 if !self.commands.is_empty() => {
                let at = usize::try_from(self.chance.below(self.commands.len() as u64)).unwrap();
                Asked::Command(self.commands[at].clone())
            }
            _ => {
                let action = self.action();
                let command = self.command(action);
                self.commands.push(command.clone());
                Asked::Command(command)
            }
        }
    }

    fn action(&mut self) -> Action {
        let number = self.chance.small(CERTIFICATES + 1);
        let certificate = certificate(number);
        match self.chance.below(90) {
            60.. => self.life(),
            0..8 => Action::IssueMoney {
                account: account(self.chance.small(PEOPLE)),
                amount: minor(self.chance.below(30_000)),
            },
            8 => Action::SetPolicy { policy: self.other_policy() },
            9..12 => {
                Action::SetTap { person: person(self.chance.small(PEOPLE)), enabled: !self.chance.once_in(4) }
            }
            12..15 => Action::Suspend { certificate, by: SuspendedBy::Person },
            15..22 => Action::Resume { certificate },
            22 => Action::Revoke { certificate, reason: RevocationReason::KeyCompromise },
            23 => Action::Activate { certificate },
            24 => Action::Abandon { certificate },
            25..35 => Action::CountPin { certificate },
            35..42 => Action::AcceptPin { certificate },
            42..48 => Action::RejectPin { certificate },
            48..52 => {
                let number = match self.sent.last() {
                    Some(last) if self.chance.once_in(2) => last.number,
                    _ => PaymentNumber::from_bytes(self.chance.bytes()),
                };
                Action::VoidPayment { certificate, number }
            }
            52..56 => {
                let terms = self.order();
                Action::CancelOrder { order: terms.order, expires: terms.expires }
            }
            56 => Action::EndSessions { person: person(self.chance.small(PEOPLE)) },
            57 => self.request(number),
            58 => Action::NameSnapshot { records: self.chance.below(100), hash: Digest::from_bytes([1; 32]) },
            _ => Action::AcceptClock,
        }
    }

    fn other_policy(&mut self) -> Policy {
        let mut policy = self.book.policy().unwrap().clone();
        policy.verified_day = minor(100_000 + self.chance.below(500_000));
        policy.tap_day = minor(20_000 + self.chance.below(100_000));
        policy.transfer_fee_bp = u16::from(self.chance.small(200));
        policy
    }

    fn order(&mut self) -> OrderTerms {
        if !self.orders.is_empty() && self.chance.once_in(3) {
            let at = usize::try_from(self.chance.below(self.orders.len() as u64)).unwrap();
            return self.orders[at].clone();
        }
        let terms = OrderTerms {
            order: OrderId::from_bytes(self.chance.bytes()),
            hash: Digest::from_bytes(self.chance.bytes()),
            payee: merchant_account(),
            amount: minor(1 + self.chance.below(40_000)),
            expires: Millis(self.clock + 300_000),
            verification_required: self.chance.once_in(5),
        };
        self.orders.push(terms.clone());
        terms
    }

    fn authorisation(&mut self) -> Authorisation {
        let mut number = self.chance.small(CERTIFICATES + SUCCESSORS);
        if self.book.certificate(&certificate(number)).is_none() {
            number %= CERTIFICATES;
        }
        let last = self.book.certificate(&certificate(number)).unwrap().last;
        let pays_order = self.chance.once_in(2);
        let terms = self.order();
        let amount = if pays_order { terms.amount } else { minor(1 + self.chance.below(30_000)) };
        let payer = holder(number);
        let now = self.now();
        let kind = if pays_order { PaymentKind::Pay } else { PaymentKind::Transfer };
        let verified = self.chance.once_in(2);
        let mut wish = Authorisation {
            certificate: certificate(number),
            hash: Digest::from_bytes(self.chance.bytes()),
            number: PaymentNumber::from_bytes(self.chance.bytes()),
            seq: last.seq + 1,
            prev: last.hash,
            kind,
            payer: account(payer),
            payee: if pays_order { terms.payee } else { account((payer + 1) % PEOPLE) },
            currency: Currency::CNY,
            amount,
            fee: self.book.policy().unwrap().fee(kind, amount),
            order: pays_order.then_some(terms.hash),
            issued: now.at,
            expires: now.at.plus(120_000),
            context: Context {
                person: person(payer),
                verification: verified.then_some(Verification { method: Method::Pin, at: now.at }),
                entry: if pays_order { Entry::Order { terms } } else { Entry::Account },
            },
            evidence: Vec::new(),
            disclosures: None,
        };
        if self.chance.once_in(4) {
            self.spoil(&mut wish);
        }
        self.sent.push(wish.clone());
        wish
    }

    /// One thing wrong with an authorisation.
    fn spoil(&mut self, wish: &mut Authorisation) {
        match self.chance.below(14) {
            0 => wish.amount = minor(self.chance.below(5)),
            1 => wish.fee = minor(77),
            2 => wish.payee = AccountId::from_bytes([9; 10]),
            3 => wish.payee = AccountId::from_bytes([250; 10]),
            4 => wish.payer = account(5),
            5 => wish.currency = Currency::EUR,
            6 => wish.seq += 3,
            7 => wish.seq = wish.seq.saturating_sub(2),
            8 => wish.prev = Digest::from_bytes([3; 32]),
            9 => wish.expires = Millis(self.clock - 1_000),
            10 => wish.context.person = person(5),
            11 => wish.order = Some(Digest::from_bytes([8; 32])),
            12 => wish.expires = wish.issued.plus(400_000),
            _ if self.chance.once_in(40) => wish.seq -= 1,
            _ => wish.payee = wish.payer,
        }
    }
}
