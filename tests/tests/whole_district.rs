//! A district of 165,000 people (design.md section 1, the first programme): published whole, and every verdict right.

use std::collections::BTreeMap;
use std::fs;

use hallpass_tests::{Daemon, Site, Wire, synth};

/// Answers that are picked at random of all.
const PICKED: usize = 2000;
/// Answers of each verdict that are asked besides, because some verdicts are rare.
const OF_EACH_VERDICT: usize = 20;

#[test]
fn no_verdict_on_165_000_people_is_wrong_from_a_1_1_zip() {
    no_verdict_is_wrong(&["--version", "1.1", "--zip"], 1);
}

#[test]
fn no_verdict_on_165_000_people_is_wrong_from_a_1_2_folder() {
    no_verdict_is_wrong(&["--version", "1.2"], 2);
}

/// A line of what `synth --answers` wrote.
struct Answer<'a> {
    card: &'a str,
    pin: &'a str,
    verdict: &'a str,
}

fn no_verdict_is_wrong(packing: &[&str], seed: u64) {
    let site = Site::new();
    let file = site.path("answers.tsv");
    let size = ["--students", "147000", "--staff", "18000", "--schools", "180", "--answers", file.to_str().unwrap()];
    synth(&site.inbox(), &[&size, packing].concat());
    site.sync().succeeded();

    let text = fs::read_to_string(file).unwrap();
    let answers: Vec<Answer<'_>> = text.lines().map(Answer::read).collect();
    assert!(answers.len() > 165_000, "{} answers", answers.len());
    let picked = pick(&answers, seed);

    let daemon = Daemon::start(&site);
    let mut wire = daemon.catalogue();
    let wrong: Vec<String> = picked.iter().filter_map(|answer| answer.differs(&mut wire)).collect();
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), picked.len(), wrong.join("\n"));
}

/// Some answers at random, the same for the same seed, and some of each verdict.
fn pick<'a, 'b>(answers: &'b [Answer<'a>], mut seed: u64) -> Vec<&'b Answer<'a>> {
    let mut picked: Vec<&Answer<'_>> = Vec::new();
    let mut of_verdict: BTreeMap<&str, usize> = BTreeMap::new();
    for answer in answers {
        let seen = of_verdict.entry(answer.verdict).or_default();
        if *seen < OF_EACH_VERDICT {
            picked.push(answer);
        }
        *seen += 1;
    }
    let verdicts: Vec<&str> = of_verdict.into_keys().collect();
    assert_eq!(verdicts, ["admit", "ambiguous", "disabled", "no-verifier", "role", "unknown-card", "wrong-pin"]);
    for _ in 0..PICKED {
        // Knuth's generator for 64 bits; the upper half is the better one.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        picked.push(&answers[(seed >> 33) as usize % answers.len()]);
    }
    picked
}

impl<'a> Answer<'a> {
    fn read(line: &'a str) -> Self {
        let cells: Vec<&str> = line.split('\t').collect();
        let [card, pin, verdict] = cells[..] else { panic!("{line:?} is not card, PIN, verdict") };
        Self { card, pin, verdict }
    }

    /// Asks, and says in which way the answer is another than this.
    fn differs(&self, wire: &mut Wire) -> Option<String> {
        let Self { card, pin, verdict } = self;
        let reply = wire.ask(format!("6300120261123    165202          AOMAIN|AA{card}|AC|AD{pin}|"));
        // After 14 flags, language, time and six counts of four digits come the fields.
        let (head, fields) = reply.split_at_checked(2 + 14 + 3 + 18 + 24).expect("a whole 64");
        let admitted = *verdict == "admit";
        let flags = if admitted { "64              001" } else { "64YYYY          001" };
        let mut wanted = vec![("AO", "MAIN"), ("AA", card)];
        wanted.extend(if admitted { [("BL", "Y"), ("CQ", "Y")] } else { [("BL", "N"), ("CQ", "N")] });
        wanted.extend(screen(verdict).map(|text| ("AF", text)));
        let told = fields.split_terminator('|').filter_map(|field| field.split_at_checked(2));
        // Name and patron type are another test's matter.
        let told: Vec<(&str, &str)> = told.filter(|(id, _)| !["AE", "PC"].contains(id)).collect();
        (!head.starts_with(flags) || told != wanted).then(|| format!("{verdict}: {reply}"))
    }
}

/// What the patron reads.
fn screen(verdict: &str) -> Option<&'static str> {
    match verdict {
        "admit" => None,
        "disabled" => Some("This account is disabled. Please ask your school"),
        "role" => Some("This card is not part of the programme. Please ask your school"),
        _ => Some("Card number or PIN not accepted"),
    }
}
