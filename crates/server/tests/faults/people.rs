//! People who pay one another while the program suffers, and what must hold afterwards.

use crate::newcomer::enrol;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use yinxin_client::answers::{Me, Payee};
use yinxin_client::{ClientError, Connection, Person, Receipt, Transfer};
use yinxin_core::{CertificateId, Minor, PaymentNumber};

const PEOPLE: usize = 6;
/// What everybody begins with, in minor units.
const FUNDS: u64 = 100_000;

/// A person who pays, and what the server acknowledged.
pub(crate) struct Payer {
    pub(crate) person: Person,
    pub(crate) me: Me,
    certificate: CertificateId,
    /// What there was before the payments in `acknowledged`.
    funds: i128,
    acknowledged: BTreeMap<PaymentNumber, (u64, usize, u64)>,
}

/// Everybody who pays.
pub(crate) struct Town {
    pub(crate) payers: Vec<Payer>,
    pub(crate) payees: Arc<Vec<Payee>>,
}

/// A town whose people pay all the time.
pub(crate) struct Paying {
    tasks: Vec<JoinHandle<Payer>>,
    payees: Arc<Vec<Payee>>,
    count: watch::Receiver<u64>,
    end: watch::Sender<bool>,
}

impl Payer {
    async fn enrol(connection: &Connection, origin: &str, number: usize) -> Self {
        let phone = format!("+861390001{number:04}");
        let (person, certificate) = enrol(connection, origin, &phone).await;
        let me = person.top_up(Minor::new(FUNDS).unwrap()).await.unwrap();
        Self { person, me, certificate, funds: FUNDS.into(), acknowledged: BTreeMap::new() }
    }

    fn acknowledge(&mut self, receipt: &Receipt, payee: usize, amount: u64) {
        assert_eq!(receipt.refusal(), None);
        let seen = (receipt.acceptance.index, payee, amount);
        let before = self.acknowledged.insert(receipt.facts.number, seen);
        assert!(before.is_none_or(|before| before == seen), "two answers to one authorisation");
    }

    /// One payment to the end: dead or dying, the outstanding bytes are sent again until somebody answers.
    pub(crate) async fn pay(
        &mut self,
        payees: &[Payee],
        payee: usize,
        amount: u64,
    ) -> Result<(), ClientError> {
        let transfer = Transfer { payee: &payees[payee], amount: Minor::new(amount).unwrap(), memo: None };
        let mut paid = self.person.transfer(&transfer, None).await;
        while paid.as_ref().is_err_and(ClientError::is_uncertain)
            && self.person.outbox().outstanding().is_some()
        {
            paid = self.person.retry(None).await.map(|receipt| receipt.unwrap());
        }
        self.acknowledge(&paid?, payee, amount);
        Ok(())
    }

    /// One payment, tried once.
    pub(crate) async fn try_to_pay(
        &mut self,
        payees: &[Payee],
        payee: usize,
        amount: u64,
    ) -> Result<(), ClientError> {
        let transfer = Transfer { payee: &payees[payee], amount: Minor::new(amount).unwrap(), memo: None };
        let receipt = self.person.transfer(&transfer, None).await?;
        self.acknowledge(&receipt, payee, amount);
        Ok(())
    }

    /// The outstanding bytes, sent once more; the code of a recorded refusal.
    pub(crate) async fn try_again(
        &mut self,
        payee: usize,
        amount: u64,
    ) -> Result<Option<String>, ClientError> {
        let receipt = self.person.retry(None).await?.unwrap();
        let refusal = receipt.refusal().map(ToString::to_string);
        if refusal.is_none() {
            self.acknowledge(&receipt, payee, amount);
        }
        Ok(refusal)
    }

    /// Pays others until it is over. Payments leave the desk alone, so that each is preceded by something written there;
    /// whether that succeeds does not matter.
    async fn pay_on(
        mut self,
        own: usize,
        payees: Arc<Vec<Payee>>,
        seen: watch::Sender<u64>,
        over: watch::Receiver<bool>,
    ) -> Self {
        let mut round = own;
        while !*over.borrow() {
            round += 1;
            let (payee, amount) = ((own + 1 + round % (PEOPLE - 1)) % PEOPLE, 1 + (round % 7) as u64);
            drop(self.person.api().tap_challenge(self.certificate).await);
            match self.pay(&payees, payee, amount).await {
                Ok(()) => seen.send_modify(|seen| *seen += 1),
                Err(error) => assert!(error.is_uncertain(), "{error}"),
            }
        }
        self
    }
}

impl Town {
    /// People with certificates and money.
    pub(crate) async fn found(origin: &str) -> Self {
        let connection = Connection::new(None).unwrap();
        let mut payers = Vec::new();
        for number in 0..PEOPLE {
            payers.push(Payer::enrol(&connection, origin, number).await);
        }
        let mut payees = Vec::new();
        for number in 0..PEOPLE {
            let account = payers[number].me.account.to_string();
            payees.push(payers[(number + 1) % PEOPLE].person.find_payee(&account).await.unwrap());
        }
        Self { payers, payees: Arc::new(payees) }
    }

    /// Everybody begins to pay.
    pub(crate) fn start(self) -> Paying {
        let (seen, count) = watch::channel(0);
        let (end, over) = watch::channel(false);
        let payees = self.payees;
        let begin = |(own, payer): (usize, Payer)| {
            tokio::spawn(payer.pay_on(own, Arc::clone(&payees), seen.clone(), over.clone()))
        };
        let tasks = self.payers.into_iter().enumerate().map(begin).collect();
        Paying { tasks, payees, count, end }
    }

    /// What was acknowledged is there, once; what was not acknowledged is closed; the sums are exact. Answers how many
    /// payments were acknowledged, or what does not hold.
    pub(crate) async fn check(&mut self) -> Result<usize, String> {
        for payer in &mut self.payers {
            let Some(outstanding) = payer.person.outbox().outstanding().cloned() else { continue };
            let closed = payer.person.close_outstanding().await.map_err(|error| error.to_string())?;
            if let Some(receipt) = closed {
                // Recorded although the answer was lost: the record says to whom and how much.
                assert_eq!(receipt.facts.number, outstanding.number);
                payer.acknowledged.insert(receipt.facts.number, (receipt.acceptance.index, usize::MAX, 0));
            }
        }
        let accounts: Vec<_> = self.payers.iter().map(|payer| payer.me.account).collect();
        let mut expected: Vec<i128> = self.payers.iter().map(|payer| payer.funds).collect();
        for (own, payer) in self.payers.iter().enumerate() {
            for (number, (index, payee, amount)) in &payer.acknowledged {
                let found = payer.person.api().payment(*number).await.map_err(|error| error.to_string())?;
                let found = found.ok_or_else(|| format!("acknowledged payment {number} was lost"))?;
                let to =
                    accounts.iter().position(|account| Some(*account) == found.payment.counterparty.account);
                let minor = found.payment.amount.minor.get();
                let as_seen = *payee == usize::MAX || (to, minor) == (Some(*payee), *amount);
                let Some(to) = to.filter(|_| found.index == *index && as_seen) else {
                    return Err(format!("payment {number} is another one now"));
                };
                expected[own] -= i128::from(minor);
                expected[to] += i128::from(minor);
            }
        }
        let mut balances = Vec::new();
        for payer in &self.payers {
            let me = payer.person.api().me().await.map_err(|error| error.to_string())?;
            balances.push(i128::from(me.balance.minor.get()));
        }
        if balances != expected {
            return Err(format!("balances are {balances:?}, the payments make {expected:?}"));
        }
        Ok(self.payers.iter().map(|payer| payer.acknowledged.len()).sum())
    }

    /// Checks, and from then on only the sums speak for what was found: to look at every payment again after each of many
    /// faults takes longer than the faults.
    pub(crate) async fn settle(&mut self) -> Result<usize, String> {
        let paid = self.check().await?;
        for payer in &mut self.payers {
            let me = payer.person.api().me().await.map_err(|error| error.to_string())?;
            payer.funds = me.balance.minor.get().into();
            payer.acknowledged.clear();
        }
        Ok(paid)
    }
}

impl Paying {
    /// Waits for `more` payments from now.
    pub(crate) async fn further(&mut self, more: u64) {
        let until = *self.count.borrow() + more;
        self.count.wait_for(|seen| *seen >= until).await.unwrap();
    }

    /// Lets everybody finish what they do.
    pub(crate) async fn stop(self) -> Town {
        self.end.send_replace(true);
        let mut payers = Vec::new();
        for task in self.tasks {
            payers.push(task.await.unwrap());
        }
        Town { payers, payees: self.payees }
    }
}
