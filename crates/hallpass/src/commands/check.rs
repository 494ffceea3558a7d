//! `hallpass check`.

use clap::Args;

use crate::cli::Configuration;
use crate::failure::Failure;

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
        let site = loaded.site;
        println!("{}: valid", site.file.display());
        for listener in &site.listeners {
            let bound = listener.client.and_then(|at| site.clients.get(at));
            let whose = bound.map_or("any client that logs in", |client| client.id.as_str());
            println!("  listener {} {}: {whose}", listener.protocol.name(), listener.address);
        }
        for (number, district) in site.districts.iter().enumerate() {
            let roles: Vec<&str> = district.eligibility.roles.iter().map(|role| role.name()).collect();
            println!(
                "  district {}: cards {}{}, PIN {}, roles {}",
                district.id,
                district.card.prefix,
                district.card.pattern.as_str(),
                district.pin.version(),
                roles.join(" ")
            );
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
        }
        // Only the service needs the key and the data folder, so that `check` can run anywhere.
        Ok(())
    }
}
