//! What lies in `deploy/` fits the product and is taken by those that read it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use hallpass_tests::{Bundle, Person, Site, Tool, run_program, tool};
use serde_json::Value;

/// The most that `systemd-analyze security` may find, in tenths.
const EXPOSURE: &str = "15";

fn root(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(below)
}

fn read(below: &str) -> String {
    fs::read_to_string(root(below)).unwrap_or_else(|error| panic!("{below}: {error}"))
}

/// The names of metrics in a text, without what the encoder adds to them.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let word = |letter: char| !(letter.is_ascii_alphanumeric() || letter == '_');
    let names = text.split(word).filter(|name| name.starts_with("hallpass_"));
    let suffixes = ["_total", "_bucket", "_count", "_sum"];
    names.map(|name| suffixes.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name).to_owned()).collect()
}

#[test]
fn alerts_and_dashboard_name_metrics_that_there_are() {
    let registered = metrics_in(&read("crates/bridge/src/metrics.rs"));
    for file in ["deploy/prometheus/alerts.yml", "deploy/grafana/hallpass.json"] {
        let used = metrics_in(&read(file));
        assert!(used.len() > 5, "{file}");
        let unknown: Vec<_> = used.difference(&registered).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}");
    }
    serde_json::from_str::<Value>(&read("deploy/grafana/hallpass.json")).unwrap();
}

#[test]
fn every_metric_is_in_the_readme() {
    let registered = metrics_in(&read("crates/bridge/src/metrics.rs"));
    let told = metrics_in(&read("README.md"));
    let untold: Vec<_> = registered.difference(&told).collect();
    assert!(untold.is_empty(), "README.md says nothing of {untold:?}");
}

#[test]
fn the_socket_unit_holds_the_addresses_of_the_sample() {
    let unit = read("deploy/systemd/hallpass.socket");
    let held: BTreeSet<&str> = unit.lines().filter_map(|line| line.strip_prefix("ListenStream=")).collect();
    let sample = read("conf/hallpass.toml");
    let asked: BTreeSet<&str> =
        sample.lines().filter_map(|line| line.strip_prefix("address = ")).map(|text| text.trim_matches('"')).collect();
    assert_eq!(held, asked);
}

#[test]
fn systemd_takes_the_units_and_finds_little_exposed() {
    let Some(analyze) = tool(Tool::SystemdAnalyze) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut units = Vec::new();
    for file in fs::read_dir(root("deploy/systemd")).unwrap() {
        let (name, path) = file.map(|file| (file.file_name().into_string().unwrap(), file.path())).unwrap();
        if name.ends_with(".conf") {
            continue;
        }
        // `verify` looks for the program.
        let unit = fs::read_to_string(path).unwrap().replace("/usr/local/bin/hallpass", "/bin/true");
        let instance = folder.path().join(name.replace('@', "@example"));
        fs::write(folder.path().join(&name), &unit).unwrap();
        fs::write(&instance, unit).unwrap();
        units.push(instance.to_str().unwrap().to_owned());
    }
    assert_eq!(units.len(), 7, "{units:?}");
    let arguments = ["verify".to_owned()].into_iter().chain(units.clone());
    let verified = run_program(&analyze, arguments, "").succeeded();
    assert_eq!((verified.stdout.as_str(), verified.stderr.as_str()), ("", ""));
    for service in units.iter().filter(|unit| unit.ends_with(".service")) {
        let arguments = ["security", "--offline=yes", "--no-pager", "--threshold", EXPOSURE, service];
        run_program(&analyze, arguments, "").succeeded();
    }
}

#[test]
fn the_report_unit_asks_for_reports_that_there_are_where_it_may_write() {
    let site = Site::serving(&Bundle::new([Person::student("1000001", "2012-03-04")]));
    let folder = site.path("reports");
    fs::create_dir(&folder).unwrap();
    let unit = read("deploy/systemd/hallpass-report.service");
    let commands: Vec<&str> =
        unit.lines().filter_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/hallpass ")).collect();
    assert!(commands.len() > 3, "{commands:?}");
    for command in &commands {
        let command = command.replace("/var/lib/hallpass/reports", folder.to_str().unwrap());
        site.run(&command.split(' ').collect::<Vec<_>>()).succeeded();
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), commands.len(), "each under a name of its own");
    assert!(unit.contains("\nStateDirectory=hallpass hallpass/reports\n"));
}
