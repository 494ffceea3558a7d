//! Tests against a server that stands in for a district's, on a real socket. The battery runs for each way to sign in.

mod bad_servers;
mod changes;
mod manners;
mod people;
mod signature;
mod stand_in;
mod tls;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::stand_in::{Asked, Reply, StandIn};
use super::requests::Clock;
use super::{Auth, Server, Settings, Trouble, Version};
use crate::battery::{self, ADA, Given, battery};
use crate::secret::Secret;
use crate::{BadData, Cleared, Directory, Fault, Fingerprint, Person, Reading, Refusal, Wanted};

battery!(v1p1_signed_with_sha1, |_, people| super::directory(super::Version::V1p1, super::Auth::OAuth1Sha1, people));
battery!(v1p1_signed_with_sha256, |_, people| super::directory(
    super::Version::V1p1,
    super::Auth::OAuth1Sha256,
    people
));
battery!(v1p2_with_a_token, |_, people| super::directory(super::Version::V1p2, super::oauth2(), people));

const CLIENT: &str = "hallpass & co";
const SECRET: &str = "Marker/secret+1";

/// A token's address on the stand-in itself; [`settings`] puts its socket before it.
fn oauth2() -> Auth {
    Auth::OAuth2 { token_url: "/token".to_owned(), scope: Some("roster.readonly x".to_owned()) }
}

/// A server and the stand-in that it is, together.
struct Held {
    server: Server,
    _stand_in: StandIn,
}

fn directory(version: Version, auth: Auth, people: &[Given]) -> Box<dyn Directory> {
    let collections = people::collections(version, people);
    let stand_in = StandIn::start(move |asked| signed_in(asked).unwrap_or_else(|| paged(&collections, asked)));
    let settings = Settings { page: 2, ..settings(&stand_in, version, auth) };
    Box::new(Held { server: open(settings).0, _stand_in: stand_in })
}

/// What a server answers to those who do not say rightly who they are, and to those who ask for a token.
fn signed_in(asked: &Asked) -> Option<Reply> {
    if asked.path == "/token" {
        let basic = "Basic aGFsbHBhc3MlMjAlMjYlMjBjbzpNYXJrZXIlMkZzZWNyZXQlMkIx";
        let form = "grant_type=client_credentials&scope=roster.readonly%20x";
        let right = asked.header("authorization") == basic && asked.body == form;
        return Some(match right {
            true => Reply::json(&json!({"access_token": "t0", "token_type": "bearer", "expires_in": 3600})),
            false => Reply::status(401),
        });
    }
    let right = match asked.header("authorization") {
        "Bearer t0" => true,
        header => signature::is_right(header, asked, CLIENT, SECRET),
    };
    (!right).then(|| Reply::status(401))
}

/// A page as servers give it: never more than 500 rows, whatever is asked for.
fn paged(collections: &Value, asked: &Asked) -> Reply {
    let name = asked.path.rsplit('/').next().unwrap();
    let Some(rows) = collections[name].as_array() else { return Reply::status(404) };
    assert_eq!((asked.parameter("sort"), asked.parameter("orderBy")), ("sourcedId", "asc"));
    let offset: usize = asked.parameter("offset").parse().unwrap();
    let limit: usize = asked.parameter("limit").parse().unwrap();
    let page: Vec<&Value> = rows.iter().skip(offset).take(limit.min(500)).collect();
    Reply::json(&json!({ name: page })).with("X-Total-Count", &rows.len().to_string())
}

fn settings(stand_in: &StandIn, version: Version, auth: Auth) -> Settings {
    let url = stand_in.url();
    let auth = match auth {
        Auth::OAuth2 { token_url, scope } => Auth::OAuth2 { token_url: format!("{url}{token_url}"), scope },
        auth => auth,
    };
    Settings {
        url: format!("{url}/ims/oneroster/v1p1"),
        version,
        auth,
        client_id: CLIENT.to_owned(),
        page: 5000,
        pause: Duration::ZERO,
        timeout: Duration::from_secs(20),
        ca_file: None,
    }
}

fn open(settings: Settings) -> (Server, TestClock) {
    let clock = TestClock::default();
    let secret = Secret::of(SECRET);
    (Server::with_clock(settings, secret, Box::new(clock.clone())).unwrap(), clock)
}

/// Pulls everything from a stand-in that answers so, where all that is asked for is allowed.
fn pull(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static, wanted: &Wanted) -> Pulled {
    let stand_in = StandIn::start(answer);
    let (mut server, clock) = open(settings(&stand_in, Version::V1p1, Auth::OAuth1Sha1));
    let result = battery::read(&mut server, wanted);
    Pulled { result, asked: stand_in.asked(), waits: clock.waits(), base: stand_in.url() }
}

struct Pulled {
    result: Result<(Vec<Person>, Reading), Refusal>,
    asked: Vec<Asked>,
    waits: Vec<u64>,
    base: String,
}

impl Pulled {
    #[track_caller]
    fn refusal(&self) -> &Refusal {
        let refusal = self.result.as_ref().expect_err("a refusal");
        let told = format!("{refusal} {refusal:?}");
        assert!(!told.contains("Marker") && !told.contains("offset="), "{told}");
        assert!(told.starts_with(&self.base), "names the source: {told}");
        refusal
    }

    #[track_caller]
    fn trouble(&self) -> (&Trouble, Option<(u64, u64)>) {
        match self.refusal() {
            Refusal::Server(fault) => (&fault.trouble, fault.page),
            other => panic!("{other}"),
        }
    }

    #[track_caller]
    fn bad(&self) -> &BadData {
        match self.refusal() {
            Refusal::BadData(bad) => bad,
            other => panic!("{other}"),
        }
    }

    fn people(&self) -> &[Person] {
        &self.result.as_ref().unwrap().0
    }
}

/// A clock that does not wait and says how long it would have.
#[derive(Clone)]
struct TestClock(Arc<Mutex<(Timestamp, Vec<u64>)>>);

impl Default for TestClock {
    fn default() -> Self {
        Self(Arc::new(Mutex::new((Timestamp::from_second(1_795_000_000).unwrap(), Vec::new()))))
    }
}

impl TestClock {
    /// The waits so far, in milliseconds.
    fn waits(&self) -> Vec<u64> {
        self.0.lock().unwrap().1.clone()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().0
    }

    fn wait(&self, time: Duration) {
        let mut clock = self.0.lock().unwrap();
        clock.0 += time;
        clock.1.push(time.as_millis() as u64);
    }
}

impl Directory for Held {
    fn read(&mut self, wanted: &Wanted, sink: &mut dyn FnMut(Person)) -> Result<Reading, Refusal> {
        self.server.read(wanted, sink)
    }

    fn fingerprint(&self) -> Result<Fingerprint, Refusal> {
        self.server.fingerprint()
    }

    fn delete(self: Box<Self>) -> Result<Cleared, Refusal> {
        Ok(Cleared::default())
    }

    fn archive(self: Box<Self>) -> Result<Cleared, Refusal> {
        Ok(Cleared::default())
    }
}

/// So many students, `u0` and up.
fn students(count: usize) -> Value {
    people::collections(Version::V1p1, &vec![ADA; count])
}
