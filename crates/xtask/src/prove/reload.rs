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
    let load = Load::start(server.address, stage);
    // Verdicts grow the log quickly: it is emptied once it was read.
    let told = || -> Result<[usize; 2]> {
        let text = fs::read_to_string(&log)?;
        Ok(["reloaded", "reload_refused"].map(|event| text.matches(&format!("\"message\":\"{event}\"")).count()))
    };
    let (mut reloaded, mut refused) = (0, 0);
    for number in 0..SIGNALS {
        let is_broken = number % 2 == 0;
        fs::write(&file, if is_broken { format!("{good}\n[dialect]\ncharset = ") } else { good.clone() })?;
        stage.district.empty_log()?;
        server.signal(Signal::HUP)?;
        let due = Instant::now() + PATIENCE;
        let [taken, not_taken] = loop {
            let told = told()?;
            if told != [0, 0] {
                break told;
            }
            ensure!(Instant::now() < due, "the log says nothing of the signal number {number}");
            sleep(Duration::from_millis(2)).await;
        };
        reloaded += taken;
        refused += not_taken;
        ensure!(
            (taken, not_taken) == (usize::from(!is_broken), usize::from(is_broken)),
            "broken: {is_broken}, and yet {taken} taken and {not_taken} refused"
        );
    }
    let seen = load.stop().await?;
    server.terminate().await?;
    let cut = seen.reconnects.load(Ordering::Relaxed);
    let what =
        format!("{SIGNALS} SIGHUPs under load: refused connects, truncated replies, wrong verdicts, cut connections");
    Ok(vec![
        Line::new(what, Bar::AtMost(0.0), (seen.faults() + cut) as f64).detail(format!("{}; {cut} cut", seen.told())),
        Line::new("of them told as they were due", Bar::AtLeast(SIGNALS as f64), (reloaded + refused) as f64)
            .detail(format!("{reloaded} reloaded, {refused} reload_refused")),
    ])
}
