//! A report for a program.

use serde_json::{Map, Value, json};

use crate::report::figures::Level;
use crate::report::sheet::{Row, Sheet};

/// The report as JSON; a count that is withheld is null.
pub fn write(sheet: &Sheet) -> String {
    let rows: Vec<Value> = sheet.rows.iter().map(|row| line(sheet, row)).collect();
    let report = json!({
        "library": sheet.library,
        "period": sheet.period.to_string(),
        "complete": sheet.complete,
        "as_of": sheet.as_of,
        "by": sheet.by_name(),
        "withheld": "null: fewer than 10 people, or a count from which so few could be worked out",
        "rows": rows,
        "notes": sheet.notes,
    });
    format!("{report:#}\n")
}

fn line(sheet: &Sheet, row: &Row) -> Value {
    let level = match row.level {
        Level::All => "all",
        Level::District => "district",
        Level::Part(_) => sheet.by_name(),
    };
    let mut clients = Map::new();
    let each = row.ever.iter().zip(&row.used).skip(1);
    for (client, (ever, used)) in sheet.clients.iter().zip(each) {
        clients.insert(client.clone(), json!({ "used_ever": ever, "used_in_period": used }));
    }
    let goal = row.goal.map(|goal| {
        let by = goal.by.map(|day| day.to_string());
        json!({ "cards": goal.cards, "by": by, "percent": row.percent_of_goal() })
    });
    json!({
        "level": level,
        "district": row.district,
        "code": row.code,
        "name": row.name,
        "enrolled": row.enrolled,
        "eligible": row.eligible,
        "used_ever": row.ever_anywhere(),
        "used_in_period": row.used_anywhere(),
        "clients": clients,
        "goal": goal,
    })
}
