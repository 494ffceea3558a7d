//! Row 10: row 1 with ten districts, beside one district of as many people.
//!
//! Two ways of ten: with prefixes a card says whose it is; with one state-wide ID any of the ten may have it.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::Result;

use super::district::{District, PLAIN};
use super::load::{PAIRS, ROUND, WARM_UP, round};
use super::pairs::{alternate, medians};
use super::process::{Server, output};
use super::report::{Bar, Line};
use super::requests::Requests;
use crate::paths::Paths;

const DISTRICTS: u32 = 10;

/// How the ten are told apart.
#[derive(Clone, Copy)]
enum Apart {
    Prefix,
    Nothing,
}

/// Measures the row; `one` is the district of all the people, already synced, with the requests to it.
pub async fn measure(paths: &Paths, one: &District, requests: &Arc<Requests>) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for apart in [Apart::Prefix, Apart::Nothing] {
        let (ten, answers) = prepare(paths, one.students(), apart).await?;
        let theirs = Arc::new(Requests::read(&answers)?);
        let (mut alone, mut many) = (Server::hallpass(paths, one)?, Server::hallpass(paths, &ten)?);
        alone.answers(requests.at(0)).await?;
        many.answers(theirs.at(0)).await?;
        for (server, requests) in [(&alone, requests), (&many, &theirs)] {
            round(server, requests, 0, WARM_UP).await?;
        }
        let pairs = alternate(PAIRS, &alone, &many, async |server, number| {
            let requests = if server.address == ten.address { &theirs } else { requests };
            let (round, _) = round(server, requests, number + 1, ROUND).await?;
            one.empty_log()?;
            ten.empty_log()?;
            Ok(round)
        })
        .await?;
        alone.stop().await?;
        many.stop().await?;
        let [rate, with_ten, with_one] = medians(&pairs, |round| round.rate);
        let how = match apart {
            Apart::Prefix => "a prefix each",
            Apart::Nothing => "one state-wide ID",
        };
        lines.push(
            Line::new(format!("10. Row 1, ten districts, {how}: rate beside one district's"), Bar::AtLeast(0.9), rate)
                .detail(format!("{with_ten:.0}/s of {with_one:.0}/s")),
        );
    }
    Ok(lines)
}

/// A site of ten districts, synced, and the answers of all of them in one file.
async fn prepare(paths: &Paths, students: u32, apart: Apart) -> Result<(District, std::path::PathBuf)> {
    let name = match apart {
        Apart::Prefix => "bench-prefixes",
        Apart::Nothing => "bench-shared",
    };
    let ten = District::prepare_at(paths, name, students / DISTRICTS, 16_101).await?;
    let site = ten.site();
    let text = fs::read_to_string(site.join("districts/bench.toml"))?;
    fs::remove_file(site.join("districts/bench.toml"))?;
    let mut all = String::new();
    let mut ids = Vec::new();
    for number in 0..DISTRICTS {
        let id = format!("d{number}");
        let bundle = ten.part(paths, PLAIN, (number + 1, DISTRICTS)).await?;
        let rule = match apart {
            Apart::Prefix => format!("prefix = \"4{number}\"\npattern"),
            Apart::Nothing => "namespace = \"state\"\npattern".to_owned(),
        };
        let source = format!("path = '{}'", bundle.display());
        let here: Vec<&str> =
            text.lines().map(|line| if line.starts_with("path = ") { &*source } else { line }).collect();
        fs::write(site.join(format!("districts/{id}.toml")), here.join("\n").replacen("pattern", &rule, 1))?;
        let prefix = if let Apart::Prefix = apart { format!("4{number}") } else { String::new() };
        for line in fs::read_to_string(answers_of(&bundle))?.lines() {
            all.push_str(&prefix);
            all.push_str(line);
            all.push('\n');
        }
        ids.push(format!("\"{id}\""));
    }
    let client = fs::read_to_string(ten.client_file())?;
    fs::write(ten.client_file(), client.replacen("\"bench\"", &ids.join(", "), 1))?;
    let config = ten.config().display().to_string();
    output(&paths.hallpass, &["sync", "--config", &config], Stdio::null()).await?;
    let answers = site.join("answers");
    fs::write(&answers, all)?;
    Ok((ten, answers))
}

fn answers_of(bundle: &Path) -> std::path::PathBuf {
    bundle.with_extension("answers")
}
