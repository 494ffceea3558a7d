//! Counts what the served rosters and the state say.

use std::collections::{BTreeMap, HashSet};

use jiff::civil::Date;
use patron::{Grade, OptOutList, Role, SchoolIndex, Student};
use roster::{Dimension, Header, Key, Period, RosterError, Row, RowIndex, Store, Tally, UsageKey, opt_outs};
use site::{District, Site};

use crate::report::figures::{ELIGIBLE, ENROLLED, Figures, Level};

/// What was counted, and what whoever reads it should know.
pub struct Gathered {
    /// The figures.
    pub figures: Figures,
    /// Where something could not be counted.
    pub notes: Vec<String>,
}

/// The parts of a district: counts by dimension, place in it, code and name.
type Parts = BTreeMap<(Dimension, u16, String), (String, Vec<u64>)>;

/// Counts the people of all districts: enrolled and eligible on the day `today`, and who used it over the periods of `chain`.
/// `progress` is told how many people were looked at.
pub fn gather(
    site: &Site,
    store: &Store,
    chain: Vec<Period>,
    today: Date,
    progress: &dyn Fn(u64),
) -> Result<Gathered, RosterError> {
    let key = UsageKey::of(&store.identity_key()?);
    let mut notes = Vec::new();
    let mut tallies = Vec::new();
    for district in &site.districts {
        let (known, unreadable) = store.state().tallies(&key, &district.id)?;
        if unreadable > 0 {
            notes.push(format!(
                "{}: {unreadable} counts of uses were made under a key that is lost; counting began anew",
                district.id
            ));
        }
        tallies.push(known);
    }
    let mut clients: Vec<String> = site.clients.iter().map(|client| client.id.clone()).collect();
    let mut gone: Vec<&str> = tallies.iter().flatten().map(|tally| tally.client.as_str()).collect();
    gone.retain(|id| !id.is_empty() && !clients.iter().any(|client| client == id));
    gone.sort_unstable();
    gone.dedup();
    let gone: Vec<String> = gone.into_iter().map(str::to_owned).collect();
    clients.extend(gone);

    let mut figures = Figures::new(chain, clients);
    let mut seen = 0;
    for (district, tallies) in site.districts.iter().zip(&tallies) {
        let mut parts = Parts::new();
        if let Err(why) = count_roster(store, district, today, &figures, &mut parts, &mut |people| {
            seen += people;
            progress(seen);
        }) {
            notes.push(format!("{}: who is enrolled is not known ({why})", district.id));
            parts.clear();
        }
        for tally in tallies {
            add_tally(&figures, tally, &mut parts);
        }
        add_lines(&mut figures, district, parts);
    }
    Ok(Gathered { figures, notes })
}

/// Counts who is enrolled and who may, each person at the first of their schools.
fn count_roster(
    store: &Store,
    district: &District,
    today: Date,
    figures: &Figures,
    parts: &mut Parts,
    looked_at: &mut dyn FnMut(u64),
) -> Result<(), String> {
    let serving = store.serving(&district.id).map_err(|error| error.to_string())?;
    let generation = serving.ok_or("it has no roster")?;
    let mut cursor = generation.cursor().map_err(|error| error.to_string())?;
    let keyring = store.keyring();
    let key = keyring.find(generation.key()).ok_or("its key is gone")?;
    let opted_out = opted_out(district, key)?;
    let schools = &generation.header().schools;
    let is_served = |school: &SchoolIndex| {
        let school = schools.get(usize::from(school.0));
        school.is_some_and(|school| district.eligibility.schools.iter().any(|code| school.is_called(code)))
    };
    while let Some((index, row)) = cursor.next_row().map_err(|error| error.to_string())? {
        let Row::Student(row) = row else { continue };
        let at_a_school = row.student.schools.iter().any(is_served);
        let may = district.eligibility.judge(&row.student, at_a_school, today).is_ok() && !opted_out.contains(&index);
        for (dimension, code, name) in stands_in(&row.student, generation.header()) {
            let counts = part(figures, parts, dimension, code, name);
            for measure in [Some(ENROLLED), may.then_some(ELIGIBLE)].into_iter().flatten() {
                if let Some(count) = counts.get_mut(measure) {
                    *count += 1;
                }
            }
        }
        looked_at(1);
    }
    Ok(())
}

/// Where those stand who have opted out.
fn opted_out(district: &District, key: &Key) -> Result<HashSet<RowIndex>, String> {
    let Some(file) = &district.opt_out_file else { return Ok(HashSet::new()) };
    let text = opt_outs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let list = OptOutList::parse(&text, &district.cards);
    Ok(list.entries.iter().map(|entry| key.row_index(&entry.space, &entry.id)).collect())
}

/// What a person is counted by, as [`roster::Use`] counts it.
fn stands_in<'a>(student: &Student, header: &'a Header) -> [(Dimension, &'a str, &'a str); 4] {
    let school = student.schools.first().and_then(|school| header.schools.get(usize::from(school.0)));
    let (school, name) = school.map_or(("", ""), |school| (school.source_id.as_str(), school.name.as_str()));
    let grade = student.grade.map_or("", Grade::name);
    let role = student.role.name();
    [
        (Dimension::Total, "", ""),
        (Dimension::School, school, name),
        (Dimension::Grade, grade, grade),
        (Dimension::Role, role, role),
    ]
}

fn add_tally(figures: &Figures, tally: &Tally, parts: &mut Parts) {
    let Some(period) = figures.chain.iter().position(|period| *period == tally.period) else { return };
    let client = figures.clients.iter().position(|client| *client == tally.client).map_or(0, |at| at + 1);
    let measure = figures.used(period, client);
    if let Some(count) = part(figures, parts, tally.dimension, &tally.code, &tally.name).get_mut(measure) {
        *count += tally.people;
    }
}

/// The counts of one part. A school that was renamed keeps the name that the roster has.
fn part<'a>(figures: &Figures, parts: &'a mut Parts, dimension: Dimension, code: &str, name: &str) -> &'a mut Vec<u64> {
    let order = match dimension {
        _ if code.is_empty() => u16::MAX,
        Dimension::Grade => Grade::parse(code).map_or(0, |grade| grade.code().into()),
        Dimension::Role => Role::parse(code).map_or(0, |role| role.code().into()),
        Dimension::Total | Dimension::School => 0,
    };
    let nothing = || (name.to_owned(), vec![0; figures.measures()]);
    &mut parts.entry((dimension, order, code.to_owned())).or_insert_with(nothing).1
}

fn add_lines(figures: &mut Figures, district: &District, parts: Parts) {
    let line = figures.add(Level::District, Some(0), district.id.clone(), district.name.clone());
    let mut parts: Vec<_> = parts.into_iter().collect();
    // Schools by name; grades and roles in their own order; those without one last.
    parts.sort_by(|((dimension, order, code), (name, _)), ((other, its_order, its_code), (its_name, _))| {
        (dimension, order, name, code).cmp(&(other, its_order, its_name, its_code))
    });
    for ((dimension, _, code), (name, counts)) in parts {
        if dimension == Dimension::Total {
            for to in [0, line] {
                counts.iter().enumerate().for_each(|(measure, count)| figures.count(to, measure, *count));
            }
            continue;
        }
        let name = match dimension {
            Dimension::School if code.is_empty() => "no school".to_owned(),
            Dimension::Grade if code.is_empty() => "no grade".to_owned(),
            Dimension::Grade => format!("grade {code}"),
            _ => name,
        };
        let part = figures.add(Level::Part(dimension), Some(line), code, name);
        counts.iter().enumerate().for_each(|(measure, count)| figures.count(part, measure, *count));
    }
}
