//! 93 and 94: a client says who it is.

use std::borrow::Cow;

use crate::fixed::{Accepted, Number};

message! {
    /// Logs a client in, usually once for each connection. SIP2 2.00, "Login".
    pub struct Login<'a>: b"93", "Login";

    fixed {
        /// How CN is encrypted: 0, not at all.
        uid_algorithm: Number<1>,
        /// How CO is encrypted: 0, not at all.
        pwd_algorithm: Number<1>,
    }
    fields {
        /// CN: the client's name.
        login_user_id: Option<Cow<'a, str>> = required LOGIN_USER_ID,
        /// CO: the client's password.
        login_password: Option<Cow<'a, str>> = required LOGIN_PASSWORD,
        /// CP: where the client stands.
        location_code: Option<Cow<'a, str>> = optional LOCATION_CODE,
    }
}

message! {
    /// Answers a [`Login`]. SIP2 2.00, "Login Response".
    pub struct LoginResponse<'a>: b"94", "Login Response";

    fixed {
        /// Whether the client is logged in.
        ok: Accepted,
    }
    fields {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::{answered, asked, request, response};
    use crate::{Request, Response};

    #[test]
    fn reads_a_login() {
        let Request::Login(read) = request(b"9300CNsip|COsecret|CP|AY1AZF6D2") else {
            panic!("another message");
        };
        assert_eq!(read.login_user_id.as_deref(), Some("sip"));
        assert_eq!(read.login_password.as_deref(), Some("secret"));
        assert_eq!(read.location_code.as_deref(), Some(""));
    }

    #[test]
    fn writes_a_login() {
        let message =
            Login { login_user_id: Some("sip".into()), login_password: Some("secret".into()), ..Login::default() };
        assert_eq!(asked(message), "9300CNsip|COsecret|");
    }

    #[test]
    fn an_answer_is_one_digit() {
        assert_eq!(answered(LoginResponse { ok: Accepted(true), ..LoginResponse::default() }), "941");
        assert_eq!(answered(LoginResponse::default()), "940");
        assert_eq!(
            response(b"941AY0AZFDFD"),
            Response::Login(LoginResponse { ok: Accepted(true), ..LoginResponse::default() })
        );
    }

    #[test]
    fn debug_shows_neither_name_nor_password() {
        let shown = format!("{:?}", request(b"9300CNsip|COsecret|CPx|"));
        assert!(!shown.contains("sip") && !shown.contains("secret"), "{shown}");
    }
}
