//! `InitiationHeader` and `ResponseHeader`: who asks whom.

use crate::document::Element;
use crate::limits;
use crate::manner::Edition;
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::writer::Writer;

/// An agency, in its scheme.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agency {
    /// The URI of its scheme; empty: none was said.
    pub scheme: Box<str>,
    /// What it is called there.
    pub value: Box<str>,
}

impl Agency {
    /// An agency of no particular scheme.
    pub fn new(value: &str) -> Self {
        Self { scheme: "".into(), value: value.into() }
    }

    /// The agency in an element: `UniqueAgencyId` or `AgencyId` or, where a peer left that out, its text.
    pub(crate) fn read(element: Element<'_>) -> Result<Option<Self>, Problem> {
        let inner = element.child("UniqueAgencyId").or_else(|| element.child("AgencyId")).unwrap_or(element);
        let value = bounded(inner.value(), inner.name())?;
        let scheme = bounded(inner.scheme(), inner.name())?;
        Ok((!value.is_empty()).then(|| Self { scheme: scheme.into(), value: value.into() }))
    }
}

/// Who sent a message, to whom, and how it shows who it is.
#[derive(Debug, Default)]
pub struct Header {
    /// `FromAgencyId`.
    pub from_agency: Option<Agency>,
    /// `FromAgencyAuthentication`.
    pub from_agency_authentication: Option<Secret>,
    /// `FromSystemId`.
    pub from_system: Option<Box<str>>,
    /// `FromSystemAuthentication`.
    pub from_system_authentication: Option<Secret>,
    /// `ToAgencyId`.
    pub to_agency: Option<Agency>,
}

impl Header {
    /// Reads the header in a service's element; in version discovery the agencies stand there themselves.
    pub(crate) fn read(service: Element<'_>) -> Result<Self, Problem> {
        let header = only(service, "InitiationHeader")?.unwrap_or(service);
        let agency = |name| only(header, name)?.map_or(Ok(None), Agency::read);
        let secret = |name| match only(header, name)? {
            Some(element) => bounded(element.text(), name).map(Secret::new),
            None => Ok(None),
        };
        let from_system = only(header, "FromSystemId")?.map(Element::value).filter(|text| !text.is_empty());
        Ok(Self {
            from_agency: agency("FromAgencyId")?,
            from_agency_authentication: secret("FromAgencyAuthentication")?,
            from_system: from_system.map(|text| bounded(text, "FromSystemId")).transpose()?.map(Into::into),
            from_system_authentication: secret("FromSystemAuthentication")?,
            to_agency: agency("ToAgencyId")?,
        })
    }

    /// The two of an answer: the peer's name for us comes first, or else our own.
    pub fn answered_by<'a>(&'a self, own: &'a Agency) -> Parties<'a> {
        Parties { from: self.to_agency.as_ref().unwrap_or(own), to: self.from_agency.as_ref() }
    }
}

/// The two agencies of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parties<'a> {
    /// Who answers.
    pub from: &'a Agency,
    /// Who asked, where it said so.
    pub to: Option<&'a Agency>,
}

impl Parties<'_> {
    /// `ResponseHeader`: due in version 1, and in version 2 written to whoever said its name.
    pub(crate) fn write(self, writer: &mut Writer<'_>) {
        if writer.edition() == Edition::V1 || self.to.is_some() {
            writer.within("ResponseHeader", |writer| self.write_agencies(writer));
        }
    }

    pub(crate) fn write_agencies(self, writer: &mut Writer<'_>) {
        let unnamed = Agency::new("unspecified");
        writer.within("FromAgencyId", |writer| writer.agency(self.from));
        writer.within("ToAgencyId", |writer| writer.agency(self.to.unwrap_or(&unnamed)));
    }
}

/// The child of a name that may stand once. Of two, none counts: never the last, and never the first.
pub(crate) fn only<'d>(element: Element<'d>, name: &'static str) -> Result<Option<Element<'d>>, Problem> {
    let mut children = element.children().filter(|child| child.name() == name);
    match (children.next(), children.next()) {
        (found, None) => Ok(found),
        _ => Err(Problem::new(Kind::ElementRuleViolated, name)),
    }
}

/// A value that something is done with. A longer one is refused, not cut.
pub(crate) fn bounded<'d>(text: &'d str, element: &'static str) -> Result<&'d str, Problem> {
    if text.len() <= limits::VALUE { Ok(text) } else { Err(Problem::new(Kind::ElementRuleViolated, element)) }
}
