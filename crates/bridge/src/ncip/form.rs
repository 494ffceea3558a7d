//! Percent-encoding, and a message wrapped in a form: Koha's clients send it as the field `xml` or `XForms:Model`
//! (reference/ncip.md, quirk 13).

use zeroize::Zeroizing;

/// The message in a body that is a form; `None`: it is none, or has no such field. What it is said to be says nothing:
/// some send plain XML as a form.
pub fn unwrapped(body: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    // XML begins with `<`, perhaps after a byte order mark.
    if matches!(body.trim_ascii_start(), [] | [b'<' | 0xEF | 0xFE | 0xFF, ..]) {
        return None;
    }
    body.split(|byte| *byte == b'&').find_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (pair.get(..at)?, pair.get(at + 1..)?);
        let name = decoded(name);
        matches!(name.as_slice(), b"xml" | b"XForms:Model").then(|| decoded(value))
    })
}

/// Percent-decodes, with `+` as a blank. A `%` before anything but two hexadecimal digits stays.
pub fn decoded(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => match (digit(after.first()), digit(after.get(1))) {
                (Some(high), Some(low)) => {
                    rest = after.get(2..).unwrap_or_default();
                    u8::try_from(high * 16 + low).unwrap_or_default()
                }
                _ => b'%',
            },
            other => *other,
        });
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &str) -> Option<String> {
        unwrapped(body.as_bytes()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn quirk_13_a_message_may_be_a_field_of_a_form() {
        assert_eq!(text("a=1&xml=%3CNCIPMessage+a%3D%27%C3%A9%27%2F%3E").unwrap(), "<NCIPMessage a='é'/>");
        assert_eq!(text("XForms%3AModel=%3Ca%3E&b").unwrap(), "<a>");
        assert_eq!(text("xml=100%&x").unwrap(), "100%");
        assert_eq!(text("xml=%4").unwrap(), "%4");
    }

    #[test]
    fn what_is_no_form_stays_as_it_is() {
        for body in ["", "<a b='xml=1'/>", "\u{FEFF}<a/>", " \n<a/>", "other=1", "xml"] {
            assert_eq!(text(body), None, "{body}");
        }
    }
}
