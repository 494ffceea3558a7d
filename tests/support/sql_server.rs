//! PostgreSQL and MariaDB, started for the tests of one process: loopback, a free port, a folder that goes with them.

use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use crate::foreign::{Tool, tool};
use crate::tls::{Authority, Identity};
use crate::told::until;

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlKind {
    /// PostgreSQL.
    Postgres,
    /// MariaDB.
    MariaDb,
}

/// A server. It ends with the value, or with the process, should that be sooner.
#[derive(Debug)]
pub struct SqlServer {
    kind: SqlKind,
    port: u16,
    folder: PathBuf,
    /// A shell that ends the server, and clears its folder away, as soon as nobody holds its input.
    watch: Child,
}

/// Ends what it started once its input ends. `$1` is the folder.
const WATCH: &str = "folder=$1; shift; \"$@\" </dev/null & pid=$!; read _; kill -INT $pid 2>/dev/null; \
    kill -TERM $pid 2>/dev/null; wait $pid; rm -rf \"$folder\"";

impl SqlKind {
    const fn tool(self) -> Tool {
        match self {
            Self::Postgres => Tool::Postgres,
            Self::MariaDb => Tool::MariaDb,
        }
    }

    /// The account that such a server runs as where we are root: it refuses to run as that.
    const fn account(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MariaDb => "mysql",
        }
    }

    /// How its addresses begin.
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::MariaDb => "mysql",
        }
    }
}

impl SqlServer {
    /// The account that reads, in every database that was [made](Self::database).
    pub const USER: &'static str = "reader";
    /// Its password.
    pub const PASSWORD: &'static str = "correct horse";

    /// The one server of this kind in this process; `None` where it is not installed.
    pub fn shared(kind: SqlKind) -> Option<&'static Self> {
        static SERVERS: [OnceLock<Option<SqlServer>>; 2] = [OnceLock::new(), OnceLock::new()];
        let [postgres, maria] = &SERVERS;
        let server = if kind == SqlKind::Postgres { postgres } else { maria };
        server.get_or_init(|| Self::start(kind, None)).as_ref()
    }

    /// A server of a test's own, perhaps with a certificate that it shows and an authority whose clients it knows.
    pub fn start(kind: SqlKind, tls: Option<(&Authority, &Identity)>) -> Option<Self> {
        tool(kind.tool())?;
        let folder = tempfile::tempdir().unwrap().keep();
        let files = ["ca.pem", "server.pem", "server.key"].map(|name| folder.join(name));
        if let Some((authority, shown)) = tls {
            authority.write(&files[0]);
            shown.write(&files[1], &files[2]);
            run(Command::new("chmod").arg("600").arg(&files[2]));
        }
        if rustix::process::geteuid().is_root() {
            run(Command::new("chown").arg("-R").arg(format!("{0}:{0}", kind.account())).arg(&folder));
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let server = match kind {
            SqlKind::Postgres => postgres(&folder, port, tls.is_some()),
            SqlKind::MariaDb => maria_db(&folder, port, tls.is_some()),
        };
        let mut watch = Command::new("sh");
        watch.args(["-c", WATCH, "sh"]).arg(&folder).arg(server.get_program()).args(server.get_args());
        let watch = watch.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Self { kind, port, folder, watch: watch.spawn().unwrap() };
        until("a database server", || {
            server.client("").args(server.statement("SELECT 1")).output().unwrap().status.success().then_some(())
        });
        server.run(
            "",
            &match kind {
                SqlKind::Postgres => format!("CREATE ROLE {} LOGIN PASSWORD '{}'", Self::USER, Self::PASSWORD),
                SqlKind::MariaDb => format!("CREATE USER {}@'%' IDENTIFIED BY '{}'", Self::USER, Self::PASSWORD),
            },
        );
        Some(server)
    }

    /// Which one it is.
    pub fn kind(&self) -> SqlKind {
        self.kind
    }

    /// Its port on 127.0.0.1, which a certificate may call `localhost`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes an empty database that [`Self::USER`] may read.
    pub fn database(&self, name: &str) {
        let user = Self::USER;
        self.run("", &format!("CREATE DATABASE {name}"));
        match self.kind {
            SqlKind::Postgres => {
                self.run(name, &format!("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {user}"));
            }
            SqlKind::MariaDb => self.run("", &format!("GRANT SELECT, EXECUTE ON {name}.* TO {user}@'%'")),
        }
    }

    /// Runs statements as the server's owner.
    #[track_caller]
    pub fn run(&self, database: &str, sql: &str) {
        let input = self.folder.join(format!("{}.sql", name_of_thread()));
        fs::write(&input, sql).unwrap();
        let mut client = self.client(database);
        let done = client.stdin(fs::File::open(&input).unwrap()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Ends it, and waits until it has.
    pub fn stop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }

    fn client(&self, database: &str) -> Command {
        let (port, folder) = (self.port.to_string(), self.folder.display());
        match self.kind {
            SqlKind::Postgres => {
                let mut client = Command::new("psql");
                let database = if database.is_empty() { "postgres" } else { database };
                client.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-h"]).arg(folder.to_string());
                client.args(["-p", &port, "-U", "postgres", "-d", database]);
                client
            }
            SqlKind::MariaDb => {
                let mut client = Command::new("mariadb");
                client.args(["--no-defaults", "-uroot", "--default-character-set=utf8mb4"]);
                client.arg(format!("--socket={folder}/socket"));
                client.args(Some(database).filter(|database| !database.is_empty()));
                client
            }
        }
    }

    fn statement<'s>(&self, sql: &'s str) -> [&'s str; 2] {
        [if self.kind == SqlKind::Postgres { "-c" } else { "-e" }, sql]
    }
}

impl Drop for SqlServer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Display for SqlServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://127.0.0.1:{}", self.kind.scheme(), self.port)
    }
}

/// Makes a cluster, and what serves it.
fn postgres(folder: &Path, port: u16, tls: bool) -> Command {
    let mut versions: Vec<_> =
        fs::read_dir("/usr/lib/postgresql").unwrap().map(|entry| entry.unwrap().path()).collect();
    versions.sort();
    let bin = versions.pop().unwrap().join("bin");
    let (data, account) = (folder.join("data"), SqlKind::Postgres.account());
    let mut make = unprivileged(account, &bin.join("initdb"));
    make.arg("-D").arg(&data).args(["-N", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"]);
    run(make.arg("--wal-segsize=1"));
    let kind = if tls { "hostssl" } else { "host" };
    let rules = format!(
        "local all postgres trust\n{kind} all certified 127.0.0.1/32 cert\n{kind} all reader 127.0.0.1/32 scram-sha-256\n"
    );
    fs::write(
        data.join("pg_hba.conf"),
        if tls { rules } else { rules.replace("host all certified 127.0.0.1/32 cert\n", "") },
    )
    .unwrap();
    let mut serve = unprivileged(account, &bin.join("postgres"));
    serve.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p", &port.to_string(), "-F", "-k"]).arg(folder);
    if tls {
        for (key, file) in [("ssl_ca_file", "ca.pem"), ("ssl_cert_file", "server.pem"), ("ssl_key_file", "server.key")]
        {
            serve.arg("-c").arg(format!("{key}={}", folder.join(file).display()));
        }
        serve.args(["-c", "ssl=on"]);
    }
    serve
}

/// Makes a data folder, and what serves it.
fn maria_db(folder: &Path, port: u16, tls: bool) -> Command {
    let account = SqlKind::MariaDb.account();
    // A server that starts clears the temporary tables of all out of the folder for them: each has its own.
    let folders = [("datadir", folder.join("data")), ("tmpdir", folder.to_owned())];
    let folders = folders.map(|(name, folder)| format!("--{name}={}", folder.display()));
    let mut make = unprivileged(account, Path::new("/usr/bin/mariadb-install-db"));
    make.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
    run(make.args(&folders).arg("--innodb-log-file-size=4M"));
    let mut serve = unprivileged(account, Path::new("/usr/sbin/mariadbd"));
    serve.arg("--no-defaults").args(&folders).args(["--bind-address=127.0.0.1", "--innodb-log-file-size=4M"]);
    serve.args(["--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve", "--log-bin-trust-function-creators=1"]);
    serve.arg(format!("--port={port}")).arg(format!("--socket={}", folder.join("socket").display()));
    if tls {
        for (key, file) in [("ssl-ca", "ca.pem"), ("ssl-cert", "server.pem"), ("ssl-key", "server.key")] {
            serve.arg(format!("--{key}={}", folder.join(file).display()));
        }
    }
    serve
}

/// A program as somebody who is not root.
fn unprivileged(account: &str, program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", account, "--regid", account, "--clear-groups", "--"]).arg(program);
    command
}

#[track_caller]
fn run(command: &mut Command) {
    let done = command.current_dir("/").stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Tests run beside each other, each in a thread of its own.
fn name_of_thread() -> String {
    format!("{:?}", std::thread::current().id()).replace(['(', ')'], "")
}
