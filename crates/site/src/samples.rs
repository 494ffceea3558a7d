//! The samples in `conf/` load as they stand, and hold every key there is and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use patron::{Budget, Role};
use toml::{Table, Value};

use crate::trial::Trial;
use crate::{
    Dialect, Goal, Guard, Library, Limits, Log, Ncip, Site, Source, Tls, card, client, directory, district,
    eligibility, listener, load, lockout, login, pin, privileges, source,
};

const CONF: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conf");

#[test]
fn the_samples_load_without_a_warning() {
    let loaded =
        Site::load_with_env(&Path::new(CONF).join("hallpass.toml"), []).unwrap_or_else(|faults| panic!("{faults}"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let site = loaded.site;
    assert_eq!(site.districts.iter().map(|district| district.id.as_str()).collect::<Vec<_>>(), ["cms"]);
    assert_eq!(site.clients.iter().map(|client| client.id.as_str()).collect::<Vec<_>>(), ["overdrive", "vufind"]);
    assert_eq!((site.listeners[1].client, &site.clients[1].login), (Some(1), &None));
    assert_eq!(site.districts[0].privileges.patron_type(Role::Student, None), Some("STUDENT"));
}

#[test]
fn the_examples_of_ncip_load_without_a_warning_one_client_for_each_profile() {
    let loaded = Site::load_with_env(&Path::new(CONF).join("examples/ncip/hallpass.toml"), [])
        .unwrap_or_else(|faults| panic!("{faults}"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let profiles = ["vufind", "reshare", "relais", "auto-graphics", "folio"];
    let folder = Path::new(CONF).join("examples/ncip/clients");
    let texts: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    for profile in profiles {
        let named = format!("profile = \"{profile}\"");
        assert_eq!(texts.iter().filter(|text| text.contains(&named)).count(), 1, "{profile}");
    }
}

#[test]
fn what_the_samples_call_a_default_is_one() {
    let site = Site::load_with_env(&Path::new(CONF).join("hallpass.toml"), []).unwrap().site;
    assert_eq!((site.limits, site.budget, site.log), (Limits::default(), Budget::default(), Log::default()));
    let mut guard = site.districts[0].source.clone().unwrap().guard;
    guard.expect_students = None;
    assert_eq!(guard, Guard::default());
    assert_eq!(site.districts[0].ceiling, patron::Release::CEILING);
}

#[test]
fn the_main_sample_holds_every_key() {
    let known = [
        ("", load::KEYS),
        ("library.", Library::KEYS),
        ("listener.", listener::KEYS),
        ("listener.tls.", Tls::KEYS),
        ("admin.", load::ADMIN_KEYS),
        ("log.", Log::KEYS),
        ("limits.", Limits::KEYS),
        ("lockout.", lockout::KEYS),
    ];
    assert_eq!(keys_of("hallpass.toml"), paths(&known));
}

#[test]
fn the_district_sample_holds_every_key() {
    let known = [
        ("", district::KEYS),
        ("card.", card::KEYS),
        ("card.pieces.", &[card::ID_KEYS, card::CHECK_KEYS].concat()),
        ("pin.", pin::KEYS),
        ("eligibility.", eligibility::KEYS),
        ("eligibility.summer.", eligibility::SUMMER_KEYS),
        ("eligibility.expiry.", eligibility::EXPIRY_KEYS),
        ("privileges.", &["student", "teacher"]),
        ("privileges.student.", privileges::KEYS),
        ("privileges.teacher.", &["patron-type"]),
        ("source.", &[Source::KEYS, source::one_roster_csv::KEYS].concat()),
        ("source.guard.", Guard::KEYS),
        ("goal.", Goal::KEYS),
    ];
    let mut keys = keys_of("districts/cms.toml");
    // It has a sample of its own.
    keys.insert("directory".into());
    assert_eq!(keys, paths(&known));
}

#[test]
fn the_sample_of_a_delimited_source_holds_every_key_and_loads() {
    use source::delimited::{Columns, EnabledWords, KEYS};
    let known = [
        ("", &["source"][..]),
        ("source.", &[Source::KEYS, KEYS].concat()),
        ("source.columns.", Columns::KEYS),
        ("source.roles.", &["S", "T", "P"]),
        ("source.enabled.", EnabledWords::KEYS),
        ("source.guard.", Guard::KEYS),
    ];
    let sample = "sources/delimited.toml";
    assert_eq!(keys_of(sample), paths(&known));
    // A district has only one of the two.
    let all = uncommented(sample).replace("\nevery = ", "\n# every = ");
    for text in [fs::read_to_string(Path::new(CONF).join(sample)).unwrap(), all] {
        let mut trial = Trial::default();
        let (before, _) = trial.district_text().split_once("[source]").unwrap();
        trial.district("cms", &format!("{before}{text}"));
        assert_eq!(trial.warnings(), [""; 0]);
    }
}

#[test]
fn the_sample_of_a_oneroster_server_holds_every_key_and_loads() {
    let known = [("", &["source"][..]), ("source.", &[Source::KEYS, source::one_roster_rest::KEYS].concat())];
    assert_eq!(keys_of("sources/oneroster-rest.toml"), paths(&known));
    let mut trial = Trial::default();
    let (district, _) = trial.district_text().split_once("[source]").unwrap();
    let sample = fs::read_to_string(Path::new(CONF).join("sources/oneroster-rest.toml")).unwrap();
    trial.district("cms", &format!("{district}{sample}"));
    let loaded = trial.load().unwrap_or_else(|faults| panic!("{faults}"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn the_ldap_sample_holds_every_key_and_loads_in_a_districts_file() {
    let known = [
        ("", &["source"][..]),
        ("source.", &[Source::KEYS, source::ldap::KEYS].concat()),
        ("source.attributes.", source::ldap::ATTRIBUTE_KEYS),
        ("source.roles.", &["Pupil", "Faculty"]),
    ];
    assert_eq!(keys_of("sources/ldap.toml"), paths(&known));
    let mut trial = Trial::default();
    let (district, _) = trial.district_text().split_once("[source]").unwrap();
    let sample = fs::read_to_string(Path::new(CONF).join("sources/ldap.toml")).unwrap();
    trial.district("cms", &format!("{district}{sample}"));
    assert_eq!(trial.warnings(), [""; 0]);
}

#[test]
fn the_sample_of_a_live_directory_holds_every_key_and_loads() {
    let known = [("", &["pin", "directory"][..]), ("pin.", &["scheme"]), ("directory.", directory::KEYS)];
    assert_eq!(keys_of("directories/ldap.toml"), paths(&known));
    let mut trial = Trial::default();
    let (before, after) = trial.district_text().split_once("[pin]").unwrap();
    let (_, source) = after.split_once("[source]").unwrap();
    let sample = fs::read_to_string(Path::new(CONF).join("directories/ldap.toml")).unwrap();
    trial.district("cms", &format!("{before}{sample}\n[source]{source}"));
    assert_eq!(trial.warnings(), [""; 0]);
}

#[test]
fn the_sample_of_a_database_holds_every_key_and_loads_in_a_districts_file() {
    use source::delimited::EnabledWords;
    let known = [
        ("", &["source"][..]),
        ("source.", &[Source::KEYS, source::sql::KEYS].concat()),
        ("source.roles.", &["S", "P"]),
        ("source.enabled.", EnabledWords::KEYS),
    ];
    assert_eq!(keys_of("sources/sql.toml"), paths(&known));
    let mut trial = Trial::default();
    let (district, _) = trial.district_text().split_once("[source]").unwrap();
    let sample = fs::read_to_string(Path::new(CONF).join("sources/sql.toml")).unwrap();
    trial.district("cms", &format!("{district}{sample}"));
    assert_eq!(trial.warnings(), [""; 0]);
}

#[test]
fn the_client_sample_holds_every_key() {
    let known = [
        ("", client::KEYS),
        ("login.", login::KEYS),
        ("ncip.", Ncip::KEYS),
        ("dialect.", Dialect::KEYS),
        ("dialect.fields.", &["PF"]),
        ("dialect.texts.", &["es"]),
        ("dialect.texts.es.", &["not-accepted", "unavailable", "expired", "disabled", "role"]),
    ];
    assert_eq!(keys_of("clients/overdrive.toml"), paths(&known));
}

fn paths(known: &[(&str, &[&str])]) -> BTreeSet<String> {
    known.iter().flat_map(|(section, keys)| keys.iter().map(move |key| format!("{section}{key}"))).collect()
}

/// A sample with the keys that are commented out.
fn uncommented(name: &str) -> String {
    let text = fs::read_to_string(Path::new(CONF).join(name)).unwrap();
    let uncommented: Vec<&str> = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) => rest,
            _ => line,
        })
        .collect();
    uncommented.join("\n")
}

/// The keys of a sample, also those that are commented out.
fn keys_of(name: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    descend(&uncommented(name).parse().unwrap(), "", &mut keys);
    keys
}

fn descend(table: &Table, section: &str, keys: &mut BTreeSet<String>) {
    for (key, value) in table {
        let path = format!("{section}{key}");
        let inner = format!("{path}.");
        match value {
            Value::Table(table) => descend(table, &inner, keys),
            Value::Array(items) => {
                items.iter().filter_map(Value::as_table).for_each(|table| descend(table, &inner, keys))
            }
            _ => {}
        }
        keys.insert(path);
    }
}
