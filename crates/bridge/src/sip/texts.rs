//! The screen messages (AF). None may hold `BLN` or `CQY` (reference/sip2.md, quirk 22).

use patron::Reason;
use site::Said;

/// Unknown, wrong, locked, ambiguous: one text, so that nothing can be told apart.
pub const NOT_ACCEPTED: &str = "Card number or PIN not accepted";
/// A backend is down: never a wrong PIN.
pub const UNAVAILABLE: &str = "Service temporarily unavailable, please try later";
/// Circulation does not live here.
pub const NO_CIRCULATION: &str = "Not available for this card. Please ask the library staff";
/// A card cannot be blocked or enabled from outside.
pub const NOT_CHANGED: &str = "The card was not changed. Please ask the library staff";

/// What the screen says to a refusal: what a client's own words are found by, and the usual ones.
pub const fn refusal(reason: Reason) -> (Said, &'static str) {
    match reason {
        Reason::Outage | Reason::Stale => (Said::Unavailable, UNAVAILABLE),
        // EZproxy's administrators match on "expired" (reference/sip2.md 1.5).
        Reason::Expired => (Said::Expired, "This card has expired. Please ask your school"),
        Reason::MustChange => (Said::Disabled, "Please change your school password first, then try again"),
        Reason::Disabled | Reason::Restricted | Reason::Withdrawn => {
            (Said::Disabled, "This account is disabled. Please ask your school")
        }
        Reason::Role | Reason::Grade | Reason::School | Reason::DistrictOff | Reason::Privilege => {
            (Said::Role, "This card is not part of the programme. Please ask your school")
        }
        Reason::UnknownCard
        | Reason::WrongPin
        | Reason::NoPin
        | Reason::Locked
        | Reason::Ambiguous
        | Reason::OtherDistrict
        | Reason::NoVerifier
        | Reason::NoAccount
        | Reason::AccountLocked
        | Reason::OptedOut
        | Reason::NotLoggedIn => (Said::NotAccepted, NOT_ACCEPTED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quirk_22_no_text_holds_what_libki_looks_for() {
        let texts = Reason::ALL.map(|reason| refusal(reason).1).into_iter().chain([NO_CIRCULATION, NOT_CHANGED]);
        for text in texts {
            assert!(!text.contains("BLN") && !text.contains("CQY") && text.is_ascii(), "{text}");
        }
    }

    #[test]
    fn expiry_says_expired() {
        assert!(refusal(Reason::Expired).1.contains("expired"));
    }

    #[test]
    fn what_must_not_be_told_apart_has_one_text() {
        let alike = [Reason::WrongPin, Reason::Locked, Reason::Ambiguous, Reason::OtherDistrict, Reason::NoVerifier];
        for reason in alike.into_iter().chain([Reason::OptedOut, Reason::NoAccount, Reason::AccountLocked]) {
            assert_eq!(refusal(reason), refusal(Reason::UnknownCard));
        }
    }
}
