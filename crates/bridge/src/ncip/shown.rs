//! What a client is shown, for people: an answer taken apart again, element by element.

use ncip::{Agency, Edition, Line, Manner, Parties, Response, UserElements, outline};
use patron::{CardNumber, Verdict};
use site::{Client, PinPolicy, Site};

use crate::house::client_rules;
use crate::ncip::reply::{self, Asked};

/// The `LookupUserResponse` that a client gets for a verdict, where it asks for all that there is. `pin` is whether it
/// sends one.
pub fn reply_to(site: &Site, client: &Client, verdict: Verdict, card: &str, pin: bool) -> Vec<Line> {
    let agency = Agency::new(client.ncip.agency_id.as_ref().unwrap_or(&site.library.agency_id));
    let manner = reply::Manner {
        ncip: &client.ncip,
        answers: client.answers,
        pin: client_rules(client).pin,
        zone: &site.library.time_zone,
    };
    let asked = Asked {
        card: CardNumber::parse(card),
        pin,
        authenticates: pin || client.pin == PinPolicy::Required,
        wanted: UserElements { name: true, address: true, privilege: true, block: true, user_id: true },
        visible_id: false,
    };
    let parties = Parties { from: &agency, to: None };
    let told = reply::tell(verdict, &asked, &manner, parties.from);
    let service = ncip::Service::find("LookupUser");
    let response = match &told {
        Ok(told) => Response::LookupUser(told.user(parties.from)),
        Err(problem) => Response::Problem(service, problem.clone()),
    };
    let mut text = String::new();
    response.write(&Manner::canonical(Edition::V2), parties, &mut text);
    outline(text.as_bytes()).unwrap_or_default()
}
