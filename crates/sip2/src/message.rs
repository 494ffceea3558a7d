//! Any request, any response.

use bytes::BytesMut;

use crate::checksum::ErrorDetection;
use crate::dialect::Dialect;
use crate::error::DecodeError;
use crate::frame::Frame;
use crate::layout::{Layout, Message, encode_message};
use crate::parts::Parts;

/// Declares the messages of one direction.
macro_rules! messages {
    (
        $(#[$doc:meta])*
        pub enum $direction:ident, is response: $is_response:literal;
        $($(#[$variant_doc:meta])* $variant:ident($message:ident),)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(clippy::large_enum_variant, reason = "one lives on the stack while it is answered; a box is an allocation")]
        pub enum $direction<'a> {
            $($(#[$variant_doc])* $variant(crate::$message<'a>),)*
        }

        impl<'a> $direction<'a> {
            /// The layouts of all of these messages.
            pub const LAYOUTS: &'static [Layout] = &[$(<crate::$message<'static> as Message<'static>>::LAYOUT,)*];

            /// Reads a frame. What it says borrows from the frame wherever it is ASCII or UTF-8.
            ///
            /// # Errors
            /// All of [`DecodeError`]; a message of the other direction is an unknown command.
            pub fn decode(frame: &'a Frame, dialect: &Dialect) -> Result<Self, DecodeError> {
                Self::read(&Parts::of(frame, dialect)?)
            }

            /// Reads a frame that has been taken apart.
            ///
            /// # Errors
            /// [`DecodeError::UnknownCommand`] for a message of the other direction.
            pub fn read(parts: &Parts<'a>) -> Result<Self, DecodeError> {
                match parts.layout().command {
                    $(command if command == crate::$message::LAYOUT.command => {
                        Ok(Self::$variant(Message::decode(parts)))
                    })*
                    _ => Err(DecodeError::UnknownCommand),
                }
            }

            /// Appends the whole message, from its command to its terminator. Write it at once: many clients take
            /// what one read gives them for the whole message.
            pub fn encode(&self, dialect: &Dialect, error_detection: ErrorDetection, out: &mut BytesMut) {
                match self {
                    $(Self::$variant(message) => encode_message(message, $is_response, dialect, error_detection, out),)*
                }
            }

            /// How this message is laid out.
            pub const fn layout(&self) -> &'static Layout {
                match self {
                    $(Self::$variant(_) => &<crate::$message<'static> as Message<'static>>::LAYOUT,)*
                }
            }

            /// The title of the message in the standard: "Patron Information".
            pub const fn title(&self) -> &'static str {
                self.layout().title
            }
        }

        $(impl crate::$message<'_> {
            /// Appends the whole message, as the enum over all messages does.
            pub fn encode(&self, dialect: &Dialect, error_detection: ErrorDetection, out: &mut BytesMut) {
                encode_message(self, $is_response, dialect, error_detection, out);
            }
        })*

        $(impl<'a> From<crate::$message<'a>> for $direction<'a> {
            fn from(message: crate::$message<'a>) -> Self {
                Self::$variant(message)
            }
        })*
    };
}

messages! {
    /// What a self-check, catalogue or vendor asks.
    pub enum Request, is response: false;
    /// 01.
    BlockPatron(BlockPatron),
    /// 09.
    Checkin(Checkin),
    /// 11.
    Checkout(Checkout),
    /// 15.
    Hold(Hold),
    /// 17.
    ItemInformation(ItemInformation),
    /// 19.
    ItemStatusUpdate(ItemStatusUpdate),
    /// 23.
    PatronStatus(PatronStatus),
    /// 25.
    PatronEnable(PatronEnable),
    /// 29.
    Renew(Renew),
    /// 35.
    EndPatronSession(EndPatronSession),
    /// 37.
    FeePaid(FeePaid),
    /// 63.
    PatronInformation(PatronInformation),
    /// 65.
    RenewAll(RenewAll),
    /// 93.
    Login(Login),
    /// 97.
    Resend(RequestAcsResend),
    /// 99.
    ScStatus(ScStatus),
}

messages! {
    /// What a library system answers.
    pub enum Response, is response: true;
    /// 10.
    Checkin(CheckinResponse),
    /// 12.
    Checkout(CheckoutResponse),
    /// 16.
    Hold(HoldResponse),
    /// 18.
    ItemInformation(ItemInformationResponse),
    /// 20.
    ItemStatusUpdate(ItemStatusUpdateResponse),
    /// 24, to a 23 and to a 01.
    PatronStatus(PatronStatusResponse),
    /// 26.
    PatronEnable(PatronEnableResponse),
    /// 30.
    Renew(RenewResponse),
    /// 36.
    EndPatronSession(EndSessionResponse),
    /// 38.
    FeePaid(FeePaidResponse),
    /// 64.
    PatronInformation(PatronInformationResponse),
    /// 66.
    RenewAll(RenewAllResponse),
    /// 94.
    Login(LoginResponse),
    /// 96: the request was not readable.
    RequestResend(RequestScResend),
    /// 98, to a 99.
    ScStatus(AcsStatus),
}

/// The layout of the message that begins with this command, in either direction.
pub(crate) fn layout_of(command: [u8; 2]) -> Option<&'static Layout> {
    Request::LAYOUTS.iter().chain(Response::LAYOUTS).find(|layout| layout.command == command)
}

/// Both directions of one message in a test: reads what came, writes it again.
#[cfg(test)]
pub(crate) mod tests {
    use bytes::Bytes;

    use super::*;

    /// A request, read from bytes that live as long as the program.
    pub(crate) fn request(message: &'static [u8]) -> Request<'static> {
        let frame: &'static Frame = Box::leak(Box::new(Frame::new(Bytes::from_static(message))));
        Request::decode(frame, &Dialect::default()).expect("a request")
    }

    /// A response, read from bytes that live as long as the program.
    pub(crate) fn response(message: &'static [u8]) -> Response<'static> {
        let frame: &'static Frame = Box::leak(Box::new(Frame::new(Bytes::from_static(message))));
        Response::decode(frame, &Dialect::default()).expect("a response")
    }

    /// The bytes of a request, without error detection and terminator.
    pub(crate) fn asked(request: impl Into<Request<'static>>) -> String {
        let mut out = BytesMut::new();
        request.into().encode(&Dialect::default(), ErrorDetection::Off, &mut out);
        String::from_utf8(out.to_vec()).expect("UTF-8").trim_end_matches('\r').to_owned()
    }

    /// The bytes of a response, without error detection and terminator.
    pub(crate) fn answered(response: impl Into<Response<'static>>) -> String {
        let mut out = BytesMut::new();
        response.into().encode(&Dialect::default(), ErrorDetection::Off, &mut out);
        String::from_utf8(out.to_vec()).expect("UTF-8").trim_end_matches('\r').to_owned()
    }

    #[test]
    fn a_message_of_the_other_direction_is_unknown() {
        let frame = Frame::new(Bytes::from_static(b"941"));
        assert_eq!(Request::decode(&frame, &Dialect::default()), Err(DecodeError::UnknownCommand));
        let frame = Frame::new(Bytes::from_static(b"97"));
        assert_eq!(Response::decode(&frame, &Dialect::default()), Err(DecodeError::UnknownCommand));
    }

    /// The sums of the fixed parts in the specification and in two implementations.
    #[test]
    fn every_request_has_the_width_of_the_standard() {
        let widths = [
            (b"23", 21),
            (b"11", 38),
            (b"09", 37),
            (b"01", 19),
            (b"99", 8),
            (b"97", 0),
            (b"93", 2),
            (b"63", 31),
            (b"35", 18),
            (b"37", 25),
            (b"17", 18),
            (b"19", 18),
            (b"25", 18),
            (b"15", 19),
            (b"29", 38),
            (b"65", 18),
        ];
        assert_eq!(Request::LAYOUTS.len(), widths.len());
        for (command, width) in widths {
            assert_eq!(layout_of(*command).map(Layout::fixed_width), Some(width), "{}", command.escape_ascii());
        }
    }

    #[test]
    fn every_response_has_the_width_of_the_standard() {
        let widths = [
            (b"24", 35),
            (b"64", 59),
            (b"94", 1),
            (b"98", 34),
            (b"36", 19),
            (b"26", 35),
            (b"12", 22),
            (b"30", 22),
            (b"10", 22),
            (b"18", 24),
            (b"20", 19),
            (b"16", 20),
            (b"38", 19),
            (b"66", 27),
            (b"96", 0),
        ];
        assert_eq!(Response::LAYOUTS.len(), widths.len());
        for (command, width) in widths {
            assert_eq!(layout_of(*command).map(Layout::fixed_width), Some(width), "{}", command.escape_ascii());
        }
    }
}
