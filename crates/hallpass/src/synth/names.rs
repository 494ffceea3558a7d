//! What people and schools are called: each name as the school writes it, and as it stands in a username.
//!
//! They are common names put together by chance. Some hold what breaks a careless reader: letters outside ASCII and
//! outside Latin, apostrophes, commas, quotation marks, blanks.

/// Given names.
pub(super) const GIVEN: [(&str, &str); 36] = [
    ("Ada", "ada"),
    ("Amir", "amir"),
    ("Anna-Lena", "annalena"),
    ("Åsa", "asa"),
    ("Ben", "ben"),
    ("Chloé", "chloe"),
    ("Daniel", "daniel"),
    ("D'Andre", "dandre"),
    ("Elif", "elif"),
    ("Emma", "emma"),
    ("Fatima", "fatima"),
    ("Grace", "grace"),
    ("Hannah", "hannah"),
    ("Ian", "ian"),
    ("José", "jose"),
    ("Jürgen", "juergen"),
    ("Keisha", "keisha"),
    ("Liam", "liam"),
    ("Łucja", "lucja"),
    ("Mary Ann", "maryann"),
    ("Mateo", "mateo"),
    ("Mia", "mia"),
    ("Noah", "noah"),
    ("Nuño", "nuno"),
    ("Olivia", "olivia"),
    ("Phương", "phuong"),
    ("Priya", "priya"),
    ("Robert \"Bob\"", "bob"),
    ("Siobhán", "siobhan"),
    ("Thảo", "thao"),
    ("Yusuf", "yusuf"),
    ("Zoë", "zoe"),
    ("Ольга", "olga"),
    ("محمد", "muhammad"),
    ("伟", "wei"),
    ("さくら", "sakura"),
];

/// Family names.
pub(super) const FAMILY: [(&str, &str); 36] = [
    ("Anderson", "anderson"),
    ("Ångström", "angstrom"),
    ("Bauer", "bauer"),
    ("Begay", "begay"),
    ("Brown", "brown"),
    ("Çelik", "celik"),
    ("Chen", "chen"),
    ("Davis, Jr.", "davisjr"),
    ("de la Cruz", "delacruz"),
    ("Đặng", "dang"),
    ("Evans", "evans"),
    ("Fernández", "fernandez"),
    ("Garcia", "garcia"),
    ("Green", "green"),
    ("Haddad", "haddad"),
    ("Ivanova", "ivanova"),
    ("Johnson", "johnson"),
    ("Kim", "kim"),
    ("Lee", "lee"),
    ("Miller", "miller"),
    ("Mohamed", "mohamed"),
    ("Müller", "mueller"),
    ("Nguyễn", "nguyen"),
    ("O'Neill", "oneill"),
    ("Okafor", "okafor"),
    ("Ortega-Muñoz", "ortegamunoz"),
    ("Patel", "patel"),
    ("Sørensen", "sorensen"),
    ("Smith", "smith"),
    ("Taylor", "taylor"),
    ("Trần", "tran"),
    ("Walker", "walker"),
    ("Wójcik", "wojcik"),
    ("Young", "young"),
    ("العلي", "alali"),
    ("王", "wang"),
];

/// What schools are named after.
pub(super) const SCHOOL: [&str; 12] = [
    "Cedar Grove",
    "Eagle Creek",
    "Franklin, North Campus",
    "Harbor View",
    "Lincoln",
    "Maple Street",
    "Mountain View",
    "Peña Blanca",
    "River Bend",
    "St. Brendan's",
    "The \"Little Red\" School",
    "Westside",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_plain_letters() {
        for (name, plain) in GIVEN.iter().chain(&FAMILY) {
            assert!(!plain.is_empty() && plain.bytes().all(|letter| letter.is_ascii_lowercase()), "{name}");
        }
    }

    #[test]
    fn there_is_a_name_for_every_trap() {
        let names: Vec<&str> = GIVEN.iter().chain(&FAMILY).map(|(name, _)| *name).collect();
        for trap in ['\'', ',', '"', ' ', '-', 'é', 'ü', 'ñ', 'Å', 'ễ', 'م', '王'] {
            assert!(names.iter().any(|name| name.contains(trap)), "{trap}");
        }
    }
}
