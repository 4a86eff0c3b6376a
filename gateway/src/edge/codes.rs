//! The one table of problem codes: stable words clients, pages and checks rely on.
//!
//! Part of the OpenAPI (`x-problem-codes`); the mini-program's message table is tested against it.

use actix_web::http::StatusCode;

macro_rules! codes {
    ($($variant:ident $text:literal $status:ident $title:literal;)*) => {
        /// A stable problem code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($variant,)* }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// What happened, in one short English sentence; pages translate by code.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

codes! {
    // the request itself
    InvalidBody "INVALID_BODY" BAD_REQUEST "The request body could not be read.";
    UnknownField "UNKNOWN_FIELD" BAD_REQUEST "The request body has a field this call does not know.";
    InvalidField "INVALID_FIELD" UNPROCESSABLE_ENTITY "A field has a value this call does not accept.";
    InvalidHeader "INVALID_HEADER" BAD_REQUEST "The request headers are too many, too long, or say something twice.";
    InvalidQuery "INVALID_QUERY" BAD_REQUEST "The query parameters could not be read.";
    BodyTooLarge "BODY_TOO_LARGE" PAYLOAD_TOO_LARGE "The request body is larger than this call accepts.";
    UnsupportedMediaType "UNSUPPORTED_MEDIA_TYPE" UNSUPPORTED_MEDIA_TYPE "Send application/json.";
    NotFound "NOT_FOUND" NOT_FOUND "There is nothing here for you.";
    MethodNotAllowed "METHOD_NOT_ALLOWED" METHOD_NOT_ALLOWED "This address does not take that method.";
    RequestTimeout "REQUEST_TIMEOUT" SERVICE_UNAVAILABLE "The answer took too long.";
    OtherNetwork "OTHER_NETWORK" FORBIDDEN "Messages to this zone are taken from its own networks only.";
    // who is asking
    Unauthenticated "UNAUTHENTICATED" UNAUTHORIZED "Sign in first.";
    TokenExpired "TOKEN_EXPIRED" UNAUTHORIZED "The sign-in has expired; refresh it.";
    SessionRevoked "SESSION_REVOKED" UNAUTHORIZED "This sign-in was ended.";
    StepUpRequired "STEP_UP_REQUIRED" FORBIDDEN "Show by a code to your phone that it is you.";
    // signing in and homes
    StateMismatch "STATE_MISMATCH" FORBIDDEN "This sign-in did not begin in this browser, was used, or took too long.";
    AuthCodeRefused "AUTH_CODE_REFUSED" UNAUTHORIZED "Alipay refused the authorisation code; ask again.";
    SignInRefused "SIGN_IN_REFUSED" UNAUTHORIZED "Login, password or code do not fit.";
    LoginTaken "LOGIN_TAKEN" CONFLICT "This login name is taken.";
    IdentityConflict "IDENTITY_CONFLICT" CONFLICT "This identity meets another account; staff will decide.";
    ConsentTextChanged "CONSENT_TEXT_CHANGED" CONFLICT "The words to agree to have changed; read them again.";
    OtpWrong "OTP_WRONG" UNPROCESSABLE_ENTITY "The code is wrong, used or over.";
    ConsentRequired "CONSENT_REQUIRED" FORBIDDEN "This needs a separate consent first.";
    RealNameRequired "REAL_NAME_REQUIRED" CONFLICT "Alipay has certified no real name for this account.";
    PhoneNotTold "PHONE_NOT_TOLD" UNPROCESSABLE_ENTITY "Alipay did not tell this phone; use a code.";
    PhoneHeld "PHONE_HELD" CONFLICT "Another account holds this phone; confirm it by the code sent to it.";
    IdNumberInvalid "ID_NUMBER_INVALID" UNPROCESSABLE_ENTITY "This is not a valid resident ID number.";
    AlreadyCertified "ALREADY_CERTIFIED" CONFLICT "Alipay has certified this account's name and ID number already.";
    TooManyIdNumbers "TOO_MANY_ID_NUMBERS" TOO_MANY_REQUESTS "No other ID number may be typed this year.";
    LeaveRefused "LEAVE_REFUSED" CONFLICT "Alipay did not get this person's leave; ask them again.";
    CertificationRefused "CERTIFICATION_REFUSED" UNPROCESSABLE_ENTITY "Alipay did not confirm this name and ID number.";
    CertificationOver "CERTIFICATION_OVER" GONE "The certification took too long; begin it again.";
    FreshSignInRequired "FRESH_SIGN_IN_REQUIRED" FORBIDDEN "This needs a sign-in of the last ten minutes; sign in again.";
    MergeRefused "MERGE_REFUSED" CONFLICT "There is nothing to merge with this code.";
    CannotConfirm "CANNOT_CONFIRM" NOT_FOUND "This home could not be confirmed.";
    ProofRequired "PROOF_REQUIRED" UNPROCESSABLE_ENTITY "One more proof is needed.";
    CodeRequired "CODE_REQUIRED" UNPROCESSABLE_ENTITY "The proof must be the code sent to the phone on file.";
    ProofLocked "PROOF_LOCKED" TOO_MANY_REQUESTS "This way of proving is locked after too many tries; a code still works.";
    TooManyBindings "TOO_MANY_BINDINGS" CONFLICT "The account has as many homes as it may.";
    RoleNotEnough "ROLE_NOT_ENOUGH" FORBIDDEN "Your role for this home does not include this.";
    GrantTooLong "GRANT_TOO_LONG" UNPROCESSABLE_ENTITY "The last day is further away than a home may be shared for.";
    TooManyGrants "TOO_MANY_GRANTS" CONFLICT "The home is shared with as many people as it may be.";
    // what is known of a person
    PhoneRequired "PHONE_REQUIRED" CONFLICT "No phone is verified for this account.";
    MoneyOpen "MONEY_OPEN" CONFLICT "A payment or refund of yours is still on its way, or you still sell power.";
    DocumentGone "DOCUMENT_GONE" GONE "This link is used or over; ask for another.";
    // figures
    FigureUnavailable "FIGURE_UNAVAILABLE" SERVICE_UNAVAILABLE "The utility's system does not answer for now and no earlier figure is kept.";
    // paying
    NothingDue "NOTHING_DUE" CONFLICT "Nothing is due for this home.";
    StaleArrears "STALE_ARREARS" CONFLICT "What is due has just changed; look again before paying.";
    VersionMissing "ARREARS_VERSION_MISSING" UNPROCESSABLE_ENTITY "Send the arrears_version you saw with the amount.";
    AmountNotDue "AMOUNT_NOT_DUE" UNPROCESSABLE_ENTITY "The amount is not what is due.";
    AmountOutOfRange "AMOUNT_OUT_OF_RANGE" UNPROCESSABLE_ENTITY "The amount is outside the range of a top-up.";
    AccountClosed "ACCOUNT_CLOSED" CONFLICT "This electricity account is closed and takes no money.";
    BillHeld "BILL_HELD" CONFLICT "A bill of this home is being verified; nothing is to be paid meanwhile.";
    TooManyHomes "TOO_MANY_HOMES" UNPROCESSABLE_ENTITY "One order cannot pay that many homes.";
    HomeTwice "HOME_TWICE" UNPROCESSABLE_ENTITY "A home is in this order twice.";
    PreviousOrderOpen "PREVIOUS_ORDER_OPEN" CONFLICT "An earlier order for this home is still open.";
    ArrearsUnavailable "ARREARS_UNAVAILABLE" SERVICE_UNAVAILABLE "What is due cannot be read live now, so nothing was ordered.";
    NoPayer "NO_PAYER" CONFLICT "This account cannot pay with Alipay here; open the page in a browser.";
    AlreadyPaid "ALREADY_PAID" CONFLICT "The order is paid already.";
    TicketGone "TICKET_GONE" GONE "This way to the cashier is over; start again from the order.";
    // public information
    PublicationChanged "PUBLICATION_CHANGED" CONFLICT "Somebody else changed this meanwhile; look again.";
    PublicationNotNow "PUBLICATION_NOT_NOW" CONFLICT "This is not for the state it is in.";
    OwnWork "OWN_WORK" FORBIDDEN "Another person must publish what you wrote.";
    NotAPicture "NOT_A_PICTURE" UNPROCESSABLE_ENTITY "This is not a JPEG, PNG or WebP picture.";
    PictureTooLarge "PICTURE_TOO_LARGE" UNPROCESSABLE_ENTITY "This picture is too large.";
    // points
    GiftGone "GIFT_GONE" CONFLICT "None of this gift is left.";
    NotEnoughPoints "NOT_ENOUGH_POINTS" CONFLICT "There are not enough points for this.";
    // selling power
    GeneratorNotConfirmed "GENERATOR_NOT_CONFIRMED" NOT_FOUND "This generator could not be confirmed.";
    KeyNotReady "KEY_NOT_READY" CONFLICT "The keys of this account are still being made; ask again in a moment.";
    PermissionNotGranted "PERMISSION_NOT_GRANTED" FORBIDDEN "Permission not granted.";
    TableNotOpen "TABLE_NOT_OPEN" CONFLICT "Show who you are first; the table is not open yet.";
    CooperationOver "COOPERATION_OVER" CONFLICT "The cooperation is over; there is nothing to ask for but activation.";
    CooperationRuns "COOPERATION_RUNS" CONFLICT "The cooperation goes on; there is nothing to activate.";
    UndoFirst "UNDO_FIRST" CONFLICT "The settlement is answered otherwise; take that answer back first.";
    InReview "IN_REVIEW" CONFLICT "A reviewer has this settlement; wait for the result.";
    Dispatched "DISPATCHED" CONFLICT "The payout is on its way; the answer cannot change any more.";
    NothingToUndo "NOTHING_TO_UNDO" CONFLICT "There is no answer that could be taken back.";
    NothingReturned "NOTHING_RETURNED" CONFLICT "No bank gave the money of this settlement back.";
    CheckTaskClosed "CHECK_TASK_CLOSED" CONFLICT "This check task is closed; a newer one may have taken its place.";
    // how often
    RateLimited "RATE_LIMITED" TOO_MANY_REQUESTS "Too many requests; wait a moment.";
    ShutOut "SHUT_OUT" TOO_MANY_REQUESTS "This is shut for you for a while, because of what was tried from here; it opens again by itself.";
    Overloaded "OVERLOADED" SERVICE_UNAVAILABLE "Too much is being done at once; ask again in a moment.";
    ChannelFull "CHANNEL_FULL" TOO_MANY_REQUESTS "Too many people come this way just now; wait a minute.";
    // what is not served for now
    FunctionClosed "FUNCTION_CLOSED" FORBIDDEN "This function is closed here for now.";
    FunctionSuspended "FUNCTION_SUSPENDED" FORBIDDEN "The utility has suspended this function for you.";
    // money requests
    IdempotencyKeyMissing "IDEMPOTENCY_KEY_MISSING" BAD_REQUEST "Send an Idempotency-Key header with this call.";
    IdempotencyKeyInvalid "IDEMPOTENCY_KEY_INVALID" BAD_REQUEST "The Idempotency-Key must be 8 to 64 characters of 0-9 A-Z a-z _ -, a letter among fewer than 16.";
    IdempotencyKeyReused "IDEMPOTENCY_KEY_REUSED" UNPROCESSABLE_ENTITY "This Idempotency-Key was used with another body.";
    RequestInFlight "REQUEST_IN_FLIGHT" CONFLICT "The same request is still being worked on.";
    // us
    StoreUnavailable "STORE_UNAVAILABLE" SERVICE_UNAVAILABLE "Our records cannot be reached for now; nothing was changed.";
    UpstreamUnavailable "UPSTREAM_UNAVAILABLE" SERVICE_UNAVAILABLE "A system we depend on does not answer for now.";
    Internal "INTERNAL" INTERNAL_SERVER_ERROR "Something went wrong on our side; nothing was lost.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn words_are_unique_and_upper_snake() {
        let words: HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), Code::ALL.len());
        let shape = |w: &str| w.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        assert!(words.iter().all(|w| shape(w)));
    }
}
