//! How a refusal looks: a page in the visitor's language that says what happened and what to do.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;
use lifeline_core::accounts::passwords::NotHashed;
use lifeline_core::operators::OperatorError;
use lifeline_core::store::StoreError;

use super::again::Again;
use super::frame::{Frame, html};
use super::visitor::{Visitor, came_from};
use super::words::Lang;
use crate::edge::detached::Lost;
use crate::edge::trace;

/// Why a page is not shown, or an act not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    SignedOut,
    /// The role does not have it, or the rows are out of scope.
    Forbidden,
    /// A form that no page of this session made.
    Forged,
    NotFound,
    TooLarge,
    Unreadable,
    /// A field has a value that is not taken; the key of `words` that says which and why.
    Invalid(&'static str),
    /// It was refused as things stand; the key of `words` that says why.
    Refused(&'static str),
    Unavailable,
    Internal,
}

impl Fault {
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::Forged => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Refused(_) => StatusCode::CONFLICT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What the audit calls it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Forbidden => "forbidden",
            Self::Forged => "forged",
            Self::NotFound => "not_found",
            Self::TooLarge => "too_large",
            Self::Unreadable => "unreadable",
            Self::Invalid(why) | Self::Refused(why) => why,
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// The key of the words that say it.
    const fn word(self) -> &'static str {
        match self {
            Self::SignedOut => "fault.signed_out",
            Self::Forbidden => "fault.forbidden",
            Self::Forged => "fault.forged",
            Self::NotFound => "fault.not_found",
            Self::TooLarge => "fault.too_large",
            Self::Unreadable => "fault.unreadable",
            Self::Invalid(why) | Self::Refused(why) => why,
            Self::Unavailable => "fault.unavailable",
            Self::Internal => "fault.internal",
        }
    }

    /// As a page of the visitor's; without one, as a bare page.
    pub(super) fn shown(self, request: &HttpRequest, visitor: Option<&Visitor>) -> HttpResponse {
        let Some(visitor) = visitor else {
            return self.bare();
        };
        let page = FaultPage {
            frame: Frame::of(visitor, "fault.title"),
            word: self.word(),
            trace_id: trace::current(),
            again: Again::of(request, self),
            back: came_from(request),
        };
        html(self.status(), &page)
    }

    /// As a page for nobody known.
    #[must_use]
    pub fn bare(self) -> HttpResponse {
        let page = BarePage {
            frame: Frame::outside(Lang::Zh, "fault.title"),
            word: self.word(),
            trace_id: trace::current(),
        };
        html(self.status(), &page)
    }
}

#[derive(Template)]
#[template(path = "console/fault.html")]
struct FaultPage {
    frame: Frame,
    word: &'static str,
    trace_id: String,
    /// What was typed, to be mended.
    again: Option<Again>,
    /// The page that led here.
    back: Option<String>,
}

#[derive(Template)]
#[template(path = "console/fault_bare.html")]
struct BarePage {
    frame: Frame,
    word: &'static str,
    trace_id: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status())
    }
}

impl From<Lost> for Fault {
    fn from(_: Lost) -> Self {
        Self::Internal
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "console.store");
        Self::Unavailable
    }
}

impl From<OperatorError> for Fault {
    fn from(error: OperatorError) -> Self {
        match error {
            OperatorError::Store(error) => error.into(),
            OperatorError::Hash(NotHashed::Busy) => Self::Unavailable,
            OperatorError::Hash(NotHashed::Failed) => Self::Internal,
            OperatorError::Refused => Self::Refused("fault.sign_in"),
            OperatorError::Taken => Self::Refused("fault.login_taken"),
            OperatorError::PersonTaken => Self::Refused("fault.person_taken"),
            OperatorError::Code => Self::Refused("fault.step_up"),
            OperatorError::NoSuch => Self::NotFound,
            OperatorError::LastAdministrator => Self::Refused("fault.last_administrator"),
            OperatorError::NoOtherAdministrator => Self::Refused("fault.no_other_administrator"),
            OperatorError::Reason => Self::Invalid("fault.reason"),
            OperatorError::Proof => Self::Invalid("fault.proof"),
            OperatorError::SamePerson => Self::Refused("fault.same_person"),
            OperatorError::NotAsThingsStand => Self::Refused("fault.not_as_things_stand"),
            OperatorError::OutOfScope => Self::Forbidden,
            OperatorError::Oneself => Self::Refused("fault.oneself"),
        }
    }
}
