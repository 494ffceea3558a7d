//! The values of cells.

use jiff::civil::Date;

/// A date as OneRoster writes it, `YYYY-MM-DD`, and in no other form: `1/05/2023` may be January or May.
pub(crate) fn date(cell: &[u8]) -> Option<Date> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = cell else { return None };
    let number = |digits: &[u8]| {
        digits
            .iter()
            .try_fold(0i16, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i16::from(digit - b'0')))
    };
    let (year, month, day) = (number(&[*y1, *y2, *y3, *y4])?, number(&[*m1, *m2])?, number(&[*d1, *d2])?);
    Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()
}

/// `enabledUser`, in the ways that exports have written it.
pub(crate) fn boolean(cell: &[u8]) -> Option<bool> {
    let is = |word: &str| cell.eq_ignore_ascii_case(word.as_bytes());
    if is("true") || is("1") {
        Some(true)
    } else if is("false") || is("0") {
        Some(false)
    } else {
        None
    }
}

/// `status`, which a bulk file leaves empty and some fill all the same. `Some(false)`: the row is taken back.
pub(super) fn is_active(status: &[u8]) -> Option<bool> {
    let is = |word: &str| status.eq_ignore_ascii_case(word.as_bytes());
    if status.is_empty() || is("active") {
        Some(true)
    } else if is("tobedeleted") || is("inactive") {
        Some(false)
    } else {
        None
    }
}

/// What [`is_active`] reads.
pub(super) const STATUS: &str = "nothing, `active`, `tobedeleted` or `inactive`";

#[cfg(test)]
mod tests {
    use jiff::civil;

    use super::*;

    #[test]
    fn only_iso_dates_are_dates() {
        assert_eq!(date(b"2012-02-29"), Some(civil::date(2012, 2, 29)));
        for text in ["", "2011-02-29", "1/05/2023", "05.01.2023", "20230105", "2012-2-9", "2012-04-23T18:25:43Z"] {
            assert_eq!(date(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn booleans_are_read_as_exports_write_them() {
        for (text, value) in [("true", true), ("TRUE", true), ("1", true), ("False", false), ("0", false)] {
            assert_eq!(boolean(text.as_bytes()), Some(value), "{text}");
        }
        for text in ["", "yes", "2"] {
            assert_eq!(boolean(text.as_bytes()), None, "{text}");
        }
    }
}
