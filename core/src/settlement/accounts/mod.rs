//! Generation accounts (PV-03..13): who sells power, with which keys, and what opens their table.
//!
//! | file | what it is |
//! |---|---|
//! | `account`, `table` | the things and their pure decisions |
//! | `owned` | the proof that an account is somebody's |
//! | `ports` | rows |

pub mod account;
pub mod owned;
pub mod ports;
pub mod table;

pub use account::{FeedIn, GenerationAccount, GenerationState};
pub use owned::OwnedGenerationAccount;
pub use table::{Identity, Permitted, PersonalTable};
