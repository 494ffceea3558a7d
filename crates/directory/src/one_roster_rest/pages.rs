//! A collection, page by page.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;
use serde_json::error::Category;
use serde_json::value::RawValue;
use ureq::http::StatusCode;

use super::ServerFault;
use super::requests::{Requests, refused};
use super::value::Row;
use crate::notes::Notes;
use crate::{BadData, Fault, Oddity, Refusal};

/// Reads all rows of a collection, such as `users`, or those that changed `since`, and asks for these fields of each.
/// Returns how many there were.
///
/// The end is an empty page and nothing else: servers clamp the limit without a word, and a total or a link may lie. A
/// page that begins as an earlier one, or a total that was not reached, means that rows are missing.
pub(super) fn each(
    requests: &mut Requests<'_>,
    collection: &'static str,
    fields: &str,
    since: Option<&str>,
    notes: &mut Notes,
    take: &mut dyn FnMut(Row, &mut Notes) -> Result<(), Refusal>,
) -> Result<u64, Refusal> {
    let url = format!("{}/{collection}", requests.settings.url);
    let mut received = 0;
    let mut beginnings = HashSet::new();
    let mut said: Option<u64> = None;
    let mut selects = true;
    for page in 1_u64.. {
        let place = |mut fault: ServerFault| {
            fault.page = Some((page, received + 1));
            fault
        };
        let bad = |fault| Refusal::from(BadData::file(format!("{url}, page {page}, row {}", received + 1), fault));
        let mut query = vec![
            ("limit", requests.settings.page.to_string()),
            ("offset", received.to_string()),
            // One without the other is refused by some.
            ("sort", "sourcedId".to_owned()),
            ("orderBy", "asc".to_owned()),
        ];
        if let Some(since) = since {
            query.push(("filter", format!("dateLastModified>'{since}'")));
        }
        if selects {
            query.push(("fields", fields.to_owned()));
        }
        let mut answer = requests.page(&url, &query).map_err(place)?;
        if answer.status == StatusCode::BAD_REQUEST && selects && page == 1 {
            // It may not know a field; then it has to send all of them.
            selects = false;
            query.pop();
            answer = requests.page(&url, &query).map_err(place)?;
            notes.warn(collection, Oddity::NoSelection);
        }
        if answer.status != StatusCode::OK {
            return Err(place(ServerFault::new(&url, refused(answer.status))).into());
        }
        said = said.max(answer.total);
        let rows = rows(&answer.body, collection).map_err(bad)?;
        let Some(first) = rows.first() else { break };
        let beginning = Row::parse(first.get(), 0).and_then(|row| row.source_id()).unwrap_or(first.get().to_owned());
        if !beginnings.insert(beginning) {
            return Err(bad(Fault::RepeatedPage));
        }
        for row in rows {
            received += 1;
            match Row::parse(row.get(), received) {
                Some(row) => take(row, notes)?,
                None => notes.undecodable(collection, received, None, "an object"),
            }
        }
    }
    match said {
        Some(said) if said > received => Err(BadData::file(url, Fault::Total { said, received }).into()),
        Some(said) if said < received => {
            notes.warn(collection, Oddity::Total);
            Ok(received)
        }
        _ => Ok(received),
    }
}

/// The rows of a page, still as text: one at a time is taken apart.
fn rows<'a>(body: &'a [u8], collection: &'static str) -> Result<Vec<&'a RawValue>, Fault> {
    let broken = |error: serde_json::Error| match error.classify() {
        Category::Eof => Fault::BrokenOff,
        _ => Fault::NotJson,
    };
    let page: BTreeMap<String, &RawValue> = serde_json::from_slice(body).map_err(broken)?;
    let list = page.get(collection).ok_or(Fault::NoList { name: collection })?;
    serde_json::from_str(list.get()).map_err(|_| Fault::NoList { name: collection })
}

/// The object that a server sends where one is asked for: wrapped in its collection's name, as an object or a list of one.
pub(super) fn single(body: &[u8], collection: &'static str) -> Result<Option<Row>, Fault> {
    let page: BTreeMap<String, Value> = serde_json::from_slice(body).map_err(|_| Fault::NotJson)?;
    let object = match page.get(collection).ok_or(Fault::NoList { name: collection })? {
        Value::Array(items) => items.first().cloned().unwrap_or_default(),
        object => object.clone(),
    };
    Ok(Row::parse(&object.to_string(), 1))
}
