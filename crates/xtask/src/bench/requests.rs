//! The messages: a 63 for each card that must be admitted, in an order that no cache can guess.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// A birth date as this district's students type it, of nobody.
pub const NOBODYS_PIN: &str = "04311999";

/// As many messages as there are admitted cards, all of one length.
#[derive(Debug)]
pub struct Requests {
    bytes: Vec<u8>,
    length: usize,
    count: usize,
}

impl Requests {
    /// Makes them from a file of answers: card, PIN and verdict, separated by tabs.
    pub fn read(answers: &Path) -> Result<Self> {
        Self::made(answers, patron_information)
    }

    /// The same cards, each with a PIN that nobody has: there is no 31st of April.
    pub fn wrong(answers: &Path) -> Result<Self> {
        Self::made(answers, |card, _| patron_information(card, NOBODYS_PIN))
    }

    /// The same as NCIP: a `LookupUser` in a POST, as VuFind would write it.
    pub fn ncip(answers: &Path) -> Result<Self> {
        Self::made(answers, lookup_user)
    }

    fn made(answers: &Path, message: impl Fn(&str, &str) -> String) -> Result<Self> {
        let text = fs::read_to_string(answers).with_context(|| format!("{}", answers.display()))?;
        let mut admitted: Vec<(&str, &str)> = text
            .lines()
            .filter_map(|line| {
                let (card, rest) = line.split_once('\t')?;
                let (pin, verdict) = rest.split_once('\t')?;
                (verdict == "admit").then_some((card, pin))
            })
            .collect();
        shuffle(&mut admitted);
        let mut bytes = Vec::new();
        let mut length = 0;
        for (card, pin) in &admitted {
            let line = message(card, pin);
            length = line.len();
            bytes.extend_from_slice(line.as_bytes());
        }
        ensure!(!admitted.is_empty(), "{} admits nobody", answers.display());
        ensure!(bytes.len() == length * admitted.len(), "cards or PINs of several lengths");
        Ok(Self { bytes, length, count: admitted.len() })
    }

    /// One of them; after the last comes the first.
    pub fn at(&self, index: usize) -> &[u8] {
        let start = index % self.count * self.length;
        self.bytes.get(start..start + self.length).unwrap_or_default()
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.count
    }
}

/// A 63 as Palace sends it (reference/sip2.md section 5), with AY and AZ.
pub fn patron_information(card: &str, pin: &str) -> String {
    summed(format!("6300020261123    165424          AOEPL|AA{card}|AC|AD{pin}|AY1AZ"))
}

/// A `LookupUser` of version 2 with card and PIN, whole with its HTTP.
fn lookup_user(card: &str, pin: &str) -> String {
    let input = |kind: &str, data: &str| {
        format!(
            "<AuthenticationInput><AuthenticationInputData>{data}</AuthenticationInputData><AuthenticationDataFormatType>\
             text</AuthenticationDataFormatType><AuthenticationInputType>{kind}</AuthenticationInputType>\
             </AuthenticationInput>"
        )
    };
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><NCIPMessage xmlns=\"http://www.niso.org/2008/ncip\" \
         version=\"http://www.niso.org/schemas/ncip/v2_02/ncip_v2_02.xsd\"><LookupUser>{}{}\
         <UserElementType>Name Information</UserElementType><UserElementType>User Privilege</UserElementType>\
         <UserElementType>Block Or Trap</UserElementType></LookupUser></NCIPMessage>",
        input("Username", card),
        input("Password", pin)
    );
    let length = body.len();
    format!(
        "POST /ncip HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/xml; charset=UTF-8\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

/// A 93.
pub fn login(user: &str, password: &str) -> String {
    summed(format!("9300CN{user}|CO{password}|AY0AZ"))
}

/// Appends the checksum: what makes the sum of all bytes up to AZ zero, in four hexadecimal digits.
fn summed(message: String) -> String {
    let sum = message.bytes().fold(0_u16, |sum, byte| sum.wrapping_add(byte.into()));
    format!("{message}{:04X}\r", sum.wrapping_neg())
}

/// Fisher and Yates by a linear congruence (Knuth's MMIX): the same order in every run.
fn shuffle<T>(items: &mut [T]) {
    let mut state = 1_u64;
    for last in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(last, (state >> 33) as usize % (last + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_has_the_checksum_of_the_captured_one() {
        assert_eq!(login("sip", "secret"), "9300CNsip|COsecret|AY0AZF7E2\r");
    }

    #[test]
    fn a_wrong_pin_is_asked_for_the_same_cards_in_the_same_order() {
        let folder = tempfile::tempdir().unwrap();
        let answers = folder.path().join("answers");
        fs::write(&answers, "1000001\t01012010\tadmit\n1000002\t01022010\trefuse\n1000003\t01032010\tadmit\n").unwrap();
        let (right, wrong) = (Requests::read(&answers).unwrap(), Requests::wrong(&answers).unwrap());
        assert_eq!((right.count(), wrong.count()), (2, 2));
        let card = |message: &[u8]| String::from_utf8_lossy(message).split('|').nth(1).map(str::to_owned);
        assert_eq!(card(right.at(0)), card(wrong.at(0)));
        assert!(String::from_utf8_lossy(wrong.at(0)).contains("|AD04311999|"));
    }

    #[test]
    fn shuffling_keeps_everybody_and_nobodys_place() {
        let mut items: Vec<u32> = (0..1_000).collect();
        shuffle(&mut items);
        assert!(items.iter().zip(0..).filter(|(item, place)| *item == place).count() < 10);
        items.sort_unstable();
        assert!(items.into_iter().eq(0..1_000));
    }
}
