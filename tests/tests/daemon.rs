//! The daemon starts, answers and stops.

use hallpass_tests::{Bundle, Daemon, Person, Site};

#[test]
fn answers_the_catalogue_and_ends_well_on_sigterm() {
    let site = Site::serving(&Bundle::new([Person::student("1001001", "2012-03-04")]));
    let mut daemon = Daemon::start(&site);
    let mut wire = daemon.catalogue();
    let answer = wire.ask("6300120261123    165202          AOEPL|AA1001001|AD03042012|");
    assert!(answer.starts_with("64") && answer.contains("|BLY|CQY|"), "{answer}");
    assert_eq!(daemon.terminate(), Some(0));
    assert!(wire.rest().is_empty());
    assert!(daemon.log().last().is_some_and(|line| line.contains("draining")), "{:?}", daemon.log());
}

#[test]
fn a_request_may_come_in_pieces_and_its_answer_comes_in_one() {
    let site = Site::serving(&Bundle::new([Person::student("1001001", "2012-03-04")]));
    let daemon = Daemon::start(&site);
    let mut wire = daemon.catalogue();
    // Each byte in a segment of its own.
    for byte in b"6300120261123    165202          AOEPL|AA1001001|AD03042012|\r" {
        wire.send([*byte]);
    }
    let answer = String::from_utf8(wire.line()).unwrap();
    assert!(answer.contains("|BLY|CQY|"), "{answer}");
    assert_eq!(wire.hang_up(), b"", "one answer and nothing more");
}
