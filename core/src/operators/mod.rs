//! The people who work at the console (LN-55, EC-19): who they are, what they may do, and for which
//! regions; how they sign in and how long they stay.
//!
//! | file | what |
//! |---|---|
//! | `right`, `staff` | roles and what each may do, the scope of regions, a person's entry |
//! | `totp` | the second proof (RFC 6238) |
//! | `same_person` | whether two logins are one person's |
//! | `step_up` | showing once more that it is oneself |
//! | `session` | one signed-in browser, its idle and its absolute end |
//! | `bans` | who is shut out, and lifting it |
//! | `decisions` | four eyes over cases |
//! | `running` | a timed task now |
//! | `kept` | what was typed when a session ended |
//! | `log` | the lines of the audit, and what staff are called in them |
//! | `sign_in`, `manage` | the use cases of [`Operators`] |
//! | `ports` | the rows |

mod bans;
pub mod decisions;
pub mod error;
pub mod kept;
mod log;
mod manage;
pub mod ports;
pub mod right;
mod running;
mod same_person;
pub mod session;
mod sign_in;
pub mod staff;
pub mod step_up;
pub mod totp;

pub use error::OperatorError;
pub use kept::KeptForm;
pub use manage::{By, Codes, Credentials};
pub use right::{Right, Role};
pub use running::Emptying;
pub(crate) use same_person::same_person;
pub use session::Session;
pub use sign_in::{Acting, Entered, Operators, Shown};
pub use staff::{Login, PersonId, Proofs, Scope, Staff};
pub use totp::TotpSecret;
