//! How many connections there may be, in all and per address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts connections.
pub(crate) struct Caps {
    total_max: usize,
    per_address_max: usize,
    taken: Mutex<Taken>,
    refused: AtomicU64,
}

#[derive(Default)]
struct Taken {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One connection's place; given back when it is dropped.
pub(crate) struct Seat {
    caps: Arc<Caps>,
    address: IpAddr,
}

impl Caps {
    /// At most `total_max` connections, and `per_address_max` from one address.
    pub(crate) fn new(total_max: usize, per_address_max: usize) -> Arc<Self> {
        Arc::new(Self { total_max, per_address_max, taken: Mutex::default(), refused: AtomicU64::new(0) })
    }

    /// Connections that are open.
    pub(crate) fn open(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).total
    }

    /// Connections that found no place.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// A place for a connection from `address`, when there is one.
    ///
    /// Loopback is a proxy or this machine's own person: only the total counts.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let address = network(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let here = taken.by_address.get(&address).copied().unwrap_or(0);
        if taken.total >= self.total_max || (!address.is_loopback() && here >= self.per_address_max) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        taken.total += 1;
        taken.by_address.insert(address, here + 1);
        Some(Seat { caps: Arc::clone(self), address })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.caps.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.total = taken.total.saturating_sub(1);
        if let Some(here) = taken.by_address.get_mut(&self.address) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

/// Who shares a count: an IPv4 address, or the /64 that an IPv6 subscriber owns.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) if address.is_loopback() => IpAddr::V6(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_cannot_take_every_connection_and_loopback_counts_in_all_only() {
        let caps = Caps::new(4, 2);
        let first = caps.take(address("192.0.2.1")).unwrap();
        let _second = caps.take(address("::ffff:192.0.2.1")).unwrap();
        assert!(caps.take(address("192.0.2.1")).is_none(), "mapped addresses are the same address");
        drop(first);
        assert!(caps.take(address("192.0.2.1")).is_some());
        let _loopback: Vec<_> = (0..3).map(|_| caps.take(address("127.0.0.1")).unwrap()).collect();
        assert!(caps.take(address("127.0.0.1")).is_none(), "the total is full");
    }

    #[test]
    fn a_subscriber_of_ipv6_counts_once() {
        assert_eq!(network(address("2001:db8:1:2::1")), network(address("2001:db8:1:2:ffff::9")));
        assert_ne!(network(address("2001:db8:1:2::1")), network(address("2001:db8:1:3::1")));
    }
}
