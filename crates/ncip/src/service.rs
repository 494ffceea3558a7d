//! The services of both versions, and what each answer may carry.

/// A service of the standard, by the name of its initiation message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// The element of the initiation message.
    pub name: &'static str,
    /// The element of its response.
    pub response: &'static str,
    /// What its response can say of a fault in version 1.0; `None`: that version has no such service.
    pub v1: Option<FaultIn>,
    /// Whether the 2.x schemas have it.
    pub v2: bool,
}

/// Where a version 1 response has room for a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultIn {
    /// In a `Problem`.
    Problem,
    /// In a `MessagingError`, and nothing else: the answers to notifications.
    MessagingError,
}

macro_rules! services {
    ($($name:literal $v1:ident $v2:ident,)*) => {
        &[$(Service { name: $name, response: concat!($name, "Response"), v1: services!(@v1 $v1), v2: services!(@v2 $v2) },)*]
    };
    (@v1 problem) => { Some(FaultIn::Problem) };
    (@v1 messaging) => { Some(FaultIn::MessagingError) };
    (@v1 none) => { None };
    (@v2 v2) => { true };
    (@v2 none) => { false };
}

impl Service {
    /// All services, by name: 44 of the 1.0 DTD, 47 of the 2.02 schema.
    pub const ALL: &[Self] = services! {
        "AcceptItem" problem v2,
        "AgencyCreated" messaging v2,
        "AgencyUpdated" messaging v2,
        "AuthenticateUser" problem none,
        "CancelRecallItem" problem v2,
        "CancelRequestItem" problem v2,
        "CheckInItem" problem v2,
        "CheckOutItem" problem v2,
        "CirculationStatusChangeReported" messaging v2,
        "CirculationStatusUpdated" messaging v2,
        "CreateAgency" problem v2,
        "CreateItem" problem v2,
        "CreateUser" problem v2,
        "CreateUserFiscalTransaction" problem v2,
        "DeleteItem" none v2,
        "DeleteUser" none v2,
        "ItemCheckedIn" messaging v2,
        "ItemCheckedOut" messaging v2,
        "ItemCreated" messaging v2,
        "ItemRecallCancelled" messaging v2,
        "ItemRecalled" messaging v2,
        "ItemReceived" messaging v2,
        "ItemRenewed" messaging v2,
        "ItemRequestCancelled" messaging v2,
        "ItemRequestUpdated" messaging v2,
        "ItemRequested" messaging v2,
        "ItemShipped" messaging v2,
        "ItemUpdated" messaging v2,
        "LookupAgency" problem v2,
        "LookupItem" problem v2,
        "LookupItemSet" none v2,
        "LookupRequest" none v2,
        "LookupUser" problem v2,
        "RecallItem" problem v2,
        "RenewItem" problem v2,
        "ReportCirculationStatusChange" problem v2,
        "RequestItem" problem v2,
        "SendUserNotice" problem v2,
        "UndoCheckOutItem" problem v2,
        "UpdateAgency" problem v2,
        "UpdateCirculationStatus" problem v2,
        "UpdateItem" problem v2,
        "UpdateRequestItem" problem v2,
        "UpdateUser" problem v2,
        "UserCreated" messaging v2,
        "UserFiscalTransactionCreated" messaging v2,
        "UserNoticeSent" messaging v2,
        "UserUpdated" messaging v2,
    };

    /// The service of an initiation message; `None`: neither version has it.
    pub fn find(name: &str) -> Option<Self> {
        let at = Self::ALL.binary_search_by(|service| service.name.cmp(name)).ok()?;
        Self::ALL.get(at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_is_found_by_its_name_and_counted_as_the_schemas_count() {
        assert!(Service::ALL.iter().all(|service| Service::find(service.name) == Some(*service)));
        assert_eq!(Service::ALL.iter().filter(|service| service.v1.is_some()).count(), 44);
        let notified = Service::ALL.iter().filter(|service| service.v1 == Some(FaultIn::MessagingError));
        assert_eq!(notified.count(), 20);
        assert_eq!(Service::ALL.iter().filter(|service| service.v2).count(), 47);
        assert_eq!(Service::find("LookupVersion"), None);
    }
}
