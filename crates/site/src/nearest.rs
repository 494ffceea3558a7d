//! Which known word a mistyped one is closest to.

/// How alike two words must be, 0 to 1: `institution_id` and `institution-id` are, `grades` and `name` are not.
const ALIKE: f64 = 0.6;

/// `, did you mean ...?`, or nothing where no known word is close.
pub(crate) fn suggestion<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|known| (alikeness(&lower, &known.to_lowercase()), known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, known)| format!(", did you mean {known}?"))
        .unwrap_or_default()
}

/// A word that was cut off or drawn out, `warning` for `warn`, is alike as well.
fn alikeness(word: &str, known: &str) -> f64 {
    let alike = strsim::normalized_damerau_levenshtein(word, known);
    let begins = word.len().min(known.len()) >= 3 && (word.starts_with(known) || known.starts_with(word));
    if begins { alike.max(ALIKE) } else { alike }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_mistake_finds_its_word_and_a_strange_word_none() {
        let known = ["name", "institution-id", "location"];
        assert_eq!(suggestion("institution_id", known), ", did you mean institution-id?");
        assert_eq!(suggestion("Nmae", known), ", did you mean name?");
        assert_eq!(suggestion("grades", known), "");
    }
}
