//! Text to elements, one pass, within the limits of [`limits`] and the policy of reference/ncip.md section 5.
//!
//! quick-xml splits the text and knows of no entity but the five of XML; everything that it leaves open is decided here.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesStart, Event};

use crate::doctype;
use crate::document::{Content, Document, Node};
use crate::error::ReadError;
use crate::limits;
use crate::name::{known, known_service};

/// How many nodes room is made for at once: a `LookupUser` has about thirty.
const USUAL: usize = 64;

/// Reads a whole message.
pub(crate) fn read(text: &str) -> Result<Document<'_>, ReadError> {
    if !is_plain(text) && !text.chars().all(is_allowed) {
        return Err(ReadError::IllegalCharacter);
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut building = Building {
        document: Document {
            nodes: Vec::with_capacity(USUAL),
            prefix: "",
            version: None,
            namespace: None,
            doctype: false,
        },
        open: Vec::with_capacity(limits::DEPTH),
        root_name: None,
    };
    let mut first = true;
    loop {
        let at = position(&reader);
        let event = reader.read_event().map_err(|_| ReadError::NotWellFormed)?;
        // As it stands in the message, so that it lives as long as the message does.
        let raw = text.get(at..position(&reader)).ok_or(ReadError::NotWellFormed)?;
        match event {
            Event::Start(start) => building.start(&start, raw, false)?,
            Event::Empty(start) => building.start(&start, raw, true)?,
            Event::End(_) => building.end(),
            Event::Text(_) => building.text(raw)?,
            Event::CData(_) => building.cdata(raw)?,
            Event::GeneralRef(reference) => building.reference(&reference)?,
            Event::DocType(content) => building.doctype(&content, raw)?,
            Event::Decl(_) if first => {}
            Event::Decl(_) => return Err(ReadError::NotWellFormed),
            // Neither has an effect.
            Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => return building.finish(),
        }
        first = false;
    }
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

/// Nearly every message is ASCII, and looked through in a hundredth of the time. No way out before the end: so it is done
/// many bytes at once.
fn is_plain(text: &str) -> bool {
    text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r'))
}

/// XML 1.0, production 2.
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..)
}

struct Building<'a> {
    document: Document<'a>,
    /// The nodes that are open, the root first.
    open: Vec<usize>,
    /// What a DOCTYPE says that the root is called.
    root_name: Option<&'a str>,
}

impl<'a> Building<'a> {
    fn start(&mut self, start: &BytesStart<'_>, raw: &'a str, empty: bool) -> Result<(), ReadError> {
        let at = self.document.nodes.len();
        if self.open.is_empty() && at > 0 {
            return Err(ReadError::NotWellFormed);
        }
        if self.open.len() == limits::DEPTH {
            return Err(ReadError::TooDeep);
        }
        if at == limits::ELEMENTS {
            return Err(ReadError::TooManyElements);
        }
        let qualified = raw.get(1..1 + start.name().as_ref().len()).ok_or(ReadError::NotWellFormed)?;
        let (prefix, local) = qualified.split_once(':').unwrap_or(("", qualified));
        if !is_name(local) || (qualified.len() > local.len() && !is_name(prefix)) {
            return Err(ReadError::NotWellFormed);
        }
        let name = match self.open.len() {
            // Only there a service is asked for.
            1 => known_service(local),
            _ => known(local),
        };
        let mut node = Node { name, text: Content::None, scheme: None, end: at + 1 };
        // As they stand in the message, where they live as long as the message does.
        let attributes = raw.get(1 + qualified.len()..1 + start.len()).unwrap_or_default();
        if at == 0 {
            if self.root_name.is_some_and(|root| root != local) {
                return Err(ReadError::Doctype);
            }
            if !matches!(name, "NCIPMessage" | "NCIPVersionMessage") {
                return Err(ReadError::NotNcip);
            }
            self.document.prefix = prefix;
        }
        self.attributes(attributes, &mut node)?;
        self.document.nodes.push(node);
        if !empty {
            self.open.push(at);
        }
        Ok(())
    }

    /// Counts and checks attributes; keeps the root's version and namespace, and an enumerated value's scheme.
    fn attributes(&mut self, raw: &'a str, node: &mut Node<'a>) -> Result<(), ReadError> {
        let is_root = self.document.nodes.is_empty();
        let mut attributes = Attributes::new(raw, 0);
        // That none stands twice is checked where there are two: it takes memory of its own.
        attributes.with_checks(false);
        let mut counted = 0;
        for (count, attribute) in attributes.enumerate() {
            counted = count + 1;
            if count == limits::ATTRIBUTES {
                return Err(ReadError::TooManyAttributes);
            }
            let attribute = attribute.map_err(|_| ReadError::NotWellFormed)?;
            let Cow::Borrowed(value) = attribute.value else { return Err(ReadError::NotWellFormed) };
            if value.len() > limits::TEXT {
                return Err(ReadError::TextTooLong);
            }
            check_value(value)?;
            let (prefix, local) = attribute.key.as_ref().split_once(':').unwrap_or(("", attribute.key.as_ref()));
            let kept = match local {
                "version" if is_root => &mut self.document.version,
                "xmlns" if is_root => &mut self.document.namespace,
                _ if is_root && prefix == "xmlns" => &mut self.document.namespace,
                "Scheme" => &mut node.scheme,
                _ => continue,
            };
            kept.get_or_insert(value);
        }
        if counted > 1 && Attributes::new(raw, 0).any(|attribute| attribute.is_err()) {
            return Err(ReadError::NotWellFormed);
        }
        Ok(())
    }

    fn end(&mut self) {
        let end = self.document.nodes.len();
        if let Some(node) = self.open.pop().and_then(|at| self.document.nodes.get_mut(at)) {
            node.end = end;
        }
    }

    /// The text of the element that is open; outside of the root there may be none but blanks.
    fn content(&mut self) -> Result<&mut Content<'a>, ReadError> {
        let node = self.open.last().and_then(|at| self.document.nodes.get_mut(*at));
        node.map(|node| &mut node.text).ok_or(ReadError::NotWellFormed)
    }

    fn text(&mut self, piece: &'a str) -> Result<(), ReadError> {
        if self.open.is_empty() && piece.trim_ascii().is_empty() {
            return Ok(());
        }
        let content = self.content()?;
        if content.as_str().len() + piece.len() > limits::TEXT {
            // Blanks between elements do no harm.
            return if piece.trim_ascii().is_empty() { Ok(()) } else { Err(ReadError::TextTooLong) };
        }
        content.append(piece);
        Ok(())
    }

    fn cdata(&mut self, raw: &'a str) -> Result<(), ReadError> {
        if self.open.is_empty() {
            return Err(ReadError::NotWellFormed);
        }
        let piece = raw.strip_prefix("<![CDATA[").and_then(|rest| rest.strip_suffix("]]>"));
        self.text(piece.ok_or(ReadError::NotWellFormed)?)
    }

    fn reference(&mut self, name: &str) -> Result<(), ReadError> {
        let character = resolve(name)?;
        let content = self.content()?;
        if content.as_str().len() + character.len_utf8() > limits::TEXT {
            return Err(ReadError::TextTooLong);
        }
        content.append_made(character.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn doctype(&mut self, content: &str, raw: &'a str) -> Result<(), ReadError> {
        if self.document.doctype || !self.document.nodes.is_empty() {
            return Err(ReadError::Doctype);
        }
        let name = doctype::check(content)?;
        self.root_name = raw.find(name).and_then(|at| raw.get(at..at + name.len()));
        self.document.doctype = true;
        Ok(())
    }

    fn finish(self) -> Result<Document<'a>, ReadError> {
        if self.document.nodes.is_empty() {
            return Err(ReadError::NotNcip);
        }
        if self.open.is_empty() { Ok(self.document) } else { Err(ReadError::NotWellFormed) }
    }
}

/// The start of an XML name is never a digit, a hyphen or a sign; what follows interests nobody.
fn is_name(name: &str) -> bool {
    name.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_')
}

/// One of XML's five entities, or a numbered character; anything else a DTD would have to declare.
pub(crate) fn resolve(name: &str) -> Result<char, ReadError> {
    let number = match name.strip_prefix('#') {
        None => {
            return match name {
                "lt" => Ok('<'),
                "gt" => Ok('>'),
                "amp" => Ok('&'),
                "quot" => Ok('"'),
                "apos" => Ok('\''),
                _ => Err(ReadError::Entity),
            };
        }
        Some(number) => number,
    };
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(ReadError::NotWellFormed);
    }
    let code = u32::from_str_radix(digits, radix).map_err(|_| ReadError::IllegalCharacter)?;
    char::from_u32(code).filter(|character| is_allowed(*character)).ok_or(ReadError::IllegalCharacter)
}

/// A value may hold references to XML's own entities, and no `<`.
fn check_value(value: &str) -> Result<(), ReadError> {
    if value.contains('<') {
        return Err(ReadError::NotWellFormed);
    }
    for piece in value.split('&').skip(1) {
        let (name, _) = piece.split_once(';').ok_or(ReadError::NotWellFormed)?;
        resolve(name)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Element;

    fn refused(text: &str) -> ReadError {
        read(text).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_text_in_pieces_is_one_text() {
        let text = "<NCIPMessage><Value> A&amp;1&#x41;<![CDATA[<&]]>&lt; </Value></NCIPMessage>";
        let document = read(text).unwrap();
        assert_eq!(Element::root(&document).child("Value").unwrap().text(), "A&1A<&<");
    }

    #[test]
    fn children_are_those_of_the_element_and_no_others() {
        let document =
            read("<n:NCIPMessage><UserId><Value>1</Value></UserId><Ext><Value>2</Value></Ext></n:NCIPMessage>");
        let document = document.unwrap();
        let root = Element::root(&document);
        assert_eq!(root.children().map(Element::name).collect::<Vec<_>>(), ["UserId", ""]);
        assert!(root.child("Value").is_none() && root.has_below("Value"));
        assert_eq!(document.prefix, "n");
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for text in [
            "<NCIPMessage>",
            "<NCIPMessage></LookupUser>",
            "<NCIPMessage/><NCIPMessage/>",
            "<NCIPMessage/>text",
            "<NCIPMessage a='1' a='2'/>",
            "<NCIPMessage a='<'/>",
            "<NCIPMessage a=1/>",
            "<NCIPMessage>&</NCIPMessage>",
            "<NCIPMessage>&#;</NCIPMessage>",
            "<NCIPMessage><!-- a -- b --></NCIPMessage>",
            "<NCIPMessage/><?xml version='1.0'?>",
            "<NCIPMessage><1/></NCIPMessage>",
            "<!DOCTYPE NCIPMessage><![CDATA[ ]]><NCIPMessage/>",
        ] {
            assert_eq!(refused(text), ReadError::NotWellFormed, "{text}");
        }
    }

    #[test]
    fn what_is_no_ncip_is_refused() {
        for text in ["", " ", "<html/>", "<soap:Envelope/>", "<!-- nothing -->"] {
            assert_eq!(refused(text), ReadError::NotNcip, "{text}");
        }
    }

    #[test]
    fn a_doctype_stands_once_before_the_root_and_names_it() {
        for text in [
            "<!DOCTYPE NCIPMessage><!DOCTYPE NCIPMessage><NCIPMessage/>",
            "<NCIPMessage><!DOCTYPE NCIPMessage></NCIPMessage>",
            "<!DOCTYPE NCIPVersionMessage><NCIPMessage/>",
        ] {
            assert_eq!(refused(text), ReadError::Doctype, "{text}");
        }
        assert!(read("<!DOCTYPE NCIPMessage><n:NCIPMessage/>").unwrap().doctype);
    }

    #[test]
    fn entities_and_impossible_characters_are_refused_in_texts_and_in_attributes() {
        let within = |what: &str| [format!("<NCIPMessage>{what}</NCIPMessage>"), format!("<NCIPMessage a='{what}'/>")];
        for text in within("&nbsp;") {
            assert_eq!(refused(&text), ReadError::Entity, "{text}");
        }
        for what in ["&#0;", "&#x1F;", "&#xD800;", "&#x110000;", "&#99999999999;", "\u{4}", "\u{FFFE}"] {
            for text in within(what) {
                assert_eq!(refused(&text), ReadError::IllegalCharacter, "{text}");
            }
        }
    }

    #[test]
    fn each_limit_bites_one_past_it() {
        let nested =
            |depth: usize| format!("<NCIPMessage>{}{}</NCIPMessage>", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(read(&nested(limits::DEPTH - 1)).is_ok());
        assert_eq!(refused(&nested(limits::DEPTH)), ReadError::TooDeep);

        let many = |count: usize| format!("<NCIPMessage>{}</NCIPMessage>", "<a/>".repeat(count));
        assert!(read(&many(limits::ELEMENTS - 1)).is_ok());
        assert_eq!(refused(&many(limits::ELEMENTS)), ReadError::TooManyElements);

        let wide = |count: usize| {
            let attributes: String = (0..count).map(|number| format!(" a{number}=''")).collect();
            format!("<NCIPMessage{attributes}/>")
        };
        assert!(read(&wide(limits::ATTRIBUTES)).is_ok());
        assert_eq!(refused(&wide(limits::ATTRIBUTES + 1)), ReadError::TooManyAttributes);

        let long = |bytes: usize| format!("<NCIPMessage><Value>{}</Value></NCIPMessage>", "a".repeat(bytes));
        assert!(read(&long(limits::TEXT)).is_ok());
        assert_eq!(refused(&long(limits::TEXT + 1)), ReadError::TextTooLong);
        let pieces = format!("<NCIPMessage><Value>{}</Value></NCIPMessage>", "&lt;".repeat(limits::TEXT + 1));
        assert_eq!(refused(&pieces), ReadError::TextTooLong);
        let value = format!("<NCIPMessage a='{}'/>", "a".repeat(limits::TEXT + 1));
        assert_eq!(refused(&value), ReadError::TextTooLong);
    }
}
