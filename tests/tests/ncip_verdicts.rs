//! One resolver behind both protocols: the same cards get the same verdicts, and monitoring hears the same of them.

use std::fs;

use hallpass_tests::{Bundle, Daemon, Http, Person, Site, input, lookup_user, request, synth, text_of, until};
use serde_json::Value;

/// Cards that are asked about, by each protocol.
const CARDS: usize = 2000;

#[test]
fn two_thousand_cards_get_identical_verdicts_by_sip2_and_by_ncip() {
    let site = Site::new();
    let main = site.main().replacen(
        "protocol = \"sip2\"\naddress = \"127.0.0.1:0\"\n\n",
        "protocol = \"ncip-http\"\naddress = \"127.0.0.1:0\"\nclient = \"catalogue\"\n\n",
        1,
    );
    site.write_main(&main);
    let file = site.path("answers.tsv");
    synth(
        &site.inbox(),
        &["--students", "1900", "--staff", "300", "--schools", "5", "--answers", file.to_str().unwrap()],
    );
    site.sync().succeeded();
    let text = fs::read_to_string(file).unwrap();
    // Those at the end are the rare ones.
    let lines: Vec<&str> = text.lines().collect();
    let answers = &lines[lines.len() - CARDS..];
    assert!(
        ["wrong-pin", "role", "disabled", "unknown-card"]
            .iter()
            .all(|kind| answers.iter().any(|line| line.ends_with(kind)))
    );

    let daemon = Daemon::start(&site);
    let (mut wire, mut http) = (daemon.catalogue(), Http::connect(daemon.address(1)));
    let cells = |line: &&str| -> (String, String) {
        let mut cells = line.split('\t').map(str::to_owned);
        (cells.next().unwrap(), cells.next().unwrap())
    };
    let cards: Vec<(String, String)> = answers.iter().map(cells).collect();
    // Every outcome in SIP2's words: the screen message is NCIP's detail.
    let by_sip2: Vec<String> = cards
        .iter()
        .map(|(card, pin)| {
            let reply = wire.ask(request(card, pin));
            let told = reply.split('|').find_map(|field| field.strip_prefix("AF")).map(str::to_owned);
            assert_eq!(reply.contains("|BLY|CQY|"), told.is_none(), "{reply}");
            told.unwrap_or_else(|| format!("admitted {card}"))
        })
        .collect();
    let by_ncip: Vec<String> = cards
        .iter()
        .map(|(card, pin)| {
            let reply =
                http.post("/", &[], &lookup_user(&[input("Barcode Id", card), input("PIN", pin)].concat())).body;
            match text_of(&reply, "UserIdentifierValue") {
                Some(card) => format!("admitted {card}"),
                None => text_of(&reply, "ProblemDetail").unwrap_or_else(|| panic!("{reply}")).to_owned(),
            }
        })
        .collect();
    assert_eq!(by_sip2, by_ncip);
    assert!(by_sip2.iter().filter(|told| told.starts_with("admitted")).count() > CARDS / 2);

    // And line by line in the log, but for when and how fast.
    let verdicts = daemon.wait_for("all verdicts", |lines| {
        let verdicts: Vec<Value> = lines
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .filter(|line: &Value| line["message"] == "verdict")
            .collect();
        (verdicts.len() == 2 * CARDS).then_some(verdicts)
    });
    let (sip2, ncip) = verdicts.split_at(CARDS);
    for (sip2, ncip) in sip2.iter().zip(ncip) {
        for key in ["client", "district", "pseudonym", "verdict", "reason"] {
            assert_eq!(sip2[key], ncip[key], "{sip2} {ncip}");
        }
    }
    let admitted = verdicts.iter().filter(|line| line["verdict"] == "admit").count();
    let counted = "hallpass_verdicts_total{client=\"catalogue\",district=\"cms\",verdict=\"admit\",reason=\"-\"}";
    assert_eq!(daemon.metric(counted), admitted as u64);
}

#[test]
fn whoever_is_admitted_by_ncip_is_counted_in_the_report_once() {
    let people: Vec<Person> =
        (0..12).map(|number| Person::student(&format!("10010{number:02}"), "2012-03-04")).collect();
    let site = Site::serving(&Bundle::new(people));
    site.write_main(&site.main().replacen("\"sip2\"", "\"ncip-http\"", 1));
    let daemon = Daemon::start(&site);
    let mut http = Http::connect(daemon.address(0));
    for pin in ["03042012", "03042012", "01011999"] {
        for number in 0..12 {
            let inputs = [input("Barcode Id", &format!("10010{number:02}")), input("PIN", pin)].concat();
            http.post("/", &[], &lookup_user(&inputs));
        }
    }
    until("twelve to be counted", || {
        let told = site.run(&["report", "--format", "json"]).succeeded().stdout;
        let report: Value = serde_json::from_str(&told).unwrap();
        (report["rows"][0]["used_ever"] == 12).then_some(())
    });
}
