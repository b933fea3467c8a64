//! Connections that were accepted and not let in yet: each address in turn, so that whoever comes alone does not wait behind the
//! five hundred of somebody else.

use crate::door::caps::{Seat, network};
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Somebody who waits to be let in.
pub(super) struct Newcomer {
    pub(super) stream: TcpStream,
    pub(super) address: SocketAddr,
    pub(super) since: Instant,
    pub(super) seat: Seat,
}

/// Everybody who waits, by who shares a count. There are no more of them than seats.
pub(super) struct Newcomers<T = Newcomer> {
    by: HashMap<IpAddr, VecDeque<T>>,
    /// Addresses of which nobody waited before: they come first.
    first: VecDeque<IpAddr>,
    /// Addresses of which somebody was let in while others of it waited.
    again: VecDeque<IpAddr>,
    waiting: usize,
    turns: u32,
}

/// Every so many turns somebody is let in of an address that had its turn already.
const AGAIN_EVERY: u32 = 4;

impl<T> Newcomers<T> {
    /// Nobody waits.
    pub(super) fn new() -> Self {
        Self { by: HashMap::new(), first: VecDeque::new(), again: VecDeque::new(), waiting: 0, turns: 0 }
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting
    }

    /// Whether the next one is the first of its address.
    pub(super) fn is_first(&self) -> bool {
        !self.first.is_empty()
    }

    /// Somebody came from `address`.
    pub(super) fn push(&mut self, address: IpAddr, newcomer: T) {
        let address = network(address);
        let waiting = self.by.entry(address).or_default();
        if waiting.is_empty() {
            self.first.push_back(address);
        }
        waiting.push_back(newcomer);
        self.waiting += 1;
    }

    /// Whose turn it is.
    pub(super) fn next(&mut self) -> Option<T> {
        self.turns = self.turns.wrapping_add(1);
        // Whoever has addresses without end is the first of each: those who share one are not kept out for that.
        let address = if self.turns.is_multiple_of(AGAIN_EVERY) {
            self.again.pop_front().or_else(|| self.first.pop_front())
        } else {
            self.first.pop_front().or_else(|| self.again.pop_front())
        }?;
        let waiting = self.by.get_mut(&address)?;
        let newcomer = waiting.pop_front();
        self.waiting -= 1;
        if waiting.is_empty() {
            self.by.remove(&address);
        } else {
            self.again.push_back(address);
        }
        newcomer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_alone_does_not_wait_behind_the_many_of_another_address() {
        let (many, alone) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mut newcomers = Newcomers::new();
        for number in 0..500 {
            newcomers.push(many, number);
        }
        assert_eq!(newcomers.next(), Some(0));
        assert!(!newcomers.is_first());
        newcomers.push(alone, 1_000);
        newcomers.push(many, 500);
        assert!(newcomers.is_first());
        let order: Vec<i32> = std::iter::from_fn(|| newcomers.next()).collect();
        assert_eq!(order[..3], [1_000, 1, 2]);
        assert_eq!((order.len(), order.last()), (501, Some(&500)), "each address in its own order");
        assert_eq!(newcomers.len(), 0);
    }

    #[test]
    fn addresses_of_which_many_wait_take_turns() {
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mut newcomers = Newcomers::new();
        for number in 0..3 {
            newcomers.push(one, number);
            newcomers.push(other, 10 + number);
        }
        let order: Vec<i32> = std::iter::from_fn(|| newcomers.next()).collect();
        assert_eq!(order, [0, 10, 1, 11, 2, 12]);
    }
}
