//! `kind = "oneroster-rest"`.

use std::path::PathBuf;
use std::time::Duration;

use super::web_address;
use crate::section::Section;

pub(crate) const KEYS: &[&str] = &[
    "url",
    "version",
    "auth",
    "client-id",
    "client-secret-file",
    "token-url",
    "scope",
    "page",
    "pause",
    "timeout",
    "ca-file",
    "delta",
    "full-every",
];

/// A OneRoster server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneRosterRest {
    /// The base of its addresses, without a slash at its end, scheme and host in small letters.
    pub url: String,
    /// The version of the binding.
    pub version: OneRosterVersion,
    /// How a request shows who asks.
    pub auth: OneRosterAuth,
    /// The consumer key, or the client id.
    pub client_id: String,
    /// The file with the secret, read at each sync.
    pub client_secret_file: PathBuf,
    /// How many rows are asked for at a time.
    pub page: u32,
    /// How long to wait between two pages.
    pub pause: Duration,
    /// How long one request may take.
    pub timeout: Duration,
    /// Certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// A version of OneRoster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneRosterVersion {
    /// 1.1.
    V1p1,
    /// 1.2.
    V1p2,
}

/// How a OneRoster server knows who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OneRosterAuth {
    /// OAuth 1.0a, HMAC-SHA1.
    OAuth1Sha1,
    /// OAuth 1.0a, HMAC-SHA256.
    OAuth1Sha256,
    /// OAuth 2 client credentials.
    OAuth2 {
        /// Where tokens are issued.
        token_url: String,
        /// What is asked for.
        scope: Option<String>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Sha1,
    Sha256,
    OAuth2,
}

pub(crate) fn read(section: &Section<'_>) -> Option<OneRosterRest> {
    const VERSIONS: &[(&str, OneRosterVersion)] = &[("1.1", OneRosterVersion::V1p1), ("1.2", OneRosterVersion::V1p2)];
    const AUTHS: &[(&str, Word)] =
        &[("oauth1-sha1", Word::Sha1), ("oauth1-sha256", Word::Sha256), ("oauth2", Word::OAuth2)];
    let address = |key: &str, expected: &str| {
        section.required(key, expected).and_then(|entry| entry.parsed("an https address", web_address::parse))
    };
    let url = address("url", "the base of the server's addresses, up to v1p1 or v1p2");
    let version = section.required("version", "\"1.1\" or \"1.2\"").and_then(|entry| entry.word(VERSIONS));
    let word = section.required("auth", "one of oauth1-sha1, oauth1-sha256, oauth2").and_then(|entry| {
        let word = entry.word(AUTHS)?;
        if version == Some(OneRosterVersion::V1p2) && word != Word::OAuth2 {
            entry.error("OneRoster 1.2 knows no OAuth 1", "expected oauth2");
            return None;
        }
        Some(word)
    });
    let auth = match word {
        Some(Word::OAuth2) => {
            let scope = section.optional("scope").map(|entry| entry.text().map(str::to_owned));
            match (address("token-url", "where the server issues tokens"), scope) {
                (Some(token_url), None) => Some(OneRosterAuth::OAuth2 { token_url, scope: None }),
                (Some(token_url), Some(Some(scope))) => Some(OneRosterAuth::OAuth2 { token_url, scope: Some(scope) }),
                _ => None,
            }
        }
        Some(oauth1) => {
            for entry in ["token-url", "scope"].into_iter().filter_map(|key| section.optional(key)) {
                entry.error("OAuth 1 as OneRoster has it knows no tokens", "leave it out, or set auth = \"oauth2\"");
            }
            Some(if oauth1 == Word::Sha1 { OneRosterAuth::OAuth1Sha1 } else { OneRosterAuth::OAuth1Sha256 })
        }
        None => None,
    };
    let client_id = section.required("client-id", "what the district gave us to sign in with");
    let client_id = client_id.and_then(|entry| entry.text().map(str::to_owned));
    let secret = section.required("client-secret-file", "the file with the secret alone in it");
    let secret = secret.and_then(|entry| entry.secret_file());
    let page = section.optional("page").map_or(Some(5000), |entry| entry.integer(1..=50_000));
    let time = |key: &str, default: Duration, range: std::ops::RangeInclusive<&str>| {
        section.optional(key).map_or(Some(default), |entry| entry.duration(range))
    };
    let pause = time("pause", Duration::from_millis(250), "0s"..="1m");
    let timeout = time("timeout", Duration::from_secs(60), "1s"..="10m");
    let ca_file = section.optional("ca-file").map(|entry| entry.path());
    Some(OneRosterRest {
        url: url?,
        version: version?,
        auth: auth?,
        client_id: client_id?,
        client_secret_file: secret?,
        page: page?,
        pause: pause?,
        timeout: timeout?,
        ca_file: match ca_file {
            Some(file) => Some(file?),
            None => None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::Trial;
    use crate::{After, SourceKind};

    const LEAST: &str = r#"kind = "oneroster-rest"
url = "https://SIS.example.org:443/ims/oneroster/v1p1/"
version = "1.1"
auth = "oauth1-sha256"
client-id = "hallpass"
client-secret-file = "cms.secret"
"#;

    fn with(source: &str) -> Trial {
        let mut trial = Trial::default();
        let (before, _) = trial.district_text().split_once("kind =").unwrap();
        trial.district("cms", &format!("{before}{source}"));
        trial
    }

    fn read(source: &str) -> OneRosterRest {
        let loaded = with(source).load().unwrap_or_else(|faults| panic!("{faults}"));
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
        let source = loaded.site.districts[0].source.clone().unwrap();
        assert_eq!(source.after, After::Keep);
        match source.kind {
            SourceKind::OneRosterRest(rest) => *rest,
            other => panic!("{other:?}"),
        }
    }

    /// The errors of a source in which one text is another.
    fn errors(from: &str, to: &str) -> Vec<String> {
        assert!(LEAST.contains(from));
        with(&LEAST.replacen(from, to, 1)).errors()
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let rest = read(LEAST);
        assert_eq!(rest.url, "https://sis.example.org/ims/oneroster/v1p1");
        assert_eq!((rest.version, rest.auth), (OneRosterVersion::V1p1, OneRosterAuth::OAuth1Sha256));
        assert_eq!((rest.page, rest.pause, rest.timeout), (5000, Duration::from_millis(250), Duration::from_secs(60)));
        assert!(rest.client_secret_file.ends_with("districts/cms.secret") && rest.ca_file.is_none());
    }

    #[test]
    fn changes_are_asked_for_where_it_says_so_and_all_once_a_week() {
        let source = |keys: &str| with(&format!("{LEAST}{keys}")).load().unwrap().site.districts[0].source.clone();
        let (week, day) = (Duration::from_secs(7 * 24 * 3600), Duration::from_secs(24 * 3600));
        let of = |keys: &str| source(keys).map(|source| (source.delta, source.full_every));
        assert_eq!(of(""), Some((false, week)));
        assert_eq!(of("delta = true\n"), Some((true, week)));
        assert_eq!(of("delta = true\nfull-every = \"1d\"\n"), Some((true, day)));
        let errors = with(&format!("{LEAST}full-every = \"1d\"\n")).errors();
        assert!(errors[0].contains("source.full-every: every sync is a full one"), "{errors:?}");
    }

    #[test]
    fn a_token_has_its_address_and_scope() {
        let source = LEAST.replace("oauth1-sha256", "oauth2").replace("\"1.1\"", "\"1.2\"");
        let rest = read(&format!("{source}token-url = \"https://id.example.org/token\"\nscope = \"a b\"\n"));
        let (token_url, scope) = ("https://id.example.org/token".to_owned(), Some("a b".to_owned()));
        assert_eq!(rest.auth, OneRosterAuth::OAuth2 { token_url, scope });
        let errors = with(&source).errors();
        assert_eq!(
            errors,
            ["districts/cms.toml:8:1 source.token-url: missing; expected where the server issues tokens"]
        );
    }

    #[test]
    fn keys_that_do_not_go_together_are_refused() {
        let errors_of = errors("\"1.1\"", "\"1.2\"");
        assert!(errors_of[0].contains("source.auth: OneRoster 1.2 knows no OAuth 1"), "{errors_of:?}");
        let errors_of = errors("client-id", "scope = \"a\"\nclient-id");
        assert!(errors_of[0].contains("source.scope: OAuth 1 as OneRoster has it knows no tokens"), "{errors_of:?}");
    }

    #[test]
    fn values_out_of_their_range_are_refused() {
        for (key, value) in [("page", "0"), ("page", "50001"), ("timeout", "\"0s\""), ("pause", "\"61s\"")] {
            let errors = errors("client-id", &format!("{key} = {value}\nclient-id"));
            assert!(errors[0].contains(&format!("source.{key}: out of range")), "{errors:?}");
        }
    }

    #[test]
    fn every_needed_key_is_asked_for() {
        let errors = with("kind = \"oneroster-rest\"\n").errors();
        let missing = ["url", "version", "auth", "client-id", "client-secret-file"];
        assert_eq!(errors.len(), missing.len(), "{errors:?}");
        for key in missing {
            assert!(errors.iter().any(|error| error.contains(&format!("source.{key}: missing"))), "{key} {errors:?}");
        }
    }

    #[test]
    fn an_address_that_would_send_secrets_in_the_clear_is_refused() {
        let errors = errors("https://SIS", "http://SIS");
        assert_eq!(
            errors,
            ["districts/cms.toml:10:7 source.url: http is for this machine only; expected an https address"]
        );
    }
}
