//! How a report is written, in each of its forms.

use roster::{Dimension, Period};
use site::Goal;

use crate::report::figures::Level;
use crate::report::sheet::{Row, Sheet, grouped};
use crate::report::{csv, json, svg, table};

fn row(level: Level, name: &str, [enrolled, ever, used]: [Option<u64>; 3]) -> Row {
    Row {
        level,
        district: "cms".into(),
        code: if matches!(level, Level::Part(_)) { "s-1".into() } else { String::new() },
        name: name.into(),
        enrolled,
        eligible: enrolled,
        ever: vec![ever, None],
        used: vec![used, None],
        goal: None,
    }
}

fn sheet() -> Sheet {
    let goal = Some(Goal { cards: 3000, by: Some(jiff::civil::date(2027, 6, 30)) });
    Sheet {
        library: "Example <Public> Library".into(),
        period: Period::parse("2026-11").unwrap(),
        complete: false,
        as_of: "2026-11-25 18:26 America/New_York".into(),
        by: Some(Dimension::School),
        clients: vec!["overdrive".into()],
        rows: vec![
            row(Level::All, "All districts", [Some(12_345), Some(1234), Some(99)]),
            Row { goal, ..row(Level::District, "CMS", [Some(12_345), Some(1234), Some(99)]) },
            row(Level::Part(Dimension::School), "=cmd|'/c calc'!A1", [Some(400), Some(24), None]),
            row(Level::Part(Dimension::School), "<script>\"A\" & B</script>", [None, None, None]),
        ],
        notes: vec!["cms: something is amiss".into()],
    }
}

#[test]
fn the_table_marks_what_is_withheld_and_says_how_far_the_goal_is() {
    let text = table::write(&sheet());
    let line = |name: &str| text.lines().find(|line| line.trim_start().starts_with(name)).unwrap().to_owned();
    let cells = |name: &str| line(name).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(cells("CMS"), ["CMS", "12,345", "12,345", "1,234", "99", "3,000", "2027-06-30", "41", "%", "*", "*"]);
    assert_eq!(line("=cmd").split_whitespace().skip(2).collect::<Vec<_>>(), ["400", "400", "24", "*", "*", "*"]);
    assert!(text.starts_with("Example <Public> Library: use by school, 2026-11 (not over yet)\n"), "{text}");
    assert!(text.contains("* withheld: fewer than 10 people") && text.contains("cms: something is amiss"));
}

#[test]
fn a_spreadsheet_takes_no_schools_name_for_a_formula() {
    let text = csv::write(&sheet());
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with("goal_percent,used_ever:overdrive,used_in_period:overdrive"), "{}", lines[0]);
    assert_eq!(lines[2], "2026-11,district,cms,,CMS,12345,12345,1234,99,3000,2027-06-30,41,withheld,withheld");
    assert!(lines[3].starts_with("2026-11,school,cms,s-1,'=cmd|'/c calc'!A1,400,400,24,withheld,"), "{}", lines[3]);
}

#[test]
fn in_json_what_is_withheld_is_null() {
    let value: serde_json::Value = serde_json::from_str(&json::write(&sheet())).unwrap();
    assert_eq!(value["complete"], false);
    assert_eq!(value["rows"][1]["goal"], serde_json::json!({ "cards": 3000, "by": "2027-06-30", "percent": 41 }));
    let school = &value["rows"][2];
    assert_eq!(
        (&school["level"], &school["code"], &school["used_ever"]),
        (&"school".into(), &"s-1".into(), &24.into())
    );
    assert!(school["used_in_period"].is_null() && school["clients"]["overdrive"]["used_ever"].is_null());
}

#[test]
fn the_picture_runs_nothing_and_says_in_words_what_it_shows() {
    let text = svg::write(&sheet());
    assert!(
        !text.contains("<script>") && text.contains("&lt;script&gt;&quot;A&quot; &amp; B&lt;/script&gt;"),
        "{text}"
    );
    assert!(text.contains("role=\"img\" aria-labelledby=\"title desc\""));
    assert!(text.contains("All districts: eligible: 12,345; used ever: 1,234; used in 2026-11: 99."));
    // Of the second school nothing is told: two hatched bars, each with its word, and the word for who may.
    assert_eq!(text.matches("B&lt;/script&gt;: withheld used").count(), 2);
    assert_eq!(text.matches("class=\"withheld\"").count(), 1 + 1 + 2);
}

#[test]
fn a_picture_of_nothing_is_still_one() {
    let mut empty = sheet();
    empty.rows.truncate(1);
    empty.by = None;
    assert!(svg::write(&empty).ends_with("</svg>\n"));
}

#[test]
fn large_numbers_are_grouped() {
    assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
}
