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
}

impl OneRosterServer {
    /// A server on a free port of this machine, with these people, for the client `hallpass` with this secret.
    pub fn start(roll: Roll, secret: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let state = State { roll, secret: secret.to_owned(), fails: None, asked: Vec::new() };
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

    /// Changes the people.
    pub fn change(&self, change: impl FnOnce(&mut Roll)) {
        change(&mut self.lock().roll);
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
            let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(known, _)| *known == name).map(|(_, value)| value.parse::<usize>().unwrap()).next().unwrap()
        };
        let (offset, limit) = (parameter("offset"), parameter("limit").min(CLAMP));
        let name = uri.path().rsplit('/').next().unwrap();
        if let Some((_, status)) = self.fails.filter(|(from, _)| name == "users" && offset >= *from) {
            return reply(status, &Value::Null);
        }
        let page: Vec<Value> = self.rows(name).into_iter().skip(offset).take(limit).collect();
        reply(200, &json!({ name: page }))
    }

    fn rows(&self, name: &str) -> Vec<Value> {
        let people = self.roll.people.iter().enumerate();
        match name {
            "orgs" => vec![json!({"sourcedId": "school-1", "type": "school", "name": "First School"})],
            "users" => people
                .map(|(number, person)| {
                    json!({
                        "sourcedId": format!("u-{number:05}"), "status": "active", "enabledUser": person.enabled,
                        "identifier": person.id, "givenName": person.given, "familyName": person.family,
                        "roles": [{"roleType": "primary", "role": person.role, "org": {"sourcedId": "school-1"}}],
                    })
                })
                .collect(),
            "demographics" => people
                .filter_map(|(number, person)| {
                    let (year, month, day) = person.born?;
                    let born = format!("{year:04}-{month:02}-{day:02}");
                    Some(json!({"sourcedId": format!("u-{number:05}"), "birthDate": born}))
                })
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
