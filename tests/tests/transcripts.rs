//! Each file of `transcripts/`, played against a library of its own.

use std::collections::BTreeSet;
use std::fs;

use hallpass_tests::{Library, Script, play, transcripts_folder};

macro_rules! transcripts {
    ($($name:ident)*) => {
        const PLAYED: &[&str] = &[$(stringify!($name)),*];

        $(
            #[test]
            fn $name() {
                let path = transcripts_folder().join(concat!(stringify!($name), ".sip2"));
                play(&Script::read(&path), &Library::open());
            }
        )*
    };
}

transcripts! {
    all_requests
    ambiguous
    before_login
    block_and_enable
    card_numbers
    cargo_sip2
    character_sets
    duplicate_field
    end_session
    error_detection
    ignored
    jsip2
    libki
    login
    networks
    no_pin
    no_replay
    node_sip2
    not_eligible
    one_refusal
    outage
    palace
    perl
    php_sip2
    pip_sip2
    pipelined
    resend
    ruby
    sc_status
    unreadable
}

#[test]
fn every_transcript_is_played() {
    let files: BTreeSet<String> = fs::read_dir(transcripts_folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".sip2").map(str::to_owned))
        .collect();
    assert_eq!(files, PLAYED.iter().map(|name| (*name).to_owned()).collect());
}
