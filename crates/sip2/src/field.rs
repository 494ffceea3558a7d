//! The id'd fields of a message: two characters, a value, a delimiter, in any order.

use std::fmt;

use nom::bytes::complete::{take, take_till, take_while};
use nom::combinator::map_opt;
use nom::{IResult, Parser};

use crate::dialect::Dialect;
use crate::error::DecodeError;
use crate::field_id::FieldId;

/// The id'd fields of one message, in the order in which they came.
///
/// A view of the frame: looking for a field reads the bytes again, and nothing is allocated. A field without its
/// last delimiter is taken as it is, stray delimiters are skipped, and so is what has no id.
/// Its `Debug` shows ids only.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    bytes: &'a [u8],
    delimiter: u8,
}

/// One id'd field, its value in the peer's character set. Its `Debug` shows the id only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// Which field it is.
    pub id: FieldId,
    /// Its value, without the delimiter.
    pub value: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Reads the fields of a message from the bytes after its fixed part and before its trailer.
    ///
    /// # Errors
    /// [`DecodeError::TooManyFields`].
    pub(crate) fn within(bytes: &'a [u8], dialect: &Dialect) -> Result<Self, DecodeError> {
        let limit = dialect.max_fields;
        let fields = Self { bytes, delimiter: dialect.delimiter.byte() };
        // A field takes two bytes at least, so that the usual message need not be counted.
        if bytes.len() / 2 > limit && fields.iter().nth(limit).is_some() {
            return Err(DecodeError::TooManyFields { limit });
        }
        Ok(fields)
    }

    /// The fields in order, duplicates included.
    pub fn iter(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let Self { mut bytes, delimiter } = *self;
        std::iter::from_fn(move || {
            loop {
                match field(delimiter, bytes) {
                    Ok((rest, field)) => {
                        bytes = rest;
                        return Some(field);
                    }
                    // What has no id: on to the next delimiter, at which the next field begins.
                    Err(_) => bytes = bytes.get(1 + bytes.iter().position(|byte| *byte == delimiter)?..)?,
                }
            }
        })
    }

    /// The value of the first field of this id. Where a field is sent twice, the first one counts.
    pub fn find(&self, id: FieldId) -> Option<&'a [u8]> {
        self.iter().find(|field| field.id == id).map(|field| field.value)
    }

    /// The fields whose id has come before in the message. For most ids that is a fault worth a warning; a
    /// screen message may well come twice.
    pub fn duplicates(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        // A real message has a dozen fields: of more, only those of the first dozens are compared.
        let mut seen = [None; 32];
        self.iter().filter(move |field| {
            let mut places = seen.iter_mut();
            match places.find(|place| place.is_none_or(|id| id == field.id)) {
                Some(place) => place.replace(field.id).is_some(),
                None => false,
            }
        })
    }
}

/// One field and the delimiter behind it, which the last one may lack.
fn field(delimiter: u8, input: &[u8]) -> IResult<&[u8], Field<'_>> {
    let (input, _stray) = take_while(|byte| byte == delimiter)(input)?;
    let not_delimiter = |pair: &[u8]| !pair.contains(&delimiter);
    let (input, id) =
        map_opt(take(2_usize), |pair: &[u8]| FieldId::new(*pair.first_chunk()?).filter(|_| not_delimiter(pair)))
            .parse(input)?;
    let (rest, value) = take_till(|byte| byte == delimiter)(input)?;
    // `BLYBV7.00|`: a field of one character runs into the next, whose id we know.
    if id.is_one_character()
        && let [b'Y' | b'N' | b' ', first, second, ..] = value
        && FieldId::new([*first, *second]).is_some_and(|next| next.title() != "unknown field")
    {
        let (rest, value) = take(1_usize)(input)?;
        return Ok((rest, Field { id, value }));
    }
    let (rest, _delimiter) = take(usize::from(!rest.is_empty()))(rest)?;
    Ok((rest, Field { id, value }))
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.id, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(bytes: &[u8]) -> Fields<'_> {
        Fields::within(bytes, &Dialect::default()).expect("few fields")
    }

    fn pairs(bytes: &[u8]) -> Vec<(String, &[u8])> {
        fields(bytes).iter().map(|field| (field.id.to_string(), field.value)).collect()
    }

    fn pair<'a>(id: &str, value: &'a str) -> (String, &'a [u8]) {
        (id.to_owned(), value.as_bytes())
    }

    #[test]
    fn reads_fields_in_any_order() {
        let expected = [pair("AA", "1001"), pair("AD", "1234"), pair("AO", ""), pair("ZZ", "x")];
        assert_eq!(pairs(b"AA1001|AD1234|AO|ZZx|"), expected);
    }

    #[test]
    fn quirk_5_the_last_delimiter_may_be_missing_and_others_too_many() {
        assert_eq!(pairs(b"|AA1001||AD1234"), [pair("AA", "1001"), pair("AD", "1234")]);
        assert_eq!(pairs(b"AOMAIN|||"), [pair("AO", "MAIN")]);
    }

    #[test]
    fn quirk_5_one_character_fields_need_no_delimiter() {
        assert_eq!(pairs(b"BLYBV7.00|"), [pair("BL", "Y"), pair("BV", "7.00")]);
        assert_eq!(pairs(b"BLYCQNBHHUF|"), [pair("BL", "Y"), pair("CQ", "N"), pair("BH", "HUF")]);
        assert_eq!(pairs(b"BLYes|"), [pair("BL", "Yes")]);
    }

    #[test]
    fn what_has_no_id_is_skipped() {
        assert_eq!(pairs(b"A|AA1001| x|\xC3\xA9|AD1234|Z"), [pair("AA", "1001"), pair("AD", "1234")]);
    }

    #[test]
    fn quirk_30_the_first_of_two_fields_counts_and_the_second_can_be_named() {
        let fields = fields(b"AA1001|AD1|AA1002|");
        assert_eq!(fields.find(FieldId::PATRON_IDENTIFIER), Some(&b"1001"[..]));
        let duplicates: Vec<_> = fields.duplicates().map(|field| field.id).collect();
        assert_eq!(duplicates, [FieldId::PATRON_IDENTIFIER]);
    }

    #[test]
    fn refuses_more_fields_than_the_limit() {
        let dialect = Dialect { max_fields: 2, ..Dialect::default() };
        assert!(Fields::within(b"AO|AA1001|", &dialect).is_ok());
        let refused = Fields::within(b"AO|AA1001|AD|", &dialect);
        assert_eq!(refused.map(|_| ()), Err(DecodeError::TooManyFields { limit: 2 }));
    }

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?}", fields(b"AA1001|AD1234|")), "[AA, AD]");
    }
}
