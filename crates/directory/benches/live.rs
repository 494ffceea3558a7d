//! How long a login takes that is asked of a directory: `cargo bench -p directory --bench live`.
//!
//! Against Debian's slapd on loopback, with 1,000 students; 1,000 logins, 8 at a time.

use std::sync::Arc;
use std::time::Duration;

use directory::ldap::live::{Filter, Live, Settings, Template, Told, Who};
use directory::ldap::{Bind, Security, Server};
use hallpass_tests::{Attribute, Authority, Slapd};
use patron::Pin;
use tokio::task::JoinSet;
use tokio::time::Instant;

const LOGINS: usize = 1000;
const AT_A_TIME: usize = 8;

#[tokio::main]
async fn main() {
    let ids: Vec<String> = (0..LOGINS).map(|number| format!("{number:07}")).collect();
    let people: Vec<Vec<Attribute<'_>>> =
        ids.iter().map(|id| vec![("employeeID", id.as_bytes()), ("userPassword", &b"0423"[..])]).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new("district");
    let ca_file = folder.path().join("ca.pem");
    authority.write(&ca_file);
    let shown = authority.issue(&["localhost"]);
    for (scheme, security) in [("ldap", Security::Plain), ("ldap", Security::StartTls), ("ldaps", Security::Tls)] {
        let slapd = Slapd::start_with_tls(&people, (&authority, &shown), scheme, "").expect("slapd is installed");
        let (host, port) = slapd
            .address()
            .rsplit_once(':')
            .map(|(host, port)| (host.to_owned(), port.to_owned()))
            .expect("an address");
        let server = Server { host, port: port.parse().expect("a port"), security };
        let password_file = folder.path().join("password");
        std::fs::write(&password_file, Slapd::PASSWORD).expect("a file");
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&password_file, permissions).expect("a file");
        let search = Who::Search {
            bind: Some(Bind { dn: Slapd::DN.to_owned(), password_file }),
            base: Slapd::BASE.to_owned(),
            filter: Filter::parse("(employeeID={id})").expect("a filter"),
        };
        let name = Who::Template(Template::parse("uid=u{id},dc=example,dc=org").expect("a name"));
        for (what, who, names) in [
            ("search and bind", search, ids.clone()),
            ("bind", name, (0..LOGINS).map(|number| number.to_string()).collect()),
        ] {
            let live = Arc::new(Live::new(Settings {
                servers: vec![server.clone()],
                ca_file: Some(ca_file.clone()),
                client_certificate: None,
                who,
                timeout: Duration::from_secs(10),
                connections: AT_A_TIME + 1,
            }));
            let (mut times, took) = measure(&live, names).await;
            times.sort_unstable();
            let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
            println!(
                "{security:?}, {what}: {} logins, {AT_A_TIME} at a time: p50 {:.2} ms, p99 {:.2} ms, {:.0} a second",
                times.len(),
                at(50),
                at(99),
                times.len() as f64 / took.as_secs_f64()
            );
        }
    }
}

/// How long each login took, and all of them.
async fn measure(live: &Arc<Live>, ids: Vec<String>) -> (Vec<Duration>, Duration) {
    let mut logins = JoinSet::new();
    let begun = Instant::now();
    for turn in 0..AT_A_TIME {
        let (live, ids) = (Arc::clone(live), ids.clone());
        logins.spawn(async move {
            let mut times = Vec::new();
            for id in ids.iter().skip(turn).step_by(AT_A_TIME) {
                let begun = Instant::now();
                let told = live.verify(id, &Pin::parse("0423").expect("a PIN")).await;
                assert_eq!(told.expect("an answer"), Told::Right);
                times.push(begun.elapsed());
            }
            times
        });
    }
    let times = logins.join_all().await.concat();
    (times, begun.elapsed())
}
