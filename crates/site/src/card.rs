//! `[card]` or `[[card]]` of a district: which card numbers are its students'.

use patron::card_spec::{Case, Fill, Keep};
use patron::{CardForm, CardRules, CardSpec, CheckDigit, IdSource, Pattern, Role};

use crate::entry::Entry;
use crate::section::Section;
use crate::{files, scope};

/// The card rules, and where the pattern of each stands.
pub(crate) struct Draft<'a> {
    pub(crate) rules: CardRules,
    pub(crate) places: Vec<Entry<'a>>,
}

pub(crate) const KEYS: &[&str] =
    &["id", "prefix", "pattern", "pieces", "namespace", "aliases", "retired", "roles", "grades"];
pub(crate) const ID_KEYS: &[&str] = &["id", "pattern", "zero-fill", "zero-fill-total", "case", "keep", "strip-domain"];
pub(crate) const CHECK_KEYS: &[&str] = &["check-digit"];

const SHAPE: &str = "a regular expression of the whole ID, such as \"[0-9]{7}\"";

/// Reads the rules of the district `district`.
pub(crate) fn read<'a>(entry: &Entry<'a>, district: &str) -> Option<Draft<'a>> {
    let mut forms = Vec::new();
    let mut places = Vec::new();
    let rules = entry.one_or_several();
    for rule in &rules {
        let read = rule.section(KEYS).and_then(|section| form(&section, rule, district));
        let (form, place) = read.unzip();
        forms.push(form);
        places.extend(place);
    }
    if rules.is_empty() {
        entry.error("there is no rule", "expected at least one [[card]] with id and pattern");
    }
    let forms: Vec<CardForm> = forms.into_iter().collect::<Option<_>>()?;
    scope::warn_of_unreached(
        forms
            .iter()
            .zip(&rules)
            .filter(|(form, _)| !form.spec().retired)
            .map(|(form, rule)| (&form.spec().scope, rule)),
    );
    (!forms.is_empty()).then(|| Draft { rules: CardRules::new(forms), places })
}

fn form<'a>(section: &Section<'a>, rule: &Entry<'a>, district: &str) -> Option<(CardForm, Entry<'a>)> {
    let scope = scope::read(section);
    let namespace = namespace(section);
    let retired = section.optional("retired").map_or(Some(false), |entry| entry.flag());
    let aliases = section.optional("aliases").map_or(Some(Vec::new()), |entry| entry.set(id_source));
    let pieces = match section.optional("pieces") {
        Some(entry) => {
            for key in ["id", "prefix", "pattern"] {
                if let Some(beside) = section.optional(key) {
                    beside.error("stands beside pieces", "expected it in pieces");
                }
            }
            in_pieces(&entry).map(|pieces| (pieces, entry))
        }
        None => plain(section),
    };
    let (scope, (spec, place)) = (scope?, pieces?);
    // Numbers of staff are other numbers than those of students: the same one may be two people.
    let is_staff = !scope.roles.is_empty() && !scope.roles.contains(&Role::Student);
    let own = if is_staff { format!("district:{district}/staff") } else { format!("district:{district}") };
    let spec = CardSpec { scope, namespace: namespace?.unwrap_or(own), aliases: aliases?, retired: retired?, ..spec };
    match CardForm::new(spec) {
        Ok(form) => Some((form, place)),
        Err(why) => {
            let at = if section.optional("pieces").is_some() { rule } else { &place };
            at.error(why, "expected a rule that makes cards and reads them back");
            None
        }
    }
}

/// A namespace of its own and a shared one of the same name stay apart.
fn namespace(section: &Section<'_>) -> Option<Option<String>> {
    let Some(entry) = section.optional("namespace") else { return Some(None) };
    let checked =
        entry.parsed("1 to 32 of a-z, 0-9 and -", |name| if files::is_id(name) { Ok(()) } else { Err("no such name") });
    checked.and_then(|()| Some(Some(format!("shared:{}", entry.text()?))))
}

/// `id`, `prefix` and `pattern`.
fn plain<'a>(section: &Section<'a>) -> Option<(CardSpec, Entry<'a>)> {
    let id = section.required("id", IdSource::EXPECTED).and_then(|entry| id_source(&entry));
    let prefix = section.optional("prefix").map_or(Some(""), |entry| {
        let prefix = entry.text_or_empty()?;
        is_beginning(&entry, prefix).then_some(prefix)
    });
    let place = section.required("pattern", SHAPE);
    let pattern = place.as_ref().and_then(pattern);
    Some((CardSpec::plain(id?, prefix?, pattern?, ""), place?))
}

/// `pieces = ["991", { id = "identifier", ... }, { check-digit = "luhn" }]`.
fn in_pieces(entry: &Entry<'_>) -> Option<CardSpec> {
    let mut spec: Option<CardSpec> = None;
    let (mut before, mut whole) = (String::new(), true);
    for piece in entry.list()? {
        if spec.as_ref().is_some_and(|spec| spec.check.is_some()) {
            piece.error("nothing can follow the check digit", "expected the check digit last");
            return None;
        }
        if piece.is_text() {
            let literal = piece.text_or_empty()?;
            match &mut spec {
                Some(spec) => spec.after.push_str(literal),
                None => {
                    whole &= !before.is_empty() || is_beginning(&piece, literal);
                    before.push_str(literal);
                }
            }
            continue;
        }
        let section = piece.section(&[ID_KEYS, CHECK_KEYS].concat())?;
        match (&mut spec, section.optional("check-digit")) {
            (Some(spec), Some(check)) => {
                spec.check = Some(check.word(&[CheckDigit::Luhn, CheckDigit::Codabar].map(|it| (it.name(), it)))?);
            }
            (None, Some(check)) => {
                check.error("there is no ID before the check digit", "expected { id = ... } first");
                return None;
            }
            (None, None) => spec = Some(id_piece(&section)?),
            (Some(_), None) => {
                piece.error("a second ID: nobody could tell where one ends", "expected one { id = ... }");
                return None;
            }
        }
    }
    if spec.is_none() {
        entry.error("there is no ID in it", "expected one { id = ..., pattern = ... }");
    }
    spec.filter(|_| whole).map(|spec| CardSpec { before, ..spec })
}

fn id_piece(section: &Section<'_>) -> Option<CardSpec> {
    let id = section.required("id", IdSource::EXPECTED).and_then(|entry| id_source(&entry));
    let pattern = section.required("pattern", SHAPE).and_then(|entry| pattern(&entry));
    let width = |key| section.optional(key).map_or(Some(None), |entry| entry.integer(1..=40_u8).map(Some));
    let fill = match (width("zero-fill")?, width("zero-fill-total")?) {
        (None, None) => None,
        (Some(least), None) => Some(Fill::Id(least)),
        (None, Some(total)) => Some(Fill::Total(total)),
        (Some(_), Some(_)) => {
            section.error("zero-fill", "stands beside zero-fill-total", "expected only one of the two");
            return None;
        }
    };
    let case = section
        .optional("case")
        .map_or(Some(None), |entry| entry.word(&[("upper", Case::Upper), ("lower", Case::Lower)]).map(Some));
    let keep = section.optional("keep").map_or(Some(None), |entry| {
        entry.word(&[("digits", Keep::Digits), ("alphanumeric", Keep::Alphanumeric)]).map(Some)
    });
    let domain = section.optional("strip-domain").map_or(Some(None), |entry| {
        let domain = entry.text()?.trim_start_matches('@');
        if domain.is_empty() || domain.contains(['@', '|', ' ']) {
            entry.error("no domain", "expected what stands after the @, such as \"students.example.org\"");
            return None;
        }
        Some(Some(domain.to_owned()))
    });
    let spec = CardSpec::plain(id?, "", pattern?, "");
    Some(CardSpec { fill, case: case?, keep: keep?, domain: domain?, ..spec })
}

fn id_source(entry: &Entry<'_>) -> Option<IdSource> {
    entry.parsed(IdSource::EXPECTED, |text| IdSource::parse(text).ok_or("unknown source of the ID"))
}

fn pattern<'a>(entry: &Entry<'a>) -> Option<&'a str> {
    entry.parsed(SHAPE, Pattern::parse)?;
    entry.text()
}

fn is_beginning(entry: &Entry<'_>, prefix: &str) -> bool {
    let possible = !prefix.starts_with(' ') && !prefix.contains('|');
    if !possible {
        entry.error("no card number can begin so", "expected no blank at the beginning and no |");
    }
    possible
}

#[cfg(test)]
mod tests {
    use patron::Role;

    use crate::trial::Trial;

    fn with(card: &str) -> Trial {
        let mut trial = Trial::default();
        let text = trial.district_text().replace("[card]\nid = \"identifier\"\npattern = \"[0-9]{7}\"\n", card);
        trial.district("cms", &text);
        trial
    }

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
                 expected identifier, source-id, username, email, user-id:TYPE or column:NAME",
                "districts/cms.toml:4:10 card.prefix: no card number can begin so; \
                 expected no blank at the beginning and no |",
                "districts/cms.toml:5:13 card.namespace: no such name; expected 1 to 32 of a-z, 0-9 and -",
            ]
        );
    }

    #[test]
    fn a_shared_namespace_is_never_that_of_a_district_of_this_name() {
        let mut trial = Trial::default();
        let space = |trial: &Trial| trial.load().unwrap().site.districts[0].cards.spaces()[0].to_owned();
        assert_eq!(space(&trial), "district:cms");
        trial.district("cms", &trial.district_text().replace("[pin]", "namespace = \"cms\"\n[pin]"));
        assert_eq!(space(&trial), "shared:cms");
    }

    #[test]
    fn pieces_are_read_in_their_order_and_staff_have_a_space_of_their_own() {
        let trial = with(
            "[[card]]\nroles = [\"student\"]\npieces = [\"990000\", { id = \"identifier\", pattern = \"[0-9]{7}\" }]\n\
             [[card]]\nroles = [\"teacher\"]\npieces = [\"991\", { id = \"username\", pattern = \"[1-9][0-9]{2,7}\", \
             zero-fill-total = 14 }, { check-digit = \"codabar\" }]\n",
        );
        let cards = trial.load().unwrap().site.districts[0].cards.clone();
        let teacher = cards.form_for(Role::Teacher, None).unwrap();
        assert_eq!(teacher.card_of(&teacher.id_of_source("123").unwrap()), "99100000001230");
        assert_eq!(cards.spaces(), ["district:cms", "district:cms/staff"]);
    }

    #[test]
    fn pieces_that_cannot_be_read_backwards_are_told_at_their_place() {
        const ID: &str = "{ id = \"identifier\", pattern = \"[0-9]+\" }";
        for (pieces, place, why) in [
            ("[\"99\"]".to_owned(), "3:10 card.pieces", "there is no ID in it"),
            (format!("[{ID}, {ID}]"), "3:54 card.pieces[1]", "a second ID"),
            (format!("[{ID}, {{ check-digit = \"luhn\" }}, \"9\"]"), "3:80 card.pieces[2]", "nothing can follow"),
            ("[{ check-digit = \"luhn\" }]".to_owned(), "3:27 card.pieces[0].check-digit", "no ID before"),
            (format!("[\"P\", {ID}, {{ check-digit = \"luhn\" }}]"), "2:1 card", "of digits only"),
        ] {
            let errors = with(&format!("[card]\npieces = {pieces}\n")).errors();
            assert!(errors[0].contains(place) && errors[0].contains(why) && errors.len() == 1, "{errors:?}");
        }
    }

    #[test]
    fn an_unknown_grade_and_a_rule_that_is_never_reached_are_told() {
        let card = "[[card]]\nid = \"identifier\"\npattern = \"[0-9]{7}\"\n";
        let errors = with(&format!("{card}grades = [\"01-05\", \"sixth\"]\n")).errors();
        assert_eq!(
            errors,
            [
                "districts/cms.toml:5:20 card[0].grades[1]: no grade of the vocabulary: IT PR PK TK KG 01 to 13 PS UG Other; \
              expected grades such as \"05\" or \"KG-02\""
            ]
        );
        let warnings = with(&format!("{card}{card}")).warnings();
        assert!(warnings[0].contains("card[1]: never reached"), "{warnings:?}");
    }
}
