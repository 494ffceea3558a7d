//! PINs at a directory: what it says, what it does not say, and what is passed on to it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use patron::{CardNumber, Pin, PinScheme, Reason, Verdict};
use resolver::live::{Later, Offline, Silent, Told, Works};
use resolver::{Guard, LiveDirectory, LiveLine, LiveRules, Moment, PinPolicy, Query, Resolved, Resolver, Rosters};
use tokio::time::{Instant, sleep, sleep_until};

use crate::library::{Library, client, district, rule, student};

const PASSWORD: &str = "Violet-Kite-7";
const RULES: LiveRules = LiveRules {
    forwards: 2,
    window: Duration::from_secs(1800),
    offline_grace: None,
    patience: Duration::from_secs(2),
    at_a_time: 4,
};

/// A directory in which everybody has the same password, unless it is told what to say.
#[derive(Default)]
struct Desk {
    says: Mutex<VecDeque<Result<Told, Silent>>>,
    asked: AtomicUsize,
    away: AtomicBool,
    /// It keeps no deadline.
    hangs: AtomicBool,
    /// Another password than [`PASSWORD`].
    changed: AtomicBool,
    /// Until when it was asked, each time.
    deadlines: Mutex<Vec<Instant>>,
}

/// No password at the desk is longer.
const LONGEST: usize = 40;

struct Shared(Arc<Desk>);

impl LiveDirectory for Shared {
    fn may_be_password(&self, pin: &Pin) -> bool {
        pin.expose().len() <= LONGEST
    }

    fn verify<'a>(&'a self, _id: &'a str, pin: &'a Pin, deadline: Instant) -> Later<'a, Result<Told, Silent>> {
        Box::pin(async move {
            self.0.asked.fetch_add(1, Ordering::Relaxed);
            self.0.deadlines.lock().unwrap().push(deadline);
            if self.0.hangs.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            if self.0.away.load(Ordering::Relaxed) {
                sleep_until(deadline).await;
                return Err(Silent { forwarded: false });
            }
            sleep(Duration::from_millis(30)).await;
            let said = self.0.says.lock().unwrap().pop_front();
            let right = pin.expose() == PASSWORD.as_bytes() && !self.0.changed.load(Ordering::Relaxed);
            said.unwrap_or(Ok(if right { Told::Right } else { Told::Wrong }))
        })
    }

    fn is_back(&self) -> Later<'_, bool> {
        Box::pin(async move { !self.0.away.load(Ordering::Relaxed) })
    }
}

/// A district whose PINs are at a desk, with the student 0001 and two who were never seen.
struct Town {
    library: Library,
    desk: Arc<Desk>,
    resolver: Resolver,
    works: Works,
    now: Moment,
}

impl Town {
    fn new(rules: LiveRules) -> Self {
        let desk = Arc::new(Desk::default());
        let mut cms = district("cms", rule("", "district:cms"));
        cms.live = Some(Arc::new(LiveLine::new(Box::new(Shared(Arc::clone(&desk))), rules)));
        let library = Library::new(vec![cms]);
        library.publish_at_directory(0, &[("0001", student()), ("0002", student()), ("0003", student())]);
        let (offline, works) = Offline::new(Some(Arc::clone(&library.store)));
        let resolver = Resolver::with_live(guard(), |work| work(), vec![], offline);
        let now = library.now;
        Self { library, desk, resolver, works, now }
    }

    /// The process ends and another begins.
    fn restart(&mut self) {
        let (offline, works) = Offline::new(Some(Arc::clone(&self.library.store)));
        let forwarded = self.resolver.take_forwarded(self.now.seconds);
        self.library.store.state().save_forwarded(&forwarded).unwrap();
        let forwarded = self.library.store.state().forwarded().unwrap();
        self.resolver = Resolver::with_live(guard(), |work| work(), forwarded, offline);
        self.works = works;
    }

    async fn ask(&self, card: &str, pin: &str) -> Verdict {
        let (card, pin) = (CardNumber::parse(card).unwrap(), Pin::parse(pin).unwrap());
        let client = client(&[0], PinPolicy::Required);
        let query = Query { card: &card, pin: Some(&pin), client: &client };
        let rosters: Rosters = self.library.rosters();
        let month = self.library.month();
        let heard = match self.resolver.resolve(&rosters, &query, None, self.now, month) {
            Resolved::Answer(answer) => return answer.verdict,
            Resolved::Ask(login) => self.resolver.hear(&login).await,
        };
        match self.resolver.resolve(&rosters, &query, Some(heard), self.now, month) {
            Resolved::Answer(answer) => answer.verdict,
            Resolved::Ask(login) => unreachable!("it was asked: {login:?}"),
        }
    }

    async fn refusal(&self, card: &str, pin: &str) -> Option<Reason> {
        self.ask(card, pin).await.reason()
    }

    /// Does what is not done on the way of a request.
    async fn work(&mut self) {
        let soon = tokio::time::timeout(Duration::from_secs(1), self.works.next());
        let work = soon.await.unwrap().unwrap();
        self.resolver.offline().work(&work).unwrap();
    }

    fn says(&self, said: &[Result<Told, Silent>]) {
        self.desk.says.lock().unwrap().extend(said);
    }

    fn asked(&self) -> usize {
        self.desk.asked.load(Ordering::Relaxed)
    }

    fn line(&self) -> &LiveLine {
        self.library.districts[0].live.as_ref().unwrap()
    }

    async fn until_down(&self) {
        self.desk.away.store(true, Ordering::Relaxed);
        for (card, pin) in [("0002", "a"), ("0003", "b"), ("0002", "c")] {
            self.ask(card, pin).await;
        }
        assert!(self.line().is_down(), "after three silences");
    }
}

fn guard() -> Guard {
    Guard::new(patron::Budget::default(), vec![])
}

fn with_grace() -> LiveRules {
    LiveRules { offline_grace: Some(Duration::from_secs(7 * 24 * 3600)), forwards: 4, ..RULES }
}

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

#[test]
fn a_rule_without_a_directory_admits_nobody() {
    let library = Library::new(vec![district("cms", rule("", "district:cms"))]);
    library.publish_at_directory(0, &[("0001", student())]);
    assert_eq!(library.refusal("0001", PASSWORD), Reason::Outage);
    assert_eq!(PinScheme::Directory, library.pins_at_directory().rules()[0].scheme);
}
