//! What a district's last syncs came to.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::sync::Arc;

use roster::history::KEPT_RUNS;
use roster::{RunCounts, RunEnd, RunRecord, Store, Trigger, key_file};
use tempfile::TempDir;

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    key_file::generate(&key, None).unwrap();
    let store = Store::open(&folder.path().join("data"), Arc::new(key_file::load(&key, None).unwrap())).unwrap();
    (folder, store)
}

fn published(at: i64) -> RunRecord {
    let counts = RunCounts { rows: 40, people: 38, ..RunCounts::default() };
    RunRecord { began_at: at, end: RunEnd::Published, counts: Some(counts), ..RunRecord::default() }
}

fn failed(at: i64, why: &str) -> RunRecord {
    RunRecord { began_at: at, cause: "source".into(), why: why.into(), ..RunRecord::default() }
}

#[test]
fn the_last_thirty_runs_are_kept_the_newest_first() {
    let (_folder, store) = store();
    for at in 0..35 {
        store.state().keep_run("cms", published(at)).unwrap();
    }
    store.state().keep_run("cms-2", published(99)).unwrap();
    let runs = store.state().runs("cms").unwrap();
    assert_eq!(runs.iter().map(|run| run.began_at).collect::<Vec<_>>(), (5..35).rev().collect::<Vec<_>>());
    assert_eq!((runs.len(), runs[0].counts), (KEPT_RUNS, published(0).counts));
    assert_eq!(store.state().runs("cms-2").unwrap().len(), 1, "another district's are its own");
    assert_eq!(store.state().runs("cm").unwrap(), []);
}

#[test]
fn a_server_that_is_down_for_a_day_pushes_no_other_run_out() {
    let (_folder, store) = store();
    store.state().keep_run("cms", published(1)).unwrap();
    for at in 2..100 {
        store.state().keep_run("cms", failed(at, "no answer")).unwrap();
    }
    store.state().keep_run("cms", failed(100, "no such name")).unwrap();
    store.state().keep_run("cms", RunRecord { trigger: Trigger::Manual, ..failed(101, "no such name") }).unwrap();
    let runs = store.state().runs("cms").unwrap();
    let told: Vec<_> = runs.iter().map(|run| (run.since, run.began_at, run.times)).collect();
    assert_eq!(told, [(101, 101, 1), (100, 100, 1), (2, 99, 98), (1, 1, 1)]);
}

#[test]
fn a_record_has_a_bounded_size() {
    let (_folder, store) = store();
    let notes = vec!["é".repeat(5000); 500];
    store.state().keep_run("cms", RunRecord { notes, ..failed(1, &"x".repeat(5000)) }).unwrap();
    let run = store.state().runs("cms").unwrap().remove(0);
    assert_eq!((run.notes.len(), run.notes[0].chars().count(), run.why.len()), (40, 303, 303));
}

#[test]
fn the_runs_of_a_district_end_with_it() {
    let (_folder, store) = store();
    store.state().keep_run("cms", published(1)).unwrap();
    store.state().keep_run("cms-2", published(1)).unwrap();
    store.purge(&store.lock_district("cms").unwrap(), &[]).unwrap();
    assert_eq!(store.state().runs("cms").unwrap(), []);
    assert_eq!(store.state().runs("cms-2").unwrap().len(), 1);
}
