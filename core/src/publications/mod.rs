//! Public information (LN-11..17, LN-22..26): outlets, outages, programs, articles of nine kinds. One
//! model for all of them.
//!
//! | file | what it is |
//! |---|---|
//! | `kind` | the twelve kinds and the facts each states |
//! | `content` | blocks of plain text |
//! | `lines` | blocks as lines of text, for a form that has one box |
//! | `edition` | an edition and the way it goes |
//! | `search` | terms by which Chinese text is found |
//! | `desk`, `acts` | use cases of staff: write, submit, review, publish, withdraw; what each does in its unit |
//! | `reading` | use cases of the public: list, search, read |
//! | `loading` | a starting stock from files |
//! | `ports` | rows, and the maker of pictures |
//!
//! Who wrote an edition does not publish it. The public reads one edition of each publication, while its
//! window is open.

pub mod content;
pub mod desk;
pub mod edition;
pub mod kind;
pub mod lines;
pub mod loading;
pub mod ports;
pub mod reading;
pub mod search;

mod acts;
mod error;

use std::sync::Arc;

pub use error::PublicationError;

use self::ports::Pictures;
use crate::shared::ids::{Entropy, Maker};
use crate::shared::time::Clock;
use crate::store::Store;

/// The use cases of public information.
#[derive(Clone)]
pub struct Publications {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    pictures: Arc<dyn Pictures>,
}

impl std::fmt::Debug for Publications {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Publications")
    }
}

impl Publications {
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        pictures: Arc<dyn Pictures>,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            pictures,
        }
    }

    fn maker(&self) -> Maker<'_> {
        Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        }
    }
}
