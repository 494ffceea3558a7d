//! Each NCIP dialogue of `transcripts/`, played against a library of its own; and what they expect is valid.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use hallpass_tests::{Library, Script, Tool, play, run_program, tool, transcripts_folder};

macro_rules! transcripts {
    ($($name:ident)*) => {
        const PLAYED: &[&str] = &[$(stringify!($name)),*];

        $(
            #[test]
            fn $name() {
                let path = transcripts_folder().join(concat!(stringify!($name), ".ncip"));
                play(&Script::read(&path), &Library::open());
            }
        )*
    };
}

transcripts! {
    answers_ineligible_blocked
    authenticate_user
    lookup_agency
    lookup_user
    lookup_version
    one_refusal
    other_services
    outage
    two_step
    unreadable
}

#[test]
fn every_transcript_is_played() {
    let files: BTreeSet<String> = fs::read_dir(transcripts_folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".ncip").map(str::to_owned))
        .collect();
    assert_eq!(files, PLAYED.iter().map(|name| (*name).to_owned()).collect());
}

/// The answers of a transcript: consecutive lines of `<<`.
fn answers(name: &str) -> Vec<String> {
    let text = fs::read_to_string(transcripts_folder().join(format!("{name}.ncip"))).unwrap();
    let mut answers = vec![String::new()];
    for line in text.lines() {
        match line.strip_prefix("<< ") {
            Some(piece) => answers.last_mut().unwrap().push_str(&piece.replace("\\n", "\n")),
            None => answers.push(String::new()),
        }
    }
    answers.retain(|answer| !answer.is_empty());
    answers
}

#[test]
fn every_answer_in_a_transcript_is_valid() {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/schemas/ncip");
    if !schemas.is_dir() {
        println!("skipped: there is no {}", schemas.display());
        return;
    }
    let Some(xmllint) = tool(Tool::Xmllint) else { return };
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<String> = PLAYED.iter().flat_map(|name| answers(name)).collect();
    assert!(all.len() > PLAYED.len());
    for (number, answer) in all.iter().enumerate() {
        // Koha's shape of version discovery is in no schema.
        if answer.contains("<NCIPMessage") && answer.contains("LookupVersionResponse") {
            continue;
        }
        let file = folder.path().join(format!("{number}.xml"));
        // xmllint would fetch the DTD that the document names; it is given ours.
        let lines = answer.lines().filter(|line| !line.starts_with("<!DOCTYPE"));
        fs::write(&file, lines.collect::<Vec<_>>().join("\n")).unwrap();
        let (option, schema) = if answer.contains("<NCIPVersionMessage") {
            ("--schema", "ncip_version.xsd")
        } else if answer.contains("http://www.niso.org/2008/ncip") {
            ("--schema", "ncip_v2_02.xsd")
        } else {
            ("--dtdvalid", "ncip_v1_0.dtd")
        };
        let schema = schemas.join(schema);
        let (schema, file) = (schema.to_str().unwrap(), file.to_str().unwrap());
        run_program(&xmllint, ["--nonet", "--noout", option, schema, file], "").succeeded();
    }
}
