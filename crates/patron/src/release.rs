//! What a client may see of a student: the intersection of its own list and the district's.

/// Something about a student that can be released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Attribute {
    Name = 1,
    Initials = 2,
    PatronType = 4,
    Email = 8,
    Expiry = 16,
    School = 32,
    Grade = 64,
    HomeLibrary = 128,
    InternalId = 256,
}

impl Attribute {
    /// All attributes, for error messages.
    pub const ALL: [Self; 9] = [
        Self::Name,
        Self::Initials,
        Self::PatronType,
        Self::Expiry,
        Self::School,
        Self::Grade,
        Self::HomeLibrary,
        Self::Email,
        Self::InternalId,
    ];

    /// The word in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Initials => "initials",
            Self::PatronType => "patron-type",
            Self::Email => "email",
            Self::Expiry => "expiry",
            Self::School => "school",
            Self::Grade => "grade",
            Self::HomeLibrary => "home-library",
            Self::InternalId => "internal-id",
        }
    }

    /// Reads the word of the configuration.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attribute| attribute.name() == name)
    }
}

/// A set of attributes. The empty one releases the verdict and the card number, which every client has anyway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Release(u16);

impl Release {
    /// A district's ceiling where it sets none: all but name, initials and e-mail.
    pub const CEILING: Self = Self(
        Attribute::PatronType as u16
            | Attribute::Expiry as u16
            | Attribute::School as u16
            | Attribute::Grade as u16
            | Attribute::HomeLibrary as u16
            | Attribute::InternalId as u16,
    );
    /// What a roster stores only where somebody is released it; the rest every row has, or nobody stores.
    const STORED: u16 = 0b1111;

    /// Whether the attribute may be seen.
    pub const fn allows(self, attribute: Attribute) -> bool {
        self.0 & attribute as u16 != 0
    }

    /// What both lists allow.
    #[must_use]
    pub const fn within(self, ceiling: Self) -> Self {
        Self(self.0 & ceiling.0)
    }

    /// What either list allows.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a name must be stored for anybody to be shown it or its initials.
    pub const fn needs_name(self) -> bool {
        self.allows(Attribute::Name) || self.allows(Attribute::Initials)
    }

    /// Whether nothing beyond the verdict and the card number is released.
    pub const fn is_least(self) -> bool {
        self.0 == 0
    }

    /// What of it must be stored, as the bits in a generation's header.
    pub const fn bits(self) -> u8 {
        (self.0 & Self::STORED) as u8
    }

    /// Reads the bits of a generation's header; unknown ones are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits as u16 & Self::STORED)
    }
}

impl FromIterator<Attribute> for Release {
    fn from_iter<I: IntoIterator<Item = Attribute>>(attributes: I) -> Self {
        Self(attributes.into_iter().fold(0, |bits, attribute| bits | attribute as u16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_sees_only_what_both_lists_allow() {
        let client = Release::from_iter([Attribute::Name, Attribute::PatronType]);
        let seen = client.within(Release::CEILING);
        assert!(seen.allows(Attribute::PatronType));
        assert!(!seen.allows(Attribute::Name));
    }

    #[test]
    fn initials_need_the_name_stored() {
        assert!(Release::from_iter([Attribute::Initials]).needs_name());
        assert!(!Release::from_iter([Attribute::Email, Attribute::PatronType]).needs_name());
    }
}
