//! A configuration with its folders, in a temporary folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::bundle::Bundle;
use crate::command::{Output, run_with_input};

/// The login of the client `overdrive`.
pub const LOGIN_USER: &str = "sip";
/// Its password.
pub const LOGIN_PASSWORD: &str = "secret";

/// The first listener belongs to the client `catalogue`, at the second a client logs in; then monitoring.
const MAIN: &str = r#"data-dir = "../data"
key-file = "hallpass.key"

[library]
name = "Example Public Library"
institution-id = "EPL"
time-zone = "America/New_York"

[[listener]]
protocol = "sip2"
address = "127.0.0.1:0"
client = "catalogue"

[[listener]]
protocol = "sip2"
address = "127.0.0.1:0"

[admin]
address = "127.0.0.1:0"
"#;

const DISTRICT: &str = r#"name = "Example County Schools"
release = ["name", "patron-type"]

[card]
id = "identifier"
pattern = "[0-9]{7}"

[pin]
scheme = "birth-date"
format = "MMDDYYYY"

[eligibility]
roles = ["student", "teacher"]

[privileges.student]
patron-type = "STUDENT"

[source]
kind = "oneroster-csv"
path = "../../inbox/cms"
after = "keep"
settle = "0s"
"#;

const CATALOGUE: &str = r#"districts = ["cms"]
release = ["name", "patron-type"]
"#;

/// A configuration on disk. All of it goes with the value.
#[derive(Debug)]
pub struct Site {
    folder: TempDir,
}

impl Site {
    /// The district `cms` with an empty inbox, the clients `catalogue` (bound to the first listener) and `overdrive`
    /// (logs in at the second), a key, and no roster yet.
    pub fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        for folder in ["conf/districts", "conf/clients", "data", "inbox/cms"] {
            fs::create_dir_all(site.path(folder)).unwrap();
        }
        site.write_main(MAIN);
        site.write_district("cms", DISTRICT);
        site.write_client("catalogue", CATALOGUE);
        let login = format!("[login]\nuser = \"{LOGIN_USER}\"\npassword-hash = \"{}\"\n", password_hash());
        site.write_client("overdrive", &format!("districts = [\"cms\"]\nrelease = [\"patron-type\"]\n\n{login}"));
        site.run(&["keygen"]).succeeded();
        site
    }

    /// The same with a published roster of these people.
    pub fn serving(bundle: &Bundle) -> Self {
        let site = Self::new();
        bundle.write(&site.inbox());
        site.sync().succeeded();
        site
    }

    /// The same where one speaks NCIP, by HTTP and then by TCP, and must say who one is.
    pub fn serving_ncip(bundle: &Bundle) -> Self {
        let site = Self::serving(bundle);
        site.replace(
            "hallpass.toml",
            "protocol = \"sip2\"\naddress = \"127.0.0.1:0\"\nclient = \"catalogue\"",
            "protocol = \"ncip-http\"\naddress = \"127.0.0.1:0\"",
        );
        site.replace("hallpass.toml", "protocol = \"sip2\"", "protocol = \"ncip-tcp\"");
        fs::remove_file(site.path("conf/clients/catalogue.toml")).unwrap();
        site
    }

    /// A path below the site's folder.
    pub fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(below)
    }

    /// The main file.
    pub fn main_file(&self) -> PathBuf {
        self.path("conf/hallpass.toml")
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// The inbox of `cms`.
    pub fn inbox(&self) -> PathBuf {
        self.path("inbox/cms")
    }

    /// The main file's text as it is.
    pub fn main(&self) -> String {
        fs::read_to_string(self.main_file()).unwrap()
    }

    /// The text of a district's file as it is.
    pub fn district(&self, id: &str) -> String {
        fs::read_to_string(self.path(format!("conf/districts/{id}.toml"))).unwrap()
    }

    /// The text of a client's file as it is.
    pub fn client(&self, id: &str) -> String {
        fs::read_to_string(self.path(format!("conf/clients/{id}.toml"))).unwrap()
    }

    /// Replaces the main file.
    pub fn write_main(&self, text: &str) {
        fs::write(self.main_file(), text).unwrap();
    }

    /// Writes a district's file.
    pub fn write_district(&self, id: &str, text: &str) {
        fs::write(self.path(format!("conf/districts/{id}.toml")), text).unwrap();
    }

    /// Writes a client's file.
    pub fn write_client(&self, id: &str, text: &str) {
        fs::write(self.path(format!("conf/clients/{id}.toml")), text).unwrap();
    }

    /// Takes over the main file, the districts and the clients of another configuration.
    pub fn copy_configuration(&self, from: &Path) {
        fs::copy(from.join("hallpass.toml"), self.main_file()).unwrap();
        for kind in ["districts", "clients"] {
            let to = self.path("conf").join(kind);
            fs::remove_dir_all(&to).unwrap();
            fs::create_dir(&to).unwrap();
            for file in fs::read_dir(from.join(kind)).unwrap() {
                let file = file.unwrap();
                fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
    }

    /// Runs a command with this configuration.
    pub fn run(&self, args: &[&str]) -> Output {
        self.run_with_input(args, "")
    }

    /// Runs a command with this configuration and a text on standard input.
    pub fn run_with_input(&self, args: &[&str], input: &str) -> Output {
        let file = self.main_file();
        run_with_input(args.iter().copied().chain(["--config", file.to_str().unwrap()]), input)
    }

    /// `hallpass sync`.
    pub fn sync(&self) -> Output {
        self.run(&["sync"])
    }
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}

/// The hash of [`LOGIN_PASSWORD`], made once: hashing is slow on purpose.
pub fn password_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let hashed = run_with_input(["hash-password"], LOGIN_PASSWORD).succeeded();
        hashed.stdout.trim_end().to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_site_is_valid() {
        let checked = Site::new().run(&["check"]).succeeded();
        assert!(checked.stdout.contains("client overdrive"), "{}", checked.stdout);
    }
}
