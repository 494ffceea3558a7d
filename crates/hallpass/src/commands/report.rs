//! `hallpass report`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use roster::{Dimension, Period, UseMonth};

use crate::cli::Configuration;
use crate::failure::{Failure, USAGE};
use crate::report::gather::{Gathered, gather};
use crate::report::sheet::{About, Sheet};
use crate::report::{csv, json, svg, table, withhold};
use crate::terminal;

/// Show how many people are enrolled, may use it, and have used it: by district, and below it by one thing at a time.
///
/// Counts under 10 are withheld, and so is every count from which one of them could be worked out.
#[derive(Args)]
pub struct Report {
    /// A month (2026-11), a quarter (2026-Q4) or a year (2026) of the library's zone; the last full month where none is
    /// named.
    #[arg(long, value_parser = parse_period)]
    period: Option<Period>,
    /// What tells a district's people apart; districts alone where nothing is named.
    #[arg(long, value_enum)]
    by: Option<By>,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write a file instead of standard output; into a folder under a name of its own, such as report-2026-11-school.csv.
    #[arg(long, value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    configuration: Configuration,
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    School,
    Grade,
    Role,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Csv,
    Json,
    Svg,
}

fn parse_period(text: &str) -> Result<Period, &'static str> {
    let period = Period::parse(text).filter(|period| *period != Period::Ever);
    period.ok_or("expected a month (2026-11), a quarter (2026-Q4) or a year (2026)")
}

impl Report {
    pub fn run(self) -> Result<(), Failure> {
        let site = self.configuration.load_as_owner()?.site;
        let zone = &site.library.time_zone;
        let now = zone.to_datetime(Timestamp::now());
        let month = UseMonth::of(now.date());
        let period = self.period.unwrap_or(Period::Month(month.before()));
        if period.first_month().is_some_and(|first| first > month) {
            return Err(Failure::new(USAGE, format!("{period} has not begun yet")));
        }
        let store = bridge::open_store(&site)?;
        let bar = terminal::counter("people");
        let gathered = gather(&site, &store, period.chain(), now.date(), &|people| bar.set_position(people));
        bar.finish_and_clear();
        let Gathered { figures, notes } = gathered?;
        let about = About {
            by: self.by.map(By::dimension),
            complete: period.last_month().is_some_and(|last| last < month),
            as_of: format!("{} {}", now.strftime("%Y-%m-%d %H:%M"), zone.iana_name().unwrap_or_default()),
            notes,
        };
        let sheet = Sheet::new(&site, &figures, &withhold::shown(&figures), about);
        let text = self.format.write(&sheet);
        match &self.output {
            None => {
                print!("{text}");
                Ok(())
            }
            Some(output) => save(&self.file(output, &sheet), &text),
        }
    }

    /// The file to write: in a folder one of the report's own name.
    fn file(&self, output: &Path, sheet: &Sheet) -> PathBuf {
        if !output.is_dir() {
            return output.to_owned();
        }
        let by = sheet.by.map(|_| format!("-{}", sheet.by_name())).unwrap_or_default();
        output.join(format!("report-{}{by}.{}", sheet.period, self.format.extension()))
    }
}

impl By {
    const fn dimension(self) -> Dimension {
        match self {
            Self::School => Dimension::School,
            Self::Grade => Dimension::Grade,
            Self::Role => Dimension::Role,
        }
    }
}

impl Format {
    fn write(self, sheet: &Sheet) -> String {
        match self {
            Self::Table => table::write(sheet),
            Self::Csv => csv::write(sheet),
            Self::Json => json::write(sheet),
            Self::Svg => svg::write(sheet),
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Table => "txt",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Svg => "svg",
        }
    }
}

/// Whoever reads the file while it is written reads the whole old one.
fn save(file: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::unavailable(format!("{}: {error}", file.display()));
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    new.write_all(text.as_bytes()).map_err(failed)?;
    new.persist(file).map_err(|error| failed(error.error))?;
    println!("{}", file.display());
    Ok(())
}
