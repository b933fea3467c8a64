//! What must hold before the writer decides anything: a clock that is right, a disk with room (house, law 6; threats).

use super::{CLOCK_JUMP_MS, Parts, WriterError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use yinxin_core::Millis;

/// How often a full disk is asked for room.
const ROOM_EVERY_MS: i64 = 1_000;

/// What the writer found when it last looked.
pub(super) struct Conditions {
    clock_right: Arc<AtomicBool>,
    /// Wall and monotonic clock when they were last found in step.
    in_step: (Millis, i64),
    /// When a full disk was last asked for room, by the monotonic clock; none while it is not full.
    asked_for_room: Option<i64>,
}

impl Conditions {
    pub(super) fn new(parts: &Parts) -> Self {
        let in_step = (parts.clock.now(), parts.clock.monotonic_ms());
        Self { clock_right: Arc::new(AtomicBool::new(true)), in_step, asked_for_room: None }
    }

    /// Whether the clock was right when the writer last looked, for readers.
    pub(super) fn clock_right(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.clock_right)
    }

    /// Why nothing may be written now.
    pub(super) fn against_writing(&mut self, parts: &mut Parts) -> Option<WriterError> {
        if !self.check_clock(parts) {
            return Some(WriterError::Clock);
        }
        self.is_read_only(parts).then_some(WriterError::ReadOnly)
    }

    /// Looks at the clock, tells readers and the log what was found, and whether it is right.
    pub(super) fn check_clock(&mut self, parts: &Parts) -> bool {
        let right = self.clock_is_right(parts);
        match (self.clock_right.swap(right, Ordering::Relaxed), right) {
            (true, false) => tracing::error!("the clock jumped: nothing is posted until it is right again"),
            (false, true) => tracing::info!("the clock is right again, posting goes on"),
            (true, true) | (false, false) => {}
        }
        right
    }

    /// Whether the wall clock has moved as the monotonic clock has.
    fn clock_is_right(&mut self, parts: &Parts) -> bool {
        let (wall, monotonic) = (parts.clock.now(), parts.clock.monotonic_ms());
        let passed = monotonic.saturating_sub(self.in_step.1);
        let drift = wall.since(self.in_step.0).saturating_sub(passed);
        let behind = !parts.accept_clock && parts.ledger.book.at().since(wall) > CLOCK_JUMP_MS;
        if drift.abs() <= CLOCK_JUMP_MS && !behind {
            self.in_step = (wall, monotonic);
            return true;
        }
        false
    }

    /// Whether the disk is full; once a second it is asked for room.
    pub(super) fn is_read_only(&mut self, parts: &mut Parts) -> bool {
        if !parts.disk.is_full() {
            self.asked_for_room = None;
            return false;
        }
        let now = parts.clock.monotonic_ms();
        match self.asked_for_room {
            None => tracing::error!("the disk is full: nothing is written until there is room, reads go on"),
            Some(asked) if now.saturating_sub(asked) < ROOM_EVERY_MS => return true,
            Some(_) => {}
        }
        self.asked_for_room = Some(now);
        if !parts.journal.has_room() {
            return true;
        }
        tracing::info!("there is room on the disk again, writing goes on");
        parts.disk.found_room();
        self.asked_for_room = None;
        false
    }
}
