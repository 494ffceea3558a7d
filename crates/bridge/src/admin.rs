//! Read-only HTTP for monitoring: `/healthz`, `/readyz`, `/metrics`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::service::Service;

/// Connections at a time: a scraper and a few people.
const CONNECTIONS: usize = 32;
/// How long a request's head may take to arrive.
const HEAD: Duration = Duration::from_secs(5);
/// How long one connection may last; scrapers connect again.
const LONGEST: Duration = Duration::from_secs(120);

/// Serves until the service drains.
pub async fn run(socket: TcpListener, service: Arc<Service>, draining: CancellationToken) {
    let router = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(service);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, socket.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = draining.cancelled() => return,
            accepted = accepted => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (answers, draining) = (TowerToHyperService::new(router.clone()), draining.clone());
        tokio::spawn(async move {
            let _place = place;
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .serve_connection(TokioIo::new(stream), answers);
            tokio::select! {
                // Whoever asked sees for themselves that it broke.
                _ = timeout(LONGEST, served) => {}
                () = draining.cancelled() => {}
            }
        });
    }
}

/// Names each district's state; false only where nothing can be served.
async fn ready(State(service): State<Arc<Service>>) -> impl IntoResponse {
    let house = service.house();
    let mut serves = house.rosters.districts().is_empty();
    let mut districts = serde_json::Map::new();
    for (number, district) in house.rosters.districts().iter().enumerate() {
        let state = match house.rosters.generation(number) {
            Ok(generation) => {
                serves = true;
                let header = generation.header();
                let state = match &district.live {
                    // Its students are told to try later, or admitted by their last good password.
                    Some(line) if line.is_down() => "directory-down",
                    _ => "serving",
                };
                serde_json::json!({ "state": state, "students": header.people, "made_at": header.made_at })
            }
            Err(why) => serde_json::json!({ "state": "unavailable", "why": why.to_string() }),
        };
        districts.insert(district.id.clone(), state);
    }
    let status = if serves { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::json!({ "ready": serves, "districts": districts });
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n"))
}

async fn metrics(State(service): State<Arc<Service>>) -> impl IntoResponse {
    let now = service.clock.now().moment.seconds;
    let locked = service.resolver.guard().locked(now);
    let sums = [service.log.dropped(), service.audit.dropped(), service.resolver.slow_checks_turned_away()];
    service.metrics.observe(&service.house().rosters, now, locked, sums);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], service.metrics.text())
}
