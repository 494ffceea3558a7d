//! How long a login takes that is asked of a directory: `HALLPASS_TOOLS=target/tools cargo bench -p directory --bench live`.
//!
//! Against Debian's slapd on loopback, with 1,000 students; 1,000 logins, 8 at a time.
#![expect(clippy::print_stdout, reason = "a bench answers on standard output")]

use std::error::Error;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use directory::ldap::live::{Filter, Live, Settings, Template, Told, Who};
use directory::ldap::{Bind, Security, Server};
use hallpass_tests::{Attribute, Authority, Slapd};
use patron::Pin;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// For one login.
const PATIENCE: Duration = Duration::from_secs(10);
const LOGINS: usize = 1000;
const AT_A_TIME: usize = 8;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let ids: Vec<String> = (0..LOGINS).map(|number| format!("{number:07}")).collect();
    let names: Vec<String> = (0..LOGINS).map(|number| number.to_string()).collect();
    let people: Vec<Vec<Attribute<'_>>> =
        ids.iter().map(|id| vec![("employeeID", id.as_bytes()), ("userPassword", &b"0423"[..])]).collect();
    let folder = tempfile::tempdir()?;
    let authority = Authority::new("district");
    let ca_file = folder.path().join("ca.pem");
    authority.write(&ca_file);
    let shown = authority.issue(&["localhost"]);
    for (scheme, security) in [("ldap", Security::Plain), ("ldap", Security::StartTls), ("ldaps", Security::Tls)] {
        let slapd = Slapd::start_with_tls(&people, (&authority, &shown), scheme, "").ok_or("slapd is not installed")?;
        for (what, who, ids) in [("search and bind", search(folder.path())?, &ids), ("bind", name()?, &names)] {
            let server = server(&slapd, security)?;
            let mut times = measure(settings(server, &ca_file, who), ids).await?;
            let took = times.pop().unwrap_or_default();
            times.sort_unstable();
            let at =
                |part: usize| times.get(times.len() * part / 100).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3);
            let rate = LOGINS as f64 / took.as_secs_f64();
            println!("{security:?}, {what}: p50 {:.2} ms, p99 {:.2} ms, {rate:.0} a second", at(50), at(99));
        }
    }
    Ok(())
}

fn server(slapd: &Slapd, security: Security) -> Outcome<Server> {
    let address = slapd.address();
    let (host, port) = address.rsplit_once(':').ok_or("no port")?;
    Ok(Server { host: host.to_owned(), port: port.parse()?, security })
}

fn search(folder: &Path) -> Outcome<Who> {
    let password_file = folder.join("password");
    fs::write(&password_file, Slapd::PASSWORD)?;
    fs::set_permissions(&password_file, Permissions::from_mode(0o600))?;
    Ok(Who::Search {
        bind: Some(Bind { dn: Slapd::DN.to_owned(), password_file }),
        base: Slapd::BASE.to_owned(),
        filter: Filter::parse("(employeeID={id})")?,
    })
}

fn name() -> Outcome<Who> {
    Ok(Who::Template(Template::parse("uid=u{id},dc=example,dc=org")?))
}

fn settings(server: Server, ca_file: &Path, who: Who) -> Settings {
    Settings {
        servers: vec![server],
        ca_file: Some(PathBuf::from(ca_file)),
        client_certificate: None,
        who,
        timeout: PATIENCE,
        connections: AT_A_TIME + 1,
    }
}

/// How long each login took, and at the end all of them together.
async fn measure(settings: Settings, ids: &[String]) -> Outcome<Vec<Duration>> {
    let live = Arc::new(Live::new(settings));
    let mut logins = JoinSet::new();
    let begun = Instant::now();
    for turn in 0..AT_A_TIME {
        let (live, ids) = (Arc::clone(&live), ids.to_vec());
        logins.spawn(async move {
            let mut times = Vec::new();
            for id in ids.iter().skip(turn).step_by(AT_A_TIME) {
                let begun = Instant::now();
                let pin = Pin::parse("0423").ok_or("no PIN")?;
                if live.verify(id, &pin, begun + PATIENCE).await? != Told::Right {
                    return Err("a right password is not right".into());
                }
                times.push(begun.elapsed());
            }
            Ok(times)
        });
    }
    let times: Outcome<Vec<_>> = logins.join_all().await.into_iter().collect();
    let mut times = times?.concat();
    times.push(begun.elapsed());
    Ok(times)
}
