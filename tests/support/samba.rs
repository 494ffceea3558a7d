//! A real Active Directory, Samba's: a domain made for the tests, on a loopback address of its own as its ports are fixed.
//!
//! Making one takes some seconds, so that a test binary makes one for all of its tests.

use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use crate::foreign::{Tool, skip, tool};
use crate::tls::Authority;
use crate::told::until;

/// The ports of LDAP and LDAP over TLS.
const PORTS: [u16; 2] = [389, 636];

/// A domain `example.org`, or `EXAMPLE`, whose domain controller demands encryption and locks an account after three wrong
/// passwords. It ends with the process that started it, however that ends.
#[derive(Debug)]
pub struct Samba {
    _server: Child,
    address: Ipv4Addr,
    folder: PathBuf,
}

/// What is wrong with somebody's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Nothing.
    Good,
    /// It is disabled.
    Disabled,
    /// It has expired.
    Expired,
    /// Its password must be changed first.
    MustChange,
    /// No hour of the week is one to log in.
    NoHours,
    /// It may log in from another machine only.
    Elsewhere,
}

impl Account {
    const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::MustChange => "must-change",
            Self::NoHours => "no-hours",
            Self::Elsewhere => "elsewhere",
        }
    }
}

impl Samba {
    /// The entry below which everybody is.
    pub const BASE: &'static str = "DC=example,DC=org";
    /// An account that may read all of it.
    pub const READER: &'static str = "reader@example.org";
    /// An account that is disabled.
    pub const GONE: &'static str = "gone@example.org";
    /// Everybody's password.
    pub const PASSWORD: &'static str = "Marker-right-1";
    /// Its certificate is for this name.
    pub const HOST: &'static str = "localhost";
    /// Everybody's name, `employeeID` and account. The last is nobody else's business: tests may lock it.
    pub const PEOPLE: [(&'static str, &'static str, Account); 9] = [
        ("pupil1", "0000001", Account::Good),
        ("pupil2", "0000002", Account::Disabled),
        ("pupil3", "0000003", Account::Expired),
        ("pupil4", "0000004", Account::MustChange),
        ("pupil5", "0000005", Account::NoHours),
        ("pupil6", "0000006", Account::Elsewhere),
        ("pupil7", "0000007", Account::Good),
        ("pupil8", "0000007", Account::Good),
        ("pupil9", "0000009", Account::Good),
    ];

    /// This binary's domain; `None` where there can be none: then it says why.
    pub fn of_all_tests() -> Option<&'static Self> {
        static DOMAIN: OnceLock<Option<Samba>> = OnceLock::new();
        DOMAIN.get_or_init(Self::start).as_ref()
    }

    /// Its address.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Who signed its certificate, in PEM.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.join("tls/ca.pem")
    }

    fn start() -> Option<Self> {
        let program = tool(Tool::Samba)?;
        // One of a process's own, so that several may test at the same time.
        let [.., high, low] = std::process::id().to_be_bytes();
        let address = Ipv4Addr::new(127, 77, high, low.clamp(1, 254));
        if let Err(error) =
            PORTS.map(|port| TcpListener::bind((address, port))).into_iter().collect::<Result<Vec<_>, _>>()
        {
            skip(Tool::Samba, &format!("ports 389 and 636 of {address} are not to be had: {error}"));
            return None;
        }
        let folder = tempfile::tempdir().unwrap().keep();
        make(&folder, address);
        fill(&folder);
        let server = serve(&program, &folder);
        for port in PORTS {
            until("samba", || TcpStream::connect((address, port)).ok());
        }
        Some(Self { _server: server, address, folder })
    }
}

/// Makes the domain.
fn make(folder: &Path, address: Ipv4Addr) {
    let tls = folder.join("tls");
    for folder in [&tls, &folder.join("run"), &folder.join("ncalrpc")] {
        fs::create_dir(folder).unwrap();
    }
    let authority = Authority::new("district");
    let [ca, certificate, key] = ["ca.pem", "cert.pem", "key.pem"].map(|name| tls.join(name));
    authority.write(&ca);
    authority.issue(&[Samba::HOST, &address.to_string()]).write(&certificate, &key);
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();

    let shown = folder.display();
    let settings = [
        format!("interfaces = {address}/8"),
        "bind interfaces only = yes".to_owned(),
        "server services = ldap".to_owned(),
        "vfs objects =".to_owned(),
        format!("posix:eadb = {shown}/private/eadb.tdb"),
        format!("pid directory = {shown}/run"),
        format!("ncalrpc dir = {shown}/ncalrpc"),
        format!("winbindd socket directory = {shown}/run"),
        format!("ntp signd socket directory = {shown}/run"),
        format!("log file = {shown}/log"),
        "ldap server require strong auth = yes".to_owned(),
        "tls keyfile = ".to_owned() + key.to_str().unwrap(),
        "tls certfile = ".to_owned() + certificate.to_str().unwrap(),
        "tls cafile = ".to_owned() + ca.to_str().unwrap(),
    ];
    let mut provision = Command::new("samba-tool");
    provision.args(["domain", "provision", "--realm=EXAMPLE.ORG", "--domain=EXAMPLE", "--server-role=dc"]);
    provision.args(["--dns-backend=NONE", "--host-name=dc1", "--adminpass=Marker-admin-1"]);
    provision.arg(format!("--host-ip={address}")).arg(format!("--targetdir={shown}"));
    provision.args(settings.iter().map(|setting| format!("--option={setting}")));
    let said = provision.output().unwrap();
    assert!(said.status.success(), "no domain: {}", String::from_utf8_lossy(&said.stderr));
}

/// Brings in the people.
fn fill(folder: &Path) {
    let mut lines = String::new();
    let accounts = [("reader", "", Account::Good), ("gone", "", Account::Disabled)];
    for (name, id, account) in accounts.into_iter().chain(Samba::PEOPLE) {
        writeln!(lines, "{name}\t{id}\t{}\t{}", Samba::PASSWORD, account.name()).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("support/python/samba_people.py");
    // Debian's own Python: only that one has Samba's modules.
    let mut python = Command::new("/usr/bin/python3");
    python.arg(script).arg(folder.join("etc/smb.conf")).stdin(Stdio::piped());
    let mut python = python.spawn().unwrap();
    python.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(python.wait().unwrap().success(), "the domain takes no people");
}

/// Samba ends when its standard input does, which is when this process does; then its folder goes.
fn serve(program: &Path, folder: &Path) -> Child {
    let said = File::create(folder.join("said")).unwrap();
    Command::new("/bin/sh")
        .args(["-c", r#""$0" -i -M single -s "$1/etc/smb.conf"; rm -rf "$1""#])
        .args([program, folder])
        .stdin(Stdio::piped())
        .stdout(said.try_clone().unwrap())
        .stderr(said)
        .spawn()
        .unwrap()
}
