//! Following a log that was restored from a backup: the pinned key vouches for the next one, and so on to the key of now
//! (`docs/reference/formats.md`, "Usage log").

use crate::answers::PreviousLog;
use yinxin_pki::ed25519_verify;
use yinxin_tlog::VerifierKey;

/// First line of a link.
const LINK: &str = "yinxin/log-link/v1";

/// How many records of the log `pinned` the log `now` carries on; `None` where no chain of links leads from one to the other.
pub(crate) fn carried(pinned: &str, now: &str, previous: &[PreviousLog]) -> Option<u64> {
    let mut links = previous.iter().skip_while(|log| log.key != pinned);
    let first = links.next()?;
    let mut next = next_key(first)?;
    for log in links {
        if log.key != next {
            return None;
        }
        next = next_key(log)?;
    }
    (next == now).then_some(first.size)
}

/// The verifier key that a log's own key named as the next one.
fn next_key(log: &PreviousLog) -> Option<String> {
    let key = VerifierKey::parse(&log.key).ok()?;
    let verify =
        |key: &[u8; 32], text: &[u8], signature: &[u8; 64]| ed25519_verify(key, text, signature).is_ok();
    let text = yinxin_tlog::open(&log.link, &key, verify).ok()?;
    let lines: Vec<&str> = text.lines().collect();
    match lines.as_slice() {
        [LINK, name, size, _, next] if *name == key.name() && *size == log.size.to_string() => {
            Some((*next).to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yinxin_pki::LogKey;

    /// The log number `number`, and its key.
    fn log(number: u8) -> (VerifierKey, LogKey) {
        let key = LogKey::from_seed(&[number; 32]).unwrap();
        (VerifierKey::new(&format!("pay.example/log/{number}"), key.public()).unwrap(), key)
    }

    fn link(from: u8, to: u8, size: u64) -> PreviousLog {
        let ((old, key), (new, _)) = (log(from), log(to));
        let text = format!("{LINK}\n{}\n{size}\nroot\n{new}\n", old.name());
        let link = yinxin_tlog::sign(&text, old.name(), old.id(), |message| key.sign(message)).unwrap();
        PreviousLog { key: old.to_string(), size, link }
    }

    fn follow(pinned: u8, now: u8, previous: &[PreviousLog]) -> Option<u64> {
        carried(&log(pinned).0.to_string(), &log(now).0.to_string(), previous)
    }

    #[test]
    fn each_key_vouches_for_the_next_one_and_for_nothing_else() {
        let chain = [link(1, 2, 40), link(2, 3, 70)];
        assert_eq!(follow(1, 3, &chain), Some(40));
        assert_eq!(follow(2, 3, &chain), Some(70));
        assert_eq!(follow(1, 2, &chain), None, "the log of now is the last of the chain");
        assert_eq!(follow(4, 3, &chain), None);
        assert_eq!(follow(1, 3, &[]), None);
        assert_eq!(follow(1, 3, &[link(1, 2, 40), link(4, 3, 70)]), None, "a gap");
        let stolen = PreviousLog { link: link(4, 3, 40).link, ..link(1, 2, 40) };
        assert_eq!(follow(1, 3, &[stolen]), None, "signed by another key");
        let more = PreviousLog { size: 41, ..link(1, 3, 40) };
        assert_eq!(follow(1, 3, &[more]), None, "the size is what the key signed");
    }
}
