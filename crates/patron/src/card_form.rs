//! One form of a district's card numbers: from a student ID to the card and back.
//!
//! A card is a literal, the ID, a literal, and perhaps a check digit. The ID is cleaned and filled *before* it becomes
//! the student's number in the roster, so that a card reads back without knowing what was cut or filled.

use std::borrow::Cow;

use crate::card_spec::{Case, Fill, Keep};
use crate::check_digit::{CheckDigit, Sum};
use crate::shape::Shape;
use crate::{CardSpec, Grade, Pattern, Role};

/// A form that can be read.
#[derive(Clone, Debug)]
pub struct CardForm {
    spec: CardSpec,
    pattern: Pattern,
    /// Cards as they are typed.
    typed: Shape,
}

impl CardForm {
    /// Compiles a form. The error says what is wrong with it: above all, that it cannot be read backwards.
    pub fn new(spec: CardSpec) -> Result<Self, String> {
        let pattern = Pattern::parse(&spec.pattern)?;
        if spec.check.is_some() {
            if spec.domain.is_some() {
                return Err("a check digit and a domain cannot be told apart; take one of them".to_owned());
            }
            if !spec.before.bytes().chain(spec.after.bytes()).all(|byte| byte.is_ascii_digit()) {
                return Err("a check digit is of digits only, and the card has other characters".to_owned());
            }
        }
        if let Some(Fill::Total(total)) = spec.fill
            && usize::from(total) <= spec.around()
        {
            return Err(format!("a card of {total} characters leaves none for the ID"));
        }
        if spec.check == Some(CheckDigit::Codabar) && !matches!(spec.fill, Some(Fill::Total(14)) | None) {
            return Err("a codabar card has 14 digits".to_owned());
        }
        let typed = Shape::new(typed_patterns(&spec)?, spec.check.is_some());
        let form = Self { pattern, typed, spec };
        match form.canonical().and_then(|canonical| Ok(Shape::shared_example(&[&canonical, &form.typed])?)) {
            Ok(Some(_)) => Ok(form),
            Ok(None) => Err("no card can have this form: pattern, case, keep and length contradict".to_owned()),
            Err(why) => Err(why),
        }
    }

    /// What the form was made of.
    pub const fn spec(&self) -> &CardSpec {
        &self.spec
    }

    /// Cards as they are typed, for finding forms that meet.
    pub const fn typed(&self) -> &Shape {
        &self.typed
    }

    /// Whether the form is made for somebody.
    pub fn is_for(&self, role: Role, grade: Option<Grade>) -> bool {
        !self.spec.retired && self.spec.scope.covers(role, grade)
    }

    /// The number in the roster of what the source says; `None`: it has not the pattern.
    pub fn id_of_source(&self, source: &str) -> Option<String> {
        let spec = &self.spec;
        let source = source.trim_matches(' ');
        let source = spec.domain.as_ref().map_or(source, |domain| without_domain(source, domain));
        let kept = source.chars().filter(|letter| match spec.keep {
            None => true,
            Some(Keep::Digits) => letter.is_ascii_digit(),
            Some(Keep::Alphanumeric) => letter.is_ascii_alphanumeric(),
        });
        let mut id: String = match spec.case {
            None => kept.collect(),
            Some(Case::Upper) => kept.map(|letter| letter.to_ascii_uppercase()).collect(),
            Some(Case::Lower) => kept.map(|letter| letter.to_ascii_lowercase()).collect(),
        };
        if id.is_empty()
            || !self.pattern.matches(&id)
            || spec.check.is_some() && !id.bytes().all(|b| b.is_ascii_digit())
        {
            return None;
        }
        if let Some((width, exact)) = spec.width() {
            let length = id.chars().count();
            if exact && length > width {
                return None;
            }
            id.insert_str(0, &"0".repeat(width.saturating_sub(length)));
        }
        let is_codabar = spec.check == Some(CheckDigit::Codabar);
        (!is_codabar || id.len() + spec.around() == 14).then_some(id)
    }

    /// Backwards: the number in the roster of a card as typed, where the form claims it.
    pub fn id_of_card<'a>(&self, card: &'a str) -> Option<Cow<'a, str>> {
        let spec = &self.spec;
        if !begins_with(card, &spec.before, spec.case.is_some()) || !self.typed.matches(card) {
            return None;
        }
        let card = spec.domain.as_ref().map_or(card, |domain| without_domain(card, domain));
        let end = card.len().checked_sub(spec.after.len() + usize::from(spec.check.is_some()))?;
        let id = card.get(spec.before.len()..end)?;
        Some(match spec.case {
            Some(Case::Upper) if id.bytes().any(|byte| byte.is_ascii_lowercase()) => {
                Cow::Owned(id.to_ascii_uppercase())
            }
            Some(Case::Lower) if id.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                Cow::Owned(id.to_ascii_lowercase())
            }
            _ => Cow::Borrowed(id),
        })
    }

    /// Forwards: the card of a number in the roster.
    pub fn card_of(&self, id: &str) -> String {
        let spec = &self.spec;
        let mut card = format!("{}{id}{}", spec.before, spec.after);
        if spec.check.is_some() {
            card.push(Sum::of(&card).missing_digit());
        }
        card
    }

    /// Whether both forms, where they claim the same card, read the same ID off it: it stands in the same place.
    pub(crate) fn reads_where(&self, other: &Self) -> bool {
        let (one, other) = (&self.spec, &other.spec);
        (one.before.len(), one.after.len(), one.case) == (other.before.len(), other.after.len(), other.case)
            && one.check.is_some() == other.check.is_some()
            && one.domain == other.domain
    }

    /// Whether both forms read every card alike.
    pub(crate) fn reads_alike(&self, other: &Self) -> bool {
        let (one, other) = (&self.spec, &other.spec);
        (&one.before, &one.after, &one.pattern, &one.domain)
            == (&other.before, &other.after, &other.pattern, &other.domain)
            && (one.fill, one.case, one.check) == (other.fill, other.case, other.check)
    }

    /// Whether this is the very card of a number in the roster.
    pub fn makes(&self, card: &str, id: &str) -> bool {
        let spec = &self.spec;
        if spec.check.is_some() {
            return self.card_of(id) == card;
        }
        let rest = card.as_bytes().split_at_checked(spec.before.len());
        let rest = rest.and_then(|(before, rest)| Some((before, rest.split_at_checked(id.len())?)));
        rest.is_some_and(|(before, (middle, after))| {
            same(before, spec.before.as_bytes()) && middle == id.as_bytes() && same(after, spec.after.as_bytes())
        })
    }

    /// A card that the form makes, for messages.
    pub fn example(&self) -> Option<String> {
        Shape::shared_example(&[&self.canonical().ok()?, &self.typed]).ok().flatten()
    }

    /// Cards as they are made: in their letter case, of characters that are kept, without a domain.
    fn canonical(&self) -> Result<Shape, String> {
        let spec = &self.spec;
        let mut inner = vec![match spec.keep {
            None => ".*",
            Some(Keep::Digits) => "[0-9]*",
            Some(Keep::Alphanumeric) => "[0-9A-Za-z]*",
        }];
        inner.extend(match spec.case {
            None => None,
            Some(Case::Upper) => Some("[^a-z]*"),
            Some(Case::Lower) => Some("[^A-Z]*"),
        });
        if spec.check.is_some() {
            inner.push("[0-9]*");
        }
        let (before, after) = (literal(&spec.before), literal(&spec.after));
        let check = if spec.check.is_some() { "[0-9]" } else { "" };
        let mut patterns = Vec::new();
        for inner in inner.into_iter().map(str::to_owned).chain(id_patterns(spec)) {
            patterns.push(Pattern::parse(&format!("{before}(?:{inner}){after}{check}"))?);
        }
        Ok(Shape::new(patterns, spec.check.is_some()))
    }
}

impl PartialEq for CardForm {
    fn eq(&self, other: &Self) -> bool {
        self.spec == other.spec
    }
}

/// What a filled ID must match, all of it. Filling a text of the pattern P with zeros to N characters gives exactly the
/// texts of N characters that are zeros and then P.
fn id_patterns(spec: &CardSpec) -> Vec<String> {
    let pattern = &spec.pattern;
    match spec.width() {
        None => vec![pattern.clone()],
        Some((width, true)) => vec![format!("0*(?:{pattern})"), format!(".{{{width}}}")],
        Some((width, false)) => {
            vec![format!("0*(?:{pattern})"), format!(".{{{width},}}"), format!("(?:{pattern})|.{{{width}}}")]
        }
    }
}

fn typed_patterns(spec: &CardSpec) -> Result<Vec<Pattern>, String> {
    let (before, after) = (literal(&spec.before), literal(&spec.after));
    let domain = spec.domain.as_ref().map(|domain| format!("(?:(?i:@{}))?", literal(domain))).unwrap_or_default();
    let check = if spec.check.is_some() { "[0-9]" } else { "" };
    let any_case = if spec.case.is_some() { "(?i)" } else { "" };
    let mut patterns = Vec::new();
    for inner in id_patterns(spec) {
        patterns.push(Pattern::parse(&format!("{any_case}{before}(?:{inner}){after}{check}{domain}"))?);
    }
    if spec.check == Some(CheckDigit::Codabar) {
        patterns.push(Pattern::parse("[0-9]{14}")?);
    }
    Ok(patterns)
}

/// A text as a pattern of itself.
fn literal(text: &str) -> String {
    text.bytes().map(|byte| format!(r"\x{byte:02X}")).collect()
}

fn without_domain<'a>(text: &'a str, domain: &str) -> &'a str {
    match text.split_once('@') {
        Some((id, theirs)) if theirs.eq_ignore_ascii_case(domain) => id,
        _ => text,
    }
}

/// Most cards of other forms are told apart here.
fn begins_with(card: &str, before: &str, any_case: bool) -> bool {
    match card.as_bytes().get(..before.len()) {
        Some(start) if any_case => start.eq_ignore_ascii_case(before.as_bytes()),
        Some(start) => same(start, before.as_bytes()),
        None => false,
    }
}

/// Whether both are the same. Most literals are empty, and then nothing is compared: an empty string points nowhere, and
/// on some processors the C library's `memcmp` takes 100 ns to find out that it need not look there.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && (one.is_empty() || one == other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IdSource;

    fn plain(prefix: &str, pattern: &str) -> CardSpec {
        CardSpec::plain(IdSource::Identifier, prefix, pattern, "district:a")
    }

    fn form(spec: CardSpec) -> CardForm {
        CardForm::new(spec).unwrap()
    }

    /// What a source's ID comes to, and back: (card, the roster's number).
    fn both_ways(form: &CardForm, source: &str) -> Option<(String, String)> {
        let id = form.id_of_source(source)?;
        let card = form.card_of(&id);
        assert_eq!(form.id_of_card(&card).as_deref(), Some(id.as_str()), "{card} reads back");
        assert!(form.makes(&card, &id) && !form.makes(&format!("{card}0"), &id), "{card}");
        Some((card, id))
    }

    fn card(form: &CardForm, source: &str) -> Option<String> {
        both_ways(form, source).map(|(card, _)| card)
    }

    #[test]
    fn a_card_reads_back_to_its_id_and_another_prefix_or_shape_is_not_claimed() {
        let multnomah = form(plain("40", "[0-9]{6}"));
        assert_eq!(both_ways(&multnomah, "123456"), Some(("40123456".into(), "123456".into())));
        for card in ["123456", "41123456", "401234567", "40", "40 23456"] {
            assert_eq!(multnomah.id_of_card(card), None, "{card}");
        }
        assert_eq!(multnomah.id_of_source("12345"), None);
    }

    #[test]
    fn zeros_fill_a_card_to_its_length_and_an_id_too_long_for_it_has_none() {
        let seattle = form(CardSpec { fill: Some(Fill::Total(13)), ..plain("991", "[1-9][0-9]{2,7}") });
        assert_eq!(card(&seattle, "123").as_deref(), Some("9910000000123"));
        assert_eq!(card(&seattle, "12345678").as_deref(), Some("9910012345678"));
        assert_eq!(seattle.id_of_source("123456789"), None);
        for wrong in ["991123", "9910000000012", "99100000000123", "9900000000123"] {
            assert_eq!(seattle.id_of_card(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_id_longer_than_its_filling_stays_as_it_is() {
        let teacher = CardSpec { fill: Some(Fill::Id(4)), case: Some(Case::Upper), ..plain("405t", "[A-Z0-9]{1,8}") };
        let teacher = form(teacher);
        assert_eq!(card(&teacher, "b7").as_deref(), Some("405t00B7"));
        assert_eq!(card(&teacher, "abc123").as_deref(), Some("405tABC123"));
        assert_eq!(teacher.id_of_card("405T00b7").as_deref(), Some("00B7"), "cards are read in any letter case");
        assert_eq!(teacher.id_of_card("405tB7"), None, "shorter than any card that is made");
    }

    #[test]
    fn characters_that_are_not_kept_are_cut() {
        let spec = CardSpec { keep: Some(Keep::Alphanumeric), case: Some(Case::Lower), ..plain("BC", "[a-z0-9]{5,9}") };
        assert_eq!(card(&form(spec), " A-123.45 ").as_deref(), Some("BCa12345"));
    }

    #[test]
    fn a_domain_is_stripped_from_source_and_card_alike() {
        let spec = CardSpec { domain: Some("students.example.org".into()), ..plain("", "[0-9]{6}") };
        let form = form(spec);
        assert_eq!(both_ways(&form, "123456@Students.Example.org"), Some(("123456".into(), "123456".into())));
        assert_eq!(form.id_of_card("123456@students.example.org").as_deref(), Some("123456"));
        assert_eq!(form.id_of_card("123456@elsewhere.example.org"), None);
    }

    #[test]
    fn a_blank_may_belong_to_the_card() {
        let dubuque = form(plain("P ", "[0-9]{5}"));
        assert_eq!(card(&dubuque, "12345").as_deref(), Some("P 12345"));
        assert_eq!(dubuque.id_of_card("P12345"), None);
    }

    #[test]
    fn a_check_digit_is_made_and_looked_at() {
        let library = form(CardSpec { check: Some(CheckDigit::Codabar), ..plain("21234", "[0-9]{8}") });
        assert_eq!(card(&library, "00001234").as_deref(), Some("21234000012344"));
        assert_eq!(library.id_of_card("21234000012345"), None, "a slip of one digit is nobody's card");
        let narrow = form(CardSpec { check: Some(CheckDigit::Codabar), ..plain("21234", "[0-9]{7,8}") });
        assert_eq!(card(&narrow, "0001234"), None, "13 digits are no library's");
        let short = form(CardSpec { check: Some(CheckDigit::Luhn), ..plain("", "[0-9]{3,6}") });
        assert_eq!(card(&short, "123").as_deref(), Some("1230"));
    }

    #[test]
    fn a_form_that_cannot_be_read_backwards_says_why() {
        for (spec, why) in [
            (CardSpec { fill: Some(Fill::Total(3)), ..plain("991", "[0-9]+") }, "leaves none for the ID"),
            (CardSpec { check: Some(CheckDigit::Luhn), ..plain("P", "[0-9]+") }, "of digits only"),
            (
                CardSpec { check: Some(CheckDigit::Luhn), domain: Some("a.example".into()), ..plain("", "[0-9]+") },
                "told apart",
            ),
            (CardSpec { case: Some(Case::Upper), ..plain("", "[a-z]{4}") }, "contradict"),
            (CardSpec { keep: Some(Keep::Digits), ..plain("", "[A-Z]{4}") }, "contradict"),
            (CardSpec { fill: Some(Fill::Total(5)), ..plain("", "[1-9][0-9]{6}") }, "contradict"),
            (CardSpec { check: Some(CheckDigit::Codabar), ..plain("2", "[0-9]{5}") }, "contradict"),
            (plain("", "[0-9"), "unclosed"),
        ] {
            let error = CardForm::new(spec).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn an_example_is_a_card_of_the_form() {
        let form = form(CardSpec { case: Some(Case::Upper), ..plain("KC", "[A-Z][0-9]{3}") });
        assert_eq!(form.example().as_deref(), Some("KCA000"));
    }
}
