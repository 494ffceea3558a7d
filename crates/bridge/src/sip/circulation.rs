//! The eight circulation requests: well-formed refusals. A roster lends nothing.

use std::borrow::Cow;

use sip2::{
    CheckinResponse, CheckoutResponse, FeePaidResponse, HoldResponse, ItemInformationResponse,
    ItemStatusUpdateResponse, List, Number, RenewAllResponse, RenewResponse, Request, Response, Timestamp,
};

use crate::sip::texts;

/// The refusal of a circulation request; `None`: the request is not one.
pub fn refusal<'a>(request: &'a Request<'_>, institution_id: &'a str, now: Timestamp) -> Option<Response<'a>> {
    let screen_messages = List::one(Cow::Borrowed(texts::NO_CIRCULATION));
    let echoed = |field: &'a Option<Cow<'_, str>>| Cow::Borrowed(field.as_deref().unwrap_or_default());
    let institution = |field: &'a Option<Cow<'_, str>>| {
        Cow::Borrowed(field.as_deref().filter(|id| !id.is_empty()).unwrap_or(institution_id))
    };
    let response = match request {
        Request::Checkout(asked) => Response::from(CheckoutResponse {
            transaction_date: now,
            institution_id: institution(&asked.institution_id),
            patron_identifier: echoed(&asked.patron_identifier),
            item_identifier: echoed(&asked.item_identifier),
            screen_messages,
            ..Default::default()
        }),
        Request::Checkin(asked) => CheckinResponse {
            transaction_date: now,
            institution_id: institution(&asked.institution_id),
            item_identifier: echoed(&asked.item_identifier),
            screen_messages,
            ..Default::default()
        }
        .into(),
        Request::FeePaid(asked) => FeePaidResponse {
            transaction_date: now,
            institution_id: institution(&asked.institution_id),
            patron_identifier: echoed(&asked.patron_identifier),
            screen_messages,
            ..Default::default()
        }
        .into(),
        Request::ItemInformation(asked) => ItemInformationResponse {
            // 01 "other" in both: the standard knows no 00.
            circulation_status: Number::new(1),
            fee_type: Number::new(1),
            transaction_date: now,
            item_identifier: echoed(&asked.item_identifier),
            screen_messages,
            ..Default::default()
        }
        .into(),
        Request::ItemStatusUpdate(asked) => ItemStatusUpdateResponse {
            transaction_date: now,
            item_identifier: echoed(&asked.item_identifier),
            screen_messages,
            ..Default::default()
        }
        .into(),
        Request::Hold(asked) => HoldResponse {
            transaction_date: now,
            institution_id: institution(&asked.institution_id),
            patron_identifier: echoed(&asked.patron_identifier),
            screen_messages,
            ..Default::default()
        }
        .into(),
        Request::Renew(asked) => RenewResponse {
            transaction_date: now,
            institution_id: institution(&asked.institution_id),
            patron_identifier: echoed(&asked.patron_identifier),
            item_identifier: echoed(&asked.item_identifier),
            screen_messages,
            ..Default::default()
        }
        .into(),
        Request::RenewAll(asked) => RenewAllResponse {
            transaction_date: now,
            institution_id: institution(&asked.institution_id),
            screen_messages,
            ..Default::default()
        }
        .into(),
        _ => return None,
    };
    Some(response)
}
