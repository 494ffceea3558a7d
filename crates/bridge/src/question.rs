//! One question about one card, whatever protocol it came in: answered, counted and logged.

use patron::{CardNumber, Pin, Reason, Verdict};
use resolver::Query;
use roster::UseMonth;
use tokio::time::Instant;

use crate::house::{Client, House};
use crate::service::Service;
use crate::verdict_log::Line;

/// The verdict on a card; `client` is who asks, once that is known, and `started` when the question was whole.
pub fn ask(
    service: &Service,
    house: &House,
    client: Option<&Client>,
    (card, pin): (Option<&CardNumber>, Option<&Pin>),
    started: Instant,
) -> Verdict {
    let tick = service.clock.now();
    let (verdict, district, pseudonym) = match (client, card) {
        (None, _) => (Verdict::Refuse(Reason::NotLoggedIn), None, None),
        (Some(_), None) => (Verdict::Refuse(Reason::UnknownCard), None, None),
        (Some(client), Some(card)) => {
            let query = Query { card, pin, client: &client.rules };
            let answer = service.resolver.resolve(&house.rosters, &query, tick.moment, &tick.pseudonyms);
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
    verdict
}
