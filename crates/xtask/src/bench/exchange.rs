//! Row 2: connect, log in, ask once, close. How e-book vendors really load us.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::client::Client;
use super::district::District;
use super::pairs::{alternate, medians};
use super::process::Server;
use super::report::{Bar, Line};
use super::requests::Requests;

const AT_A_TIME: usize = 16;
const PAIRS: usize = 7;
const ROUND: Duration = Duration::from_secs(3);
const WARM_UP: Duration = Duration::from_secs(1);

/// Measures the row.
pub async fn measure(echo: &Server, ours: &Server, district: &District, requests: &Arc<Requests>) -> Result<Line> {
    for server in [echo, ours] {
        // Also the one login that costs an argon2.
        round(server, requests, 0, WARM_UP).await?;
    }
    let pairs = alternate(PAIRS, echo, ours, async |server, number| {
        let rate = round(server, requests, number + 1, ROUND).await;
        district.empty_log()?;
        rate
    })
    .await?;
    let [ratio, ours, echo] = medians(&pairs, |rate| *rate);
    let what = format!("2. Connect, 93, 63, close, {AT_A_TIME} at a time: rate");
    Ok(Line::new(what, Bar::AtLeast(0.85), ratio).detail(format!("{ours:.0}/s of the echo server's {echo:.0}/s")))
}

/// Exchanges a second.
async fn round(server: &Server, requests: &Arc<Requests>, number: usize, length: Duration) -> Result<f64> {
    let stretch = requests.count() / AT_A_TIME;
    let &Server { login_address, answer, accepted, .. } = server;
    let login = Arc::new(District::login());
    let started = Instant::now();
    let mut vendors = JoinSet::new();
    for vendor in 0..AT_A_TIME {
        let (requests, login) = (Arc::clone(requests), Arc::clone(&login));
        let first = vendor * stretch + number * stretch / 8;
        vendors.spawn(async move {
            let mut exchanges = 0;
            while started.elapsed() < length {
                let mut client = Client::connect(login_address).await?;
                client.ask(login.as_bytes(), accepted).await?;
                client.ask(requests.at(first + exchanges), answer).await?;
                exchanges += 1;
            }
            anyhow::Ok(exchanges)
        });
    }
    let mut exchanges = 0;
    while let Some(vendor) = vendors.join_next().await {
        exchanges += vendor??;
    }
    Ok(exchanges as f64 / started.elapsed().as_secs_f64())
}
