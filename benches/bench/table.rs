//! Prints tables of results, and computes medians.

use std::fmt;

/// One line: a figure, and what is wanted of it.
struct Row {
    what: String,
    figure: String,
    wanted: String,
    verdict: &'static str,
}

/// All lines.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

/// What a figure has to reach.
#[derive(Clone, Copy)]
pub enum Wanted {
    AtLeast(f64),
    AtMost(f64),
}

impl Table {
    /// A figure for information.
    pub fn note(&mut self, what: impl Into<String>, figure: impl Into<String>) {
        let (what, figure) = (what.into(), figure.into());
        self.rows.push(Row { what, figure, wanted: String::new(), verdict: "" });
    }

    /// A figure that has to reach something.
    pub fn require(&mut self, what: impl Into<String>, figure: f64, unit: &str, wanted: Wanted) {
        let (holds, sign, limit) = match wanted {
            Wanted::AtLeast(limit) => (figure >= limit, "≥", limit),
            Wanted::AtMost(limit) => (figure <= limit, "≤", limit),
        };
        self.rows.push(Row {
            what: what.into(),
            figure: format!("{figure:.2}{unit}"),
            wanted: format!("{sign} {limit}{unit}"),
            verdict: if holds { "holds" } else { "MISSED" },
        });
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |of: fn(&Row) -> &str| self.rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0);
        let (what, figure, wanted) = (width(|row| &row.what), width(|row| &row.figure), width(|row| &row.wanted));
        for row in &self.rows {
            let line = format!("{:what$}  {:figure$}  {:wanted$}  {}", row.what, row.figure, row.wanted, row.verdict);
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// The middle one; of an even number the upper.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// `12,345`
pub fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
