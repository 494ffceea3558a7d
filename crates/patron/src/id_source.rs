//! Which attribute of a source's row is the student ID.

use serde::{Deserialize, Serialize};

/// Which attribute of a source's row is the student ID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IdSource {
    /// OneRoster `identifier`.
    Identifier,
    /// OneRoster `sourcedId`.
    SourceId,
    /// OneRoster `username`.
    Username,
    /// OneRoster `email`: before the `@` where the rule strips the domain.
    Email,
    /// The OneRoster `userIds` entry of a type: `{LDAP:Id}`.
    UserId(String),
    /// Any column, by its name.
    Column(String),
}

impl IdSource {
    /// What can be said, for messages.
    pub const EXPECTED: &str = "identifier, source-id, username, email, user-id:TYPE or column:NAME";

    /// Reads `identifier`, `source-id`, `username`, `email`, `user-id:TYPE` or `column:NAME`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None => match text {
                "identifier" => Some(Self::Identifier),
                "source-id" => Some(Self::SourceId),
                "username" => Some(Self::Username),
                "email" => Some(Self::Email),
                _ => None,
            },
            Some(("user-id", kind)) if !kind.is_empty() => Some(Self::UserId(kind.to_owned())),
            Some(("column", name)) if !name.is_empty() => Some(Self::Column(name.to_owned())),
            Some(_) => None,
        }
    }

    /// What [`IdSource::parse`] read.
    pub fn name(&self) -> String {
        match self {
            Self::Identifier => "identifier".to_owned(),
            Self::SourceId => "source-id".to_owned(),
            Self::Username => "username".to_owned(),
            Self::Email => "email".to_owned(),
            Self::UserId(kind) => format!("user-id:{kind}"),
            Self::Column(name) => format!("column:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_sources_read_back() {
        for text in ["identifier", "source-id", "username", "email", "user-id:LDAP", "column:STN"] {
            assert_eq!(IdSource::parse(text).unwrap().name(), text);
        }
        for text in ["", "user-id:", "column:", "sourcedId"] {
            assert_eq!(IdSource::parse(text), None);
        }
    }
}
