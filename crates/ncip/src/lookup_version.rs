//! `LookupVersion` and its response: a document type of its own, and the shape that Koha gives it (reference/ncip.md 1.10).

use crate::header::Parties;
use crate::manner::Edition;
use crate::writer::Writer;

/// What we speak, oldest first.
const VERSIONS: [&str; 4] = [
    "http://www.niso.org/ncip/v1_0/imp1/dtd/ncip_v1_0.dtd",
    "http://www.niso.org/schemas/ncip/v2_0/imp1/xsd/ncip_v2_0.xsd",
    "http://www.niso.org/schemas/ncip/v2_01/imp1/xsd/ncip_v2_01.xsd",
    "http://www.niso.org/schemas/ncip/v2_02/ncip_v2_02.xsd",
];
/// What we answer with more than a refusal.
const SERVICES: [&str; 4] = ["AuthenticateUser", "LookupAgency", "LookupUser", "LookupVersion"];

/// `LookupVersionResponse`, in either shape.
pub(crate) fn write(parties: Parties<'_>, writer: &mut Writer<'_>) {
    writer.within("LookupVersionResponse", |writer| {
        if writer.edition() == Edition::Discovery || parties.to.is_some() {
            parties.write_agencies(writer);
        }
        for version in VERSIONS {
            writer.element("VersionSupported", version);
        }
        for service in SERVICES {
            writer.element("ServiceSupported", service);
        }
    });
}
