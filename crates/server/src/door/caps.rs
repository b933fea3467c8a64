//! How many there may be of something that stays open, in all and for each who asks.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts places, in all and for each `K`: connections by address, unless something else is said.
pub(crate) struct Caps<K: Eq + Hash = IpAddr> {
    total_max: usize,
    each_max: usize,
    taken: Mutex<Taken<K>>,
    refused: AtomicU64,
}

struct Taken<K> {
    total: usize,
    by: HashMap<K, usize>,
}

/// One place; given back when it is dropped.
pub(crate) struct Seat<K: Eq + Hash = IpAddr> {
    caps: Arc<Caps<K>>,
    of: K,
}

impl<K: Eq + Hash + Clone> Caps<K> {
    /// At most `total_max` places, and `each_max` for one `K`.
    pub(crate) fn new(total_max: usize, each_max: usize) -> Arc<Self> {
        let taken = Mutex::new(Taken { total: 0, by: HashMap::new() });
        Arc::new(Self { total_max, each_max, taken, refused: AtomicU64::new(0) })
    }

    /// Places that are taken.
    pub(crate) fn open(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).total
    }

    /// Who found no place, so far.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// A place for `of`, when there is one.
    pub(crate) fn take_one(self: &Arc<Self>, of: K) -> Option<Seat<K>> {
        self.seat(of, self.each_max)
    }

    fn seat(self: &Arc<Self>, of: K, each_max: usize) -> Option<Seat<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.by.get(&of).copied().unwrap_or(0);
        if taken.total >= self.total_max || own >= each_max {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        taken.total += 1;
        taken.by.insert(of.clone(), own + 1);
        Some(Seat { caps: Arc::clone(self), of })
    }
}

impl Caps {
    /// A place for a connection from `address`, when there is one.
    ///
    /// `127.0.0.1` and `::1` are a proxy or this machine's own person: only the total counts. Nobody comes from another
    /// loopback address but on purpose.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let address = network(address);
        self.seat(address, if is_own(address) { usize::MAX } else { self.each_max })
    }
}

impl<K: Eq + Hash> Drop for Seat<K> {
    fn drop(&mut self) {
        let mut taken = self.caps.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.total = taken.total.saturating_sub(1);
        if let Some(own) = taken.by.get_mut(&self.of) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                taken.by.remove(&self.of);
            }
        }
    }
}

fn is_own(address: IpAddr) -> bool {
    address == IpAddr::V4(Ipv4Addr::LOCALHOST) || address == IpAddr::V6(Ipv6Addr::LOCALHOST)
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
        let caps = Caps::new(4, 2);
        let _other: Vec<_> = (0..2).map(|_| caps.take(address("127.0.0.2")).unwrap()).collect();
        assert!(caps.take(address("127.0.0.2")).is_none(), "another loopback address is somebody");
    }

    #[test]
    fn a_subscriber_of_ipv6_counts_once() {
        assert_eq!(network(address("2001:db8:1:2::1")), network(address("2001:db8:1:2:ffff::9")));
        assert_ne!(network(address("2001:db8:1:2::1")), network(address("2001:db8:1:3::1")));
    }
}
