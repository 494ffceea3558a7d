//! PINs that the district hashed: what is checked, and so how long an answer takes.

use std::sync::atomic::{AtomicUsize, Ordering};

use patron::{Budget, CardNumber, HashedPin, Pin, Reason};
use resolver::{Guard, PinPolicy, Query, Resolved, Resolver};

use crate::library::{Library, client, district, rule, student};

/// `U*U` by OpenBSD's bcrypt, as in many test suites.
const HASH: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
const PIN: &str = "U*U";

/// How many checks there were: each takes tens of milliseconds, where all else takes microseconds.
static CHECKS: AtomicUsize = AtomicUsize::new(0);

fn counted(work: &mut dyn FnMut()) {
    CHECKS.fetch_add(1, Ordering::Relaxed);
    work();
}

#[test]
fn a_right_pin_is_checked_once_and_of_a_locked_card_each_pin_every_time() {
    let library = Library::new(vec![district("cms", rule("", "district:cms"))]);
    library.publish_hashed(0, &[("0001", HashedPin::parse(HASH).unwrap(), student())]);
    let resolver = Resolver::with_aside(Guard::new(Budget::default(), vec![]), counted);
    let (rosters, client) = (library.rosters(), client(&[0], PinPolicy::Required));
    let ask = |pin: &str| {
        let (card, pin) = (CardNumber::parse("0001").unwrap(), Pin::parse(pin).unwrap());
        let query = Query { card: &card, pin: Some(&pin), client: &client };
        let before = CHECKS.load(Ordering::Relaxed);
        let Resolved::Answer(answer) = resolver.resolve(&rosters, &query, None, library.now, library.month()) else {
            unreachable!("no directory is asked here")
        };
        (answer.verdict.reason(), CHECKS.load(Ordering::Relaxed) - before)
    };
    assert_eq!((ask(PIN), ask(PIN)), ((None, 1), (None, 0)));
    for guess in 0..5 {
        assert_eq!(ask(&format!("guess {guess}")), (Some(Reason::WrongPin), 1));
    }
    assert_eq!((ask("guess 6"), ask(PIN)), ((Some(Reason::Locked), 1), (Some(Reason::Locked), 1)));
}
