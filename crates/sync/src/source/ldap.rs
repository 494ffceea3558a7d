//! The configuration of a directory, as its connector takes it.

use directory::ldap::{Attributes, Bind, ClientCertificate, Security, Server, Settings};
use site::{Ldap, LdapSecurity};

pub(super) fn settings(ldap: &Ldap) -> Settings {
    let servers = ldap.servers.iter().map(|server| Server {
        host: server.host.clone(),
        port: server.port,
        security: match server.security {
            LdapSecurity::Tls => Security::Tls,
            LdapSecurity::StartTls => Security::StartTls,
            LdapSecurity::Plain => Security::Plain,
        },
    });
    let (bind, shown, named) = (ldap.bind.clone(), ldap.client_certificate.clone(), ldap.attributes.clone());
    Settings {
        servers: servers.collect(),
        bind: bind.map(|(dn, password_file)| Bind { dn, password_file }),
        ca_file: ldap.ca_file.clone(),
        client_certificate: shown.map(|(certificate_file, key_file)| ClientCertificate { certificate_file, key_file }),
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
