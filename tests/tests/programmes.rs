//! The programmes of conf/examples at full size: every configuration as it stands, with made-up rosters, and no verdict
//! wrong.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use hallpass_tests::{Daemon, Site, Wire, run};

/// Answers that are picked at random of all.
const PICKED: usize = 5000;
/// Answers of each verdict that are asked besides, because some verdicts are rare.
const OF_EACH_VERDICT: usize = 30;

/// A line of what `synth --answers` wrote.
#[derive(Clone, Debug, PartialEq)]
struct Answer {
    card: String,
    pin: String,
    verdict: String,
}

#[test]
fn one_district_of_165_000_people() {
    let programme = Example::new("one-district");
    let answers = programme.synthesise("first");
    let verdicts =
        ["admit", "ambiguous", "disabled", "expired", "no-verifier", "opted-out", "role", "unknown-card", "wrong-pin"];
    programme.site.sync().succeeded();
    programme.holds(&answers, &verdicts, 1);
}

#[test]
fn ten_districts_with_one_number_of_whom_three_are_on_and_children_move() {
    let programme = Example::new("many-districts");
    let first = programme.synthesise("first");
    let verdicts = [
        "admit",
        "ambiguous",
        "disabled",
        "district-off",
        "expired",
        "no-verifier",
        "opted-out",
        "unknown-card",
        "wrong-pin",
    ];
    programme.site.sync().succeeded();
    let daemon = programme.holds(&first, &verdicts, 2);

    // The next term, under the running service: who moved is answered by the next request after the sync.
    let second = programme.synthesise("second");
    programme.site.sync().succeeded();
    let before: HashMap<(&str, &str), &str> = first.iter().map(|it| ((&*it.card, &*it.pin), &*it.verdict)).collect();
    let changed: Vec<&Answer> =
        second.iter().filter(|it| before.get(&(&*it.card, &*it.pin)).is_some_and(|was| *was != it.verdict)).collect();
    assert!(changed.len() > 20, "{} of those who moved have another answer now", changed.len());
    let mut wire = catalogue(&daemon);
    let wrong: Vec<String> = changed.iter().filter_map(|answer| answer.differs(&mut wire)).collect();
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), changed.len(), wrong.join("\n"));
    drop(daemon);
    programme.holds(&second, &verdicts, 3);
}

#[test]
fn one_county_of_117_000_students_activated_year_by_year() {
    let programme = Example::new("county");
    let answers = programme.synthesise("first");
    let verdicts = ["admit", "ambiguous", "disabled", "no-verifier", "opted-out", "role", "unknown-card", "wrong-pin"];
    programme.site.sync().succeeded();
    programme.holds(&answers, &verdicts, 4);
}

/// A configuration of conf/examples, changed in nothing but where its data, its key and its ports are, and
/// that a test syncs when it wants to.
struct Example {
    name: &'static str,
    site: Site,
}

impl Example {
    fn new(name: &'static str) -> Self {
        let site = Site::new();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conf/examples").join(name);
        site.copy_configuration(&folder);
        let main = site.main();
        let here = main
            .replace("\"/var/lib/hallpass\"", "\"../data\"")
            .replace("\"/etc/hallpass/hallpass.key\"", "\"hallpass.key\"")
            .replace("\"0.0.0.0:6001\"", "\"127.0.0.1:0\"")
            .replace("\"127.0.0.1:6002\"", "\"127.0.0.1:0\"")
            .replace("\"127.0.0.1:9600\"", "\"127.0.0.1:0\"");
        assert_eq!(here.matches("127.0.0.1:0\"").count(), 3, "{here}");
        site.write_main(&here);
        // The schedule would read what a test has not written whole yet.
        for file in fs::read_dir(site.path("conf/districts")).unwrap() {
            let file = file.unwrap().path();
            let text = fs::read_to_string(&file).unwrap();
            let lines = text.lines().filter(|line| !line.starts_with("every = "));
            fs::write(file, lines.collect::<Vec<_>>().join("\n")).unwrap();
        }
        Self { name, site }
    }

    fn synthesise(&self, term: &str) -> Vec<Answer> {
        let (folder, file) = (self.site.path("conf"), self.site.path(format!("{term}.tsv")));
        let (folder, to) = (folder.to_str().unwrap(), file.to_str().unwrap());
        run(["synth", folder, "--programme", self.name, "--term", term, "--answers", to]).succeeded();
        fs::read_to_string(&file).unwrap().lines().map(Answer::read).collect()
    }

    /// Starts the service, asks some of the answers, and finds none wrong.
    fn holds(&self, answers: &[Answer], verdicts: &[&str], seed: u64) -> Daemon {
        let daemon = Daemon::start(&self.site);

        let mut wire = catalogue(&daemon);
        let picked = pick(answers, verdicts, seed);
        let wrong: Vec<String> = picked.iter().filter_map(|answer| answer.differs(&mut wire)).collect();
        assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), picked.len(), wrong.join("\n"));
        daemon
    }
}

/// The second listener of the examples is the catalogue's.
fn catalogue(daemon: &Daemon) -> Wire {
    Wire::connect(daemon.address(1))
}

/// Some answers at random, the same for the same seed, and some of each verdict.
fn pick<'a>(answers: &'a [Answer], verdicts: &[&str], mut seed: u64) -> Vec<&'a Answer> {
    let mut picked: Vec<&Answer> = Vec::new();
    let mut of_verdict: BTreeMap<&str, usize> = BTreeMap::new();
    for answer in answers {
        let seen = of_verdict.entry(&answer.verdict).or_default();
        if *seen < OF_EACH_VERDICT {
            picked.push(answer);
        }
        *seen += 1;
    }
    assert_eq!(of_verdict.into_keys().collect::<Vec<_>>(), verdicts);
    for _ in 0..PICKED {
        // Knuth's generator for 64 bits; the upper half is the better one.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        picked.push(&answers[(seed >> 33) as usize % answers.len()]);
    }
    picked
}

impl Answer {
    fn read(line: &str) -> Self {
        let cells: Vec<&str> = line.split('\t').collect();
        let [card, pin, verdict] = cells[..].try_into().expect("card, PIN, verdict");
        Self { card: card.to_owned(), pin: pin.to_owned(), verdict: verdict.to_owned() }
    }

    /// Asks, and says in which way the answer is another than this.
    fn differs(&self, wire: &mut Wire) -> Option<String> {
        let Self { card, pin, verdict } = self;
        let reply = wire.ask(format!("6300120261123    165202          AOMAIN|AA{card}|AC|AD{pin}|"));
        let told = |field: &str| reply.contains(&format!("|{field}"));
        let right = match screen(verdict) {
            None => told("BLY|CQY|") && !told("AF"),
            Some(text) => told("BLN|CQN|") && told(&format!("AF{text}|")),
        };
        (!right).then(|| format!("{verdict}: {reply}"))
    }
}

/// What the patron reads.
fn screen(verdict: &str) -> Option<&'static str> {
    match verdict {
        "admit" => None,
        "disabled" => Some("This account is disabled. Please ask your school"),
        "expired" => Some("This card has expired. Please ask your school"),
        "role" | "district-off" => Some("This card is not part of the programme. Please ask your school"),
        _ => Some("Card number or PIN not accepted"),
    }
}
