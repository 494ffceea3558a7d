//! `[log]`: what is written to standard error, and the audit log.

use std::path::PathBuf;
use std::time::Duration;

use crate::section::Section;

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line.
    #[default]
    Json,
    /// For people.
    Text,
}

/// The least severe events that are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Level {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl Level {
    const WORDS: &[(&str, Self)] = &[
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];

    /// The word in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// What is written to standard error, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How lines are written.
    pub format: LogFormat,
    /// Which events are.
    pub level: Level,
    /// Where the verdicts are written instead, one file a day; `None`: among the other lines.
    pub audit_file: Option<PathBuf>,
    /// How long a day's verdicts are kept.
    pub audit_keep: Duration,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::default(),
            level: Level::default(),
            audit_file: None,
            audit_keep: Duration::from_secs(30 * 24 * 60 * 60),
        }
    }
}

impl Log {
    pub(crate) const KEYS: &[&str] = &["format", "level", "audit-file", "audit-keep"];

    pub(crate) fn read(section: &Section<'_>) -> Self {
        let formats = [("json", LogFormat::Json), ("text", LogFormat::Text)];
        let keep = section.optional("audit-keep");
        if let (Some(keep), None) = (&keep, section.optional("audit-file")) {
            keep.error("says nothing without audit-file", "expected audit-file beside it");
        }
        let default = Self::default();
        Self {
            audit_file: section.optional("audit-file").and_then(|entry| entry.path()),
            audit_keep: keep.and_then(|entry| entry.duration("1d"..="400d")).unwrap_or(default.audit_keep),
            format: section.optional("format").and_then(|entry| entry.word(&formats)).unwrap_or_default(),
            level: section.optional("level").and_then(|entry| entry.word(Level::WORDS)).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::trial::Trial;

    #[test]
    fn an_unknown_level_is_told_with_the_nearest_one() {
        let mut trial = Trial::default();
        trial.main(&trial.main_text().replace("\"info\"", "\"warning\""));
        assert_eq!(
            trial.errors(),
            ["hallpass.toml:13:9 log.level: unknown word, did you mean warn?; \
              expected one of error, warn, info, debug, trace"]
        );
    }
}
