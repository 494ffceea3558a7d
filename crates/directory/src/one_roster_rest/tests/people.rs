//! People as servers write them.

use serde_json::{Value, json};

use super::super::Version;
use crate::battery::Given;

/// The collections of a district with these people.
pub(super) fn collections(version: Version, people: &[Given]) -> Value {
    let users: Vec<Value> = people.iter().enumerate().map(|(number, person)| user(version, number, person)).collect();
    let births: Vec<Value> = people
        .iter()
        .enumerate()
        .map(|(number, person)| json!({"sourcedId": format!("u{number}"), "birthDate": person.birth_date}))
        .collect();
    json!({
        "orgs": [
            {"sourcedId": "d1", "status": "active", "name": "Example County", "type": "district"},
            {"sourcedId": "s1", "status": "active", "name": "First School", "type": "school", "identifier": "370001"},
            {"sourcedId": "s2", "status": "active", "name": "Second School", "type": "school", "identifier": null},
        ],
        "users": users,
        "demographics": births,
    })
}

fn user(version: Version, number: usize, person: &Given) -> Value {
    let Given { id, role, school, grade, pin, .. } = *person;
    let org = json!({"href": "https://elsewhere.example.org/", "sourcedId": school, "type": "org"});
    let mut user = json!({
        "sourcedId": format!("u{number}"),
        "status": "active",
        "dateLastModified": "2026-11-22T00:00:00.000Z",
        "enabledUser": enabled(person.enabled),
        "username": "",
        "userIds": [{"type": "LDAP", "identifier": "ada"}, {"type": "SIS", "identifier": id}],
        "givenName": "Ada",
        "familyName": "Byron",
        "identifier": id,
        "email": "ada@example.org",
        "grades": grade.split(',').filter(|grade| !grade.is_empty()).collect::<Vec<_>>(),
        "pin": pin,
        "metadata": {"pin": pin},
    });
    match version {
        Version::V1p1 => (user["role"], user["orgs"]) = (role.into(), json!([org])),
        Version::V1p2 => user["roles"] = json!([{"roleType": "primary", "role": role, "org": org, "endDate": null}]),
    }
    user
}

/// A boolean, a number or text: all three are met.
fn enabled(word: &str) -> Value {
    match word {
        "true" => true.into(),
        "false" => false.into(),
        "0" => 0.into(),
        "1" => 1.into(),
        other => other.into(),
    }
}
