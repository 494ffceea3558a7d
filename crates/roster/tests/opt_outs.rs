//! The list of opt-outs: an unreadable file never means that nobody has opted out.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use patron::{CardForm, CardRules, CardSpec, IdSource};
use roster::opt_outs::{OptOutProblem, OptOutTrouble};
use roster::{OptOuts, Store, key_file};
use tempfile::TempDir;

struct Library {
    folder: TempDir,
    store: Store,
}

impl Library {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        key_file::generate(&key, None).unwrap();
        let keyring = Arc::new(key_file::load(&key, None).unwrap());
        let store = Store::open(&folder.path().join("data"), keyring).unwrap();
        Self { folder, store }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("opt-outs.txt")
    }

    fn write(&self, text: &str) {
        fs::write(self.file(), text).unwrap();
    }

    fn load(&self) -> Result<(OptOuts, Option<OptOutTrouble>), OptOutTrouble> {
        let form = CardForm::new(CardSpec::plain(IdSource::Identifier, "", "[0-9]{7}", "district:a")).unwrap();
        let identity = self.store.identity_key().unwrap();
        OptOuts::load(&self.store, &identity, "a", &self.file(), &CardRules::new(vec![form]), &|_, _| None)
    }

    fn opted_out(&self, list: &OptOuts, id: &str) -> bool {
        list.holds(&self.store.identity_key().unwrap().opt_out_mark("district:a", id))
    }
}

#[test]
fn who_stands_in_the_file_has_opted_out_and_nobody_else() {
    let library = Library::new();
    library.write("1000001\n1000002\n");
    let (list, trouble) = library.load().unwrap();
    assert_eq!((list.len(), trouble), (2, None));
    assert!(library.opted_out(&list, "1000001") && !library.opted_out(&list, "1000003"));
    library.write("1000002\n");
    let (list, _) = library.load().unwrap();
    assert!(!library.opted_out(&list, "1000001"), "taken back");
}

#[test]
fn a_file_that_is_gone_or_empty_leaves_the_last_good_list_and_says_so() {
    let library = Library::new();
    library.write("1000001\n");
    library.load().unwrap();
    library.write("");
    let (list, trouble) = library.load().unwrap();
    assert!(library.opted_out(&list, "1000001"));
    assert_eq!(trouble.unwrap().problem, OptOutProblem::Empty);
    fs::remove_file(library.file()).unwrap();
    let (list, trouble) = library.load().unwrap();
    assert!(library.opted_out(&list, "1000001"));
    assert!(trouble.unwrap().to_string().contains("cannot be read"));
    library.write("# nobody\n");
    let (list, trouble) = library.load().unwrap();
    assert!(list.is_empty() && trouble.is_none());
}

#[test]
fn a_file_that_was_never_read_leaves_nobody_who_can_say() {
    assert!(matches!(Library::new().load().unwrap_err().problem, OptOutProblem::Unreadable(_)));
}

#[test]
fn beside_a_line_that_cannot_be_read_the_last_good_list_goes_on() {
    let library = Library::new();
    library.write("1000001\n1000002\n");
    library.load().unwrap();
    library.write("1000002\n1\n1000003\n");
    let (list, trouble) = library.load().unwrap();
    assert_eq!(trouble.unwrap().problem, OptOutProblem::Unclear(1, vec![2]));
    for id in ["1000001", "1000002", "1000003"] {
        assert!(library.opted_out(&list, id), "{id}");
    }
}
