//! Error detection: the sequence number AY and the checksum AZ.
//!
//! SIP2 2.00 has them last in a message, AY first, both without a delimiter. Whether a peer uses them is seen
//! from each message of its own, never configured: an answer has what its request had.

use bytes::{BufMut, BytesMut};

use crate::charset::Charset;
use crate::dialect::Dialect;
use crate::frame::Frame;

/// A sequence number AY: one digit, given by the self-check and echoed in the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence(u8);

/// Which of AY and AZ a message carries: read from a request, and given again when its answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorDetection {
    /// Neither.
    #[default]
    Off,
    /// AZ alone, as in the resend requests 96 and 97.
    ChecksumOnly,
    /// AY and AZ.
    Sequenced(Sequence),
}

/// What came of comparing a message with its checksum. Only `Wrong` is a reason to ask for it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// The message has none.
    Absent,
    /// The message is as it was sent.
    Right,
    /// Not as the standard has it, but surely computed over this message.
    Tolerated(Tolerance),
    /// The message was changed on its way, or its sender can't count.
    Wrong,
}

/// A known way of getting a checksum nearly right. Worth counting, not worth refusing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tolerance {
    /// Summed over the code points of the text instead of its bytes in this character set (Palace, Libki). In
    /// Latin-1 the two are the same, and so [`Checksum::Right`].
    CodePoints(Charset),
    /// `af3b` instead of `AF3B`.
    LowercaseHex,
    /// Fewer than four digits: leading zeros left out.
    Unpadded,
}

/// The end of a frame: what it says about error detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// What the frame carries, and its answer has to.
    pub error_detection: ErrorDetection,
    /// Whether the frame arrived as it was sent.
    pub checksum: Checksum,
}

impl Sequence {
    /// A sequence number of 0 to 9; `None` above.
    pub const fn new(number: u8) -> Option<Self> {
        if number <= 9 { Some(Self(number)) } else { None }
    }

    /// The number, 0 to 9.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The number after this one; 0 follows 9.
    #[must_use]
    pub const fn next(self) -> Self {
        Self((self.0 + 1) % 10)
    }

    const fn from_digit(digit: u8) -> Option<Self> {
        Self::new(digit.wrapping_sub(b'0'))
    }
}

impl Trailer {
    /// Reads and verifies the end of a frame.
    ///
    /// Delimiters, blanks and control characters after AZ are passed over. Of a sequence of two digits, the last
    /// counts: Libki, which sends `AY10` after an echoed 9, is given 0 and goes on from there.
    pub fn of(frame: &Frame, dialect: &Dialect) -> Self {
        let bytes = frame.as_bytes();
        let Some(found) = Found::at_end_of(bytes, dialect.delimiter.byte()) else {
            return Self { error_detection: ErrorDetection::Off, checksum: Checksum::Absent };
        };
        Self {
            error_detection: found.sequence.map_or(ErrorDetection::ChecksumOnly, ErrorDetection::Sequenced),
            checksum: found
                .checksum
                .map_or(Checksum::Absent, |(summed, digits)| verify(bytes.get(..summed).unwrap_or_default(), digits)),
        }
    }
}

/// A trailer's place in its frame.
pub(crate) struct Found<'a> {
    /// Where the trailer begins, and so the fields end.
    pub(crate) start: usize,
    sequence: Option<Sequence>,
    /// How many bytes the checksum is over (all up to and including the letters AZ), and its digits.
    checksum: Option<(usize, &'a [u8])>,
}

impl<'a> Found<'a> {
    /// Looks for a trailer from the end of the frame.
    ///
    /// `AY1AZ` is taken for one wherever it stands, because some systems leave out the delimiter before it. AY or
    /// AZ alone must follow a delimiter, or come in a message without any field: a value may end in these letters.
    pub(crate) fn at_end_of(frame: &'a [u8], delimiter: u8) -> Option<Self> {
        let junk = frame.iter().rev().take_while(|byte| **byte == delimiter || **byte <= b' ').count();
        let frame = frame.get(..frame.len() - junk)?;
        let begins_field = |before: &[u8]| before.last() == Some(&delimiter) || !before.contains(&delimiter);

        for width in (0..=4).rev() {
            let Some((summed, digits)) = frame.len().checked_sub(width).and_then(|at| frame.split_at_checked(at))
            else {
                continue;
            };
            let Some(before) = summed.strip_suffix(b"AZ") else { continue };
            if !digits.iter().all(u8::is_ascii_alphanumeric) {
                continue;
            }
            let checksum = Some((summed.len(), digits));
            if let Some((start, sequence)) = sequence_at_end_of(before) {
                return Some(Self { start, sequence, checksum });
            }
            if width > 0 && begins_field(before) {
                return Some(Self { start: before.len(), sequence: None, checksum });
            }
        }
        let (start, sequence) = sequence_at_end_of(frame)?;
        let alone = sequence.is_some() && begins_field(frame.get(..start)?);
        alone.then_some(Self { start, sequence, checksum: None })
    }
}

/// Where a frame's sequence begins, when it ends in one: `AY1`, `AY10`, and `AY` without a number.
fn sequence_at_end_of(frame: &[u8]) -> Option<(usize, Option<Sequence>)> {
    match frame {
        [before @ .., b'A', b'Y'] | [before @ .., b'A', b'Y', b' '] => Some((before.len(), None)),
        [before @ .., b'A', b'Y', digit] | [before @ .., b'A', b'Y', b'0'..=b'9', digit] if digit.is_ascii_digit() => {
            Some((before.len(), Sequence::from_digit(*digit)))
        }
        _ => None,
    }
}

fn verify(summed: &[u8], digits: &[u8]) -> Checksum {
    let Some(stated) = std::str::from_utf8(digits).ok().and_then(|digits| u16::from_str_radix(digits, 16).ok()) else {
        return Checksum::Wrong;
    };
    if stated == checksum(summed) {
        return match digits {
            _ if digits.len() < 4 => Checksum::Tolerated(Tolerance::Unpadded),
            _ if digits.iter().any(u8::is_ascii_lowercase) => Checksum::Tolerated(Tolerance::LowercaseHex),
            _ => Checksum::Right,
        };
    }
    [Charset::Utf8, Charset::Cp850]
        .into_iter()
        .find(|charset| charset.code_point_sum(summed).is_some_and(|sum| stated == sum.wrapping_neg()))
        .map_or(Checksum::Wrong, |charset| Checksum::Tolerated(Tolerance::CodePoints(charset)))
}

/// The two's complement of the low 16 bits of the sum of the bytes, which are all up to and including `AZ`.
fn checksum(summed: &[u8]) -> u16 {
    summed.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte))).wrapping_neg()
}

/// Ends the message that begins at `start` of `out` with what error detection asks for, without a terminator.
pub(crate) fn write_trailer(error_detection: ErrorDetection, start: usize, out: &mut BytesMut) {
    match error_detection {
        ErrorDetection::Off => return,
        ErrorDetection::ChecksumOnly => {}
        ErrorDetection::Sequenced(Sequence(number)) => out.put_slice(&[b'A', b'Y', b'0' + number]),
    }
    out.put_slice(b"AZ");
    let checksum = checksum(out.get(start..).unwrap_or_default());
    for shift in [12, 8, 4, 0] {
        let digit = ((checksum >> shift) & 0xF) as u8;
        out.put_u8(if digit < 10 { b'0' + digit } else { b'A' + digit - 10 });
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn trailer(frame: &'static [u8]) -> Trailer {
        Trailer::of(&Frame::new(Bytes::from_static(frame)), &Dialect::default())
    }

    fn sequenced(number: u8, checksum: Checksum) -> Trailer {
        let sequence = Sequence::new(number).expect("one digit");
        Trailer { error_detection: ErrorDetection::Sequenced(sequence), checksum }
    }

    /// The vectors of the reference, section 1.4, several from live logs.
    #[test]
    fn agrees_with_the_checksums_of_others() {
        for (frame, sequence) in [
            (&b"941AY1AZFDFC"[..], 1),
            (b"9900302.00AY2AZFCA4", 2),
            (b"2300120250522    154913AO|AA0310000000253|AC|AD0213|AY0AZF30D", 0),
            (
                b"24  Y           00120250522    154805AOtmkodb|AA0310000000253|AELibki Teszt|BLY|CQY|BHHUF|BV0.0|AY0AZE5DB",
                0,
            ),
        ] {
            assert_eq!(trailer(frame), sequenced(sequence, Checksum::Right), "{}", frame.escape_ascii());
        }
    }

    #[test]
    fn resend_requests_carry_a_checksum_without_a_sequence() {
        let alone = Trailer { error_detection: ErrorDetection::ChecksumOnly, checksum: Checksum::Right };
        assert_eq!(trailer(b"97AZFEF5"), alone);
        assert_eq!(trailer(b"96AZFEF6"), alone);
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        assert_eq!(trailer(b"940AY1AZFDFC").checksum, Checksum::Wrong);
        assert_eq!(trailer(b"941AY1AZFDFG").checksum, Checksum::Wrong);
        assert_eq!(trailer(b"941AY1AZ").checksum, Checksum::Wrong);
    }

    #[test]
    fn a_message_without_error_detection_has_none() {
        let off = Trailer { error_detection: ErrorDetection::Off, checksum: Checksum::Absent };
        for frame in
            [&b"9900302.00"[..], b"", b"97", b"9300CNsip|COAZ1234|", b"9300CNsip|CObuzzAZ", b"9300CNsip|COxAY1"]
        {
            assert_eq!(trailer(frame), off, "{}", frame.escape_ascii());
        }
    }

    #[test]
    fn a_sequence_may_come_without_a_checksum() {
        assert_eq!(trailer(b"9300CNsip|COsecret|AY4"), sequenced(4, Checksum::Absent));
    }

    #[test]
    fn quirk_5_delimiters_and_blanks_after_the_checksum_are_passed_over() {
        assert_eq!(trailer(b"941AY1AZFDFC|||"), sequenced(1, Checksum::Right));
        assert_eq!(trailer(b"941AY1AZFDFC | "), sequenced(1, Checksum::Right));
    }

    #[test]
    fn quirk_13_checksums_over_code_points_are_tolerated() {
        // Palace in code page 850: an e acute is one byte, 0x82, but counts as U+00E9.
        let tolerated = |charset| Checksum::Tolerated(Tolerance::CodePoints(charset));
        assert_eq!(trailer(b"941\x82AY1AZFD13").checksum, tolerated(Charset::Cp850));
        assert_eq!(trailer(b"941\xC3\xA9AY1AZFD13").checksum, tolerated(Charset::Utf8));
        assert_eq!(trailer(b"941\xE9AY1AZFD13").checksum, Checksum::Right);
    }

    #[test]
    fn quirk_14_of_a_sequence_of_two_digits_the_last_counts() {
        assert_eq!(trailer(b"941AY10AZFDCC").error_detection, sequenced(0, Checksum::Right).error_detection);
        assert_eq!(trailer(b"941AY10AZFDCC").checksum, Checksum::Right);
    }

    #[test]
    fn quirk_14_a_checksum_without_its_leading_zeros_is_tolerated() {
        // The sum is 534 * 122 + 124 + 65 + 90 = 65,427, so the checksum is 109.
        let mut frame = vec![b'z'; 534];
        frame.extend_from_slice(b"|AZ6D");
        let read = Trailer::of(&Frame::new(Bytes::from(frame)), &Dialect::default());
        assert_eq!(read.checksum, Checksum::Tolerated(Tolerance::Unpadded));
    }

    #[test]
    fn quirk_21_lowercase_digits_are_tolerated() {
        assert_eq!(trailer(b"941AY1AZfdfc"), sequenced(1, Checksum::Tolerated(Tolerance::LowercaseHex)));
    }

    #[test]
    fn writes_the_trailer_over_its_own_message_only() {
        let mut out = BytesMut::from(&b"already there\r941"[..]);
        write_trailer(ErrorDetection::Sequenced(Sequence(1)), 14, &mut out);
        assert_eq!(&out[14..], b"941AY1AZFDFC");
    }

    #[test]
    fn zero_follows_nine() {
        assert_eq!(Sequence(9).next(), Sequence(0));
        assert_eq!(Sequence::new(10), None);
    }
}
