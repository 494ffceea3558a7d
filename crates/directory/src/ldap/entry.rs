//! One entry of a search, as it came.

use ldap3::asn1::StructureTag;

/// What identifies an entry in Active Directory, whatever becomes of its name.
pub(super) const GUID: &str = "objectGUID";

/// An entry: its name, and the values of its attributes.
pub(super) struct Entry {
    pub dn: Vec<u8>,
    attributes: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
}

impl Entry {
    /// Reads a SearchResultEntry (RFC 4511, 4.5.2). ldap3 has a reader of its own, which panics.
    pub fn parse(tag: StructureTag) -> Option<Self> {
        let mut parts = tag.expect_constructed()?.into_iter();
        let (dn, attributes) = (parts.next()?.expect_primitive()?, parts.next()?.expect_constructed()?);
        let attributes = attributes.into_iter().map(|attribute| {
            let mut parts = attribute.expect_constructed()?.into_iter();
            let (name, values) = (parts.next()?.expect_primitive()?, parts.next()?.expect_constructed()?);
            let values = values.into_iter().map(StructureTag::expect_primitive);
            Some((name, values.collect::<Option<_>>()?))
        });
        Some(Self { dn, attributes: attributes.collect::<Option<_>>()? })
    }

    /// Its [`GUID`], in hexadecimal.
    pub fn guid(&self) -> Option<String> {
        Some(self.values(GUID).first()?.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The values of an attribute; none where the entry has none, or the account may not read it.
    pub fn values(&self, name: &str) -> &[Vec<u8>] {
        let found = self.attributes.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(name.as_bytes()));
        found.map_or(&[], |(_, values)| values)
    }
}

/// For tests: what would have come.
#[cfg(test)]
impl From<(&str, &[(&str, &[&[u8]])])> for Entry {
    fn from((dn, attributes): (&str, &[(&str, &[&[u8]])])) -> Self {
        let values = |values: &[&[u8]]| values.iter().map(|value| value.to_vec()).collect();
        let attributes = attributes.iter().map(|(name, of)| (name.as_bytes().to_vec(), values(of)));
        Self { dn: dn.as_bytes().to_vec(), attributes: attributes.collect() }
    }
}

#[cfg(test)]
mod tests {
    use ldap3::asn1::{PL, TagClass};

    use super::*;

    fn tag(payload: PL) -> StructureTag {
        StructureTag { class: TagClass::Universal, id: 4, payload }
    }

    #[test]
    fn an_entry_that_is_none_is_not_read() {
        let text = || tag(PL::P(b"x".to_vec()));
        let whole = || tag(PL::C(vec![text(), tag(PL::C(vec![tag(PL::C(vec![text(), tag(PL::C(vec![text()]))]))]))]));
        assert_eq!(Entry::parse(whole()).unwrap().values("X"), [b"x".to_vec()]);
        let attributes = [text(), tag(PL::C(vec![])), tag(PL::C(vec![text(), text()]))];
        for attribute in attributes {
            assert!(Entry::parse(tag(PL::C(vec![text(), tag(PL::C(vec![attribute]))]))).is_none());
        }
        for broken in [text(), tag(PL::C(vec![])), tag(PL::C(vec![text()])), tag(PL::C(vec![text(), text()]))] {
            assert!(Entry::parse(broken).is_none());
        }
    }
}
