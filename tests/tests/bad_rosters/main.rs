//! Whatever a district sends: what is not good is refused with its place, and the last good roster serves on.

mod kept; // what becomes of the rosters that were published, and of the files they came from
mod refused; // what is refused, and with which words

use hallpass_tests::{Daemon, Pupil, Roll, Site, deliver, deliver_zip};

/// A library whose daemon serves a good roster.
struct Serving {
    site: Site,
    daemon: Daemon,
    roll: Roll,
}

type Files = Vec<(&'static str, Vec<u8>)>;

impl Serving {
    fn new() -> Self {
        let (site, roll) = (Site::new(), Roll::of(200));
        deliver(&site.inbox(), &roll.files());
        site.run(&["sync"]).succeeded();
        let daemon = Daemon::start(&site);
        let serving = Self { site, daemon, roll };
        serving.the_old_roster_serves();
        serving
    }

    #[track_caller]
    fn the_old_roster_serves(&self) {
        for person in [&self.roll.people[0], &self.roll.people[101], &self.roll.people[199]] {
            let reply = self.daemon.patron(&person.id, &person.pin());
            assert!(reply.admits(), "{reply:?}");
        }
    }

    /// What lies in the inbox is refused with exit code 65 and these words, by a person's sync as by a rehearsal, and
    /// changes nothing but the list of runs, to which the sync is added.
    #[track_caller]
    fn refuses(&self, words: &[&str]) {
        let before = self.status();
        for arguments in [&["sync", "--dry-run"][..], &["sync", "cms"]] {
            let done = self.site.run(arguments).ended_with(65);
            let told = format!("{}{}", done.stdout, done.stderr);
            for word in words {
                assert!(told.contains(word), "nothing of {word:?} in {told}");
            }
            for person in &self.roll.people {
                assert!(!told.contains(&person.id) && !told.contains(&person.family), "it names a person: {told}");
            }
            if arguments.contains(&"--dry-run") {
                assert_eq!(self.status(), before, "a rehearsal leaves no trace");
            }
        }
        let mut after = self.status();
        let runs = std::mem::replace(&mut after["cms"]["runs"], before["cms"]["runs"].clone());
        assert_eq!(after, before);
        assert_eq!((&runs[0]["end"], &runs[0]["trigger"]), (&"refused".into(), &"manual".into()));
        let kept = runs[0].to_string();
        for person in &self.roll.people {
            assert!(!kept.contains(&person.id) && !kept.contains(&person.family), "it names a person: {kept}");
        }
        self.the_old_roster_serves();
    }

    #[track_caller]
    fn refuses_files(&self, files: &[(&str, Vec<u8>)], words: &[&str]) {
        deliver(&self.site.inbox(), files);
        self.refuses(words);
        deliver_zip(&self.site.inbox(), files);
        self.refuses(words);
    }

    #[track_caller]
    fn refuses_roll(&self, roll: &Roll, words: &[&str]) {
        self.refuses_files(&roll.files(), words);
    }

    fn status(&self) -> serde_json::Value {
        self.site.status()
    }

    fn people(&self) -> u64 {
        let status = &self.status()["cms"];
        let serving = status["serving"].clone();
        let generations = status["generations"].as_array().unwrap();
        generations.iter().find(|kept| kept["id"] == serving).unwrap()["people"].as_u64().unwrap()
    }

    /// The good files with one of them changed.
    fn with(&self, name: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Files {
        let mut files = self.roll.files();
        let file = files.iter_mut().find(|(known, _)| *known == name).unwrap();
        file.1 = change(std::mem::take(&mut file.1));
        files
    }

    fn changed(&self, change: impl FnMut(&mut Pupil)) -> Roll {
        let mut roll = self.roll.clone();
        roll.people.iter_mut().for_each(change);
        roll
    }
}
