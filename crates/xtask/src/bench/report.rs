//! The table: what was measured, its bar, and whether it is met.

use std::fmt::{self, Display};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const BEGIN: &str = "<!-- cargo xtask bench --write: begin -->";
const END: &str = "<!-- cargo xtask bench --write: end -->";

/// What must be reached.
#[derive(Clone, Copy, Debug)]
pub enum Bar {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

/// One line of the table.
#[derive(Debug)]
pub struct Line {
    what: String,
    bar: Bar,
    figure: f64,
    detail: String,
}

impl Line {
    /// A figure and its bar.
    pub fn new(what: impl Into<String>, bar: Bar, figure: f64) -> Self {
        Self { what: what.into(), bar, figure, detail: String::new() }
    }

    /// What the figure comes from.
    #[must_use]
    pub fn detail(self, detail: String) -> Self {
        Self { detail, ..self }
    }

    /// Whether the bar is met.
    pub fn is_met(&self) -> bool {
        match self.bar {
            Bar::AtLeast(least) => self.figure >= least,
            Bar::AtMost(most) => self.figure <= most,
        }
    }
}

impl Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, detail, .. } = self;
        let (sign, bar) = match self.bar {
            Bar::AtLeast(least) => (">=", least),
            Bar::AtMost(most) => ("<=", most),
        };
        let met = if self.is_met() { "pass" } else { "**FAIL**" };
        write!(f, "| {what} | {sign} {bar} | {} | {met} | {detail} |", short(self.figure))
    }
}

/// As many digits as are worth reading.
fn short(figure: f64) -> String {
    if figure < 10.0 {
        format!("{figure:.2}")
    } else if figure < 1_000.0 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.0}")
    }
}

/// The table as Markdown, with the machine, the day and the commit. `busy` is the load before the first measurement:
/// what others do on these cores is in every figure that is no ratio.
pub fn table(lines: &[Line], commit: &str, busy: &str) -> String {
    let mut text = format!(
        "{}, commit {}, on {}; load before {busy}.\n\n| What | Bar | Figure | | Detail |\n|---|--:|--:|---|---|\n",
        jiff::Timestamp::now().strftime("%F"),
        commit.trim(),
        machine()
    );
    for line in lines {
        text.push_str(&format!("{line}\n"));
    }
    text
}

/// Puts the table between its marks, and leaves the rest of the page alone.
pub fn write(page: &Path, table: &str) -> Result<()> {
    let text = fs::read_to_string(page).unwrap_or_else(|_| format!("# Benchmarks\n\n{BEGIN}\n{END}\n"));
    let (before, rest) = text.split_once(BEGIN).with_context(|| format!("{} has no `{BEGIN}`", page.display()))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{} has no `{END}`", page.display()))?;
    fs::write(page, format!("{before}{BEGIN}\n{table}{END}{after}")).with_context(|| format!("{}", page.display()))
}

/// How many threads wanted to run in the last minute.
pub fn load_average() -> String {
    let average = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    average.split_once(' ').map_or("unknown", |(minute, _)| minute).to_owned()
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unnamed processor", |(_, name)| name);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores of {model}, Linux {}", kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_met_at_the_bar_and_never_by_nothing() {
        assert!(Line::new("", Bar::AtLeast(0.65), 0.65).is_met());
        assert!(!Line::new("", Bar::AtMost(2.0), 2.01).is_met());
        assert!(!Line::new("", Bar::AtMost(2.0), f64::NAN).is_met());
    }

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("BENCHMARKS.md");
        fs::write(&page, format!("before\n{BEGIN}\nold\n{END}\nafter\n")).unwrap();
        write(&page, "new\n").unwrap();
        assert_eq!(fs::read_to_string(&page).unwrap(), format!("before\n{BEGIN}\nnew\n{END}\nafter\n"));
    }
}
