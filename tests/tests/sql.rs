//! A district whose roster comes from its database.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use hallpass_tests::{Daemon, Site, SqlKind, SqlServer};

const SOURCE: &str = r#"kind = "sql"
server = "ADDRESS"
user = "reader"
password-file = "sql.secret"
tls = false
timeout = "5s"
query = """
SELECT number AS id, school, grade, born AS birth_date, active AS enabled, 'Ada' AS given_name, 'B' AS family_name
FROM people
"""
"#;

/// The PIN of everybody here.
const PIN: &str = "04232012";

/// Forty pupils.
const PEOPLE: &str = "CREATE TABLE people (number CHAR(9), school VARCHAR(9), grade INT, born DATE, active BOOLEAN);";

fn people(numbers: std::ops::Range<u32>) -> String {
    let rows = numbers.map(|number| format!("('{number:07}', 's1', 7, '2012-04-23', TRUE)"));
    format!("INSERT INTO people VALUES {};", rows.collect::<Vec<_>>().join(", "))
}

/// A site that pulls from a server.
fn pulling(server: &SqlServer, name: &str) -> Site {
    server.database(name);
    server.run(name, &(PEOPLE.to_owned() + &people(0..40)));
    configured(&format!("{server}/{name}"))
}

fn configured(address: &str) -> Site {
    let site = Site::new();
    let district = site.district("cms");
    let (before, _) = district.split_once("kind = ").unwrap();
    site.write_district("cms", &format!("{before}{}", SOURCE.replace("ADDRESS", address)));
    write_secret(&site, SqlServer::PASSWORD);
    site
}

fn write_secret(site: &Site, secret: &str) {
    let file = site.path("conf/districts/sql.secret");
    fs::write(&file, format!("{secret}\n")).unwrap();
    fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
}

fn servers() -> impl Iterator<Item = SqlServer> {
    [SqlKind::Postgres, SqlKind::MariaDb].into_iter().filter_map(|kind| SqlServer::start(kind, None))
}

#[test]
fn a_roster_is_pulled_and_served_through_an_outage() {
    for mut server in servers() {
        let site = pulling(&server, "sis");
        site.run(&["check"]).succeeded();
        let told = site.sync().succeeded();
        assert!(!told.stdout.contains("warning"), "{}", told.stdout);
        let daemon = Daemon::start(&site);
        assert!(daemon.patron("0000002", PIN).admits());

        // The next pull brings who came, and sees who was disabled.
        server.run("sis", &(people(40..42) + "UPDATE people SET active = FALSE WHERE number = '0000005'"));
        site.sync().succeeded();
        assert!(daemon.patron("0000041", PIN).admits() && !daemon.patron("0000005", PIN).admits());

        server.stop();
        let failed = site.sync();
        assert_ne!(failed.code, Some(0));
        failed.complains(&[&format!("{server}/sis: cannot connect")]);
        assert!(daemon.patron("0000002", PIN).admits());
    }
}

#[test]
fn what_is_wrong_is_told_and_shown_to_nobody() {
    for server in servers() {
        let site = pulling(&server, "sis");
        site.replace("districts/cms.toml", "number AS id", "number AS nr");
        site.sync().complains(&[&format!("{server}/sis: query gives no column `id`"), "write `... AS id`"]);
        site.replace("districts/cms.toml", "number AS nr", "nummer AS id");
        site.sync().complains(&["query names something that is not there", "`nummer`"]);
        write_secret(&site, "Marker-of-a-secret");
        let failed = site.sync();
        assert!(!failed.stderr.contains("Marker") && !failed.stdout.contains("Marker"));
        failed.complains(&["it does not accept user with this password"]);
        fs::set_permissions(site.path("conf/districts/sql.secret"), Permissions::from_mode(0o644)).unwrap();
        site.sync().complains(&["sql.secret", "can be opened by others than its owner"]);
    }
}

#[test]
fn check_takes_no_roster_across_a_network_in_the_clear() {
    let site = configured("mysql://db.example.org/sis");
    site.run(&["check"]).ended_with(78).complains(&["source.tls", "in the clear"]);
}
