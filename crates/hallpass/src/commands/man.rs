//! `hallpass man`.

use std::io::Write as _;

use clap::{Args, CommandFactory as _};

use crate::cli::Cli;
use crate::failure::Failure;

/// Print the manual page, all commands in one: `hallpass man | man -l -`.
#[derive(Args)]
pub struct Man {}

impl Man {
    pub fn run(self) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        let command = Cli::command();
        clap_mangen::Man::new(command.clone()).render(&mut out)?;
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            writeln!(out, ".SH \"HALLPASS {}\"", sub.get_name().to_uppercase())?;
            let page = clap_mangen::Man::new(sub.clone());
            page.render_description_section(&mut out)?;
            page.render_options_section(&mut out)?;
        }
        Ok(())
    }
}
