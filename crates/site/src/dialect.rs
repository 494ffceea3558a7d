//! `[dialect]` of a client: how it reads and writes, where it does so in its own way.

use patron::{Attribute, BirthFormat, Template};

use crate::entry::Entry;
use crate::preset;
use crate::section::Section;
use crate::texts::Texts;

/// How a client reads and writes. SIP2 has no way to say so on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The character set of text, both ways.
    pub charset: Charset,
    /// Whether a message ends in CR LF instead of CR.
    pub crlf: bool,
    /// What ends a field.
    pub delimiter: u8,
    /// Whether dates are told in UTC instead of the library's zone.
    pub utc: bool,
    /// How AE is written; `None`: `Family, Given`.
    pub name: Option<Template>,
    /// Which field carries the expiry date.
    pub expiry: Option<FieldName>,
    /// How it is written there.
    pub expiry_format: ExpiryFormat,
    /// Which field carries the patron type.
    pub patron_type: FieldName,
    /// Which field carries the home library.
    pub home_library: FieldName,
    /// Which field carries the internal id.
    pub internal_id: FieldName,
    /// Further fields, each a text over what is released.
    pub fields: Vec<(FieldName, Template)>,
    /// Screen messages in place of the usual ones.
    pub texts: Texts,
}

/// The two characters of a field: letters and digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldName(pub [u8; 2]);

/// How an expiry date is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpiryFormat {
    /// As any date on the wire, of 18 characters.
    Sip,
    /// In a format such as `YYYYMMDD`.
    Date(BirthFormat),
}

/// How text is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8.
    #[default]
    Utf8,
    /// ISO 8859-1.
    Latin1,
    /// Code page 850, which the standard names as its default.
    Cp850,
    /// ASCII; other letters are transliterated.
    Ascii,
}

impl Charset {
    const WORDS: &[(&str, Self)] =
        &[("utf-8", Self::Utf8), ("latin-1", Self::Latin1), ("cp850", Self::Cp850), ("ascii", Self::Ascii)];
}

impl FieldName {
    /// The two characters as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Reads two capital letters or digits.
    pub fn parse(text: &str) -> Option<Self> {
        let name: [u8; 2] = text.as_bytes().try_into().ok()?;
        name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()).then_some(Self(name))
    }
}

/// Fields that we write ourselves, or that no client may be sent: PB and PD are birth dates.
const TAKEN: [&str; 34] = [
    "AA", "AC", "AD", "AE", "AF", "AG", "AO", "AS", "AT", "AU", "AV", "AY", "AZ", "BD", "BE", "BF", "BH", "BL", "BU",
    "BV", "BZ", "CA", "CB", "CC", "CD", "CN", "CO", "CP", "CQ", "PB", "PD", "BX", "AM", "AN",
];

impl Dialect {
    pub(crate) const KEYS: &[&str] = &[
        "preset",
        "charset",
        "terminator",
        "delimiter",
        "dates",
        "name",
        "expiry",
        "expiry-format",
        "patron-type",
        "home-library",
        "internal-id",
        "fields",
        "texts",
    ];

    /// The preset, with every key that stands beside it laid over.
    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        let named = section.optional("preset").map_or(Some(Self::default()), |entry| preset::read(&entry));
        // What stands beside a preset that does not exist is told all the same.
        let preset = named.clone().unwrap_or_default();
        let charset = section.optional("charset").map_or(Some(preset.charset), |entry| entry.word(Charset::WORDS));
        let crlf = section
            .optional("terminator")
            .map_or(Some(preset.crlf), |entry| entry.word(&[("cr", false), ("crlf", true)]));
        let delimiter = section.optional("delimiter").map_or(Some(preset.delimiter), |entry| {
            entry.parsed("one punctuation character", |text| match text.as_bytes() {
                [byte] if byte.is_ascii_punctuation() => Ok(*byte),
                _ => Err("not one punctuation character"),
            })
        });
        let utc =
            section.optional("dates").map_or(Some(preset.utc), |entry| entry.word(&[("local", false), ("utc", true)]));
        let name = section.optional("name").map_or(Some(preset.name), |entry| template(&entry).map(Some));
        let expiry = section.optional("expiry").map_or(Some(preset.expiry), |entry| {
            if entry.text()? == "none" { Some(None) } else { field_name(&entry).map(Some) }
        });
        let expiry_format = section.optional("expiry-format").map_or(Some(preset.expiry_format), |entry| {
            if entry.text()? == "sip" {
                return Some(ExpiryFormat::Sip);
            }
            entry.parsed("\"sip\", or a format such as \"YYYYMMDD\"", BirthFormat::parse).map(ExpiryFormat::Date)
        });
        let field = |key, absent| section.optional(key).map_or(Some(absent), |entry| field_name(&entry));
        let patron_type = field("patron-type", preset.patron_type);
        let home_library = field("home-library", preset.home_library);
        let internal_id = field("internal-id", preset.internal_id);
        let fields = section.optional("fields").map_or(Some(preset.fields), |entry| fields(&entry));
        let texts = section.optional("texts").map_or(Some(preset.texts), |entry| Texts::read(&entry));
        let dialect = Self {
            charset: charset?,
            crlf: crlf?,
            delimiter: delimiter?,
            utc: utc?,
            name: name?,
            expiry: expiry?,
            expiry_format: expiry_format?,
            patron_type: patron_type?,
            home_library: home_library?,
            internal_id: internal_id?,
            fields: fields?,
            texts: texts?,
        };
        dialect.check_fields(section);
        named.map(|_| dialect)
    }

    /// Which field carries which attribute, where it is released.
    pub fn carriers(&self) -> Vec<(FieldName, Attribute)> {
        let expiry = self.expiry.map(|field| (field, Attribute::Expiry));
        let rest = [
            (self.patron_type, Attribute::PatronType),
            (self.home_library, Attribute::HomeLibrary),
            (self.internal_id, Attribute::InternalId),
        ];
        expiry.into_iter().chain(rest).collect()
    }

    /// A field that stands twice would be read once.
    fn check_fields(&self, section: &Section<'_>) {
        let mut seen: Vec<FieldName> = Vec::new();
        let carriers = self.carriers().into_iter().map(|(field, _)| field);
        for field in carriers.chain(self.fields.iter().map(|(field, _)| *field)) {
            if seen.contains(&field) {
                section.error(
                    "fields",
                    format!("{} is written twice", field.as_str()),
                    "expected another field for one of the two",
                );
            }
            seen.push(field);
        }
    }
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            charset: Charset::default(),
            crlf: false,
            delimiter: b'|',
            utc: false,
            name: None,
            expiry: None,
            expiry_format: BirthFormat::parse("YYYYMMDD").map_or(ExpiryFormat::Sip, ExpiryFormat::Date),
            patron_type: FieldName(*b"PC"),
            home_library: FieldName(*b"AQ"),
            internal_id: FieldName(*b"XI"),
            fields: Vec::new(),
            texts: Texts::default(),
        }
    }
}

fn template(entry: &Entry<'_>) -> Option<Template> {
    let text = entry.field()?;
    Template::parse(&text)
        .map_err(|error| entry.error(error, format!("expected text and, in braces, {}", Template::places())))
        .ok()
}

fn field_name(entry: &Entry<'_>) -> Option<FieldName> {
    let expected = "two capital letters or digits, such as \"PC\"";
    let name = entry.parsed(expected, |text| FieldName::parse(text).ok_or("no field id"))?;
    if TAKEN.contains(&name.as_str()) {
        entry.error(
            "this field has a meaning of its own, or holds what no client is given",
            format!("expected {expected}"),
        );
        return None;
    }
    Some(name)
}

/// `fields = { "PF" = "{grade}" }`.
fn fields(entry: &Entry<'_>) -> Option<Vec<(FieldName, Template)>> {
    let mut whole = true;
    let mut fields = Vec::new();
    for (key, value) in entry.pairs()? {
        let name = FieldName::parse(key).filter(|name| !TAKEN.contains(&name.as_str()));
        if name.is_none() {
            value.error(
                "this is no field that can be given a text",
                "expected two capital letters or digits, of a field without a meaning of its own",
            );
        }
        match (name, template(&value)) {
            (Some(name), Some(template)) => fields.push((name, template)),
            _ => whole = false,
        }
    }
    whole.then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::Trial;

    fn with(dialect: &str) -> Trial {
        let mut trial = Trial::default();
        trial.client("overdrive", &format!("{}[dialect]\n{dialect}", trial.client_text("overdrive")));
        trial
    }

    #[track_caller]
    fn read(dialect: &str) -> Dialect {
        with(dialect).load().unwrap_or_else(|faults| panic!("{faults}")).site.clients.remove(0).dialect
    }

    #[test]
    fn every_key_of_a_preset_can_be_laid_over() {
        let preset = read("preset = \"koha-like\"\n");
        assert!(preset.crlf);
        let mine = read("preset = \"koha-like\"\nterminator = \"cr\"\nexpiry = \"PX\"\n");
        assert!(!mine.crlf);
        assert_eq!(mine.expiry, Some(FieldName(*b"PX")));
        assert_eq!(mine.home_library, preset.home_library);
    }

    #[test]
    fn a_field_takes_a_text_over_released_attributes() {
        let dialect = read("name = \"{given} {family}\"\nfields = { PF = \"Grade {grade}\" }\ndates = \"utc\"\n");
        assert_eq!(dialect.fields, [(FieldName(*b"PF"), Template::parse("Grade {grade}").unwrap())]);
        assert!(dialect.utc);
    }

    #[test]
    fn no_client_can_be_given_a_birth_date_or_a_second_verdict() {
        for field in ["PB", "PD", "BL", "CQ", "pf", "P"] {
            let errors = with(&format!("fields = {{ {field} = \"{{card}}\" }}\n")).errors();
            assert!(errors[0].contains("this is no field that can be given a text"), "{errors:?}");
        }
        let errors = with("fields = { PF = \"{birth-date}\" }\n").errors();
        assert!(
            errors[0].contains("there is no {birth-date}; expected text and, in braces, card, given"),
            "{errors:?}"
        );
    }

    #[test]
    fn a_field_that_would_stand_twice_is_refused() {
        let errors = with("expiry = \"PA\"\npatron-type = \"PA\"\n").errors();
        assert!(errors[0].contains("PA is written twice"), "{errors:?}");
    }

    #[test]
    fn an_unknown_preset_is_told_with_the_nearest_one() {
        let errors = with("preset = \"koha\"\nexpiry = \"PB\"\n").errors();
        assert!(errors[0].contains("unknown word, did you mean koha-like?"), "{errors:?}");
        assert!(errors[1].contains("dialect.expiry"), "what stands beside it is told too: {errors:?}");
    }
}
