//! What every request passes before a handler sees it.

pub mod bans;
pub mod body;
pub(crate) mod by_browser;
pub mod client;
pub mod codes;
pub mod cursor;
pub mod detached;
pub mod etag;
pub mod idempotency;
pub mod limits;
pub mod load;
pub(crate) mod pace;
pub(crate) mod paths;
pub mod policy;
pub mod principal;
pub mod problem;
pub mod relay;
pub mod revocation;
pub mod routes;
pub mod shape;
pub mod signed;
pub mod switchboard;
pub mod together;
pub mod tokens;
pub mod trace;

pub use body::{Checked, Query};
pub use client::ClientAddress;
pub use codes::Code;
pub use idempotency::{Fingerprint, IdempotencyKey};
pub use policy::Policy;
pub use principal::SignedIn;
pub use problem::Problem;
pub use routes::Routes;
