//! Which entry is the student's: a filter with a place for the ID.

use ldap3::{ldap_escape, parse_filter};

/// What stands for the ID.
const ID: &str = "{id}";

/// A filter with `{id}` in it, such as `(&(objectClass=user)(employeeID={id}))` (RFC 4515).
///
/// An ID can stand only where a value does, and it is escaped there: no ID is ever more of a filter than itself.
#[derive(Clone, Debug)]
pub struct Filter(String);

/// Why a text is no such filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// There is no place for the ID.
    #[error("has no {{id}} in it; write it where the ID stands, as in (employeeID={{id}})")]
    NoId,
    /// The ID would stand for part of a value.
    #[error("has a * beside {{id}}, so that one ID would find others that are longer; leave out the *")]
    PartOfId,
    /// It is not written as filters are.
    #[error("is no filter; write one as in (&(objectClass=person)(employeeID={{id}})), with its brackets")]
    NoFilter,
}

impl Filter {
    /// Parses it.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        if !text.contains(ID) {
            return Err(FilterError::NoId);
        }
        if text.contains("{id}*") || text.contains("*{id}") {
            return Err(FilterError::PartOfId);
        }
        // An escaped byte is good in a value and nowhere else.
        parse_filter(text.replace(ID, "\\2a")).map_err(|()| FilterError::NoFilter)?;
        Ok(Self(text.to_owned()))
    }

    /// The filter for one ID.
    pub(super) fn of(&self, id: &str) -> String {
        self.0.replace(ID, &ldap_escape(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_never_more_of_a_filter_than_itself() {
        let filter = Filter::parse("(&(objectClass=user)(employeeID={id}))").unwrap();
        let of = |id| filter.of(id);
        assert_eq!(of("0001005"), "(&(objectClass=user)(employeeID=0001005))");
        for (id, escaped) in
            [("*", "\\2a"), ("7)(cn=*", "7\\29\\28cn=\\2a"), ("\\2a", "\\5c2a"), ("7\0", "7\\00"), ("{id}", "{id}")]
        {
            assert_eq!(of(id), format!("(&(objectClass=user)(employeeID={escaped}))"));
        }
    }

    #[test]
    fn an_id_may_stand_in_several_values_and_nowhere_else() {
        assert!(Filter::parse("(|(employeeID={id})(mail={id}@example.org)(mail=*@{id}))").is_ok());
        for text in ["({id}=7)", "(cn:{id}:=7)", "(employeeID={id}", "(a={id})(b={id})", "{id}"] {
            assert_eq!(Filter::parse(text).unwrap_err(), FilterError::NoFilter, "{text}");
        }
        for text in ["(employeeID={id}*)", "(employeeID=*{id})"] {
            assert_eq!(Filter::parse(text).unwrap_err(), FilterError::PartOfId, "{text}");
        }
        assert_eq!(Filter::parse("(employeeID=7)").unwrap_err(), FilterError::NoId);
    }
}
