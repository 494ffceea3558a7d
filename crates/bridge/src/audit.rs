//! The audit log: verdicts in files of their own, one for each day of UTC, removed when they are too old.
//!
//! Its pseudonyms cannot be followed over months, and after the time that it is kept there is nothing to follow.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The file of today; of tomorrow from midnight on.
pub struct DailyFile {
    path: PathBuf,
    keep: Duration,
    today: Date,
    file: File,
}

impl DailyFile {
    /// Opens today's file beside `path`, and removes those that are older than `keep`.
    pub fn open(path: &Path, keep: Duration) -> io::Result<Self> {
        let today = today();
        let file = append_to(&dated(path, today))?;
        remove_old(path, keep, today)?;
        Ok(Self { path: path.to_owned(), keep, today, file })
    }
}

impl Write for DailyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let today = today();
        if today != self.today {
            self.file = append_to(&dated(&self.path, today))?;
            self.today = today;
            remove_old(&self.path, self.keep, today)?;
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Removes the files of days that lie further back than `keep`. Files of other names stay.
pub fn remove_old(path: &Path, keep: Duration, today: Date) -> io::Result<()> {
    let keep = SignedDuration::try_from(keep).unwrap_or(SignedDuration::MAX);
    let Ok(oldest) = today.checked_sub(keep) else { return Ok(()) };
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Ok(());
    };
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let date = entry
            .file_name()
            .to_str()
            .and_then(|found| found.strip_prefix(name)?.strip_prefix('.')?.parse::<Date>().ok());
        if date.is_some_and(|date| date < oldest) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The day in UTC.
pub fn today() -> Date {
    TimeZone::UTC.to_datetime(Timestamp::now()).date()
}

fn dated(path: &Path, date: Date) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{date}"));
    name.into()
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    #[test]
    fn a_day_has_a_file_that_only_its_owner_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        DailyFile::open(&path, 30 * DAY).unwrap().write_all(b"one\n").unwrap();
        DailyFile::open(&path, 30 * DAY).unwrap().write_all(b"two\n").unwrap();
        let file = dated(&path, today());
        assert_eq!(fs::read(&file).unwrap(), b"one\ntwo\n");
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_too_old_goes_and_other_files_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        let names = [
            "audit.log.2026-10-25",
            "audit.log.2026-10-26",
            "audit.log.2026-11-25",
            "audit.log.gz",
            "other.2001-01-01",
        ];
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        remove_old(&path, 30 * DAY, "2026-11-25".parse().unwrap()).unwrap();
        let mut left: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort_unstable();
        assert_eq!(left, &names[1..]);
    }
}
