//! What must hold between the files.

use std::net::SocketAddr;

use patron::card_book::Overlap;
use patron::{Attribute, CardBook, CardRules, Pattern, Release};

use crate::entry::Entry;
use crate::{client, district, listener};

/// No two districts may give the same card to two people, and none the library's own.
///
/// `None` where they do, or where a district could not be read.
pub(crate) fn card_book(
    districts: &[Option<district::Draft<'_>>],
    ids: &[&str],
    own_cards: &[Pattern],
) -> Option<CardBook> {
    let whole = districts.iter().all(Option::is_some);
    // One that could not be read claims no card, so that the others are compared all the same.
    let rules = districts.iter().map(|draft| match draft {
        Some(draft) => draft.district.cards.clone(),
        None => CardRules::default(),
    });
    let own = check_own_cards(districts, own_cards);
    match CardBook::new(rules) {
        Ok(book) => (whole && own).then_some(book),
        Err(overlaps) => {
            for overlap in overlaps {
                tell_overlap(&overlap, districts, ids);
            }
            None
        }
    }
}

fn tell_overlap(overlap: &Overlap, districts: &[Option<district::Draft<'_>>], ids: &[&str]) {
    let ((theirs, _), (district, at)) = overlap.forms;
    let place = districts.get(district).and_then(|draft| draft.as_ref()?.cards.get(at));
    let (Some(place), Some(other)) = (place, ids.get(theirs)) else { return };
    let other =
        if theirs == district { "another rule of this district".to_owned() } else { format!("district {other}") };
    let problem = match &overlap.example {
        Ok(card) if overlap.same_space => format!("{other} reads a card of this rule as another ID: {card}"),
        Ok(card) => format!("{other} claims cards of this rule too: {card}"),
        Err(why) => format!("cannot be told apart from {other}: {why}"),
    };
    place.error(problem, "expected another prefix or pattern, or one namespace in both for shared IDs");
}

/// `[library] own-cards`: a child's ID must not be a library card of somebody else.
fn check_own_cards(districts: &[Option<district::Draft<'_>>], own_cards: &[Pattern]) -> bool {
    let mut free = true;
    for draft in districts.iter().flatten() {
        for (form, place) in draft.district.cards.forms().iter().zip(&draft.cards) {
            for own in own_cards {
                let problem = match CardBook::own_card(form, own) {
                    Ok(None) => continue,
                    Ok(Some(card)) => format!("claims cards of library.own-cards too: {card}"),
                    Err(why) => format!("cannot be told apart from library.own-cards: {why}"),
                };
                place.error(problem, "expected another prefix or pattern");
                free = false;
            }
        }
    }
    free
}

/// Two clients that log in as the same user could not be told apart.
pub(crate) fn check_logins(clients: &[Option<client::Draft<'_>>]) {
    let mut users: Vec<(&str, &str)> = Vec::new();
    for draft in clients.iter().flatten() {
        let (Some(login), Some(entry)) = (&draft.client.login, &draft.user) else { continue };
        match users.iter().find(|(user, _)| *user == login.user) {
            Some((_, other)) => {
                entry.error(format!("client {other} logs in as the same user"), "expected a user of its own");
            }
            None => users.push((&login.user, &draft.client.id)),
        }
    }
}

/// A client must be known by something: its login, its certificate, a listener that is bound to it, or its networks.
pub(crate) fn check_bindings(listeners: &[listener::Draft<'_>], clients: &[Option<client::Draft<'_>>]) {
    let shared = listeners.iter().any(|listener| listener.bound == Some(None));
    // Of one that is misspelt it has been told; it may be any client's.
    let misspelt = listeners.iter().any(|listener| listener.bound.is_none());
    let asks = listeners.iter().any(|draft| {
        // Of one that could not be read it has been told.
        draft.listener.as_ref().is_none_or(|it| it.tls.as_ref().is_some_and(|tls| tls.client_ca_file.is_some()))
    });
    let mut by_network: Vec<&client::Draft<'_>> = Vec::new();
    for (index, draft) in clients.iter().enumerate() {
        let Some(draft) = draft else { continue };
        let client = &draft.client;
        let binding = listeners.iter().find(|listener| listener.bound == Some(Some(index)));
        if let Some(listener) = binding {
            warn_of_open_door(listener, draft);
            continue;
        }
        if let (Some(entry), false) = (draft.root.optional("certificate-name"), asks) {
            entry.error("no listener asks for certificates", "expected a [[listener]] whose tls has client-ca-file");
        }
        if client.login.is_some() || client.certificate_name.is_some() || misspelt {
            continue;
        }
        if client.networks.is_empty() || !shared {
            draft.root.error(
                "login",
                "missing, and nothing else says which connections are this client's",
                format!(
                    "expected login, certificate-name, networks of its own on a listener without a client, \
                     or a [[listener]] with client = \"{}\"",
                    client.id
                ),
            );
        } else {
            by_network.push(draft);
        }
    }
    check_networks(&by_network);
}

/// Two clients that are known by their networks alone must not share an address.
fn check_networks(clients: &[&client::Draft<'_>]) {
    for (at, draft) in clients.iter().enumerate() {
        let Some(entry) = draft.root.optional("networks") else { continue };
        for other in clients.iter().take(at) {
            let shared = draft
                .client
                .networks
                .iter()
                .find(|network| other.client.networks.iter().any(|theirs| theirs.overlaps(network)));
            if let Some(network) = shared {
                entry.error(
                    format!("{network} is a network of client {} too, and neither logs in", other.client.id),
                    "expected networks of its own, or a login",
                );
            }
        }
    }
}

/// A certificate's name is one client's.
pub(crate) fn check_certificates(clients: &[Option<client::Draft<'_>>]) {
    let mut names: Vec<(&str, &str)> = Vec::new();
    for draft in clients.iter().flatten() {
        let Some(name) = draft.client.certificate_name.as_deref() else { continue };
        match (names.iter().find(|(known, _)| *known == name), draft.root.optional("certificate-name")) {
            (Some((_, other)), Some(entry)) => {
                entry.error(format!("client {other} has the same name"), "expected a name of its own");
            }
            _ => names.push((name, &draft.client.id)),
        }
    }
}

/// Whoever reaches a bound listener is that client.
fn warn_of_open_door(listener: &listener::Draft<'_>, draft: &client::Draft<'_>) {
    let Some((address, entry)) = &listener.address else { return };
    if !address.ip().is_loopback() && draft.client.networks.is_empty() {
        entry.warning(
            format!("whoever reaches this address is client {}, without a login", draft.client.id),
            "networks in the client's file, or a loopback address",
        );
    }
}

/// A list that releases nothing would be a riddle: why does the name not appear?
pub(crate) fn check_releases(clients: &[Option<client::Draft<'_>>], districts: &[Option<district::Draft<'_>>]) {
    for draft in clients.iter().flatten() {
        let ceilings: Option<Vec<Release>> = draft
            .client
            .districts
            .iter()
            .map(|index| Some(districts.get(*index)?.as_ref()?.district.ceiling))
            .collect();
        let (Some(ceilings), Some(entry)) = (ceilings, draft.root.optional("release")) else { continue };
        let most = ceilings.into_iter().fold(Release::default(), Release::or);
        for attribute in Attribute::ALL {
            if draft.client.release.allows(attribute) && !most.allows(attribute) {
                entry.warning(
                    format!("no district of this client releases {}", attribute.name()),
                    "it is not shown until a district's own release has it",
                );
            }
        }
    }
}

/// No two sockets can listen on one address.
pub(crate) fn check_addresses(listeners: &[listener::Draft<'_>], admin: Option<&(SocketAddr, Entry<'_>)>) {
    let mut taken: Vec<SocketAddr> = Vec::new();
    for (address, entry) in listeners.iter().filter_map(|draft| draft.address.as_ref()).chain(admin) {
        if let Some(other) = taken.iter().find(|other| listener::collide(**other, *address)) {
            entry.error(format!("another listener has {other}"), "expected an address of its own");
        }
        taken.push(*address);
    }
}

#[cfg(test)]
mod tests {
    use crate::trial::Trial;

    #[test]
    fn a_rule_that_claims_the_librarys_own_cards_is_told_with_one() {
        let mut trial = Trial::default();
        trial.main(
            &trial.main_text().replace("[[listener]]", "own-cards = [\"2[0-9]{13}\", \"[0-9]{7}\"]\n[[listener]]"),
        );
        assert_eq!(
            trial.errors(),
            ["districts/cms.toml:4:11 card.pattern: claims cards of library.own-cards too: 0000000; \
              expected another prefix or pattern"]
        );
    }

    #[test]
    fn two_rules_of_one_district_that_claim_a_card_for_two_people_are_told() {
        let mut trial = Trial::default();
        let rule = |role| format!("[[card]]\nroles = [\"{role}\"]\nid = \"identifier\"\npattern = \"[0-9]{{7}}\"\n");
        let (_, after) = trial.district_text().split_once("[pin]").unwrap();
        let name = "name = \"Example County Schools\"\n";
        trial.district("cms", &format!("{name}{}{}[pin]{after}", rule("student"), rule("teacher")));
        assert_eq!(
            trial.errors(),
            ["districts/cms.toml:9:11 card[1].pattern: another rule of this district claims cards of this rule too: \
              0000000; expected another prefix or pattern, or one namespace in both for shared IDs"]
        );
    }

    #[test]
    fn districts_that_claim_the_same_card_are_told_with_that_card_pair_by_pair() {
        let mut trial = Trial::default();
        trial.district("a", &trial.district_text().replace("[0-9]{7}", "[0-9]{3,9}"));
        trial.district("z", &trial.district_text().replace("[0-9]{7}", "[0-9]{9}\"\nprefix = \"4"));
        assert_eq!(
            trial.errors(),
            ["districts/cms.toml:4:11 card.pattern: district a claims cards of this rule too: 0000000; \
              expected another prefix or pattern, or one namespace in both for shared IDs"]
        );
        trial.district("z", &trial.district_text().replace("[0-9]{7}", "[0-9]{6}\"\nprefix = \"4"));
        let errors = trial.errors();
        assert_eq!(errors.len(), 3);
        assert_eq!(
            errors[2],
            "districts/z.toml:4:11 card.pattern: district cms claims cards of this rule too: 4000000; \
             expected another prefix or pattern, or one namespace in both for shared IDs"
        );
    }

    #[test]
    fn districts_that_share_a_namespace_may_claim_the_same_card() {
        let mut trial = Trial::default();
        let text = trial.district_text().replace("[pin]", "namespace = \"stn\"\n[pin]");
        trial.district("cms", &text);
        trial.district("a", &text);
        let site = trial.load().unwrap().site;
        assert_eq!(site.cards.claim("1000001").unwrap().districts, [0, 1]);
    }

    #[test]
    fn two_clients_cannot_log_in_as_one_user() {
        let mut trial = Trial::default();
        trial.client("a", &trial.client_text("overdrive"));
        assert_eq!(
            trial.errors(),
            ["clients/overdrive.toml:3:8 login.user: client a logs in as the same user; expected a user of its own"]
        );
    }

    #[test]
    fn a_client_without_login_needs_a_listener() {
        let mut trial = Trial::default();
        trial.client("vufind", "districts = [\"cms\"]\n");
        assert_eq!(
            trial.errors(),
            ["clients/vufind.toml:1:1 login: missing, and nothing else says which connections are this client's; \
              expected login, certificate-name, networks of its own on a listener without a client, \
              or a [[listener]] with client = \"vufind\""]
        );
        trial.main(&trial.main_text().replace(":6001\"", ":6001\"\nclient = \"vufind\""));
        let loaded = trial.load().unwrap();
        assert_eq!(loaded.site.listeners[0].client, Some(1));
        assert!(loaded.warnings.is_empty());
    }

    #[test]
    fn clients_that_never_log_in_are_told_apart_by_their_networks() {
        let mut trial = Trial::default();
        trial.client("vufind", "districts = [\"cms\"]\nnetworks = [\"10.0.0.0/16\"]\n");
        trial.client("ezproxy", "districts = [\"cms\"]\nnetworks = [\"10.1.0.0/16\"]\n");
        assert!(trial.warnings().is_empty());
        trial.client("ezproxy", "districts = [\"cms\"]\nnetworks = [\"10.0.0.0/8\"]\n");
        assert_eq!(
            trial.errors(),
            [
                "clients/vufind.toml:2:12 networks: 10.0.0.0/16 is a network of client ezproxy too, and neither logs in; \
              expected networks of its own, or a login"
            ]
        );
    }

    #[test]
    fn a_certificate_is_one_clients() {
        let mut trial = Trial::default();
        let tls = "tls = { certificate-file = \"c.pem\", key-file = \"k.pem\", client-ca-file = \"ca.pem\" }\n[admin]";
        trial.main(&trial.main_text().replace("[admin]", tls));
        for client in ["a", "b"] {
            trial.client(client, "districts = [\"cms\"]\ncertificate-name = \"sip.example.com\"\n");
        }
        assert_eq!(
            trial.errors(),
            ["clients/b.toml:2:20 certificate-name: client a has the same name; expected a name of its own"]
        );
        trial.remove("clients/b.toml");
        assert!(trial.warnings().is_empty());
        trial.main(trial.main_text());
        assert_eq!(
            trial.errors(),
            ["clients/a.toml:2:20 certificate-name: no listener asks for certificates; \
              expected a [[listener]] whose tls has client-ca-file"]
        );
    }

    #[test]
    fn a_misspelt_binding_is_told_once() {
        let mut trial = Trial::default();
        trial.client("vufind", "districts = [\"cms\"]\n");
        trial.main(&trial.main_text().replace(":6001\"", ":6001\"\nclient = \"vufnd\""));
        assert_eq!(
            trial.errors(),
            ["hallpass.toml:10:10 listener[0].client: unknown client, did you mean vufind?; \
              expected one of overdrive, vufind"]
        );
    }

    #[test]
    fn an_open_door_is_warned_of() {
        let mut trial = Trial::default();
        trial.client("vufind", "districts = [\"cms\"]\n");
        trial.main(&trial.main_text().replace("127.0.0.1:6001\"", "0.0.0.0:6001\"\nclient = \"vufind\""));
        assert_eq!(
            trial.warnings(),
            [
                "hallpass.toml:9:11 listener[0].address: whoever reaches this address is client vufind, without a login; \
              networks in the client's file, or a loopback address"
            ]
        );
        trial.client("vufind", "districts = [\"cms\"]\nnetworks = [\"10.0.0.0/8\"]\n");
        assert!(trial.warnings().is_empty());
    }

    #[test]
    fn no_two_listeners_have_one_address_nor_has_admin() {
        let mut trial = Trial::default();
        let second = "[[listener]]\nprotocol = \"sip2\"\naddress = \"0.0.0.0:6001\"\n[admin]";
        trial.main(&trial.main_text().replace("[admin]", second).replace(":9600", ":6001"));
        assert_eq!(
            trial.errors(),
            [
                "hallpass.toml:12:11 listener[1].address: another listener has 127.0.0.1:6001; \
                 expected an address of its own",
                "hallpass.toml:14:11 admin.address: another listener has 127.0.0.1:6001; \
                 expected an address of its own",
            ]
        );
    }

    #[test]
    fn a_release_that_no_district_allows_is_warned_of() {
        let mut trial = Trial::default();
        trial.client("overdrive", &format!("release = [\"name\"]\n{}", trial.client_text("overdrive")));
        assert_eq!(
            trial.warnings(),
            ["clients/overdrive.toml:1:11 release: no district of this client releases name; \
              it is not shown until a district's own release has it"]
        );
    }
}
