//! Foreign SIP2 clients, installed into `target/tools`: the tests hold our answers against other people's code. And
//! Debian's `systemd-analyze`, which reads our units, its `xmllint`, which validates our XML, its `slapd` and `samba`,
//! directories that the tests pull rosters from and log in at, and its PostgreSQL and MariaDB, which they pull rosters from.
//!
//! The tests find `python/bin/python3`, which imports `Sip2` and `pysip2`, and `bin/sip2-client-cli`. One that cannot be
//! had is skipped with its reason, never silently.

use std::fmt::{self, Display};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::paths::Paths;

/// Something that is not tested here.
#[derive(Clone, Debug)]
pub struct Skip {
    /// A client's name, or a step's.
    pub what: &'static str,
    /// Why not.
    pub why: String,
}

impl Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

/// A client on PyPI.
struct PythonClient {
    /// What tests call it.
    name: &'static str,
    package: &'static str,
    version: &'static str,
    module: &'static str,
}

/// Exact versions: a test must not change because a stranger released something.
const PYTHON_CLIENTS: [PythonClient; 2] = [
    PythonClient { name: "Sip2", package: "sip2", version: "1.1", module: "Sip2.wrapper" },
    PythonClient { name: "pysip2", package: "pysip2", version: "0.1.0", module: "pysip2" },
];

/// The client on crates.io; `cargo install` takes the version as exact.
const CARGO_CLIENT: &str = "sip2-client-cli";
const CARGO_PACKAGE: [&str; 3] = ["sip2", "--version", "0.3.4"];

/// What reads systemd's units, and its package.
const ANALYZE: (&str, &str) = ("systemd-analyze", "systemd");
/// What validates XML, and its package.
const XMLLINT: (&str, &str) = ("xmllint", "libxml2-utils");

/// OpenLDAP's server, a file of its, and its package.
const SLAPD: (&str, &str, &[&str]) = ("slapd", "/usr/sbin/slapd", &["slapd"]);
/// An Active Directory, with what makes a domain for it: a file server has the rest of it already.
const SAMBA: (&str, &str, &[&str]) = (
    "samba",
    "/usr/share/samba/setup/provision.ldif",
    &["samba-ad-dc", "samba-ad-provision", "samba-dsdb-modules", "samba-vfs-modules", "python3-samba"],
);
/// Database servers.
const POSTGRES: (&str, &str, &[&str]) = ("postgresql", "/usr/bin/pg_ctlcluster", &["postgresql"]);
const MARIADB: (&str, &str, &[&str]) = ("mariadb-server", "/usr/sbin/mariadbd", &["mariadb-server"]);
/// Where Debian keeps the settings of each database that a machine has. Its package makes one.
const CLUSTERS: &str = "/etc/postgresql";

/// What Debian's packages ask before they start a service.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Pythons to try, the caller's own first.
const PYTHONS: [&str; 2] = ["python3", "/usr/bin/python3"];
/// What Debian calls them.
const PYTHON_PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// Installs what is missing below `folder` and returns what cannot be had.
pub fn install(paths: &Paths, folder: &Path) -> Result<Vec<Skip>> {
    std::fs::create_dir_all(folder)?;
    let mut skipped = Vec::new();
    match environment(&folder.join("python")) {
        Ok(python) => {
            for client in &PYTHON_CLIENTS {
                note(client.name, client.install(&python), &mut skipped);
            }
        }
        Err(why) => {
            let why = format!("{why:#}");
            skipped.extend(PYTHON_CLIENTS.iter().map(|client| Skip { what: client.name, why: why.clone() }));
        }
    }
    if !folder.join("bin").join(CARGO_CLIENT).exists() {
        println!("installing {CARGO_CLIENT} from crates.io");
    }
    let mut cargo = paths.cargo();
    cargo.args(["install", "--quiet", "--locked", "--root"]).arg(folder).args(CARGO_PACKAGE);
    note(CARGO_CLIENT, run(&mut cargo), &mut skipped);
    for (program, package) in [ANALYZE, XMLLINT] {
        note(program, install_debian(program, package), &mut skipped);
    }
    for (server, file, packages) in [SLAPD, SAMBA, POSTGRES, MARIADB] {
        note(server, install_server(Path::new(file), packages), &mut skipped);
    }
    Ok(skipped)
}

/// Installs a package of Debian's for a program in it; nothing of it is started.
fn install_debian(program: &str, package: &str) -> Result<()> {
    let path = Path::new("/usr/bin").join(program);
    if path.exists() {
        return Ok(());
    }
    ensure!(rustix::process::geteuid().is_root(), "it is not installed, and only root may install it");
    println!("installing Debian packages: {package}");
    run(apt_get().args(["update", "--quiet"]))?;
    run(apt_get().args(["install", "--quiet", "--yes", "--no-install-recommends", package]))?;
    ensure!(path.exists(), "Debian's {package} was installed and has no {program}");
    Ok(())
}

/// The databases of PostgreSQL that this machine has, by version and name.
fn clusters() -> Vec<(String, String)> {
    let names = |folder: &Path| -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    };
    let of = |version: String| {
        names(&Path::new(CLUSTERS).join(&version)).into_iter().map(move |name| (version.clone(), name))
    };
    names(Path::new(CLUSTERS)).into_iter().flat_map(of).collect()
}

/// Installs a server of Debian's. Its packages start one for everybody on its usual port: not here.
fn install_server(file: &Path, packages: &[&str]) -> Result<()> {
    if file.exists() {
        return Ok(());
    }
    ensure!(rustix::process::geteuid().is_root(), "it is not installed, and only root may install it");
    println!("installing Debian packages: {}", packages.join(" "));
    run(apt_get().args(["update", "--quiet"]))?;
    let policy = NoServices::begin()?;
    let before = clusters();
    let installed = run(apt_get().args(["install", "--quiet", "--yes", "--no-install-recommends"]).args(packages));
    policy.end()?;
    installed?;
    for cluster in clusters().into_iter().filter(|cluster| !before.contains(cluster)) {
        // Empty as it is: it would start with the machine.
        let (version, name) = cluster;
        run(Command::new("pg_dropcluster").args(["--stop", &version, &name]))?;
    }
    ensure!(file.exists(), "Debian's {} was installed and there is no {}", packages.join(" "), file.display());
    Ok(())
}

/// While it lasts, packages start no service (invoke-rc.d(8)): exit code 101 forbids it. A policy that is there already
/// is the machine's own, and stays.
struct NoServices {
    ours: bool,
}

impl NoServices {
    fn begin() -> Result<Self> {
        let options = OpenOptions::new().write(true).create_new(true).mode(0o755).open(POLICY);
        match options {
            Ok(mut file) => file.write_all(b"#!/bin/sh\nexit 101\n").context(POLICY)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(Self { ours: false }),
            Err(error) => return Err(error).context(POLICY),
        }
        Ok(Self { ours: true })
    }

    fn end(self) -> Result<()> {
        if self.ours {
            std::fs::remove_file(POLICY).context(POLICY)?;
        }
        Ok(())
    }
}

/// Makes the virtual environment where there is none that works, and returns its Python.
fn environment(folder: &Path) -> Result<PathBuf> {
    let python = folder.join("bin/python3");
    if !succeeds(Command::new(&python).args(["-m", "pip", "--version"])) {
        println!("making a Python environment in {}", folder.display());
        run(Command::new(base_python()?).args(["-m", "venv", "--clear"]).arg(folder))?;
    }
    Ok(python)
}

/// A Python that can make virtual environments; Debian's, where there is none and we may install it.
fn base_python() -> Result<&'static str> {
    let able = |python: &&str| succeeds(Command::new(python).args(["-c", "import ensurepip, venv"]));
    if let Some(python) = PYTHONS.into_iter().find(able) {
        return Ok(python);
    }
    ensure!(rustix::process::geteuid().is_root(), "no python3 with venv, and only root may install it");
    println!("installing Debian packages: {}", PYTHON_PACKAGES.join(" "));
    run(apt_get().args(["update", "--quiet"]))?;
    run(apt_get().args(["install", "--quiet", "--yes", "--no-install-recommends"]).args(PYTHON_PACKAGES))?;
    PYTHONS.into_iter().find(able).context("no python3 with venv, not even after installing Debian's")
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

impl PythonClient {
    fn install(&self, python: &Path) -> Result<()> {
        let Self { package, version, module, .. } = self;
        let check = format!(
            "import {module}, importlib.metadata as m; raise SystemExit(m.version('{package}') != '{version}')"
        );
        let is_here = || succeeds(Command::new(python).args(["-c", &check]));
        if is_here() {
            return Ok(());
        }
        let requirement = format!("{package}=={version}");
        println!("installing {requirement} from PyPI");
        run(Command::new(python)
            .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
            .args(["--root-user-action=ignore", &requirement]))?;
        ensure!(is_here(), "{requirement} was installed and cannot be imported");
        Ok(())
    }
}

fn note(what: &'static str, outcome: Result<()>, skipped: &mut Vec<Skip>) {
    if let Err(why) = outcome {
        skipped.push(Skip { what, why: format!("{why:#}") });
    }
}

/// Runs a command that says itself what is wrong.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).status();
    let name = Path::new(command.get_program()).file_name().unwrap_or_default().display();
    let status = status.with_context(|| format!("{name} does not run"))?;
    let words = command.get_args().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" ");
    ensure!(status.success(), "`{name} {words}` ended with {status}");
    Ok(())
}

/// Whether a command succeeds; what it says interests nobody.
pub fn succeeds(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
