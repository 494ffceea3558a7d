//! A OneRoster 1.2 server that stands in for a district's: tokens, pages, and whatever a test wants to go wrong.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{Response, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::roll::Roll;

/// However much is asked for, no page has more.
const CLAMP: usize = 25;
const BEARER: &str = "Bearer token-of-the-day";

/// The server. It ends with the value.
pub struct OneRosterServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    _runtime: Runtime,
}

struct State {
    roll: Roll,
    secret: String,
    /// From this offset of `/users` on it answers so.
    fails: Option<(usize, u16)>,
    asked: Vec<String>,
    /// When each person's row and birth date changed, and those who are gone.
    changed: Vec<Changed>,
    /// Whether it knows `dateLastModified` in a filter.
    filters: bool,
}

/// When something of a person changed.
#[derive(Clone)]
struct Changed {
    user: String,
    birth: String,
}

/// When everybody was entered, but for the last, who came later.
const ENTERED: [&str; 2] = ["2026-01-01T08:00:00.000Z", "2026-01-20T08:00:00.000Z"];

impl OneRosterServer {
    /// A server on a free port of this machine, with these people, for the client `hallpass` with this secret.
    pub fn start(roll: Roll, secret: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let entered = |at: usize| Changed { user: ENTERED[at].to_owned(), birth: ENTERED[at].to_owned() };
        let mut changed = vec![entered(0); roll.people.len()];
        changed.pop();
        changed.push(entered(1));
        let secret = secret.to_owned();
        let state = State { roll, secret, fails: None, asked: Vec::new(), changed, filters: true };
        let state = Arc::new(Mutex::new(state));
        let answering = Arc::clone(&state);
        let router = Router::new().fallback(move |request: Request| {
            let state = Arc::clone(&answering);
            async move {
                let (head, body) = request.into_parts();
                let authorization = head.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
                let body = String::from_utf8(to_bytes(body, 4096).await.unwrap().to_vec()).unwrap();
                state.lock().unwrap().answer(&head.uri, &authorization.unwrap_or_default(), &body)
            }
        });
        drop(runtime.spawn(async move { axum::serve(listener, router).await }));
        Self { address, state, _runtime: runtime }
    }

    /// `[source]` of a district that is served by it; the secret lies in `cms.secret` beside the district's file.
    pub fn source(&self) -> String {
        let address = self.address;
        format!(
            "[source]\nkind = \"oneroster-rest\"\nurl = \"http://{address}/ims/oneroster/rostering/v1p2\"\n\
             version = \"1.2\"\nauth = \"oauth2\"\nclient-id = \"hallpass\"\nclient-secret-file = \"cms.secret\"\n\
             token-url = \"http://{address}/token\"\npause = \"0s\"\n"
        )
    }

    /// Changes the people, and when each was last modified; those who are taken from the end are to be deleted.
    pub fn change(&self, change: impl FnOnce(&mut Roll)) {
        let mut state = self.lock();
        let before = state.roll.clone();
        change(&mut state.roll);
        let now = || jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
        let State { roll, changed, .. } = &mut *state;
        changed.resize(roll.people.len().max(changed.len()), Changed { user: now(), birth: now() });
        for (at, changed) in changed.iter_mut().enumerate() {
            let row = |roll: &Roll| {
                let known = roll.people.get(at);
                known.map(|person| (person.id.clone(), person.given.clone(), person.role, person.enabled))
            };
            if row(&before) != row(roll) {
                changed.user = now();
            }
            let born = |roll: &Roll| roll.people.get(at).map(|person| person.born);
            if born(&before) != born(roll) {
                changed.birth = now();
            }
        }
    }

    /// Whether it knows filters from now on; if not, it says 400 to them.
    pub fn filters(&self, filters: bool) {
        self.lock().filters = filters;
    }

    /// From this offset of `/users` on it answers with this status; `None`: it is well again.
    pub fn fails(&self, fails: Option<(usize, u16)>) {
        self.lock().fails = fails;
    }

    /// Wants another secret from now on.
    pub fn wants_secret(&self, secret: &str) {
        secret.clone_into(&mut self.lock().secret);
    }

    /// How often an address that ends so was asked for.
    pub fn asked(&self, end: &str) -> usize {
        self.lock().asked.iter().filter(|path| path.ends_with(end)).count()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn answer(&mut self, uri: &Uri, authorization: &str, body: &str) -> Response<String> {
        self.asked.push(uri.path().to_owned());
        if uri.path() == "/token" {
            // The way of servers that do not know the Basic scheme.
            let right = format!("grant_type=client_credentials&client_id=hallpass&client_secret={}", self.secret);
            return match body == right {
                true => reply(200, &json!({"access_token": "token-of-the-day", "token_type": "Bearer"})),
                false => reply(401, &Value::Null),
            };
        }
        if authorization != BEARER {
            return reply(401, &Value::Null);
        }
        let parameter = |name: &str| {
            let mut pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
        };
        let mut path = uri.path().rsplit('/');
        let name = path.next().unwrap();
        if path.next() == Some("demographics") {
            let row = self.rows("demographics").into_iter().find(|row| row["sourcedId"] == name);
            return row.map_or_else(|| reply(404, &Value::Null), |row| reply(200, &json!({ "demographics": row })));
        }
        let number = |name| parameter(name).unwrap().parse::<usize>().unwrap();
        let (offset, limit) = (number("offset"), number("limit").min(CLAMP));
        let since = parameter("filter").map(|filter| {
            let bare = filter.replace("%3E", ">").replace("%27", "'").replace("%3A", ":");
            bare.strip_prefix("dateLastModified>'").unwrap().strip_suffix('\'').unwrap().to_owned()
        });
        if since.is_some() && !self.filters {
            return reply(400, &Value::Null);
        }
        if let Some((_, status)) = self.fails.filter(|(from, _)| name == "users" && offset >= *from) {
            return reply(status, &Value::Null);
        }
        let rows = self.rows(name).into_iter();
        // Times in one shape are in the order of their texts.
        let newer =
            |row: &Value| since.as_deref().is_none_or(|since| row["dateLastModified"].as_str().unwrap() > since);
        let page: Vec<Value> = rows.filter(newer).skip(offset).take(limit).collect();
        reply(200, &json!({ name: page }))
    }

    fn rows(&self, name: &str) -> Vec<Value> {
        let people = self.roll.people.iter().enumerate();
        let gone = self.roll.people.len()..self.changed.len();
        let deleted = |at: usize, modified: &str| json!({"sourcedId": format!("u-{at:05}"), "status": "tobedeleted", "dateLastModified": modified});
        match name {
            "orgs" => vec![json!({"sourcedId": "school-1", "type": "school", "name": "First School"})],
            "users" => people
                .map(|(number, person)| {
                    json!({
                        "sourcedId": format!("u-{number:05}"), "status": "active", "enabledUser": person.enabled,
                        "dateLastModified": self.changed[number].user,
                        "identifier": person.id, "givenName": person.given, "familyName": person.family,
                        "roles": [{"roleType": "primary", "role": person.role, "org": {"sourcedId": "school-1"}}],
                    })
                })
                .chain(gone.map(|at| deleted(at, &self.changed[at].user)))
                .collect(),
            "demographics" => people
                .filter_map(|(number, person)| {
                    let (year, month, day) = person.born?;
                    let born = format!("{year:04}-{month:02}-{day:02}");
                    let modified = &self.changed[number].birth;
                    let source_id = format!("u-{number:05}");
                    Some(json!({"sourcedId": source_id, "birthDate": born, "dateLastModified": modified}))
                })
                .chain(gone.map(|at| deleted(at, &self.changed[at].birth)))
                .collect(),
            _ => Vec::new(),
        }
    }
}

fn reply(status: u16, body: &Value) -> Response<String> {
    let mut response = Response::new(body.to_string());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}
