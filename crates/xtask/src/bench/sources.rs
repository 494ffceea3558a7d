//! Other sources than OneRoster's: an LDAP directory of 147,000, whole and by what changed; and a delimited file of a
//! million rows beside what `sqlite3` takes to import it, and OneRoster's own files beside the same.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;
use tokio::time::Instant;

use super::district::{DISTRICT, District, PLAIN};
use super::report::{Bar, Line};
use super::sync::sync;
use crate::paths::Paths;
use crate::slapd::{READER, READERS_PASSWORD, Slapd, entry};

const ENTRIES: u32 = 147_000;
/// Of these, who changed since the last pull.
const CHANGED: u32 = 500;
const ROUNDS: usize = 3;

/// Measures the row: the district's own bundle is the OneRoster one.
pub async fn measure(paths: &Paths, district: &District) -> Result<Vec<Line>> {
    let folder = paths.target.join("bench-sources");
    fs::create_dir_all(&folder)?;
    let mut lines = ldap(paths, district, &folder).await?;

    let roll = folder.join("roll.csv");
    write_roll(&roll, district.students())?;
    let source = "kind = \"delimited\"\nafter = \"keep\"\ndate-format = [\"MM/DD/YYYY\"]\n[source.columns]\nid = \"Student_Number\"\n\
                  grade = \"Grade_Level\"\nschool = \"SchoolID\"\nbirth-date = \"DOB\"\nenabled = \"Enabled\"\n";
    let source = source.replacen("after", &format!("path = \"{}\"\nafter", roll.display()), 1);
    let what = format!("A delimited file of {} rows", district.students());
    lines.extend(beside_sqlite(paths, district, (&what, &source), &[roll]).await?);

    let bundle = district.bundle(paths, PLAIN).await?;
    let source = format!("kind = \"oneroster-csv\"\nafter = \"keep\"\npath = \"{}\"\n", bundle.display());
    let what = format!("OneRoster 1.1 of {} students", district.students());
    let files = ["users.csv", "demographics.csv", "orgs.csv"].map(|name| bundle.join(name));
    lines.extend(beside_sqlite(paths, district, (&what, &source), &files).await?);
    Ok(lines)
}

async fn ldap(paths: &Paths, district: &District, folder: &Path) -> Result<Vec<Line>> {
    if folder.join("slapd").exists() {
        fs::remove_dir_all(folder.join("slapd"))?;
    }
    let more = "employeeNumber: 2012-02-01\nemployeeType: student\ndepartmentNumber: 07\no: School 1\n";
    // The last few were changed in autumn, the others before the summer was over.
    let changed = |number| if number < ENTRIES - CHANGED { "20260801000000Z" } else { "20261102000000Z" };
    let people = (0..ENTRIES).map(|number| {
        entry(&format!("{:07}", 1_000_000 + number), &format!("{more}modifyTimestamp: {}\n", changed(number)))
    });
    let slapd = Slapd::start(&folder.join("slapd"), people).await?;
    let secret = district.site().join("districts/ldap.secret");
    fs::write(&secret, READERS_PASSWORD)?;
    fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let source = format!(
        "kind = \"ldap\"\nurls = [\"ldap://127.0.0.1:{}\"]\nbind-dn = \"{READER}\"\nbind-password-file = \"ldap.secret\"\n\
         base = \"dc=example,dc=org\"\nfilter = \"(objectClass=inetOrgPerson)\"\nafter = \"keep\"\n[source.attributes]\nid = \"uid\"\n\
         role = \"employeeType\"\ngrade = \"departmentNumber\"\nschool = \"o\"\nbirth-date = \"employeeNumber\"\n",
        slapd.port
    );
    let (mut best, mut peak) = (f64::INFINITY, 0);
    for _ in 0..ROUNDS {
        take(district, &source)?;
        let (elapsed, anonymous) = sync(paths, district).await?;
        (best, peak) = (best.min(elapsed.as_secs_f64()), peak.max(anonymous));
    }
    take(district, &source.replacen("after = ", "delta = true\nafter = ", 1))?;
    sync(paths, district).await?;
    let (mut delta, mut delta_peak) = (f64::INFINITY, 0);
    for _ in 0..ROUNDS {
        let (elapsed, anonymous) = sync(paths, district).await?;
        (delta, delta_peak) = (delta.min(elapsed.as_secs_f64()), delta_peak.max(anonymous));
    }
    slapd.end().await?;
    Ok(vec![
        Line::new(format!("slapd with {ENTRIES} entries, pulled and published: seconds"), Bar::AtMost(30.0), best)
            .detail(format!("the best of {ROUNDS}")),
        memory(peak),
        Line::new(
            format!("the same by `delta = true`, {CHANGED} changed: of that time"),
            Bar::AtMost(1.0),
            delta / best,
        )
        .detail(format!("{delta:.2} s, the best of {ROUNDS}")),
        memory(delta_peak),
    ])
}

/// Syncs a source, and lets `sqlite3` import its files, in turn.
async fn beside_sqlite(
    paths: &Paths,
    district: &District,
    (what, source): (&str, &str),
    files: &[std::path::PathBuf],
) -> Result<Vec<Line>> {
    let (mut ours, mut theirs, mut peak) = (f64::INFINITY, f64::INFINITY, 0);
    for _ in 0..ROUNDS {
        take(district, source)?;
        let (elapsed, anonymous) = sync(paths, district).await?;
        (ours, peak) = (ours.min(elapsed.as_secs_f64()), peak.max(anonymous));
        theirs = theirs.min(import(&paths.target.join("bench-sources/import.db"), files).await?);
    }
    let rate = f64::from(district.students()) / ours;
    Ok(vec![
        Line::new(format!("{what}: time of `sqlite3 .import` of the same files"), Bar::AtMost(3.0), ours / theirs)
            .detail(format!("{ours:.2} s of {theirs:.2} s, the best of {ROUNDS}; {rate:.0} rows/s")),
        memory(peak),
    ])
}

/// Seconds that `sqlite3` takes to import files, each as a table of text.
async fn import(database: &Path, files: &[std::path::PathBuf]) -> Result<f64> {
    if database.exists() {
        fs::remove_file(database)?;
    }
    let mut command = Command::new("sqlite3");
    command.arg(database).arg(".mode csv");
    for (number, file) in files.iter().enumerate() {
        command.arg(format!(".import {} table{number}", file.display()));
    }
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).output().await.context("sqlite3, of Debian's package of that name")?;
    let elapsed = started.elapsed().as_secs_f64();
    ensure!(output.status.success(), "sqlite3 failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(elapsed)
}

fn memory(peak: u64) -> Line {
    Line::new("its memory: MiB RssAnon", Bar::AtMost(192.0), peak as f64 / f64::from(1 << 20))
        .detail(format!("the peak of {ROUNDS}"))
}

/// Points the district at another source and forgets every roster.
fn take(district: &District, source: &str) -> Result<()> {
    district.take_bundle(Path::new("nowhere"))?;
    let file = district.site().join(format!("districts/{DISTRICT}.toml"));
    let text = fs::read_to_string(&file)?;
    let (before, _) = text.split_once("[source]").context("the district's file has no [source]")?;
    Ok(fs::write(file, format!("{before}[source]\n{source}"))?)
}

/// A student information system's export: a row for each, with more columns than are needed.
fn write_roll(file: &Path, students: u32) -> Result<()> {
    let mut text =
        String::from("STUDENTS.Student_Number,Last_Name,First_Name,Grade_Level,SchoolID,DOB,Enabled,Home_Room\r\n");
    for number in 0..students {
        let (month, day, year) = (number % 12 + 1, number % 28 + 1, 2008 + number % 12);
        writeln!(
            text,
            "{:07},Family{number},\"Given, {number}\",{},{},{month:02}/{day:02}/{year},1,{}\r",
            1_000_000 + number,
            number % 12 + 1,
            number / 700,
            number % 97
        )?;
    }
    Ok(fs::write(file, text)?)
}
