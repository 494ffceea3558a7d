//! How the service is spoken to.

use clap::{Args, ValueEnum};
use sip2::{Charset, Delimiter, Dialect, Terminator};

/// What a client and a service must agree on beforehand.
#[derive(Args)]
pub struct DialectOptions {
    /// The character set of text, both ways.
    #[arg(long, default_value = "utf-8")]
    charset: Characters,
    /// What ends a field.
    #[arg(long, value_name = "C", default_value = "|", value_parser = delimiter)]
    delimiter: Delimiter,
    /// What ends a message.
    #[arg(long, default_value = "cr")]
    terminator: End,
    /// Send neither AY nor AZ.
    #[arg(long)]
    no_error_detection: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Characters {
    #[value(name = "utf-8")]
    Utf8,
    #[value(name = "latin-1")]
    Latin1,
    Cp850,
    Ascii,
}

#[derive(Clone, Copy, ValueEnum)]
enum End {
    Cr,
    #[value(name = "crlf")]
    CrLf,
}

impl DialectOptions {
    /// The dialect of all messages, both ways.
    pub fn dialect(&self) -> Dialect {
        Dialect {
            charset: match self.charset {
                Characters::Utf8 => Charset::Utf8,
                Characters::Latin1 => Charset::Latin1,
                Characters::Cp850 => Charset::Cp850,
                Characters::Ascii => Charset::Ascii,
            },
            delimiter: self.delimiter,
            terminator: match self.terminator {
                End::Cr => Terminator::Cr,
                End::CrLf => Terminator::CrLf,
            },
            ..Dialect::default()
        }
    }

    /// Whether requests carry AY and AZ.
    pub const fn detects_errors(&self) -> bool {
        !self.no_error_detection
    }
}

fn delimiter(text: &str) -> Result<Delimiter, &'static str> {
    match text.as_bytes() {
        [byte] => Delimiter::new(*byte),
        _ => None,
    }
    .ok_or("not one punctuation character")
}
