//! Golden vectors that the web's verifier reads too: `vectors/tlog.json`. `YINXIN_BLESS=1` writes them anew.

#![expect(clippy::unwrap_used, reason = "what fails in a test's scaffolding fails the test")]

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::convert::Infallible;
use std::path::Path;
use yinxin_tlog::{
    Checkpoint, Hash, LogProof, TileSource, Tree, VerifierKey, consistency_proof, evidence_digest,
    inclusion_proof, leaf_entry, leaf_hash, open, sign, verify_consistency, verify_inclusion,
};

/// Leaves of the example log.
const LEAVES: u64 = 1_000;
const ORIGIN: &str = "localhost:8088/log";
/// The seed of RFC 8032's first test: a key that everybody knows.
const SEED: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44,
    0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];

#[derive(Default)]
struct Kept(HashMap<(u8, u64), Vec<u8>>);

impl TileSource for Kept {
    type Error = Infallible;
    fn tile(&self, level: u8, number: u64) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.0.get(&(level, number)).cloned())
    }
}

fn b64(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

fn list(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| b64(&hash.0)).collect()
}

/// A record like those of the journal: its parts follow from its index.
struct Record {
    r: [u8; 32],
    facts: Vec<u8>,
    salt: [u8; 32],
    evidence: Vec<u8>,
}

fn record(index: u64) -> Record {
    let fill = |label: &str| evidence_digest(&[0; 32], format!("{label} {index}").as_bytes());
    Record {
        r: fill("r"),
        facts: format!("facts of record {index}").into_bytes(),
        salt: fill("salt"),
        evidence: format!("evidence of record {index}").into_bytes(),
    }
}

impl Record {
    fn digest(&self) -> [u8; 32] {
        evidence_digest(&self.salt, &self.evidence)
    }

    fn entry(&self) -> [u8; 33] {
        leaf_entry(&self.r, &self.facts, &self.digest())
    }
}

struct Log {
    tree: Tree,
    kept: Kept,
    roots: Vec<Hash>,
}

fn log() -> Log {
    let mut log = Log { tree: Tree::new(), kept: Kept::default(), roots: vec![Hash::EMPTY_ROOT] };
    for index in 0..LEAVES {
        log.tree.push(&record(index).entry());
        log.roots.push(log.tree.root());
        for tile in log.tree.drain_full_tiles() {
            log.kept.0.insert((tile.level, tile.number), tile.hashes);
        }
    }
    log
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&SEED).unwrap()
}

fn key() -> VerifierKey {
    VerifierKey::new(ORIGIN, pair().public_key().as_ref().try_into().unwrap()).unwrap()
}

fn signed(text: &str) -> String {
    sign(text, ORIGIN, key().id(), |bytes| pair().sign(bytes).as_ref().try_into()).unwrap()
}

fn verify(public: &[u8; 32], text: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ED25519, public).verify(text, signature).is_ok()
}

fn leaves() -> Vec<Value> {
    [0, 1, 42]
        .map(|index| {
            let record = record(index);
            json!({
                "r": b64(&record.r), "facts": b64(&record.facts), "salt": b64(&record.salt),
                "evidence": b64(&record.evidence), "digest": b64(&record.digest()),
                "entry": b64(&record.entry()), "leaf_hash": b64(&leaf_hash(&record.entry()).0),
            })
        })
        .to_vec()
}

fn inclusions(log: &Log) -> Vec<Value> {
    [(0, 1), (0, 2), (1, 2), (2, 3), (6, 7), (5, 8), (255, 256), (256, 257), (300, 1_000), (999, 1_000)]
        .map(|(index, size)| {
            let proof = inclusion_proof(&log.tree, &log.kept, index, size).unwrap();
            let root = log.roots[usize::try_from(size).unwrap()];
            let leaf = leaf_hash(&record(index).entry());
            verify_inclusion(&leaf, index, size, &proof, &root).unwrap();
            json!({"index": index, "size": size, "leaf_hash": b64(&leaf.0), "proof": list(&proof), "root": b64(&root.0)})
        })
        .to_vec()
}

fn consistencies(log: &Log) -> Vec<Value> {
    [(1, 1), (1, 2), (3, 7), (4, 7), (6, 8), (255, 256), (256, 1_000), (257, 1_000), (999, 1_000), (1_000, 1_000)]
        .map(|(old, new)| {
            let proof = consistency_proof(&log.tree, &log.kept, old, new).unwrap();
            let [old_root, new_root] = [old, new].map(|size| log.roots[usize::try_from(size).unwrap()]);
            verify_consistency(old, &old_root, new, &new_root, &proof).unwrap();
            json!({"old": old, "new": new, "old_root": b64(&old_root.0), "new_root": b64(&new_root.0), "proof": list(&proof)})
        })
        .to_vec()
}

/// Notes that a verifier must refuse, each with its reason.
fn refused_notes(note: &str) -> Vec<Value> {
    let line = note.split("\n\n").nth(1).unwrap();
    let other = signed(&Checkpoint { origin: ORIGIN.into(), size: 7, root: Hash([7; 32]) }.to_string());
    let other_line = other.split("\n\n").nth(1).unwrap();
    let cases = [
        ("another size", note.replacen("1000", "1001", 1)),
        ("no signature", note.replace(line, "")),
        ("a bad line of the known key beside a good one", format!("{note}{other_line}")),
        ("base64 without padding", note.replace("==\n", "\n").replace("=\n", "\n")),
        ("carriage return", note.replacen('\n', "\r\n", 1)),
        ("last newline missing", note.trim_end().to_owned()),
        (
            "a leading zero, signed",
            signed(
                &note
                    .split("\n\n")
                    .next()
                    .map(|text| format!("{text}\n"))
                    .unwrap()
                    .replacen("1000", "01000", 1),
            ),
        ),
        (
            "size 0, signed",
            signed(&Checkpoint { origin: ORIGIN.into(), size: 0, root: Hash::EMPTY_ROOT }.to_string()),
        ),
        ("an extension line, signed", signed(&format!("{ORIGIN}\n7\n{}\nmore\n", Hash([7; 32])))),
        (
            "another origin, signed",
            signed(
                &Checkpoint { origin: "localhost:8088/other".into(), size: 7, root: Hash([7; 32]) }
                    .to_string(),
            ),
        ),
        ("a root of 31 bytes, signed", signed(&format!("{ORIGIN}\n7\n{}\n", BASE64.encode(&[7; 31])))),
    ];
    cases
        .into_iter()
        .map(|(why, note)| {
            assert!(Checkpoint::open(&note, &key(), verify).is_err(), "{why}");
            json!({"why": why, "note": note})
        })
        .collect()
}

fn vectors() -> Value {
    let log = log();
    let checkpoint = Checkpoint { origin: ORIGIN.into(), size: LEAVES, root: log.tree.root() };
    let note = signed(&checkpoint.to_string());
    assert_eq!(Checkpoint::open(&note, &key(), verify), Ok(checkpoint.clone()));
    assert_eq!(open(&note, &key(), verify), Ok(checkpoint.to_string().as_str()));
    let witnessed = format!("{note}\u{2014} witness.example AAAAAAAAAAAA\n");
    assert!(Checkpoint::open(&witnessed, &key(), verify).is_ok());
    let hashes = inclusion_proof(&log.tree, &log.kept, 300, LEAVES).unwrap();
    let alone = LogProof { extra: None, index: 300, hashes, checkpoint: note.clone() };
    assert_eq!(LogProof::parse(&alone.to_string()), Ok(alone.clone()));
    json!({
        "about": "Bytes are base64url without padding. Record i: r, salt = SHA-256(32 zero bytes then 'r i' or 'salt i'); facts 'facts of record i'; evidence 'evidence of record i'.",
        "leaves": leaves(),
        "inclusion": inclusions(&log),
        "consistency": consistencies(&log),
        "log_key": key().to_string(),
        "checkpoint": {"origin": ORIGIN, "size": LEAVES, "root": b64(&checkpoint.root.0), "text": checkpoint.to_string()},
        "accepted_notes": [note, witnessed],
        "refused_notes": refused_notes(&note),
        "log_proof": alone.to_string(),
    })
}

#[test]
fn the_golden_vectors_are_what_this_code_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/tlog.json");
    let made = format!("{:#}\n", vectors());
    if std::env::var_os("YINXIN_BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), made);
}
