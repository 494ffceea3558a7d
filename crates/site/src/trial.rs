//! A configuration in a temporary folder, to be spoilt by tests.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::{Faults, Loaded, Place, Site};

pub(crate) const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c3ludGhldGljLXNhbHQ$7fHRyEKVGzzxSlVKQ3YVqvZg8yP0rQ3wqzRk4iVb0yE";

const MAIN: &str = r#"data-dir = "data"
key-file = "hallpass.key"
[library]
name = "Example Public Library"
institution-id = "EPL"
time-zone = "America/New_York"
[[listener]]
protocol = "sip2"
address = "127.0.0.1:6001"
[admin]
address = "127.0.0.1:9600"
[log]
level = "info"
"#;

const DISTRICT: &str = r#"name = "Example County Schools"
[card]
id = "identifier"
pattern = "[0-9]{7}"
[pin]
scheme = "birth-date"
format = "MMDDYYYY"
[source]
kind = "oneroster-csv"
path = "../inbox/cms"
after = "delete"
"#;

/// A whole configuration that loads without a warning, until it is spoilt.
pub(crate) struct Trial {
    folder: TempDir,
    env: Vec<(String, String)>,
}

impl Default for Trial {
    fn default() -> Self {
        let mut trial = Self { folder: TempDir::new().unwrap(), env: Vec::new() };
        trial.main(MAIN);
        trial.district("cms", DISTRICT);
        trial.client("overdrive", &trial.client_text("overdrive"));
        trial
    }
}

impl Trial {
    pub(crate) fn main_text(&self) -> &'static str {
        MAIN
    }

    pub(crate) fn district_text(&self) -> &'static str {
        DISTRICT
    }

    pub(crate) fn client_text(&self, user: &str) -> String {
        format!("districts = [\"cms\"]\n[login]\nuser = \"{user}\"\npassword-hash = \"{HASH}\"\n")
    }

    pub(crate) fn main(&mut self, text: &str) {
        self.write("hallpass.toml", text);
    }

    pub(crate) fn district(&mut self, id: &str, text: &str) {
        self.write(&format!("districts/{id}.toml"), text);
    }

    pub(crate) fn client(&mut self, id: &str, text: &str) {
        self.write(&format!("clients/{id}.toml"), text);
    }

    pub(crate) fn variable(&mut self, name: &str, value: &str) {
        self.env.push((name.into(), value.into()));
    }

    pub(crate) fn write(&mut self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn remove(&mut self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn load(&self) -> Result<Loaded, Faults> {
        Site::load_with_env(&self.path("hallpass.toml"), self.env.clone())
    }

    /// Each error as `FILE:LINE:COLUMN KEY: PROBLEM; ADVICE`.
    #[track_caller]
    pub(crate) fn errors(&self) -> Vec<String> {
        let faults = self.load().map(|_| ()).expect_err("a mistake");
        faults.iter().map(|finding| self.line(finding)).collect()
    }

    /// Each warning likewise.
    #[track_caller]
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.load().unwrap().warnings.iter().map(|finding| self.line(finding)).collect()
    }

    fn line(&self, finding: &crate::Finding) -> String {
        let place = match &finding.place {
            Place::Variable(name) => name.clone(),
            place => place.to_string().replace(&format!("{}/", self.folder.path().display()), ""),
        };
        format!("{place} {}: {}; {}", finding.key, finding.problem, finding.advice)
    }
}
