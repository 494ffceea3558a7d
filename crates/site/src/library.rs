//! `[library]`: who answers.

use jiff::tz::{self, TimeZone};
use patron::Pattern;

use crate::entry::Entry;
use crate::nearest::suggestion;
use crate::section::Section;

/// The library, as the protocols name it.
#[derive(Clone, Debug, PartialEq)]
pub struct Library {
    /// Its name (SIP2 AM).
    pub name: String,
    /// The institution (SIP2 AO), where a client has no other.
    pub institution_id: String,
    /// The location (SIP2 AN), where a client has no other.
    pub location: String,
    /// The agency (NCIP), where a client has no other.
    pub agency_id: String,
    /// The zone of the times on the wire, and of "today".
    pub time_zone: TimeZone,
    /// The currency of its amounts (SIP2 BH), where it names one: three capital letters.
    pub currency: Option<[u8; 3]>,
    /// The shapes of the library's own cards: no district may claim one.
    pub own_cards: Vec<Pattern>,
}

impl Library {
    pub(crate) const KEYS: &[&str] =
        &["name", "institution-id", "location", "agency-id", "time-zone", "currency", "own-cards"];

    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        let name = section.required("name", "the library's name").and_then(|entry| entry.field());
        let institution_id =
            section.required("institution-id", "the institution that vendors know").and_then(|entry| entry.field());
        let location = section.optional("location").map_or(Some("hallpass".to_owned()), |entry| entry.field());
        let agency_id = section.optional("agency-id").map_or(Some(None), |entry| entry.field().map(Some));
        let time_zone =
            section.required("time-zone", "a zone such as \"America/New_York\"").and_then(|entry| time_zone(&entry));
        let currency = section.optional("currency").map_or(Some(None), |entry| {
            let capitals = |code: &[u8; 3]| code.iter().all(u8::is_ascii_uppercase);
            let code = |text: &str| <[u8; 3]>::try_from(text.as_bytes()).ok().filter(capitals);
            entry.parsed("a code of ISO 4217, such as \"USD\"", |text| code(text).ok_or("no currency")).map(Some)
        });
        const SHAPE: &str = "a regular expression of a whole card, such as \"2[0-9]{13}\"";
        let own_cards = section
            .optional("own-cards")
            .map_or(Some(Vec::new()), |entry| entry.nonempty_set(SHAPE, |item| item.parsed(SHAPE, Pattern::parse)));
        let institution_id = institution_id?;
        Some(Self {
            name: name?,
            agency_id: agency_id?.unwrap_or_else(|| institution_id.clone()),
            institution_id,
            location: location?,
            time_zone: time_zone?,
            currency: currency?,
            own_cards: own_cards?,
        })
    }
}

fn time_zone(entry: &Entry<'_>) -> Option<TimeZone> {
    let name = entry.text()?;
    let found = TimeZone::get(name).ok();
    if found.is_none() {
        let known: Vec<String> = tz::db().available().map(|zone| zone.to_string()).collect();
        entry.error(
            format!("unknown time zone{}", suggestion(name, known.iter().map(String::as_str))),
            "expected a zone of the IANA database, such as \"America/New_York\"",
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::trial::Trial;

    #[test]
    fn an_unknown_time_zone_is_told_with_the_nearest_one() {
        let mut trial = Trial::default();
        trial.main(&trial.main_text().replace("New_York", "New_Yrok"));
        assert_eq!(
            trial.errors(),
            ["hallpass.toml:6:13 library.time-zone: unknown time zone, did you mean America/New_York?; \
              expected a zone of the IANA database, such as \"America/New_York\""]
        );
    }

    #[test]
    fn a_missing_key_points_at_its_section() {
        let mut trial = Trial::default();
        trial.main(&trial.main_text().replace("institution-id = \"EPL\"\n", ""));
        assert_eq!(
            trial.errors(),
            ["hallpass.toml:3:1 library.institution-id: missing; expected the institution that vendors know"]
        );
    }

    #[test]
    fn a_text_must_fit_into_its_field() {
        let mut trial = Trial::default();
        trial.main(&trial.main_text().replace("\"EPL\"", "\"E|PL\"").replace("Example Public", "Example\\nPublic"));
        assert_eq!(
            trial.errors(),
            [
                "hallpass.toml:4:8 library.name: the text holds control characters or is not UTF-8; \
                 expected one line of text",
                "hallpass.toml:5:18 library.institution-id: the text holds the bar that ends a SIP2 field; \
                 expected text without |",
            ]
        );
    }
}
