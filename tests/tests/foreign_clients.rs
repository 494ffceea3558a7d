//! Clients and codecs that others wrote. Where they are not installed the tests say that they are skipped.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hallpass_tests::{
    Bundle, Daemon, LOGIN_PASSWORD, LOGIN_USER, Library, Person, Reply, Script, Site, Tool, play, run_program, tool,
    transcripts_folder,
};
use serde_json::Value;

/// A card of `transcripts/people.txt`, and its PIN.
const CARD: &str = "1001001";
const PIN: &str = "03042012";

/// The answers that there are in SIP2 2.00.
const ANSWERS: [&str; 15] = ["10", "12", "16", "18", "20", "24", "26", "30", "36", "38", "64", "66", "94", "96", "98"];

#[test]
fn pip_sip2_understands_a_whole_exchange() {
    let Some(python) = tool(Tool::Sip2) else { return };
    let library = Library::open();
    let address = library.address("overdrive");
    let script = python_script("sip2_exchange.py");
    let args = [script.to_str().unwrap(), &address.ip().to_string(), &address.port().to_string(), CARD, PIN];
    let told = run_program(&python, args, "").succeeded();
    let json = told.stdout.lines().find(|line| line.starts_with('{')).expect("what it understood");
    let understood: Value = serde_json::from_str(json).unwrap();

    assert_eq!(understood["status"]["fixed"]["OnlineStatus"], "Y");
    assert_eq!(understood["status"]["variable"]["AM"][0], "Example Public Library");
    assert_eq!(understood["status"]["variable"]["BX"][0], "YNNNYYYYYNNNNNNN");
    assert_eq!(understood["admitted"], true);
    for message in ["information", "patron_status"] {
        let fields = &understood[message]["variable"];
        assert_eq!(fields["AA"][0], CARD, "{message}: {fields}");
        assert_eq!((&fields["BL"][0], &fields["CQ"][0]), (&"Y".into(), &"Y".into()), "{message}: {fields}");
        assert_eq!(fields["PC"][0], "STUDENT", "{message}: {fields}");
    }
    assert_eq!(understood["refused"], true);
}

#[test]
fn sip2_client_cli_logs_in_and_asks_for_status_and_information() {
    let Some(client) = tool(Tool::Sip2ClientCli) else { return };
    // It cannot send a PIN, so its client need not.
    let site = Site::serving(&Bundle::new([Person::student(CARD, "2012-03-04")]));
    site.write_client("overdrive", &site.client("overdrive").replace("\n\n", "\npin = \"optional\"\n\n"));
    let daemon = Daemon::start(&site);
    let address = daemon.address(1).to_string();
    let ask = |card: &str| {
        let login = ["--sip-host", &address, "--sip-user", LOGIN_USER, "--sip-pass", LOGIN_PASSWORD];
        let patron = ["--institution", "MAIN", "--patron-barcode", card, "--print-raw-messages"];
        let messages = ["--message-type", "patron-status", "--message-type", "patron-information"];
        run_program(&client, login.iter().chain(&patron).chain(&messages), "").succeeded().stdout
    };
    let (known, unknown) = (ask(CARD), ask("9999999"));
    assert!(known.contains("Login OK") && known.contains("SC Status OK"), "{known}");
    // It parses both answers, the 24 and the 64, and prints them as it understood them.
    let understood = |told: &str, field: &str| told.lines().filter(|line| *line == field).count();
    for (told, card, valid) in [(&known, CARD, "Y"), (&unknown, "9999999", "N")] {
        let card = format!("AA patron identifier.................. {card}");
        let valid = format!("BL valid patron....................... {valid}");
        let password = "CQ valid patron password.............. N";
        let read = [&card, &valid, password, "AO institution id..................... MAIN"];
        assert_eq!(read.map(|field| understood(told, field)), [2; 4], "{told}");
    }
}

#[test]
fn pysip2_decodes_every_reply_of_the_transcripts() {
    let Some(python) = tool(Tool::Pysip2) else { return };
    let replies = replies_of_all_transcripts();
    let input: String = replies.iter().map(|reply| format!("{}\t{}\n", reply.place, hex(&reply.bytes))).collect();
    let script = python_script("decode_replies.py");
    let told = run_program(&python, [script], &input).succeeded().stdout;
    let (complaints, summary) = told.trim_end().rsplit_once('\n').unwrap_or(("", told.trim_end()));
    assert_eq!(complaints, "");
    let kinds: BTreeMap<String, usize> = serde_json::from_str(summary).unwrap();
    assert_eq!(kinds.keys().map(String::as_str).collect::<Vec<_>>(), ANSWERS);
    assert_eq!(kinds.values().sum::<usize>(), replies.len());
}

fn replies_of_all_transcripts() -> Vec<Reply> {
    let files = fs::read_dir(transcripts_folder()).unwrap().map(|entry| entry.unwrap().path());
    let scripts = files.filter(|path| path.extension().is_some_and(|extension| extension == "sip2"));
    // It knows one delimiter only.
    let scripts = scripts.filter(|path| path.file_stem().is_some_and(|name| name != "dialect_delimiter"));
    scripts.flat_map(|path| play(&Script::read(&path), &Library::open())).collect()
}

fn python_script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("support/python").join(name)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
