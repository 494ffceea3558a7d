//! `[log]`: what is written to standard error.

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// How lines are written.
    pub format: LogFormat,
    /// Which events are.
    pub level: Level,
}

impl Log {
    pub(crate) const KEYS: &[&str] = &["format", "level"];

    pub(crate) fn read(section: &Section<'_>) -> Self {
        let formats = [("json", LogFormat::Json), ("text", LogFormat::Text)];
        Self {
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
