//! A directory that does not answer: who waits, who is admitted all the same, and what counts.

use std::sync::atomic::Ordering;
use std::time::Duration;

use patron::{Reason, Verdict};
use resolver::LiveRules;
use resolver::live::{Silent, Told};
use tokio::time::{Instant, sleep};

use crate::town::{PASSWORD, RULES, Town, with_grace};

#[tokio::test(start_paused = true)]
async fn a_silence_is_no_wrong_pin_and_may_have_been_counted_there() {
    let town = Town::new(RULES);
    town.says(&[Err(Silent { forwarded: true }), Err(Silent { forwarded: false })]);
    assert_eq!(town.refusal("0001", PASSWORD).await, Some(Reason::Outage));
    assert_eq!(town.refusal("0001", PASSWORD).await, Some(Reason::Outage));
    town.ask("0001", "wrong").await;
    assert_eq!(town.refusal("0001", "wronger").await, Some(Reason::Locked), "one may have been counted, one was");
    assert_eq!(town.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_never_answers_takes_no_more_than_ones_patience_and_soon_none() {
    let town = Town::new(RULES);
    town.desk.away.store(true, Ordering::Relaxed);
    for card in ["0001", "0002", "0003"] {
        let started = Instant::now();
        assert_eq!(town.refusal(card, "a").await, Some(Reason::Outage));
        assert_eq!(started.elapsed(), RULES.patience);
    }
    let started = Instant::now();
    assert_eq!(town.refusal("0002", "b").await, Some(Reason::Outage));
    assert_eq!(started.elapsed(), Duration::ZERO, "it is not asked any more");
    town.desk.away.store(false, Ordering::Relaxed);
    town.line().look().await;
    assert!(matches!(town.ask("0002", PASSWORD).await, Verdict::Admit(_)), "it is back");
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_keeps_no_deadline_is_left_a_moment_later_and_may_have_counted() {
    let town = Town::new(RULES);
    town.desk.hangs.store(true, Ordering::Relaxed);
    let started = Instant::now();
    assert_eq!(town.refusal("0001", "a").await, Some(Reason::Outage));
    assert!(started.elapsed() < RULES.patience + Duration::from_millis(200));
    town.ask("0001", "b").await;
    town.desk.hangs.store(false, Ordering::Relaxed);
    assert_eq!(town.refusal("0001", PASSWORD).await, Some(Reason::Locked), "two may have been counted");
}

#[tokio::test(start_paused = true)]
async fn who_waited_for_a_place_has_the_rest_of_their_patience_and_not_all_of_it_anew() {
    let town = Town::new(LiveRules { at_a_time: 1, ..RULES });
    let started = Instant::now();
    tokio::join!(town.ask("0001", PASSWORD), town.ask("0002", PASSWORD));
    assert_eq!(*town.desk.deadlines.lock().unwrap(), [started + RULES.patience; 2]);
}

#[tokio::test(start_paused = true)]
async fn while_the_directory_is_away_nothing_tells_who_has_an_account_there() {
    let town = Town::new(RULES);
    town.until_down().await;
    for card in ["0001", "7777"] {
        let started = Instant::now();
        assert_eq!(
            (town.refusal(card, "a").await, started.elapsed()),
            (Some(Reason::Outage), Duration::ZERO),
            "{card}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_that_was_changed_serves_no_longer_though_the_process_ends_before_its_hash_is_made() {
    for ended in [true, false] {
        let mut town = Town::new(with_grace());
        town.ask("0001", PASSWORD).await;
        town.work().await;
        town.says(&[Ok(Told::Right)]);
        assert!(matches!(town.ask("0001", "Another-Kite-8").await, Verdict::Admit(_)));
        if ended {
            for work in town.works.rest() {
                town.resolver.offline().let_go(&work);
            }
            assert!(town.works.rest().is_empty());
        }
        town.restart();
        town.until_down().await;
        let admitted = matches!(town.ask("0001", PASSWORD).await, Verdict::Admit(_));
        assert_eq!(admitted, !ended, "a kill at that very moment leaves it until its grace is over");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hash_that_serves_nobody_any_more_is_not_kept() {
    let grace = 7 * 24 * 3600;
    let town = async || {
        let mut town = Town::new(with_grace());
        town.ask("0001", PASSWORD).await;
        town.work().await;
        town
    };
    let first = town().await;
    let sweep = |town: &Town, later: u32| {
        town.resolver.offline().sweep(&town.library.rosters(), town.now.seconds + later).unwrap()
    };
    assert_eq!((sweep(&first, grace), sweep(&first, grace + 1), sweep(&first, grace + 1)), (0, 1, 0));
    let mut second = town().await;
    second.library.districts[0].live = None;
    assert_eq!(sweep(&second, 0), 1, "the district does not want it any more");
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_place_is_told_to_try_later() {
    let town = Town::new(LiveRules { forwards: 200, at_a_time: 1, ..RULES });
    town.desk.away.store(true, Ordering::Relaxed);
    // One asks, four wait, and the sixth is not kept waiting.
    let pins = ["a", "b", "c", "d", "e"];
    let asks = pins.map(|pin| town.ask("0001", pin));
    let sixth = async {
        sleep(Duration::from_millis(10)).await;
        let started = Instant::now();
        assert_eq!(town.refusal("0002", "f").await, Some(Reason::Outage));
        assert_eq!(started.elapsed(), Duration::ZERO);
    };
    let [a, b, c, d, e] = asks;
    let started = Instant::now();
    tokio::join!(a, b, c, d, e, sixth);
    assert_eq!(started.elapsed(), RULES.patience);
    assert_eq!(town.asked(), 1, "who waited for half of their patience was not asked about any more");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_place_is_not_asked_about_once_it_is_known_to_be_down() {
    let town = Town::new(LiveRules { forwards: 200, at_a_time: 1, ..RULES });
    town.says(&[Err(Silent { forwarded: true }); 3]);
    let asks = [("0001", "a"), ("0002", "b"), ("0003", "c"), ("0001", "d")].map(|(card, pin)| town.ask(card, pin));
    let [a, b, c, d] = asks;
    tokio::join!(a, b, c, d);
    assert_eq!(town.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn without_a_grace_nobody_is_admitted_while_the_directory_is_away() {
    let town = Town::new(RULES);
    town.ask("0001", PASSWORD).await;
    town.until_down().await;
    assert_eq!(town.refusal("0001", PASSWORD).await, Some(Reason::Outage));
}

#[tokio::test(start_paused = true)]
async fn the_last_good_password_serves_while_the_directory_is_away_until_its_grace_is_over() {
    let mut town = Town::new(with_grace());
    town.ask("0001", PASSWORD).await;
    town.until_down().await;
    assert!(matches!(town.ask("0001", PASSWORD).await, Verdict::Admit(_)));
    assert_eq!(town.refusal("0001", "another").await, Some(Reason::Outage), "nobody can say that it is wrong");
    assert_eq!(town.refusal("0002", PASSWORD).await, Some(Reason::Outage), "it was never seen to be good");
    town.now.seconds += 7 * 24 * 3600 + 1;
    assert_eq!(town.refusal("0001", PASSWORD).await, Some(Reason::Outage));
}

#[tokio::test(start_paused = true)]
async fn guesses_count_while_the_directory_is_away() {
    let town = Town::new(with_grace());
    town.ask("0001", PASSWORD).await;
    town.until_down().await;
    for guess in 0..5 {
        assert_eq!(town.refusal("0001", &format!("guess {guess}")).await, Some(Reason::Outage));
    }
    assert_eq!(town.refusal("0001", PASSWORD).await, Some(Reason::Outage), "locked, and told as everybody is");
    town.desk.away.store(false, Ordering::Relaxed);
    town.line().look().await;
    assert_eq!(town.refusal("0001", PASSWORD).await, Some(Reason::Locked));
}

#[tokio::test(start_paused = true)]
async fn a_restart_knows_the_last_good_password_by_its_sealed_hash() {
    let mut town = Town::new(with_grace());
    town.ask("0001", PASSWORD).await;
    town.work().await;
    town.restart();
    town.until_down().await;
    assert_eq!(town.refusal("0001", "another").await, Some(Reason::Outage));
    assert!(matches!(town.ask("0001", PASSWORD).await, Verdict::Admit(_)));
}

#[tokio::test(start_paused = true)]
async fn a_password_that_the_directory_takes_no_longer_serves_no_longer() {
    for restarted in [false, true] {
        let mut town = Town::new(with_grace());
        town.ask("0001", PASSWORD).await;
        town.work().await;
        if restarted {
            town.restart();
        }
        town.desk.changed.store(true, Ordering::Relaxed);
        assert_eq!(town.refusal("0001", PASSWORD).await, Some(Reason::WrongPin));
        town.work().await;
        town.until_down().await;
        assert_eq!(town.refusal("0001", PASSWORD).await, Some(Reason::Outage), "restarted: {restarted}");
        town.restart();
        town.until_down().await;
        assert_eq!(town.refusal("0001", PASSWORD).await, Some(Reason::Outage), "nor after a restart");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_leaves_the_last_good_one_alone() {
    let mut town = Town::new(with_grace());
    town.ask("0001", PASSWORD).await;
    town.work().await;
    town.restart();
    town.ask("0001", "wrong").await;
    town.work().await;
    town.until_down().await;
    assert!(matches!(town.ask("0001", PASSWORD).await, Verdict::Admit(_)));
}

#[tokio::test(start_paused = true)]
async fn a_hash_is_made_once_a_day_at_the_most() {
    let mut town = Town::new(with_grace());
    town.ask("0001", PASSWORD).await;
    town.work().await;
    town.ask("0001", PASSWORD).await;
    town.now.seconds += 24 * 3600;
    town.ask("0001", PASSWORD).await;
    town.work().await;
    let more = tokio::time::timeout(Duration::from_secs(1), town.works.next()).await;
    assert!(more.is_err(), "two in all");
}
