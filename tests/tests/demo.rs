//! `hallpass demo`, as somebody meets it who has just built it: what it prints can be typed, and does what it says.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use hallpass_tests::{Output, PATIENCE, binary, run_program};
use rustix::process::{Pid, Signal, kill_process};

/// What it prints at last.
const LAST: &str = "Ctrl-C ends it.";

struct Demo {
    child: Child,
    told: Vec<String>,
}

impl Demo {
    fn start() -> Self {
        let mut child = Command::new(binary())
            .args(["demo", "--sip2-port", "0", "--ncip-port", "0", "--admin-port", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut demo = Self { child, told: Vec::new() };
        let (send, lines) = mpsc::channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        while demo.told.last().is_none_or(|line| line != LAST) {
            let line = lines.recv_timeout(PATIENCE);
            demo.told.push(line.unwrap_or_else(|_| panic!("that is all: {:?}", demo.told)));
        }
        demo
    }

    /// The command that is printed after what it means.
    fn command_after(&self, meaning: &str) -> &str {
        let mut lines = self.told.iter().skip_while(|line| !line.contains(meaning));
        lines
            .find(|line| line.trim_start().starts_with("echo "))
            .unwrap_or_else(|| panic!("{meaning}: {:?}", self.told))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn in_a_shell(command: &str) -> Output {
    run_program("/bin/sh".as_ref(), ["-c", command], "").succeeded()
}

#[test]
fn every_command_that_the_demo_prints_does_what_it_says() {
    let mut demo = Demo::start();
    let cases = [
        ("admitted", "Y", "Y", None),
        ("has disabled the account", "N", "N", Some("This account is disabled. Please ask your school")),
        ("another date than the student's", "N", "N", Some("Card number or PIN not accepted")),
    ];
    // All at once, as nothing keeps people from doing.
    thread::scope(|scope| {
        for (meaning, valid, password, screen) in cases {
            let command = demo.command_after(meaning);
            scope.spawn(move || {
                let told = in_a_shell(command).stdout;
                let field = |id: &str| told.lines().rev().find(|line| line.trim_start().starts_with(id));
                for (id, value) in [("BL ", Some(valid)), ("CQ ", Some(password)), ("AF ", screen)] {
                    let last = field(id).map(|line| line.trim_end());
                    assert!(last.is_some() == value.is_some(), "{meaning}: {id}in\n{told}");
                    assert!(last.is_none_or(|line| line.ends_with(value.unwrap())), "{meaning}: {id}in\n{told}");
                }
            });
        }
    });

    let ncip = demo.told.iter().find(|line| line.contains("probe ncip")).unwrap().trim();
    let told = in_a_shell(ncip).stdout;
    assert!(told.contains("LookupUserResponse") && told.contains("StructuredPersonalUserName"), "{told}");

    let explain = demo.command_after("Why was a card refused?").to_owned();
    let why = in_a_shell(&explain).stdout;
    assert!(why.contains("disabled"), "{why}");

    // What it made up goes with it.
    let folder = Path::new(explain.rsplit(' ').next().unwrap()).parent().unwrap();
    assert!(folder.is_dir(), "{}", folder.display());
    kill_process(Pid::from_child(&demo.child), Signal::TERM).unwrap();
    assert_eq!(demo.child.wait().unwrap().code(), Some(0));
    assert!(!folder.exists(), "{}", folder.display());
}
