//! A login by a 93, or at the prompts `login:` and `password:` as at a terminal, before SIP2 begins.

use std::time::Duration;

use sip2::Login;
use tokio::time::timeout;

use super::peer::{PATIENCE, Peer};
use super::shown::MASK;
use crate::failure::Failure;

/// How long a service may take to say what came of a login; some say nothing.
const GREETING: Duration = Duration::from_secs(2);
/// The most that is read while a prompt is waited for.
const LONGEST: usize = 4096;
/// What services say of a login that they refuse.
const REFUSALS: [&str; 4] = ["invalid", "incorrect", "denied", "refused"];

/// Sends a 93.
pub async fn by_message(peer: &mut Peer<'_>, login: &str, password: &str) -> Result<(), Failure> {
    let login =
        Login { login_user_id: Some(login.into()), login_password: Some(password.into()), ..Default::default() };
    let answer = peer.exchange(login.into()).await?;
    // 94, then 1 or 0. Without a login a PIN has nothing to do on the wire.
    if answer.as_bytes().get(2) == Some(&b'1') { Ok(()) } else { Err(refused()) }
}

/// Types the name and the password where they are asked for.
pub async fn at_prompts(peer: &mut Peer<'_>, login: &str, password: &str) -> Result<(), Failure> {
    for (prompt, typed, shown) in [("login:", login, login), ("password:", password, MASK)] {
        let prompted = timeout(PATIENCE, wait_for(peer, prompt)).await;
        prompted
            .map_err(|_| Failure::unavailable(format!("the service did not ask {prompt:?}: has it no prompts?")))??;
        println!("> {shown}");
        peer.type_line(typed).await?;
    }
    // What comes of it is seen from the first answer where nothing is said here.
    timeout(GREETING, greeting(peer)).await.unwrap_or(Ok(()))
}

/// Reads until the prompt came, in whatever case, and passes over it and what stood before it.
async fn wait_for(peer: &mut Peer<'_>, prompt: &str) -> Result<(), Failure> {
    loop {
        let heard = peer.heard();
        if let Some(end) = end_of(heard, prompt) {
            peer.pass_over(end);
            return Ok(());
        }
        if refuses(heard) {
            return Err(refused());
        }
        if heard.len() > LONGEST {
            return Err(Failure::unavailable(format!("the service talks, and does not ask {prompt:?}")));
        }
        if !peer.hear().await? {
            return Err(Failure::unavailable(format!("the service closed before it asked {prompt:?}")));
        }
    }
}

/// Waits for the first line after the password. Further ones are passed over where an answer is due.
async fn greeting(peer: &mut Peer<'_>) -> Result<(), Failure> {
    loop {
        let heard = peer.heard();
        if refuses(heard) {
            return Err(refused());
        }
        let padding = heard.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let end = heard.iter().skip(padding).position(|byte| matches!(byte, b'\r' | b'\n'));
        if let Some(end) = end.or((heard.len() > LONGEST).then_some(LONGEST)) {
            peer.pass_over(padding + end);
            return Ok(());
        }
        if !peer.hear().await? {
            return Err(refused());
        }
    }
}

/// Where the first of these words ends.
fn end_of(heard: &[u8], words: &str) -> Option<usize> {
    let at = heard.windows(words.len()).position(|window| window.eq_ignore_ascii_case(words.as_bytes()))?;
    Some(at + words.len())
}

/// Whether the service says no, or asks again.
fn refuses(heard: &[u8]) -> bool {
    REFUSALS.iter().any(|words| end_of(heard, words).is_some())
        || end_of(heard.trim_ascii_end(), "login:") == Some(heard.trim_ascii_end().len())
}

fn refused() -> Failure {
    Failure::unavailable(
        "the service refused the login, and nothing was asked: its sysadmin knows the right name and password",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_found_in_any_case_behind_any_words() {
        assert_eq!(end_of(b"\xFF\xFBWelcome\r\nLogin: ", "login:"), Some(17));
        assert_eq!(end_of(b"Login OK.", "login:"), None);
        assert_eq!(end_of(b"", "login:"), None);
    }

    #[test]
    fn a_second_prompt_is_a_refusal_and_a_greeting_is_none() {
        for refusal in [&b"Invalid login\r\n"[..], b"\r\nlogin: ", b"Access DENIED"] {
            assert!(refuses(refusal));
        }
        for greeting in [&b"Login OK.  Initiating SIP\r\n"[..], b"Last login: Tuesday\r\n", b""] {
            assert!(!refuses(greeting));
        }
    }
}
