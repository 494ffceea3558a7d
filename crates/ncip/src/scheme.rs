//! The standard's scheme URIs that we write.

pub(crate) const AGENCY_ELEMENT: &str = "http://www.niso.org/ncip/v1_0/schemes/agencyelementtype/agencyelementtype.scm";
pub(crate) const AGENCY: &str = "http://www.niso.org/ncip/v1_0/schemes/agencyid/agencyid.scm";
pub(crate) const AUTHENTICATION_INPUT: &str =
    "http://www.niso.org/ncip/v1_0/imp1/schemes/authenticationinputtype/authenticationinputtype.scm";
pub(crate) const BLOCK_OR_TRAP: &str = "http://www.niso.org/ncip/v1_0/imp1/schemes/blockortraptype/blockortraptype.scm";
pub(crate) const ELECTRONIC_ADDRESS: &str = "http://www.iana.org/assignments/uri-schemes";
pub(crate) const GENERAL_ERROR: &str =
    "http://www.niso.org/ncip/v1_0/schemes/processingerrortype/generalprocessingerror.scm";
pub(crate) const LOOKUP_USER_ERROR: &str =
    "http://www.niso.org/ncip/v1_0/schemes/processingerrortype/lookupuserprocessingerror.scm";
pub(crate) const MEDIA_TYPES: &str = "http://www.iana.org/assignments/media-types";
pub(crate) const MESSAGING_ERROR: &str =
    "http://www.niso.org/ncip/v1_0/schemes/messagingerrortype/messagingerrortype.scm";
pub(crate) const ORGANIZATION_NAME: &str =
    "http://www.niso.org/ncip/v1_0/schemes/organizationnametype/organizationnametype.scm";
pub(crate) const PRIVILEGE: &str =
    "http://www.niso.org/ncip/v1_0/imp1/schemes/agencyuserprivilegetype/agencyuserprivilegetype.scm";
pub(crate) const PRIVILEGE_STATUS: &str =
    "http://www.niso.org/ncip/v1_0/schemes/userprivilegestatustype/userprivilegestatustype.scm";
pub(crate) const PROMPT: &str =
    "http://www.niso.org/ncip/v1_0/imp1/schemes/authenticationprompttype/authenticationprompttype.scm";
pub(crate) const USER_ADDRESS_ROLE: &str =
    "http://www.niso.org/ncip/v1_0/imp1/schemes/useraddressroletype/useraddressroletype.scm";
pub(crate) const USER_ELEMENT: &str = "http://www.niso.org/ncip/v1_0/schemes/userelementtype/userelementtype.scm";
pub(crate) const USER_IDENTIFIER: &str =
    "http://www.niso.org/ncip/v1_0/imp1/schemes/visibleuseridentifiertype/visibleuseridentifiertype.scm";
