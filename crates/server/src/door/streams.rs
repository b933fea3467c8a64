//! Event streams: each costs two tasks and a place in every change, so there is a cap for each who asks.

use crate::door::caps::{Caps, Seat};
use std::net::IpAddr;
use std::sync::Arc;
use yinxin_core::AccountId;

/// Streams of one account: as many as a person has sessions.
const OF_ACCOUNT_MAX: usize = 20;
/// Streams of all accounts: as many as there are connections by default.
const OF_ACCOUNTS_MAX: usize = 8_192;
/// Streams of orders from one address: a shop's network with all its guests on the checkout page.
const OF_VISITOR_MAX: usize = 32;
/// Streams of orders in all. Whoever fills them takes nothing from the people who are signed in.
const OF_VISITORS_MAX: usize = 4_096;

/// The places for event streams.
pub(crate) struct Streams {
    accounts: Arc<Caps<AccountId>>,
    visitors: Arc<Caps>,
}

/// The place of one stream.
pub(crate) enum StreamSeat {
    /// For changes on an account.
    Account(#[expect(dead_code, reason = "it is held, not looked at")] Seat<AccountId>),
    /// For the state of an order.
    Visitor(#[expect(dead_code, reason = "it is held, not looked at")] Seat),
}

impl Streams {
    /// Nobody listens yet.
    pub(crate) fn new() -> Self {
        Self {
            accounts: Caps::new(OF_ACCOUNTS_MAX, OF_ACCOUNT_MAX),
            visitors: Caps::new(OF_VISITORS_MAX, OF_VISITOR_MAX),
        }
    }

    /// A place for somebody who is signed in.
    pub(crate) fn of_account(&self, account: AccountId) -> Option<StreamSeat> {
        self.accounts.take_one(account).map(StreamSeat::Account)
    }

    /// A place for anybody at `address`.
    pub(crate) fn of_visitor(&self, address: IpAddr) -> Option<StreamSeat> {
        self.visitors.take(address).map(StreamSeat::Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_who_take_every_place_leave_those_of_the_people() {
        let streams = Streams::new();
        let mut taken = Vec::new();
        for number in 0_u32.. {
            let address = IpAddr::from((0xC000_0000 + number / 20).to_be_bytes());
            let Some(seat) = streams.of_visitor(address) else { break };
            taken.push(seat);
        }
        assert_eq!(taken.len(), OF_VISITORS_MAX);
        assert!(streams.of_visitor(IpAddr::from([198, 51, 100, 1])).is_none());
        let account = AccountId::from_bytes([7; AccountId::SIZE]);
        let own: Vec<_> = (0..OF_ACCOUNT_MAX).map(|_| streams.of_account(account).unwrap()).collect();
        assert!(streams.of_account(account).is_none());
        drop(own);
        assert!(streams.of_account(account).is_some(), "a place is given back");
    }

    #[test]
    fn one_visitor_cannot_take_every_place() {
        let streams = Streams::new();
        let address = IpAddr::from([192, 0, 2, 1]);
        let own: Vec<_> = (0..OF_VISITOR_MAX).map(|_| streams.of_visitor(address).unwrap()).collect();
        assert!(streams.of_visitor(address).is_none());
        assert!(streams.of_visitor(IpAddr::from([192, 0, 2, 2])).is_some());
        drop(own);
    }
}
