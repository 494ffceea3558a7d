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
    answers_ineligible_blocked
    answers_no_pin_cq
    answers_outage_close
    answers_pin_never
    answers_wrong_pin_locked
    answers_wrong_pin_told
    before_login
    block_and_enable
    card_numbers
    cargo_sip2
    character_sets
    dialect_crlf
    dialect_delimiter
    dialect_fields
    dialect_presets
    dialect_texts
    dialect_utc
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
    prompts
    quirk_01_crlf
    quirk_02_error_detection
    quirk_03_no_login
    quirk_04_print_width
    quirk_05_stray_delimiters
    quirk_06_field_order
    quirk_07_institution
    quirk_08_passwords
    quirk_09_login
    quirk_11_persistent
    quirk_12_end_session
    quirk_13_code_points
    quirk_14_sequence
    quirk_15_empty_lines
    quirk_16_blank_flags
    quirk_17_e_books
    quirk_18_unencodable
    quirk_19_blanks
    quirk_20_canonical_card
    quirk_21_lowercase_hex
    quirk_22_spelt_verdicts
    quirk_23_outage
    quirk_24_pin_bypass
    quirk_28_home_library
    quirk_29_segmentation
    quirk_30_duplicates
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
