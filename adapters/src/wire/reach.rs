//! Whether an outside system is reached at all.

use std::sync::Arc;
use std::time::Duration;

use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::Clock;
use reqwest::Method;
use reqwest::header::HeaderMap;

use super::address::Address;
use super::http::{CallRules, Caller, Request, below_500};
use super::operation;
use super::via::Via;

/// A connection with its TLS, and any answer at all to a question for nothing, within `most`: then name, way and
/// certificate are right. What is answered is not read.
///
/// # Errors
/// [`NoAnswer`]: no connection, no answer in time, or one that broke off.
///
/// # Panics
/// Outside of a runtime.
pub async fn reached(
    system: &'static str,
    address: &Address,
    via: Option<&Via>,
    most: Duration,
    clock: Arc<dyn Clock>,
) -> Result<(), NoAnswer> {
    let caller = Caller::through(via, system, address, CallRules::within(most), clock);
    let caller = caller.map_err(|_| NoAnswer::NotSent("no_certificates"))?;
    let mut url = address.url();
    url.set_path("/");
    let asked = Request {
        operation: operation!("HEAD /"),
        method: Method::HEAD,
        url,
        headers: HeaderMap::new(),
        body: None,
        works: below_500,
    };
    match caller.send(asked).await {
        // Long or cut, it came from the other side.
        Ok(_) | Err(NoAnswer::Unknown("reply_too_long" | "reply_cut_off")) => Ok(()),
        Err(why) => Err(why),
    }
}
