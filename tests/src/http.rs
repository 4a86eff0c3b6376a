//! How a test speaks HTTP.

use std::time::Duration;

/// Some servers end a connection that rests for five seconds. One of a test rests less: a request on its way over one
/// that ends is lost.
const RESTING_TIME_MAX: Duration = Duration::from_secs(2);

/// A client that goes no detour.
pub fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .no_proxy()
        .pool_idle_timeout(RESTING_TIME_MAX)
}
