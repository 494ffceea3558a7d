//! PINs that the district hashed: what is checked, and so how long an answer takes.

use std::cell::Cell;
use std::fs;

use patron::{Budget, CardNumber, HashedPin, Pin, Reason};
use resolver::{Guard, PinPolicy, Query, Resolved, Resolver};

use crate::library::{Library, client, district, rule, student};

/// `U*U` by OpenBSD's bcrypt, as in many test suites.
const HASH: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
const PIN: &str = "U*U";

thread_local! {
    /// How many checks a test has made: each takes tens of milliseconds, where all else takes microseconds.
    static CHECKS: Cell<usize> = const { Cell::new(0) };
}

fn counted(work: &mut dyn FnMut()) {
    CHECKS.set(CHECKS.get() + 1);
    work();
}

/// What comes of a PIN of 0001, and how many checks that took.
fn ask(library: &Library, resolver: &Resolver, pin: &str) -> (Option<Reason>, usize) {
    let (rosters, client) = (library.rosters(), client(&[0], PinPolicy::Required));
    let (card, pin) = (CardNumber::parse("0001").unwrap(), Pin::parse(pin).unwrap());
    let query = Query { card: &card, pin: Some(&pin), client: &client };
    let before = CHECKS.get();
    let Resolved::Answer(answer) = resolver.resolve(&rosters, &query, None, library.now, library.month()) else {
        unreachable!("no directory is asked here")
    };
    (answer.verdict.reason(), CHECKS.get() - before)
}

fn town() -> (Library, Resolver) {
    let library = Library::new(vec![district("cms", rule("", "district:cms"))]);
    library.publish_hashed(0, &[("0001", HashedPin::parse(HASH).unwrap(), student())]);
    (library, Resolver::with_aside(Guard::new(Budget::default(), vec![]), counted))
}

#[test]
fn a_right_pin_is_checked_once_and_of_a_locked_card_each_pin_every_time() {
    let (library, resolver) = town();
    let ask = |pin: &str| ask(&library, &resolver, pin);
    assert_eq!((ask(PIN), ask(PIN)), ((None, 1), (None, 0)));
    for guess in 0..5 {
        assert_eq!(ask(&format!("guess {guess}")), (Some(Reason::WrongPin), 1));
    }
    assert_eq!((ask("guess 6"), ask(PIN)), ((Some(Reason::Locked), 1), (Some(Reason::Locked), 1)));
}

#[test]
fn the_right_pin_of_somebody_who_opted_out_takes_as_long_as_a_wrong_one() {
    let (mut library, resolver) = town();
    assert_eq!(ask(&library, &resolver, PIN), (None, 1));
    let file = library.folder.path().join("opt-outs.txt");
    fs::write(&file, "0001\n").unwrap();
    library.districts[0].opt_out_file = Some(file);
    for _ in 0..2 {
        assert_eq!(ask(&library, &resolver, PIN), (Some(Reason::OptedOut), 1));
    }
}
