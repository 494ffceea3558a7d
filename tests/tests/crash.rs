//! `kill -9` at any moment: what was published is whole, and what was not is not there.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hallpass_tests::{Daemon, Roll, Site, Wire, binary, deliver, request, synth, until};

const KILLS: u32 = 100;
/// Cards asked about after each kill, of each district.
const SAMPLE: usize = 40;

/// One made-up district: its archive, and what some of its cards must get.
struct District {
    archive: PathBuf,
    /// Card, PIN, whether it is admitted while this district is served.
    sample: Vec<(String, String, bool)>,
    people: u64,
}

#[test]
fn a_sync_killed_at_any_moment_leaves_one_whole_roster() {
    let site = Site::new();
    let districts = [district(&site, "a", 1, "1000001"), district(&site, "b", 2, "5000001")];
    let sync = |wanted: &District| {
        hand_in(&site, wanted);
        site.run(&["sync", "--force"]).succeeded();
    };
    let whole = [1, 0, 1, 0].map(|number: usize| {
        let begun = Instant::now();
        sync(&districts[number]);
        begun.elapsed()
    });
    let whole = whole.into_iter().min().unwrap();
    let daemon = Daemon::start(&site);
    let mut wire = daemon.catalogue();
    assert_ne!(districts[0].people, districts[1].people, "the counts tell them apart");

    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    println!("seed {seed}, a whole sync takes {whole:?}");
    let mut random = seed;
    let (mut before, mut after, mut ended) = (0, 0, 0);
    for kill in 0..KILLS {
        let serving = site.status()["cms"]["serving"].clone();
        let other = districts.iter().find(|district| district.people != people_of(&site)).unwrap();
        hand_in(&site, other);
        // Knuth's linear congruential generator; moments from the start to a little beyond the end.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let moment = whole.mul_f64(1.1 * f64::from(u32::try_from(random >> 32).unwrap()) / f64::from(u32::MAX));
        let finished = sync_for(&site, moment);

        let status = &site.status()["cms"];
        assert_eq!(status["readable"], true, "kill {kill} after {moment:?}: {status}");
        match (status["serving"] == serving, finished) {
            (true, true) => panic!("kill {kill}: the sync succeeded and published nothing: {status}"),
            (true, false) => before += 1,
            (false, false) => after += 1,
            (false, true) => ended += 1,
        }
        // The daemon looks each second; a killed sync could not nudge it.
        let people = people_of(&site);
        until("the daemon to serve what is published", || (served_by(&daemon) == Some(people)).then_some(()));
        for district in &districts {
            district.answers(&mut wire, district.people == people);
        }
        if kill % 20 == 19 {
            sync(districts.iter().find(|district| district.people != people).unwrap());
            assert_eq!(site.status()["cms"]["generations"].as_array().unwrap().len(), 3);
        }
    }
    println!("{KILLS} kills: {before} before publishing, {after} after it, {ended} came too late");
    assert!(before > 0, "no kill hit a sync at work");

    // Left-overs are gone with the next sync: three generations are kept, and their lock.
    sync(&districts[0]);
    assert_eq!(fs::read_dir(site.data().join("generations/cms")).unwrap().count(), 4);
    assert_eq!(daemon.metric("hallpass_panics_total"), 0);
}

/// Only what is persisted can survive, and that is due each second: `explain` reads it from the disk.
#[test]
fn lockouts_survive_a_killed_daemon() {
    let site = Site::new();
    let roll = Roll::of(30);
    deliver(&site.inbox(), &roll.files());
    site.sync().succeeded();
    let (locked, other) = (&roll.people[3], &roll.people[4]);
    let mut daemon = Daemon::start(&site);
    for number in 0..5 {
        assert!(daemon.patron(&locked.id, &locked.wrong_pin(number)).refuses());
    }
    until("the lock to be on disk", || {
        let told = site.run_with_input(&["explain", &locked.id, "--client", "catalogue"], "\n").succeeded().stdout;
        told.contains("locked: 5 different wrong PINs").then_some(())
    });
    daemon.kill();

    let daemon = Daemon::start(&site);
    assert!(daemon.patron(&locked.id, &locked.pin()).refuses(), "the lock is forgotten");
    assert!(daemon.patron(&other.id, &other.pin()).admits());
    site.run(&["unlock", &locked.id]).succeeded();
    assert!(daemon.patron(&locked.id, &locked.pin()).admits());
}

/// Synthesises a district into an archive, and samples its answers.
fn district(site: &Site, name: &str, seed: u64, first_id: &str) -> District {
    let (folder, answers) = (site.path(name), site.path(format!("{name}.tsv")));
    // One has a few people more than the other.
    let (seed, students) = (seed.to_string(), (20_000 + seed).to_string());
    let arguments = ["--students", &students, "--staff", "100", "--seed", &seed, "--first-id", first_id, "--zip"];
    synth(&folder, &[&arguments[..], &["--answers", answers.to_str().unwrap()]].concat());
    let lines = fs::read_to_string(answers).unwrap();
    let lines: Vec<Vec<&str>> = lines.lines().map(|line| line.split('\t').collect()).collect();
    let cards: HashSet<&str> = lines.iter().map(|line| line[0]).collect();
    let admitted = |line: &&Vec<&str>| line[2] == "admit";
    let refused = |line: &&Vec<&str>| matches!(line[2], "disabled" | "role");
    let every = lines.iter().filter(admitted).count() / SAMPLE;
    let admitted = lines.iter().filter(admitted).step_by(every).take(SAMPLE);
    let sample = admitted.chain(lines.iter().filter(refused).take(5));
    let sample = sample.map(|line| (line[0].to_owned(), line[1].to_owned(), line[2] == "admit")).collect();
    println!("district {name}: {} cards", cards.len());
    let archive = folder.join("oneroster.zip");
    hand_in_archive(site, &archive);
    site.run(&["sync", "--force"]).succeeded();
    District { archive, sample, people: people_of(site) }
}

impl District {
    /// Each card of the sample gets what it must while this district is served, or what a stranger gets.
    fn answers(&self, wire: &mut Wire, served: bool) {
        let asked: String = self.sample.iter().map(|(card, pin, _)| request(card, pin) + "\r").collect();
        wire.send(asked);
        for (number, (.., admitted)) in self.sample.iter().enumerate() {
            let answer = String::from_utf8(wire.line()).unwrap();
            assert_eq!(answer.contains("|BLY|CQY|"), served && *admitted, "card {number} of the sample: {answer}");
            assert!(!answer.contains("unavailable"), "card {number} of the sample: {answer}");
        }
    }
}

fn hand_in(site: &Site, district: &District) {
    hand_in_archive(site, &district.archive);
}

/// As a good upload does: under a name that is left alone, then renamed.
fn hand_in_archive(site: &Site, archive: &Path) {
    fs::copy(archive, site.inbox().join(".upload")).unwrap();
    fs::rename(site.inbox().join(".upload"), site.inbox().join("bundle.zip")).unwrap();
}

/// Runs a sync and kills it at this moment; whether it had succeeded by then.
#[expect(clippy::disallowed_methods, reason = "the moment is the test: nothing is waited for")]
fn sync_for(site: &Site, moment: Duration) -> bool {
    let mut child = Command::new(binary())
        .args(["sync", "--force", "--config"])
        .arg(site.main_file())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(moment);
    let _ = child.kill();
    let status = child.wait().unwrap();
    assert!(status.success() || status.code().is_none(), "a sync after a kill failed: {status}");
    status.success()
}

fn people_of(site: &Site) -> u64 {
    let status = &site.status()["cms"];
    let generations = status["generations"].as_array().unwrap();
    let served = generations.iter().find(|kept| kept["id"] == status["serving"]).unwrap();
    served["people"].as_u64().unwrap()
}

fn served_by(daemon: &Daemon) -> Option<u64> {
    let (_, body) = daemon.get("/readyz");
    let ready: serde_json::Value = serde_json::from_str(&body).unwrap();
    ready["districts"]["cms"]["students"].as_u64()
}
