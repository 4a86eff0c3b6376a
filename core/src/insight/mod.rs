//! How the product is used (LN-30, LN-31, LN-33): counts by function, channel, region, outcome, hour
//! and day; how many different people, without keeping who; how long answers took; how far people got.
//!
//! | file | what |
//! |---|---|
//! | `function` | what a route is to a person: the functions and their groups |
//! | `sample`, `batch` | one request as it is noted, and what many of them add up to |
//! | `people` | how many different people, from hashes under a salt that dies with its period |
//! | `latency` | how long answers took, in buckets |
//! | `data` | how the data of electricity use stands |
//! | `terminals` | requests by day and kind of terminal |
//! | `misses` | searches that found nothing |
//! | `flush`, `gaps` | writes batches, each once, and marks where a process died |
//! | `timeline`, `decisions`, `standing` | one line of time, reports that decisions rest on, what waits now |
//! | `aggregate` | what goes to the company each day, and the offices that come back |
//! | `energy` | what the data centre tells of power supplied and used, by office and day |
//! | `followers` | who follows the life account, and how many are linked where |
//! | `asked`, `report`, `sides` | what a page asks and is answered |
//! | `earlier` | what the figures were right before |
//! | `behind` | the finest counts that are kept of what a figure is the sum of |
//! | `ports` | the rows |

pub mod aggregate;
pub mod asked;
pub mod batch;
pub mod behind;
mod crowds;
pub mod data;
pub mod decisions;
pub mod earlier;
pub mod energy;
pub mod error;
pub mod flush;
pub mod followers;
pub mod function;
mod gaps;
pub mod latency;
pub mod misses;
pub mod people;
pub mod ports;
pub mod report;
pub mod sample;
pub mod sides;
pub mod standing;
mod sums;
pub mod terminals;
pub mod timeline;

pub use aggregate::{Aggregates, LearnOffices};
pub use batch::Batch;
pub use energy::LearnEnergy;
pub use error::InsightError;
pub use flush::Ledger;
pub use followers::Followers;
pub use function::{Function, Group};
pub use report::{Ask, Insight};
pub use sample::{Channel, Outcome, Sample};
