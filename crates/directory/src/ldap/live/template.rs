//! Under which name a student binds: one made of the ID.

use ldap3::dn_escape;

/// What stands for the ID.
const ID: &str = "{id}";

/// A name with `{id}` in it, under which the directory lets a student bind at once.
#[derive(Clone, Debug)]
pub struct Template {
    before: String,
    after: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `uid={id},ou=people,dc=example,dc=org` (RFC 4514).
    Dn,
    /// Active Directory's `{id}@school.example` and `SCHOOL\{id}`.
    Account,
}

/// Why a text is no such name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// There must be one place for the ID.
    #[error("must have {{id}} in it, once")]
    NotOneId,
    /// It is no name that directories know.
    #[error("is no name to bind with; write {{id}}@school.example, SCHOOL\\{{id}} or uid={{id}},ou=people,dc=example")]
    NoName,
}

impl Template {
    /// Parses it.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let (before, after) = text.split_once(ID).ok_or(TemplateError::NotOneId)?;
        if after.contains(ID) {
            return Err(TemplateError::NotOneId);
        }
        let kind = match () {
            () if is_account(before, after) => Kind::Account,
            () if is_dn(before, after) => Kind::Dn,
            () => return Err(TemplateError::NoName),
        };
        Ok(Self { before: before.to_owned(), after: after.to_owned(), kind })
    }

    /// The name of one student; `None`: nobody can have that ID.
    pub(super) fn of(&self, id: &str) -> Option<String> {
        let escaped = match self.kind {
            Kind::Dn => Some(dn_escape(id)),
            // There is no way to escape anything there: `@` would name another domain, `\` too.
            Kind::Account => id.bytes().all(is_plain).then(|| id.into()),
        };
        escaped.map(|id| format!("{}{id}{}", self.before, self.after))
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-".contains(&byte)
}

/// `SCHOOL\` before the ID, or `@school.example` behind it; also with something that is added to each ID.
fn is_account(before: &str, after: &str) -> bool {
    let plain = |text: &str| text.bytes().all(is_plain);
    let domain = |text: &str| !text.is_empty() && plain(text);
    match (before.split_once('\\'), after.split_once('@')) {
        (Some((school, more)), None) => domain(school) && plain(more) && plain(after),
        (None, Some((more, realm))) => plain(before) && plain(more) && domain(realm),
        _ => false,
    }
}

/// Parts of `name=value`, with the ID in a value. Quoted values (RFC 1779) are of the past, and escape by other rules.
fn is_dn(before: &str, after: &str) -> bool {
    let whole = format!("{before}0{after}");
    let parts = |text: &str| text.replace("\\,", "").split([',', '+']).map(str::to_owned).collect::<Vec<_>>();
    let is_part = |part: &String| {
        part.trim_start().split_once('=').is_some_and(|(name, value)| !name.is_empty() && !value.is_empty())
    };
    !whole.contains('"')
        && parts(&whole).iter().all(is_part)
        && parts(before).last().is_some_and(|last| last.contains('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(template: &str, id: &str) -> Option<String> {
        Template::parse(template).unwrap().of(id)
    }

    #[test]
    fn an_id_is_escaped_in_a_dn() {
        const DN: &str = "uid={id},ou=people,dc=example,dc=org";
        assert_eq!(of(DN, "0001005").unwrap(), "uid=0001005,ou=people,dc=example,dc=org");
        for (id, escaped) in
            [("7,ou=staff", "7\\2cou\\3dstaff"), ("#7 ", "\\237\\20"), ("7+cn=a", "7\\2bcn\\3da"), ("\\", "\\5c")]
        {
            assert_eq!(of(DN, id).unwrap(), format!("uid={escaped},ou=people,dc=example,dc=org"));
        }
    }

    #[test]
    fn an_account_is_made_of_plain_ids_only() {
        for (template, name) in [
            ("{id}@school.example", "7.a-B_@school.example"),
            ("SCHOOL\\{id}", "SCHOOL\\7.a-B_"),
            ("SCHOOL\\s{id}", "SCHOOL\\s7.a-B_"),
        ] {
            assert_eq!(of(template, "7.a-B_").unwrap(), name);
            for id in ["7@other.example", "OTHER\\7", "7 ", "7/", "ä", "7\0", "cn=7"] {
                assert_eq!(of(template, id), None, "{template} {id}");
            }
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "uid=7,dc=example", "{id}{id}@school.example"] {
            assert_eq!(Template::parse(text).unwrap_err(), TemplateError::NotOneId, "{text}");
        }
        for text in [
            "{id}",
            "{id}@",
            "\\{id}",
            "{id}=7,dc=example",
            "uid=7,{id}=b",
            "uid=\"{id}\",dc=example",
            "uid={id},example",
            "uid={id},",
            "SCHOOL\\{id}@school.example",
        ] {
            assert_eq!(Template::parse(text).unwrap_err(), TemplateError::NoName, "{text}");
        }
    }
}
