//! `AuthenticationInput` and the identifiers of a user: who it is about, and the secret that proves it.

use crate::document::Element;
use crate::header::{bounded, only};
use crate::limits;
use crate::problem::{Kind, Problem};
use crate::secret::{Identifier, Secret};

/// What a message says of a user.
#[derive(Debug)]
pub struct Credentials {
    /// The card.
    pub identifier: Identifier,
    /// The PIN or password; `None`: none was sent, or an empty one.
    pub secret: Option<Secret>,
    /// Whether an element for a secret was sent, though perhaps an empty one: such a message is a login, no look-up.
    pub secret_sent: bool,
}

/// What an input is, by the word of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InputType {
    Identifier,
    Secret,
    /// A password's digest: nothing that it could be compared with is kept (reference/ncip.md, quirk 18).
    Digest,
}

impl InputType {
    /// Scheme and case vary, as do blanks (reference/ncip.md 1.5).
    fn parse(word: &str) -> Option<Self> {
        let is = |known: &&str| {
            let letters = word.bytes().filter(u8::is_ascii_alphanumeric);
            letters.map(|letter| letter.to_ascii_lowercase()).eq(known.bytes())
        };
        let words: [(&[&str], Self); 3] = [
            (&["pin", "password"], Self::Secret),
            (
                &["barcodeid", "username", "userid", "barcode", "visibleuserid", "institutionidnumber", "cardnumber"],
                Self::Identifier,
            ),
            (&["md5messagedigestalgorithm", "md5"], Self::Digest),
        ];
        words.into_iter().find(|(words, _)| words.iter().any(is)).map(|(_, kind)| kind)
    }
}

impl Credentials {
    /// Reads what stands in a `LookupUser` or `AuthenticateUser`.
    ///
    /// Identifier and secret come in any order. A `UserId` beside the inputs is taken where it says the same, as
    /// VuFind sends it, or where no input is an identifier. Two that differ, two user ids and two secrets are refused.
    pub(crate) fn read(service: Element<'_>) -> Result<Self, Problem> {
        let mut identifier: Option<&str> = None;
        let mut secret = None;
        let (mut ids, mut inputs, mut digest) = (0, 0, false);
        let violated = |element| Problem::new(Kind::ElementRuleViolated, element);
        let mut identify = |text, element| {
            let text = bounded(text, element)?;
            match identifier {
                _ if text.is_empty() => {}
                Some(known) if known != text => return Err(violated(element)),
                _ => identifier = Some(text),
            }
            Ok(())
        };
        for child in service.children() {
            match child.name() {
                name @ ("UserId" | "UniqueUserId" | "VisibleUserId") => {
                    ids += 1;
                    if ids > 1 {
                        return Err(violated(name));
                    }
                    let value = if name == "VisibleUserId" { "VisibleUserIdentifier" } else { "UserIdentifierValue" };
                    identify(only(child, value)?.map_or("", Element::text), value)?;
                }
                name @ "AuthenticationInput" => {
                    inputs += 1;
                    if inputs > limits::INPUTS {
                        return Err(violated(name));
                    }
                    let data = only(child, "AuthenticationInputData")?.map_or("", Element::text);
                    let word = only(child, "AuthenticationInputType")?.map_or("", Element::value);
                    match InputType::parse(word) {
                        Some(InputType::Identifier) => identify(data, "AuthenticationInputData")?,
                        Some(InputType::Secret) if secret.is_some() => return Err(violated(name)),
                        Some(InputType::Secret) => secret = Some(bounded(data, "AuthenticationInputData")?),
                        Some(InputType::Digest) => digest = true,
                        // One that is not understood may be one that should have been right.
                        None if word.is_empty() => {
                            return Err(Problem::new(Kind::NeededDataMissing, "AuthenticationInputType"));
                        }
                        None => return Err(Problem::new(Kind::UnknownValue, "AuthenticationInputType")),
                    }
                }
                _ => {}
            }
        }
        if digest {
            return Err(Problem::new(Kind::UserAuthenticationFailed, "AuthenticationInput"));
        }
        let identifier = identifier.and_then(Identifier::new);
        let identifier = identifier.ok_or_else(|| Problem::new(Kind::NeededDataMissing, "AuthenticationInput"))?;
        Ok(Self { identifier, secret_sent: secret.is_some(), secret: secret.and_then(Secret::new) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::read;

    fn credentials(inner: &str) -> Result<(String, Option<String>), (Kind, &'static str)> {
        let text = format!("<NCIPMessage>{inner}</NCIPMessage>");
        let document = read(&text).unwrap();
        let read = Credentials::read(Element::root(&document)).map_err(|problem| (problem.kind, problem.element))?;
        Ok((read.identifier.as_str().to_owned(), read.secret.map(|secret| secret.expose().to_owned())))
    }

    fn input(data: &str, word: &str) -> String {
        format!(
            "<AuthenticationInput><AuthenticationInputData>{data}</AuthenticationInputData>\
             <AuthenticationInputType>{word}</AuthenticationInputType></AuthenticationInput>"
        )
    }

    fn user_id(value: &str) -> String {
        format!("<UserId><UserIdentifierValue>{value}</UserIdentifierValue></UserId>")
    }

    #[test]
    fn quirk_04_a_user_id_beside_the_same_username_is_one_identifier() {
        let vufind = [input("4200017", "Username"), input("0201", "Password"), user_id("4200017")].concat();
        assert_eq!(credentials(&vufind), Ok(("4200017".into(), Some("0201".into()))));
        let contradiction = [input("4200017", "Username"), input("0201", "Password"), user_id("4200018")].concat();
        assert_eq!(credentials(&contradiction), Err((Kind::ElementRuleViolated, "UserIdentifierValue")));
    }

    #[test]
    fn quirk_05_and_08_the_types_of_inputs_vary_in_case_and_blanks() {
        for word in ["username", "Username", "User Id", "User ID", "Barcode  Id", "Barcode", "user name"] {
            assert_eq!(credentials(&input("4200017", word)), Ok(("4200017".into(), None)), "{word}");
        }
        for word in ["PIN", "pin", "Password"] {
            let sent = [input("0201", word), input("4200017", "Barcode Id")].concat();
            assert_eq!(credentials(&sent), Ok(("4200017".into(), Some("0201".into()))), "{word}");
        }
    }

    #[test]
    fn quirk_09_a_user_id_with_a_pin_after_it_is_identifier_and_secret() {
        let sent = [user_id("4200017"), input("0201", "PIN")].concat();
        assert_eq!(credentials(&sent), Ok(("4200017".into(), Some("0201".into()))));
    }

    #[test]
    fn quirk_18_a_digest_of_a_password_proves_nothing() {
        let sent = [user_id("4200017"), input("d41d8cd98f00b204", "MD5 Message Digest Algorithm")].concat();
        assert_eq!(credentials(&sent), Err((Kind::UserAuthenticationFailed, "AuthenticationInput")));
    }

    #[test]
    fn of_two_user_ids_or_two_pins_none_counts() {
        let twice = [user_id("4200017"), user_id("4200017")].concat();
        assert_eq!(credentials(&twice), Err((Kind::ElementRuleViolated, "UserId")));
        let pins = [user_id("4200017"), input("0201", "PIN"), input("0201", "PIN")].concat();
        assert_eq!(credentials(&pins), Err((Kind::ElementRuleViolated, "AuthenticationInput")));
        let empty_first = [user_id("4200017"), input("", "PIN"), input("0201", "PIN")].concat();
        assert_eq!(credentials(&empty_first), Err((Kind::ElementRuleViolated, "AuthenticationInput")));
        let inner =
            "<UserId><UserIdentifierValue>1</UserIdentifierValue><UserIdentifierValue>2</UserIdentifierValue></UserId>";
        assert_eq!(credentials(inner), Err((Kind::ElementRuleViolated, "UserIdentifierValue")));
    }

    #[test]
    fn an_empty_pin_is_no_pin_and_no_card_is_needed_data() {
        assert_eq!(credentials(&[user_id("4200017"), input("  ", "PIN")].concat()), Ok(("4200017".into(), None)));
        for (inner, sent) in [(input("", "PIN"), true), (String::new(), false)] {
            let text = format!("<NCIPMessage>{}{inner}</NCIPMessage>", user_id("4200017"));
            let document = read(&text).unwrap();
            assert_eq!(Credentials::read(Element::root(&document)).unwrap().secret_sent, sent);
        }
        for sent in ["", &user_id(""), &input("0201", "PIN"), &input(" ", "Barcode Id")] {
            assert_eq!(credentials(sent), Err((Kind::NeededDataMissing, "AuthenticationInput")), "{sent}");
        }
    }

    #[test]
    fn an_input_that_is_not_understood_is_not_passed_over() {
        let sent = [user_id("4200017"), input("0201", "PIN"), input("x", "X.509 Certificate")].concat();
        assert_eq!(credentials(&sent), Err((Kind::UnknownValue, "AuthenticationInputType")));
        assert_eq!(credentials(&input("x", "")), Err((Kind::NeededDataMissing, "AuthenticationInputType")));
    }

    #[test]
    fn more_inputs_than_anybody_sends_and_longer_values_are_refused() {
        let many = input("4200017", "Barcode").repeat(limits::INPUTS + 1);
        assert_eq!(credentials(&many), Err((Kind::ElementRuleViolated, "AuthenticationInput")));
        let long = [user_id("4200017"), input(&"0".repeat(limits::VALUE + 1), "PIN")].concat();
        assert_eq!(credentials(&long), Err((Kind::ElementRuleViolated, "AuthenticationInputData")));
    }
}
