//! PINs at a directory: what it says, and what is passed on to it.

use std::time::Duration;

use patron::{CardNumber, Pin, PinScheme, Reason, Verdict};
use resolver::live::Told;
use resolver::{PinPolicy, Query, Resolved};
use tokio::time::Instant;

use crate::library::{Library, client, district, rule, student};
use crate::town::{LONGEST, PASSWORD, RULES, Town};

#[tokio::test(start_paused = true)]
async fn the_directory_says_who_is_admitted() {
    let town = Town::new(RULES);
    assert!(matches!(town.ask("0001", PASSWORD).await, Verdict::Admit(_)));
    assert_eq!(town.refusal("0001", "wrong").await, Some(Reason::WrongPin));
    assert_eq!(town.refusal("7777", PASSWORD).await, Some(Reason::UnknownCard));
    assert_eq!(town.asked(), 2, "nobody was asked about a card that is in no roster");
}

#[tokio::test(start_paused = true)]
async fn what_the_directory_says_of_an_account_has_its_reason() {
    let told = [
        (Told::Nobody, Reason::NoAccount),
        (Told::Several, Reason::Ambiguous),
        (Told::Locked, Reason::AccountLocked),
        (Told::Disabled, Reason::Disabled),
        (Told::Expired, Reason::Expired),
        (Told::MustChange, Reason::MustChange),
        (Told::Restricted, Reason::Restricted),
    ];
    for (told, reason) in told {
        let town = Town::new(RULES);
        town.says(&[Ok(told)]);
        assert_eq!(town.refusal("0001", PASSWORD).await, Some(reason), "{told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_many_guesses_two_are_passed_on_and_a_restart_makes_them_no_more() {
    let mut town = Town::new(RULES);
    for guess in 0..40 {
        town.ask("0001", &format!("guess {guess}")).await;
    }
    assert_eq!(town.asked(), 2);
    assert_eq!(town.refusal("0001", PASSWORD).await, Some(Reason::Locked), "the directory would count the next");
    town.restart();
    assert_eq!(town.refusal("0001", "another guess").await, Some(Reason::Locked));
    assert_eq!(town.asked(), 2);
    town.now.seconds += 1800 + 10;
    assert!(matches!(town.ask("0001", PASSWORD).await, Verdict::Admit(_)), "it has forgotten them");
}

#[tokio::test(start_paused = true)]
async fn the_last_good_password_still_goes_where_guesses_do_not() {
    let town = Town::new(RULES);
    town.ask("0001", PASSWORD).await;
    for guess in 0..4 {
        town.ask("0001", &format!("guess {guess}")).await;
    }
    assert_eq!(town.asked(), 3);
    assert!(matches!(town.ask("0001", PASSWORD).await, Verdict::Admit(_)));
}

#[tokio::test(start_paused = true)]
async fn a_password_that_is_not_passed_on_counts_as_a_guess_all_the_same() {
    let town = Town::new(RULES);
    town.ask("0001", PASSWORD).await;
    for guess in 0..5 {
        town.ask("0001", &format!("guess {guess}")).await;
    }
    assert_eq!(town.asked(), 3);
    assert_eq!(town.refusal("0001", PASSWORD).await, Some(Reason::Locked), "it could be guessed at for ever");
}

#[tokio::test(start_paused = true)]
async fn what_can_be_nobodys_password_is_not_taken_there_and_takes_as_long_and_counts() {
    let town = Town::new(RULES);
    let time = async |card: &str, pin: &str| {
        let started = Instant::now();
        let reason = town.refusal(card, pin).await;
        (reason, started.elapsed())
    };
    let long = |number: usize| format!("{number:0>width$}", width = LONGEST + 1);
    // Also before the directory was asked for the first time.
    let (_, unknown) = time("7777", &long(0)).await;
    assert_eq!(time("0001", &long(0)).await, (Some(Reason::WrongPin), unknown));
    assert!(unknown > Duration::ZERO);
    for number in 1..5 {
        time("0001", &long(number)).await;
    }
    assert_eq!((town.asked(), town.refusal("0001", PASSWORD).await), (0, Some(Reason::Locked)));
}

#[tokio::test(start_paused = true)]
async fn what_was_heard_of_one_student_admits_no_other() {
    let town = Town::new(RULES);
    let (rosters, client) = (town.library.rosters(), client(&[0], PinPolicy::Required));
    let pin = Pin::parse(PASSWORD).unwrap();
    let cards = ["0001", "0002"].map(|card| CardNumber::parse(card).unwrap());
    let [first, second] = cards.each_ref().map(|card| Query { card, pin: Some(&pin), client: &client });
    let resolve = |query, heard| match town.resolver.resolve(&rosters, query, heard, town.now, town.library.month()) {
        Resolved::Answer(answer) => Ok(answer.verdict),
        Resolved::Ask(login) => Err(login),
    };
    let heard = town.resolver.hear(&resolve(&first, None).unwrap_err()).await;
    assert!(matches!(resolve(&first, Some(heard)), Ok(Verdict::Admit(_))));
    // As where a roster was published meanwhile, in which the card leads elsewhere.
    assert_eq!(resolve(&second, Some(heard)).unwrap().reason(), Some(Reason::Outage));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_card_takes_as_long_as_a_wrong_password() {
    let town = Town::new(RULES);
    let time = async |card, pin| {
        let started = Instant::now();
        town.ask(card, pin).await;
        started.elapsed()
    };
    let wrong = time("0001", "wrong").await;
    assert!(wrong > Duration::from_millis(20), "{wrong:?}");
    for (card, pin) in [("7777", "wrong"), ("0001", "wrong"), ("0001", "wronger"), ("0001", "wrongest")] {
        assert_eq!(time(card, pin).await, wrong, "{card} {pin}");
    }
}

#[test]
fn a_rule_without_a_directory_admits_nobody() {
    let library = Library::new(vec![district("cms", rule("", "district:cms"))]);
    library.publish_at_directory(0, &[("0001", student())]);
    assert_eq!(library.refusal("0001", PASSWORD), Reason::Outage);
    assert_eq!(PinScheme::Directory, library.pins_at_directory().rules()[0].scheme);
}
