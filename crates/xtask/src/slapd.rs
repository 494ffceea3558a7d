//! Debian's slapd, for what is shown or measured of directories.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::bench::client::Client;
use crate::bench::process::free_port;

/// The account that may read everybody.
pub const READER: &str = "cn=reader,dc=example,dc=org";
/// Its password.
pub const READERS_PASSWORD: &str = "synthetic reader";
const PROGRAM: &str = "/usr/sbin/slapd";

/// A server of its own, below `dc=example,dc=org`. Dropped, it is killed.
#[derive(Debug)]
pub struct Slapd {
    server: Child,
    folder: PathBuf,
    /// Its port on 127.0.0.1.
    pub port: u16,
}

/// The entry of somebody, with more attributes as LDIF.
pub fn entry(uid: &str, more: &str) -> String {
    format!("dn: uid={uid},dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: s\nsn: s\n{more}\n")
}

impl Slapd {
    /// Starts it in a folder of its own, with these entries.
    pub async fn start(folder: &Path, entries: impl Iterator<Item = String>) -> Result<Self> {
        ensure!(Path::new(PROGRAM).exists(), "{PROGRAM} is missing: `cargo xtask test` installs it");
        fs::create_dir_all(folder.join("data"))?;
        let at = folder.display();
        let schema =
            ["core", "cosine", "inetorgperson"].map(|name| format!("include /etc/ldap/schema/{name}.schema\n"));
        let settings = format!(
            "{}modulepath /usr/lib/ldap\nmoduleload back_mdb\ndatabase mdb\nsuffix \"dc=example,dc=org\"\n\
             directory {at}/data\nmaxsize 1073741824\nsizelimit unlimited\nindex uid eq\naccess to attrs=userPassword by anonymous auth by * none\n\
             access to * by dn.exact=\"{READER}\" read by * none\n",
            schema.concat()
        );
        fs::write(folder.join("slapd.conf"), settings)?;
        let mut people = format!(
            "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n\
             dn: {READER}\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\ncn: reader\n\
             userPassword: {READERS_PASSWORD}\n\n"
        );
        people.extend(entries);
        fs::write(folder.join("people.ldif"), people)?;
        let loaded = Command::new(PROGRAM)
            .args(["-T", "add", "-q", "-f", "slapd.conf", "-l", "people.ldif"])
            .current_dir(folder)
            .status()
            .await?;
        ensure!(loaded.success(), "slapadd does not take its people: {loaded}");
        let port = free_port(17_001)?.port();
        Self::serve(folder.to_owned(), port).await
    }

    async fn serve(folder: PathBuf, port: u16) -> Result<Self> {
        let mut command = Command::new(PROGRAM);
        command.args(["-f", "slapd.conf", "-d", "0", "-h", &format!("ldap://127.0.0.1:{port}")]).current_dir(&folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let server = command.spawn()?;
        let deadline = Instant::now() + Duration::from_secs(20);
        while Client::connect(([127, 0, 0, 1], port).into()).await.is_err() {
            ensure!(Instant::now() < deadline, "slapd does not open its port");
            sleep(Duration::from_millis(5)).await;
        }
        Ok(Self { server, folder, port })
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid =
            self.server.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)).context("slapd has ended")?;
        Ok(kill_process(pid, signal)?)
    }

    /// Starts it anew on the same port, once it is dead.
    pub async fn again(mut self) -> Result<Self> {
        self.server.wait().await?;
        Self::serve(self.folder, self.port).await
    }

    /// Ends it.
    pub async fn end(mut self) -> Result<()> {
        Ok(self.server.kill().await?)
    }
}
