//! A DOCTYPE is accepted and ignored: v1 messages carry one, and even v2 ones do (reference/ncip.md 4, quirk 3, and 5).
//!
//! Nothing that it names is ever fetched. An internal subset, where entities are declared, is refused, even an empty one.

use crate::error::ReadError;

/// Checks what stands between `<!DOCTYPE` and `>`: a name, and perhaps `PUBLIC` or `SYSTEM` with quoted literals.
/// Returns the name, which must be the root's.
pub(crate) fn check(content: &str) -> Result<&str, ReadError> {
    if content.contains('[') {
        return Err(ReadError::InternalSubset);
    }
    let content = content.trim_ascii();
    let (name, rest) = content.split_once(|letter: char| letter.is_ascii_whitespace()).unwrap_or((content, ""));
    let rest = rest.trim_ascii();
    let literals = match rest {
        "" => 0..=0,
        _ if rest.starts_with("PUBLIC") => 1..=2,
        _ if rest.starts_with("SYSTEM") => 1..=1,
        _ => return Err(ReadError::Doctype),
    };
    let mut found = 0;
    let mut rest = rest.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
    loop {
        rest = rest.trim_ascii_start();
        let mut letters = rest.chars();
        match letters.next() {
            None if literals.contains(&found) => return Ok(name),
            Some(quote @ ('"' | '\'')) => {
                (_, rest) = letters.as_str().split_once(quote).ok_or(ReadError::Doctype)?;
                found += 1;
            }
            _ => return Err(ReadError::Doctype),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quirk_03_every_doctype_that_is_sent_is_accepted() {
        for content in [
            "NCIPMessage",
            "NCIPMessage PUBLIC \"-//NISO//NCIP DTD Version 1.0//EN\" \"http://www.niso.org/ncip_v1_0.dtd\"",
            "NCIPMessage PUBLIC '-//NISO//NCIP DTD Version 1//EN'",
            "  NCIPMessage\n SYSTEM \"ncip_v1_0.dtd\" ",
        ] {
            assert_eq!(check(content), Ok("NCIPMessage"), "{content}");
        }
    }

    #[test]
    fn an_internal_subset_is_refused_even_an_empty_one_and_inside_a_literal() {
        for content in ["NCIPMessage []", "NCIPMessage SYSTEM \"x\" [<!ENTITY a \"b\">]", "NCIPMessage SYSTEM \"[\""] {
            assert_eq!(check(content), Err(ReadError::InternalSubset), "{content}");
        }
    }

    #[test]
    fn anything_else_in_a_doctype_is_refused() {
        for content in ["NCIPMessage PUBLIC", "NCIPMessage SYSTEM x", "NCIPMessage FOO \"x\"", "NCIPMessage SYSTEM \"x"]
        {
            assert_eq!(check(content), Err(ReadError::Doctype), "{content}");
        }
    }
}
