//! Why an act of or about staff did not happen.

use crate::accounts::passwords::NotHashed;
use crate::store::{Retriable, StoreError};

/// What a use case of this room refuses.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Hash(#[from] NotHashed),
    /// Login, password or code: which of them is not said.
    #[error("the sign-in was refused")]
    Refused,
    #[error("this login is taken")]
    Taken,
    /// Two logins of one person would be four eyes of two.
    #[error("this person works here under another login")]
    PersonTaken,
    /// Who hands out proofs shows first that they are themselves.
    #[error("the code is wrong, or was used")]
    Code,
    #[error("nobody has this login")]
    NoSuch,
    /// An installation whose last administrator is gone could not be administered any more.
    #[error("the last administrator stays")]
    LastAdministrator,
    /// Whoever made a password does not hand over the codes that go with it.
    #[error(
        "no other administrator is there to hand over the codes; run `lifeline staff reset LOGIN` on the server"
    )]
    NoOtherAdministrator,
    #[error("the reason has 4 to 500 characters")]
    Reason,
    #[error("a refund by bank goes with the number of its transfer, and nothing else does")]
    Proof,
    #[error("nobody approves what they proposed, or hands over the other half of what they made")]
    SamePerson,
    #[error("things have changed")]
    NotAsThingsStand,
    #[error("it concerns another region")]
    OutOfScope,
    #[error("nobody changes their own standing")]
    Oneself,
}

impl Retriable for OperatorError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}
