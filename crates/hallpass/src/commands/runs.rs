//! What a district's last syncs came to, for `hallpass roster status`.

use jiff::Timestamp;
use roster::{RunEnd, RunRecord, Trigger};
use sync::report::write_counts;

/// Prints so many of the runs, one line each, and the newest in full. They come the newest first.
pub fn print(runs: &[RunRecord], most: usize) {
    let Some(newest) = runs.first() else { return };
    println!("  last syncs, the newest first:");
    for run in runs.iter().take(most) {
        println!("    {}", line(run));
    }
    println!("  the newest in full:");
    for line in whole(newest).lines() {
        println!("    {line}");
    }
}

/// `2026-11-23 16:54 UTC  schedule  refused    max-gone: 100 of 200 published IDs are gone`.
fn line(run: &RunRecord) -> String {
    let mut line = format!("{}  {:<8}  {:<9}  ", moment(run.began_at), trigger(run.trigger), end(run.end));
    match (run.end, run.counts) {
        (RunEnd::Published, Some(counts)) => {
            line.push_str(&format!("{} people", counts.people));
            if let Some(change) = counts.change {
                let [new, gone, changed] = [change.new, change.gone, change.pin_changed];
                line.push_str(&format!(", {new} new, {gone} gone, {changed} PINs changed"));
            }
            match run.notes.len() {
                0 => {}
                notes => line.push_str(&format!(", {notes} to look at")),
            }
        }
        _ => line.push_str(&format!("{}: {}", run.cause, run.why)),
    }
    if run.times > 1 {
        line.push_str(&format!(" ({} times since {})", run.times, moment(run.since)));
    }
    line
}

fn whole(run: &RunRecord) -> String {
    let mut text = format!("{}, {}, {:.1} s\n", moment(run.began_at), end(run.end), seconds(run.took));
    if let Some(counts) = &run.counts {
        // Writing to a string cannot fail.
        let _ = write_counts(&mut text, counts);
    }
    for note in &run.notes {
        text.push_str(&format!("  {note}\n"));
    }
    match (run.end, run.why.as_str()) {
        (_, "") => {}
        (RunEnd::Published, why) => text.push_str(&format!("guard: {why} (overruled by --force)\n")),
        (_, why) => text.push_str(&format!("{}: {why}\n", run.cause)),
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "a tenth of a second, for a person")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

const fn trigger(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Schedule => "schedule",
        Trigger::Manual => "by hand",
        Trigger::Forced => "forced",
    }
}

const fn end(end: RunEnd) -> &'static str {
    match end {
        RunEnd::Published => "published",
        RunEnd::Refused => "refused",
        RunEnd::Failed => "failed",
    }
}

fn moment(seconds: i64) -> String {
    let moment = Timestamp::from_second(seconds);
    moment.map_or_else(|_| "unknown time".to_owned(), |moment| moment.strftime("%Y-%m-%d %H:%M UTC").to_string())
}
