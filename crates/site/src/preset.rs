//! Ready-made dialects, by the kind of client (reference/sip2.md sections 1.6 and 3). Each is a start: every key can be laid over.

use crate::dialect::{Charset, Dialect, FieldName};
use crate::entry::Entry;

#[derive(Clone, Copy)]
enum Preset {
    Generic,
    VuFind,
    Palace,
    Ezproxy,
    PolarisLike,
    KohaLike,
    Libki,
}

pub(crate) fn read(entry: &Entry<'_>) -> Option<Dialect> {
    let preset = entry.word(&[
        ("generic", Preset::Generic),
        ("vufind", Preset::VuFind),
        ("palace", Preset::Palace),
        ("ezproxy", Preset::Ezproxy),
        ("polaris-like", Preset::PolarisLike),
        ("koha-like", Preset::KohaLike),
        ("libki", Preset::Libki),
    ])?;
    let usual = Dialect::default();
    let pa = FieldName(*b"PA");
    Some(match preset {
        // VuFind splits AE at its last comma, which is how it is written anyway.
        Preset::Generic | Preset::VuFind | Preset::Libki => usual,
        // Decodes code page 850 unless told otherwise, and reads the expiry from PA.
        Preset::Palace => Dialect { charset: Charset::Cp850, expiry: Some(pa), ..usual },
        // Its administrators match on ASCII text in AF.
        Preset::Ezproxy => Dialect { charset: Charset::Ascii, ..usual },
        // There PA is the patron's type, not the expiry.
        Preset::PolarisLike => Dialect { patron_type: pa, expiry: Some(FieldName(*b"PX")), ..usual },
        // Ends its lines with CR LF, and has the expiry where SIPServer has it.
        Preset::KohaLike => Dialect { crlf: true, expiry: Some(pa), ..usual },
    })
}
