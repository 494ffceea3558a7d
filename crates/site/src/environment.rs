//! What the environment lays over the main file: `HALLPASS__LIBRARY__INSTITUTION_ID` is `library.institution-id`.

use config::{Case, Config, Environment, File, FileFormat, ValueKind};

use crate::finding::Place;
use crate::section::Sink;
use crate::tree::{Node, Origin};

const PREFIX: &str = "HALLPASS";
const SEPARATOR: &str = "__";

/// Lays the environment over the main file.
///
/// `config` decides what a variable means and which value wins; the tree remembers where each value stands. Variables
/// stay text until their key's type is known: `config` would guess, and read the location `007` as 7.
pub(crate) fn lay_over(main: &mut Node, text: &str, env: impl Iterator<Item = (String, String)>, sink: &Sink) {
    let variables = Environment::with_prefix(PREFIX)
        .separator(SEPARATOR)
        .convert_case(Case::Kebab)
        .try_parsing(false)
        .source(Some(env.collect()));
    let layered = Config::builder().add_source(File::from_str(text, FileFormat::Toml)).add_source(variables).build();
    match layered {
        Ok(layered) => descend(&layered.cache, &mut Vec::new(), main, sink),
        // `config` counts in 64 bits; no key takes a larger number, and the error's own text may hold values.
        Err(_) => sink.error(
            main.origin.place(),
            String::new(),
            "the environment cannot be laid over this file",
            "expected numbers of at most 64 bits",
        ),
    }
}

/// Takes over the values that have an origin: a text handed to `config` has none, the environment has.
fn descend(layered: &config::Value, path: &mut Vec<String>, main: &mut Node, sink: &Sink) {
    match &layered.kind {
        ValueKind::Table(table) => {
            let mut keys: Vec<_> = table.iter().collect();
            keys.sort_by_key(|(key, _)| key.as_str());
            for (key, value) in keys {
                path.push(key.clone());
                descend(value, path, main, sink);
                path.pop();
            }
        }
        ValueKind::String(text) if layered.origin().is_some() => {
            let name = variable(path);
            if !main.lay_over(path, text.clone(), &Origin::Variable(name.clone())) {
                sink.error(
                    Place::Variable(name),
                    path.join("."),
                    "a list cannot be set from the environment",
                    "expected it in the main file",
                );
            }
        }
        // A name such as HALLPASS__LISTENER[0]__ADDRESS reaches into a list.
        ValueKind::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                path.push(at.to_string());
                descend(value, path, main, sink);
                path.pop();
            }
        }
        _ => {}
    }
}

/// The variable of a key.
fn variable(path: &[String]) -> String {
    let name = path.join(SEPARATOR).replace('-', "_");
    format!("{PREFIX}{SEPARATOR}{name}").to_uppercase()
}

#[cfg(test)]
mod tests {
    use crate::trial::Trial;

    #[test]
    fn a_variable_comes_before_the_file_and_keeps_its_leading_zeros() {
        let mut trial = Trial::default();
        trial.variable("HALLPASS__LIBRARY__INSTITUTION_ID", "007");
        trial.variable("HALLPASS__LIBRARY__LOCATION", "1e3");
        trial.variable("HALLPASS__LIMITS__CONNECTIONS", "100");
        trial.variable("HALLPASS__LIMITS__IDLE_TIME", "1m");
        trial.variable("HALLPASS_CONFIG", "not ours");
        let site = trial.load().unwrap().site;
        assert_eq!((site.library.institution_id.as_str(), site.library.location.as_str()), ("007", "1e3"));
        assert_eq!((site.limits.connections, site.limits.idle_time.as_secs()), (100, 60));
        assert_eq!(site.library.name, "Example Public Library");
    }

    #[test]
    fn a_mistake_in_the_environment_names_its_variable() {
        for (name, value, expected) in [
            (
                "HALLPASS__LIMITS__FRAME",
                "4096",
                "limits.frame: the unit is missing; \
              expected a whole number with B, KiB or MiB, such as \"4KiB\"",
            ),
            ("HALLPASS__LIMITS__FIELDS", "lots", "limits.fields: text where an integer belongs; expected an integer"),
            (
                "HALLPASS__LIBRARY__INSTITUTON_ID",
                "X",
                "library.instituton-id: unknown key, did you mean institution-id?; \
              expected one of name, institution-id, location, agency-id, time-zone, currency, own-cards",
            ),
            ("HALLPASS__ADMIN", "9600", "admin: text where a table belongs; expected a table"),
            ("HALLPASS__LIBRARY__NAME", "", "library.name: the text is empty; expected text"),
            (
                "HALLPASS__LISTENER__ADDRESS",
                "0.0.0.0:1",
                "listener.address: a list cannot be set from the environment; \
              expected it in the main file",
            ),
            (
                "HALLPASS__LISTENER",
                "0.0.0.0:1",
                "listener: a list cannot be set from the environment; \
              expected it in the main file",
            ),
        ] {
            let mut trial = Trial::default();
            trial.variable(name, value);
            assert_eq!(trial.errors(), [format!("{name} {expected}")]);
        }
    }

    #[test]
    fn a_variable_cannot_reach_into_a_list() {
        let mut trial = Trial::default();
        trial.variable("HALLPASS__LISTENER[0]__ADDRESS", "0.0.0.0:1");
        assert_eq!(
            trial.errors(),
            ["HALLPASS__LISTENER__0__ADDRESS listener.0.address: a list cannot be set from the environment; \
              expected it in the main file"]
        );
    }

    #[test]
    fn a_number_that_no_layer_holds_is_a_mistake() {
        let mut trial = Trial::default();
        trial.main(&format!("{}[limits]\nfields = 99999999999999999999\n", trial.main_text()));
        assert_eq!(
            trial.errors(),
            [
                "hallpass.toml:1:1 : the environment cannot be laid over this file; expected numbers of at most 64 bits",
                "hallpass.toml:15:10 limits.fields: a number too large where an integer belongs; expected an integer",
            ]
        );
    }
}
