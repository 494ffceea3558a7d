//! What a client sees of an admitted student.

use patron::{Attribute, CardNumber, Patron, Release, Student};

use crate::District;

/// The student as seen through what is released; `card` is the canonical number.
pub(crate) fn seen(student: Student, card: &CardNumber, district: &District, release: Release) -> Patron {
    let release = release.within(district.ceiling);
    let name = student.name.and_then(|name| {
        if release.allows(Attribute::Name) {
            Some(name.inverted())
        } else {
            release.allows(Attribute::Initials).then(|| name.initials())
        }
    });
    let patron_type = release.allows(Attribute::PatronType).then(|| district.patron_type(student.role)).flatten();
    Patron {
        card: card.clone(),
        name,
        patron_type: patron_type.map(str::to_owned),
        email: student.email.filter(|_| release.allows(Attribute::Email)),
    }
}
