//! The project's chores: `cargo xtask test`, `bench`, `prove` and `fuzz`.
#![expect(clippy::print_stdout, reason = "a command line answers on standard output")]

mod bench; // the figures of docs/BENCHMARKS.md
mod fuzz; // bytes that nobody sends
mod paths; // where things lie
mod prove; // what holds under floods, reloads and restarts
mod slapd; // a directory for bench and prove
mod test; // everything that must pass before a merge
mod tools; // foreign clients that the tests talk to

use std::process::ExitCode;

use clap::Parser;

/// The project's chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Chore {
    /// Install what the tests need, say what that is, and run every check.
    Test(test::Options),
    /// Measure what the service must reach, against a bare echo server.
    Bench(bench::Options),
    /// Show what the service withstands: floods, drips, reloads, restarts, a clock.
    Prove(prove::Options),
    /// Look for bytes that break a reader, by what code they reach.
    Fuzz(fuzz::Options),
    /// Be that echo server, for `bench`.
    #[command(name = bench::echo::COMMAND, hide = true)]
    Echo,
    /// Be the HTTP server with one fixed reply, for `bench ncip`.
    #[command(name = bench::fixed::COMMAND, hide = true)]
    FixedReply { reply: String },
}

fn main() -> ExitCode {
    let outcome = match Chore::parse() {
        Chore::Test(options) => test::run(&options),
        Chore::Bench(options) => bench::run(&options),
        Chore::Prove(options) => prove::run(&options),
        Chore::Fuzz(options) => fuzz::run(&options),
        Chore::Echo => bench::echo::run(),
        Chore::FixedReply { reply } => bench::fixed::run(reply),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not by returning it: a backtrace under a failed test says nothing.
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
