//! Alipay's stand-in: OpenAPI v2 at `/gateway.do`, the OAuth and cashier pages, notices with the
//! real retry schedule, and the controls that tap in a person's place.
//!
//! The official npm SDK is run against this room as a client in `tests/peers/alipay-sdk`.

mod agreement;
mod agreement_calls;
mod book;
mod cashier;
mod certificates;
mod certify;
mod control;
mod draft;
mod failure;
mod follow;
mod gateway;
mod issue;
mod link;
mod methods;
mod oauth;
mod oauth_page;
mod outbox;
mod phone_number;
mod post;
mod request;
mod rsa2;
mod trade;
mod yuan;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use actix_web::web;

use self::book::Book;
use self::certificates::Certificates;
use self::oauth::Desk;
use self::rsa2::Seal;
use self::trade::Status;
use crate::clock::SimClock;
use crate::faults::{Faults, Kind};
use crate::keys::Keys;
use crate::people::People;

/// The one application the sandbox knows.
pub const APP_ID: &str = "2021000000000001";
/// The utility's merchant account.
pub const SELLER_ID: &str = "2088000000000009";
const SELLER_EMAIL: &str = "pay@utility.example";
/// The payee as the cashier shows it.
const SELLER_NAME: &str = "蒙东电力示范公司";
const OPEN_ORDERS_SHOWN: usize = 20;
const PAGE_METHOD: &str = "alipay.trade.wap.pay";
const AGREEMENT_PAGE_METHOD: &str = "alipay.user.agreement.page.sign";
const FACE_PAGE_METHOD: &str = "alipay.user.certify.open.certify";

/// Alipay's world: wallets, authorisations, trades, notices.
pub struct Alipay {
    clock: SimClock,
    people: Arc<People>,
    keys: Arc<Keys>,
    faults: Faults,
    /// What signs for callers by bare keys.
    seal: Arc<Seal>,
    certificates: OnceLock<Option<Certificates>>,
    /// Where browsers may be sent back to besides loopback.
    line: Option<String>,
    desk: Mutex<Desk>,
    book: Mutex<Book>,
    checks: Mutex<certify::Checks>,
    post_client: reqwest::Client,
    /// One round of sending at a time.
    post_turn: tokio::sync::Mutex<()>,
    post_wake: tokio::sync::Notify,
}

impl std::fmt::Debug for Alipay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Alipay")
    }
}

impl Alipay {
    /// An Alipay in which nothing has happened yet. `line` is where Lifeline's pages live.
    ///
    /// # Errors
    /// When the HTTP client for notices cannot be built.
    pub fn new(
        clock: SimClock,
        people: Arc<People>,
        keys: Arc<Keys>,
        faults: Faults,
        line: Option<String>,
    ) -> reqwest::Result<Self> {
        Ok(Self {
            clock,
            people,
            faults,
            seal: Arc::new(Seal::new(keys.platform_private.clone())),
            certificates: OnceLock::new(),
            keys,
            line,
            desk: Mutex::default(),
            book: Mutex::default(),
            checks: Mutex::default(),
            post_client: post::client()?,
            post_turn: tokio::sync::Mutex::new(()),
            post_wake: tokio::sync::Notify::new(),
        })
    }

    /// Returns when a notice was just put in line.
    pub async fn woken(&self) {
        self.post_wake.notified().await;
    }

    /// Certificate mode, made at its first use; `None` only if the machine could not make keys.
    fn certificates(&self) -> Option<&Certificates> {
        let made = self
            .certificates
            .get_or_init(|| Certificates::new(&self.keys));
        made.as_ref()
    }

    /// What signs what is sent to somebody who knows Alipay by certificate, or by its bare key.
    fn seal_for(&self, by_certificate: bool) -> Arc<Seal> {
        let current = by_certificate
            .then(|| self.certificates()?.current())
            .flatten();
        current.map_or_else(|| Arc::clone(&self.seal), |platform| platform.seal)
    }

    /// Whether a browser may be sent to `url`: this machine, or Lifeline's own pages.
    fn may_return_to(&self, url: &str) -> bool {
        is_loopback(url)
            || self
                .line
                .as_deref()
                .is_some_and(|line| same_origin(url, line))
    }
}

/// An order that waits for its buyer, as the front page lists it.
#[derive(Debug)]
pub struct OpenOrder {
    /// The merchant's number.
    pub out_trade_no: String,
    /// Yuan with two decimals.
    pub amount: String,
    /// What it is for.
    pub subject: String,
}

impl Alipay {
    /// The newest orders that wait for their buyer.
    pub fn open_orders(&self) -> Vec<OpenOrder> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        self.pass_time(&mut book, self.clock.now());
        let waiting = book
            .all()
            .rev()
            .filter(|t| t.status == Status::WaitBuyerPay);
        waiting
            .take(OPEN_ORDERS_SHOWN)
            .map(|trade| OpenOrder {
                out_trade_no: trade.order.out_trade_no.clone(),
                amount: yuan::yuan(trade.order.total_fen),
                subject: trade.order.subject.clone(),
            })
            .collect()
    }
}

/// The methods of gateway.do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    OauthToken,
    UserInfoShare,
    TradeCreate,
    TradeQuery,
    TradeClose,
    TradeCancel,
    TradeRefund,
    RefundQuery,
    WapPay,
    CertificateDownload,
    AgreementPage,
    AgreementQuery,
    AgreementUnsign,
    CertPreconsult,
    CertConsult,
    FaceInitialize,
    FacePage,
    FaceQuery,
}

impl Method {
    const ALL: [Self; 18] = [
        Self::OauthToken,
        Self::UserInfoShare,
        Self::TradeCreate,
        Self::TradeQuery,
        Self::TradeClose,
        Self::TradeCancel,
        Self::TradeRefund,
        Self::RefundQuery,
        Self::WapPay,
        Self::CertificateDownload,
        Self::AgreementPage,
        Self::AgreementQuery,
        Self::AgreementUnsign,
        Self::CertPreconsult,
        Self::CertConsult,
        Self::FaceInitialize,
        Self::FacePage,
        Self::FaceQuery,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::OauthToken => "alipay.system.oauth.token",
            Self::UserInfoShare => "alipay.user.info.share",
            Self::TradeCreate => "alipay.trade.create",
            Self::TradeQuery => "alipay.trade.query",
            Self::TradeClose => "alipay.trade.close",
            Self::TradeCancel => "alipay.trade.cancel",
            Self::TradeRefund => "alipay.trade.refund",
            Self::RefundQuery => "alipay.trade.fastpay.refund.query",
            Self::WapPay => PAGE_METHOD,
            Self::CertificateDownload => "alipay.open.app.alipaycert.download",
            Self::AgreementPage => AGREEMENT_PAGE_METHOD,
            Self::AgreementQuery => "alipay.user.agreement.query",
            Self::AgreementUnsign => "alipay.user.agreement.unsign",
            Self::CertPreconsult => "alipay.user.certdoc.certverify.preconsult",
            Self::CertConsult => "alipay.user.certdoc.certverify.consult",
            Self::FaceInitialize => "alipay.user.certify.open.initialize",
            Self::FacePage => FACE_PAGE_METHOD,
            Self::FaceQuery => "alipay.user.certify.open.query",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// Whether a fault of `kind` can ever meet `route` here. Notices have routes of their own, named by their
/// `notify_type`; a page commits nothing, so nothing of it can be lost or doubled.
pub fn meets(kind: Kind, route: Option<&str>) -> bool {
    let of_notices = matches!(
        kind,
        Kind::NoticeLost
            | Kind::NoticeRepeated
            | Kind::NoticeLate
            | Kind::NoticeForged
            | Kind::NoticeWrongAmount
            | Kind::NoticeReordered
    );
    let Some(route) = route else { return true };
    match Method::named(route) {
        _ if route == agreement_calls::SIGNED
            || route == agreement_calls::ENDED
            || route == draft::OF_FOLLOWS =>
        {
            matches!(kind, Kind::NoticeLost | Kind::NoticeRepeated)
        }
        _ if of_notices => route == draft::OF_TRADES,
        Some(Method::WapPay | Method::AgreementPage | Method::FacePage) => {
            !matches!(kind, Kind::TimeoutAfterCommit | Kind::DuplicateReply)
        }
        Some(_) => true,
        None => false,
    }
}

/// Whether `url` is plain HTTP to this machine.
fn is_loopback(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else {
        return false;
    };
    let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    local && matches!(url.scheme(), "http" | "https") && url.username().is_empty()
}

fn same_origin(one: &str, other: &str) -> bool {
    match (reqwest::Url::parse(one), reqwest::Url::parse(other)) {
        (Ok(one), Ok(other)) => one.origin() == other.origin() && one.username().is_empty(),
        _ => false,
    }
}

/// `/gateway.do`, the OAuth and cashier pages, and `/sim/alipay`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/gateway.do")
            .route(web::get().to(gateway::handle))
            .route(web::post().to(gateway::handle)),
    )
    .configure(oauth_page::routes)
    .configure(cashier::routes)
    .configure(agreement_calls::routes)
    .configure(certify::routes)
    .configure(follow::routes)
    .configure(control::routes);
}
