//! A district whose PINs are at a directory that does as it is told.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use patron::{CardNumber, Pin, Reason, Verdict};
use resolver::live::{Later, Offline, Silent, Told, Works};
use resolver::{Guard, LiveDirectory, LiveLine, LiveRules, Moment, PinPolicy, Query, Resolved, Resolver, Rosters};
use tokio::time::{Instant, sleep, sleep_until};

use crate::library::{Library, client, district, rule, student};

pub const PASSWORD: &str = "Violet-Kite-7";
pub const RULES: LiveRules = LiveRules {
    forwards: 2,
    window: Duration::from_secs(1800),
    offline_grace: None,
    patience: Duration::from_secs(2),
    at_a_time: 4,
};

/// A directory in which everybody has the same password, unless it is told what to say.
#[derive(Default)]
pub struct Desk {
    pub says: Mutex<VecDeque<Result<Told, Silent>>>,
    pub asked: AtomicUsize,
    pub away: AtomicBool,
    /// It keeps no deadline.
    pub hangs: AtomicBool,
    /// Another password than [`PASSWORD`].
    pub changed: AtomicBool,
    /// Until when it was asked, each time.
    pub deadlines: Mutex<Vec<Instant>>,
}

/// No password at the desk is longer.
pub const LONGEST: usize = 40;

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
pub struct Town {
    pub library: Library,
    pub desk: Arc<Desk>,
    pub resolver: Resolver,
    pub works: Works,
    pub now: Moment,
}

impl Town {
    pub fn new(rules: LiveRules) -> Self {
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
    pub fn restart(&mut self) {
        let (offline, works) = Offline::new(Some(Arc::clone(&self.library.store)));
        let forwarded = self.resolver.take_forwarded(self.now.seconds);
        self.library.store.state().save_forwarded(&forwarded).unwrap();
        let forwarded = self.library.store.state().forwarded().unwrap();
        self.resolver = Resolver::with_live(guard(), |work| work(), forwarded, offline);
        self.works = works;
    }

    pub async fn ask(&self, card: &str, pin: &str) -> Verdict {
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

    pub async fn refusal(&self, card: &str, pin: &str) -> Option<Reason> {
        self.ask(card, pin).await.reason()
    }

    /// Does what is not done on the way of a request.
    pub async fn work(&mut self) {
        let soon = tokio::time::timeout(Duration::from_secs(1), self.works.next());
        let work = soon.await.unwrap().unwrap();
        self.resolver.offline().work(&work).unwrap();
    }

    pub fn says(&self, said: &[Result<Told, Silent>]) {
        self.desk.says.lock().unwrap().extend(said);
    }

    pub fn asked(&self) -> usize {
        self.desk.asked.load(Ordering::Relaxed)
    }

    pub fn line(&self) -> &LiveLine {
        self.library.districts[0].live.as_ref().unwrap()
    }

    pub async fn until_down(&self) {
        self.desk.away.store(true, Ordering::Relaxed);
        for (card, pin) in [("0002", "a"), ("0003", "b"), ("0002", "c")] {
            self.ask(card, pin).await;
        }
        assert!(self.line().is_down(), "after three silences");
    }
}

pub fn guard() -> Guard {
    Guard::new(patron::Budget::default(), vec![])
}

pub fn with_grace() -> LiveRules {
    LiveRules { offline_grace: Some(Duration::from_secs(7 * 24 * 3600)), forwards: 4, ..RULES }
}
