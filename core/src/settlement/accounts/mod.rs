//! Generation accounts (PV-03..13): who sells power, with which keys, and what opens their table.
//!
//! | file | what it is |
//! |---|---|
//! | `account`, `table`, `reserve`, `vault` | the things, their pure decisions, what is asked of the outside |
//! | `owned` | the proof that an account is somebody's |
//! | `registering`, `keys`, `access`, `payee`, `reading`, `ending` | the use cases of [`Generation`] |
//! | `passwords` | user name and password: set, and signed in by |
//! | `rows` | what the rest of the room keeps under a table's id |
//! | `ports` | rows |

pub mod account;
pub mod keys;
pub mod owned;
pub mod passwords;
pub mod ports;
pub mod reserve;
pub mod rows;
pub mod table;
pub mod vault;

mod access;
mod ending;
mod error;
mod payee;
mod reading;
mod registering;

use std::sync::Arc;

pub use account::{FeedIn, GenerationAccount, GenerationState};
pub use error::GenerationError;
pub use keys::{PublicKey, WorkThrough};
pub use owned::OwnedGenerationAccount;
pub use passwords::{Chosen, GenerationDoor, GenerationNames};
pub use reading::{Standing, TablePage};
pub use reserve::{GridConnections, Registration, Reserve};
pub use rows::{RowsOfTable, TableRow, TableSearch};
pub use table::{Identity, Permitted, PersonalTable};
pub use vault::{KeyPair, KeyVault};

use crate::accounts::codes::Budget;
use crate::accounts::passwords::Passwords;
use crate::shared::ids::{Entropy, Maker};
use crate::shared::time::Clock;
use crate::store::Store;

/// What the use cases work with.
#[derive(Clone)]
pub struct GenerationPorts {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub grid: Arc<dyn GridConnections>,
    pub vault: Arc<dyn KeyVault>,
    pub passwords: Arc<dyn Passwords>,
    /// What codes by SMS may cost a day.
    pub code_budget: Budget,
    /// Whoever keeps rows under a table's id.
    pub rows: Vec<Arc<dyn RowsOfTable>>,
}

impl std::fmt::Debug for GenerationPorts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GenerationPorts")
    }
}

/// The use cases of generation accounts.
#[derive(Clone)]
pub struct Generation {
    ports: GenerationPorts,
}

impl std::fmt::Debug for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Generation")
    }
}

impl Generation {
    #[must_use]
    pub const fn new(ports: GenerationPorts) -> Self {
        Self { ports }
    }

    fn store(&self) -> &dyn Store {
        &*self.ports.store
    }

    fn maker(&self) -> Maker<'_> {
        Maker {
            clock: &*self.ports.clock,
            entropy: &*self.ports.entropy,
        }
    }
}
