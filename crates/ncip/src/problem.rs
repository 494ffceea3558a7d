//! `Problem`: what is wrong, in the standard's own words and with nothing of the message.

use crate::error::ReadError;
use crate::manner::Edition;
use crate::scheme;
use crate::writer::Writer;

/// The words of the standard's schemes that we use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the standard's own words")]
pub enum Kind {
    UserAuthenticationFailed,
    UnknownUser,
    UserAccessDenied,
    ElementRuleViolated,
    UnsupportedService,
    NeededDataMissing,
    TemporaryProcessingFailure,
    UnknownAgency,
    AgencyAuthenticationFailed,
    SystemAuthenticationFailed,
    UnauthorizedServiceForAgency,
    InvalidMessageSyntax,
    UnknownValue,
    UnknownService,
}

impl Kind {
    /// The word in its scheme.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserAuthenticationFailed => "User Authentication Failed",
            Self::UnknownUser => "Unknown User",
            Self::UserAccessDenied => "User Access Denied",
            Self::ElementRuleViolated => "Element Rule Violated",
            Self::UnsupportedService => "Unsupported Service",
            Self::NeededDataMissing => "Needed Data Missing",
            Self::TemporaryProcessingFailure => "Temporary Processing Failure",
            Self::UnknownAgency => "Unknown Agency",
            Self::AgencyAuthenticationFailed => "Agency Authentication Failed",
            Self::SystemAuthenticationFailed => "System Authentication Failed",
            Self::UnauthorizedServiceForAgency => "Unauthorized Service For Agency",
            Self::InvalidMessageSyntax => "Invalid Message Syntax Error",
            Self::UnknownValue => "Unknown Value From Known Scheme",
            Self::UnknownService => "Unknown Service",
        }
    }

    const fn scheme(self) -> &'static str {
        match self {
            Self::UserAuthenticationFailed | Self::UnknownUser | Self::UserAccessDenied | Self::ElementRuleViolated => {
                scheme::LOOKUP_USER_ERROR
            }
            Self::UnsupportedService
            | Self::NeededDataMissing
            | Self::TemporaryProcessingFailure
            | Self::UnknownAgency
            | Self::AgencyAuthenticationFailed
            | Self::SystemAuthenticationFailed
            | Self::UnauthorizedServiceForAgency => scheme::GENERAL_ERROR,
            Self::InvalidMessageSyntax | Self::UnknownValue | Self::UnknownService => scheme::MESSAGING_ERROR,
        }
    }

    const fn is_of_the_message(self) -> bool {
        matches!(self, Self::InvalidMessageSyntax | Self::UnknownValue | Self::UnknownService)
    }
}

/// What is wrong with a request. No text of a request can be put in: Koha's server echoes the PIN in its.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What.
    pub kind: Kind,
    /// The element that it is about.
    pub element: &'static str,
    /// A sentence for people; version 1 has no place for it.
    pub detail: Box<str>,
}

impl Problem {
    /// A problem with an element, told in the standard's words.
    pub fn new(kind: Kind, element: &'static str) -> Self {
        Self { kind, element, detail: kind.name().into() }
    }

    /// The same with a sentence for people.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<Box<str>>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        writer.within("Problem", |writer| match writer.edition() {
            Edition::V2 => {
                writer.value("ProblemType", self.kind.scheme(), self.kind.name());
                writer.element("ProblemDetail", &self.detail);
                writer.element("ProblemElement", self.element);
            }
            Edition::V1 | Edition::Discovery if self.kind.is_of_the_message() => self.write_messaging_error(writer),
            Edition::V1 | Edition::Discovery => writer.within("ProcessingError", |writer| {
                writer.value("ProcessingErrorType", self.kind.scheme(), self.kind.name());
                writer.within("ProcessingErrorElement", |writer| writer.element("ElementName", self.element));
            }),
        });
    }

    /// Version 1: in the answers to notifications, which have no place for anything but the message's own faults.
    pub(crate) fn write_messaging_error(&self, writer: &mut Writer<'_>) {
        let kind = if self.kind.is_of_the_message() { self.kind } else { Kind::UnknownService };
        writer.within("MessagingError", |writer| {
            writer.value("MessagingErrorType", kind.scheme(), kind.name());
            writer.within("MessagingErrorElement", |writer| writer.element("ElementName", self.element));
        });
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        Self::new(Kind::InvalidMessageSyntax, "NCIPMessage").with_detail(error.to_string())
    }
}
