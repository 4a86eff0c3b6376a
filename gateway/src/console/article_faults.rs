//! What is wrong with a publication, field by field, in words.

use lifeline_core::publications::PublicationError;
use lifeline_core::publications::ports::NotAPicture;

use super::fault::Fault;

impl From<PublicationError> for Fault {
    fn from(error: PublicationError) -> Self {
        match error {
            PublicationError::NotFound => Self::NotFound,
            PublicationError::OutOfScope => Self::Forbidden,
            PublicationError::Changed => Self::Refused("fault.article_changed"),
            PublicationError::NotNow => Self::Refused("fault.article_not_now"),
            PublicationError::OwnWork => Self::Refused("fault.article_own_work"),
            PublicationError::Faulty(faults) => {
                let first = faults
                    .first()
                    .map(|fault| (fault.field.as_str(), fault.why));
                let (field, why) = first.unwrap_or_default();
                Self::Invalid(word_of(field, why))
            }
            PublicationError::Picture(NotAPicture::TooLarge) => {
                Self::Invalid("fault.picture_large")
            }
            PublicationError::Picture(_) => Self::Invalid("fault.picture_format"),
            PublicationError::Record(error) => {
                tracing::error!(%error, "publications.not_recorded");
                Self::Internal
            }
            PublicationError::Store(error) => error.into(),
        }
    }
}

/// The words for a field that is refused.
fn word_of(field: &str, why: &str) -> &'static str {
    match field {
        "facts.address" => "fault.article_address",
        "facts.phone" => "fault.article_phone",
        "facts.hours" => "fault.article_hours",
        "facts.services" => "fault.article_services",
        "facts.place" => "fault.article_place",
        "facts.area" => "fault.article_area",
        "facts.cause" => "fault.article_cause",
        "facts.lines" => "fault.article_lines",
        "facts.org_nos" => "fault.article_org_nos",
        "facts.ends_at" => "fault.article_times",
        "facts.url" => "fault.article_url",
        "facts.publisher" => "fault.article_publisher",
        "facts.source" => "fault.article_source",
        "facts.source_url" => "fault.article_source_url",
        "facts.document_no" => "fault.article_document_no",
        "title" => "fault.article_title",
        "summary" => "fault.article_summary",
        "region" => "fault.article_region",
        "shown_to" => "fault.article_window",
        "reason" => "fault.article_reason",
        "facts" if why == "picture" => "fault.article_picture",
        _ if field.starts_with("facts") => "fault.article_facts",
        _ => match why {
            "length" => "fault.article_long",
            "count" => "fault.article_count",
            "link" => "fault.article_link",
            "picture" => "fault.article_picture",
            _ => "fault.article_text",
        },
    }
}

#[cfg(test)]
mod tests {
    use lifeline_core::publications::content::Content;
    use lifeline_core::publications::kind::{App, Facts, Kind, Outlet, Place};

    use super::*;

    /// What is said of content that breaks its rules.
    fn said(kind: Kind, facts: Facts) -> Option<&'static str> {
        let content = Content {
            title: "x".to_owned(),
            summary: String::new(),
            blocks: Vec::new(),
            facts,
        };
        match Fault::from(PublicationError::Faulty(content.faults(kind))) {
            Fault::Invalid(word) => Some(word),
            _ => None,
        }
    }

    #[test]
    fn ln_11_each_fact_that_is_wrong_is_named() {
        let outlet = |address: &str, phone: &str, latitude_e6| {
            let outlet = Outlet {
                address: address.to_owned(),
                phone: phone.to_owned(),
                hours: "8:30-17:00".to_owned(),
                services: Vec::new(),
                place: Place {
                    latitude_e6,
                    longitude_e6: 0,
                },
            };
            said(Kind::Outlet, Facts::Outlet(outlet))
        };
        assert_eq!(outlet("", "95598", 0), Some("fault.article_address"));
        assert_eq!(outlet("x", "call us", 0), Some("fault.article_phone"));
        assert_eq!(
            outlet("x", "95598", 91_000_000),
            Some("fault.article_place")
        );
        let app = App {
            url: "http://plain.example.cn".to_owned(),
            icon: None,
            publisher: "x".to_owned(),
        };
        assert_eq!(said(Kind::App, Facts::App(app)), Some("fault.article_url"));
        for (why, word) in [
            ("length", "fault.article_long"),
            ("count", "fault.article_count"),
            ("link", "fault.article_link"),
            ("picture", "fault.article_picture"),
            ("characters", "fault.article_text"),
        ] {
            assert_eq!(word_of("blocks[3]", why), word);
        }
    }
}
