//! Whether a client's password is right, without being a lever: argon2id costs 20 ms and 19 MiB a guess.
//!
//! A password is verified once by its argon2id hash; after that only a keyed hash of it, made with a key that lives no
//! longer than the process, is compared. Everything else waits in a bounded queue.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordVerifier as _};
use aws_lc_rs::hmac;
use tokio::sync::Semaphore;

use crate::gate::Place;
use crate::house::Client;
use crate::service::Service;

/// Verifications at a time: each keeps a core busy.
const AT_A_TIME: usize = 1;
/// Verifications that may wait; over it a login fails at once.
const WAITING: usize = 64;
/// Verified for a user that does not exist, so that the answer takes as long: the hash of random bytes.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c3ludGhldGljLXNhbHQ$uVB7t2cRZiqDHpvZDGXyrJ9M5yz7RcPCVzjnuAkBIuI";

/// Remembers which passwords were right.
pub struct Logins {
    key: hmac::Key,
    /// The keyed hash of the right password, by the argon2id hash that it was right for.
    right: Mutex<HashMap<String, [u8; 32]>>,
    queue: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// Who the client of a connection is: by id, for a reload may move or remove it.
pub struct Known {
    /// Its id.
    pub id: Box<str>,
    /// Where it stood when it was last found.
    pub at: usize,
    /// Counted as long as the connection lives, where its client has a bound.
    _place: Option<Place<String>>,
}

/// What came of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginCheck {
    /// The password is the one.
    Right,
    /// It is not.
    Wrong,
    /// Too many others wait; nothing was verified.
    Busy,
}

impl Logins {
    /// `None`: no random key could be made.
    pub fn new() -> Option<Self> {
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).ok()?;
        Some(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            right: Mutex::default(),
            queue: Arc::new(Semaphore::new(WAITING)),
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
        })
    }

    /// Compares with a password that was right before: no waiting.
    pub fn is_known(&self, hash: &str, password: &str) -> bool {
        let keyed = self.keyed(password);
        let right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        let known = right.get(hash);
        known.is_some_and(|known| subtle::ConstantTimeEq::ct_eq(&known[..], &keyed[..]).into())
    }

    /// Verifies a password by an argon2id hash, or by one of nobody's where there is no such user.
    pub async fn verify(&self, hash: Option<String>, password: String) -> LoginCheck {
        let Ok(_place) = Arc::clone(&self.queue).try_acquire_owned() else { return LoginCheck::Busy };
        let Ok(_turn) = Arc::clone(&self.turns).acquire_owned().await else { return LoginCheck::Busy };
        let keyed = self.keyed(&password);
        let against = hash.clone().unwrap_or_else(|| NOBODY.to_owned());
        let right = tokio::task::spawn_blocking(move || is_right(&against, &password)).await.unwrap_or(false);
        match hash {
            Some(hash) if right => {
                self.right.lock().unwrap_or_else(PoisonError::into_inner).insert(hash, keyed);
                LoginCheck::Right
            }
            _ => LoginCheck::Wrong,
        }
    }

    /// Whether a password is right, at once where it was right before.
    async fn check(&self, hash: Option<String>, password: &str) -> LoginCheck {
        match &hash {
            Some(hash) if self.is_known(hash, password) => LoginCheck::Right,
            _ => self.verify(hash, password.to_owned()).await,
        }
    }

    fn keyed(&self, password: &str) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(hmac::sign(&self.key, password.as_bytes()).as_ref()) {
            *to = *from;
        }
        bytes
    }
}

/// Who logs in, or the cause why nobody does: one word for logs and metrics.
pub async fn log_in(service: &Service, user: &str, password: &str, source: IpAddr) -> Result<Known, &'static str> {
    let house = service.view.load_full();
    let named = house.client_of_login(user);
    // From another network it is as if there were no such user: how long the answer takes must not say that the
    // password is right.
    let found = named.filter(|(_, client)| client.may_connect_from(source));
    let hash = found.and_then(|(_, client)| Some(client.login.as_ref()?.password_hash.as_str().to_owned()));
    match (service.logins.check(hash, password).await, found) {
        (LoginCheck::Right, Some((at, client))) => Known::admit(service, client, at, source),
        (LoginCheck::Busy, _) => Err("busy"),
        _ if named.is_some() && found.is_none() => Err("network"),
        _ => Err("login"),
    }
}

impl Known {
    /// A connection of a client, where it may have one more from there.
    pub fn admit(service: &Service, client: &Client, at: usize, source: IpAddr) -> Result<Self, &'static str> {
        if !client.may_connect_from(source) {
            return Err("network");
        }
        let place = match client.connections {
            None => None,
            Some(limit) => Some(service.crowds.admit(client.id.clone(), limit).ok_or("connections")?),
        };
        Ok(Self { id: client.id.as_str().into(), at, _place: place })
    }
}

fn is_right(hash: &str, password: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use argon2::PasswordHasher as _;

    use super::*;

    fn hash_of(password: &str) -> String {
        Argon2::default().hash_password(password.as_bytes()).unwrap().to_string()
    }

    #[tokio::test]
    async fn a_right_password_is_known_from_then_on_and_another_is_not() {
        let (logins, hash) = (Logins::new().unwrap(), hash_of("synthetic"));
        assert!(!logins.is_known(&hash, "synthetic"));
        assert_eq!(logins.verify(Some(hash.clone()), "wrong".into()).await, LoginCheck::Wrong);
        assert_eq!(logins.verify(Some(hash.clone()), "synthetic".into()).await, LoginCheck::Right);
        assert!(logins.is_known(&hash, "synthetic"));
        assert!(!logins.is_known(&hash, "wrong"));
        assert!(!logins.is_known(&hash_of("synthetic"), "synthetic"), "another hash is another password");
    }

    #[tokio::test]
    async fn an_unknown_user_is_verified_against_nobodys_hash() {
        assert!(PasswordHash::new(NOBODY).is_ok());
        assert_eq!(Logins::new().unwrap().verify(None, "anything".into()).await, LoginCheck::Wrong);
    }

    #[tokio::test]
    async fn over_the_queue_a_login_fails_at_once() {
        let logins = Logins::new().unwrap();
        let _taken = Arc::clone(&logins.queue).acquire_many_owned(64).await.unwrap();
        assert_eq!(logins.verify(None, "anything".into()).await, LoginCheck::Busy);
    }

    /// A service whose one client may come from nowhere near.
    fn service(folder: &tempfile::TempDir, hash: &str) -> Service {
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "hallpass.toml",
            "data-dir = \"data\"\nkey-file = \"key\"\n[library]\nname = \"Example\"\ninstitution-id = \"EPL\"\n\
             time-zone = \"UTC\"\n[[listener]]\nprotocol = \"sip2\"\naddress = \"127.0.0.1:0\"\n",
        );
        let district = "name = \"Example\"\n[card]\nid = \"identifier\"\npattern = \"[0-9]{7}\"\n\
                        [pin]\nscheme = \"birth-date\"\nformat = \"MMDD\"\n";
        write("districts/cms.toml", district);
        let login = format!("[login]\nuser = \"sip\"\npassword-hash = \"{hash}\"\n");
        write("clients/far.toml", &format!("districts = [\"cms\"]\nnetworks = [\"203.0.113.0/24\"]\n{login}"));
        let site = site::Site::load_with_env(&folder.path().join("hallpass.toml"), []).unwrap().site;
        roster::key_file::generate(&site.key_file, None).unwrap();
        let keyring = Arc::new(roster::key_file::load(&site.key_file, None).unwrap());
        let store = roster::Store::open(&site.data_dir, keyring).unwrap();
        let log = crate::log_writer::LogWriter::start(std::io::sink()).unwrap();
        Service::open(Arc::new(site), store, log).unwrap().0
    }

    #[tokio::test]
    async fn from_another_network_a_right_password_is_verified_as_slowly_as_a_wrong_one() {
        let folder = tempfile::tempdir().unwrap();
        let service = service(&folder, &hash_of("synthetic"));
        let (near, far) = (IpAddr::from([203, 0, 113, 9]), IpAddr::from([198, 51, 100, 9]));
        let cause = async |password, source| log_in(&service, "sip", password, source).await.err();
        assert_eq!(cause("synthetic", near).await, None);
        assert_eq!(cause("synthetic", far).await, Some("network"));
        // Where nothing can be verified, only what needs no verifying is answered.
        let _taken = Arc::clone(&service.logins.queue).acquire_many_owned(64).await.unwrap();
        assert_eq!(cause("synthetic", near).await, None, "it was right before");
        assert_eq!(cause("synthetic", far).await, Some("busy"));
    }
}
