//! The user in an answer: who it is, and what may be seen of them.

use jiff::ZonedDateTime;

use crate::header::Agency;
use crate::manner::Edition;
use crate::scheme;
use crate::writer::Writer;

/// A user, as an answer names one.
#[derive(Clone, Debug)]
pub struct User<'a> {
    /// The agency that knows the user: whoever answers.
    pub agency: &'a Agency,
    /// The card.
    pub identifier: &'a str,
    /// What is seen of the user; nothing in it: it is not written.
    pub fields: UserOptionalFields<'a>,
}

/// `UserOptionalFields`.
#[derive(Clone, Debug, Default)]
pub struct UserOptionalFields<'a> {
    /// Whether the card is said once more, as the visible id: some clients read only that.
    pub visible_id: bool,
    /// The name.
    pub name: Option<Name<'a>>,
    /// The e-mail address.
    pub email: Option<&'a str>,
    /// What the user may, in the client's convention.
    pub privileges: Vec<Privilege<'a>>,
    /// Words of the scheme of blocks, such as `Block Check Out`.
    pub blocks: &'a [&'a str],
}

/// A name, or what stands for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name<'a> {
    /// Given name and family name. Both forms are written: clients read the one or the other.
    Personal {
        /// Perhaps empty.
        given: &'a str,
        /// The family name.
        family: &'a str,
    },
    /// Initials, or a placeholder.
    Unstructured(&'a str),
}

/// `UserPrivilege`.
#[derive(Clone, Debug)]
pub struct Privilege<'a> {
    /// `AgencyUserPrivilegeType`.
    pub kind: &'a str,
    /// `UserPrivilegeStatusType`.
    pub status: Option<&'a str>,
    /// `ValidToDate`: an `xs:dateTime`, never a bare date (reference/ncip.md, quirk 19).
    pub valid_to: Option<&'a ZonedDateTime>,
}

impl User<'_> {
    /// `UserId`, or `UniqueUserId` in version 1.
    pub(crate) fn write_id(&self, writer: &mut Writer<'_>) {
        let name = if writer.edition() == Edition::V2 { "UserId" } else { "UniqueUserId" };
        writer.within(name, |writer| {
            writer.agency(self.agency);
            writer.element("UserIdentifierValue", self.identifier);
        });
    }

    /// `UserOptionalFields`, in the order that each version has them.
    pub(crate) fn write_fields(&self, writer: &mut Writer<'_>) {
        let fields = &self.fields;
        let nothing = !fields.visible_id
            && fields.name.is_none()
            && fields.email.is_none()
            && fields.privileges.is_empty()
            && fields.blocks.is_empty();
        if nothing {
            return;
        }
        writer.within("UserOptionalFields", |writer| {
            if fields.visible_id && writer.edition() == Edition::V1 {
                writer.within("VisibleUserId", |writer| {
                    writer.value("VisibleUserIdentifierType", scheme::USER_IDENTIFIER, "Barcode");
                    writer.element("VisibleUserIdentifier", self.identifier);
                });
            }
            if let Some(name) = fields.name {
                writer.within("NameInformation", |writer| name.write(writer));
            }
            if let Some(email) = fields.email {
                writer.within("UserAddressInformation", |writer| {
                    writer.value("UserAddressRoleType", scheme::USER_ADDRESS_ROLE, "Notice");
                    writer.within("ElectronicAddress", |writer| {
                        writer.value("ElectronicAddressType", scheme::ELECTRONIC_ADDRESS, "mailto");
                        writer.element("ElectronicAddressData", email);
                    });
                });
            }
            for privilege in &fields.privileges {
                writer.within("UserPrivilege", |writer| privilege.write(self.agency, writer));
            }
            for block in fields.blocks {
                writer.within("BlockOrTrap", |writer| {
                    writer.agency(self.agency);
                    writer.value("BlockOrTrapType", scheme::BLOCK_OR_TRAP, block);
                });
            }
            if fields.visible_id && writer.edition() == Edition::V2 {
                writer.within("UserId", |writer| {
                    writer.agency(self.agency);
                    writer.value("UserIdentifierType", scheme::USER_IDENTIFIER, "Barcode");
                    writer.element("UserIdentifierValue", self.identifier);
                });
            }
        });
    }
}

impl Name<'_> {
    fn write(self, writer: &mut Writer<'_>) {
        writer.within("PersonalNameInformation", |writer| match self {
            Self::Personal { given, family } => {
                writer.within("StructuredPersonalUserName", |writer| {
                    if !given.is_empty() {
                        writer.element("GivenName", given);
                    }
                    writer.element("Surname", family);
                });
                let whole = format!("{given} {family}");
                writer.element("UnstructuredPersonalUserName", whole.trim());
            }
            Self::Unstructured(name) => writer.element("UnstructuredPersonalUserName", name),
        });
    }
}

impl Privilege<'_> {
    fn write(&self, agency: &Agency, writer: &mut Writer<'_>) {
        writer.agency(agency);
        writer.value("AgencyUserPrivilegeType", scheme::PRIVILEGE, self.kind);
        if let Some(date) = self.valid_to {
            // With the colon in the offset, as xs:dateTime has it.
            writer.element("ValidToDate", &date.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string());
        }
        if let Some(status) = self.status {
            writer.within("UserPrivilegeStatus", |writer| {
                writer.value("UserPrivilegeStatusType", scheme::PRIVILEGE_STATUS, status);
            });
        }
    }
}
