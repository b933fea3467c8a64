//! Sealing and opening, hostile files, and the other program that speaks the format.

use super::*;
use std::io::Write as _;
use std::process::{Command, Stdio};

const CHUNK: usize = 64 * 1024;

fn identity(seed: u8) -> Identity {
    Identity::from_random([seed; 32]).unwrap()
}

/// Counted bytes: no two draws are equal.
fn draw() -> impl FnMut(&mut [u8]) {
    let mut next = 0_u8;
    move |bytes| {
        for byte in bytes {
            *byte = next.wrapping_mul(31).wrapping_add(7);
            next = next.wrapping_add(1);
        }
    }
}

fn seal(plain: &[u8], recipients: &[Recipient]) -> Vec<u8> {
    let mut sealer = Sealer::new(Vec::new(), recipients, &mut draw()).unwrap();
    sealer.write_all(plain).unwrap();
    sealer.finish().unwrap()
}

fn open(sealed: &[u8], identity: Identity) -> Result<Vec<u8>, String> {
    let mut opener = Opener::new(sealed, &[identity]).map_err(|error| error.to_string())?;
    let mut plain = Vec::new();
    opener.read_to_end(&mut plain).map_err(|error| error.to_string())?;
    Ok(plain)
}

#[test]
fn each_recipient_opens_what_was_sealed_at_every_length_around_a_chunk() {
    let recipients = [identity(1).recipient(), identity(2).recipient()];
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5] {
        let plain: Vec<u8> = (0..=250).cycle().take(length).collect();
        let sealed = seal(&plain, &recipients);
        assert_eq!(open(&sealed, identity(1)).unwrap(), plain, "{length}");
        assert_eq!(open(&sealed, identity(2)).unwrap(), plain, "{length}");
        assert_eq!(open(&sealed, identity(3)).unwrap_err(), AgeError::WrongKey.to_string());
    }
}

#[test]
fn a_changed_byte_a_cut_and_an_appended_byte_are_noticed_wherever_they_are() {
    let sealed = seal(&vec![9; 2 * CHUNK], &[identity(1).recipient()]);
    for at in [0, 30, 70, 120, 180, 200, 230, 300, CHUNK + 100, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(open(&changed, identity(1)).is_err(), "byte {at}");
    }
    for length in [0, 1, 100, 200, 216, 217, CHUNK, sealed.len() - CHUNK - 16, sealed.len() - 1] {
        assert!(open(&sealed[..length], identity(1)).is_err(), "cut to {length}");
    }
    assert!(open(&[&sealed[..], b"x"].concat(), identity(1)).is_err());
}

#[test]
fn keys_are_read_in_their_one_form() {
    let identity = identity(5);
    let text = String::from_utf8(identity.text().unwrap().expose().to_vec()).unwrap();
    assert!(text.starts_with("AGE-SECRET-KEY-1") && text.len() == 74, "{}", text.len());
    let file = format!("# public key: {}\n\n{text}\n", identity.recipient());
    assert_eq!(Identity::parse(&file).unwrap().recipient(), identity.recipient());
    let public = identity.recipient().to_string();
    assert_eq!(Recipient::parse(&public), Ok(identity.recipient()));
    let swapped = public.replace(&public[10..11], if public[10..11] == *"q" { "p" } else { "q" });
    for bad in ["", "age1", &public[1..], &swapped, &text, "age1qqqq"] {
        assert_eq!(Recipient::parse(bad), Err(AgeError::Recipient), "{bad}");
    }
    for bad in ["", "# nothing", &public, &format!("{text}\n{text}")] {
        assert!(Identity::parse(bad).is_err(), "{bad}");
    }
}

/// The reference program opens what we sealed, and we open what it sealed.
#[test]
fn a_second_implementation_reads_and_writes_the_same_files() {
    let place = tempfile::tempdir().unwrap();
    let (key, sealed) = (place.path().join("key"), place.path().join("sealed"));
    let mine = identity(7);
    std::fs::write(&key, mine.text().unwrap().expose()).unwrap();
    let plain = vec![3; CHUNK + 17];
    std::fs::write(&sealed, seal(&plain, &[mine.recipient()])).unwrap();
    let age = |arguments: &[&str], input: &[u8]| {
        let mut child = Command::new("age")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`age` is installed by `cargo xtask test`");
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let feeding = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        feeding.join().unwrap();
        assert!(output.status.success());
        output.stdout
    };
    let opened = age(&["--decrypt", "-i", key.to_str().unwrap(), sealed.to_str().unwrap()], b"");
    assert_eq!(opened, plain);
    let theirs = age(&["--encrypt", "-r", &mine.recipient().to_string()], &plain);
    assert_eq!(open(&theirs, mine).unwrap(), plain);
}
