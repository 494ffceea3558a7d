//! The configuration of a directory, as its connector takes it.

use std::path::PathBuf;

use directory::ldap::live::{self, Filter, Template, Who};
use directory::ldap::{Attributes, Bind, ClientCertificate, Security, Server, Settings};
use site::{DirectoryName, Ldap, LdapSecurity, LdapServer};

pub(super) fn settings(ldap: &Ldap) -> Settings {
    let named = ldap.attributes.clone();
    Settings {
        servers: ldap.servers.iter().map(server).collect(),
        bind: ldap.bind.as_ref().map(bind),
        ca_file: ldap.ca_file.clone(),
        client_certificate: ldap.client_certificate.as_ref().map(shown),
        base: ldap.base.clone(),
        filter: ldap.filter.clone(),
        page: ldap.page,
        timeout: ldap.timeout,
        attributes: Attributes {
            id: named.id,
            username: named.username,
            role: named.role,
            grade: named.grade,
            school: named.school,
            given_name: named.given_name,
            family_name: named.family_name,
            email: named.email,
            birth_date: named.birth_date,
            enabled: named.enabled,
        },
        roles: ldap.roles.clone(),
    }
}

/// The configuration of a directory that is asked at logins; or the key that is wrong, and how.
pub fn live_settings(directory: &site::Directory) -> Result<live::Settings, (&'static str, String)> {
    let who = match &directory.who {
        DirectoryName::Search { bind: account, base, filter } => Who::Search {
            bind: account.as_ref().map(bind),
            base: base.clone(),
            filter: Filter::parse(filter).map_err(|error| ("filter", error.to_string()))?,
        },
        DirectoryName::BindAs(name) => {
            Who::Template(Template::parse(name).map_err(|error| ("bind-as", error.to_string()))?)
        }
    };
    Ok(live::Settings {
        servers: directory.servers.iter().map(server).collect(),
        ca_file: directory.ca_file.clone(),
        client_certificate: directory.client_certificate.as_ref().map(shown),
        who,
        timeout: directory.timeout,
        // One of them searches, beside those who log in.
        connections: directory.connections + 1,
    })
}

fn server(server: &LdapServer) -> Server {
    Server {
        host: server.host.clone(),
        port: server.port,
        security: match server.security {
            LdapSecurity::Tls => Security::Tls,
            LdapSecurity::StartTls => Security::StartTls,
            LdapSecurity::Plain => Security::Plain,
        },
    }
}

fn bind((dn, password_file): &(String, PathBuf)) -> Bind {
    Bind { dn: dn.clone(), password_file: password_file.clone() }
}

fn shown((certificate_file, key_file): &(PathBuf, PathBuf)) -> ClientCertificate {
    ClientCertificate { certificate_file: certificate_file.clone(), key_file: key_file.clone() }
}
