//! The measurement, as its smallest self: what it counts and what it tells.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;
use std::process::Command;

/// Runs `yinxin bench` and reads its last line.
fn bench(words: &[&str]) -> Value {
    let done = Command::new(env!("CARGO_BIN_EXE_yinxin")).arg("bench").args(words).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_str(said.lines().next_back().unwrap()).unwrap()
}

fn number(of: &Value, name: &str) -> f64 {
    of[name].as_f64().unwrap_or_else(|| panic!("no number {name} in {of}"))
}

#[test]
fn a_small_measurement_posts_every_payment_and_tells_the_engine_s_ratios() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pay.json");
    let record = file.display().to_string();
    let words =
        ["pay", "--people", "20", "--clients", "4", "--seconds", "0.4", "--rounds", "1", "--preload", "60"];
    let told = bench(&[&words[..], &["--json", "--record", &record]].concat());
    for name in [
        "bare_verify_per_s",
        "verify_us",
        "payments_per_s",
        "server_cpu_us_per_payment",
        "writer_cpu_us_per_payment",
        "p50_ms",
        "p99_ms",
    ] {
        assert!(number(&told, name) > 0.0, "{name} in {told}");
    }
    assert!(number(&told, "p50_ms") <= number(&told, "p99_ms"));
    assert!(number(&told, "writer_cpu_us_per_payment") < number(&told, "server_cpu_us_per_payment"));
    let outcomes = told["outcomes"].as_object().unwrap();
    assert_eq!(outcomes.keys().collect::<Vec<_>>(), ["posted"]);
    assert!(number(&told["memory_bytes"], "person") > 100.0);
    assert!(number(&told["memory_bytes"], "certificate") > 100.0);
    assert_eq!(told["ratios"].as_array().unwrap().len(), 3);
    assert!(
        told["machine"]["cores"].as_u64().unwrap() > 0
            && told["command"].as_str().unwrap().contains("--people 20")
    );
    let kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(kept, told);
}
