//! The district that is served: its bundle, kept between runs, and a site around it, made anew for each.

use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use super::process::{free_port, output};
use super::requests;
use crate::paths::Paths;

/// The district's id, and its file's name.
pub const DISTRICT: &str = "bench";
/// The vendor that asks: bound to one listener, logging in at the other.
const CLIENT: &str = "vendor";
const PASSWORD: &str = "synthetic-bench-password";
/// Staff for each thousand students, and students for each school: as large districts have.
const STAFF_PER_MILLE: u32 = 60;
const STUDENTS_PER_SCHOOL: u32 = 700;

/// How a bundle is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The version of OneRoster.
    pub version: &'static str,
    /// One archive instead of loose files.
    pub zip: bool,
}

/// Loose files of OneRoster 1.1: what most rows are measured with.
pub const PLAIN: Bundle = Bundle { version: "1.1", zip: false };

/// A configured district of so many students.
#[derive(Debug)]
pub struct District {
    folder: PathBuf,
    students: u32,
    /// The listener that knows its client.
    pub address: SocketAddr,
    /// The listener that wants a login.
    pub login_address: SocketAddr,
    /// The listener that speaks NCIP over HTTP, and knows its client.
    pub ncip_address: SocketAddr,
}

impl District {
    /// Makes the site in a folder of `target/`: keys, client, listeners; the bundles are made when they are asked for.
    pub async fn prepare(paths: &Paths, folder: &str, students: u32) -> Result<Self> {
        Self::prepare_at(paths, folder, students, 16_001).await
    }

    /// The same with ports from `first` on: for a second site that is served at the same time.
    pub async fn prepare_at(paths: &Paths, folder: &str, students: u32, first: u16) -> Result<Self> {
        let folder = paths.target.join(folder);
        let address = free_port(first)?;
        let login_address = free_port(address.port() + 1)?;
        let ncip_address = free_port(login_address.port() + 1)?;
        let district = Self { folder, students, address, login_address, ncip_address };
        let site = district.site();
        remove(&site)?;
        for sub in ["districts", "clients"] {
            fs::create_dir_all(site.join(sub))?;
        }
        let (mut theirs, ours) = std::io::pipe().map(|(reader, writer)| (writer, reader))?;
        writeln!(theirs, "{PASSWORD}")?;
        drop(theirs);
        let hash = output(&paths.hallpass, &["hash-password"], ours.into()).await?;
        fs::write(district.config(), district.main_file())?;
        fs::write(district.client_file(), client_file(hash.trim()))?;
        district.take_bundle(&district.bundle_folder(PLAIN))?;
        let config = district.config().display().to_string();
        output(&paths.hallpass, &["keygen", "--config", &config], Stdio::null()).await?;
        Ok(district)
    }

    /// The bundle's folder, with its files: those of the last run, where they would be the same.
    pub async fn bundle(&self, paths: &Paths, bundle: Bundle) -> Result<PathBuf> {
        self.made(paths, bundle, self.bundle_folder(bundle), (1, 1)).await
    }

    /// The same of one of several districts: no ID is in two of them.
    pub async fn part(&self, paths: &Paths, bundle: Bundle, (part, parts): (u32, u32)) -> Result<PathBuf> {
        let folder = self.folder.join(format!("{}-{part}-of-{parts}", self.students));
        self.made(paths, bundle, folder, (part, parts)).await
    }

    async fn made(&self, paths: &Paths, bundle: Bundle, folder: PathBuf, (part, parts): (u32, u32)) -> Result<PathBuf> {
        let (students, staff, schools) = (
            self.students.to_string(),
            (self.students / 1_000 * STAFF_PER_MILLE).max(10).to_string(),
            self.students.div_ceil(STUDENTS_PER_SCHOOL).to_string(),
        );
        let mut arguments = vec!["--students", &students, "--staff", &staff, "--schools", &schools, "--seed", "1"];
        arguments.extend(["--version", bundle.version]);
        let part = format!("{part}/{parts}");
        arguments.extend(["--part", &part]);
        if bundle.zip {
            arguments.push("--zip");
        }
        let stamp = format!("{} {:016x}\n", arguments.join(" "), generator(&paths.root)?);
        let stamp_file = folder.with_extension("stamp");
        if fs::read_to_string(&stamp_file).is_ok_and(|made| made == stamp) {
            return Ok(folder);
        }
        println!("making {}", folder.display());
        remove(&folder)?;
        fs::create_dir_all(&folder)?;
        let (to, answers) = (folder.display().to_string(), folder.with_extension("answers").display().to_string());
        arguments.splice(0..0, ["synth", to.as_str()]);
        arguments.extend(["--answers", &answers]);
        output(&paths.hallpass, &arguments, Stdio::null()).await?;
        // Last: an interrupted bundle is made again.
        fs::write(stamp_file, stamp)?;
        Ok(folder)
    }

    /// Points the district's source at a bundle and forgets every roster.
    pub fn take_bundle(&self, bundle: &Path) -> Result<()> {
        let data = self.site().join("data");
        remove(&data)?;
        fs::create_dir_all(data)?;
        fs::write(self.site().join(format!("districts/{DISTRICT}.toml")), district_file(bundle))?;
        Ok(())
    }

    /// What each card of a bundle must get.
    pub fn answers(&self, bundle: Bundle) -> PathBuf {
        self.bundle_folder(bundle).with_extension("answers")
    }

    /// The main file.
    pub fn config(&self) -> PathBuf {
        self.site().join("hallpass.toml")
    }

    /// The file of the vendor.
    pub fn client_file(&self) -> PathBuf {
        self.site().join(format!("clients/{CLIENT}.toml"))
    }

    /// Changes a place of the main file.
    pub fn change(&self, from: &str, to: &str) -> Result<()> {
        let text = fs::read_to_string(self.config())?;
        ensure!(text.contains(from), "the main file holds no {from:?}");
        Ok(fs::write(self.config(), text.replace(from, to))?)
    }

    /// What `serve` says.
    pub fn log(&self) -> PathBuf {
        self.site().join("serve.log")
    }

    /// Empties the log, or makes it.
    pub fn empty_log(&self) -> Result<()> {
        fs::write(self.log(), "").context("the log of serve")
    }

    /// The site's folder, for those who read keys and rosters themselves.
    pub fn site(&self) -> PathBuf {
        self.folder.join("site")
    }

    /// How many students there are.
    pub const fn students(&self) -> u32 {
        self.students
    }

    /// The 93 that its client logs in with.
    pub fn login() -> String {
        requests::login(CLIENT, PASSWORD)
    }

    fn bundle_folder(&self, bundle: Bundle) -> PathBuf {
        let Bundle { version, zip } = bundle;
        let packing = if zip { "zip" } else { "folder" };
        self.folder.join(format!("{}-{}-{packing}", self.students, version.replace('.', "_")))
    }

    fn main_file(&self) -> String {
        format!(
            r#"# Made by `cargo xtask bench`.
data-dir = "data"
key-file = "hallpass.key"

[library]
name = "Bench Public Library"
institution-id = "EPL"
location = "bench"
time-zone = "America/New_York"

[[listener]]
protocol = "sip2"
address = "{}"
client = "{CLIENT}"

[[listener]]
protocol = "sip2"
address = "{}"

[[listener]]
protocol = "ncip-http"
address = "{}"
client = "{CLIENT}"

[limits]
connections = 16384
per-source = 16384
"#,
            self.address, self.login_address, self.ncip_address
        )
    }
}

fn client_file(password_hash: &str) -> String {
    format!(
        r#"districts = ["{DISTRICT}"]
release = ["patron-type"]

[login]
user = "{CLIENT}"
password-hash = "{password_hash}"
"#
    )
}

fn district_file(bundle: &Path) -> String {
    format!(
        r#"name = "Bench County Schools"

[card]
id = "identifier"
pattern = "[0-9]{{7}}"

[pin]
scheme = "birth-date"
format = "MMDDYYYY"

[eligibility]
roles = ["student", "teacher"]

[privileges.student]
patron-type = "STUDENT"

[privileges.teacher]
patron-type = "TEACHER"

[source]
kind = "oneroster-csv"
path = '{}'
after = "keep"
"#,
        bundle.display()
    )
}

/// A mark of the code that makes bundles: when it changes, so may they.
fn generator(root: &Path) -> Result<u64> {
    let folder = root.join("crates/hallpass/src/synth");
    let mut files = fs::read_dir(&folder)
        .with_context(|| format!("{}", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .filter(|path| path.as_ref().is_ok_and(|path| path.extension() == Some(OsStr::new("rs"))) || path.is_err())
        .collect::<Result<Vec<_>>>()?;
    files.sort_unstable();
    let mut hasher = DefaultHasher::new();
    for file in files {
        fs::read(file)?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
