//! The binary, and commands that run to their end.

use std::env;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// How long a command may take: the sync of a whole district, while all other tests run.
const LONGEST: Duration = Duration::from_secs(120);

/// The binary under test: `HALLPASS_BIN`, or what lies in the workspace's target folder.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(path) = env::var_os("HALLPASS_BIN").map(PathBuf::from) {
            assert!(path.is_file(), "HALLPASS_BIN names {}, which is not there: run cargo xtask test", path.display());
            return path;
        }
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
        ["release/hallpass", "debug/hallpass"]
            .into_iter()
            .map(|place| target.join(place))
            .find(|path| path.is_file())
            .unwrap_or_else(|| panic!("no hallpass binary in {}: run cargo xtask test", target.display()))
    })
}

/// The binary as a command. What the caller's environment says about Hallpass does not reach it.
pub(crate) fn hallpass() -> Command {
    let mut command = Command::new(binary());
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("HALLPASS_") {
            command.env_remove(name);
        }
    }
    command.env_remove("NOTIFY_SOCKET").env_remove("CREDENTIALS_DIRECTORY");
    command
}

/// What a command came to.
#[derive(Debug)]
pub struct Output {
    /// The exit code; `None`: a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// The same output, if the command succeeded.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// Runs `hallpass` with arguments and nothing on standard input.
pub fn run<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Output {
    run_with_input(args, "")
}

/// Runs `hallpass` with arguments and a text on standard input.
pub fn run_with_input<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>, input: &str) -> Output {
    let mut command = hallpass();
    command.args(args);
    finish(&mut command, input)
}

/// Runs another program with arguments and a text on standard input.
pub fn run_program<A: AsRef<OsStr>>(program: &Path, args: impl IntoIterator<Item = A>, input: &str) -> Output {
    let mut command = Command::new(program);
    command.args(args);
    finish(&mut command, input)
}

/// Runs a command to its end.
fn finish(command: &mut Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (mut stdin, id) = (child.stdin.take().unwrap(), Pid::from_child(&child));
    let (ended, end) = mpsc::channel();
    // Fed from a thread: a command that answers while it reads must not wait for us.
    let output = thread::scope(|scope| {
        // One that reads nothing may be gone already.
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        scope.spawn(move || ended.send(child.wait_with_output()));
        end.recv_timeout(LONGEST).unwrap_or_else(|_| {
            let _ = kill_process(id, Signal::KILL);
            panic!("{command:?} did not end within {LONGEST:?}")
        })
    });
    let output = output.unwrap();
    Output {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
