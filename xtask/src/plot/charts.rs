//! One function for each plot.

use super::Results;
use super::svg::{Anchor, Drawing, WIDTH, number};
use serde_json::Value;

/// Where bars begin.
const LEFT: f64 = 300.0;
/// Where the longest one ends.
const RIGHT: f64 = WIDTH - 110.0;
/// From one row to the next.
const STEP: f64 = 30.0;
/// Height of a bar.
const BAR: f64 = 16.0;

/// A plot.
pub(super) struct Chart {
    /// Its file's name.
    pub(super) name: &'static str,
    /// What it shows.
    pub(super) title: &'static str,
    /// The file.
    pub(super) svg: String,
}

/// The plots that the results allow.
pub(super) fn all(results: &Results) -> Vec<Chart> {
    let chart = |name, title, svg: Option<String>| svg.map(|svg| Chart { name, title, svg });
    let charts = [
        chart("ratios", "Ratios to hold: how far each is from its bound", ratios(results)),
        chart("payment", "Where the processor's time goes, µs a payment", payment(results)),
        chart("rates", "Rates, each pair from one interleaved run, a second", rates(results)),
        chart("latency", "Latency when payments come by chance at half of saturation, ms", latency(results)),
        chart(
            "certificates",
            "One operation with a certificate, µs on one core (logarithmic)",
            certificates(results),
        ),
    ];
    charts.into_iter().flatten().collect()
}

/// A row: its label, its bar from `LEFT`, its value.
fn row(drawing: &mut Drawing, label: &str, (share, class): (f64, &str), value: &str) {
    let y = drawing.y;
    drawing.text((LEFT - 14.0, y + 13.0), Anchor::End, "ink s", label);
    drawing.bar((LEFT, y), (RIGHT - LEFT, BAR), "rail");
    let width = (RIGHT - LEFT) * share.clamp(0.0, 1.0);
    drawing.bar((LEFT, y), (width, BAR), class);
    drawing.text((RIGHT + 12.0, y + 13.0), Anchor::Start, "ink n", value);
    drawing.y += STEP;
}

/// Every ratio of every result, as a part of its bound: right of the line is good.
fn ratios(results: &Results) -> Option<String> {
    // The bound lies in the middle; twice as good reaches the end.
    const WIDEST: f64 = 2.0;
    let mut drawing = Drawing::new("Ratios to hold: how far each is from its bound");
    let top = drawing.y;
    for ratio in super::tables::ratios(results) {
        let good = |bound: f64| if ratio.more { ratio.value / bound } else { bound / ratio.value };
        let class = match ratio.verdict.as_str() {
            "reached" => "pine",
            "held" => "gold",
            _ => "seal",
        };
        let y = drawing.y;
        row(&mut drawing, &ratio.name, (good(ratio.hold) / WIDEST, class), &number(ratio.value));
        let reach = if ratio.more { ratio.reach / ratio.hold } else { ratio.hold / ratio.reach };
        let x = LEFT + (RIGHT - LEFT) * (reach / WIDEST).min(1.0);
        drawing.down(x, (y - 3.0, y + BAR + 3.0), "dash");
    }
    if drawing.y <= top {
        return None;
    }
    let x = LEFT + (RIGHT - LEFT) / WIDEST;
    let bottom = drawing.y;
    drawing.down(x, (top - 8.0, bottom), "line");
    drawing.text((x, bottom + 16.0), Anchor::Middle, "soft s", "hold");
    drawing.text((RIGHT, bottom + 16.0), Anchor::End, "soft s", "right is better; dashed: reach");
    drawing.y += 20.0;
    Some(drawing.finish())
}

fn payment(results: &Results) -> Option<String> {
    let of = |member: &str| results.number("pay", member);
    let (verify, server) = (of("verify_us")?, of("server_cpu_us_per_payment")?);
    let (writer, generator) = (of("writer_cpu_us_per_payment")?, of("generator_cpu_us_per_payment")?);
    let rest = (server - verify - writer).max(0.0);
    let widest = server.max(verify).max(generator);
    let mut drawing = Drawing::new("Where the processor's time goes, µs a payment");
    let parts = [
        ("one bare verification", verify, "sky"),
        ("the server, a whole payment", server, "pine"),
        ("   of which its verification", verify, "sky"),
        ("   of which the writer: book, tree, journal", writer, "seal"),
        ("   of which TLS, HTTP, text, views and desk", rest, "gold"),
        ("the load generator, beside it", generator, "soft"),
    ];
    for (label, us, class) in parts {
        row(&mut drawing, label.trim_start(), (us / widest, class), &number(us));
    }
    Some(drawing.finish())
}

/// Pairs of rates that were measured in turn.
fn rates(results: &Results) -> Option<String> {
    let pairs = [
        ("pay", [("bare verifications", "bare_verify_per_s", "sky"), ("payments", "payments_per_s", "pine")]),
        (
            "growth",
            [("empty books", "empty_payments_per_s", "sky"), ("full books", "full_payments_per_s", "pine")],
        ),
        (
            "pay-postgres",
            [("SQLite", "sqlite_payments_per_s", "sky"), ("PostgreSQL", "payments_per_s", "pine")],
        ),
        (
            "pgbench",
            [("pgbench TPC-B -c 16", "pgbench_per_s", "sky"), ("payments", "payments_per_s", "pine")],
        ),
    ];
    let mut drawing = Drawing::new("Rates, each pair from one interleaved run, a second");
    let top = drawing.y;
    for (name, bars) in pairs {
        let values: Vec<_> = bars
            .iter()
            .filter_map(|(label, member, class)| Some((*label, results.number(name, member)?, *class)))
            .collect();
        let widest = values.iter().map(|(_, value, _)| *value).fold(0.0, f64::max);
        for (label, value, class) in &values {
            row(&mut drawing, label, (value / widest, class), &number(*value));
        }
        if !values.is_empty() {
            drawing.y += 14.0;
        }
    }
    (drawing.y > top).then(|| drawing.finish())
}

fn latency(results: &Results) -> Option<String> {
    // Milliseconds at the right end: a little beyond the bound of the 99th of a hundred.
    const WIDEST_MS: f64 = 20.0;
    let mut drawing = Drawing::new("Latency when payments come by chance at half of saturation, ms");
    let rows = [
        ("half of them (p50)", "p50_ms", Some(2.0)),
        ("nine of ten (p90)", "p90_ms", None),
        ("99 of a hundred (p99)", "p99_ms", Some(15.0)),
        ("999 of a thousand (p99.9)", "p999_ms", None),
    ];
    for (label, member, hold) in rows {
        let ms = results.number("open", member)?;
        let y = drawing.y;
        let class = if hold.is_some_and(|hold| ms > hold) { "seal" } else { "pine" };
        row(&mut drawing, label, (ms / WIDEST_MS, class), &number(ms));
        if let Some(hold) = hold {
            drawing.down(LEFT + (RIGHT - LEFT) * hold / WIDEST_MS, (y - 4.0, y + BAR + 4.0), "line");
        }
    }
    drawing.text(
        (RIGHT, drawing.y + 14.0),
        Anchor::End,
        "soft s",
        "lines: what has to hold; the rail ends at 20 ms",
    );
    drawing.y += 18.0;
    Some(drawing.finish())
}

fn certificates(results: &Results) -> Option<String> {
    const NAMES: [(&str, &str); 9] = [
        ("sign", "sign a text"),
        ("make_key", "make a key"),
        ("parse_key", "parse a public key"),
        ("verify", "verify a signature"),
        ("request", "make a request (PKCS#10)"),
        ("issue", "issue: lay out, check, sign, read back"),
        ("ocsp_answer", "answer for a status (OCSP)"),
        ("crl_empty", "an empty revocation list"),
        ("crl_of_1000", "a revocation list of 1,000"),
    ];
    let us = results.of("pki")?.get("us")?;
    let values: Vec<(&str, f64)> = NAMES
        .iter()
        .filter_map(|(name, label)| Some((*label, us.get(name).and_then(Value::as_f64)?.max(1.0))))
        .collect();
    let widest = values.iter().map(|(_, us)| us.log10()).fold(1.0, f64::max);
    let mut drawing = Drawing::new("One operation with a certificate, µs on one core (logarithmic)");
    for (label, us) in &values {
        row(&mut drawing, label, (us.log10() / widest, "pine"), &number(*us));
    }
    Some(drawing.finish())
}
