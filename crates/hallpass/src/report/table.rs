//! A report for a terminal.

use crate::report::figures::Level;
use crate::report::sheet::{Count, Sheet, grouped};

/// The mark of what is withheld.
const WITHHELD: &str = "*";

/// The report as lines of text.
pub fn write(sheet: &Sheet) -> String {
    let mut lines = vec![header(sheet)];
    let goals = sheet.rows.iter().any(|row| row.goal.is_some());
    for row in &sheet.rows {
        let indent = match row.level {
            Level::All => "",
            Level::District => "  ",
            Level::Part(_) => "    ",
        };
        let mut cells = vec![format!("{indent}{}", row.name)];
        cells.extend([row.enrolled, row.eligible, row.ever_anywhere(), row.used_anywhere()].map(count));
        if goals {
            let percent = row.goal.map(|_| row.percent_of_goal().map_or(WITHHELD.to_owned(), |of| format!("{of} %")));
            let by = row.goal.and_then(|goal| goal.by).map(|day| day.to_string());
            cells.push(row.goal.map(|goal| grouped(goal.cards)).unwrap_or_default());
            cells.extend([by.unwrap_or_default(), percent.unwrap_or_default()]);
        }
        for (ever, used) in row.ever.iter().zip(&row.used).skip(1) {
            cells.extend([count(*ever), count(*used)]);
        }
        lines.push(cells);
    }
    let mut text = format!(
        "{}: use by {}, {}\nEnrolled and eligible as of {}.\n\n",
        sheet.library,
        sheet.by_name(),
        sheet.period_words(),
        sheet.as_of
    );
    text.push_str(&aligned(&lines));
    text.push_str(
        "\n* withheld: fewer than 10 people, or a count from which so few could be worked out.\nA person is counted once \
         in a period, at the school, grade and role of the first use in it.\n",
    );
    for note in &sheet.notes {
        text.push_str(note);
        text.push('\n');
    }
    text
}

fn header(sheet: &Sheet) -> Vec<String> {
    let period = sheet.period;
    let mut cells = ["", "enrolled", "eligible", "used ever"].map(str::to_owned).to_vec();
    cells.push(format!("used {period}"));
    if sheet.rows.iter().any(|row| row.goal.is_some()) {
        cells.extend(["goal", "by", "reached"].map(str::to_owned));
    }
    for client in &sheet.clients {
        cells.extend([format!("{client} ever"), format!("{client} {period}")]);
    }
    cells
}

fn count(count: Count) -> String {
    count.map_or(WITHHELD.to_owned(), grouped)
}

/// The first column to the left, the others to the right.
fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let mut padded = String::new();
        for ((cell, width), column) in line.iter().zip(&widths).zip(0..) {
            padded.push_str(&if column == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") });
        }
        text.push_str(padded.trim_end());
        text.push('\n');
    }
    text
}
