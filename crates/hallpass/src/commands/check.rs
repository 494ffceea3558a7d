//! `hallpass check`.

use clap::Args;
use patron::{CardForm, OptOutList, Scope};
use site::{District, Listener, Site};

use crate::cli::Configuration;
use crate::failure::{CONFIGURATION, Failure};

/// Read the whole configuration, say all that is wrong with it, and what would run.
#[derive(Args)]
pub struct Check {
    #[command(flatten)]
    configuration: Configuration,
}

impl Check {
    pub fn run(self) -> Result<(), Failure> {
        let loaded = self.configuration.load()?;
        for warning in &loaded.warnings {
            println!("{warning}");
        }
        let mut warnings = loaded.warnings.len();
        let site = loaded.site;
        bridge::check(&site).map_err(|fault| Failure::new(CONFIGURATION, fault.to_string()))?;
        println!("{}: valid", site.file.display());
        for listener in &site.listeners {
            println!("  listener {} {}: {}", listener.protocol.name(), listener.address, ways_in(&site, listener));
        }
        for (number, district) in site.districts.iter().enumerate() {
            let roles: Vec<&str> = district.eligibility.roles.iter().map(|role| role.name()).collect();
            println!("  district {}: {}, roles {}", district.id, state(district), roles.join(" "));
            for form in district.cards.forms() {
                println!("    card {}", shown_card(form));
            }
            for rule in district.pins.rules() {
                println!("    PIN {}{}", rule.version(), shown_scope(&rule.scope));
            }
            for warning in opt_out_warnings(district) {
                println!("    warning: {warning}");
                warnings += 1;
            }
            if site.stored_release(number).needs_name() {
                println!("    names are stored, sealed, because a client is released them");
            }
        }
        for client in &site.clients {
            let released: Vec<&str> = patron::Attribute::ALL
                .into_iter()
                .filter(|attribute| client.release.allows(*attribute))
                .map(patron::Attribute::name)
                .collect();
            let districts: Vec<&str> = client
                .districts
                .iter()
                .filter_map(|at| site.districts.get(*at))
                .map(|district| district.id.as_str())
                .collect();
            let seen = if released.is_empty() { "the verdict only".to_owned() } else { released.join(" ") };
            println!("  client {}: districts {}, sees {seen}", client.id, districts.join(" "));
            let Some(district) = client.districts.first().and_then(|at| site.districts.get(*at)) else { continue };
            println!("    a student of {} who is made up would be shown as", district.id);
            for field in bridge::shown::sample(&site, client, district) {
                println!("      {:<2} {:<24} {}", field.id, field.name, field.text);
            }
        }
        if warnings > 0 {
            println!("{warnings} warnings");
        }
        // Only the service needs the key and the data folder, so that `check` can run anywhere.
        Ok(())
    }
}

/// Whether the district is switched on, and for whom.
fn state(district: &District) -> String {
    let eligibility = &district.eligibility;
    if !eligibility.active {
        return "switched off".to_owned();
    }
    let mut bounds = Vec::new();
    if !eligibility.grades.is_empty() {
        let grades: Vec<String> = eligibility.grades.iter().map(|band| band.name()).collect();
        bounds.push(format!("grades {}", grades.join(" ")));
    }
    if !eligibility.schools.is_empty() {
        bounds.push(format!("schools {}", eligibility.schools.join(" ")));
    }
    if bounds.is_empty() { "on".to_owned() } else { format!("on for {}", bounds.join(", ")) }
}

/// A card rule with an example, and the ID that is read off it.
fn shown_card(form: &CardForm) -> String {
    let example = form.example().unwrap_or_default();
    let id = form.id_of_card(&example).unwrap_or_default();
    let retired = if form.spec().retired { ", an earlier form" } else { "" };
    format!("such as {example}, of the ID {id}{retired}{}", shown_scope(&form.spec().scope))
}

/// What of the opt-out file can be seen without a roster.
fn opt_out_warnings(district: &District) -> Vec<String> {
    let Some(file) = &district.opt_out_file else { return Vec::new() };
    let text = match roster::opt_outs::read(file) {
        Ok(text) => text,
        Err(error) => return vec![format!("{}: cannot be read ({error})", file.display())],
    };
    let list = OptOutList::parse(&text, &district.cards);
    let unclear = list.unclear.iter().map(|line| {
        format!(
            "{}:{line}: neither an ID nor a card of this district; somebody may have opted out there",
            file.display()
        )
    });
    let empty = (!list.says_something && list.unclear.is_empty())
        .then(|| format!("{}: empty; where nobody has opted out, write a line that begins with #", file.display()));
    unclear.take(20).chain(empty).collect()
}

fn shown_scope(scope: &Scope) -> String {
    let roles = scope.roles.iter().map(|role| role.name().to_owned());
    let words: Vec<String> = roles.chain(scope.grades.iter().map(|band| band.name())).collect();
    if words.is_empty() { String::new() } else { format!(", for {}", words.join(" ")) }
}

/// Who may come in at a listener, and how.
fn ways_in(site: &Site, listener: &Listener) -> String {
    let mut ways = Vec::new();
    match listener.client.and_then(|at| site.clients.get(at)) {
        Some(client) => ways.push(format!("client {} by its listener", client.id)),
        None => {
            ways.push("clients that log in".to_owned());
            let by_network = site.clients.iter().enumerate().filter(|(at, _)| site.is_known_by_network(*at));
            ways.extend(by_network.map(|(_, client)| format!("client {} by its networks", client.id)));
        }
    }
    match &listener.tls {
        None => ways.push("not encrypted".to_owned()),
        Some(tls) if tls.client_ca_file.is_some() => ways.push("TLS with client certificates".to_owned()),
        Some(_) => ways.push("TLS".to_owned()),
    }
    if listener.prompts {
        ways.push("prompts for login and password".to_owned());
    }
    if !listener.proxy_from.is_empty() {
        ways.push("behind a load balancer".to_owned());
    }
    ways.join(", ")
}
