//! A school ID as a library card: the command.
#![expect(clippy::print_stdout, reason = "this is the command line")]

mod cli;
mod commands;
mod failure;
mod owner;
mod report;
mod synth;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};

/// A sync hands people from thread to thread, which the C library's allocator makes slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    end_quietly_with_the_reader();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Printing help can only fail where there is nobody to read it.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(failure::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let done = match cli.command {
        Command::Demo(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Sync(command) => command.run(),
        Command::Roster(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Probe(command) => command.run(),
        Command::Unlock(command) => command.run(),
        Command::Reload(command) => command.run(),
        Command::Report(command) => command.run(),
        Command::Keygen(command) => command.run(),
        Command::HashPassword(command) => command.run(),
        Command::Synth(command) => command.run(),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("hallpass: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

/// `hallpass explain ... | head`: where nobody reads on, there is nothing more to say.
fn end_quietly_with_the_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload_as_str().unwrap_or_default();
        if text.starts_with("failed printing to stdout") && text.contains("Broken pipe") {
            std::process::exit(0);
        }
        usual(panic);
    }));
}
