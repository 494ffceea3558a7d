//! Guesses are counted per student, and only guesses: five different wrong PINs lock a card.

use hallpass_tests::{Answer, Daemon, Pupil, Roll, Site, deliver, until};

/// A daemon, and a few students nobody has guessed at yet.
struct School {
    site: Site,
    daemon: Daemon,
    roll: Roll,
}

impl School {
    fn new() -> Self {
        let (site, roll) = (Site::new(), Roll::of(30));
        deliver(&site.inbox(), &roll.files());
        site.sync().succeeded();
        let daemon = Daemon::start(&site);
        Self { site, daemon, roll }
    }

    /// So many different wrong PINs, one after the other; the last answer.
    #[track_caller]
    fn guess(&self, person: &Pupil, times: u16) -> Answer {
        let answers = (0..times).map(|number| self.daemon.patron(&person.id, &person.wrong_pin(number)));
        let answers: Vec<Answer> = answers.collect();
        assert!(answers.iter().all(Answer::refuses), "{answers:?}");
        answers.into_iter().last().unwrap()
    }

    fn admits(&self, person: &Pupil) -> bool {
        self.daemon.patron(&person.id, &person.pin()).admits()
    }

    /// What the disk says of a card's budget.
    fn explained(&self, person: &Pupil, words: &str) -> bool {
        let asked = ["explain", &person.id, "--client", "catalogue"];
        self.site.run_with_input(&asked, "\n").succeeded().stdout.contains(words)
    }

    fn verdicts(&self, reason: &str) -> u64 {
        let verdict = if reason == "-" { "admit" } else { "refuse" };
        self.daemon.metric(&format!(
            "hallpass_verdicts_total{{client=\"catalogue\",district=\"cms\",verdict=\"{verdict}\",reason=\"{reason}\"}}"
        ))
    }
}

#[test]
fn the_fifth_wrong_pin_locks_and_the_right_one_then_gets_the_same_bytes() {
    let school = School::new();
    let (person, other) = (&school.roll.people[0], &school.roll.people[1]);
    school.guess(person, 4);
    assert!(school.admits(person), "four are not five");
    // A success clears the short window, not the day.
    let wrong = school.guess(other, 5);
    let locked = school.daemon.patron(&other.id, &other.pin());
    assert!(locked.refuses(), "{locked:?}");
    assert_eq!(locked.but_for_the_date(), wrong.but_for_the_date(), "a lock shows");
    assert_eq!((school.verdicts("wrong-pin"), school.verdicts("locked"), school.verdicts("-")), (9, 1, 1));
    assert_eq!(school.daemon.metric("hallpass_locked_cards"), 1);
    assert!(school.admits(person) && school.admits(&school.roll.people[2]), "one lock is one student's");
}

#[test]
fn unknown_locked_and_wrong_are_one_answer_but_for_the_card() {
    let school = School::new();
    let person = &school.roll.people[0];
    let wrong = school.guess(person, 5);
    let unknown = school.daemon.patron("9999999", &person.pin());
    let alien = school.daemon.patron("X-1", &person.pin());
    for (card, answer) in [("9999999", unknown), ("X-1", alien)] {
        assert_eq!(answer.but_for_the_date().replace(card, &person.id), wrong.but_for_the_date());
    }
}

#[test]
fn one_stale_pin_counts_once_however_often_it_is_sent() {
    let school = School::new();
    let person = &school.roll.people[0];
    for _ in 0..20 {
        assert!(school.daemon.patron(&person.id, &person.wrong_pin(1)).refuses());
    }
    assert!(school.admits(person));
    assert_eq!(school.verdicts("wrong-pin"), 20, "counted in monitoring all the same");
}

#[test]
fn an_empty_pin_costs_no_attempt_and_an_attempt_while_locked_neither() {
    let school = School::new();
    let (person, locked) = (&school.roll.people[0], &school.roll.people[1]);
    let mut wire = school.daemon.catalogue();
    for _ in 0..20 {
        assert!(wire.patron(&person.id, "").refuses());
        // Without the field, too.
        let absent = wire.ask(format!("6300020261123    165425          AOEPL|AA{}|AC|", person.id));
        assert!(Answer(absent).refuses());
    }
    school.guess(person, 4);
    assert!(school.admits(person));
    assert_eq!(school.verdicts("no-pin"), 40);

    school.guess(locked, 12);
    until("the attempts to be on disk", || {
        school.explained(locked, "locked: 5 different wrong PINs in the window, 5 in 24 hours").then_some(())
    });
}

#[test]
fn blocking_enabling_and_ending_never_count() {
    let school = School::new();
    let person = &school.roll.people[0];
    let mut wire = school.daemon.catalogue();
    for number in 0..10 {
        let pin = person.wrong_pin(number);
        wire.ask(format!("2520261123    165425AOEPL|AA{}|AC|AD{pin}|", person.id));
        wire.ask(format!("01N20261123    165425AOEPL|AL|AA{}|AC|AD{pin}|", person.id));
        wire.ask(format!("3520261123    165425AOEPL|AA{}|AC|AD{pin}|", person.id));
    }
    assert!(school.admits(person));
    assert_eq!(school.verdicts("wrong-pin") + school.verdicts("locked"), 0);
}

#[test]
fn a_status_and_an_information_request_share_one_budget() {
    let school = School::new();
    let person = &school.roll.people[0];
    let mut wire = school.daemon.catalogue();
    for number in 0..5 {
        let pin = person.wrong_pin(number);
        if number % 2 == 0 {
            wire.ask(format!("2300020261123    165425AOEPL|AA{}|AC|AD{pin}|", person.id));
        } else {
            wire.patron(&person.id, &pin);
        }
    }
    assert!(!school.admits(person));
}

#[test]
fn unlocking_lifts_it_and_says_what_there_was() {
    let school = School::new();
    let (person, other) = (&school.roll.people[0], &school.roll.people[1]);
    school.guess(person, 5);
    school.guess(other, 5);
    school.site.run(&["unlock", &person.id]).succeeded().tells(&["unlocked"]);
    assert!(school.admits(person));
    assert!(!school.admits(other), "only the one that was named");
    school.site.run_with_input(&["unlock", "-"], &format!("{}\n", other.id)).succeeded().tells(&["unlocked"]);
    assert!(school.admits(other));
    let innocent = &school.roll.people[2];
    school.site.run(&["unlock", &innocent.id]).succeeded().tells(&["nothing against this card"]);
    // It is lifted on disk as well.
    until("the lock to be gone from the disk", || school.explained(person, "open: 0").then_some(()));
    let School { site, mut daemon, roll } = school;
    assert_eq!(daemon.terminate(), Some(0));
    site.run(&["unlock", &roll.people[0].id]).ended_with(69).complains_in_one_line(&["no daemon serves"]);
    let daemon = Daemon::start(&site);
    assert!(daemon.patron(&roll.people[0].id, &roll.people[0].pin()).admits());
}

#[test]
fn a_lock_survives_a_restart_and_the_next_roster() {
    let School { site, mut daemon, roll } = {
        let school = School::new();
        school.guess(&school.roll.people[0], 5);
        school
    };
    // At once: what the last second brought is written at the end.
    assert_eq!(daemon.terminate(), Some(0));
    let daemon = Daemon::start(&site);
    assert_eq!(daemon.metric("hallpass_locked_cards"), 1);
    let (locked, other) = (&roll.people[0], &roll.people[1]);
    assert!(daemon.patron(&locked.id, &locked.pin()).refuses());
    assert!(daemon.patron(&other.id, &other.pin()).admits());
    site.sync().succeeded();
    assert!(daemon.patron(&locked.id, &locked.pin()).refuses(), "a sync is no pardon");
}

#[test]
fn guesses_at_unknown_cards_lock_nobody_who_exists() {
    let school = School::new();
    let person = &school.roll.people[0];
    let mut wire = school.daemon.catalogue();
    for number in 0..3000_u32 {
        let card = format!("77{number:05}");
        assert!(wire.patron(&card, &format!("{number:08}")).refuses());
    }
    assert_eq!(school.daemon.metric("hallpass_locked_cards"), 0);
    assert!(school.admits(person));
    // Nor does a flood of them lift a lock.
    school.guess(person, 5);
    for number in 0..3000_u32 {
        assert!(wire.patron(&format!("78{number:05}"), "01011999").refuses());
    }
    assert!(!school.admits(person));
}

#[test]
fn the_budget_is_the_configurations_and_a_reload_changes_it() {
    let school = School::new();
    let person = &school.roll.people[0];
    school.site.append("hallpass.toml", "\n[lockout]\nfailures = 2\nwindow = \"1h\"\n");
    school.site.run(&["reload"]).succeeded();
    school.guess(person, 2);
    assert!(!school.admits(person));
    school.site.replace("hallpass.toml", "failures = 2", "failures = 3");
    school.site.run(&["reload"]).succeeded();
    assert!(school.admits(person));
}
