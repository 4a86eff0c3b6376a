//! Notes every request of the household listener for the figures (LN-31), off its path: a request
//! leaves some numbers in memory, and a worker adds them up and writes them each second. And which
//! functions there are routes for.

mod functions;
mod recorder;

pub use functions::has_route;
pub use recorder::{Counting, Recorder, counted};
