//! 100 SIGHUPs under load, every second one with a broken file.

use std::fs;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Result, ensure};
use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use super::Stage;
use super::load::Load;
use crate::bench::report::{Bar, Line};

const SIGNALS: usize = 100;
const PATIENCE: Duration = Duration::from_secs(10);

/// Shows it.
pub async fn show(stage: &Stage<'_>) -> Result<Vec<Line>> {
    let server = stage.server().await?;
    let (file, log) = (stage.district.client_file(), stage.district.log());
    let good = fs::read_to_string(&file)?;
    let load = Load::start(server.address, &stage.requests);
    let told = |event: &str| -> Result<usize> {
        // Verdicts grow the file quickly: it is emptied once it was read.
        Ok(fs::read_to_string(&log)?.matches(&format!("\"message\":\"{event}\"")).count())
    };
    let (mut reloaded, mut refused) = (0, 0);
    for number in 0..SIGNALS {
        let broken = number % 2 == 0;
        fs::write(&file, if broken { format!("{good}\n[dialect]\ncharset = ") } else { good.clone() })?;
        stage.district.empty_log()?;
        server.signal(Signal::HUP)?;
        let due = Instant::now() + PATIENCE;
        let event = if broken { "reload_refused" } else { "reloaded" };
        while told(event)? == 0 {
            ensure!(Instant::now() < due, "no {event} in the log");
            sleep(Duration::from_millis(2)).await;
        }
        *if broken { &mut refused } else { &mut reloaded } += 1;
    }
    fs::write(&file, &good)?;
    let seen = load.stop().await?;
    server.terminate().await?;
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let faults = count(&seen.refused) + count(&seen.truncated) + count(&seen.wrong) + count(&seen.reconnects);
    let what =
        format!("{SIGNALS} SIGHUPs under load: refused connects, truncated replies, wrong verdicts, cut connections");
    Ok(vec![
        Line::new(what, Bar::AtMost(0.0), faults as f64)
            .detail(format!("{reloaded} taken, {refused} refused; {} right answers meanwhile", count(&seen.answers))),
    ])
}
