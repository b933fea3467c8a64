//! Plain SVG in the colours of the other drawings, light and dark.

use std::fmt::Write as _;

/// Width of every drawing.
pub(super) const WIDTH: f64 = 860.0;

/// A drawing that grows downwards.
pub(super) struct Drawing {
    title: String,
    body: String,
    /// Where the next row begins.
    pub(super) y: f64,
}

/// Where a text stands against its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    /// Begins there.
    Start,
    /// Ends there.
    End,
    /// Has its middle there.
    Middle,
}

impl Anchor {
    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::End => "end",
            Self::Middle => "middle",
        }
    }
}

impl Drawing {
    /// An empty one with its title.
    pub(super) fn new(title: &str) -> Self {
        let mut drawing = Self { title: title.to_owned(), body: String::new(), y: 78.0 };
        drawing.text((32.0, 42.0), Anchor::Start, "ink h", title);
        drawing
    }

    /// A text of one line.
    pub(super) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let text = escaped(text);
        let anchor = anchor.word();
        let _ = writeln!(
            self.body,
            r#"  <text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"#
        );
    }

    /// A box that begins at `x`, `y`.
    pub(super) fn bar(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str) {
        let width = width.max(1.0);
        let _ = writeln!(
            self.body,
            r#"  <rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="3"/>"#
        );
    }

    /// A line straight down.
    pub(super) fn down(&mut self, x: f64, (from, to): (f64, f64), class: &str) {
        let _ = writeln!(self.body, r#"  <path class="{class}" d="M{x:.1} {from:.1}V{to:.1}"/>"#);
    }

    /// The whole file.
    pub(super) fn finish(self) -> String {
        let height = self.y + 20.0;
        let title = escaped(&self.title);
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0} {height:.0}" role="img" aria-labelledby="t" font-family="ui-sans-serif, system-ui, sans-serif">
  <title id="t">{title}</title>
  <style>{STYLE}  </style>
  <rect class="paper" width="{WIDTH:.0}" height="{height:.0}" rx="16"/>
{}</svg>
"#,
            self.body
        )
    }
}

const STYLE: &str = "
    .paper { fill: #f6f4ee } .ink { fill: #22261f } .soft { fill: #5f655a } .rail { fill: #e6e1d5 }
    .seal { fill: #a8322a } .pine { fill: #2f6b4f } .gold { fill: #a07a1f } .sky { fill: #3c6478 }
    .line { stroke: #5f655a; stroke-width: 1.2; fill: none } .dash { stroke: #5f655a; stroke-width: 1.2; stroke-dasharray: 3 3; fill: none }
    .h { font-size: 17px; font-weight: 600 } .s { font-size: 13px } .n { font-size: 13px; font-variant-numeric: tabular-nums }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #151815 } .ink { fill: #eceae2 } .soft { fill: #a9aea2 } .rail { fill: #2a2f29 }
      .seal { fill: #d0574c } .pine { fill: #4f9a76 } .gold { fill: #c9a24a } .sky { fill: #7aa5ba }
      .line, .dash { stroke: #a9aea2 }
    }
";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A number as people read it: three digits that matter, thousands apart.
pub(super) fn number(value: f64) -> String {
    if value.abs() < 100.0 {
        let digits = if value.abs() < 1.0 {
            3
        } else if value.abs() < 10.0 {
            2
        } else {
            1
        };
        return format!("{value:.digits$}");
    }
    let plain = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in plain.chars().enumerate() {
        if place > 0 && (plain.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_what_matters() {
        for (value, text) in [
            (0.4531, "0.453"),
            (1.75, "1.75"),
            (61.26, "61.3"),
            (999.6, "1,000"),
            (16_712.4, "16,712"),
            (10_000_000.0, "10,000,000"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_drawing_is_well_formed_whatever_it_says() {
        let mut drawing = Drawing::new("a < b & c");
        drawing.bar((0.0, 0.0), (-4.0, 2.0), "pine");
        let svg = drawing.finish();
        assert!(svg.contains("a &lt; b &amp; c") && svg.contains(r#"width="1.0""#));
        assert_eq!(svg.matches("<svg").count(), svg.matches("</svg>").count());
    }
}
