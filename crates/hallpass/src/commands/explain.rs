//! `hallpass explain`.

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use patron::{Attribute, CardNumber, Pin, Reason, Verdict};
use resolver::live::Offline;
use resolver::{Guard, Moment, PinPolicy, Query, Resolver, Rosters, Standing, Step};
use roster::Month;
use site::Site;

use crate::cli::Configuration;
use crate::failure::{CONFIGURATION, Failure, USAGE};
use crate::terminal;

/// Walk a card through every station of its way, and say where it ended and who can mend it.
///
/// The PIN is read from standard input and shown nowhere; an empty one is none. Nothing is counted against the card.
#[derive(Args)]
pub struct Explain {
    /// The card number; `-` reads it from standard input, before the PIN.
    card: String,
    /// The client that asks.
    #[arg(long, value_name = "ID")]
    client: String,
    /// The protocol that the client asks by.
    #[arg(long, value_enum, default_value_t = Protocol::Sip2)]
    protocol: Protocol,
    #[command(flatten)]
    configuration: Configuration,
}

/// In which protocol the reply is shown.
#[derive(Clone, Copy, ValueEnum)]
enum Protocol {
    Sip2,
    Ncip,
}

impl Explain {
    pub fn run(self) -> Result<(), Failure> {
        let site = self.configuration.load_as_owner()?.site;
        let typed = if self.card == "-" { terminal::line()? } else { self.card };
        let card = CardNumber::parse(&typed).ok_or_else(|| Failure::new(USAGE, "that is no card number"))?;
        let pin = Pin::parse(&terminal::secret("PIN (empty: none)")?);
        let client = site.clients.iter().find(|client| client.id == self.client).ok_or_else(|| {
            let known: Vec<&str> = site.clients.iter().map(|client| client.id.as_str()).collect();
            Failure::new(CONFIGURATION, format!("there is no client {}; there are: {}", self.client, known.join(", ")))
        })?;

        let store = bridge::open_store(&site)?;
        let rosters = Rosters::open(&store, bridge::district_rules(&site), None);
        let guard = Guard::new(site.budget, store.state().attempts()?);
        let (offline, _) = Offline::new(None);
        let resolver = Resolver::with_live(guard, |work| work(), store.state().forwarded()?, offline);
        let rules = bridge::client_rules(client);
        let query = Query { card: &card, pin: pin.as_ref(), client: &rules };
        let now = Timestamp::now();
        let moment = Moment::of(now, &site.library.time_zone);
        let (steps, verdict) = resolver.explain(&rosters, &query, moment);

        let of_pins = match rules.pin {
            PinPolicy::Required => "",
            PinPolicy::Optional => ", which need not send a PIN",
            PinPolicy::Never => ", whose PINs are not looked at",
        };
        println!("client      {}{of_pins}", client.id);
        for step in &steps {
            println!("{}", told(step, &site, &rosters));
        }
        println!("released    {}", released(&site, client, &steps));
        match self.protocol {
            Protocol::Sip2 => show_sip2(&site, client, &verdict, &card, pin),
            Protocol::Ncip => show_ncip(&site, client, verdict, &card, pin.is_some()),
        }
        let month = Month::of(now);
        for (name, month) in [("this month", month), ("last month", month.before())] {
            for key in store.keyring().all() {
                let pseudonym = resolver.pseudonym(&rosters, &card, moment, &key.pseudonym_key(month)?);
                println!("pseudonym   {pseudonym}  {name}, key {}", key.id());
            }
        }
        Ok(())
    }
}

/// The 64 that the client gets.
fn show_sip2(site: &Site, client: &site::Client, verdict: &Verdict, card: &CardNumber, pin: Option<Pin>) {
    println!("reply       64 Patron Information Response");
    let fields = bridge::shown::reply_to(site, client, verdict, card.as_str(), pin);
    // When it is asked says nothing about the card: two explanations of one card are the same.
    for field in fields.iter().filter(|field| field.name != "transaction date") {
        let text = if is_personal(client, &field.id) && !field.text.is_empty() { "****" } else { &field.text };
        println!("            {:<2} {:<24} {text}", field.id, field.name);
    }
}

/// The `LookupUserResponse` that the client gets where it asks for everything.
fn show_ncip(site: &Site, client: &site::Client, verdict: Verdict, card: &CardNumber, pin: bool) {
    println!("reply       LookupUserResponse");
    let lines = bridge::ncip::shown::reply_to(site, client, verdict, card.as_str(), pin);
    // Root and service are said above.
    for line in lines.iter().filter(|line| line.depth > 1) {
        let personal = PERSONAL_ELEMENTS.contains(&line.name.as_str()) && !line.text.is_empty();
        let text = if personal { "****" } else { &line.text };
        let name = format!("{:indent$}{}", "", line.name, indent = 2 * (line.depth - 2));
        println!("            {}", format!("{name:<40} {text}").trim_end());
    }
}

/// The elements that say who it is.
const PERSONAL_ELEMENTS: [&str; 5] =
    ["UserIdentifierValue", "GivenName", "Surname", "UnstructuredPersonalUserName", "ElectronicAddressData"];

/// Whether a field may say who it is: a terminal's scrollback is no place for that.
fn is_personal(client: &site::Client, id: &str) -> bool {
    let own =
        client.dialect.fields.iter().map(|(field, _)| field.as_str()).chain([client.dialect.internal_id.as_str()]);
    ["AA", "AE", "BE"].into_iter().chain(own).any(|field| field == id)
}

/// What the client may see of the card's district.
fn released(site: &Site, client: &site::Client, steps: &[Step]) -> String {
    let district = steps.iter().find_map(|step| match step {
        Step::Claimed { districts } => districts.first().and_then(|at| site.districts.get(*at)),
        _ => None,
    });
    let release = client.release.within(district.map(|district| district.ceiling).unwrap_or_default());
    let seen = Attribute::ALL.into_iter().filter(|attribute| release.allows(*attribute)).map(Attribute::name);
    let seen = seen.collect::<Vec<_>>().join(", ");
    if seen.is_empty() { "the verdict and the card number".to_owned() } else { seen }
}

fn told(step: &Step, site: &Site, rosters: &Rosters) -> String {
    match step {
        Step::Unclaimed => "card rule   no district's card rule claims this card".to_owned(),
        Step::Claimed { districts } => {
            let states: Vec<String> = districts
                .iter()
                .map(|number| {
                    let id = site.districts.get(*number).map_or("-", |district| &district.id);
                    match rosters.generation(*number) {
                        Ok(generation) => format!("{id} (roster of {} people)", generation.header().people),
                        Err(why) => format!("{id} (cannot be served: {why})"),
                    }
                })
                .collect();
            format!("card rule   claimed by {}", states.join(", "))
        }
        Step::EarlierNumber => "alias       an earlier number; it leads to the card of today".to_owned(),
        Step::NotTheClients => "row         in a district that this client does not serve".to_owned(),
        Step::Budget(Standing { in_window, in_day, locked }) => {
            let state = if *locked { "locked" } else { "open" };
            format!("lockout     {state}: {in_window} different wrong PINs in the window, {in_day} in 24 hours")
        }
        Step::Forwarded(count, until) => {
            let until = Timestamp::from_second((*until).into()).map(|until| site.library.time_zone.to_datetime(until));
            let until = until.map(|until| until.strftime("%H:%M").to_string()).unwrap_or_default();
            format!(
                "directory   {count} wrong passwords passed on; forgotten there at {until}, if none comes meanwhile"
            )
        }
        Step::AtDirectory => {
            "PIN         asked of the directory at each login; not here, where it is taken for right".to_owned()
        }
        Step::Row(what) => format!("row         {what}"),
        Step::Pin(Some(true)) => "PIN         right".to_owned(),
        Step::Pin(Some(false)) => "PIN         wrong".to_owned(),
        Step::Pin(None) => "PIN         not looked at".to_owned(),
        Step::Ended(None) => "verdict     admitted".to_owned(),
        Step::Ended(Some(reason)) => ended(*reason),
    }
}

fn ended(reason: Reason) -> String {
    let (sentence, actor) = reason.explained();
    format!("verdict     refused ({}): {sentence}\n            who can mend it: {}", reason.name(), actor.name())
}
