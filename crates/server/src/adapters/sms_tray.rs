//! The demonstration's text messages: kept in memory and shown, sent to nobody.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use yinxin_core::Millis;
use yinxin_wallet::port::{Clock, Sending, SmsMessage, SmsSender};

/// The tray shows the last messages; older ones have expired long ago.
const KEPT: usize = 50;

/// A message in the tray.
#[derive(Clone)]
pub(crate) struct Kept {
    /// The message.
    pub(crate) message: SmsMessage,
    /// When it came.
    pub(crate) at: Millis,
}

/// The tray.
pub(crate) struct SmsTray {
    clock: Arc<dyn Clock>,
    kept: Mutex<VecDeque<Kept>>,
}

impl SmsTray {
    /// An empty tray.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { clock, kept: Mutex::default() })
    }

    /// What is in it, newest first.
    pub(crate) fn messages(&self) -> Vec<Kept> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().rev().cloned().collect()
    }
}

impl SmsSender for SmsTray {
    fn send(&self, message: SmsMessage) -> Sending<'_> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(Kept { message, at: self.clock.now() });
        Box::pin(std::future::ready(Ok(())))
    }
}
