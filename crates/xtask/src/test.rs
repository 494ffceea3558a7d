//! `cargo xtask test`: everything that must pass before a merge, in the order of what fails soonest.

use std::env;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use tokio::time::Instant;

use crate::paths::Paths;
use crate::tools::{self, Skip, succeeds};

/// What to run.
#[derive(Debug, Args)]
pub struct Options {
    /// Leave out formatting, lints, documentation and dependencies.
    #[arg(long)]
    only_tests: bool,
}

/// Runs the steps; the first that fails ends it.
pub fn run(options: &Options) -> Result<()> {
    ensure!(
        succeeds(Command::new("cc").arg("--version")),
        "no C compiler: LMDB and aws-lc are built with one (Debian: apt-get install gcc libc6-dev)"
    );
    let paths = Paths::find()?;
    let folder = paths.target.join("tools");
    let mut skipped = Vec::new();

    step("foreign clients", || {
        skipped = tools::install(&paths, &folder)?;
        Ok(())
    })?;
    if !options.only_tests {
        formatting_and_lints(&paths, &mut skipped)?;
    }
    step("build", || cargo(&paths, &["build", "--release", "--locked", "--package", "hallpass"]))?;
    step("test", || {
        let mut cargo = paths.cargo();
        cargo.args(["test", "--workspace", "--locked"]);
        // The tests run the real binary against the foreign clients, and pass over those named here.
        cargo.env("HALLPASS_BIN", &paths.hallpass).env("HALLPASS_TOOLS", &folder);
        cargo.env("HALLPASS_SKIP", skipped.iter().map(Skip::to_string).collect::<Vec<_>>().join("\n"));
        tools::run(&mut cargo)
    })?;
    if !options.only_tests {
        step("doc", || {
            let mut cargo = paths.cargo();
            cargo.args(["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings");
            tools::run(&mut cargo)
        })?;
        // Its database of advisories comes from the network, so it is no part of what every machine can pass.
        if succeeds(paths.cargo().args(["deny", "--version"])) {
            step("deny", || cargo(&paths, &["deny", "check"]))?;
        } else {
            println!("\n== deny: not run, cargo-deny is not installed (cargo install cargo-deny)");
        }
    }
    summarize(&skipped)
}

fn formatting_and_lints(paths: &Paths, skipped: &mut Vec<Skip>) -> Result<()> {
    let fmt: &[&str] = &["fmt", "--all", "--check"];
    let clippy: &[&str] =
        &["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "--deny", "warnings"];
    for (name, arguments) in [("fmt", fmt), ("clippy", clippy)] {
        if succeeds(paths.cargo().args([name, "--version"])) {
            step(name, || cargo(paths, arguments))?;
        } else {
            skipped.push(Skip { what: name, why: "this Rust comes without it (rustup component add)".to_owned() });
        }
    }
    Ok(())
}

fn cargo(paths: &Paths, arguments: &[&str]) -> Result<()> {
    tools::run(paths.cargo().args(arguments))
}

/// One step, with a heading before and its seconds after.
fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n== {name}");
    let started = Instant::now();
    work().with_context(|| format!("step `{name}` failed"))?;
    println!("== {name}: {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Says what was not tested. Where everything can be installed, that is a failure.
fn summarize(skipped: &[Skip]) -> Result<()> {
    if skipped.is_empty() {
        println!("\n== all passed, none skipped");
        return Ok(());
    }
    println!("\n== passed, but skipped here:");
    for skip in skipped {
        println!("   {skip}");
    }
    if env::var("CI").is_ok_and(|ci| ci == "true") {
        bail!("{} skipped, which is a failure under CI=true", skipped.len());
    }
    Ok(())
}
