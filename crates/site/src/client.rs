//! A file of `clients/`: one vendor, catalogue or self-check.

use patron::{Attribute, Release};

use crate::dialect::Dialect;
use crate::district;
use crate::entry::Entry;
use crate::login::{self, Login};
use crate::ncip::Ncip;
use crate::network::{self, Network};
use crate::section::Section;

/// A system that asks about students.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The stem of its file: what logs and commands call it.
    pub id: String,
    /// Its name, for people; where none is given, its id.
    pub name: String,
    /// What kind of system it is.
    pub kind: ClientKind,
    /// How it logs in; `None`: it is known by its listener, its certificate or its networks.
    pub login: Option<Login>,
    /// The DNS name in the certificate that it shows, where it is known by that.
    pub certificate_name: Option<String>,
    /// From where it may connect; empty: from anywhere.
    pub networks: Vec<Network>,
    /// How many connections it may have; `None`: as many as there are.
    pub connections: Option<usize>,
    /// Whose students it may ask about, by index; never empty.
    pub districts: Vec<usize>,
    /// Whether it must send a PIN.
    pub pin: PinPolicy,
    /// How some answers of design.md's table are given to it.
    pub answers: Answers,
    /// What it may see, within what each district releases.
    pub release: Release,
    /// The institution it expects (SIP2 AO), where it is not the library's.
    pub institution_id: Option<String>,
    /// The location it expects (SIP2 AN), where it is not the library's.
    pub location: Option<String>,
    /// How it reads and writes in SIP2.
    pub dialect: Dialect,
    /// How it is met in NCIP.
    pub ncip: Ncip,
}

/// What kind of system a client is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientKind {
    /// E-books, databases: a flag that means "no loans of paper books" must never reach it.
    #[default]
    EResource,
    /// A self-check or a desk: it is told what somebody may borrow.
    SelfCheck,
}

impl ClientKind {
    const WORDS: &[(&str, Self)] = &[("e-resource", Self::EResource), ("self-check", Self::SelfCheck)];
}

/// Where a client wants another answer than the usual one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// A wrong PIN is told from an unknown card (BL Y, CQ N).
    pub wrong_pin_told: bool,
    /// Who is not eligible is known and blocked (BL Y, CQ Y and flags), instead of unknown.
    pub ineligible_blocked: bool,
    /// An outage ends the connection, so that the vendor shows a page of its own.
    pub outage_closes: bool,
    /// CQ is Y though no PIN was sent.
    pub no_pin_cq: bool,
}

impl Answers {
    fn read(section: &Section<'_>) -> Option<Self> {
        let word = |key, words: &[(&str, bool)]| section.optional(key).map_or(Some(false), |entry| entry.word(words));
        let wrong_pin_told = word("wrong-pin", &[("hidden", false), ("told", true)]);
        let ineligible_blocked = word("ineligible", &[("unknown", false), ("blocked", true)]);
        let outage_closes = word("outage", &[("told", false), ("close", true)]);
        let no_pin_cq = word("no-pin-cq", &[("N", false), ("Y", true)]);
        Some(Self {
            wrong_pin_told: wrong_pin_told?,
            ineligible_blocked: ineligible_blocked?,
            outage_closes: outage_closes?,
            no_pin_cq: no_pin_cq?,
        })
    }
}

/// Whether a client must send a PIN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PinPolicy {
    /// Without a PIN nobody is known.
    #[default]
    Required,
    /// Without a PIN the card alone is recognised, and the PIN is said not to be right.
    Optional,
    /// A PIN is not looked at: the card alone is enough.
    Never,
}

impl PinPolicy {
    const WORDS: &[(&str, Self)] =
        &[("required", Self::Required), ("optional", Self::Optional), ("never", Self::Never)];
}

/// A client, and where its login user stands.
pub(crate) struct Draft<'a> {
    pub(crate) client: Client,
    pub(crate) user: Option<Entry<'a>>,
    /// Where the agency that it is known by stands.
    pub(crate) agency: Option<Entry<'a>>,
    /// Its file.
    pub(crate) root: Section<'a>,
}

pub(crate) const KEYS: &[&str] = &[
    "name",
    "kind",
    "login",
    "certificate-name",
    "networks",
    "connections",
    "districts",
    "pin",
    "no-pin-cq",
    "wrong-pin",
    "ineligible",
    "outage",
    "weak-pin",
    "release",
    "institution-id",
    "location",
    "dialect",
    "ncip",
];

pub(crate) fn read<'a>(root: &Section<'a>, id: &str, districts: &[&str]) -> Option<Draft<'a>> {
    let field = |key| root.optional(key).map_or(Some(None), |entry| entry.field().map(Some));
    let name = field("name");
    let kind = root.optional("kind").map_or(Some(ClientKind::default()), |entry| entry.word(ClientKind::WORDS));
    let institution_id = field("institution-id");
    let location = field("location");
    let login = match root.optional("login") {
        Some(entry) => entry.section(login::KEYS).and_then(|section| login::read(&section)).map(Some),
        None => Some(None),
    };
    let certificate_name = root.optional("certificate-name").map_or(Some(None), |entry| {
        entry.parsed("the DNS name in the client's certificate, such as \"sip.example.com\"", dns_name).map(Some)
    });
    let networks = root.optional("networks").map_or(Some(Vec::new()), |entry| network::list(&entry));
    let connections =
        root.optional("connections").map_or(Some(None), |entry| entry.integer(1..=1_000_000_usize).map(Some));
    let districts = root
        .required("districts", "a list of districts")
        .and_then(|entry| entry.nonempty_set("at least one district", |item| item.id_among("district", districts)));
    let pin = root.optional("pin").map_or(Some(PinPolicy::default()), |entry| entry.word(PinPolicy::WORDS));
    let answers = Answers::read(root);
    let release = root.optional("release").map_or(Some(Release::default()), |entry| district::release(&entry));
    let dialect = match root.optional("dialect") {
        Some(entry) => entry.section(Dialect::KEYS).and_then(|section| Dialect::read(&section)),
        None => Some(Dialect::default()),
    };
    let ncip_section = root.section("ncip", Ncip::KEYS);
    let agency = ncip_section.as_ref().and_then(|section| section.optional("from-agency"));
    let ncip = ncip_section.map_or(Some(Ncip::default()), |section| Ncip::read(&section));
    if let (Some(pin), Some(answers), Some(release)) = (pin, answers, release) {
        check_weakness(root, pin, answers, release);
    }
    if let (Some(release), Some(dialect)) = (release, &dialect) {
        check_templates(root, release, dialect);
    }
    let (login, user) = login?.map(|draft| (draft.login, draft.user)).unzip();
    let client = Client {
        id: id.to_owned(),
        kind: kind?,
        name: name?.unwrap_or_else(|| id.to_owned()),
        login,
        certificate_name: certificate_name?,
        networks: networks?,
        connections: connections?,
        districts: districts?,
        pin: pin?,
        answers: answers?,
        release: release?,
        institution_id: institution_id?,
        location: location?,
        dialect: dialect?,
        ncip: ncip?,
    };
    Some(Draft { client, user, agency, root: root.clone() })
}

/// A card number that opens something by itself is a secret by then: it must be accepted as one, and show nothing.
fn check_weakness(root: &Section<'_>, pin: PinPolicy, answers: Answers, release: Release) {
    const WHY: &str =
        "the card number alone gives access: under 34 CFR 99.3 a student ID is then no directory information";
    let accepted = match root.optional("weak-pin") {
        Some(entry) => entry.word(&[("accepted", ())]).is_some(),
        None => false,
    };
    let entry = match (pin, answers.no_pin_cq) {
        (PinPolicy::Never, _) => root.optional("pin"),
        (PinPolicy::Optional, true) => root.optional("no-pin-cq"),
        (PinPolicy::Required, true) => {
            root.error("no-pin-cq", "says nothing where a PIN is required", "expected only with pin = \"optional\"");
            return;
        }
        (PinPolicy::Required | PinPolicy::Optional, false) => {
            if let Some(entry) = root.optional("weak-pin") {
                entry.error("nothing here is weak", "expected only with pin = \"never\" or no-pin-cq = \"Y\"");
            }
            return;
        }
    };
    let Some(entry) = entry else { return };
    if !accepted {
        entry.error(WHY, "expected weak-pin = \"accepted\" beside it, once the districts have accepted that");
    }
    if pin == PinPolicy::Never && !release.is_least() {
        entry.error("whoever has a card number would be shown what is released", "expected no release beside it");
    }
}

/// A field over what is not released would never be sent: why does it not appear?
fn check_templates(root: &Section<'_>, release: Release, dialect: &Dialect) {
    let Some(entry) = root.optional("dialect") else { return };
    let named = dialect.name.iter().map(|template| ("AE", template));
    for (field, template) in named.chain(dialect.fields.iter().map(|(field, template)| (field.as_str(), template))) {
        let needs = template.needs();
        let missing = Attribute::ALL.into_iter().filter(|it| needs.allows(*it) && !release.allows(*it));
        let missing: Vec<&str> = missing.map(Attribute::name).collect();
        if !missing.is_empty() {
            entry.warning(
                format!("the text of {field} is never written: this client is not released {}", missing.join(", ")),
                "release = [...] with it, or another text",
            );
        }
    }
}

/// A name as certificates hold it.
fn dns_name(text: &str) -> Result<String, &'static str> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() <= 253 && text.split('.').all(label) { Ok(text.to_ascii_lowercase()) } else { Err("no DNS name") }
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
        assert_eq!((client.pin, client.answers, client.release), Default::default());
        assert_eq!(client.dialect, Default::default());
        assert_eq!((client.certificate_name, client.connections), (None, None));
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
            with("pin = \"sometimes\"\nrelease = [\"names\"]\ndialect = { charset = \"latin1\" }\n").errors(),
            [
                "clients/overdrive.toml:1:7 pin: unknown word; expected one of required, optional, never",
                "clients/overdrive.toml:2:12 release[0]: unknown word, did you mean name?; \
                 expected one of name, initials, patron-type, expiry, school, grade, home-library, email, internal-id",
                "clients/overdrive.toml:3:23 dialect.charset: unknown word, did you mean latin-1?; \
                 expected one of utf-8, latin-1, cp850, ascii",
            ]
        );
    }

    #[test]
    fn a_card_that_opens_by_itself_must_be_accepted_and_show_nothing() {
        assert_eq!(
            with("pin = \"never\"\nrelease = [\"grade\"]\n").errors(),
            [
                "clients/overdrive.toml:1:7 pin: the card number alone gives access: under 34 CFR 99.3 a student ID is \
                 then no directory information; expected weak-pin = \"accepted\" beside it, once the districts have \
                 accepted that",
                "clients/overdrive.toml:1:7 pin: whoever has a card number would be shown what is released; \
                 expected no release beside it",
            ]
        );
        assert_eq!(with("pin = \"optional\"\nno-pin-cq = \"Y\"\n").errors().len(), 1);
        assert_eq!(with("no-pin-cq = \"Y\"\nweak-pin = \"accepted\"\n").errors().len(), 1);
        assert_eq!(with("weak-pin = \"accepted\"\n").errors().len(), 1);
        assert!(with("pin = \"never\"\nweak-pin = \"accepted\"\n").warnings().is_empty());
    }

    #[test]
    fn a_certificate_is_known_by_its_dns_name() {
        let mut trial = with("certificate-name = \"SIP.Example.com\"\n");
        let tls = "tls = { certificate-file = \"c.pem\", key-file = \"k.pem\", client-ca-file = \"ca.pem\" }\n[admin]";
        trial.main(&trial.main_text().replace("[admin]", tls));
        let client = trial.load().unwrap().site.clients.remove(0);
        assert_eq!(client.certificate_name.as_deref(), Some("sip.example.com"));
        assert_eq!(
            with("certificate-name = \"CN=overdrive\"\n").errors(),
            ["clients/overdrive.toml:1:20 certificate-name: no DNS name; \
              expected the DNS name in the client's certificate, such as \"sip.example.com\""]
        );
    }

    #[test]
    fn a_text_over_what_is_not_released_is_warned_of() {
        let mut trial = Trial::default();
        let dialect = "[dialect]\nname = \"{given} {card}\"\nfields = { PF = \"{grade}\", PG = \"{card}\" }\n";
        trial.client("overdrive", &format!("release = [\"grade\"]\n{}{dialect}", trial.client_text("overdrive")));
        assert_eq!(
            trial.warnings(),
            ["clients/overdrive.toml:6:1 dialect: the text of AE is never written: this client is not released name; \
              release = [...] with it, or another text"]
        );
    }
}
