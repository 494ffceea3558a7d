//! The answers agree with the files.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::*;

impl Written {
    /// (card, PIN, verdict)
    fn answers(&self) -> Vec<(&str, &str, &str)> {
        self.answers
            .lines()
            .map(|line| match *line.split('\t').collect::<Vec<_>>() {
                [card, pin, verdict] => (card, pin, verdict),
                _ => panic!("{line}"),
            })
            .collect()
    }

    /// What the product must make of the files, by the rules of the design: the right PINs of each card and their
    /// verdict. Without a birth date the PIN is empty.
    fn cards(&self) -> BTreeMap<String, Vec<(String, &'static str)>> {
        let births = self.birth_dates();
        let mut cards: BTreeMap<String, BTreeMap<String, &'static str>> = BTreeMap::new();
        for row in self.rows("users.csv") {
            let birth_date = &births[&row["sourcedId"]];
            let verdict = match (&*row["role"], &*row["enabledUser"]) {
                ("parent" | "guardian", _) => continue,
                _ if row["identifier"].is_empty() => continue,
                _ if birth_date.is_empty() => "no-verifier",
                ("student" | "teacher", "true") => "admit",
                ("student" | "teacher", "false") => "disabled",
                _ => "role",
            };
            cards.entry(row["identifier"].clone()).or_default().insert(pin_of(birth_date), verdict);
        }
        let judged = |pins: BTreeMap<String, &'static str>| {
            let shared = pins.len() > 1;
            pins.into_iter().map(|(pin, verdict)| (pin, if shared { "ambiguous" } else { verdict })).collect()
        };
        cards.into_iter().map(|(card, pins)| (card, judged(pins))).collect()
    }
}

/// `2012-02-29` to `02292012`.
fn pin_of(birth_date: &str) -> String {
    match *birth_date.split('-').collect::<Vec<_>>() {
        [year, month, day] => format!("{month}{day}{year}"),
        _ => String::new(),
    }
}

#[test]
fn every_answer_follows_from_the_files() {
    let written = Written::of(&district(10_000, Version::V1p1));
    let cards = written.cards();
    for (card, pin, verdict) in written.answers() {
        let right = cards.get(card).map(|pins| pins.iter().find(|(right, _)| right == pin || right.is_empty()));
        let due = match right {
            None => "unknown-card",
            Some(None) => "wrong-pin",
            Some(Some((_, due))) => due,
        };
        assert_eq!(verdict, due, "{card} {pin}");
    }
}

#[test]
fn every_card_is_tried_with_its_right_pin() {
    let written = Written::of(&district(10_000, Version::V1p1));
    let tries: BTreeSet<(&str, &str)> = written.answers().into_iter().map(|(card, pin, _)| (card, pin)).collect();
    let cards: BTreeSet<&str> = tries.iter().map(|(card, _)| *card).collect();
    for (card, pins) in written.cards() {
        assert!(cards.contains(&*card));
        assert!(pins.iter().all(|(pin, _)| pin.is_empty() || tries.contains(&(&*card, &**pin))), "{card}");
    }
    // No row at all has one in a hundred of them, and one.
    let known: BTreeSet<String> =
        written.rows("users.csv").into_iter().map(|mut row| row.remove("identifier").unwrap()).collect();
    assert_eq!(cards.iter().filter(|card| !known.contains(**card)).count(), 111);
}

#[test]
fn every_verdict_is_met_in_a_district_of_a_thousand() {
    let written = Written::of(&district(1000, Version::V1p1));
    let verdicts: BTreeSet<&str> = written.answers().into_iter().map(|(.., verdict)| verdict).collect();
    assert_eq!(
        verdicts,
        BTreeSet::from(["admit", "ambiguous", "disabled", "no-verifier", "role", "unknown-card", "wrong-pin"])
    );
}

#[test]
fn an_id_stands_twice_only_for_two_schools_and_for_those_who_share_it() {
    let written = Written::of(&district(10_000, Version::V1p1));
    let births = written.birth_dates();
    let mut by_id: HashMap<String, Vec<HashMap<String, String>>> = HashMap::new();
    for row in written.rows("users.csv").into_iter().filter(|row| !row["identifier"].is_empty()) {
        assert_eq!(row["identifier"].len(), 7);
        by_id.entry(row["identifier"].clone()).or_default().push(row);
    }
    let [mut two_schools, mut shared] = [0, 0];
    for rows in by_id.values() {
        match rows.as_slice() {
            [_] => {}
            [one, other] if one["username"] == other["username"] => {
                two_schools += 1;
                assert_ne!(one["orgSourcedIds"], other["orgSourcedIds"]);
                assert_eq!(births[&one["sourcedId"]], births[&other["sourcedId"]]);
            }
            [one, other] => {
                shared += 1;
                assert_ne!(births[&one["sourcedId"]], births[&other["sourcedId"]]);
            }
            _ => panic!("more than two rows"),
        }
    }
    assert_eq!((two_schools, shared), (200, 5));
}

#[test]
fn both_versions_are_the_same_district() {
    let [old, new] = [Version::V1p1, Version::V1p2].map(|version| Written::of(&district(1000, version)));
    assert_eq!(old.answers, new.answers);
    assert_eq!(old.files["demographics.csv"], new.files["demographics.csv"]);
}
