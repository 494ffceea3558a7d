//! A delta of 500 changes on a district of 147,000 students, beside the bulk that it builds on.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::district::{DISTRICT, District, PLAIN};
use super::pairs::median;
use super::report::{Bar, Line};
use super::sync::sync;
use crate::paths::Paths;

/// As many as Charlotte has (design.md, section 1).
const STUDENTS: u32 = 147_000;
const CHANGES: usize = 500;
/// Every so many of the changes somebody leaves.
const LEAVES: usize = 10;
const DELTAS: usize = 3;

/// Measures the row.
pub async fn measure(paths: &Paths) -> Result<Vec<Line>> {
    let district = District::prepare(paths, "bench-delta", STUDENTS).await?;
    let bundle = district.bundle(paths, PLAIN).await?;
    let inbox = district.site().join("inbox");
    fs::create_dir(&inbox)?;
    for entry in fs::read_dir(&bundle)? {
        let entry = entry?;
        fs::copy(entry.path(), inbox.join(entry.file_name()))?;
    }
    district.take_bundle(&inbox)?;
    let file = district.site().join(format!("districts/{DISTRICT}.toml"));
    let text = fs::read_to_string(&file)?;
    fs::write(file, text.replace("after = \"keep\"", "after = \"delete\"\ndelta = true"))?;

    let (bulk, _) = sync(paths, &district).await?;
    let (mut seconds, mut peak) = (Vec::new(), 0);
    for number in 0..DELTAS {
        write_delta(&bundle, &inbox, number)?;
        let (elapsed, anonymous) = sync(paths, &district).await?;
        seconds.push(elapsed.as_secs_f64());
        peak = peak.max(anonymous);
    }
    let what = format!("Delta of {CHANGES} changes on {STUDENTS} students");
    let slowest = seconds.iter().copied().fold(0.0, f64::max);
    let beside = format!("median of {DELTAS}, slowest {slowest:.2}; the bulk took {:.2}", bulk.as_secs_f64());
    Ok(vec![
        Line::new(format!("{what}: seconds"), Bar::AtMost(5.0), median(seconds.iter().copied())).detail(beside),
        Line::new("its memory: MiB RssAnon", Bar::AtMost(128.0), peak as f64 / f64::from(1 << 20))
            .detail(format!("the peak of {DELTAS}")),
    ])
}

/// Writes rows of a bulk as a delta, others for each `number`.
fn write_delta(bundle: &Path, inbox: &Path, number: usize) -> Result<()> {
    let users = fs::read_to_string(bundle.join("users.csv"))?;
    let mut rows = users.lines();
    let mut delta = rows.next().context("users.csv has no header")?.to_owned() + "\r\n";
    for (at, row) in rows.skip(number * CHANGES).take(CHANGES).enumerate() {
        let key = row.split(',').next().unwrap_or_default();
        delta += &match at % LEAVES {
            0 => format!("{key},tobedeleted,2026-11-25T10:00:00.000Z\r\n"),
            _ => row.replacen(",,,true,", ",active,2026-11-25T10:00:00.000Z,false,", 1) + "\r\n",
        };
    }
    fs::write(inbox.join("users.csv"), delta)?;
    let manifest = "propertyName,value\r\nmanifest.version,1.0\r\noneroster.version,1.1\r\nfile.users,delta\r\n\
                    file.orgs,absent\r\nfile.demographics,absent\r\n";
    Ok(fs::write(inbox.join("manifest.csv"), manifest)?)
}
