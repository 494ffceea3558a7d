//! Rows of flags: patron status, summary, supported messages.

use std::fmt;

use bytes::{BufMut, BytesMut};

use crate::fixed::Fixed;

/// Declares a row of flags and the names of its places, first place first.
macro_rules! flags {
    (
        $(#[$doc:meta])*
        pub struct $row:ident: $width:literal places, set $set:literal, else $unset:literal;

        $(#[$place_doc:meta])*
        pub enum $place:ident { $($(#[$flag_doc:meta])* $flag:ident,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq)]
        pub struct $row(u16);

        $(#[$place_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $place { $($(#[$flag_doc])* $flag,)* }

        impl $row {
            /// No flag set.
            pub const NONE: Self = Self(0);

            /// These flags and no others.
            pub const fn of(flags: &[$place]) -> Self {
                let mut row = Self::NONE;
                let mut rest = flags;
                while let [flag, others @ ..] = rest {
                    row = row.with(*flag);
                    rest = others;
                }
                row
            }

            /// The same row with this flag set.
            #[must_use]
            pub const fn with(self, flag: $place) -> Self {
                Self(self.0 | 1 << flag as u16)
            }

            /// Whether this flag is set.
            pub const fn contains(self, flag: $place) -> bool {
                self.0 & 1 << flag as u16 != 0
            }

            /// Whether no flag is set.
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }
        }

        impl fmt::Debug for $row {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let set = [$($place::$flag),*].into_iter().filter(|flag| self.contains(*flag));
                f.debug_set().entries(set).finish()
            }
        }

        /// Only `Y` sets a flag.
        impl Fixed for $row {
            const WIDTH: usize = $width;

            fn read(bytes: &[u8]) -> Self {
                let places = bytes.iter().take($width).enumerate();
                Self(places.filter(|(_, byte)| **byte == b'Y').fold(0, |row, (place, _)| row | 1 << place))
            }

            fn write(&self, out: &mut BytesMut) {
                for place in 0..$width {
                    out.put_u8(if self.0 & 1 << place != 0 { $set } else { $unset });
                }
            }
        }
    };
}

flags! {
    /// What a patron may not do: 14 places, each `Y` or blank. Never `N`, which some clients take for a yes.
    /// SIP2 2.00, "Patron status".
    pub struct PatronStatusFlags: 14 places, set b'Y', else b' ';

    /// The places of [`PatronStatusFlags`].
    pub enum PatronFlag {
        /// May not borrow.
        ChargePrivilegesDenied,
        /// May not renew.
        RenewalPrivilegesDenied,
        /// May not recall.
        RecallPrivilegesDenied,
        /// May not place holds.
        HoldPrivilegesDenied,
        /// The card was reported lost.
        CardReportedLost,
        /// Has borrowed too much.
        TooManyItemsCharged,
        /// Too many items are overdue.
        TooManyItemsOverdue,
        /// Has renewed too often.
        TooManyRenewals,
        /// Has claimed too often to have returned an item.
        TooManyClaimsOfItemsReturned,
        /// Has lost too many items.
        TooManyItemsLost,
        /// Owes too much in fines.
        ExcessiveOutstandingFines,
        /// Owes too much in fees.
        ExcessiveOutstandingFees,
        /// A recalled item is overdue.
        RecallOverdue,
        /// Was billed for too many items.
        TooManyItemsBilled,
    }
}

impl PatronStatusFlags {
    /// The first four: how others too say that a card is not valid.
    pub const REFUSED: Self = Self::of(&[
        PatronFlag::ChargePrivilegesDenied,
        PatronFlag::RenewalPrivilegesDenied,
        PatronFlag::RecallPrivilegesDenied,
        PatronFlag::HoldPrivilegesDenied,
    ]);
}

flags! {
    /// Which list of items a 63 asks for: ten places, at most one of them `Y`. SIP2 2.00, "Summary".
    pub struct Summary: 10 places, set b'Y', else b' ';

    /// The places of [`Summary`] that have a meaning.
    pub enum SummaryItem {
        /// Items on hold, AS.
        HoldItems,
        /// Items overdue, AT.
        OverdueItems,
        /// Items borrowed, AU.
        ChargedItems,
        /// Items with fines, AV.
        FineItems,
        /// Items recalled, BU.
        RecallItems,
        /// Holds that can't be had yet, CD.
        UnavailableHolds,
    }
}

flags! {
    /// The requests that a system answers: BX, 16 places of `Y` or `N`. What comes after them is passed over.
    /// SIP2 2.00, "Supported messages".
    pub struct SupportedMessages: 16 places, set b'Y', else b'N';

    /// The places of [`SupportedMessages`].
    pub enum SupportedMessage {
        /// 23.
        PatronStatus,
        /// 11.
        Checkout,
        /// 09.
        Checkin,
        /// 01.
        BlockPatron,
        /// 99.
        ScStatus,
        /// 97.
        Resend,
        /// 93.
        Login,
        /// 63.
        PatronInformation,
        /// 35.
        EndPatronSession,
        /// 37.
        FeePaid,
        /// 17.
        ItemInformation,
        /// 19.
        ItemStatusUpdate,
        /// 25.
        PatronEnable,
        /// 15.
        Hold,
        /// 29.
        Renew,
        /// 65.
        RenewAll,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: impl Fixed) -> String {
        let mut out = BytesMut::new();
        value.write(&mut out);
        String::from_utf8(out.to_vec()).expect("ASCII")
    }

    #[test]
    fn quirk_16_a_patron_status_is_y_or_blank_and_never_n() {
        assert_eq!(written(PatronStatusFlags::NONE), "              ");
        assert_eq!(written(PatronStatusFlags::REFUSED), "YYYY          ");
        assert_eq!(written(PatronStatusFlags::of(&[PatronFlag::TooManyItemsBilled])), "             Y");
    }

    #[test]
    fn an_n_in_a_patron_status_sets_nothing() {
        assert_eq!(
            PatronStatusFlags::read(b"NNYNNNNNNNNNNN"),
            PatronStatusFlags::of(&[PatronFlag::RecallPrivilegesDenied])
        );
    }

    #[test]
    fn a_summary_asks_for_one_list() {
        assert_eq!(Summary::read(b"  Y       "), Summary::of(&[SummaryItem::ChargedItems]));
        assert_eq!(written(Summary::of(&[SummaryItem::HoldItems])), "Y         ");
        assert!(Summary::read(b"").is_empty());
    }

    #[test]
    fn supported_messages_are_in_the_order_of_the_standard() {
        use SupportedMessage::{EndPatronSession, Login, PatronInformation, PatronStatus, Resend, ScStatus};
        let ours = [PatronStatus, ScStatus, Resend, Login, PatronInformation, EndPatronSession];
        assert_eq!(written(SupportedMessages::of(&ours)), "YNNNYYYYYNNNNNNN");
    }

    #[test]
    fn quirk_5_supported_messages_may_be_padded() {
        let padded = [&b"YYYYYYYYYYYYYYYYY"[..], &[b' '; 160]].concat();
        assert_eq!(written(SupportedMessages::read(&padded)), "YYYYYYYYYYYYYYYY");
    }
}
