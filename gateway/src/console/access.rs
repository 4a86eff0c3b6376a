//! Who may open a page. Nothing is registered without an [`Access`]; what a form sends is taken only
//! with the mark that its own page carried, from our own pages, and within its size.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, FromRequest, Handler, HttpMessage, Responder, guard, web};
use futures_util::StreamExt as _;
use lifeline_core::operators::Right;

use super::fault::Fault;
use super::kept;
use super::visitor::{Body, Visitor, forged, go, visitor, way_in};

/// Who may open a page or do an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody who reaches the listener: the way in, style sheets.
    Anyone,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever is signed in and has this right.
    May(Right),
}

/// One registered page (GET) or act (POST).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    /// What the audit calls it.
    pub act: &'static str,
    /// What a form may send, in bytes.
    pub bytes_max: usize,
}

/// What a form without a file may send.
pub const FORM_BYTES_MAX: usize = 128 * 1024;

/// Registers pages together with who may open them.
pub struct Pages<'a> {
    cfg: &'a mut web::ServiceConfig,
    table: Vec<Page>,
}

impl std::fmt::Debug for Pages<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.table).finish()
    }
}

impl<'a> Pages<'a> {
    pub fn new(cfg: &'a mut web::ServiceConfig) -> Self {
        Self {
            cfg,
            table: Vec::new(),
        }
    }

    /// A page that only shows.
    pub fn get<F, Args>(&mut self, path: &'static str, access: Access, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let page = Page {
            method: Method::GET,
            path,
            access,
            act: "console.open",
            bytes_max: 0,
        };
        self.add(page, handler);
    }

    /// An act: a form of ours, posted. `act` is what the audit calls it (`capability.act`).
    pub fn post<F, Args>(
        &mut self,
        path: &'static str,
        access: Access,
        act: &'static str,
        handler: F,
    ) where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.upload(path, access, act, FORM_BYTES_MAX, handler);
    }

    /// An act whose form may carry more, for example an image.
    pub fn upload<F, Args>(
        &mut self,
        path: &'static str,
        access: Access,
        act: &'static str,
        bytes_max: usize,
        handler: F,
    ) where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let page = Page {
            method: Method::POST,
            path,
            access,
            act,
            bytes_max,
        };
        self.add(page, handler);
    }

    fn add<F, Args>(&mut self, page: Page, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let (only, here) = (page.method.clone(), page.clone());
        let resource = web::resource(page.path)
            .guard(guard::fn_guard(move |ctx| ctx.head().method == only))
            .wrap(from_fn(guarded))
            .wrap(from_fn(move |req: ServiceRequest, next: Next<_>| {
                req.extensions_mut().insert(here.clone());
                next.call(req)
            }))
            .route(web::route().to(handler));
        self.cfg.service(resource);
        self.table.push(page);
    }

    /// What was registered.
    #[must_use]
    pub fn into_table(self) -> Vec<Page> {
        self.table
    }
}

/// Nothing of others, nothing inline: neither a script nor a style that stands in a page runs.
const CONTENT_POLICY: &str = "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Lets a request through to its page when its [`Access`] is met; a refusal becomes a page, and a
/// refused act a line of the audit.
async fn guarded(
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let page = req.extensions().get::<Page>().cloned();
    let admitted = match &page {
        Some(page) => admit(&mut req, page).await,
        None => Err(Fault::Internal),
    };
    let visitor = req.extensions().get::<Visitor>().cloned();
    let subject = req.match_info().iter().next().map(|(_, id)| id.to_owned());
    let mut kept = false;
    let (request, outcome) = match admitted {
        Ok(()) => {
            let answer = next.call(req).await?.map_into_boxed_body();
            let fault = answer
                .response()
                .error()
                .and_then(|error| error.as_error::<Fault>())
                .copied();
            let (request, response) = answer.into_parts();
            (request, fault.map_or(Ok(response), Err))
        }
        Err(fault) => {
            if let (Fault::SignedOut, Some(page)) = (fault, &page) {
                kept = kept::keep(&mut req, page).await;
            }
            (req.into_parts().0, Err(fault))
        }
    };
    let mut response = match outcome {
        Ok(response) => response,
        Err(Fault::SignedOut) => go(&way_in(&request, kept)),
        Err(fault) => {
            if let (Some(page), Some(visitor)) = (&page, &visitor) {
                note_refusal(page, visitor, subject.as_deref(), fault).await;
            }
            fault.shown(&request, visitor.as_ref())
        }
    };
    secure(response.headers_mut());
    Ok(ServiceResponse::new(request, response))
}

fn secure(headers: &mut HeaderMap) {
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_POLICY),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Not `no-referrer`: under it a browser sends forms with `Origin: null`, which is nobody of ours.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
}

/// A use case writes the line of an act that happened, in its unit; this is for those that did not.
async fn note_refusal(page: &Page, visitor: &Visitor, subject: Option<&str>, fault: Fault) {
    if page.method == Method::GET && fault != Fault::Forbidden {
        return;
    }
    let subject = subject.filter(|id| id.len() <= 64).unwrap_or(page.path);
    let noted = visitor
        .operators
        .note(&visitor.acting, page.act, subject, fault.code())
        .await;
    if let Err(error) = noted {
        tracing::error!(%error, act = page.act, "console.refusal.unwritten");
    }
}

async fn admit(req: &mut ServiceRequest, page: &Page) -> Result<(), Fault> {
    let acts = page.method != Method::GET;
    if acts && !from_our_pages(req.headers()) {
        return Err(Fault::Forged);
    }
    match page.access {
        Access::Anyone => {}
        Access::SignedIn | Access::May(_) => {
            let visitor = visitor(req.request()).await?;
            let may = match page.access {
                Access::May(right) => visitor.acting.may(right),
                Access::Anyone | Access::SignedIn => true,
            };
            req.extensions_mut().insert(visitor);
            if !may {
                return Err(Fault::Forbidden);
            }
        }
    }
    if acts {
        let body = read(req, page.bytes_max).await?;
        let visitor = req.extensions().get::<Visitor>().cloned();
        if let Some(visitor) = visitor {
            if forged(&visitor.mark, req.headers(), &body) {
                return Err(Fault::Forged);
            }
            kept::sent(&visitor, &body).await;
        }
        req.extensions_mut().insert(body);
    }
    Ok(())
}

/// Every browser says where a form comes from; one of another site is refused before anything is read.
fn from_our_pages(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text(HeaderName::from_static("sec-fetch-site"));
    let ours = |origin: &str| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some() && host == text(HOST)
    };
    site.is_none_or(|site| matches!(site, "same-origin" | "none")) && text(ORIGIN).is_none_or(ours)
}

async fn read(req: &mut ServiceRequest, bytes_max: usize) -> Result<Body, Fault> {
    read_beginning(req, bytes_max, bytes_max).await
}

/// What a form sends, of which only the beginning is held: what follows is let go of as it comes.
pub(super) async fn read_beginning(
    req: &mut ServiceRequest,
    bytes_max: usize,
    held_max: usize,
) -> Result<Body, Fault> {
    let mut payload = req.take_payload();
    let mut body: Vec<u8> = Vec::new();
    let mut came = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Fault::Unreadable)?;
        came = came.saturating_add(chunk.len());
        if came > bytes_max {
            return Err(Fault::TooLarge);
        }
        let room = held_max.saturating_sub(body.len());
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
    }
    let kind = req.content_type().to_owned();
    Ok(Body {
        kind,
        bytes: body.into(),
    })
}
