//! A report for a spreadsheet.

use crate::report::figures::Level;
use crate::report::sheet::{Count, Sheet};

/// The report as comma-separated values with a header; a count that is withheld says so.
pub fn write(sheet: &Sheet) -> String {
    let mut lines = vec![header(sheet)];
    for row in &sheet.rows {
        let level = match row.level {
            Level::All => "all",
            Level::District => "district",
            Level::Part(_) => sheet.by_name(),
        };
        let goal = row.goal.as_ref();
        let percent = goal.map(|_| row.percent_of_goal().map_or("withheld".to_owned(), |of| of.to_string()));
        let mut cells = vec![
            sheet.period.to_string(),
            level.to_owned(),
            row.district.clone(),
            text(&row.code),
            text(&row.name),
            count(row.enrolled),
            count(row.eligible),
            count(row.ever_anywhere()),
            count(row.used_anywhere()),
            goal.map(|goal| goal.cards.to_string()).unwrap_or_default(),
            goal.and_then(|goal| goal.by).map(|day| day.to_string()).unwrap_or_default(),
            percent.unwrap_or_default(),
        ];
        for (ever, used) in row.ever.iter().zip(&row.used).skip(1) {
            cells.extend([count(*ever), count(*used)]);
        }
        lines.push(cells);
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        // Writing to memory cannot fail, and all lines are of one length.
        let _ = writer.write_record(line);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn header(sheet: &Sheet) -> Vec<String> {
    let fixed = ["period", "level", "district", "code", "name", "enrolled", "eligible", "used_ever", "used_in_period"];
    let mut cells = fixed.map(str::to_owned).to_vec();
    cells.extend(["goal", "goal_by", "goal_percent"].map(str::to_owned));
    for client in &sheet.clients {
        cells.extend([format!("used_ever:{client}"), format!("used_in_period:{client}")]);
    }
    cells
}

fn count(count: Count) -> String {
    count.map_or("withheld".to_owned(), |people| people.to_string())
}

/// A school's name comes from outside: a spreadsheet must not take it for a formula.
fn text(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
