//! Where a message ends in a stream of bytes: with the end tag of its root (reference/ncip.md 1.11).
//!
//! Each byte is looked at once, however they arrive. What is in comments, CDATA, instructions and quoted values is no tag.

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A message ends before this byte.
    End(usize),
    /// More must come.
    More,
    /// This is no XML.
    NotXml,
}

/// Finds the end of one message.
#[derive(Debug, Default)]
pub struct Framing {
    /// How many bytes were looked at.
    seen: usize,
    state: State,
    /// The root's name with its prefix, as far as it was read.
    root: Vec<u8>,
    /// What stands in the tag that is being read, as far as it matters.
    tag: Vec<u8>,
}

/// Longer names are not NCIP's.
const LONGEST_NAME: usize = 64;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before the first `<`: blanks, or a byte order mark.
    #[default]
    Start,
    Text,
    /// After `<`.
    Tag,
    /// In a quoted value of a tag.
    Quoted(u8),
    Comment,
    Cdata,
    Instruction,
}

impl Framing {
    /// Looks at what has come since the last time; `bytes` begins with the message.
    pub fn find(&mut self, bytes: &[u8]) -> Found {
        while let Some(byte) = bytes.get(self.seen).copied() {
            self.seen += 1;
            match self.state {
                State::Start => match byte {
                    b'<' => self.open(),
                    b'\t' | b'\n' | b'\r' | b' ' => {}
                    0xEF | 0xBB | 0xBF if self.seen <= 3 => {}
                    _ => return Found::NotXml,
                },
                State::Text if byte == b'<' => self.open(),
                State::Text => {}
                State::Quoted(quote) if byte == quote => self.state = State::Tag,
                State::Quoted(_) => {}
                State::Comment => self.leave_after(byte, b"--"),
                State::Cdata => self.leave_after(byte, b"]]"),
                State::Instruction => self.leave_after(byte, b"?"),
                State::Tag => match byte {
                    b'>' if self.close() => return Found::End(self.seen),
                    b'>' => {}
                    b'"' | b'\'' => self.state = State::Quoted(byte),
                    _ => {
                        if self.tag.len() <= LONGEST_NAME + 2 {
                            self.tag.push(byte);
                        } else if byte == b'/' {
                            // Only whether it is the last byte matters of what is behind.
                            self.tag.truncate(LONGEST_NAME + 2);
                            self.tag.push(byte);
                        } else {
                            self.tag.truncate(LONGEST_NAME + 2);
                            self.tag.push(b' ');
                        }
                        match self.tag.as_slice() {
                            b"!--" => self.skip(State::Comment),
                            b"![CDATA[" => self.skip(State::Cdata),
                            b"?" => self.skip(State::Instruction),
                            _ => {}
                        }
                    }
                },
            }
        }
        Found::More
    }

    /// Whether nothing of a message has come yet but blanks.
    pub fn is_idle(&self) -> bool {
        self.state == State::Start
    }

    fn open(&mut self) {
        self.tag.clear();
        self.state = State::Tag;
    }

    fn skip(&mut self, state: State) {
        self.tag.clear();
        self.state = state;
    }

    /// Leaves a comment and its like at the `>` after its closing mark.
    fn leave_after(&mut self, byte: u8, mark: &[u8]) {
        if byte == b'>' && self.tag.ends_with(mark) {
            self.state = State::Text;
        } else {
            if self.tag.len() >= mark.len() {
                self.tag.remove(0);
            }
            self.tag.push(byte);
        }
    }

    /// At the end of a tag; whether it ends the message.
    fn close(&mut self) -> bool {
        self.state = State::Text;
        let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'/';
        match self.tag.as_slice() {
            [b'!', ..] => false,
            [b'/', name @ ..] => !self.root.is_empty() && name.trim_ascii_end() == self.root,
            tag if self.root.is_empty() => {
                self.root = tag.split(ends).next().unwrap_or_default().to_vec();
                // A root with nothing in it is a message too.
                tag.ends_with(b"/") || self.root.is_empty() || self.root.len() > LONGEST_NAME
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the first message ends, byte by byte; the same as at once.
    fn end(text: &str) -> Found {
        let at_once = Framing::default().find(text.as_bytes());
        let mut framing = Framing::default();
        let bytewise = (1..=text.len()).map(|end| framing.find(&text.as_bytes()[..end]));
        let bytewise = bytewise.into_iter().find(|found| *found != Found::More).unwrap_or(Found::More);
        assert_eq!(at_once, bytewise, "{text}");
        at_once
    }

    #[test]
    fn a_message_ends_with_the_end_tag_of_its_root() {
        for text in [
            "<NCIPMessage></NCIPMessage>",
            "\u{FEFF}<NCIPMessage/>",
            " \r\n<NCIPMessage/>",
            "<?xml version='1.0'?>\n<!DOCTYPE NCIPMessage PUBLIC \"a>b\" 'c'>\n<n:NCIPMessage a='>'><x/></n:NCIPMessage \n>",
            "<NCIPMessage><!-- </NCIPMessage> - -> --><a>]]></a></NCIPMessage>",
            "<NCIPMessage><![CDATA[ ]></NCIPMessage>]]]></NCIPMessage>",
            "<NCIPMessage><?x </NCIPMessage>?></NCIPMessage>",
            "<NCIPMessage a='</NCIPMessage>'/>",
            "<NCIPMessage><a></NCIPMessage>",
        ] {
            assert_eq!(end(&format!("{text}\n<NCIPMessage")), Found::End(text.len()), "{text}");
        }
    }

    #[test]
    fn an_unfinished_message_waits_and_what_is_no_xml_does_not() {
        for text in ["", "  \n", "<NCIPMessage><a>", "<NCIPMessage></ NCIPMessage>", "<NCIPMessage></NCIPMessage"] {
            assert_eq!(end(text), Found::More, "{text}");
        }
        for text in ["9300CNuser|", "POST / HTTP/1.0", "\u{16}\u{3}", "\0"] {
            assert_eq!(end(text), Found::NotXml, "{text}");
        }
        assert_eq!(
            end(&format!("<{}>", "a".repeat(LONGEST_NAME + 1))),
            Found::End(LONGEST_NAME + 3),
            "the reader refuses it"
        );
    }

    #[test]
    fn a_long_tag_is_not_kept() {
        let mut framing = Framing::default();
        framing.find(format!("<NCIPMessage a={}", "b".repeat(100_000)).as_bytes());
        assert!(framing.tag.capacity() < 256);
        assert_eq!(end(&format!("<NCIPMessage a{}/>", " ".repeat(1000))), Found::End(1016));
    }
}
