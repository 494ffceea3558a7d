//! Where an LDAP message ends, and whether a parser may be let at it.
//!
//! ldap3 reads a message of any length, and goes down one frame of the stack with each level that a message is nested:
//! a server gone bad could end the whole process. So nothing reaches it that has not been walked through here first.

use zeroize::Zeroizing;

use super::fault::Trouble;

/// The longest message taken, in bytes: our own questions bring a few hundred.
const LONGEST: usize = 1 << 20;

/// LDAP nests a search entry's values five deep, and a control's value is opaque (RFC 4511).
const DEEPEST: usize = 12;

/// The first byte of a message: a SEQUENCE.
const SEQUENCE: u8 = 0x30;

/// Tag bit: what follows holds elements of its own (X.690, 8.1.2.5).
const CONSTRUCTED: u8 = 0x20;

/// How many bytes the first message of `bytes` has; `None`: it is not all there yet.
pub(super) fn first(bytes: &[u8]) -> Result<Option<usize>, Trouble> {
    if bytes.first().is_some_and(|tag| *tag != SEQUENCE) {
        return Err(Trouble::NotLdap);
    }
    let Some((header, length)) = element(bytes)? else { return Ok(None) };
    if length > LONGEST {
        return Err(Trouble::TooLong);
    }
    let whole = header + length;
    let Some(content) = bytes.get(header..whole) else { return Ok(None) };
    walk(content)?;
    Ok(Some(whole))
}

/// Whether elements fill their parents exactly, not too deep.
fn walk(content: &[u8]) -> Result<(), Trouble> {
    // What is left of each element that is open, the innermost last.
    let mut open = vec![content];
    while let Some(rest) = open.pop() {
        let Some(tag) = rest.first() else { continue };
        let (header, length) = element(rest)?.ok_or(Trouble::NotLdap)?;
        let (inner, after) =
            rest.get(header..).and_then(|rest| rest.split_at_checked(length)).ok_or(Trouble::NotLdap)?;
        open.push(after);
        if tag & CONSTRUCTED != 0 {
            open.push(inner);
        }
        if open.len() > DEEPEST {
            return Err(Trouble::NotLdap);
        }
    }
    Ok(())
}

/// The content of the element that `bytes` begin with, and what follows it; `None`: it has another tag.
pub(super) fn take(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (header, length) = element(bytes).ok()??;
    (*bytes.first()? == tag).then_some(())?;
    bytes.get(header..)?.split_at_checked(length)
}

/// An element of our own.
pub(super) fn put(tag: u8, content: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut element = Zeroizing::new(Vec::with_capacity(content.len() + 10));
    element.push(tag);
    match u8::try_from(content.len()) {
        Ok(short @ 0..=0x7f) => element.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            element.push(0x80 | length.len() as u8);
            element.extend_from_slice(&length);
        }
    }
    element.extend_from_slice(content);
    element
}

/// The lengths of an element's header and content; `None`: the header is not all there yet. LDAP has tags of one byte
/// and lengths in the definite form (RFC 4511, 5.1).
fn element(bytes: &[u8]) -> Result<Option<(usize, usize)>, Trouble> {
    let [_, first, rest @ ..] = bytes else { return Ok(None) };
    match *first {
        short @ 0..=0x7f => Ok(Some((2, usize::from(short)))),
        long @ 0x81..=0x84 => {
            let size = usize::from(long & 0x7f);
            let length =
                rest.get(..size).map(|size| size.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)));
            Ok(length.map(|length| (2 + size, length)))
        }
        _ => Err(Trouble::NotLdap),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bind response: success.
    const BOUND: &[u8] = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00";

    /// A SEQUENCE around it.
    fn around(inner: &[u8]) -> Vec<u8> {
        [&[SEQUENCE, 0x84][..], &u32::try_from(inner.len()).unwrap().to_be_bytes(), inner].concat()
    }

    #[test]
    fn a_message_is_cut_where_it_ends() {
        assert_eq!(first(BOUND).unwrap(), Some(14));
        assert_eq!(first(&[BOUND, BOUND].concat()).unwrap(), Some(14));
        assert_eq!(first(&around(BOUND)).unwrap(), Some(20));
        for part in 0..BOUND.len() {
            assert_eq!(first(&BOUND[..part]).unwrap(), None, "{part}");
        }
    }

    #[test]
    fn what_is_no_message_never_reaches_the_parser() {
        let cases: [&[u8]; 6] = [
            b"HTTP/1.1 400 Bad Request\r\n",
            b"\x30\x80\x02\x01\x01\x00\x00",
            b"\x30\x85\x00\x00\x00\x00\x01\x05",
            b"\x30\x03\x02\x02\x01",
            b"\x30\x04\x61\x03\x0a\x05",
            b"\x30\x01\x02",
        ];
        for bytes in cases {
            assert!(matches!(first(bytes), Err(Trouble::NotLdap)), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_message_nested_deeper_than_any_is_refused() {
        let nested = |levels| (0..levels).fold(BOUND.to_vec(), |inner, _| around(&inner));
        assert!(first(&nested(4)).unwrap().is_some());
        assert!(matches!(first(&nested(100)), Err(Trouble::NotLdap)));
    }

    #[test]
    fn a_message_over_the_limit_is_refused_before_it_has_come() {
        assert!(matches!(first(b"\x30\x84\x00\x10\x00\x01"), Err(Trouble::TooLong)));
        assert!(first(b"\x30\x84\x00\x10\x00\x00").unwrap().is_none());
    }
}
