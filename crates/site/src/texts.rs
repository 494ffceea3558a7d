//! Screen messages (AF) in a client's own words, by language.

use crate::entry::Entry;

/// What a screen message is said to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// A card or PIN that is not accepted.
    NotAccepted,
    /// An outage.
    Unavailable,
    /// A card that has expired.
    Expired,
    /// An account that the district has disabled.
    Disabled,
    /// A role that the programme does not serve.
    Role,
}

impl Said {
    const KEYS: [&str; 5] = ["not-accepted", "unavailable", "expired", "disabled", "role"];
    const ALL: [Self; 5] = [Self::NotAccepted, Self::Unavailable, Self::Expired, Self::Disabled, Self::Role];
}

/// Languages by their ISO 639 code, and as SIP2 numbers them ("Language").
const LANGUAGES: [(&str, u16); 20] = [
    ("any", 0),
    ("en", 1),
    ("fr", 2),
    ("de", 3),
    ("it", 4),
    ("nl", 5),
    ("sv", 6),
    ("fi", 7),
    ("es", 8),
    ("da", 9),
    ("pt", 10),
    ("no", 12),
    ("he", 13),
    ("ja", 14),
    ("ru", 15),
    ("ar", 16),
    ("pl", 17),
    ("el", 18),
    ("zh", 19),
    ("ko", 20),
];

/// Screen messages in place of the usual ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(Vec<(u16, [Option<String>; 5])>);

impl Texts {
    /// The text in a language (by SIP2's number), or that of `any`; `None`: the usual one.
    pub fn find(&self, language: u16, said: Said) -> Option<&str> {
        let at = Said::ALL.iter().position(|known| *known == said)?;
        let of = |number: u16| {
            let (_, texts) = self.0.iter().find(|(language, _)| *language == number)?;
            texts.get(at)?.as_deref()
        };
        of(language).or_else(|| of(0))
    }

    /// `texts.es = { not-accepted = "..." }`.
    pub(crate) fn read(entry: &Entry<'_>) -> Option<Self> {
        let section = entry.section(&LANGUAGES.map(|(code, _)| code))?;
        let mut whole = true;
        let mut texts = Vec::new();
        for (code, number) in LANGUAGES {
            let Some(entry) = section.optional(code) else { continue };
            let Some(section) = entry.section(&Said::KEYS) else {
                whole = false;
                continue;
            };
            let said = Said::KEYS.map(|key| {
                let entry = section.optional(key)?;
                let text = text(&entry, key);
                whole &= text.is_some();
                text
            });
            texts.push((number, said));
        }
        whole.then_some(Self(texts))
    }
}

fn text(entry: &Entry<'_>, key: &str) -> Option<String> {
    let text = entry.field()?;
    // Libki looks for these anywhere in a message (reference/sip2.md, quirk 22).
    if text.contains("BLN") || text.contains("CQY") {
        entry.error("holds BLN or CQY, which some clients take for the verdict", "expected text without them");
        return None;
    }
    if key == "expired" && !text.to_ascii_lowercase().contains("expire") {
        entry.warning("does not say \"expired\"", "EZproxy's administrators match on that word");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::Trial;

    fn with(texts: &str) -> Trial {
        let mut trial = Trial::default();
        trial.client("overdrive", &format!("{}[dialect.texts]\n{texts}", trial.client_text("overdrive")));
        trial
    }

    #[test]
    fn a_language_without_its_own_text_has_that_of_any() {
        let trial = with("any = { not-accepted = \"No\" }\nes = { not-accepted = \"No aceptada\" }\n");
        let texts = trial.load().unwrap().site.clients.remove(0).dialect.texts;
        assert_eq!(texts.find(8, Said::NotAccepted), Some("No aceptada"));
        assert_eq!(texts.find(1, Said::NotAccepted), Some("No"));
        assert_eq!(texts.find(8, Said::Expired), None);
    }

    #[test]
    fn a_text_can_neither_spell_a_verdict_nor_end_a_field() {
        for text in ["no BLN", "CQY", "a|b"] {
            assert_eq!(with(&format!("any = {{ role = \"{text}\" }}\n")).errors().len(), 1, "{text}");
        }
    }

    #[test]
    fn an_expired_card_should_say_so() {
        assert_eq!(
            with("any = { expired = \"Too old\" }\n").warnings(),
            ["clients/overdrive.toml:6:19 dialect.texts.any.expired: does not say \"expired\"; \
              EZproxy's administrators match on that word"]
        );
    }
}
