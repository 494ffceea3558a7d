//! `LookupAgency` and its response: what the agency is called, and what its users are asked for when they log in.

use crate::document::Element;
use crate::header::{Agency, only};
use crate::problem::{Kind, Problem};
use crate::scheme;
use crate::writer::Writer;

/// `LookupAgency`.
#[derive(Debug)]
pub struct LookupAgency {
    /// The agency.
    pub agency: Agency,
    /// Whether its name is asked for.
    pub name: bool,
    /// Whether its prompts are.
    pub prompts: bool,
}

impl LookupAgency {
    pub(crate) fn read(service: Element<'_>) -> Result<Self, Problem> {
        let element = match only(service, "AgencyId")? {
            Some(element) => Some(element),
            None => only(service, "UniqueAgencyId")?,
        };
        let agency = element.map_or(Ok(None), Agency::read)?;
        let wanted = |name: &str| {
            let mut types = service.children().filter(|child| child.name() == "AgencyElementType");
            types.any(|word| word.value().eq_ignore_ascii_case(name))
        };
        Ok(Self {
            agency: agency.ok_or_else(|| Problem::new(Kind::NeededDataMissing, "AgencyId"))?,
            name: wanted("Organization Name Information"),
            prompts: wanted("Authentication Prompt"),
        })
    }
}

/// What a `LookupAgencyResponse` tells of an agency.
#[derive(Clone, Debug)]
pub struct AgencyInformation<'a> {
    /// The agency.
    pub agency: &'a Agency,
    /// Its name, where that is told.
    pub name: Option<&'a str>,
    /// What its users are asked for, in order.
    pub prompts: &'a [Prompt<'a>],
}

/// `AuthenticationPrompt`: a field of a login form.
#[derive(Clone, Copy, Debug)]
pub struct Prompt<'a> {
    /// What is shown beside the field.
    pub text: &'a str,
    /// The type of the `AuthenticationInput` that it becomes.
    pub input_type: &'a str,
    /// Whether what is typed must not be seen.
    pub sensitive: bool,
}

impl AgencyInformation<'_> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        writer.agency(self.agency);
        if let Some(name) = self.name {
            writer.within("OrganizationNameInformation", |writer| {
                writer.value("OrganizationNameType", scheme::ORGANIZATION_NAME, "Official Name");
                writer.element("OrganizationName", name);
            });
        }
        for prompt in self.prompts {
            writer.within("AuthenticationPrompt", |writer| {
                writer.within("PromptOutput", |writer| {
                    writer.element("AuthenticationPromptData", prompt.text);
                    writer.value("AuthenticationPromptType", scheme::PROMPT, "Text");
                });
                writer.within("PromptInput", |writer| {
                    writer.value("AuthenticationInputType", scheme::AUTHENTICATION_INPUT, prompt.input_type);
                    writer.value("AuthenticationDataFormatType", scheme::MEDIA_TYPES, "text/plain");
                    if prompt.sensitive {
                        writer.flag("SensitiveDataFlag");
                    }
                });
            });
        }
    }
}
