//! The cashier: what a person sees and taps. A payment link only shows it; the trade begins at the
//! first tap of a signed-in wallet.

use std::fmt::Write as _;
use std::sync::PoisonError;

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Deserialize;

use super::book::{Book, TradeKey};
use super::draft::{Event, logon_id};
use super::failure::{self, Failure};
use super::link::Link;
use super::methods::order;
use super::oauth_page::remembered;
use super::request::Request;
use super::rsa2::signed_text;
use super::trade::{Order, Product, Status, Trade};
use super::yuan::yuan;
use super::{APP_ID, Alipay, SELLER_ID, SELLER_NAME};
use crate::clock::alipay_time;
use crate::pages::{escape, page, page_then};
use crate::people::Person;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/cashier")
            .route(web::get().to(show))
            .route(web::post().to(tapped)),
    );
}

/// What the person taps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Paid,
    /// The wallet cannot cover it; the trade keeps waiting.
    Insufficient,
    Cancelled,
}

/// What came of a tap.
#[derive(Debug)]
pub(super) struct Tap {
    /// Absent when nobody signed in before leaving.
    pub(super) trade: Option<Trade>,
    pub(super) return_url: Option<String>,
    pub(super) end: TapEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TapEnd {
    Paid,
    Insufficient,
    Cancelled,
}

impl Alipay {
    /// A tap in the cashier by `person`, or by the buyer the trade already has.
    ///
    /// # Errors
    /// No such trade or link, or it is over, expired, or another wallet's.
    pub(super) fn tap(
        &self,
        key: &TradeKey,
        person: Option<&'static str>,
        outcome: Outcome,
    ) -> Result<Tap, Failure> {
        let now = self.clock.now();
        let signed_in = person.unwrap_or_else(|| self.signed_in());
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        self.pass_time(&mut book, now);
        let link = book.link(key).cloned();
        let return_url = link.as_ref().and_then(|l| l.return_url.clone());
        let payer = match book.find(key) {
            Some(trade) => person.unwrap_or(trade.buyer),
            None => {
                let link = link.ok_or(failure::TRADE_NOT_EXIST)?;
                if !link.opens(now) {
                    return Err(failure::TRADE_HAS_CLOSE);
                }
                if outcome == Outcome::Cancelled {
                    return Ok(Tap {
                        trade: None,
                        return_url,
                        end: TapEnd::Cancelled,
                    });
                }
                let (trade, _) = book.create(link.order, signed_in, now)?;
                self.forge_payment(&mut book, &trade, now);
                signed_in
            }
        };
        let trade = book.find(key).ok_or(failure::TRADE_NOT_EXIST)?.clone();
        trade.may_pay(payer)?;
        let (trade, end) = self.settle_tap(&mut book, trade, payer, outcome, now)?;
        Ok(Tap {
            trade: Some(trade),
            return_url,
            end,
        })
    }

    fn settle_tap(
        &self,
        book: &mut Book,
        trade: Trade,
        payer: &str,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<(Trade, TapEnd), Failure> {
        match outcome {
            Outcome::Cancelled => Ok((trade, TapEnd::Cancelled)),
            Outcome::Insufficient => Ok((trade, TapEnd::Insufficient)),
            Outcome::Paid => {
                let key = TradeKey::TradeNo(trade.trade_no.clone());
                match book.pay(&key, self.wallet(payer)?, now) {
                    Ok(paid) => {
                        self.announce(book, &paid, Event::Paid, now);
                        Ok((paid, TapEnd::Paid))
                    }
                    Err(failure::BUYER_BALANCE_NOT_ENOUGH) => Ok((trade, TapEnd::Insufficient)),
                    Err(other) => Err(other),
                }
            }
        }
    }

    /// The wallet in use when nobody says which.
    pub(super) fn signed_in(&self) -> &'static str {
        let desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let first = self.people.all().first().map_or("", |p| p.person);
        desk.last_person().unwrap_or(first)
    }
}

impl Book {
    /// The opened link a key leads to, when it names one.
    fn link(&self, key: &TradeKey) -> Option<&Link> {
        match key {
            TradeKey::OutTradeNo(no) => self.links.get(no),
            TradeKey::TradeNo(_) => self.links.get(&self.find(key)?.order.out_trade_no),
        }
    }
}

/// `GET /gateway.do?method=alipay.trade.wap.pay`: the link opens, or says why not.
pub(super) fn open(alipay: &Alipay, http: &HttpRequest, request: &Request) -> HttpResponse {
    match open_link(alipay, request) {
        Ok(out_trade_no) => render(alipay, http, &TradeKey::OutTradeNo(out_trade_no)),
        Err(failure) => refusal(failure),
    }
}

fn open_link(alipay: &Alipay, request: &Request) -> Result<String, Failure> {
    let biz = request.biz()?;
    if biz.text("product_code", 64)? != Product::Wap.code() {
        return Err(failure::ACQ_INVALID_PARAMETER);
    }
    let return_url = request.get("return_url");
    if return_url.is_some_and(|url| !alipay.may_return_to(url)) {
        return Err(failure::INVALID_PARAMETER);
    }
    let order = order(request, &biz, Product::Wap)?;
    let out_trade_no = order.out_trade_no.clone();
    let mut book = alipay.book.lock().unwrap_or_else(PoisonError::into_inner);
    let key = TradeKey::OutTradeNo(out_trade_no.clone());
    let earlier = book.links.get(&out_trade_no).map(|link| &link.order);
    let known = book.find(&key).map(|trade| &trade.order).or(earlier);
    if known.is_some_and(|known| !known.agrees(&order)) {
        return Err(failure::CONTEXT_INCONSISTENT);
    }
    let link = Link {
        order,
        return_url: return_url.map(str::to_owned),
    };
    book.links.insert(out_trade_no.clone(), link);
    Ok(out_trade_no)
}

#[derive(Deserialize)]
struct Wanted {
    out_trade_no: Option<String>,
    trade_no: Option<String>,
}

/// The cashier of a trade that exists, for orders made inside the mini program.
async fn show(
    alipay: web::Data<Alipay>,
    http: HttpRequest,
    wanted: web::Query<Wanted>,
) -> HttpResponse {
    let Wanted {
        out_trade_no,
        trade_no,
    } = wanted.into_inner();
    let key = trade_no
        .map(TradeKey::TradeNo)
        .or(out_trade_no.map(TradeKey::OutTradeNo));
    match key {
        Some(key) => render(&alipay, &http, &key),
        None => refusal(failure::ACQ_INVALID_PARAMETER),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TapForm {
    out_trade_no: String,
    person: String,
    outcome: Outcome,
}

async fn tapped(alipay: web::Data<Alipay>, form: web::Form<TapForm>) -> HttpResponse {
    let Some(person) = alipay.people.find(&form.person) else {
        return refusal(failure::BUYER_NOT_EXIST);
    };
    let key = TradeKey::OutTradeNo(form.out_trade_no.clone());
    match alipay.tap(&key, Some(person.person), form.outcome) {
        Ok(tap) => done(&alipay, tap),
        Err(failure) => refusal(failure),
    }
}

/// The page for an order in whatever state it is.
fn render(alipay: &Alipay, http: &HttpRequest, key: &TradeKey) -> HttpResponse {
    let now = alipay.clock.now();
    let mut book = alipay.book.lock().unwrap_or_else(PoisonError::into_inner);
    alipay.pass_time(&mut book, now);
    let trade = book.find(key);
    let link = book.link(key);
    let Some(order) = trade.map(|t| &t.order).or(link.map(|l| &l.order)) else {
        return refusal(failure::TRADE_NOT_EXIST);
    };
    let expires_at = match trade {
        Some(trade) if trade.status != Status::WaitBuyerPay => {
            return refusal(
                trade
                    .may_pay(trade.buyer)
                    .err()
                    .unwrap_or(failure::TRADE_HAS_CLOSE),
            );
        }
        Some(trade) => Some(trade.expires_at),
        None if link.is_some_and(|l| !l.opens(now)) => return refusal(failure::TRADE_HAS_CLOSE),
        None => order.deadline.at,
    };
    let buyer = trade.map(|t| t.buyer);
    let remembered = remembered(http).filter(|person| alipay.people.find(person).is_some());
    let wallet = buyer.map(str::to_owned).or(remembered);
    let wallet = wallet.unwrap_or_else(|| alipay.signed_in().to_owned());
    let wallets = wallets(alipay.people.all(), &wallet, buyer.is_some());
    page("收银台 · Cashier", &cashier(order, expires_at, &wallets))
}

fn cashier(order: &Order, expires_at: Option<Timestamp>, wallets: &str) -> String {
    let expires = expires_at.map_or_else(String::new, |at| {
        format!(
            "<dt>请在此前支付 <span class=\"en\">Pay before</span></dt><dd>{}</dd>",
            alipay_time(at)
        )
    });
    format!(
        "<p><span class=\"tag\">沙箱，不会真实扣款 · Sandbox, no real money</span></p>\
         <h1>收银台 <span class=\"en\">Cashier</span></h1>\
         <div class=\"card\"><p class=\"amount\" id=\"amount\">¥{amount}</p><dl>\
         <dt>收款方 <span class=\"en\">Payee</span></dt><dd id=\"payee\">{seller}</dd>\
         <dt>商品 <span class=\"en\">For</span></dt><dd id=\"subject\">{subject}</dd>\
         <dt>订单号 <span class=\"en\">Order</span></dt><dd><code>{number}</code></dd>{expires}</dl></div>\
         <form method=\"post\" action=\"/cashier\">\
         <input type=\"hidden\" name=\"out_trade_no\" value=\"{number}\">\
         <label for=\"wallet\">付款账户 <span class=\"en\">Paying wallet</span></label>{wallets}\
         <button id=\"pay\" class=\"primary\" name=\"outcome\" value=\"paid\">确认付款 · Pay</button>\
         <button id=\"insufficient\" name=\"outcome\" value=\"insufficient\">\
         余额不足 · Pay with too little balance</button>\
         <button id=\"cancel\" name=\"outcome\" value=\"cancelled\">取消 · Cancel</button></form>",
        amount = yuan(order.total_fen),
        seller = escape(SELLER_NAME),
        subject = escape(&order.subject),
        number = escape(&order.out_trade_no),
    )
}

/// The wallets to pay with; a trade that already has its buyer offers only that one.
fn wallets(people: &[Person], chosen: &str, only: bool) -> String {
    let mut html = String::from("<select id=\"wallet\" name=\"person\">");
    for person in people.iter().filter(|p| !only || p.person == chosen) {
        let selected = if person.person == chosen {
            " selected"
        } else {
            ""
        };
        let _ = write!(
            html,
            "<option value=\"{}\"{selected}>{} {}</option>",
            escape(person.person),
            escape(person.name),
            escape(&logon_id(person)),
        );
    }
    html.push_str("</select>");
    html
}

fn done(alipay: &Alipay, tap: Tap) -> HttpResponse {
    let (zh, en) = match tap.end {
        TapEnd::Paid => ("支付成功", "Paid"),
        TapEnd::Insufficient => ("余额不足，未付款", "Too little balance, nothing was paid"),
        TapEnd::Cancelled => ("已取消，未付款", "Cancelled, nothing was paid"),
    };
    let id = if tap.end == TapEnd::Paid {
        "paid"
    } else {
        "unpaid"
    };
    let sum = tap.trade.as_ref().map_or_else(String::new, |trade| {
        format!(
            "<div class=\"card\"><p class=\"amount\">¥{}</p></div>",
            yuan(trade.order.total_fen)
        )
    });
    let head = format!("<h1 id=\"{id}\">{zh} <span class=\"en\">{en}</span></h1>{sum}");
    let Some(target) = tap
        .return_url
        .and_then(|url| signed_return(alipay, &url, tap.trade))
    else {
        return page(
            zh,
            &format!("{head}<p>可以关闭此页 <span class=\"en\">You may close this page</span></p>"),
        );
    };
    let body = format!(
        "{head}<p>正在返回商户 <span class=\"en\">Returning to the merchant</span></p>\
         <a id=\"return\" class=\"button\" href=\"{}\">立即返回 · Return now</a>",
        escape(&target)
    );
    page_then(zh, &body, &target)
}

/// The merchant's page with Alipay's signed parameters: a hint for the browser, never a proof.
fn signed_return(alipay: &Alipay, url: &str, trade: Option<Trade>) -> Option<String> {
    let mut url = reqwest::Url::parse(url).ok()?;
    let Some(trade) = trade else {
        return Some(url.into());
    };
    let total = yuan(trade.order.total_fen);
    let time = alipay_time(alipay.clock.now());
    let mut pairs = vec![
        ("app_id", APP_ID),
        ("auth_app_id", APP_ID),
        ("charset", "utf-8"),
        ("method", "alipay.trade.wap.pay.return"),
        ("out_trade_no", &trade.order.out_trade_no),
        ("seller_id", SELLER_ID),
        ("timestamp", &time),
        ("total_amount", &total),
        ("trade_no", &trade.trade_no),
        ("version", "1.0"),
    ];
    let sign = alipay.seal.sign(&signed_text(pairs.iter().copied(), &[]));
    pairs.push(("sign_type", "RSA2"));
    pairs.push(("sign", &sign));
    url.query_pairs_mut().extend_pairs(pairs);
    Some(url.into())
}

fn refusal(failure: Failure) -> HttpResponse {
    let (zh, en) = match failure {
        failure::TRADE_HAS_SUCCESS => ("订单已支付", "This order is already paid"),
        failure::TRADE_HAS_CLOSE => ("订单已关闭或已过期", "This order is closed or has expired"),
        failure::TRADE_BUYER_NOT_MATCH => (
            "订单属于另一个支付宝账户",
            "This order belongs to another wallet",
        ),
        other => (other.sub_msg, other.sub_code),
    };
    let body = format!(
        "<h1 id=\"refused\">{} <span class=\"en\">{}</span></h1><div class=\"card\"><code>{}</code></div>",
        escape(zh),
        escape(en),
        escape(failure.sub_code)
    );
    page("无法付款 · Cannot pay", &body)
}
