//! The beginning of a file: what divides its cells, and in which character set they are.

use std::fs::File;
use std::io::{Cursor, Read};

use super::charset::{Charset, Decoded};
use super::mapping::Mapping;
use crate::stamp::Stamp;
use crate::table::Layout;
use crate::{BadData, Fault, Refusal};

/// The longest header that is looked through for its delimiter, in bytes.
const LONGEST_HEADER: u64 = 64 << 10;

/// What may stand between two cells.
const DELIMITERS: [u8; 4] = [b',', b'\t', b'|', b';'];

/// UTF-8's byte order mark.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A file of which the beginning was read.
pub(super) struct Beginning {
    bytes: Vec<u8>,
    rest: File,
    charset: Charset,
}

impl Beginning {
    /// Reads the beginning, if the file is still the one that was found.
    pub fn of(stamp: &Stamp, mapping: &Mapping) -> Result<Self, Refusal> {
        let rest = stamp.open()?;
        let mut bytes = Vec::new();
        (&rest).take(LONGEST_HEADER).read_to_end(&mut bytes).map_err(Refusal::unreadable(stamp.path()))?;
        // The mark says in the file itself what it is, whatever is said of it.
        let charset = if bytes.starts_with(MARK) { Charset::Utf8 } else { mapping.charset };
        Ok(Self { bytes, rest, charset })
    }

    /// How the file is laid out.
    pub fn layout(&self, stamp: &Stamp, mapping: &Mapping) -> Result<Layout, Refusal> {
        let delimiter = mapping.delimiter.or_else(|| delimiter_of(&self.bytes));
        Ok(Layout {
            delimiter: delimiter.ok_or_else(|| BadData::file(stamp.name(), Fault::Delimiter))?,
            table_names: true,
            text: "text in UTF-8; export again in UTF-8, or set `charset = \"windows-1252\"` in [source]",
        })
    }

    /// The whole file in UTF-8.
    pub fn and_the_rest(self) -> Box<dyn Read> {
        let whole = Cursor::new(self.bytes).chain(self.rest);
        match self.charset {
            Charset::Utf8 => Box::new(whole),
            Charset::Windows1252 => Box::new(Decoded::new(whole)),
        }
    }
}

/// What divides the header into most columns; a comma where there is but one. `None`: two do so equally well.
fn delimiter_of(beginning: &[u8]) -> Option<u8> {
    let mut counts = DELIMITERS.map(|delimiter| (0u32, delimiter));
    let mut quoted = false;
    let lines = beginning.iter().skip_while(|byte| byte.is_ascii_whitespace() && **byte != b'\t');
    for byte in lines {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'\n' | b'\r' => break,
            byte => counts.iter_mut().filter(|(_, theirs)| theirs == byte).for_each(|(count, _)| *count += 1),
        }
    }
    counts.sort_unstable_by(|one, other| other.cmp(one));
    match counts {
        [(0, _), ..] => Some(b','),
        [(most, _), (second, _), ..] if most == second => None,
        [(_, delimiter), ..] => Some(delimiter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_shows_what_divides_it() {
        for (header, delimiter) in [
            ("id,dob\n1;2;3;4", Some(b',')),
            ("\n\r\nid\tdob, as known\tname\n", Some(b'\t')),
            ("\"name; family, given\"|id\r1,2,3", Some(b'|')),
            ("id;dob", Some(b';')),
            ("id", Some(b',')),
            ("id;dob,name", None),
        ] {
            assert_eq!(delimiter_of(header.as_bytes()), delimiter, "{header}");
        }
    }
}
