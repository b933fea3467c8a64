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

#[test]
fn payments_that_come_by_chance_are_timed_from_when_they_should_have_been_sent() {
    let words = ["open", "--people", "20", "--clients", "8", "--seconds", "0.4", "--rounds", "1", "--json"];
    let told = bench(&words);
    assert!(
        number(&told, "p50_ms") <= number(&told, "p99_ms")
            && number(&told, "p99_ms") <= number(&told, "p999_ms")
    );
    assert!(number(&told, "offered_per_s") < number(&told, "saturation_per_s"));
    assert_eq!(told["outcomes"].as_object().unwrap().keys().collect::<Vec<_>>(), ["posted"]);
}

#[test]
fn books_that_were_filled_in_part_are_filled_on_and_measured_against_empty_ones() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("full");
    let data = data.display().to_string();
    let grow = |people: &str, payments: &str| {
        let size = ["growth", "--people", people, "--payments", payments, "--payers", "5", "--clients", "2"];
        bench(&[&size[..], &["--seconds", "0.2", "--rounds", "1", "--data", &data, "--json"]].concat())
    };
    let first = grow("10", "20");
    let second = grow("30", "120");
    // Each of 30 people: opened, requested, issued, activated, tap, money; and four payments.
    assert!(number(&second, "records") >= 300.0, "{second}");
    assert!(number(&second, "records") > number(&first, "records"));
    assert!(number(&second, "ready_ms") > 0.0 && number(&second, "disk_mib") > 0.0);
    assert_eq!(second["ratios"].as_array().unwrap().len(), 2);
}

#[test]
fn each_operation_with_a_certificate_has_its_cost() {
    let told = bench(&["pki", "--seconds", "0.02", "--json"]);
    for name in ["sign", "verify", "issue", "ocsp_answer", "crl_of_1000"] {
        assert!(number(&told["us"], name) > 0.0, "{name} in {told}");
    }
    assert!(number(&told["us"], "crl_of_1000") > number(&told["us"], "crl_empty"));
}
