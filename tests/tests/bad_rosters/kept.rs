//! What becomes of the rosters that were published, and of the files they came from.

use std::fs::{self, OpenOptions};
use std::path::Path;

use hallpass_tests::{Daemon, Roll, Site, deliver, deliver_zip, until};

use crate::Serving;

#[test]
fn a_rehearsal_publishes_nothing() {
    let serving = Serving::new();
    let mut more = serving.roll.clone();
    more.people.extend(Roll::from(1000, 20).people);
    deliver(&serving.site.inbox(), &more.files());
    let before = serving.status();
    serving.site.run(&["sync", "--dry-run"]).succeeded().tells(&["nothing published", "new              20 IDs"]);
    assert_eq!(serving.status(), before);
    let new = &more.people[210];
    assert!(serving.daemon.patron(&new.id, &new.pin()).refuses());
    serving.site.run(&["sync"]).succeeded();
    assert_eq!(serving.people(), 220);
    assert!(serving.daemon.patron(&new.id, &new.pin()).admits());
}

#[test]
fn a_rollback_serves_the_older_roster_and_no_schedule_publishes_over_it() {
    let serving = Serving::new();
    let mut more = serving.roll.clone();
    more.people.extend(Roll::from(1000, 20).people);
    let new = more.people[210].clone();
    deliver(&serving.site.inbox(), &more.files());
    serving.site.run(&["sync"]).succeeded();
    serving.site.run(&["roster", "rollback", "cms"]).succeeded().tells(&["serves", "200 people", "held"]);
    assert!(
        serving.daemon.patron(&new.id, &new.pin()).refuses(),
        "a running daemon takes it before the command returns"
    );
    serving.the_old_roster_serves();
    assert_eq!(serving.status()["cms"]["held"], true);

    // A schedule that is due each second, a bundle it has never seen, and another district's sync as the proof that the
    // schedule has come round.
    let site = &serving.site;
    site.replace("districts/cms.toml", "after = \"keep\"", "after = \"delete\"\nevery = \"1s\"");
    more.people.extend(Roll::from(2000, 20).people);
    deliver(&site.inbox(), &more.files());
    let beside = site.district("cms");
    site.write_district("other", &beside.replace("[0-9]{7}", "X[0-9]{7}").replace("/inbox/cms", "/inbox/other"));
    let x = |mut roll: Roll| {
        roll.people.iter_mut().for_each(|person| person.id.insert(0, 'X'));
        roll
    };
    for round in 1..=3 {
        deliver(&site.path("inbox/other"), &x(Roll::of(100 + round)).files());
        if round == 1 {
            site.run(&["reload"]).succeeded();
        }
        serving.daemon.wait_for_words(&format!("\"district\":\"other\",\"students\":{}", 100 + round));
    }
    assert_eq!((serving.people(), serving.status()["cms"]["held"].clone()), (200, true.into()));
    assert!(site.inbox().join("users.csv").exists(), "while a rollback holds, the inbox is left alone");

    site.run(&["sync", "cms"]).succeeded();
    assert_eq!((serving.people(), serving.status()["cms"]["held"].clone()), (240, false.into()));
    assert!(serving.daemon.patron(&new.id, &new.pin()).admits());
}

#[test]
fn a_rollback_to_before_an_opt_out_refuses_who_has_opted_out_since() {
    let serving = Serving::new();
    let site = &serving.site;
    site.replace("districts/cms.toml", "[eligibility]\n", "[eligibility]\nopt-out-file = \"cms.opt-outs\"\n");
    let (gone, beside) = (&serving.roll.people[7], &serving.roll.people[8]);
    fs::write(site.path("conf/districts/cms.opt-outs"), format!("{}\n", gone.id)).unwrap();
    site.run(&["reload"]).succeeded();
    let refused = |serving: &Serving| {
        assert!(serving.daemon.patron(&gone.id, &gone.pin()).refuses(), "who has opted out");
        assert!(serving.daemon.patron(&beside.id, &beside.pin()).admits(), "who has not");
    };
    refused(&serving);
    site.run(&["sync"]).succeeded();
    let first = serving.status()["cms"]["generations"][1]["id"].as_str().unwrap().to_owned();
    // The older roster was made before anybody opted out.
    site.run(&["roster", "rollback", "cms", &first]).succeeded().tells(&["serves", &first]);
    refused(&serving);
    // Also where the list is gone by then: the last good one goes on.
    fs::remove_file(site.path("conf/districts/cms.opt-outs")).unwrap();
    serving.daemon.wait_for_words("opt_outs_kept");
    refused(&serving);
    let Serving { site, daemon, .. } = serving;
    drop(daemon);
    let daemon = Daemon::start(&site);
    assert!(daemon.patron(&gone.id, &gone.pin()).refuses(), "and after a restart");
}

#[test]
fn a_rollback_to_the_newest_lifts_the_hold() {
    let serving = Serving::new();
    let newest = |serving: &Serving| serving.status()["cms"]["generations"][0]["id"].as_str().unwrap().to_owned();
    serving.site.run(&["sync"]).succeeded();
    serving.site.run(&["roster", "rollback", "cms"]).succeeded();
    assert_eq!(serving.status()["cms"]["held"], true);
    serving.site.run(&["roster", "rollback", "cms", &newest(&serving)]).succeeded();
    assert_eq!(serving.status()["cms"]["held"], false);
    serving.site.run(&["roster", "rollback", "cms", &"0".repeat(32)]).ended_with(65);
    serving.site.run(&["roster", "rollback", "cms", "yesterday"]).ended_with(64);
}

#[test]
fn files_are_deleted_or_archived_only_once_they_are_published() {
    for (after, archived) in [("delete", false), ("archive", true)] {
        let serving = Serving::new();
        let inbox = serving.site.inbox();
        serving.site.replace("districts/cms.toml", "after = \"keep\"", &format!("after = \"{after}\""));
        let half = Roll { people: serving.roll.people[..100].to_vec() };
        for deliver in [deliver, deliver_zip] {
            deliver(&inbox, &half.files());
            let lying = |inbox: &Path| {
                let files = fs::read_dir(inbox).unwrap().map(|entry| entry.unwrap());
                files.filter(|entry| entry.file_type().unwrap().is_file()).count()
            };
            let before = lying(&inbox);
            serving.site.run(&["sync"]).ended_with(65);
            serving.site.run(&["sync", "--dry-run"]).ended_with(65);
            assert_eq!(lying(&inbox), before, "{after}: a refused bundle stays for whoever looks into it");
            deliver(&inbox, &serving.roll.files());
            serving.site.run(&["sync"]).succeeded();
            assert_eq!(lying(&inbox), 0, "{after}");
            assert_eq!(inbox.join("archive").is_dir(), archived, "{after}");
            serving.site.run(&["sync"]).succeeded().tells(&["nothing new in the inbox"]);
        }
    }
}

#[test]
fn a_refused_file_is_not_read_again_by_the_schedule_until_it_changes() {
    let serving = Serving::new();
    let site = &serving.site;
    site.replace("districts/cms.toml", "after = \"keep\"", "after = \"delete\"\nevery = \"1s\"");
    let half = Roll { people: serving.roll.people[..100].to_vec() };
    deliver_zip(&site.inbox(), &half.files());
    site.run(&["reload"]).succeeded();
    serving.daemon.wait_for_words("sync_refused");
    let metric = "hallpass_syncs_refused_total{district=\"cms\"}";
    assert_eq!(serving.daemon.metric(metric), 1);
    serving.the_old_roster_serves();
    let mut more = serving.roll.clone();
    more.people.extend(Roll::from(1000, 20).people);
    deliver_zip(&site.inbox(), &more.files());
    serving.daemon.wait_for_words("\"students\":220");
    assert_eq!(serving.daemon.metric(metric), 1, "the same file is refused once");
}

#[test]
fn an_empty_inbox_is_nothing_to_do_and_without_a_roster_it_is_unavailable() {
    let site = Site::new();
    site.run(&["sync"]).ended_with(69).complains(&["inbox", "cms has no roster yet"]);
    deliver(&site.inbox(), &Roll::of(30).files());
    site.run(&["sync"]).succeeded();
    deliver(&site.inbox(), &[]);
    site.run(&["sync"]).succeeded().tells(&["nothing new in the inbox"]);
}

#[test]
fn a_roster_whose_key_is_gone_is_an_outage_until_the_next_sync() {
    let Serving { site, daemon, roll } = Serving::new();
    drop(daemon);
    fs::remove_file(site.path("conf/hallpass.key")).unwrap();
    site.run(&["keygen"]).succeeded();
    // Nothing new in the inbox: a schedule has nothing to mend it with.
    deliver(&site.inbox(), &[]);
    let daemon = Daemon::start(&site);
    let log = daemon.log().join("\n");
    assert!(log.contains("which is not in the key file") && log.contains("\"district\":\"cms\""), "{log}");
    let student = &roll.people[0];
    for reply in [daemon.patron(&student.id, &student.pin()), daemon.patron(&student.id, &student.wrong_pin(1))] {
        assert!(reply.is_an_outage(), "{reply:?}");
    }
    let (status, body) = daemon.get("/readyz");
    assert!(status == 503 && body.contains("not in the key file"), "{status} {body}");
    site.run(&["roster", "status"]).succeeded().tells(&["cannot be served", "not in the key file"]);

    deliver(&site.inbox(), &roll.files());
    site.run(&["sync"]).succeeded().tells(&["nothing was compared", "not in the key file"]);
    let reply = daemon.patron(&student.id, &student.pin());
    assert!(reply.admits(), "the outage cost no attempt: {reply:?}");
    assert_eq!(daemon.get("/readyz").0, 200);
}

#[test]
fn a_roster_damaged_on_the_disk_is_an_outage_until_the_next_sync() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 4] = [
        ("cut short", |file| OpenOptions::new().write(true).open(file).unwrap().set_len(4096).unwrap()),
        ("emptied", |file| fs::write(file, "").unwrap()),
        ("gone", |file| fs::remove_file(file).unwrap()),
        ("overwritten", |file| fs::write(file, vec![0x5a; fs::metadata(file).unwrap().len() as usize]).unwrap()),
    ];
    for (what, damage) in damages {
        let Serving { site, daemon, roll } = Serving::new();
        drop(daemon);
        let serving = site.status()["cms"]["serving"].as_str().unwrap().to_owned();
        damage(&site.data().join("generations/cms").join(serving).join("data.mdb"));
        assert_eq!(site.status()["cms"]["readable"], false, "{what}");
        deliver(&site.inbox(), &[]);
        let daemon = Daemon::start(&site);
        let student = &roll.people[0];
        for pin in [student.pin(), student.wrong_pin(1)] {
            let answer = daemon.patron(&student.id, &pin);
            assert!(answer.is_an_outage(), "{what}: {answer:?}");
        }
        deliver(&site.inbox(), &roll.files());
        // The daemon's own first sync, which found nothing, may still hold the lock.
        let synced = until("the roster's lock", || Some(site.sync()).filter(|synced| synced.code != Some(69)));
        assert_eq!(synced.code, Some(0), "{what}: {}", synced.stderr);
        assert!(daemon.patron(&student.id, &student.pin()).admits(), "{what}");
    }
}
