//! Secrets that a source is asked with.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::Refusal;

/// The longest file taken for a secret, in bytes.
const LONGEST: u64 = 4096;

/// A secret. `Debug` does not show it; it is wiped when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Reads the only line of a file. It is refused where anybody but its owner may open it, except where systemd
    /// hands it over as a credential (it lies in `credentials`, the folder `$CREDENTIALS_DIRECTORY`).
    pub fn read(path: &Path, credentials: Option<&Path>) -> Result<Self, Refusal> {
        let read = || {
            let mut file =
                File::open(path).map_err(|error| match path.to_string_lossy().strip_prefix("credential:") {
                    Some(name) => io::Error::other(format!(
                        "systemd hands no credentials to this process; run it in a unit with LoadCredential={name}:FILE"
                    )),
                    None => error,
                })?;
            let metadata = file.metadata()?;
            let guarded_by_systemd = credentials.is_some_and(|folder| path.starts_with(folder));
            if !guarded_by_systemd && metadata.permissions().mode() & 0o077 != 0 {
                return Err(io::Error::other(
                    "can be opened by others than its owner; `chmod 600` it, and have the secret renewed if others may \
                     have read it",
                ));
            }
            // Room for all of it from the start: a text that grows leaves copies behind.
            let mut text = Zeroizing::new(String::with_capacity(LONGEST as usize + 1));
            file.by_ref().take(LONGEST + 1).read_to_string(&mut text)?;
            let secret = Zeroizing::new(text.trim().to_owned());
            if secret.is_empty() || secret.lines().count() > 1 || text.len() as u64 > LONGEST {
                return Err(io::Error::other("holds no secret; it must be the only line of the file"));
            }
            Ok(Self(secret))
        };
        read().map_err(Refusal::unreadable(path))
    }

    /// A secret of a test's own.
    #[cfg(test)]
    pub(crate) fn of(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// The secret itself, for signing.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    fn read(text: &str, mode: u32, as_credential: bool) -> Result<Secret, Refusal> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        Secret::read(&path, as_credential.then_some(folder.path()))
    }

    #[test]
    fn a_secret_is_the_only_line_of_its_file_and_is_never_shown() {
        let secret = read("Marker\n", 0o600, false).unwrap();
        assert_eq!((secret.expose(), format!("{secret:?}").as_str()), ("Marker", "Secret(..)"));
        for text in ["", " \n", "Marker\nMarker\n", &"x".repeat(5000)] {
            let refusal = read(text, 0o600, false).unwrap_err();
            assert!(refusal.to_string().ends_with("it must be the only line of the file"), "{refusal}");
        }
    }

    #[test]
    fn a_credential_that_systemd_did_not_hand_over_says_where_it_would_be() {
        let refusal = Secret::read(Path::new("credential:cms"), None).unwrap_err().to_string();
        assert!(refusal.contains("run it in a unit with LoadCredential=cms:FILE"), "{refusal}");
    }

    #[test]
    fn a_secret_that_others_may_open_is_refused_unless_systemd_guards_it() {
        let refusal = read("Marker\n", 0o640, false).unwrap_err().to_string();
        assert!(refusal.contains("`chmod 600` it") && !refusal.contains("Marker"), "{refusal}");
        assert!(read("Marker\n", 0o440, true).is_ok());
    }
}
