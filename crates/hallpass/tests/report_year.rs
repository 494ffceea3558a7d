//! `hallpass report` on a synthetic year: twelve months of uses, counted by hand beside it.
//!
//! The months come in through the state, as the daemon hands them over: its own clock cannot be set.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use jiff::civil::date;
use patron::{Grade, Role};
use roster::{Row, Store, UsageKey, Use, UseMonth, key_file};
use serde_json::Value;
use tempfile::TempDir;

const MAIN: &str = "data-dir = \"../data\"\nkey-file = \"hallpass.key\"\n[library]\nname = \"Example Public Library\"\n\
                    institution-id = \"EPL\"\ntime-zone = \"America/New_York\"\n[[listener]]\nprotocol = \"sip2\"\n\
                    address = \"127.0.0.1:0\"\n";
const CLIENTS: [&str; 2] = ["overdrive", "vufind"];
/// Districts with their students, and the lowest ID: its length tells them apart.
const DISTRICTS: [(&str, &str, u32); 3] =
    [("cms", "3000", 1_000_000), ("duval", "900", 10_000_000), ("tiny", "60", 100_000)];

/// Somebody of a roster.
#[derive(Clone)]
struct Person {
    district: &'static str,
    id: String,
    school: Option<(String, String)>,
    grade: Option<Grade>,
    role: Role,
}

/// Who used it: by period, client (empty: any), level, district and code.
type Expected = BTreeMap<(String, String, &'static str, String, String), HashSet<String>>;

struct Library {
    folder: TempDir,
    people: Vec<Person>,
    expected: Expected,
}

impl Library {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let conf = folder.path().join("conf");
        for below in ["districts", "clients"] {
            fs::create_dir_all(conf.join(below)).unwrap();
        }
        fs::write(conf.join("hallpass.toml"), MAIN).unwrap();
        for (district, students, first_id) in DISTRICTS {
            let inbox = folder.path().join("inbox").join(district);
            let first = first_id.to_string();
            let pattern = format!("[0-9]{{{}}}", first.len());
            fs::write(
                conf.join(format!("districts/{district}.toml")),
                format!(
                    "name = \"{} Schools\"\n[card]\nid = \"identifier\"\npattern = \"{pattern}\"\n[pin]\nscheme = \
                     \"birth-date\"\nformat = \"MMDDYYYY\"\n[source]\nkind = \"oneroster-csv\"\npath = \"{}\"\nafter = \
                     \"keep\"\n[goal]\ncards = 500\nby = \"2027-06-30\"\n",
                    district.to_uppercase(),
                    inbox.display()
                ),
            )
            .unwrap();
            let inbox = inbox.to_str().unwrap();
            run(&["synth", inbox, "--students", students, "--staff", "80", "--schools", "12", "--first-id", &first]);
        }
        for (number, client) in CLIENTS.iter().enumerate() {
            fs::write(
                conf.join(format!("clients/{client}.toml")),
                format!("districts = [\"cms\", \"duval\", \"tiny\"]\nnetworks = [\"10.0.0.{number}/32\"]\n"),
            )
            .unwrap();
        }
        let mut library = Self { folder, people: Vec::new(), expected: Expected::new() };
        library.run(&["keygen"]);
        library.run(&["sync"]);
        library.people = library.everybody();
        library
    }

    fn run(&self, arguments: &[&str]) -> String {
        let file = self.folder.path().join("conf/hallpass.toml");
        run(&[arguments, &["--config", file.to_str().unwrap()]].concat())
    }

    fn report(&self, arguments: &[&str]) -> String {
        self.run(&[&["report"], arguments].concat())
    }

    fn store(&self) -> Store {
        let key = self.folder.path().join("conf/hallpass.key");
        Store::open(&self.folder.path().join("data"), Arc::new(key_file::load(&key, None).unwrap())).unwrap()
    }

    /// The people of the rosters, found by the IDs of the districts' own files.
    fn everybody(&self) -> Vec<Person> {
        let store = self.store();
        let mut people = Vec::new();
        for (district, _, _) in DISTRICTS {
            let users = fs::read_to_string(self.folder.path().join("inbox").join(district).join("users.csv")).unwrap();
            let mut lines = users.lines().map(|line| line.split(',').map(|cell| cell.trim_matches('"')));
            let at = lines.next().unwrap().position(|name| name == "identifier").unwrap();
            let ids: BTreeSet<&str> = lines.map(|mut cells| cells.nth(at).unwrap()).collect();
            let generation = store.serving(district).unwrap().unwrap();
            let keyring = store.keyring();
            for id in ids {
                let index = keyring.current().row_index(&format!("district:{district}"), id);
                let Some(Row::Student(row)) = generation.row(&index).unwrap() else { continue };
                let school = row.student.schools.first().map(|school| {
                    let school = &generation.header().schools[usize::from(school.0)];
                    (school.source_id.clone(), school.name.clone())
                });
                let (grade, role) = (row.student.grade, row.student.role);
                people.push(Person { district, id: id.to_owned(), school, grade, role });
            }
        }
        people
    }

    /// Lives through the months of 2025, and counts by hand.
    fn live(&mut self) {
        let store = self.store();
        let key = UsageKey::of(&store.identity_key().unwrap());
        let mut dice = 88_172_645_463_325_252_u64;
        for month in 1..=12 {
            let mut uses = Vec::new();
            for person in self.people.clone() {
                dice ^= dice << 13;
                dice ^= dice >> 7;
                dice ^= dice << 17;
                // Some come each month, some now and then, most never; many more than once.
                let habit = person.id.parse::<u64>().unwrap() * 2_654_435_761 % 100;
                let comes = if habit < 8 {
                    90
                } else if habit < 40 {
                    12
                } else {
                    0
                };
                if person.role != Role::Student || dice % 100 >= comes {
                    continue;
                }
                for visit in 0..1 + dice / 100 % 3 {
                    let client = CLIENTS[usize::from((dice / 1000 + visit).is_multiple_of(4))];
                    uses.push(Use {
                        district: person.district.to_owned(),
                        client: client.to_owned(),
                        month: UseMonth::of(date(2025, month, 9)),
                        person: key.mark(&format!("district:{}", person.district), &person.id, ""),
                        at_client: key.mark(&format!("district:{}", person.district), &person.id, client),
                        school: person.school.clone(),
                        grade: person.grade,
                        role: person.role,
                    });
                    self.expect(&person, client, month);
                }
            }
            for batch in uses.chunks(777) {
                store.state().count_uses(&key, batch).unwrap();
            }
        }
    }

    fn expect(&mut self, person: &Person, client: &str, month: i8) {
        let quarter = (month + 2) / 3;
        let periods = ["ever".to_owned(), "2025".to_owned(), format!("2025-Q{quarter}"), format!("2025-{month:02}")];
        let (school, grade) = (person.school.as_ref().map(|(id, _)| id.as_str()), person.grade.map(Grade::name));
        let parts = [
            ("all", "", ""),
            ("district", person.district, ""),
            ("school", person.district, school.unwrap_or_default()),
            ("grade", person.district, grade.unwrap_or_default()),
            ("role", person.district, person.role.name()),
        ];
        for period in periods {
            for client in ["", client] {
                for (level, district, code) in parts {
                    let of = (period.clone(), client.to_owned(), level, district.to_owned(), code.to_owned());
                    self.expected.entry(of).or_default().insert(person.id.clone());
                }
            }
        }
    }

    fn expected(&self, period: &str, client: &str, row: &Value) -> u64 {
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        let levels = ["all", "district", "school", "grade", "role"];
        let level = *levels.iter().find(|level| **level == row["level"]).unwrap();
        let of = (period.to_owned(), client.to_owned(), level, text("district"), text("code"));
        self.expected.get(&of).map_or(0, HashSet::len) as u64
    }
}

fn run(arguments: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_hallpass")).args(arguments).output().unwrap();
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn a_years_totals_are_the_uses_that_were_sent_and_nothing_small_is_shown() {
    let mut library = Library::new();
    library.live();
    let (mut shown, mut withheld) = (0, 0);
    for period in ["2025-01", "2025-09", "2025-12", "2025-Q1", "2025-Q4", "2025"] {
        for by in [&[][..], &["--by", "school"], &["--by", "grade"], &["--by", "role"]] {
            let report = library.report(&[&["--format", "json", "--period", period], by].concat());
            let report: Value = serde_json::from_str(&report).unwrap();
            assert_eq!((&report["period"], &report["complete"]), (&Value::from(period), &Value::from(true)));
            for row in report["rows"].as_array().unwrap() {
                for client in ["", "overdrive", "vufind"] {
                    let told = if client.is_empty() { row } else { &row["clients"][client] };
                    for (measure, of) in [("used_ever", "ever"), ("used_in_period", period)] {
                        let expected = library.expected(of, client, row);
                        match told[measure].as_u64() {
                            Some(people) => {
                                shown += 1;
                                assert_eq!(people, expected, "{measure} {client} in {row}");
                                let nobody_may = row["eligible"] == 0;
                                assert!(people >= 10 || (people == 0 && nobody_may), "{measure} {client} in {row}");
                            }
                            None => withheld += 1,
                        }
                    }
                }
            }
            let all = &report["rows"][0];
            assert!(all["used_ever"].is_u64() && all["used_in_period"].is_u64(), "{period}: {all}");
        }
    }
    // Enough of both for the test to mean something.
    assert!(shown > 500 && withheld > 100, "{shown} shown, {withheld} withheld");
    look_at(&library);
}

/// The other forms say the same; with REPORT_SAMPLES they stay to be looked at.
fn look_at(library: &Library) {
    let folder = library.folder.path().join("reports");
    fs::create_dir(&folder).unwrap();
    let output = folder.to_str().unwrap();
    for format in ["table", "csv", "json", "svg"] {
        library.report(&["--period", "2025-Q4", "--format", format, "--output", output]);
        for by in ["school", "grade", "role"] {
            library.report(&["--period", "2025-Q4", "--by", by, "--format", format, "--output", output]);
        }
    }
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let json: Value = serde_json::from_str(&read("report-2025-Q4-school.json")).unwrap();
    let (csv, table, svg) =
        (read("report-2025-Q4-school.csv"), read("report-2025-Q4-school.txt"), read("report-2025-Q4-school.svg"));
    let rows = json["rows"].as_array().unwrap();
    let lines: Vec<csv::StringRecord> =
        csv::Reader::from_reader(csv.as_bytes()).records().map(Result::unwrap).collect();
    assert_eq!(lines.len(), rows.len());
    for (row, line) in rows.iter().zip(&lines) {
        let people = row["used_in_period"].as_u64().map_or("withheld".to_owned(), |people| people.to_string());
        assert_eq!((&line[4], &line[8]), (row["name"].as_str().unwrap(), &*people));
        let name = row["name"].as_str().unwrap();
        assert!(
            table.contains(name)
                && (row["level"] == "all" || svg.contains(&name.replace('&', "&amp;").replace('"', "&quot;"))),
            "{name}"
        );
    }
    assert!(svg.contains("withheld") && table.contains(" * "), "{table}");
    if let Some(samples) = std::env::var_os("REPORT_SAMPLES") {
        for file in fs::read_dir(&folder).unwrap() {
            let file = file.unwrap().path();
            fs::copy(&file, Path::new(&samples).join(file.file_name().unwrap())).unwrap();
        }
    }
}
