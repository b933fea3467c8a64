//! Revocation lists: their numbers, whichever node makes them.

use super::world::World;
use crate::PublicFile;
use yinxin_core::Digest;

/// The CRL number's identifier, 2.5.29.20.
const CRL_NUMBER: [u8; 3] = [0x55, 0x1d, 0x14];

pub(super) fn number(list: &[u8]) -> u128 {
    let at = list.windows(3).position(|bytes| bytes == CRL_NUMBER).unwrap() + 3;
    // An octet string around an integer, both short.
    assert_eq!((list[at], list[at + 2]), (0x04, 0x02));
    let length = usize::from(list[at + 3]);
    list[at + 4..at + 4 + length].iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lists_number_tells_its_state_and_its_second_so_that_two_nodes_give_one_number_to_one_list() {
    let world = World::new();
    let phone = world.phone("13800000001", 0).await;
    let list = |file| world.wallet.public_file(file).unwrap();
    let seconds = || u128::try_from(world.wallet.now().seconds()).unwrap();
    let first = number(&list(PublicFile::PaymentCrl));
    assert_eq!(first, (u128::from(world.wallet.records()) << 32) + seconds());
    assert_eq!(first, number(&list(PublicFile::MerchantCrl)));
    let intention = Digest::from_bytes([7; 32]);
    world.wallet.suspend_certificate(&phone.session, phone.certificate, intention).await.unwrap();
    world.clock.pass(1_000);
    let second = number(&list(PublicFile::PaymentCrl));
    assert_eq!(second, (u128::from(world.wallet.records()) << 32) + seconds());
    assert!(second >> 32 > first >> 32, "a node that has not seen the suspension gives another number");
}
