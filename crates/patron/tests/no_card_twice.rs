//! No two people of different districts ever get the same card under rules that a library may have.

use std::collections::HashMap;

use patron::card_spec::{Case, Fill, Keep};
use patron::{CardBook, CardForm, CardRules, CardSpec, CheckDigit, IdSource, Role};
use proptest::prelude::*;

/// Forms that lie close to one another, so that many of them meet.
fn specs() -> impl Strategy<Value = CardSpec> {
    let literal = prop::sample::select(vec!["", "4", "40", "405", "t", "T", "0"]);
    let pattern =
        prop::sample::select(vec!["[0-9]{2}", "[0-9]{2,4}", "[1-9][0-9]{0,2}", "[a-z0-9]{3}", "[A-Z][0-9]{2}"]);
    let fill = prop::sample::select(vec![None, Some(Fill::Id(4)), Some(Fill::Total(5)), Some(Fill::Total(6))]);
    let case = prop::sample::select(vec![None, Some(Case::Upper), Some(Case::Lower)]);
    let keep = prop::sample::select(vec![None, Some(Keep::Digits), Some(Keep::Alphanumeric)]);
    let domain = prop::sample::select(vec![None, Some("a.example".to_owned())]);
    let check = prop::sample::select(vec![None, None, Some(CheckDigit::Luhn)]);
    let after = prop::sample::select(vec!["", "", "5", "x"]);
    let space = prop::sample::select(vec!["own", "stn"]);
    (literal, pattern, fill, case, keep, domain, check, after, space).prop_map(
        |(before, pattern, fill, case, keep, domain, check, after, space)| CardSpec {
            fill,
            case,
            keep,
            domain,
            check,
            after: after.to_owned(),
            ..CardSpec::plain(IdSource::Identifier, before, pattern, space)
        },
    )
}

/// Districts with one form each, whose own spaces are their own.
fn districts() -> impl Strategy<Value = Vec<CardRules>> {
    prop::collection::vec(specs(), 2..4).prop_filter_map("a form that makes cards", |specs| {
        let rules = specs.into_iter().enumerate().map(|(at, spec)| {
            let namespace = if spec.namespace == "stn" { "stn".to_owned() } else { format!("own {at}") };
            CardForm::new(CardSpec { namespace, ..spec }).ok().map(|form| CardRules::new(vec![form]))
        });
        rules.collect()
    })
}

/// IDs as a source may have them.
fn sources() -> Vec<String> {
    let numbers =
        (0..1000).step_by(7).flat_map(|number| [format!("{number}"), format!("{number:03}"), format!("{number:04}")]);
    let letters = ["a12", "A12", "t45", "T45", "e-1.2", "Z99", "x5x"].map(str::to_owned);
    numbers.chain(letters).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_card_is_one_persons(districts in districts()) {
        let Ok(book) = CardBook::new(districts.clone()) else { return Ok(()) };
        // Who has a card: the ID space and the ID, whatever the district.
        let mut owners: HashMap<String, (String, String)> = HashMap::new();
        for rules in &districts {
            for source in sources() {
                let Some((form, id)) = rules.card_of(Role::Student, None, |_| &source) else { continue };
                let person = (form.spec().namespace.clone(), id);
                let card = form.card_of(&person.1);
                let claim = book.claim(&card);
                prop_assert!(claim.is_some(), "nobody claims {card}");
                let claim = claim.unwrap();
                prop_assert_eq!((claim.space, &*claim.id), (person.0.as_str(), person.1.as_str()), "{} is read otherwise", card);
                if let Some(other) = owners.insert(card.clone(), person.clone()) {
                    prop_assert_eq!(other, person, "two people have {}", card);
                }
            }
        }
    }

    #[test]
    fn two_rules_that_are_refused_show_a_card_that_both_claim(districts in districts()) {
        let Err(overlaps) = CardBook::new(districts.clone()) else { return Ok(()) };
        for overlap in overlaps {
            let card = overlap.example.unwrap();
            for (district, at) in [overlap.forms.0, overlap.forms.1] {
                let form = &districts[district].forms()[at];
                prop_assert!(form.id_of_card(&card).is_some(), "{} is not claimed by {:?}", card, form.spec());
            }
        }
    }
}
