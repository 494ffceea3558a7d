//! Other people's programs, where `cargo xtask test` has installed them.

use std::env;
use std::path::PathBuf;

/// A program that others wrote, by the name that `cargo xtask test` gives it.
#[derive(Clone, Copy, Debug)]
pub enum Tool {
    /// PyPI `sip2`: `Sip2.wrapper`.
    Sip2,
    /// PyPI `pysip2`: a strict codec.
    Pysip2,
    /// crates.io `sip2`: its command line.
    Sip2ClientCli,
    /// Debian `systemd`: reads units without running any.
    SystemdAnalyze,
    /// Debian `libxml2-utils`: validates XML.
    Xmllint,
    /// Debian `slapd`: OpenLDAP's server, which tests start for themselves.
    Slapd,
    /// Debian `samba-ad-dc` and what makes a domain for it.
    Samba,
    /// Debian `postgresql`: the server, which tests start for themselves.
    Postgres,
    /// Debian `mariadb-server`: likewise.
    MariaDb,
}

impl Tool {
    const fn name(self) -> &'static str {
        match self {
            Self::Sip2 => "Sip2",
            Self::Pysip2 => "pysip2",
            Self::Sip2ClientCli => "sip2-client-cli",
            Self::SystemdAnalyze => "systemd-analyze",
            Self::Xmllint => "xmllint",
            Self::Slapd => "slapd",
            Self::Samba => "samba",
            Self::Postgres => "postgresql",
            Self::MariaDb => "mariadb-server",
        }
    }

    /// What runs, in the folder that `HALLPASS_TOOLS` names, or where Debian puts it.
    const fn program(self) -> &'static str {
        match self {
            Self::Sip2 | Self::Pysip2 => "python/bin/python3",
            Self::Sip2ClientCli => "bin/sip2-client-cli",
            Self::SystemdAnalyze => "/usr/bin/systemd-analyze",
            Self::Xmllint => "/usr/bin/xmllint",
            Self::Slapd => "/usr/sbin/slapd",
            Self::Samba => "/usr/sbin/samba",
            Self::Postgres => "/usr/bin/pg_ctlcluster",
            Self::MariaDb => "/usr/sbin/mariadbd",
        }
    }
}

/// What runs it, or `None` where it is not installed: then the skip and its reason are printed. Under `CI=true`
/// nothing may be missing.
pub fn tool(tool: Tool) -> Option<PathBuf> {
    let name = tool.name();
    let skips = env::var("HALLPASS_SKIP").unwrap_or_default();
    let told = skips.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let found = match (told, env::var_os("HALLPASS_TOOLS").map(PathBuf::from)) {
        (Some(why), _) => Err(why.to_owned()),
        (None, None) => Err("HALLPASS_TOOLS is not set: run cargo xtask test".to_owned()),
        (None, Some(folder)) => Some(folder.join(tool.program()))
            .filter(|program| program.is_file())
            .ok_or_else(|| format!("no {} in {}", tool.program(), folder.display())),
    };
    match found {
        Ok(program) => Some(program),
        Err(why) => {
            skip(tool, &why);
            None
        }
    }
}

/// Passes over what needs a program that is not here, or cannot run here, and says so.
pub(crate) fn skip(tool: Tool, why: &str) {
    let name = tool.name();
    assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{name} is missing under CI=true: {why}");
    println!("skipped: {name}: {why}");
}
