//! `cargo xtask fuzz`: bytes that nobody sends, chosen by what code they reach (libFuzzer).
//!
//! It begins with what the transcripts of the tests send, and keeps below `target/fuzz` what reached something new, so
//! that the next run goes on from there. Coverage is counted by what the stable compiler has; nothing is installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};

use crate::paths::Paths;

/// Counters at each edge, and what is compared with what (LLVM, "SanitizerCoverage").
const WATCHED: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];
/// Only what is built for it is watched, and not what builds it.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// What to fuzz.
#[derive(Debug, Args)]
pub struct Options {
    /// Targets, by name; all without any.
    targets: Vec<Target>,
    /// For how long, each.
    #[arg(long, default_value_t = 5)]
    minutes: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// NCIP: read, answered, and the answer read again; framing.
    Ncip,
    /// SIP2: frames, requests and responses, read and written.
    Sip2,
}

impl Target {
    const fn name(self) -> &'static str {
        match self {
            Self::Ncip => "ncip",
            Self::Sip2 => "sip2",
        }
    }

    /// What the tests send, as a beginning: each transcript line by line.
    fn seeds(self, transcripts: &Path) -> Result<Vec<Vec<u8>>> {
        let mut seeds = Vec::new();
        for entry in fs::read_dir(transcripts)? {
            let path = entry?.path();
            if path.extension().is_none_or(|kind| kind != self.name()) {
                continue;
            }
            let text = fs::read_to_string(&path)?;
            let sent =
                |mark: &str| text.lines().filter_map(|line| line.strip_prefix(mark)).map(str::to_owned).collect();
            match self {
                // A message in several lines is one until its answer comes.
                Self::Ncip => {
                    let messages = text.split("\n<").map(|part| {
                        part.lines().filter_map(|line| line.strip_prefix("> ")).collect::<Vec<_>>().join("\n")
                    });
                    seeds.extend(messages.filter(|message| !message.is_empty()).map(String::into_bytes));
                }
                // The first byte says in what pieces a stream comes.
                Self::Sip2 => {
                    let streams: [Vec<String>; 2] = [sent("> "), sent("< ")];
                    seeds.extend(streams.map(|lines| format!("{}{}\r", '\u{7f}', lines.join("\r")).into_bytes()));
                }
            }
        }
        ensure!(!seeds.is_empty(), "{} has no transcripts to begin with", transcripts.display());
        Ok(seeds)
    }
}

/// Builds the targets and runs one after the other; a finding is an error that names the bytes.
pub fn run(options: &Options) -> Result<()> {
    let paths = Paths::find()?;
    let folder = paths.target.join("fuzz");
    let manifest = paths.root.join("tests/fuzz/Cargo.toml");
    let mut build = paths.cargo();
    build
        .args(["build", "--release", "--target", PLATFORM, "--target-dir"])
        .arg(&folder)
        .arg("--manifest-path")
        .arg(manifest);
    build.env("RUSTFLAGS", WATCHED.join(" "));
    ensure!(build.status()?.success(), "the targets do not build; libFuzzer needs a C++ compiler (Debian: g++)");
    let targets = if options.targets.is_empty() { Target::value_variants() } else { &options.targets };
    for target in targets {
        let name = target.name();
        let [kept, seeds] = ["kept", "seeds"].map(|what| folder.join(what).join(name));
        fs::create_dir_all(&kept)?;
        fs::create_dir_all(&seeds)?;
        for (number, seed) in target.seeds(&paths.root.join("tests/transcripts"))?.iter().enumerate() {
            fs::write(seeds.join(number.to_string()), seed)?;
        }
        println!("== {name}, {} minutes", options.minutes);
        fuzz(&folder, name, [kept, seeds], options.minutes)?;
    }
    Ok(())
}

fn fuzz(folder: &Path, name: &str, corpus: [PathBuf; 2], minutes: u32) -> Result<()> {
    let found = folder.join("found");
    fs::create_dir_all(&found)?;
    let mut fuzzer = Command::new(folder.join(PLATFORM).join("release").join(name));
    fuzzer.args(corpus).args([
        format!("-max_total_time={}", minutes * 60),
        format!("-artifact_prefix={}/{name}-", found.display()),
        "-max_len=8192".to_owned(),
        "-timeout=5".to_owned(),
        "-rss_limit_mb=1024".to_owned(),
        "-print_final_stats=1".to_owned(),
        "-verbosity=0".to_owned(),
    ]);
    let told = fuzzer.output().with_context(|| format!("the target {name}"))?;
    let text = String::from_utf8_lossy(&told.stderr);
    if !told.status.success() {
        println!("{text}");
        bail!("{name}: found something; the bytes are in {}", found.display());
    }
    let figure = |of: &str| text.lines().find_map(|line| line.strip_prefix(of)).map(str::trim).unwrap_or("?");
    println!(
        "{name}: {} inputs, {} a second, no finding",
        figure("stat::number_of_executed_units:"),
        figure("stat::average_exec_per_sec:")
    );
    Ok(())
}
