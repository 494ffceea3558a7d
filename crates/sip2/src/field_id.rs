//! The two characters that name an id'd field.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The id of a field: two printable ASCII characters, such as `AO`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId([u8; 2]);

/// A text that is not a field id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a field id is two letters or digits, such as PC")]
pub struct InvalidFieldId;

/// How careful one has to be with a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sensitivity {
    /// May be logged.
    Public,
    /// Says, or could say, who the patron is: never logged, but shown to an operator who asks.
    Personal,
    /// A password or PIN: never shown to anybody.
    Secret,
}

macro_rules! field_ids {
    ($($id:literal $name:ident $title:literal $sensitivity:ident;)*) => {
        impl FieldId {
            $(
                #[doc = concat!("`", $id, "`, ", $title, ".")]
                pub const $name: Self = Self::literal($id);
            )*

            /// The field's name in words, "personal name"; "unknown field" for one that is not of SIP 2.00 nor a
            /// known extension. Names of extensions (`P`, `X`) are those that most systems mean.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                    _ => "unknown field",
                }
            }

            /// How careful one has to be with the value. Unknown fields, and all free text, could say anything.
            pub const fn sensitivity(self) -> Sensitivity {
                match self {
                    $(Self::$name => Sensitivity::$sensitivity,)*
                    _ => Sensitivity::Personal,
                }
            }
        }
    };
}

field_ids! {
    "AA" PATRON_IDENTIFIER "patron identifier" Personal;
    "AB" ITEM_IDENTIFIER "item identifier" Personal;
    "AC" TERMINAL_PASSWORD "terminal password" Secret;
    "AD" PATRON_PASSWORD "patron password" Secret;
    "AE" PERSONAL_NAME "personal name" Personal;
    "AF" SCREEN_MESSAGE "screen message" Personal;
    "AG" PRINT_LINE "print line" Personal;
    "AH" DUE_DATE "due date" Personal;
    "AJ" TITLE_IDENTIFIER "title identifier" Personal;
    "AL" BLOCKED_CARD_MESSAGE "blocked card message" Personal;
    "AM" LIBRARY_NAME "library name" Public;
    "AN" TERMINAL_LOCATION "terminal location" Public;
    "AO" INSTITUTION_ID "institution id" Public;
    "AP" CURRENT_LOCATION "current location" Public;
    "AQ" PERMANENT_LOCATION "permanent location" Public;
    "AS" HOLD_ITEMS "hold items" Personal;
    "AT" OVERDUE_ITEMS "overdue items" Personal;
    "AU" CHARGED_ITEMS "charged items" Personal;
    "AV" FINE_ITEMS "fine items" Personal;
    "AY" SEQUENCE_NUMBER "sequence number" Public;
    "AZ" CHECKSUM "checksum" Public;
    "BD" HOME_ADDRESS "home address" Personal;
    "BE" EMAIL_ADDRESS "e-mail address" Personal;
    "BF" HOME_PHONE_NUMBER "home phone number" Personal;
    "BG" OWNER "owner" Public;
    "BH" CURRENCY_TYPE "currency type" Public;
    "BI" CANCEL "cancel" Public;
    "BK" TRANSACTION_ID "transaction id" Personal;
    "BL" VALID_PATRON "valid patron" Public;
    "BM" RENEWED_ITEMS "renewed items" Personal;
    "BN" UNRENEWED_ITEMS "unrenewed items" Personal;
    "BO" FEE_ACKNOWLEDGED "fee acknowledged" Public;
    "BP" START_ITEM "start item" Public;
    "BQ" END_ITEM "end item" Public;
    "BR" QUEUE_POSITION "queue position" Public;
    "BS" PICKUP_LOCATION "pickup location" Public;
    "BT" FEE_TYPE "fee type" Public;
    "BU" RECALL_ITEMS "recall items" Personal;
    "BV" FEE_AMOUNT "fee amount" Personal;
    "BW" EXPIRATION_DATE "expiration date" Public;
    "BX" SUPPORTED_MESSAGES "supported messages" Public;
    "BY" HOLD_TYPE "hold type" Public;
    "BZ" HOLD_ITEMS_LIMIT "hold items limit" Public;
    "CA" OVERDUE_ITEMS_LIMIT "overdue items limit" Public;
    "CB" CHARGED_ITEMS_LIMIT "charged items limit" Public;
    "CC" FEE_LIMIT "fee limit" Public;
    "CD" UNAVAILABLE_HOLD_ITEMS "unavailable hold items" Personal;
    "CF" HOLD_QUEUE_LENGTH "hold queue length" Public;
    "CG" FEE_IDENTIFIER "fee identifier" Personal;
    "CH" ITEM_PROPERTIES "item properties" Personal;
    "CI" SECURITY_INHIBIT "security inhibit" Public;
    "CJ" RECALL_DATE "recall date" Public;
    "CK" MEDIA_TYPE "media type" Public;
    "CL" SORT_BIN "sort bin" Public;
    "CM" HOLD_PICKUP_DATE "hold pickup date" Public;
    // People type their card number or PIN where the login's name belongs.
    "CN" LOGIN_USER_ID "login user id" Personal;
    "CO" LOGIN_PASSWORD "login password" Secret;
    "CP" LOCATION_CODE "location code" Public;
    "CQ" VALID_PATRON_PASSWORD "valid patron password" Public;
    "PA" EXTENSION_EXPIRY_DATE "expiry date" Personal;
    "PB" EXTENSION_BIRTH_DATE "birth date" Personal;
    "PC" EXTENSION_PATRON_CLASS "patron class" Personal;
    "PD" EXTENSION_PATRON_BIRTH_DATE "birth date" Personal;
    "PI" EXTENSION_INTERNET_PRIVILEGES "internet privileges" Personal;
    "XI" EXTENSION_INTERNAL_ID "internal id" Personal;
}

impl FieldId {
    /// An id of two printable ASCII characters that are not blanks; `None` of anything else.
    pub const fn new(bytes: [u8; 2]) -> Option<Self> {
        let [first, second] = bytes;
        if first.is_ascii_graphic() && second.is_ascii_graphic() { Some(Self(bytes)) } else { None }
    }

    /// The id as it is on the wire.
    pub const fn to_bytes(self) -> [u8; 2] {
        self.0
    }

    /// Whether the value is a password or PIN (AD, AC, CO) and is to be masked even where all else is shown.
    pub const fn is_secret(self) -> bool {
        matches!(self.sensitivity(), Sensitivity::Secret)
    }

    /// Whether the value may be logged.
    pub const fn is_public(self) -> bool {
        matches!(self.sensitivity(), Sensitivity::Public)
    }

    /// Whether a peer compares the value with one that it knows, so that not a letter may be changed.
    pub(crate) const fn is_identifier(self) -> bool {
        matches!(self, Self::PATRON_IDENTIFIER | Self::ITEM_IDENTIFIER | Self::INSTITUTION_ID)
    }

    /// Whether the value is one character, and so can be told from what follows even without a delimiter.
    pub(crate) const fn is_one_character(self) -> bool {
        matches!(self, Self::VALID_PATRON | Self::VALID_PATRON_PASSWORD)
    }

    const fn literal(text: &str) -> Self {
        match text.as_bytes() {
            [first, second] => Self([*first, *second]),
            _ => Self(*b"??"),
        }
    }
}

/// Ids in a configuration: two ASCII letters or digits.
impl FromStr for FieldId {
    type Err = InvalidFieldId;

    fn from_str(text: &str) -> Result<Self, InvalidFieldId> {
        match text.as_bytes() {
            [first, second] if first.is_ascii_alphanumeric() && second.is_ascii_alphanumeric() => {
                Ok(Self([*first, *second]))
            }
            _ => Err(InvalidFieldId),
        }
    }
}

impl fmt::Display for FieldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for FieldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_a_name_in_words() {
        assert_eq!(FieldId::PERSONAL_NAME.title(), "personal name");
        assert_eq!(FieldId::PERSONAL_NAME.to_bytes(), *b"AE");
        assert_eq!("ZY".parse().map(FieldId::title), Ok("unknown field"));
    }

    #[test]
    fn the_three_passwords_are_secret_and_names_are_not_public() {
        for id in [FieldId::PATRON_PASSWORD, FieldId::TERMINAL_PASSWORD, FieldId::LOGIN_PASSWORD] {
            assert!(id.is_secret(), "{id}");
        }
        for id in [FieldId::PERSONAL_NAME, FieldId::PATRON_IDENTIFIER, FieldId::literal("ZY")] {
            assert!(!id.is_secret() && !id.is_public(), "{id}");
        }
    }

    #[test]
    fn is_two_letters_or_digits_in_a_configuration() {
        assert_eq!("U1".parse(), Ok(FieldId(*b"U1")));
        for text in ["", "P", "PCX", "P|", "é"] {
            assert_eq!(text.parse::<FieldId>(), Err(InvalidFieldId));
        }
    }
}
