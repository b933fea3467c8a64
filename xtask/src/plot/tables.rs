//! What was measured, as tables of the page.

use super::Results;
use super::svg::number;
use serde_json::Value;
use std::fmt::Write as _;

/// A ratio as it was recorded.
pub(super) struct Ratio {
    /// What it is.
    pub(super) name: String,
    /// What was measured.
    pub(super) value: f64,
    /// Whether more is better.
    pub(super) more: bool,
    /// What has to hold.
    pub(super) hold: f64,
    /// What is aimed at.
    pub(super) reach: f64,
    /// `missed`, `held` or `reached`.
    pub(super) verdict: String,
}

/// Every ratio that was recorded.
pub(super) fn ratios(results: &Results) -> Vec<Ratio> {
    const ORDER: [&str; 5] = ["pay", "growth", "pgbench", "pay-postgres", "open"];
    let mut found = Vec::new();
    for name in ORDER {
        let recorded = results.of(name).and_then(|result| result.get("ratios")?.as_array());
        for ratio in recorded.into_iter().flatten() {
            let is_of_other_run = name == "pay-postgres" && !text(ratio, "name").contains("PostgreSQL");
            if !is_of_other_run {
                found.push(Ratio::read(ratio));
            }
        }
    }
    found
}

impl Ratio {
    fn read(ratio: &Value) -> Self {
        let of = |member: &str| ratio.get(member).and_then(Value::as_f64).unwrap_or(0.0);
        Self {
            name: text(ratio, "name"),
            value: of("value"),
            more: text(ratio, "good") == "more",
            hold: of("hold"),
            reach: of("reach"),
            verdict: text(ratio, "verdict"),
        }
    }
}

fn text(of: &Value, member: &str) -> String {
    of.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The plots and the tables.
pub(super) fn all(results: &Results, plots: &[(&str, &str)]) -> String {
    let mut page = String::new();
    for (name, title) in plots {
        let _ = writeln!(page, "![{title}](benchmarks/{name}.svg)\n");
    }
    let _ = writeln!(page, "| ratio | measured | hold | reach | |\n|---|---|---|---|---|");
    for ratio in ratios(results) {
        let bound = |bound: f64| format!("{} {bound}", if ratio.more { "≥" } else { "≤" });
        let (hold, reach) = (bound(ratio.hold), bound(ratio.reach));
        let _ = writeln!(
            page,
            "| {} | {} | {hold} | {reach} | {} |",
            ratio.name,
            number(ratio.value),
            ratio.verdict
        );
    }
    page.push('\n');
    figures(&mut page, results);
    page.push('\n');
    sources(&mut page, results);
    page
}

fn figures(page: &mut String, results: &Results) {
    const ROWS: [(&str, &str, &str, &str); 15] = [
        ("pay", "bare_verify_per_s", "bare P-256 verifications on all cores", "/s"),
        ("pay", "payments_per_s", "durable signed payments over HTTPS", "/s"),
        ("pay", "verify_us", "one verification", "µs"),
        ("pay", "server_cpu_us_per_payment", "the server's processor time, a payment", "µs"),
        ("pay", "writer_cpu_us_per_payment", "of which the writer's", "µs"),
        ("pay", "p50_ms", "closed loop at saturation, p50", "ms"),
        ("pay", "p99_ms", "closed loop at saturation, p99", "ms"),
        ("open", "offered_per_s", "open loop, offered", "/s"),
        ("growth", "records", "records of the full books", ""),
        ("growth", "ready_ms", "from the start of the process to its first healthy answer, full books", "ms"),
        ("growth", "full_resident_mib", "memory of a server with full books", "MiB"),
        ("growth", "resident_bytes_per_person", "of which a person with account and certificate", "B"),
        ("growth", "disk_mib", "full books on the disk", "MiB"),
        ("pki", "certificate_bytes", "a payment certificate", "B"),
        ("pki", "ocsp_answer_bytes", "an OCSP answer", "B"),
    ];
    let _ = writeln!(page, "| what | figure |\n|---|---|");
    for (name, member, label, unit) in ROWS {
        if let Some(value) = results.number(name, member) {
            let _ = writeln!(page, "| {label} | {} {unit} |", number(value));
        }
    }
    let memory = results.of("pay").and_then(|pay| pay.get("memory_bytes"));
    let rows = [
        ("person", "one book, a person with account"),
        ("certificate", "one book, a certificate"),
        ("command", "one book, a command that is not a payment, remembered for a day"),
    ];
    for (member, label) in rows {
        if let Some(value) = memory.and_then(|memory| memory.get(member)?.as_f64()) {
            let _ = writeln!(page, "| {label} | {} B |", number(value));
        }
    }
}

fn sources(page: &mut String, results: &Results) {
    let _ = writeln!(page, "| result | command | commit | machine |\n|---|---|---|---|");
    for (name, result) in results.all() {
        let machine = result.get("machine").cloned().unwrap_or_default();
        let of = |member: &str| machine.get(member).and_then(Value::as_u64).unwrap_or(0);
        let _ = writeln!(
            page,
            "| [{name}](../bench/results/{name}.json) | `yinxin {}` | {} | {}, {} cores, {} MiB, {} |",
            text(result, "command"),
            text(result, "commit"),
            text(&machine, "cpu"),
            of("cores"),
            of("memory_mib"),
            text(&machine, "kernel"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_table_has_each_ratio_with_its_bounds_from_the_good_side() {
        let ratio = json!({"name": "a ÷ b", "value": 0.5, "good": "less", "hold": 0.6, "reach": 0.4, "verdict": "held"});
        let results =
            Results(vec![("pay".to_owned(), json!({"ratios": [ratio], "payments_per_s": 16_712.2}))]);
        let page = all(&results, &[("ratios", "Ratios")]);
        assert!(page.contains("| a ÷ b | 0.500 | ≤ 0.6 | ≤ 0.4 | held |"), "{page}");
        assert!(page.contains("16,712 /s") && page.contains("![Ratios](benchmarks/ratios.svg)"), "{page}");
    }
}
