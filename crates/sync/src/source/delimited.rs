//! From the configuration of a delimited file to its reader.

use directory::delimited::{Charset, Columns, EnabledWords, Mapping, find};
use directory::{Directory, Refusal};
use site::source::Delimited;
use site::source::delimited::{self as configured, FileCharset};

/// Opens the newest file; `None`: there is none.
pub(super) fn open(delimited: &Delimited) -> Result<Option<Box<dyn Directory>>, Refusal> {
    Ok(find(&delimited.path, mapping(delimited))?.map(|export| Box::new(export) as Box<dyn Directory>))
}

fn mapping(delimited: &Delimited) -> Mapping {
    let configured::Columns {
        id,
        source_id,
        username,
        role,
        enabled,
        grade,
        school,
        school_name,
        birth_date,
        given_name,
        family_name,
        email,
        pin,
    } = delimited.columns.clone();
    let words = delimited.enabled.clone();
    Mapping {
        delimiter: delimited.delimiter,
        charset: match delimited.charset {
            FileCharset::Utf8 => Charset::Utf8,
            FileCharset::Windows1252 => Charset::Windows1252,
        },
        dates: delimited.date_format.clone(),
        columns: Columns {
            id,
            source_id,
            username,
            role,
            enabled,
            grade,
            school,
            school_name,
            birth_date,
            given_name,
            family_name,
            email,
            pin,
        },
        roles: delimited.roles.clone(),
        enabled: words.map(|configured::EnabledWords { yes, no }| EnabledWords { yes, no }),
    }
}
