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

transcripts! {}

#[test]
fn every_transcript_is_played() {
    let files: BTreeSet<String> = fs::read_dir(transcripts_folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".sip2").map(str::to_owned))
        .collect();
    assert_eq!(files, PLAYED.iter().map(|name| (*name).to_owned()).collect());
}
