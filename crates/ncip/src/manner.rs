//! How an answer is written: in the version, the prefix and the shape of what was asked.

use std::borrow::Cow;

use crate::document::{Document, Element};

/// The namespace of 2.0, 2.01 and 2.02.
pub(crate) const NAMESPACE: &str = "http://www.niso.org/2008/ncip";
const V1: &str = "http://www.niso.org/ncip/v1_0/imp1/dtd/ncip_v1_0.dtd";
const V2: &str = "http://www.niso.org/schemas/ncip/v2_02/ncip_v2_02.xsd";
const DISCOVERY: &str = "http://www.niso.org/ncip/v1_0/imp1/xsd/ncip_version.xsd";
/// Longer ones are not sent back.
const LONGEST_VERSION: usize = 128;
const LONGEST_PREFIX: usize = 16;

/// The two families of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// 1.0, and what is called 1.01: a DTD, no namespace, scheme and value as elements.
    V1,
    /// 2.0, 2.01 and 2.02: a schema, a namespace, schemes as attributes.
    V2,
    /// The message of version discovery, which has a document type of its own.
    Discovery,
}

/// How a peer writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manner {
    /// Its version.
    pub edition: Edition,
    /// The version as it writes it, or the canonical one.
    version: Cow<'static, str>,
    /// Its prefix; empty: none.
    prefix: Box<str>,
    /// Whether it sent a DOCTYPE.
    doctype: bool,
}

impl Manner {
    /// The canonical way of a version.
    pub fn canonical(edition: Edition) -> Self {
        let version = match edition {
            Edition::V1 => V1,
            Edition::V2 => V2,
            Edition::Discovery => DISCOVERY,
        };
        Self { edition, version: Cow::Borrowed(version), prefix: "".into(), doctype: false }
    }

    /// The manner of a message. The standard wants the version of the request in the answer (Z39.83-1, section 8).
    pub(crate) fn of(document: &Document<'_>) -> Self {
        let edition = edition(document);
        let mut manner = Self { doctype: document.doctype, ..Self::canonical(edition) };
        // What is sent back is only what a version or a prefix can be.
        if let Some(version) = document.version.map(str::trim_ascii)
            && (1..=LONGEST_VERSION).contains(&version.len())
            && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/._-".contains(&byte))
        {
            manner.version = match [V1, V2, DISCOVERY].into_iter().find(|known| *known == version) {
                Some(known) => Cow::Borrowed(known),
                None => Cow::Owned(version.to_owned()),
            };
        }
        // Clients of version 1 look for `<NCIPMessage` (reference/ncip.md 1.11).
        if edition == Edition::V2
            && document.prefix.len() <= LONGEST_PREFIX
            && document.prefix.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && !document.prefix.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("xml"))
        {
            manner.prefix = document.prefix.into();
        }
        manner
    }

    /// The version as it is written.
    pub fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(crate) const fn doctype(&self) -> bool {
        self.doctype
    }
}

/// By what it says, then by its namespace, then by what only version 1 has.
fn edition(document: &Document<'_>) -> Edition {
    let root = Element::root(document);
    if root.name() == "NCIPVersionMessage" {
        return Edition::Discovery;
    }
    let version = document.version.unwrap_or_default();
    let says = |mark: &str| version.contains(mark);
    if says("v1_") {
        return Edition::V1;
    }
    if says("v2_") {
        return Edition::V2;
    }
    match document.namespace {
        Some(NAMESPACE) => return Edition::V2,
        Some("http://www.niso.org/2001/ncip") => return Edition::V1,
        _ => {}
    }
    let only_v1 = ["UniqueAgencyId", "UniqueUserId", "VisibleUserId", "Value", "AuthenticateUser"];
    if only_v1.into_iter().any(|name| root.has_below(name)) { Edition::V1 } else { Edition::V2 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::read;

    fn manner(text: &str) -> Manner {
        Manner::of(&read(text).unwrap())
    }

    #[test]
    fn quirk_01_prefix_and_namespace_may_be_any_or_none() {
        let prefix = |text: &str| manner(text).prefix.to_string();
        assert_eq!(prefix("<ns1:NCIPMessage xmlns:ns1='http://www.niso.org/2008/ncip' ns1:version='v2_02'/>"), "ns1");
        assert_eq!(prefix("<NCIPMessage xmlns='http://www.niso.org/2008/ncip' version='x'/>"), "");
        let bare = manner("<NCIPMessage><LookupUser><UserId/></LookupUser></NCIPMessage>");
        assert_eq!((bare.edition, bare.version()), (Edition::V2, V2));
    }

    #[test]
    fn quirk_02_the_version_may_be_qualified_quoted_either_way_or_missing() {
        let version = |text: &str| manner(text).version.to_string();
        let v201 = "http://www.niso.org/schemas/ncip/v2_0/imp1/xsd/ncip_v2_01.xsd";
        assert_eq!(version(&format!("<NCIPMessage version='{v201}'/>")), v201);
        assert_eq!(version(&format!("<n:NCIPMessage xmlns:n='x' n:version=\"{v201}\"/>")), v201);
        assert_eq!(version("<NCIPMessage/>"), V2);
        assert_eq!(version("<NCIPMessage><AuthenticateUser/></NCIPMessage>"), V1);
    }

    #[test]
    fn the_version_decides_before_the_namespace_and_the_shape() {
        assert_eq!(
            manner("<NCIPMessage xmlns='http://www.niso.org/2008/ncip' version='ncip_v1_0.dtd'/>").edition,
            Edition::V1
        );
        assert_eq!(manner("<NCIPMessage version='ncip_v2_0.xsd'><UniqueUserId/></NCIPMessage>").edition, Edition::V2);
    }

    #[test]
    fn what_is_no_version_or_prefix_is_not_sent_back() {
        let long = "v2_".repeat(60);
        for version in ["v2_ 4200017", "v2_&lt;x&gt;", &long] {
            assert_eq!(manner(&format!("<NCIPMessage version='{version}'/>")).version(), V2);
        }
        for prefix in ["aaaaaaaaaaaaaaaaa", "xmlx", "é"] {
            assert_eq!(manner(&format!("<{prefix}:NCIPMessage version='v2_0'/>")).prefix(), "");
        }
        assert_eq!(
            manner("<n:NCIPMessage version='v1_0'/>").prefix(),
            "",
            "clients of version 1 look for <NCIPMessage"
        );
    }
}
