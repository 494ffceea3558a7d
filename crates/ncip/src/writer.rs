//! Elements onto the wire, in a manner. Every text is escaped; names are ours.

use crate::header::Agency;
use crate::manner::{Edition, Manner, NAMESPACE};
use crate::scheme;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const DOCTYPE: &str = "<!DOCTYPE NCIPMessage PUBLIC \"-//NISO//NCIP DTD Version 1.0//EN\" \
                       \"http://www.niso.org/ncip/v1_0/imp1/dtd/ncip_v1_0.dtd\">\n";
/// The prefix of attributes where the elements have none: the 2.x schemas want attributes qualified.
const ATTRIBUTE_PREFIX: &str = "ncip";

/// Writes one message.
pub(crate) struct Writer<'o> {
    out: &'o mut String,
    edition: Edition,
    prefix: &'o str,
    attribute_prefix: &'o str,
}

impl<'o> Writer<'o> {
    /// Writes a message around what `body` writes. It ends in a newline: clients read line by line.
    pub(crate) fn message(manner: &'o Manner, out: &'o mut String, body: impl FnOnce(&mut Self)) {
        let prefix = manner.prefix();
        let attribute_prefix = if prefix.is_empty() { ATTRIBUTE_PREFIX } else { prefix };
        let root = if manner.edition == Edition::Discovery { "NCIPVersionMessage" } else { "NCIPMessage" };
        out.push_str(DECLARATION);
        if manner.edition == Edition::V1 && manner.doctype() {
            out.push_str(DOCTYPE);
        }
        let mut writer = Self { out, edition: manner.edition, prefix, attribute_prefix };
        writer.tag("<", root, "");
        if manner.edition == Edition::V2 {
            if writer.prefix.is_empty() {
                writer.raw(&[" xmlns=\"", NAMESPACE, "\""]);
            }
            writer.raw(&[" xmlns:", attribute_prefix, "=\"", NAMESPACE, "\" ", attribute_prefix, ":version=\""]);
        } else {
            writer.raw(&[" version=\""]);
        }
        writer.text(manner.version());
        writer.raw(&["\">"]);
        body(&mut writer);
        writer.tag("</", root, ">\n");
    }

    /// How it is written.
    pub(crate) const fn edition(&self) -> Edition {
        self.edition
    }

    /// An element around what `body` writes.
    pub(crate) fn within(&mut self, name: &str, body: impl FnOnce(&mut Self)) {
        self.tag("<", name, ">");
        body(self);
        self.tag("</", name, ">");
    }

    /// An element of text.
    pub(crate) fn element(&mut self, name: &str, text: &str) {
        self.within(name, |writer| writer.text(text));
    }

    /// An element of nothing: a flag.
    pub(crate) fn flag(&mut self, name: &str) {
        self.tag("<", name, "/>");
    }

    /// An enumerated value: scheme and value as elements in version 1, the scheme as an attribute in version 2.
    pub(crate) fn value(&mut self, name: &str, scheme: &str, value: &str) {
        if self.edition == Edition::V2 {
            self.tag("<", name, " ");
            self.raw(&[self.attribute_prefix, ":Scheme=\""]);
            self.text(scheme);
            self.raw(&["\">"]);
            self.text(value);
            self.tag("</", name, ">");
        } else {
            self.within(name, |writer| {
                writer.element("Scheme", scheme);
                writer.element("Value", value);
            });
        }
    }

    /// An agency: `UniqueAgencyId` in version 1, `AgencyId` in version 2, where its scheme is optional.
    pub(crate) fn agency(&mut self, agency: &Agency) {
        let scheme = if agency.scheme.is_empty() { scheme::AGENCY } else { &agency.scheme };
        match self.edition {
            Edition::V2 => self.element("AgencyId", &agency.value),
            Edition::V1 | Edition::Discovery => self.value("UniqueAgencyId", scheme, &agency.value),
        }
    }

    fn tag(&mut self, start: &str, name: &str, end: &str) {
        let colon = if self.prefix.is_empty() { "" } else { ":" };
        self.raw(&[start, self.prefix, colon, name, end]);
    }

    fn raw(&mut self, pieces: &[&str]) {
        for piece in pieces {
            self.out.push_str(piece);
        }
    }

    /// Text, escaped; a character that XML 1.0 does not allow is left out.
    fn text(&mut self, text: &str) {
        // Nearly all are: looked through at once, and copied at once.
        let plain =
            |plain, byte| plain & matches!(byte, b' '..=b'~') & !matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'');
        if text.bytes().fold(true, plain) {
            return self.out.push_str(text);
        }
        for character in text.chars() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\'' => self.out.push_str("&apos;"),
                '\r' => self.out.push_str("&#13;"),
                '\t' | '\n' => self.out.push(character),
                '\0'..' ' | '\u{FFFE}' | '\u{FFFF}' => {}
                _ => self.out.push(character),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_can_become_markup() {
        let mut out = String::new();
        Writer::message(&Manner::canonical(Edition::V2), &mut out, |writer| {
            writer.value("AgencyId", "\" x=\"", "</AgencyId>&'\u{4}\u{FFFE}\r]]>");
        });
        assert!(out.contains(
            "<AgencyId ncip:Scheme=\"&quot; x=&quot;\">&lt;/AgencyId&gt;&amp;&apos;&#13;]]&gt;</AgencyId></NCIPMessage>\n"
        ));
    }
}
