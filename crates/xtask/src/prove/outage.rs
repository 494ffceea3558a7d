//! A directory that falls silent (SIGSTOP) and one that dies (SIGKILL), under load: 20 logins a second on its district, 200 on
//! another.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep};

use super::Stage;
use crate::bench::client::{Client, admits};
use crate::bench::pairs::quantile;
use crate::bench::process::{Server, output};
use crate::bench::report::{Bar, Line};
use crate::bench::requests::{Requests, patron_information};
use crate::slapd::{READER, READERS_PASSWORD, Slapd, entry};

const STUDENTS: u32 = 2_000;
/// Of them so many have logged in before: their last good password is known.
const KNOWN: u32 = 200;
const PASSWORD: &str = "Synthetic-Kite-7";

/// Logins a second on the district of the directory, and on the other.
const LIVE: u64 = 20;
const OTHER: u64 = 200;
const ROUND: Duration = Duration::from_secs(10);
/// The other district's connections: a vendor's pool.
const POOL: usize = 20;
const SOON: Duration = Duration::from_millis(50);

/// Shows it.
pub async fn show(stage: &Stage<'_>) -> Result<Vec<Line>> {
    let site = stage.district.site();
    let people = (0..STUDENTS).map(|student| entry(&format!("{student:06}"), &format!("userPassword: {PASSWORD}\n")));
    let mut slapd = Slapd::start(&site.join("slapd"), people).await?;
    configure(stage, slapd.port)?;
    let config = stage.district.config().display().to_string();
    output(&stage.paths.hallpass, &["sync", "live", "--config", &config], Stdio::null()).await?;
    let server = stage.server().await?;
    for known in 0..KNOWN {
        let mut client = Client::connect(server.address).await?;
        client.ask(login(known).as_bytes(), server.answer).await.context("a student whom the directory knows")?;
    }
    let fresh = AtomicUsize::new(KNOWN as usize);
    let quiet = Round::run(&server, stage).await?;
    let mut lines = vec![
        Line::new("quiet: logins that were refused", Bar::AtMost(0.0), quiet.refused() as f64).detail(quiet.told()),
    ];
    for (name, signal) in [("SIGSTOP", Signal::STOP), ("SIGKILL", Signal::KILL)] {
        slapd.signal(signal)?;
        let away = Round::run(&server, stage).await?;
        lines.push(
            Line::new(
                format!("slapd {name}: p99 of the other district, of quiet"),
                Bar::AtMost(2.0),
                away.p99 / quiet.p99,
            )
            .detail(format!("{:.0} us of {:.0} us", away.p99, quiet.p99)),
        );
        let refused = format!("slapd {name}: logins of known students, and of the other district, that were refused");
        lines.push(Line::new(refused, Bar::AtMost(0.0), away.refused() as f64).detail(away.told()));
        let returned = Instant::now();
        if signal == Signal::STOP {
            slapd.signal(Signal::CONT)?
        } else {
            slapd = slapd.again().await?
        }
        let up = returned.elapsed();
        // Each asks for somebody whom only the directory knows.
        while !admits(server.address, login(fresh.fetch_add(1, Ordering::Relaxed) as u32).as_bytes(), server.answer)
            .await
        {
            ensure!(returned.elapsed() < Duration::from_secs(30), "the directory is back, and nobody noticed");
            sleep(SOON).await;
        }
        let recovered = returned.elapsed().as_secs_f64();
        let detail = format!("slapd itself took {:.2} s", up.as_secs_f64());
        lines.push(
            Line::new(format!("slapd {name}: its return is noticed after, s"), Bar::AtMost(5.0), recovered)
                .detail(detail),
        );
    }
    server.stop().await?;
    slapd.end().await?;
    Ok(lines)
}

fn login(student: u32) -> String {
    patron_information(&format!("L{student:06}"), PASSWORD)
}

/// What the two loads saw.
struct Round {
    live: Arc<Seen>,
    other: Arc<Seen>,
    /// Of the other district, in microseconds.
    p99: f64,
}

#[derive(Default)]
struct Seen {
    asked: AtomicU64,
    refused: AtomicU64,
}

impl Round {
    async fn run(server: &Server, stage: &Stage<'_>) -> Result<Self> {
        let (live, other) = (Arc::new(Seen::default()), Arc::new(Seen::default()));
        let (address, answer) = (server.address, server.answer);
        let asking = tokio::spawn(ask_live(address, answer, Arc::clone(&live)));
        let mut pool = JoinSet::new();
        for number in 0..POOL {
            let (requests, seen) = (Arc::clone(&stage.requests), Arc::clone(&other));
            pool.spawn(ask_other((address, answer), requests, number, seen));
        }
        let mut latencies = Vec::new();
        while let Some(client) = pool.join_next().await {
            latencies.append(&mut client??);
        }
        asking.await??;
        Ok(Self { live, other, p99: quantile(&mut latencies, 0.99) })
    }

    fn refused(&self) -> u64 {
        [&self.live, &self.other].map(|seen| seen.refused.load(Ordering::Relaxed)).iter().sum()
    }

    fn told(&self) -> String {
        let [live, other] = [&self.live, &self.other].map(|seen| seen.asked.load(Ordering::Relaxed));
        format!("{live} logins of the directory's district, {other} of the other")
    }
}

/// At each tick somebody logs in on a connection of their own, however long the ones before take.
async fn ask_live(address: SocketAddr, answer: &'static [u8], seen: Arc<Seen>) -> Result<()> {
    let mut logins = JoinSet::new();
    let (mut pace, end) = (interval(Duration::from_secs(1) / LIVE as u32), Instant::now() + ROUND);
    let mut next = 0;
    while Instant::now() < end {
        pace.tick().await;
        let (student, seen) = (next % KNOWN, Arc::clone(&seen));
        next += 1;
        logins.spawn(async move {
            let admitted = admits(address, login(student).as_bytes(), answer).await;
            seen.asked.fetch_add(1, Ordering::Relaxed);
            seen.refused.fetch_add(u64::from(!admitted), Ordering::Relaxed);
        });
    }
    logins.join_all().await;
    Ok(())
}

async fn ask_other(
    (address, answer): (SocketAddr, &'static [u8]),
    requests: Arc<Requests>,
    number: usize,
    seen: Arc<Seen>,
) -> Result<Vec<Duration>> {
    let mut client = Client::connect(address).await?;
    let mut pace = interval(Duration::from_secs(1) * POOL as u32 / OTHER as u32);
    let (end, mut next, mut latencies) = (Instant::now() + ROUND, number * 400, Vec::new());
    while Instant::now() < end {
        pace.tick().await;
        let asked = Instant::now();
        let admitted = client.ask(requests.at(next), answer).await.is_ok();
        latencies.push(asked.elapsed());
        seen.asked.fetch_add(1, Ordering::Relaxed);
        seen.refused.fetch_add(u64::from(!admitted), Ordering::Relaxed);
        next += 1;
    }
    Ok(latencies)
}

/// A second district, whose passwords are at slapd, for the same client.
fn configure(stage: &Stage<'_>, port: u16) -> Result<()> {
    let site = stage.district.site();
    let mut roll = String::from("id,role\n");
    for student in 0..STUDENTS {
        writeln!(roll, "{student:06},student")?;
    }
    fs::write(site.join("live.csv"), roll)?;
    let secret = site.join("districts/live.secret");
    fs::write(&secret, READERS_PASSWORD)?;
    fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let district = format!(
        "name = \"Live County Schools\"\n[card]\nid = \"identifier\"\nprefix = \"L\"\npattern = \"[0-9]{{6}}\"\n\
         [pin]\nscheme = \"directory\"\n\
         [directory]\nkind = \"ldap\"\nurls = [\"ldap://127.0.0.1:{port}\"]\nbind-dn = \"{READER}\"\n\
         bind-password-file = \"live.secret\"\nbase = \"dc=example,dc=org\"\nfilter = \"(uid={{id}})\"\noffline-grace = \"7d\"\n\
         [source]\nkind = \"delimited\"\npath = \"../live.csv\"\nafter = \"keep\"\n[source.columns]\nid = \"id\"\nrole = \"role\"\n"
    );
    fs::write(site.join("districts/live.toml"), district)?;
    let client = stage.district.client_file();
    let text = fs::read_to_string(&client)?;
    ensure!(text.contains("districts = [\"bench\"]"), "the client's districts stand elsewhere now");
    Ok(fs::write(&client, text.replace("districts = [\"bench\"]", "districts = [\"bench\", \"live\"]"))?)
}
