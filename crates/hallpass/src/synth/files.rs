//! The files of a bundle, column by column (OneRoster CSV bindings 1.1 and 1.2.1).
//!
//! A bulk file leaves `status` and `dateLastModified` blank. Columns that a library has no business with stay empty.

use std::io;

use super::{
    Version,
    bundle::Table,
    names::SCHOOL,
    person::{Oddity, Person},
    roll::{Enrolment, Roll},
};

const DISTRICT: &str = "district";

/// Every file that a manifest names, and the version that brought it.
const MANIFEST: [(&str, Version); 21] = {
    use Version::{V1p1, V1p2};
    [
        ("academicSessions", V1p1),
        ("categories", V1p1),
        ("classes", V1p1),
        ("classResources", V1p1),
        ("courses", V1p1),
        ("courseResources", V1p1),
        ("demographics", V1p1),
        ("enrollments", V1p1),
        ("lineItemLearningObjectiveIds", V1p2),
        ("lineItems", V1p1),
        ("lineItemScoreScales", V1p2),
        ("orgs", V1p1),
        ("resources", V1p1),
        ("resultLearningObjectiveIds", V1p2),
        ("results", V1p1),
        ("resultScoreScales", V1p2),
        ("roles", V1p2),
        ("scoreScales", V1p2),
        ("userProfiles", V1p2),
        ("userResources", V1p2),
        ("users", V1p1),
    ]
};

/// manifest.csv.
pub(super) fn manifest(table: &mut Table<'_>, version: Version) -> io::Result<()> {
    table.write_record(["propertyName", "value"])?;
    table.write_record(["manifest.version", "1.0"])?;
    table.write_record(["oneroster.version", version.number()])?;
    for (file, since) in MANIFEST {
        if since <= version {
            let here = matches!(file, "demographics" | "orgs" | "roles" | "users");
            table.write_record([format!("file.{file}").as_str(), if here { "bulk" } else { "absent" }])?;
        }
    }
    table.write_record(["source.systemName", "hallpass synth"])?;
    Ok(())
}

/// orgs.csv.
pub(super) fn orgs(table: &mut Table<'_>, schools: u64) -> io::Result<()> {
    table.write_record(["sourcedId", "status", "dateLastModified", "name", "type", "identifier", "parentSourcedId"])?;
    table.write_record([DISTRICT, "", "", "Synthetic School District", "district", "", ""])?;
    for (number, name) in (0..schools).zip(SCHOOL.into_iter().cycle()) {
        // The first dozen are called by their names alone; the others have a number too.
        let name = match number / SCHOOL.len() as u64 {
            0 => name.to_owned(),
            round => format!("{name} {}", round + 1),
        };
        table.write_record([&school(number), "", "", &name, "school", &format!("{:05}", number + 1), DISTRICT])?;
    }
    Ok(())
}

/// The header of users.csv.
pub(super) fn users_header(table: &mut Table<'_>, version: Version) -> io::Result<()> {
    let of_version: [&[&str]; 2] = match version {
        Version::V1p1 => [&["orgSourcedIds", "role"], &[]],
        Version::V1p2 => [
            &[],
            &[
                "userMasterIdentifier",
                "preferredGivenName",
                "preferredMiddleName",
                "preferredFamilyName",
                "primaryOrgSourcedId",
                "pronouns",
            ],
        ],
    };
    let [before, after] = of_version;
    let first = ["sourcedId", "status", "dateLastModified", "enabledUser"];
    let both = [
        "username",
        "userIds",
        "givenName",
        "familyName",
        "middleName",
        "identifier",
        "email",
        "sms",
        "phone",
        "agentSourcedIds",
        "grades",
        "password",
    ];
    table.write_record(first.iter().chain(before).chain(&both).chain(after))?;
    Ok(())
}

/// A row of users.csv.
pub(super) fn user(
    table: &mut Table<'_>,
    version: Version,
    roll: &Roll,
    person: &Person,
    enrolment: &Enrolment,
) -> io::Result<()> {
    let school = school(enrolment.school);
    let disabled = matches!(person.oddity, Oddity::Disabled | Oddity::Left);
    let enabled = if disabled { "false" } else { "true" };
    let [before, after]: [&[&str]; 2] = match version {
        Version::V1p1 => [&[&school, person.role(version)], &[]],
        Version::V1p2 => [&[], &["", "", "", "", &school, ""]],
    };
    let both = [
        &person.username,
        &format!("{{LDAP:{}}}", person.username),
        person.given,
        person.family,
        "",
        &person.id.map(|id| id.to_string()).unwrap_or_default(),
        &format!("{}@example.org", person.username),
        "",
        "",
        &roll.agent(person).unwrap_or_default(),
        person.grade,
        "",
    ];
    let first = [enrolment.sourced_id.as_str(), "", "", enabled];
    table.write_record(first.iter().chain(before).chain(&both).chain(after))?;
    Ok(())
}

/// The header of demographics.csv.
pub(super) fn demographics_header(table: &mut Table<'_>) -> io::Result<()> {
    table.write_record([
        "sourcedId",
        "status",
        "dateLastModified",
        "birthDate",
        "sex",
        "americanIndianOrAlaskaNative",
        "asian",
        "blackOrAfricanAmerican",
        "nativeHawaiianOrOtherPacificIslander",
        "white",
        "demographicRaceTwoOrMoreRaces",
        "hispanicOrLatinoEthnicity",
        "countryOfBirthCode",
        "stateOfBirthAbbreviation",
        "cityOfBirth",
        "publicSchoolResidenceStatus",
    ])?;
    Ok(())
}

/// A row of demographics.csv.
pub(super) fn demographic(table: &mut Table<'_>, person: &Person, enrolment: &Enrolment) -> io::Result<()> {
    let birth_date = match person.oddity {
        Oddity::Undated => String::new(),
        _ => person.birth_date.to_string(),
    };
    table.write_record([&enrolment.sourced_id, "", "", &birth_date, "", "", "", "", "", "", "", "", "", "", "", ""])?;
    Ok(())
}

/// The header of roles.csv.
pub(super) fn roles_header(table: &mut Table<'_>) -> io::Result<()> {
    table.write_record([
        "sourcedId",
        "status",
        "dateLastModified",
        "userSourcedId",
        "roleType",
        "role",
        "beginDate",
        "endDate",
        "orgSourcedId",
        "userProfileSourcedId",
    ])?;
    Ok(())
}

/// A row of roles.csv: each users row has one role, at its school.
pub(super) fn role(table: &mut Table<'_>, person: &Person, enrolment: &Enrolment) -> io::Result<()> {
    let user = &enrolment.sourced_id;
    let (role, school) = (person.role(Version::V1p2), school(enrolment.school));
    table.write_record([&format!("r-{user}"), "", "", user, "primary", role, "", "", &school, ""])?;
    Ok(())
}

fn school(number: u64) -> String {
    format!("school-{:04}", number + 1)
}
