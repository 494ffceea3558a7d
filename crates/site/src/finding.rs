//! What was wrong, and where: shown as a compiler shows it.

use std::fmt;
use std::path::PathBuf;

use patron::Actor;

/// Whether a finding stops the configuration from being applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing of the configuration is applied.
    Error,
    /// It is applied; somebody should look.
    Warning,
}

/// Where something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a line of a file.
    Line {
        /// The file, as it was named.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// How many characters are marked.
        width: usize,
        /// The line, without anything that may be a secret.
        source: String,
    },
    /// In an environment variable. Its value is never shown.
    Variable(String),
    /// The file or folder as a whole: it cannot be read, or its name is wrong.
    File(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { file, line, column, .. } => write!(f, "{}:{line}:{column}", file.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::File(file) => write!(f, "{}", file.display()),
        }
    }
}

/// One mistake, or one warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether it stops the configuration.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// The path of the key, `library.time-zone`; empty where the file as a whole is meant.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What was expected, or what to do.
    pub advice: String,
}

impl Finding {
    /// Who can mend it: configuration is the sysadmin's.
    pub const fn actor(&self) -> Actor {
        Actor::Sysadmin
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}: {}: ", self.place)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        writeln!(f, "{}", self.problem)?;
        let indent = match &self.place {
            Place::Line { line, column, width, source, .. } => {
                let number = line.to_string();
                let gutter = " ".repeat(number.len());
                let blank: String = source
                    .chars()
                    .take(column.saturating_sub(1))
                    .map(|letter| if letter == '\t' { '\t' } else { ' ' })
                    .collect();
                writeln!(f, "{gutter} |")?;
                writeln!(f, "{number} | {source}")?;
                // At the end of a line that ends too early, the mark stands behind it.
                writeln!(
                    f,
                    "{gutter} | {blank:width$}{} {}",
                    "^".repeat(*width),
                    self.advice,
                    width = column.saturating_sub(1)
                )?;
                gutter
            }
            Place::Variable(_) | Place::File(_) => {
                writeln!(f, "  = {}", self.advice)?;
                " ".to_owned()
            }
        };
        write!(f, "{indent} = who: {}", self.actor().name())
    }
}

/// Every mistake that was found, in the order of files and lines; never none.
#[derive(Debug)]
pub struct Faults(Vec<Finding>);

impl Faults {
    pub(crate) fn new(findings: Vec<Finding>) -> Self {
        Self(findings)
    }

    /// The mistakes.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.0 {
            writeln!(f, "{finding}\n")?;
        }
        match self.0.len() {
            1 => write!(f, "1 error: the configuration is not applied"),
            count => write!(f, "{count} errors: the configuration is not applied"),
        }
    }
}

impl std::error::Error for Faults {}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(place: Place) -> Finding {
        Finding {
            severity: Severity::Error,
            place,
            key: "pin.format".into(),
            problem: "only YYYY, YY, MM and DD may stand in it".into(),
            advice: "expected a format such as \"MMDDYYYY\"".into(),
        }
    }

    #[test]
    fn a_mistake_in_a_line_is_shown_under_that_line() {
        let place = Place::Line {
            file: "conf/districts/cms.toml".into(),
            line: 12,
            column: 10,
            width: 6,
            source: "format = \"MMXX\"".into(),
        };
        assert_eq!(
            Faults::new(vec![finding(place)]).to_string(),
            "error: conf/districts/cms.toml:12:10: pin.format: only YYYY, YY, MM and DD may stand in it
   |
12 | format = \"MMXX\"
   |          ^^^^^^ expected a format such as \"MMDDYYYY\"
   = who: the library's sysadmin

1 error: the configuration is not applied"
        );
    }

    #[test]
    fn a_mistake_in_the_environment_names_the_variable() {
        assert_eq!(
            finding(Place::Variable("HALLPASS__PIN__FORMAT".into())).to_string(),
            "error: environment variable HALLPASS__PIN__FORMAT: pin.format: only YYYY, YY, MM and DD may stand in it
  = expected a format such as \"MMDDYYYY\"
  = who: the library's sysadmin"
        );
    }
}
