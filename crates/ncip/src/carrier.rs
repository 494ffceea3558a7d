//! What carries the answer to a message that could not be read.

use crate::header::Header;
use crate::limits;
use crate::manner::{Edition, Manner};
use crate::service::Service;

/// How far a message is looked into.
const FAR: usize = limits::MESSAGE;
const ROOTS: [&[u8]; 2] = [b"NCIPMessage", b"NCIPVersionMessage"];

/// A manner, and the service whose response has room for a problem.
#[derive(Debug)]
pub(crate) struct Carrier {
    pub(crate) manner: Manner,
    pub(crate) service: Option<Service>,
    pub(crate) header: Header,
}

/// What the beginning looks like. `None`: nothing like NCIP. Nothing of it is kept but which of our own words it has.
pub(crate) fn sniff(bytes: &[u8]) -> Option<Carrier> {
    let bytes = bytes.get(..bytes.len().min(FAR)).unwrap_or_default();
    let mut tags = bytes.split(|byte| *byte == b'<').skip(1);
    let root = tags.find(|tag| ROOTS.contains(&local_name(tag)))?;
    let says = |mark: &[u8]| root.windows(mark.len()).any(|window| window == mark);
    let edition = match local_name(root) {
        b"NCIPVersionMessage" => Edition::Discovery,
        _ if says(b"v1_") => Edition::V1,
        _ => Edition::V2,
    };
    let service = tags.find(|tag| !tag.starts_with(b"!") && !tag.starts_with(b"?"));
    let service = service.and_then(|tag| Service::find(str::from_utf8(local_name(tag)).ok()?));
    Some(Carrier { manner: Manner::canonical(edition), service, header: Header::default() })
}

/// The name that a tag begins with, without a prefix.
fn local_name(tag: &[u8]) -> &[u8] {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
    let name = tag.split(ends).next().unwrap_or_default();
    name.rsplit(|byte| *byte == b':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sniffed(text: &str) -> Option<(Edition, Option<&'static str>)> {
        let carrier = sniff(text.as_bytes())?;
        Some((carrier.manner.edition, carrier.service.map(|service| service.name)))
    }

    #[test]
    fn version_and_service_show_in_what_is_broken_behind() {
        let v1 = "<!DOCTYPE NCIPMessage [ ]><NCIPMessage version='x/ncip_v1_0.dtd'>\n<!-- x --><LookupUser><a></b>";
        assert_eq!(sniffed(v1), Some((Edition::V1, Some("LookupUser"))));
        assert_eq!(
            sniffed("<n:NCIPMessage n:version='v2_0'><n:CheckOutItem"),
            Some((Edition::V2, Some("CheckOutItem")))
        );
        assert_eq!(sniffed("<NCIPMessage version='v1_0'><Nonsense>"), Some((Edition::V1, None)));
        assert_eq!(sniffed("<NCIPVersionMessage><LookupVersion"), Some((Edition::Discovery, None)));
    }

    #[test]
    fn what_is_nothing_like_ncip_has_no_carrier() {
        for text in ["", "9300CNuser|COpassword|CPx|", "<html>", "NCIPMessage", "<!DOCTYPE NCIPMessage>"] {
            assert_eq!(sniffed(text), None, "{text}");
        }
        assert_eq!(sniffed(&format!("{}<NCIPMessage>", " ".repeat(FAR))), None);
    }
}
