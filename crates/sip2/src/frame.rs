//! One message without its terminator.

use std::fmt;

use bytes::Bytes;

/// One message: the bytes from its two-character command up to, not including, its terminator.
///
/// A frame is not yet known to be a message; [`Parts::of`](crate::Parts::of) finds out. Cloning shares the bytes.
/// Its `Debug` shows the command and the length only, since the rest may name a patron.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame(Bytes);

impl Frame {
    /// Makes a frame of one message's bytes.
    ///
    /// Line ends, NULs and blanks before the command are dropped, line ends and NULs after the message too.
    /// NUL is never allowed in SIP2, but some systems (SirsiDynix) send it within fields: it is taken out, which
    /// leaves the checksum as it was. Only such a frame is copied.
    pub fn new(mut bytes: Bytes) -> Self {
        let lead = bytes.iter().take_while(|byte| is_padding(**byte)).count();
        let _padding = bytes.split_to(lead);
        let tail = bytes.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n' | 0)).count();
        bytes.truncate(bytes.len() - tail);
        if bytes.contains(&0) {
            bytes = bytes.iter().copied().filter(|byte| *byte != 0).collect();
        }
        Self(bytes)
    }

    /// The message's bytes, in the peer's character set.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The two characters that say which message this is; `None` in a frame shorter than that.
    pub fn command(&self) -> Option<[u8; 2]> {
        self.0.first_chunk().copied()
    }

    /// Whether nothing was left between two terminators.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = self.command().unwrap_or_default();
        write!(f, "Frame({}, {} bytes)", command.escape_ascii(), self.0.len())
    }
}

/// What may stand before a command without being part of it.
pub(crate) fn is_padding(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | b' ' | 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_line_ends_nuls_and_blanks_before_the_command() {
        let frame = Frame::new(Bytes::from_static(b"\n\0 9900302.00"));
        assert_eq!(frame.as_bytes(), b"9900302.00");
        assert_eq!(frame.command(), Some(*b"99"));
    }

    #[test]
    fn keeps_the_blanks_at_the_end_of_a_fixed_part() {
        let frame = Frame::new(Bytes::from_static(b"6300020261123    165124          \r\n"));
        assert_eq!(frame.as_bytes(), b"6300020261123    165124          ");
    }

    #[test]
    fn takes_nuls_out_of_the_middle() {
        let frame = Frame::new(Bytes::from_static(b"941\0AY1AZFDFC\0\r"));
        assert_eq!(frame.as_bytes(), b"941AY1AZFDFC");
    }

    #[test]
    fn debug_shows_no_field() {
        let frame = Frame::new(Bytes::from_static(b"2300020261123    165124AA1001|"));
        assert_eq!(format!("{frame:?}"), "Frame(23, 30 bytes)");
    }
}
