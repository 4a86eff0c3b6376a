//! Alipay's notices: they come to the public name and go to the gateway's callback listener, byte for byte, since
//! Alipay signed them so. Nothing else of the callback zone is reached from the Internet, and without `[callback]`
//! of the configuration nothing of it at all.

use std::time::{Duration, Instant};

use actix_web::http::Method;
use actix_web::http::header::HeaderName;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use tokio::runtime::Handle;
use tokio_util::context::TokioContext;

use crate::body;
use crate::certificates::Current;
use crate::forward::{Refused, left_of, passes, returned};
use crate::head::Bound;
use crate::nodes::{Nodes, because};

/// The one path of the callback zone that the Internet calls.
pub const PATH: &str = "/v1/callbacks/alipay";
/// Where the zone's paths lie. The others are called from within the intranet.
pub const ZONE: &str = "/v1/callbacks";
/// The largest notice passed on: what the callback listener takes.
pub const BYTES_MAX: usize = 64 * 1024;
/// All of a notice's head that decides how its body is read. The callback listener counts the lines it gets and
/// allows for none of a relay's.
const CARRIED: [&str; 2] = ["content-encoding", "content-type"];
/// The callback listener ends a connection that rests for five seconds. One of ours rests less: a notice on its
/// way over one that ends would be lost until Alipay repeats it.
const RESTING_TIME_MAX: Duration = Duration::from_secs(2);

/// The way to the callback listeners. What drives its connections stays where this was made, as with
/// [`crate::forward::Forwarder`].
#[derive(Debug)]
pub struct Notices {
    runtime: Handle,
    nodes: Nodes,
    client: Current<reqwest::Client>,
    /// Of one notice, however many nodes are asked.
    deadline: Duration,
}

impl Notices {
    /// `deadline` is the time of one notice over all nodes that are asked for it.
    #[must_use]
    pub fn new(nodes: Vec<String>, client: reqwest::Client, deadline: Duration) -> Self {
        Self {
            runtime: Handle::current(),
            nodes: Nodes::new(nodes),
            client: Current::new(client),
            deadline,
        }
    }

    /// Sends by this one from now on; what is under way ends as it began.
    pub(crate) fn renew(&self, client: reqwest::Client) {
        self.client.replace(client);
    }

    /// Sends a notice to one node after the other until one was reached. What may have reached one goes to no
    /// other, whatever stands in its head: Alipay itself repeats what was not acknowledged.
    async fn send(
        &self,
        incoming: &HttpRequest,
        body: &web::Bytes,
    ) -> Result<reqwest::Response, Refused> {
        let client = incoming.peer_addr().map(|peer| peer.ip().to_string());
        let client = client.ok_or(Refused::Odd)?;
        let query = incoming.uri().query();
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        let began = Instant::now();
        for node in self.nodes.in_turn() {
            let Some(left) = left_of(self.deadline, began) else {
                break;
            };
            let mut outgoing = self.client.now().post(format!("{node}{PATH}{query}"));
            outgoing = outgoing.timeout(left);
            for name in CARRIED {
                if !passes(incoming.headers(), &HeaderName::from_static(name)) {
                    continue;
                }
                for value in incoming.headers().get_all(name) {
                    outgoing = outgoing.header(name, value.as_bytes());
                }
            }
            let outgoing = outgoing.header("x-forwarded-for", client.as_str());
            let sent = outgoing.body(body.clone()).send();
            match TokioContext::new(sent, self.runtime.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) if error.is_connect() => {
                    let why = because(error);
                    tracing::warn!(node, %why, "callback.node_not_reached");
                }
                Err(error) => {
                    let why = because(error);
                    tracing::warn!(node, %why, "callback.no_answer");
                    return Err(Refused::Line);
                }
            }
        }
        Err(Refused::Line)
    }
}

/// What comes to [`PATH`].
///
/// # Errors
/// When no node answers.
pub async fn pass_on(
    incoming: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Refused> {
    let mut payload = payload.into_inner();
    let Some(notices) = incoming.app_data::<web::Data<Notices>>() else {
        return Ok(body::ending(Bound::Path.answer(), payload));
    };
    if *incoming.method() != Method::POST {
        return Ok(body::ending(Bound::method("POST"), payload));
    }
    let body = match body::read(&mut payload, BYTES_MAX, body::TIME_MAX).await {
        Ok(body) => body,
        Err(why) => return Ok(body::ending(Refused::from(why).error_response(), payload)),
    };
    returned(notices.send(&incoming, &body).await?).await
}

/// What else comes to [`ZONE`]: for whoever is outside there is nothing.
pub async fn nothing(payload: web::Payload) -> HttpResponse {
    body::ending(Bound::Path.answer(), payload.into_inner())
}

/// How the relay speaks to the callback listeners: plainly over the line, or by TLS with a CA and no other. It
/// shows no certificate, since a notice proves itself.
///
/// # Errors
/// When the file is no certificate.
pub fn client(
    ca_pem: Option<&[u8]>,
    deadline: Duration,
) -> Result<reqwest::Client, reqwest::Error> {
    let ca = ca_pem.map(reqwest::Certificate::from_pem).transpose()?;
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .https_only(ca.is_some())
        .tls_certs_only(ca)
        .connect_timeout(Duration::from_secs(2))
        .pool_idle_timeout(RESTING_TIME_MAX)
        .timeout(deadline)
        .build()
}
