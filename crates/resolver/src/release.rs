//! What a client sees of an admitted student.

use patron::{Attribute, Patron};
use roster::StudentRow;

use crate::lookup::Place;
use crate::rosters::Served;
use crate::{District, Query, Rosters};

/// The student as seen through what is released; the card as typed is the canonical one, since prefixes are literal.
pub(crate) fn seen(
    rosters: &Rosters,
    query: &Query<'_>,
    place: &Place<'_>,
    (district, served): (&District, &Served),
    row: StudentRow,
) -> Patron {
    let release = query.client.release.within(district.ceiling);
    let student = row.student;
    let when = |attribute| release.allows(attribute).then_some(());
    let schools = &served.generation.header().schools;
    let school = when(Attribute::School)
        .and_then(|()| schools.get(usize::from(student.schools.first()?.0)))
        .map(|school| school.identifier.clone().unwrap_or_else(|| school.name.clone()));
    let internal_id = when(Attribute::InternalId).and(rosters.identity.as_ref());
    Patron {
        card: query.card.clone(),
        initials: when(Attribute::Initials).and(student.name.as_ref()).map(patron::PersonName::initials),
        name: student.name.filter(|_| release.allows(Attribute::Name)),
        patron_type: when(Attribute::PatronType).and(district.patron_type(student.role)).map(str::to_owned),
        email: student.email.filter(|_| release.allows(Attribute::Email)),
        expiry: when(Attribute::Expiry).and(student.expiry),
        school,
        grade: when(Attribute::Grade).and(student.grade),
        home_library: when(Attribute::HomeLibrary).and(district.home_library.clone()),
        internal_id: internal_id.map(|key| key.internal_id(&query.client.id, place.space, place.id)),
    }
}
