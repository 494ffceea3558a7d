//! What a client sees of an admitted student.

use patron::{Attribute, CardNumber, Patron, Privileges};
use roster::StudentRow;

use crate::place::Place;
use crate::served::Served;
use crate::{ClientKind, District, Query, Rosters};

/// The student as seen through what is released, with the canonical card: whatever was typed, a vendor keeps one.
pub(crate) fn seen(
    rosters: &Rosters,
    query: &Query<'_>,
    place: &Place<'_>,
    (district, served): (&District, &Served),
    row: StudentRow,
    privileges: Privileges,
) -> Patron {
    let release = query.client.release.within(district.ceiling);
    let student = row.student;
    let when = |attribute| release.allows(attribute).then_some(());
    let schools = &served.generation.header().schools;
    let school = when(Attribute::School)
        .and_then(|()| schools.get(usize::from(student.schools.first()?.0)))
        .map(|school| school.identifier.clone().unwrap_or_else(|| school.name.clone()));
    let internal_id = when(Attribute::InternalId).and(rosters.identity.as_ref());
    let form = served.cards.form_for(student.role, student.grade);
    let card = form
        .filter(|form| !form.makes(query.card.as_str(), &place.id))
        .and_then(|form| CardNumber::parse(&form.card_of(&place.id)));
    let patron_type = district.privileges.patron_type(student.role, student.grade);
    Patron {
        card: card.unwrap_or_else(|| query.card.clone()),
        initials: when(Attribute::Initials).and(student.name.as_ref()).map(patron::PersonName::initials),
        name: student.name.filter(|_| release.allows(Attribute::Name)),
        patron_type: when(Attribute::PatronType).and(patron_type).map(str::to_owned),
        privileges: (query.client.kind == ClientKind::SelfCheck).then_some(privileges),
        email: student.email.filter(|_| release.allows(Attribute::Email)),
        expiry: when(Attribute::Expiry).and(student.expiry),
        school,
        grade: when(Attribute::Grade).and(student.grade),
        home_library: when(Attribute::HomeLibrary).and(district.home_library.clone()),
        internal_id: internal_id.map(|key| key.internal_id(&query.client.id, place.space, &place.id)),
    }
}
