//! Processes that are measured: started here, ended with their guard, read through `/proc`.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::district::District;
use super::{client, echo, fixed};
use crate::paths::Paths;

/// How long a server may take to answer for the first time.
const START: Duration = Duration::from_secs(30);

/// A running server. Dropped, it is killed.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it answers 63 without a login.
    pub address: SocketAddr,
    /// Where it wants a 93 first.
    pub login_address: SocketAddr,
    /// What each right answer to a 63 holds.
    pub answer: &'static [u8],
    /// What each right answer to a 93 holds.
    pub accepted: &'static [u8],
}

/// Resident memory, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// What the process alone has: heap and stacks. The mapped roster is not in it.
    pub anonymous: u64,
    /// All of it.
    pub total: u64,
}

impl Server {
    /// Starts the echo server.
    pub async fn echo() -> Result<Self> {
        Self::own(&[echo::COMMAND]).await
    }

    /// Starts the server of one fixed reply to every POST.
    pub async fn fixed_reply(reply: &str) -> Result<Self> {
        Self::own(&[fixed::COMMAND, reply]).await
    }

    /// Starts a server that is part of this program, and prints its address.
    async fn own(arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        // It ends when its standard input does, and that is held by `child`.
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().context("the echo server")?;
        let mut lines = BufReader::new(child.stdout.take().context("the echo server has no output")?).lines();
        let line = timeout(START, lines.next_line()).await??.context("the echo server says nothing")?;
        let address = line.parse().context("the echo server's address")?;
        // It repeats what it is told.
        Ok(Self { child, address, login_address: address, answer: b"|AY1AZ", accepted: b"93" })
    }

    /// Starts `hallpass serve`, which may not answer yet. Its log goes to a file, as in service; rows that write
    /// much empty it before it reaches the disk.
    pub fn hallpass(paths: &Paths, district: &District) -> Result<Self> {
        Self::serve(Command::new(&paths.hallpass), district, Stdio::null(), Stdio::null())
    }

    /// The same by a command of its own, which is given the arguments of `hallpass`.
    pub fn serve(mut command: Command, district: &District, stdin: Stdio, stdout: Stdio) -> Result<Self> {
        district.empty_log()?;
        let log = File::options().append(true).open(district.log())?;
        command.arg("serve").arg("--config").arg(district.config());
        command.stdin(stdin).stdout(stdout).stderr(log).kill_on_drop(true);
        let child = command.spawn().context("hallpass serve")?;
        let &District { address, login_address, .. } = district;
        Ok(Self { child, address, login_address, answer: b"|BLY", accepted: b"941" })
    }

    /// Waits until a 63 is answered with a yes.
    pub async fn answers(&mut self, request: &[u8]) -> Result<()> {
        let deadline = Instant::now() + START;
        while !client::admits(self.address, request, self.answer).await {
            let ended = self.child.try_wait()?;
            ensure!(ended.is_none(), "the server ended at its start; see serve.log in its site");
            ensure!(Instant::now() < deadline, "no right answer within {START:?}; see serve.log in its site");
            sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.pid()?).ok().and_then(Pid::from_raw).context("its process id")?;
        Ok(kill_process(pid, signal)?)
    }

    /// Sends it a SIGTERM, and waits for an end that is a good one.
    pub async fn terminate(mut self) -> Result<()> {
        self.signal(Signal::TERM)?;
        let status = timeout(START, self.child.wait()).await.context("the server does not end")??;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }

    /// Kills it and waits for its end, so that its port and its lock are free.
    pub async fn stop(mut self) -> Result<()> {
        self.child.kill().await.context("a server that does not end")
    }

    /// Processor time so far, all threads, user and system.
    pub fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid()?))?;
        // The second field is the name, in brackets: it may hold anything. `utime` and `stime` are 14 and 15.
        let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
        Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
    }

    /// Resident memory now.
    pub fn memory(&self) -> Result<Memory> {
        memory(self.pid()?)
    }

    /// Its process id.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().context("the server has ended")
    }
}

/// Resident memory of a process now.
pub fn memory(pid: u32) -> Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = |key: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(key))?;
        Some(value.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
    };
    // A process that has just ended has none.
    let (anonymous, total) = (line("RssAnon:"), line("VmRSS:"));
    Ok(Memory { anonymous: anonymous.unwrap_or_default(), total: total.unwrap_or_default() })
}

/// A port that nobody has, below those that outgoing connections take.
pub fn free_port(from: u16) -> Result<SocketAddr> {
    let mut addresses = (from..30_000).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    addresses.find(|address| TcpListener::bind(address).is_ok()).context("no free port")
}

/// Runs the binary to its end and returns what it wrote to standard output.
pub async fn output(program: &Path, arguments: &[&str], input: Stdio) -> Result<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(input).stderr(Stdio::inherit()).kill_on_drop(true);
    let output = command.output().await.with_context(|| format!("{}", program.display()))?;
    let name = arguments.first().copied().unwrap_or_default();
    ensure!(output.status.success(), "`{} {name}` failed: {}", program.display(), output.status);
    Ok(String::from_utf8(output.stdout)?)
}
