//! Files with a secret: a path, or what systemd hands over.

use std::path::{Path, PathBuf};

use crate::entry::Entry;

/// Before the name that `LoadCredential=` has for a file.
const CREDENTIAL: &str = "credential:";
/// The variable that names the folder of what systemd hands over.
pub(crate) const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

impl Entry<'_> {
    /// The path of a file with a secret. `credential:NAME` is the file that systemd hands over by that name: another path in
    /// each unit. Where it hands over none, the text itself stays, and whoever opens it says so.
    pub(crate) fn secret_file(&self) -> Option<PathBuf> {
        let text = self.text()?;
        let Some(name) = text.strip_prefix(CREDENTIAL) else { return self.path() };
        if name.is_empty() || name.starts_with('.') || name.contains('/') {
            self.error("no name of a credential", "expected credential:NAME as LoadCredential= has it");
            return None;
        }
        if let Some(folder) = self.credentials() {
            return Some(Path::new(folder).join(name));
        }
        self.warning(
            "systemd hands no credentials to this process",
            format!("run it in a unit with LoadCredential={name}:FILE, or name the file"),
        );
        Some(text.into())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::trial::Trial;

    const REST: &str = "kind = \"oneroster-rest\"\nurl = \"https://sis.example.org/ims/oneroster/v1p1\"\nversion = \"1.1\"\n\
                        auth = \"oauth1-sha256\"\nclient-id = \"hallpass\"\nclient-secret-file = ";

    fn with(file: &str) -> Trial {
        let mut trial = Trial::default();
        let (before, _) = trial.district_text().split_once("kind =").unwrap();
        trial.district("cms", &format!("{before}{REST}\"{file}\"\n"));
        trial
    }

    fn secret(trial: &Trial) -> std::path::PathBuf {
        let site = trial.load().unwrap().site;
        let Some(crate::SourceKind::OneRosterRest(rest)) = site.districts[0].source.clone().map(|source| source.kind)
        else {
            panic!()
        };
        rest.client_secret_file
    }

    #[test]
    fn what_systemd_hands_over_is_named_and_lies_in_another_folder_for_each_unit() {
        let mut trial = with("credential:cms");
        trial.main(&trial.main_text().replace("hallpass.key", "credential:key"));
        trial.variable("CREDENTIALS_DIRECTORY", "/run/credentials/hallpass.service");
        assert_eq!(secret(&trial), Path::new("/run/credentials/hallpass.service/cms"));
        assert_eq!(trial.load().unwrap().site.key_file, Path::new("/run/credentials/hallpass.service/key"));
        assert_eq!(trial.warnings(), [""; 0]);
    }

    #[test]
    fn a_process_without_credentials_is_warned_of_and_loads_all_the_same() {
        let trial = with("credential:cms");
        assert_eq!(secret(&trial), Path::new("credential:cms"));
        assert_eq!(
            trial.warnings(),
            ["districts/cms.toml:14:22 source.client-secret-file: systemd hands no credentials to this process; \
              run it in a unit with LoadCredential=cms:FILE, or name the file"]
        );
    }

    #[test]
    fn a_credential_is_a_name_and_no_path() {
        for name in ["credential:", "credential:../cms", "credential:.cms", "credential:a/b"] {
            assert_eq!(
                with(name).errors(),
                ["districts/cms.toml:14:22 source.client-secret-file: no name of a credential; \
                  expected credential:NAME as LoadCredential= has it"]
            );
        }
        let trial = with("cms.secret");
        assert_eq!(secret(&trial), trial.path("districts/cms.secret"));
    }
}
