//! No count under 10 can be read in a report or worked out from it.

use proptest::prelude::*;
use roster::{Dimension, Period};

use super::attacker::Attacker;
use super::town::Town;
use crate::report::figures::{ELIGIBLE, ENROLLED, Figures, Level};
use crate::report::withhold::shown;

/// Says what an attacker finds; `None`: nothing.
fn found(figures: &Figures, shown: &[bool]) -> Option<String> {
    let attacker = Attacker::reads(figures, shown);
    let measures = figures.measures();
    let narrow = |(low, high): (i64, i64)| high - low < 9;
    for line in 0..figures.lines.len() {
        for measure in 0..measures {
            let value = figures.get(line, measure) as i64;
            let range = attacker.count(line, measure);
            assert!((range.0..=range.1).contains(&value), "the attacker is wrong about {line}, {measure}");
            let place = || format!("{}, measure {measure}: {value}, {range:?}", figures.lines[line].code);
            if shown[line * measures + measure] {
                let about_nobody = value == 0 && (measure <= ELIGIBLE || figures.get(line, ELIGIBLE) == 0);
                if value < 10 && !about_nobody {
                    return Some(format!("shown: {}", place()));
                }
            } else if narrow(range) {
                return Some(format!("derived: {}", place()));
            }
        }
    }
    let told = |&(line, whole, part, range): &(usize, usize, usize, (i64, i64))| {
        let value = figures.get(line, whole) as i64 - figures.get(line, part) as i64;
        (1..10).contains(&value) && narrow(range)
    };
    let difference = attacker.differences().find(told);
    difference.map(|(line, whole, part, range)| {
        format!("difference: {}, {whole} less {part} is in {range:?}", figures.lines[line].code)
    })
}

fn share_shown(figures: &Figures, shown: &[bool]) -> usize {
    let worth = (0..shown.len()).filter(|at| {
        let (line, measure) = (at / figures.measures(), at % figures.measures());
        figures.get(line, measure) >= 10
    });
    let worth: Vec<bool> = worth.map(|at| shown[at]).collect();
    worth.iter().filter(|shown| **shown).count() * 100 / worth.len().max(1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_can_be_worked_out_in_any_town(
        seed in 1_u64..u64::MAX,
        (districts, people) in (1_u64..4, 1_u64..900),
        (schools, grades, clients) in (1_u64..8, 1_u64..6, 0_usize..4),
        (users, periods) in (0_u64..101, 1_usize..5),
    ) {
        let figures = Town { seed, districts, people, schools, grades, clients, users }.figures(periods);
        let shown = shown(&figures);
        prop_assert_eq!(found(&figures, &shown), None);
    }
}

const TOWN: Town = Town { seed: 7, districts: 3, people: 4000, schools: 9, grades: 13, clients: 2, users: 40 };

#[test]
fn a_town_of_some_size_is_still_told_about() {
    let figures = TOWN.figures(4);
    let shown = shown(&figures);
    assert_eq!(found(&figures, &shown), None);
    let share = share_shown(&figures, &shown);
    assert!(share > 45, "only {share} % of the counts from 10 on are shown");
    assert!(shown[0] && shown[1] && shown[2], "the totals of all districts");
}

#[test]
fn what_is_withheld_of_a_year_does_not_depend_on_which_month_is_asked_for() {
    for seed in 1..20 {
        let town = Town { seed, people: 600, ..TOWN };
        let (long, short) = (town.figures(2), town.figures(4));
        let (of_year, of_month) = (shown(&long), shown(&short));
        for line in 0..long.lines.len() {
            let year = &of_year[line * long.measures()..][..long.measures()];
            assert_eq!(year, &of_month[line * short.measures()..][..long.measures()]);
        }
    }
}

/// One district with these schools: enrolled, eligible and used ever.
fn district(schools: &[[u64; 3]]) -> Figures {
    let mut figures = Figures::new(vec![Period::Ever], vec![]);
    let district = figures.add(Level::District, Some(0), "cms".into(), "CMS".into());
    for (number, counts) in schools.iter().enumerate() {
        let name = format!("school-{number}");
        let school = figures.add(Level::Part(Dimension::School), Some(district), name.clone(), name);
        for line in [0, district, school] {
            for (measure, count) in counts.iter().enumerate() {
                figures.count(line, measure, *count);
            }
        }
    }
    figures
}

/// What is shown of a measure: all, the district, then school by school.
fn shown_of(figures: &Figures, measure: usize) -> Vec<bool> {
    let shown = shown(figures);
    (0..figures.lines.len()).map(|line| shown[line * figures.measures() + measure]).collect()
}

#[test]
fn one_small_school_takes_the_next_smallest_with_it() {
    let figures = district(&[[500, 500, 300], [500, 500, 7], [500, 500, 40], [500, 500, 60]]);
    assert_eq!(shown_of(&figures, 2), [true, true, true, false, false, true]);
    assert_eq!(shown_of(&figures, ENROLLED), [true; 6]);
}

#[test]
fn small_schools_that_come_to_less_than_ten_take_another_with_them() {
    let figures = district(&[[500, 500, 300], [500, 500, 3], [500, 500, 4], [500, 500, 60]]);
    assert_eq!(shown_of(&figures, 2), [true, true, true, false, false, false]);
    let enough = district(&[[500, 500, 300], [500, 500, 6], [500, 500, 7], [500, 500, 60]]);
    assert_eq!(shown_of(&enough, 2), [true, true, true, false, false, true]);
}

#[test]
fn where_no_other_school_is_left_the_district_goes_and_with_it_all() {
    assert_eq!(shown_of(&district(&[[500, 500, 7]]), 2), [false; 3]);
}

#[test]
fn three_who_did_not_come_are_as_few_as_three_who_did() {
    let figures = district(&[[500, 500, 300], [200, 197, 90], [300, 290, 120], [400, 380, 200]]);
    // 200 enrolled and 197 eligible: the smaller count is withheld, and another so that it cannot be told.
    assert_eq!(shown_of(&figures, ELIGIBLE), [true, true, true, false, false, true]);
    let figures = district(&[[500, 500, 300], [200, 200, 197], [300, 300, 220], [400, 400, 200]]);
    assert_eq!(shown_of(&figures, 2), [true, true, true, false, true, false]);
}

#[test]
fn nobody_may_and_nobody_did_is_about_nobody() {
    let figures = district(&[[500, 500, 300], [500, 0, 0], [500, 480, 0]]);
    assert_eq!(shown_of(&figures, ELIGIBLE), [true; 5]);
    // Where some may, that none of them did is about each.
    assert_eq!(shown_of(&figures, 2), [true, true, false, true, false]);
}

#[test]
fn the_attacker_finds_what_is_withheld_badly() {
    let figures = district(&[[500, 500, 300], [500, 500, 7], [500, 500, 40], [500, 500, 60]]);
    let with = |hidden: &[usize]| {
        let mut shown = vec![true; figures.lines.len() * figures.measures()];
        hidden.iter().for_each(|line| shown[line * figures.measures() + 2] = false);
        found(&figures, &shown)
    };
    assert!(with(&[]).unwrap().starts_with("shown: school-1"));
    assert!(with(&[3]).unwrap().starts_with("derived: school-1"));
    // The district instead of another school: it is all there is.
    assert!(with(&[3, 1]).unwrap().starts_with("derived: cms"));
    assert_eq!(with(&[3, 4]), None);
    let figures = district(&[[500, 497, 300], [500, 450, 200]]);
    assert!(found(&figures, &[true; 12]).unwrap().starts_with("difference: school-0"));
}
