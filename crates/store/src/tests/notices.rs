//! Notices: told once, read once, owed until handed over.

use super::desk::{NOW, furnished};
use super::engine::{Place, on_both};
use crate::desk::*;
use yinxin_core::{CertificateId, Digest, PersonId};

on_both!(
    a_notice_is_told_once_and_read_once,
    a_message_is_owed_until_it_was_handed_over,
    the_mark_of_a_job_only_rises,
    old_notices_are_swept_with_what_they_owe,
);

const WHO: PersonId = PersonId::from_bytes([1; 10]);

fn notice(seed: u8) -> NoticeRow {
    NoticeRow {
        notice: Digest::from_bytes([seed; 32]),
        person: WHO,
        kind: NoticeKind::CertificateIssued,
        certificate: Some(CertificateId::from_bytes([seed; 10])),
        device_kind: Some(DeviceKind::Android),
        due_at: None,
        told_at: NOW.plus(i64::from(seed)),
        read_at: None,
    }
}

fn a_notice_is_told_once_and_read_once(place: &Place) {
    let desk = furnished(place);
    let told = |seed| desk.write(|tx| tx.insert_notice(&notice(seed))).unwrap();
    assert_eq!([told(1), told(2), told(1)], [true, true, false]);
    assert_eq!(desk.read(|tx| tx.notices_unread(WHO, 100)).unwrap(), 2);
    assert_eq!(desk.read(|tx| tx.notices_unread(WHO, 1)).unwrap(), 1);
    assert_eq!(desk.read(|tx| tx.notice(notice(2).notice)).unwrap(), Some(notice(2)));
    let seen = NOW.plus(50);
    assert_eq!(desk.write(|tx| tx.read_notices(WHO, NOW.plus(1), seen)).unwrap(), 1);
    assert_eq!(desk.write(|tx| tx.read_notices(WHO, NOW.plus(1), seen)).unwrap(), 0);
    let found = desk.read(|tx| tx.notices_of(WHO, 10)).unwrap();
    assert_eq!(found, [notice(2), NoticeRow { read_at: Some(seen), ..notice(1) }]);
}

fn a_message_is_owed_until_it_was_handed_over(place: &Place) {
    let desk = furnished(place);
    desk.write(|tx| {
        tx.insert_notice(&notice(1))?;
        tx.owe_message(notice(1).notice, "+8613800000001", NOW.plus(3))?;
        tx.owe_message(notice(1).notice, "+8613800000002", NOW.plus(2))?;
        tx.owe_message(notice(1).notice, "+8613800000002", NOW.plus(9))
    })
    .unwrap();
    let owed = desk.read(|tx| tx.notice_messages(10)).unwrap();
    let phones: Vec<&str> = owed.iter().map(|message| message.phone.as_str()).collect();
    assert_eq!(phones, ["+8613800000002", "+8613800000001"]);
    assert_eq!((&owed[0].notice, owed[0].written_at), (&notice(1), NOW.plus(2)));
    desk.write(|tx| tx.settle_message(notice(1).notice, "+8613800000002")).unwrap();
    assert_eq!(desk.read(|tx| tx.notice_messages(10)).unwrap(), owed[1..]);
}

fn the_mark_of_a_job_only_rises(place: &Place) {
    let desk = furnished(place);
    assert_eq!(desk.read(|tx| tx.job_mark("notices")).unwrap(), None);
    for mark in [5, 9, 7] {
        desk.write(|tx| tx.raise_job_mark("notices", mark)).unwrap();
    }
    assert_eq!(desk.read(|tx| tx.job_mark("notices")).unwrap(), Some(9));
}

fn old_notices_are_swept_with_what_they_owe(place: &Place) {
    let desk = furnished(place);
    desk.write(|tx| {
        tx.insert_notice(&notice(1))?;
        tx.insert_notice(&notice(9))?;
        tx.owe_message(notice(1).notice, "+8613800000001", NOW)
    })
    .unwrap();
    let until = SweepUntil { expired: NOW, guesses: NOW, sessions: NOW, keys: NOW, notices: NOW.plus(5) };
    assert_eq!(desk.write(|tx| tx.sweep(until)).unwrap(), Swept(1));
    assert_eq!(desk.read(|tx| tx.notices_of(WHO, 10)).unwrap(), [notice(9)]);
    assert_eq!(desk.read(|tx| tx.notice_messages(10)).unwrap(), []);
}
