//! `[card]` of a district: which card numbers are its students'.

use patron::{CardRule, IdSource, Pattern};

use crate::entry::Entry;
use crate::files;
use crate::section::Section;

/// A card rule, and where its pattern stands.
pub(crate) struct Draft<'a> {
    pub(crate) rule: CardRule,
    pub(crate) pattern: Entry<'a>,
}

pub(crate) const KEYS: &[&str] = &["id", "prefix", "pattern", "namespace"];

/// Reads the rule of the district `district`. A namespace of its own and a shared one of the same name stay apart.
pub(crate) fn read<'a>(section: &Section<'a>, district: &str) -> Option<Draft<'a>> {
    const SOURCES: &str = "identifier, source-id, username, user-id:TYPE or column:NAME";
    const SHAPE: &str = "a regular expression of the whole ID, such as \"[0-9]{7}\"";
    let id = section
        .required("id", SOURCES)
        .and_then(|entry| entry.parsed(SOURCES, |text| IdSource::parse(text).ok_or("unknown source of the ID")));
    let prefix = section.optional("prefix").map_or(Some(String::new()), |entry| prefix(&entry));
    let place = section.required("pattern", SHAPE);
    let pattern = place.as_ref().and_then(|entry| entry.parsed(SHAPE, Pattern::parse));
    let namespace = match section.optional("namespace") {
        None => Some(format!("district:{district}")),
        Some(entry) => entry
            .parsed("1 to 32 of a-z, 0-9 and -", |name| if files::is_id(name) { Ok(()) } else { Err("no such name") })
            .and_then(|()| Some(format!("shared:{}", entry.text()?))),
    };
    let rule = CardRule { id: id?, prefix: prefix?, pattern: pattern?, namespace: namespace? };
    Some(Draft { rule, pattern: place? })
}

fn prefix(entry: &Entry<'_>) -> Option<String> {
    let prefix = entry.text_or_empty()?;
    if prefix.starts_with(' ') || prefix.contains('|') {
        entry.error("no card number can begin so", "expected no blank at the beginning and no |");
        return None;
    }
    Some(prefix.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::trial::Trial;

    #[test]
    fn a_broken_pattern_points_at_its_value() {
        let mut trial = Trial::default();
        trial.district("cms", &trial.district_text().replace("[0-9]{7}", "[0-9{7}"));
        assert_eq!(
            trial.errors(),
            ["districts/cms.toml:4:11 card.pattern: unclosed character class; \
              expected a regular expression of the whole ID, such as \"[0-9]{7}\""]
        );
    }

    #[test]
    fn source_prefix_and_namespace_are_checked() {
        let mut trial = Trial::default();
        trial.district(
            "cms",
            &trial.district_text().replace("\"identifier\"", "\"sourcedId\"\nprefix = \" P\"\nnamespace = \"S T N\""),
        );
        assert_eq!(
            trial.errors(),
            [
                "districts/cms.toml:3:6 card.id: unknown source of the ID; \
                 expected identifier, source-id, username, user-id:TYPE or column:NAME",
                "districts/cms.toml:4:10 card.prefix: no card number can begin so; \
                 expected no blank at the beginning and no |",
                "districts/cms.toml:5:13 card.namespace: no such name; expected 1 to 32 of a-z, 0-9 and -",
            ]
        );
    }

    #[test]
    fn a_shared_namespace_is_never_that_of_a_district_of_this_name() {
        let mut trial = Trial::default();
        let site = trial.load().unwrap().site;
        assert_eq!(site.districts[0].card.namespace, "district:cms");
        trial.district("cms", &trial.district_text().replace("[pin]", "namespace = \"cms\"\n[pin]"));
        let site = trial.load().unwrap().site;
        assert_eq!(site.districts[0].card.namespace, "shared:cms");
    }
}
