//! A file of `clients/`: one vendor, catalogue or self-check.

use patron::Release;

use crate::district;
use crate::entry::Entry;
use crate::login::{self, Login};
use crate::network::Network;
use crate::section::Section;

/// A system that asks about students.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The stem of its file: what logs and commands call it.
    pub id: String,
    /// Its name, for people; where none is given, its id.
    pub name: String,
    /// How it logs in; `None`: it is known by the listener that is bound to it.
    pub login: Option<Login>,
    /// From where it may connect; empty: from anywhere.
    pub networks: Vec<Network>,
    /// Whose students it may ask about, by index; never empty.
    pub districts: Vec<usize>,
    /// Whether it must send a PIN.
    pub pin: PinPolicy,
    /// What it may see, within what each district releases.
    pub release: Release,
    /// The institution it expects (SIP2 AO), where it is not the library's.
    pub institution_id: Option<String>,
    /// The location it expects (SIP2 AN), where it is not the library's.
    pub location: Option<String>,
    /// How its text is encoded.
    pub charset: Charset,
}

/// Whether a client must send a PIN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PinPolicy {
    /// Without a PIN nobody is known.
    #[default]
    Required,
    /// Without a PIN the card alone is recognised, and the PIN is said not to be right.
    Optional,
}

impl PinPolicy {
    const WORDS: &[(&str, Self)] = &[("required", Self::Required), ("optional", Self::Optional)];
}

/// How a client's text is encoded. SIP2 knows no way to say so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8.
    #[default]
    Utf8,
    /// ISO 8859-1.
    Latin1,
    /// Code page 850, which the standard names as its default.
    Cp850,
    /// ASCII; other letters are transliterated.
    Ascii,
}

impl Charset {
    const WORDS: &[(&str, Self)] =
        &[("utf-8", Self::Utf8), ("latin-1", Self::Latin1), ("cp850", Self::Cp850), ("ascii", Self::Ascii)];
}

/// A client, and where its login user stands.
pub(crate) struct Draft<'a> {
    pub(crate) client: Client,
    pub(crate) user: Option<Entry<'a>>,
    /// Its file.
    pub(crate) root: Section<'a>,
}

pub(crate) const KEYS: &[&str] =
    &["name", "login", "networks", "districts", "pin", "release", "institution-id", "location", "dialect"];
pub(crate) const DIALECT_KEYS: &[&str] = &["charset"];

pub(crate) fn read<'a>(root: &Section<'a>, id: &str, districts: &[&str]) -> Option<Draft<'a>> {
    let field = |key| root.optional(key).map_or(Some(None), |entry| entry.field().map(Some));
    let name = field("name");
    let institution_id = field("institution-id");
    let location = field("location");
    let login = match root.optional("login") {
        Some(entry) => entry.section(login::KEYS).and_then(|section| login::read(&section)).map(Some),
        None => Some(None),
    };
    let networks = root.optional("networks").map_or(Some(Vec::new()), |entry| {
        entry.nonempty_set("a network such as \"203.0.113.0/24\", or no such key", |item| {
            item.parsed("a network such as \"203.0.113.0/24\"", Network::parse)
        })
    });
    let districts = root
        .required("districts", "a list of districts")
        .and_then(|entry| entry.nonempty_set("at least one district", |item| item.id_among("district", districts)));
    let pin = root.optional("pin").map_or(Some(PinPolicy::default()), |entry| entry.word(PinPolicy::WORDS));
    let release = root.optional("release").map_or(Some(Release::default()), |entry| district::release(&entry));
    let charset = root
        .section("dialect", DIALECT_KEYS)
        .and_then(|section| section.optional("charset"))
        .map_or(Some(Charset::default()), |entry| entry.word(Charset::WORDS));
    let (login, user) = login?.map(|draft| (draft.login, draft.user)).unzip();
    let client = Client {
        id: id.to_owned(),
        name: name?.unwrap_or_else(|| id.to_owned()),
        login,
        networks: networks?,
        districts: districts?,
        pin: pin?,
        release: release?,
        institution_id: institution_id?,
        location: location?,
        charset: charset?,
    };
    Some(Draft { client, user, root: root.clone() })
}

#[cfg(test)]
mod tests {
    use crate::trial::Trial;

    fn with(more: &str) -> Trial {
        let mut trial = Trial::default();
        trial.client("overdrive", &format!("{more}{}", trial.client_text("overdrive")));
        trial
    }

    #[test]
    fn what_is_left_out_is_the_least() {
        let client = Trial::default().load().unwrap().site.clients.remove(0);
        assert_eq!((client.name.as_str(), client.districts.as_slice()), ("overdrive", &[0][..]));
        assert_eq!((client.pin, client.charset, client.release), Default::default());
    }

    #[test]
    fn a_district_that_does_not_exist_is_told_with_the_nearest_one() {
        let mut trial = Trial::default();
        trial.client("overdrive", &trial.client_text("overdrive").replace("\"cms\"", "\"cms\", \"cmss\", \"cms\""));
        assert_eq!(
            trial.errors(),
            [
                "clients/overdrive.toml:1:21 districts[1]: unknown district, did you mean cms?; expected one of cms",
                "clients/overdrive.toml:1:29 districts[2]: stands here twice; expected each only once",
            ]
        );
    }

    #[test]
    fn a_broken_network_points_into_the_list() {
        assert_eq!(
            with("networks = [\"203.0.113.0/24\", \"203.0.113.9/24\", \"10.0.0.0\"]\n").errors(),
            [
                "clients/overdrive.toml:1:31 networks[1]: an address inside the network, which is 203.0.113.0/24; \
                 expected a network such as \"203.0.113.0/24\"",
                "clients/overdrive.toml:1:49 networks[2]: the length of the network is missing; \
                 expected a network such as \"203.0.113.0/24\"",
            ]
        );
    }

    #[test]
    fn words_are_checked_each_at_its_place() {
        assert_eq!(
            with("pin = \"never\"\nrelease = [\"names\"]\ndialect = { charset = \"latin1\" }\n").errors(),
            [
                "clients/overdrive.toml:1:7 pin: unknown word; expected one of required, optional",
                "clients/overdrive.toml:2:12 release[0]: unknown word, did you mean name?; \
                 expected one of name, initials, patron-type, email",
                "clients/overdrive.toml:3:23 dialect.charset: unknown word, did you mean latin-1?; \
                 expected one of utf-8, latin-1, cp850, ascii",
            ]
        );
    }
}
