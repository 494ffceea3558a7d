//! Read-only HTTP for monitoring: `/healthz`, `/readyz`, `/metrics`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::service::Service;

/// How long an answer under way may take once the service drains.
const PATIENCE: Duration = Duration::from_secs(1);

/// Serves until the service drains.
pub async fn run(socket: TcpListener, service: Arc<Service>, draining: CancellationToken) {
    let router = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(service);
    let stopped = draining.clone();
    let server = axum::serve(socket, router).with_graceful_shutdown(async move { stopped.cancelled().await });
    let patience = async {
        draining.cancelled().await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        served = server => if let Err(error) = served {
            tracing::error!(%error, "the admin port failed");
        },
        () = patience => {}
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
                serde_json::json!({ "state": "serving", "students": header.people, "made_at": header.made_at })
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
    service.metrics.observe(&service.house().rosters, now, locked, service.log.dropped());
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], service.metrics.text())
}
