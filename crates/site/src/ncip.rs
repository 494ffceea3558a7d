//! `ncip` of a client: how it is known and written to in NCIP. Everything else, such as `login` and `release`, is as for SIP2.

use crate::client;
use crate::section::Section;

/// How a client is met in NCIP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ncip {
    /// What we call ourselves to it, where that is not the library's `agency-id`.
    pub agency_id: Option<String>,
    /// The `FromAgencyId` or `FromSystemId` by which it is known, where that is not its login's user.
    pub from_agency: Option<String>,
    /// How privileges are told.
    pub privileges: Convention,
    /// Whether names, ids and privileges are told though it did not ask: some clients fail without them.
    pub tells_all: bool,
    /// Whether control characters are taken out of what it sends.
    pub strips_controls: bool,
    /// How many cards it may look up in a minute without a PIN, where it may at all.
    pub lookups_per_minute: u32,
}

/// How a privilege is put into `UserPrivilege` (reference/ncip.md 1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// `LIBRARY`, `PROFILE` and `STATUS`, with the value as their status: ReShare, mod-ncip, Koha, Sierra.
    Status,
    /// The patron type, `active` or `cancelled`: the standard's own example.
    Active,
}

/// What a kind of client needs (reference/ncip.md section 4).
#[derive(Clone, Copy)]
enum Profile {
    Generic,
    VuFind,
    ReShare,
    Relais,
    AutoGraphics,
    Folio,
}

impl Profile {
    const WORDS: &[(&str, Self)] = &[
        ("generic", Self::Generic),
        ("vufind", Self::VuFind),
        ("reshare", Self::ReShare),
        ("relais", Self::Relais),
        ("auto-graphics", Self::AutoGraphics),
        ("folio", Self::Folio),
    ];

    fn start(self) -> Ncip {
        let (privileges, tells_all) = match self {
            Self::Generic | Self::Folio => (Convention::Status, false),
            // Reads the expiry from the first privilege that has one.
            Self::VuFind => (Convention::Active, false),
            // Fail on an answer without a visible id, a name or a status.
            Self::ReShare | Self::Relais | Self::AutoGraphics => (Convention::Status, true),
        };
        Ncip { privileges, tells_all, ..Ncip::default() }
    }
}

impl Default for Ncip {
    fn default() -> Self {
        Self {
            agency_id: None,
            from_agency: None,
            privileges: Convention::Status,
            tells_all: false,
            strips_controls: false,
            lookups_per_minute: 60,
        }
    }
}

impl Ncip {
    pub(crate) const KEYS: &[&str] =
        &["profile", "agency-id", "from-agency", "privileges", "control-characters", "lookups-per-minute"];

    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        let profile = section.optional("profile").map_or(Some(Profile::Generic), |entry| entry.word(Profile::WORDS));
        let field = |key| section.optional(key).map_or(Some(None), |entry| entry.field().map(Some));
        let agency_id = field("agency-id");
        let from_agency = field("from-agency");
        let words = &[("status", Convention::Status), ("active", Convention::Active)];
        let privileges = section.optional("privileges").map_or(Some(None), |entry| entry.word(words).map(Some));
        let words = &[("refuse", false), ("strip", true)];
        let controls = section.optional("control-characters").map_or(Some(false), |entry| entry.word(words));
        let usual = Self::default().lookups_per_minute;
        let lookups = section.optional("lookups-per-minute");
        let lookups = lookups.map_or(Some(usual), |entry| entry.integer(1..=1_000_000_u32));
        let start = profile?.start();
        Some(Self {
            agency_id: agency_id?,
            from_agency: from_agency?,
            privileges: privileges?.unwrap_or(start.privileges),
            strips_controls: controls?,
            lookups_per_minute: lookups?,
            ..start
        })
    }
}

/// A `FromAgencyId` is one client's, and is nothing without the secret that proves it.
pub(crate) fn check_agencies(clients: &[Option<client::Draft<'_>>]) {
    let names = |client: &client::Client| -> Vec<String> {
        let login = client.login.as_ref().map(|login| login.user.clone());
        client.ncip.from_agency.iter().cloned().chain(login).collect()
    };
    for (at, draft) in clients.iter().enumerate() {
        let Some(draft) = draft else { continue };
        let (Some(agency), Some(entry)) = (&draft.client.ncip.from_agency, &draft.agency) else { continue };
        if draft.client.login.is_none() {
            entry.error(
                "an agency's name alone proves nothing",
                "expected a login beside it, whose password is the FromAgencyAuthentication",
            );
        }
        let others =
            clients.iter().enumerate().filter(|(other, _)| *other != at).filter_map(|(_, draft)| draft.as_ref());
        if let Some(other) = others.into_iter().find(|other| names(&other.client).contains(agency)) {
            entry.error(format!("client {} is known by the same name", other.client.id), "expected a name of its own");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::Trial;

    fn with(ncip: &str) -> Trial {
        let mut trial = Trial::default();
        trial.client("overdrive", &format!("{}[ncip]\n{ncip}", trial.client_text("overdrive")));
        trial
    }

    fn read(ncip: &str) -> Ncip {
        with(ncip).load().unwrap().site.clients.remove(0).ncip
    }

    #[test]
    fn a_profile_is_a_start_and_every_key_can_be_laid_over() {
        assert_eq!(read(""), Ncip::default());
        let vufind = read("profile = \"vufind\"\n");
        assert_eq!((vufind.privileges, vufind.tells_all), (Convention::Active, false));
        let reshare = read("profile = \"reshare\"\nprivileges = \"active\"\nlookups-per-minute = 600\n");
        assert_eq!((reshare.privileges, reshare.tells_all), (Convention::Active, true));
        assert_eq!(reshare.lookups_per_minute, 600);
        assert!(read("control-characters = \"strip\"\n").strips_controls);
    }

    #[test]
    fn an_unknown_profile_or_key_is_told_with_the_nearest_one() {
        assert_eq!(
            with("profile = \"vuefind\"\nagency = \"EPL\"\nlookups-per-minute = 0\n").errors(),
            [
                "clients/overdrive.toml:6:11 ncip.profile: unknown word, did you mean vufind?; \
                 expected one of generic, vufind, reshare, relais, auto-graphics, folio",
                "clients/overdrive.toml:7:1 ncip.agency: unknown key, did you mean agency-id?; expected one of profile, \
                 agency-id, from-agency, privileges, control-characters, lookups-per-minute",
                "clients/overdrive.toml:8:22 ncip.lookups-per-minute: out of range; expected 1 to 1000000",
            ]
        );
    }

    #[test]
    fn an_agency_is_one_clients_and_needs_a_secret() {
        let mut trial = with("from-agency = \"VENDOR\"\n");
        trial.client("other", &format!("{}[ncip]\nfrom-agency = \"overdrive\"\n", trial.client_text("other")));
        let bare = "districts = [\"cms\"]\nnetworks = [\"203.0.113.0/24\"]\n[ncip]\nfrom-agency = \"BARE\"\n";
        trial.client("bare", bare);
        assert_eq!(
            trial.errors(),
            [
                "clients/bare.toml:4:15 ncip.from-agency: an agency's name alone proves nothing; \
                 expected a login beside it, whose password is the FromAgencyAuthentication",
                "clients/other.toml:6:15 ncip.from-agency: client overdrive is known by the same name; \
                 expected a name of its own",
            ]
        );
    }
}
