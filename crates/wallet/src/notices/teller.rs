//! The job that tells people what records say, and hands over the messages that notices owe.

use super::record::notice_of;
use super::{tell_in, texts};
use crate::port::SmsMessage;
use crate::{Inner, Wallet, WalletError};
use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
#[cfg(test)]
use yinxin_core::PersonId;
use yinxin_core::codec::Codec;
use yinxin_core::{Digest, Facts, Millis};
use yinxin_store::StoredRecord;
use yinxin_store::desk::NoticeMessage;

/// The mark of this job.
const MARK: &str = "notices";
/// Records looked through in one page where some may have been missed.
const PAGE: u32 = 1_000;
/// The mark rises at least after so many records that tell nobody anything: what a start looks through is bounded.
const MARK_EVERY: u64 = 20_000;
/// How often the desk is asked for messages that another node wrote, or that could not be handed over.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Messages handed over in one go.
const MESSAGES_AT_ONCE: u32 = 50;
/// A message older than this is in the app's list and worth no text message any more.
const MESSAGE_AGE_MAX_MS: i64 = 7 * Millis::DAY;

/// Tells people of records. The projector names those that tell something, in their order.
pub(crate) struct Teller {
    told: UnboundedReceiver<u64>,
    /// Records that are done; `None` until this node leads.
    done: Option<u64>,
    /// Where the mark on the desk stands.
    marked: u64,
    /// Handed over by this process, and not settled yet: the desk failed. They do not go out again.
    handed_over: HashSet<(Digest, String)>,
}

impl Teller {
    /// Hears of records from `told`.
    pub(crate) fn new(told: UnboundedReceiver<u64>) -> Self {
        Self { told, done: None, marked: 0, handed_over: HashSet::new() }
    }

    /// Works until the wallet is gone.
    pub(crate) async fn run(mut self, inner: Weak<Inner>) {
        let Some(mut projected) = inner.upgrade().map(|inner| inner.projected.clone()) else { return };
        loop {
            let Some(wallet) = inner.upgrade().map(|inner| Wallet { inner }) else { return };
            let owed = Arc::clone(&wallet.inner.messages_owed);
            if let Err(error) = self.work(&wallet).await {
                tracing::warn!(%error, "telling people is left for the next look");
                // What the projector said is forgotten: look through the journal from the mark.
                self.done = None;
            }
            drop(wallet);
            tokio::select! {
                more = projected.changed() => if more.is_err() { return },
                () = owed.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Tells of what is new, and hands over what is owed.
    pub(crate) async fn work(&mut self, wallet: &Wallet) -> Result<(), WalletError> {
        // Before the records are named: each below is named already.
        let projected = *wallet.inner.projected.borrow();
        let named: Vec<u64> = std::iter::from_fn(|| self.told.try_recv().ok()).collect();
        if !wallet.leads() {
            self.done = None;
            return Ok(());
        }
        match self.done {
            None => self.catch_up(wallet, projected)?,
            Some(done) => {
                let journal = &wallet.inner.store.journal;
                let new = named.into_iter().filter(|index| *index >= done);
                let records = new.filter_map(|index| journal.record(index).transpose());
                self.tell_records(wallet, records.collect::<Result<_, _>>()?)?;
                self.done = Some(done.max(projected));
                self.raise_mark(wallet, MARK_EVERY)?;
            }
        }
        self.hand_messages_over(wallet).await
    }

    /// Looks through the journal from the mark. A deployment without one begins now: nobody is told of what is long over.
    fn catch_up(&mut self, wallet: &Wallet, projected: u64) -> Result<(), WalletError> {
        let mark = wallet.inner.store.desk.read(|desk| desk.job_mark(MARK))?;
        self.marked = mark.unwrap_or(0);
        let mut from = mark.unwrap_or(projected);
        while from < projected {
            let most = u32::try_from(projected - from).unwrap_or(PAGE).min(PAGE);
            let page = wallet.inner.store.journal.records(from, most)?;
            let Some(last) = page.last().map(|record| record.index) else { break };
            self.tell_records(wallet, page)?;
            from = last.saturating_add(1);
        }
        self.done = Some(projected);
        self.raise_mark(wallet, 0)
    }

    fn tell_records(&mut self, wallet: &Wallet, records: Vec<StoredRecord>) -> Result<(), WalletError> {
        let inner = &wallet.inner;
        let (mut notices, mut end) = (Vec::new(), self.marked);
        for record in records {
            end = end.max(record.index.saturating_add(1));
            let facts = Facts::from_bytes_exact(&record.facts)
                .map_err(|error| WalletError::Failed(format!("record {}: {error}", record.index)))?;
            if let Some((person, notice)) = inner.writer.book(|book| notice_of(record.index, &facts, book)) {
                notices.push((person, notice, facts.at));
            }
        }
        if notices.is_empty() || inner.bulk.load(Ordering::Relaxed) {
            return Ok(());
        }
        let told = inner.store.desk.write(|tx| {
            let mut told = Vec::new();
            for (person, notice, at) in &notices {
                // Whoever is not on the desk was erased.
                let Some(row) = tx.person(*person)? else { continue };
                if tell_in(tx, &row, notice, *at)? {
                    told.push(row.account);
                }
            }
            tx.raise_job_mark(MARK, end)?;
            Ok(told)
        })?;
        self.marked = end;
        for account in told {
            wallet.notice_changed(account);
        }
        Ok(())
    }

    /// Hands over what is owed, oldest first. What the sender does not take now is tried again.
    async fn hand_messages_over(&mut self, wallet: &Wallet) -> Result<(), WalletError> {
        let desk = &wallet.inner.store.desk;
        for owed in desk.read(|desk| desk.notice_messages(MESSAGES_AT_ONCE))? {
            let name = (owed.notice.notice, owed.phone.clone());
            let old = wallet.now().since(owed.written_at) > MESSAGE_AGE_MAX_MS;
            if !old && !self.handed_over.contains(&name) {
                if let Err(error) = wallet.inner.sms.send(wallet.notice_message(&owed)).await {
                    tracing::warn!(%error, notice.kind = owed.notice.kind.word(), "a notice was not sent");
                    return Ok(());
                }
                self.handed_over.insert(name.clone());
            }
            desk.write(|tx| tx.settle_message(owed.notice.notice, &owed.phone))?;
            self.handed_over.remove(&name);
        }
        Ok(())
    }

    fn raise_mark(&mut self, wallet: &Wallet, at_least: u64) -> Result<(), WalletError> {
        let done = self.done.unwrap_or(0);
        if done.saturating_sub(self.marked) > at_least || self.marked == 0 {
            wallet.inner.store.desk.write(|tx| tx.raise_job_mark(MARK, done))?;
            self.marked = done;
        }
        Ok(())
    }
}

impl Wallet {
    fn notice_message(&self, owed: &NoticeMessage) -> SmsMessage {
        let device = owed.notice.device_kind;
        SmsMessage {
            to: owed.phone.clone(),
            text: texts::message(&self.inner.settings.operator, owed.notice.kind, device),
            code: None,
            purpose: "notice",
            device: device.map_or("other", crate::DeviceKind::word),
        }
    }

    /// Whether this person's record was told; tests wait for it.
    #[cfg(test)]
    pub(crate) fn notice_kinds(&self, person: PersonId) -> Vec<super::NoticeKind> {
        let rows = self.inner.store.desk.read(|desk| desk.notices_of(person, 100)).unwrap();
        rows.into_iter().map(|row| row.kind).collect()
    }
}
