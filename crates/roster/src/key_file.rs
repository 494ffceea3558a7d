//! The file with the keys: one line each, the first is the current one.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::Path;

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::{Key, Keyring, RosterError};

const WORD: &str = "hallpass-key-1";
const HEAD: &str = "# Hallpass keys, one a line; the first is current, the others only read what was made under them.\n\
                    # To rotate: add a line on top, sync every district, remove the old line.\n\
                    # Whoever has this file and the data folder can guess PINs. Losing it costs one sync.\n";

/// Reads the key file. It is refused where anybody but its owner may open it, except where systemd hands it over as
/// a credential (it lies in `credentials`, the folder `$CREDENTIALS_DIRECTORY`, which systemd guards itself).
pub fn load(path: &Path, credentials: Option<&Path>) -> Result<Keyring, RosterError> {
    let fault = |problem: &str| RosterError::KeyFile { path: path.to_owned(), problem: problem.to_owned() };
    let mut file = fs::File::open(path).map_err(|error| {
        fault(&match error.kind() {
            _ if is_credential(path) => {
                "is handed over by systemd to its units only; run this in one with LoadCredential=".to_owned()
            }
            std::io::ErrorKind::NotFound => "is missing; make one with `hallpass keygen`".to_owned(),
            _ => format!("cannot be read ({error}); run as the user that owns it"),
        })
    })?;
    let metadata = file.metadata().map_err(|error| fault(&error.to_string()))?;
    let guarded_by_systemd = credentials.is_some_and(|folder| path.starts_with(folder));
    if !guarded_by_systemd && metadata.permissions().mode() & 0o077 != 0 {
        return Err(fault(
            "can be opened by others than its owner; `chmod 600` it, and rotate the key if others may have read it",
        ));
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(|error| fault(&error.to_string()))?;
    let mut keys = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let bytes = line.strip_prefix(WORD).and_then(|hex| decode_hex(hex.trim())).ok_or_else(|| {
            fault(&format!(
                "line {number}: expected `{WORD}` and 64 hexadecimal digits, as `hallpass keygen` writes them"
            ))
        })?;
        keys.push(Key::derive(&bytes)?);
    }
    Keyring::new(keys).ok_or_else(|| fault("holds no key; make one with `hallpass keygen`"))
}

/// Writes a new key file with mode 0600, never over an existing one, and gives it to `owner` (user and group id).
pub fn generate(path: &Path, owner: Option<(u32, u32)>) -> Result<(), RosterError> {
    let fault = |problem: String| RosterError::KeyFile { path: path.to_owned(), problem };
    if is_credential(path) {
        return Err(fault("is handed over by systemd; write it where LoadCredential= says".to_owned()));
    }
    let mut bytes = Zeroizing::new([0_u8; 32]);
    rand::fill(&mut *bytes).map_err(|_| RosterError::Crypto("no random bytes"))?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
        fault(match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                "exists already and is left as it is; to rotate, add a line to it (see the file's head)".to_owned()
            }
            _ => format!("cannot be written ({error})"),
        })
    })?;
    let mut text = Zeroizing::new(format!("{HEAD}{WORD} "));
    for byte in bytes.iter() {
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\n');
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| fault(error.to_string()))?;
    if let Some((user, group)) = owner
        && file.metadata().is_ok_and(|metadata| metadata.uid() != user)
    {
        chown(path, Some(user), Some(group))
            .map_err(|error| fault(format!("cannot be given to its owner ({error})")))?;
    }
    Ok(())
}

/// The configuration names a credential, and systemd hands none to this process.
fn is_credential(path: &Path) -> bool {
    path.to_string_lossy().starts_with("credential:")
}

fn decode_hex(hex: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let digit = |letter: u8| char::from(letter).to_digit(16);
        let [high, low] = *pair;
        *byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_folder(test: impl FnOnce(&Path)) {
        let folder = tempfile::tempdir().unwrap();
        test(&folder.path().join("hallpass.key"));
    }

    #[test]
    fn a_generated_key_file_loads_and_is_never_written_over() {
        in_folder(|path| {
            generate(path, None).unwrap();
            let before = fs::read(path).unwrap();
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
            load(path, None).unwrap();
            assert!(generate(path, None).unwrap_err().to_string().contains("exists already"));
            assert_eq!(fs::read(path).unwrap(), before);
        });
    }

    #[test]
    fn a_credential_that_systemd_did_not_hand_over_is_neither_read_nor_made() {
        let path = Path::new("credential:key");
        assert!(load(path, None).unwrap_err().to_string().contains("LoadCredential="));
        assert!(generate(path, None).unwrap_err().to_string().contains("LoadCredential="));
        assert!(!path.exists());
    }

    #[test]
    fn a_key_file_that_others_can_open_is_refused_unless_systemd_guards_it() {
        in_folder(|path| {
            generate(path, None).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o640)).unwrap();
            assert!(load(path, None).unwrap_err().to_string().contains("chmod 600"));
            load(path, path.parent()).unwrap();
        });
    }

    #[test]
    fn a_missing_an_empty_and_a_broken_file_say_what_to_do() {
        in_folder(|path| {
            assert!(load(path, None).unwrap_err().to_string().contains("hallpass keygen"));
            let write = |text: &str| {
                let _ = fs::remove_file(path);
                OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(path)
                    .unwrap()
                    .write_all(text.as_bytes())
                    .unwrap();
            };
            write("# nothing\n");
            assert!(load(path, None).unwrap_err().to_string().contains("holds no key"));
            write("\nhallpass-key-1 00ff\n");
            assert!(load(path, None).unwrap_err().to_string().contains("line 2"));
        });
    }
}
