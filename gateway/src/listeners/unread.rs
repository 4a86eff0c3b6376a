//! What becomes of a body that nobody read to its end (EC-14): a request that was refused at its head, or in
//! the middle of its body. The server below us would read on what comes in chunks for as long as it comes. So
//! a little of it is read on, without being held, and the connection goes on; of what is more the answer ends the
//! connection: for [`LEAVING_TIME_MAX`] what still comes is thrown away, so that the other side can read its
//! answer, and then it is cut.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};
use futures_util::{Stream, StreamExt as _};

/// So much of a body that is not wanted is read before its answer, and its connection goes on.
pub(super) const READ_ON_BYTES_MAX: usize = 64 * 1024;
/// And for so long: who sends slowly does not keep an answer waiting.
const READ_ON_TIME_MAX: Duration = Duration::from_millis(250);
/// How long a connection that is ended is still heard, and may take to be closed in order.
pub(super) const LEAVING_TIME_MAX: Duration = Duration::from_secs(1);

/// A body that may be asked, after its request was answered, whether it was read to its end.
#[derive(Clone)]
struct Body(Rc<RefCell<Arriving>>);

struct Arriving {
    payload: Payload,
    has_ended: bool,
}

impl Body {
    fn of(payload: Payload) -> Self {
        Self(Rc::new(RefCell::new(Arriving {
            payload,
            has_ended: false,
        })))
    }

    fn has_ended(&self) -> bool {
        self.0.borrow().has_ended
    }

    /// Reads what is left of it and throws it away, to its end or to the limits.
    async fn read_on(&mut self) {
        let reading = async {
            let mut read = 0_usize;
            while let Some(Ok(piece)) = self.next().await {
                read = read.saturating_add(piece.len());
                if read > READ_ON_BYTES_MAX {
                    break;
                }
            }
        };
        // Out of time is not read to its end, which is what is asked afterwards.
        let _ = tokio::time::timeout(READ_ON_TIME_MAX, reading).await;
    }
}

impl Stream for Body {
    type Item = Result<web::Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut arriving = self.0.borrow_mut();
        let next = ready!(Pin::new(&mut arriving.payload).poll_next(cx));
        arriving.has_ended |= !matches!(next, Some(Ok(_)));
        Poll::Ready(next)
    }
}

/// An answer to a request whose body is still coming. The server below us reads on a body in chunks that was
/// dropped; one that is still somewhere ends the connection with the answer.
pub(super) struct Held {
    answer: BoxBody,
    _unread: Body,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Held")
    }
}

impl MessageBody for Held {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.answer.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<web::Bytes, Self::Error>>> {
        Pin::new(&mut self.answer).poll_next(cx)
    }
}

/// What the outermost layer will have answered, somewhere else than in the connection's own task.
type Answering<B> =
    Pin<Box<dyn Future<Output = Result<ServiceResponse<EitherBody<B, Held>>, Error>>>>;

/// The outermost layer of a listener: no body is read on without end.
///
/// Its work is boxed: the server below us keeps room for it in the task of every connection, and twice over,
/// from the moment that one is opened, also when no request ever comes on it.
pub(super) fn bounded<B>(req: ServiceRequest, next: Next<B>) -> Answering<B>
where
    B: MessageBody + 'static,
{
    Box::pin(answered_to_its_end(req, next))
}

async fn answered_to_its_end<B>(
    mut req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, Held>>, Error>
where
    B: MessageBody + 'static,
{
    let payload = req.take_payload();
    if matches!(payload, Payload::None) {
        return Ok(next.call(req).await?.map_into_left_body());
    }
    let mut body = Body::of(payload);
    let passed_on: Pin<Box<dyn Stream<Item = Result<web::Bytes, PayloadError>>>> =
        Box::pin(body.clone());
    req.set_payload(Payload::from(passed_on));
    let answered = next.call(req).await;
    if answered.is_ok() && !body.has_ended() {
        body.read_on().await;
    }
    if body.has_ended() {
        return Ok(answered?.map_into_left_body());
    }
    metrics::counter!("lifeline_unread_bodies_total").increment(1);
    match answered {
        Ok(mut answer) => {
            // Said here as well: the rest of it may lie in the server's own buffer already, to its end.
            let head = answer.response_mut().head_mut();
            head.set_connection_type(ConnectionType::Close);
            Ok(answer.map_body(|_, answer| {
                EitherBody::right(Held {
                    answer: answer.boxed(),
                    _unread: body,
                })
            }))
        }
        Err(error) => {
            // It is answered below us, in the moment this returns: a word, never a long body.
            actix_web::rt::spawn(async move {
                tokio::time::sleep(LEAVING_TIME_MAX).await;
                drop(body);
            });
            Err(error)
        }
    }
}
