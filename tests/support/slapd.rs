//! OpenLDAP's server, started for one test: loopback, a free port, a folder that goes with it.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::foreign::{Tool, tool};
use crate::tls::{Authority, Identity};
use crate::told::until;

/// Attributes that no schema of Debian's has: Active Directory's, and those of a district. Their arc is made up.
const TEXTS: [&str; 8] =
    ["employeeID", "sAMAccountName", "hpRole", "hpSchool", "hpEnabled", "hpGrade", "hpBirthDate", "pin"];
const NUMBERS: [&str; 2] = ["userAccountControl", "accountExpires"];
const BYTES: [&str; 2] = ["objectGUID", "hpBytes"];

/// The name of an attribute and one of its values.
pub type Attribute<'a> = (&'a str, &'a [u8]);

/// A server with the base `dc=example,dc=org`. It ends with the value.
#[derive(Debug)]
pub struct Slapd {
    server: Child,
    port: u16,
    folder: TempDir,
}

impl Slapd {
    /// The entry below which everybody is.
    pub const BASE: &'static str = "dc=example,dc=org";
    /// An account that may read all of it.
    pub const DN: &'static str = "cn=reader,dc=example,dc=org";
    /// Its password.
    pub const PASSWORD: &'static str = "correct horse";

    /// A server with these people, each with the attributes that are named; `None` where slapd is not installed.
    ///
    /// `settings` are lines of slapd.conf(5) for the database.
    pub fn start(people: &[Vec<Attribute<'_>>], settings: &str) -> Option<Self> {
        Self::launch(tempfile::tempdir().unwrap(), people, "", settings, "ldap")
    }

    /// The same with a certificate that it shows, over TLS (`ldaps`) or StartTLS (`ldap`); `settings` are global ones.
    pub fn start_with_tls(
        people: &[Vec<Attribute<'_>>],
        (ca, shown): (&Authority, &Identity),
        scheme: &str,
        settings: &str,
    ) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let [authority, certificate, key] = ["ca.pem", "server.pem", "server.key"].map(|name| folder.path().join(name));
        ca.write(&authority);
        shown.write(&certificate, &key);
        let (authority, certificate, key) = (authority.display(), certificate.display(), key.display());
        let files =
            format!("CACertificateFile {authority}\nTLSCertificateFile {certificate}\nTLSCertificateKeyFile {key}");
        Self::launch(folder, people, &format!("TLS{files}\n{settings}"), "", scheme)
    }

    /// A server with a password policy for everybody (slapo-ppolicy(5)), which is these lines of LDIF.
    pub fn start_with_policy(people: &[Vec<Attribute<'_>>], policy: &str) -> Option<Self> {
        let dn = format!("cn=policy,{}", Self::BASE);
        let overlay = format!("overlay ppolicy\nppolicy_default \"{dn}\"\nppolicy_use_lockout");
        let mut slapd = Self::launch(tempfile::tempdir().unwrap(), people, "moduleload ppolicy", &overlay, "ldap")?;
        slapd.add(&format!(
            "dn: {dn}\nobjectClass: device\nobjectClass: pwdPolicy\ncn: policy\npwdAttribute: userPassword\n{policy}\n"
        ));
        Some(slapd)
    }

    /// `host:port`.
    pub fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Where it keeps its files, for more of a test's own.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// All that it holds, as LDIF, also what it counts by itself.
    pub fn dump(&self) -> String {
        let told =
            program(self.folder()).args(["-T", "cat", "-f", "slapd.conf"]).stdout(Stdio::piped()).output().unwrap();
        String::from_utf8(told.stdout).unwrap()
    }

    /// Replaces everybody, as a district's own tools would over night.
    pub fn replace(&mut self, people: &[Vec<Attribute<'_>>]) {
        self.stop();
        fs::remove_dir_all(self.folder().join("data")).unwrap();
        load(self.folder(), people);
        self.server = serve(self.folder(), self.port, "ldap");
    }

    /// Adds an entry that refers to another server.
    pub fn refer(&mut self, url: &str) {
        let base = Self::BASE;
        self.add(&format!(
            "dn: ou=far,{base}\nobjectClass: referral\nobjectClass: extensibleObject\nou: far\nref: {url}\n"
        ));
    }

    /// Adds an entry, as LDIF.
    fn add(&mut self, ldif: &str) {
        self.stop();
        add(self.folder(), ldif);
        self.server = serve(self.folder(), self.port, "ldap");
    }

    /// Kills it, with no time to say goodbye, and starts it again on the same port.
    pub fn restart(&mut self) {
        // It may have ended already.
        let _ = kill_process(Pid::from_child(&self.server), Signal::KILL);
        let _ = self.server.wait();
        self.server = serve(self.folder(), self.port, "ldap");
    }

    /// It falls silent without ending: its system still accepts connections.
    pub fn pause(&self) {
        kill_process(Pid::from_child(&self.server), Signal::STOP).unwrap();
    }

    /// It goes on.
    pub fn resume(&self) {
        kill_process(Pid::from_child(&self.server), Signal::CONT).unwrap();
    }

    /// Ends it, and waits until it has.
    pub fn stop(&mut self) {
        // It may have ended by itself, or be paused.
        let _ = kill_process(Pid::from_child(&self.server), Signal::TERM);
        let _ = kill_process(Pid::from_child(&self.server), Signal::CONT);
        let _ = self.server.wait();
    }

    fn launch(
        folder: TempDir,
        people: &[Vec<Attribute<'_>>],
        global: &str,
        database: &str,
        scheme: &str,
    ) -> Option<Self> {
        tool(Tool::Slapd)?;
        fs::write(folder.path().join("slapd.conf"), configuration(folder.path(), global, database)).unwrap();
        load(folder.path(), people);
        // Free at this moment: only slapd itself could hold it.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let server = serve(folder.path(), port, scheme);
        Some(Self { server, port, folder })
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        self.stop();
    }
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new("/usr/sbin/slapd");
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn serve(folder: &Path, port: u16, scheme: &str) -> Child {
    let url = format!("{scheme}://127.0.0.1:{port}");
    let mut server = program(folder).args(["-f", "slapd.conf", "-d", "0", "-h", &url]).spawn().unwrap();
    until("slapd", || {
        assert!(server.try_wait().unwrap().is_none(), "slapd ended at once; look at its configuration");
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
    });
    server
}

/// Fills an empty database.
fn load(folder: &Path, people: &[Vec<Attribute<'_>>]) {
    fs::create_dir(folder.join("data")).unwrap();
    add(folder, &entries(people));
}

fn add(folder: &Path, entries: &str) {
    let ldif = folder.join("people.ldif");
    fs::write(&ldif, entries).unwrap();
    // slapd itself by another name; `-q` leaves out what a throw-away database does not need.
    let loaded = program(folder).args(["-T", "add", "-q", "-f", "slapd.conf", "-l"]).arg(&ldif).status().unwrap();
    assert!(loaded.success(), "slapadd does not take {}", ldif.display());
}

fn configuration(folder: &Path, global: &str, database: &str) -> String {
    let schema = |name: &str| format!("include /etc/ldap/schema/{name}.schema\n");
    let mut text: String = ["core", "cosine", "inetorgperson"].map(schema).concat();
    // DirectoryString, INTEGER, OctetString (RFC 4517).
    let kinds = [(&TEXTS[..], 15, "caseIgnoreMatch"), (&NUMBERS, 27, "integerMatch"), (&BYTES, 40, "octetStringMatch")];
    let attributes = kinds.iter().flat_map(|(names, kind, rule)| names.iter().map(move |name| (*name, *kind, *rule)));
    for (number, (name, kind, rule)) in attributes.enumerate() {
        let syntax = format!("EQUALITY {rule} SYNTAX 1.3.6.1.4.1.1466.115.121.1.{kind}");
        writeln!(text, "attributetype ( 1.3.6.1.4.1.55555.1.{number} NAME '{name}' {syntax} )").unwrap();
    }
    let names = [&TEXTS[..], &NUMBERS, &BYTES].concat().join(" $ ");
    writeln!(text, "objectclass ( 1.3.6.1.4.1.55555.2.1 NAME 'hpPerson' AUXILIARY MAY ( {names} ) )").unwrap();
    let (base, dn, folder) = (Slapd::BASE, Slapd::DN, folder.display());
    write!(
        text,
        "pidfile {folder}/slapd.pid\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n{global}\n\
         database mdb\nsuffix \"{base}\"\nrootdn \"cn=root,{base}\"\ndirectory {folder}/data\nmaxsize 1073741824\nindex employeeID eq\n\
         access to attrs=userPassword by anonymous auth by * none\naccess to * by dn.exact=\"{dn}\" read by * none\n\
         {database}\n"
    )
    .unwrap();
    text
}

fn entries(people: &[Vec<Attribute<'_>>]) -> String {
    let (base, dn, password) = (Slapd::BASE, Slapd::DN, Slapd::PASSWORD);
    let mut ldif = format!(
        "dn: {base}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n\
         dn: {dn}\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\ncn: reader\n\
         userPassword: {password}\n\n"
    );
    for (number, person) in people.iter().enumerate() {
        writeln!(ldif, "dn: uid=u{number},{base}\nobjectClass: inetOrgPerson\nobjectClass: hpPerson").unwrap();
        write!(ldif, "uid: u{number}\ncn: u{number}\n").unwrap();
        if !person.iter().any(|(name, _)| *name == "sn") {
            ldif += "sn: Byron\n";
        }
        for (name, value) in person.iter().filter(|(_, value)| !value.is_empty()) {
            writeln!(ldif, "{name}:: {}", base64(value)).unwrap();
        }
        ldif += "\n";
    }
    ldif
}

/// LDIF writes in base64 what is not plain text (RFC 2849).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = (0..3).fold(0, |number, at| number << 8 | u32::from(chunk.get(at).copied().unwrap_or_default()));
        for at in 0..4 {
            let letter = LETTERS[(number >> (18 - 6 * at)) as usize & 63];
            text.push(if at <= chunk.len() { letter as char } else { '=' });
        }
    }
    text
}
