//! Row 5: from a bundle to a published roster.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::district::{Bundle, DISTRICT, District, PLAIN};
use super::pairs::median;
use super::process::memory;
use super::report::{Bar, Line};
use crate::paths::Paths;

const SYNCS: usize = 3;
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// The bundles, that of all other rows last: its roster is left to them.
const BUNDLES: [Bundle; 4] = [
    Bundle { version: "1.2", zip: true },
    Bundle { version: "1.2", zip: false },
    Bundle { version: "1.1", zip: true },
    PLAIN,
];

/// Measures the row.
pub async fn measure(paths: &Paths, district: &District) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for bundle in BUNDLES {
        let folder = district.bundle(paths, bundle).await?;
        let (mut rates, mut peak) = (Vec::new(), 0);
        for _ in 0..SYNCS {
            district.take_bundle(&folder)?;
            let (elapsed, anonymous) = sync(paths, district).await?;
            rates.push(f64::from(district.students()) / elapsed.as_secs_f64());
            peak = peak.max(anonymous);
        }
        let rate = median(rates.iter().copied());
        let packing = if bundle.zip { "one .zip" } else { "loose files" };
        let what = format!("5. Sync of {} students, OneRoster {}, {packing}", district.students(), bundle.version);
        let slowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
        lines.push(
            Line::new(format!("{what}: students/s"), Bar::AtLeast(300_000.0), rate)
                .detail(format!("median of {SYNCS}; slowest {slowest:.0}")),
        );
        let mebibytes = peak as f64 / f64::from(1 << 20);
        lines.push(
            Line::new("5. its memory: MiB RssAnon", Bar::AtMost(128.0), mebibytes)
                .detail(format!("the peak of {SYNCS}, read every {LOOK:?}")),
        );
    }
    Ok(lines)
}

/// Syncs once, and returns its time and the most memory it had of its own.
pub async fn sync(paths: &Paths, district: &District) -> Result<(Duration, u64)> {
    let mut command = Command::new(&paths.hallpass);
    command.args(["sync", DISTRICT, "--config"]).arg(district.config());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let started = Instant::now();
    let child = command.spawn().with_context(|| format!("{}", paths.hallpass.display()))?;
    let pid = child.id().context("it ended before it began")?;
    let mut peak = 0;
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let output = child.wait_with_output();
    tokio::pin!(output);
    let output = loop {
        tokio::select! {
            output = &mut output => break output?,
            // It may have ended in between.
            _ = looks.tick() => peak = peak.max(memory(pid).unwrap_or_default().anonymous),
        }
    };
    let elapsed = started.elapsed();
    ensure!(output.status.success(), "`hallpass sync` failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok((elapsed, peak))
}
