//! Card to ID and back, in one district.

use crate::Pattern;

/// Which attribute of a source's row is the student ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdSource {
    /// OneRoster `identifier`.
    Identifier,
    /// OneRoster `sourcedId`.
    SourceId,
    /// OneRoster `username`.
    Username,
    /// The OneRoster `userIds` entry of a type: `{LDAP:Id}`.
    UserId(String),
    /// Any column, by its name.
    Column(String),
}

impl IdSource {
    /// Reads `identifier`, `source-id`, `username`, `user-id:TYPE` or `column:NAME`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None => match text {
                "identifier" => Some(Self::Identifier),
                "source-id" => Some(Self::SourceId),
                "username" => Some(Self::Username),
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
            Self::UserId(kind) => format!("user-id:{kind}"),
            Self::Column(name) => format!("column:{name}"),
        }
    }
}

/// How a district makes card numbers of IDs: a literal prefix before an ID of a known shape.
#[derive(Clone, Debug, PartialEq)]
pub struct CardRule {
    /// Where the source keeps the ID.
    pub id: IdSource,
    /// What stands before the ID on a card; may be empty.
    pub prefix: String,
    /// The shape of the ID, without the prefix.
    pub pattern: Pattern,
    /// The space in which IDs are unique: districts that share a state-wide ID name the same one.
    pub namespace: String,
}

impl CardRule {
    /// Backwards: the ID on a card, where this rule claims it.
    pub fn id_of<'a>(&self, card: &'a str) -> Option<&'a str> {
        card.strip_prefix(self.prefix.as_str()).filter(|id| self.pattern.matches(id))
    }

    /// Forwards: the card of an ID, where the ID has the right shape.
    pub fn card_of(&self, id: &str) -> Option<String> {
        self.pattern.matches(id).then(|| format!("{}{id}", self.prefix))
    }

    /// What of the rule shapes a generation, for its header.
    pub fn version(&self) -> String {
        format!("{} {}", self.namespace, self.id.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn multnomah() -> CardRule {
        CardRule {
            id: IdSource::Identifier,
            prefix: "40".into(),
            pattern: Pattern::parse("[0-9]{6}").unwrap(),
            namespace: "centennial".into(),
        }
    }

    #[test]
    fn a_card_reads_back_to_its_id() {
        assert_eq!(multnomah().card_of("123456").as_deref(), Some("40123456"));
        assert_eq!(multnomah().id_of("40123456"), Some("123456"));
    }

    #[test]
    fn another_prefix_or_shape_is_not_claimed() {
        for card in ["123456", "41123456", "401234567", "40"] {
            assert_eq!(multnomah().id_of(card), None, "{card}");
        }
    }

    #[test]
    fn a_space_may_belong_to_the_prefix() {
        // directories.md 1.1, Dubuque: `P`, a space, the number.
        let dubuque = CardRule { prefix: "P ".into(), ..multnomah() };
        assert_eq!(dubuque.id_of("P 123456"), Some("123456"));
    }

    #[test]
    fn id_sources_read_back() {
        for text in ["identifier", "source-id", "username", "user-id:LDAP", "column:STN"] {
            assert_eq!(IdSource::parse(text).unwrap().name(), text);
        }
        for text in ["", "user-id:", "column:", "sourcedId"] {
            assert_eq!(IdSource::parse(text), None);
        }
    }
}
