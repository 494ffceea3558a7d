//! One question about one card, whatever protocol it came in: answered, counted and logged.

use std::sync::Arc;

use patron::{CardNumber, Pin, Reason, Verdict};
use resolver::{Hearing, Login, Query, Resolved, Resolver};
use roster::UseMonth;
use tokio::time::Instant;

use crate::house::{Client, House};
use crate::service::Service;
use crate::verdict_log::Line;

/// What a question comes to.
#[expect(clippy::large_enum_variant, reason = "nearly always a verdict, and never kept")]
pub enum Outcome {
    /// It is answered.
    Answered(Verdict),
    /// A district's directory is to be asked first; then the same is asked again with what it said.
    Waits(Box<Waiting>),
}

/// A question that waits for a directory.
pub struct Waiting {
    resolver: Arc<Resolver>,
    login: Arc<Login>,
    started: Instant,
}

/// What a directory said to a question.
#[derive(Clone, Copy)]
pub struct Told {
    heard: Hearing,
    /// When the question was whole.
    pub started: Instant,
}

impl Waiting {
    /// Waits: no longer than the district's patience.
    pub async fn told(self) -> Told {
        let Self { resolver, login, started } = self;
        let (asks, asked) = (Arc::clone(&resolver), Arc::clone(&login));
        // A task of its own: what was asked is counted, whatever becomes of whoever asked.
        let heard = tokio::spawn(async move { asks.hear(&asked).await }).await;
        let heard = heard.unwrap_or_else(|_| resolver.give_up(&login));
        Told { heard, started }
    }
}

/// The verdict on a card; `client` is who asks, once that is known, `told` what a directory said to the same question, and
/// `started` when it was whole.
pub fn ask(
    service: &Service,
    house: &House,
    client: Option<&Client>,
    (card, pin): (Option<&CardNumber>, Option<&Pin>),
    told: Option<Told>,
    started: Instant,
) -> Outcome {
    let tick = service.clock.now();
    let (verdict, district, pseudonym) = match (client, card) {
        (None, _) => (Verdict::Refuse(Reason::NotLoggedIn), None, None),
        (Some(_), None) => (Verdict::Refuse(Reason::UnknownCard), None, None),
        (Some(client), Some(card)) => {
            let query = Query { card, pin, client: &client.rules };
            let heard = told.map(|told| told.heard);
            let resolved = service.resolver.resolve(&house.rosters, &query, heard, tick.moment, &tick.pseudonyms);
            let answer = match resolved {
                Resolved::Answer(answer) => answer,
                Resolved::Ask(login) => {
                    let (resolver, login) = (Arc::clone(&service.resolver), Arc::from(login));
                    return Outcome::Waits(Box::new(Waiting { resolver, login, started }));
                }
            };
            if let Some(used) = &answer.used {
                let month = UseMonth::of(tick.moment.today);
                service.uses.note(&house.rosters, used, &client.id, answer.pseudonym, month);
            }
            (answer.verdict, answer.district, Some(answer.pseudonym))
        }
    };
    let reason = verdict.reason();
    if let Some(client) = client {
        service.metrics.count_verdict(&client.counters, district, verdict.name(), reason);
    }
    let district = district.and_then(|district| house.rosters.districts().get(district));
    service.verdicts.write(&Line {
        utc: &tick.utc,
        client: client.map_or("-", |client| &client.id),
        district: district.map_or("-", |district| &district.id),
        pseudonym,
        verdict: verdict.name(),
        reason,
        micros: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
    });
    Outcome::Answered(verdict)
}
