//! The front page: what this is, who is in it, what lies open, and where everything is.

use std::fmt::Write as _;

use actix_web::{HttpResponse, web};

use crate::alipay::{Alipay, OpenOrder};
use crate::clock::{SimClock, alipay_time};
use crate::pages::{escape, page};
use crate::people::{People, Person};
use crate::server::Neighbours;

pub(crate) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/", web::get().to(show));
}

const CONTROLS: &[(&str, &str, &str)] = &[
    ("/sim/people", "演示人物", "the demo people"),
    (
        "/sim/clock",
        "沙箱时间；POST {advance_s} 前进",
        "sandbox time; POST {advance_s} moves it on",
    ),
    (
        "/sim/faults",
        "计划的故障及命中次数",
        "planned faults and their hits",
    ),
    (
        "/sim/alipay/trades",
        "支付宝交易、退款、通知",
        "trades, refunds, notices at Alipay",
    ),
    (
        "/sim/alipay/wallets",
        "钱包与商户账户",
        "wallets and the merchant's account",
    ),
];

async fn show(
    clock: web::Data<SimClock>,
    people: web::Data<People>,
    alipay: web::Data<Alipay>,
    neighbours: web::Data<Neighbours>,
) -> HttpResponse {
    let mut body = format!(
        "<p><span class=\"tag\">沙箱 · Sandbox</span></p>\
         <h1>外部世界 <span class=\"en\">The outside world</span></h1>\
         <p>这里扮演支付宝、营销系统和短信平台。没有真实的人，也没有真实的钱。<br>\
         <span class=\"en\">This stands in for Alipay, the marketing system and the SMS platform. \
         Nobody in it is real, and no money moves.</span></p>\
         <p>沙箱时间 <span class=\"en\">Sandbox time</span> <b>{}</b></p>",
        alipay_time(clock.now())
    );
    ways(&mut body, &neighbours);
    open_orders(&mut body, &alipay.open_orders());
    body.push_str("<h2>人物 <span class=\"en\">People</span></h2>");
    for person in people.all() {
        person_card(&mut body, person);
    }
    body.push_str("<h2>控制 <span class=\"en\">Controls</span></h2><div class=\"card\"><ul>");
    for (path, zh, en) in CONTROLS {
        let _ = write!(
            body,
            "<li><a href=\"{path}\"><code>{path}</code></a> {zh} <span class=\"en\">{en}</span></li>"
        );
    }
    body.push_str("</ul></div>");
    page("Lifeline 沙箱 · Sandbox", &body)
}

/// Where Lifeline itself is.
fn ways(html: &mut String, neighbours: &Neighbours) {
    if let Some(line) = &neighbours.line {
        let _ = write!(
            html,
            "<a id=\"line\" class=\"button primary\" href=\"{}\">打开手机页面 · Open the household's page</a>",
            escape(line)
        );
    }
    if let Some(callback) = &neighbours.callback {
        let _ = write!(
            html,
            "<p>通知发往 <span class=\"en\">Notices go to</span> <code>{}</code></p>",
            escape(callback)
        );
    }
}

fn open_orders(html: &mut String, orders: &[OpenOrder]) {
    html.push_str("<h2>待付款订单 <span class=\"en\">Orders waiting for payment</span></h2><div class=\"card\">");
    if orders.is_empty() {
        html.push_str("<p>没有 <span class=\"en\">none</span></p>");
    }
    for order in orders {
        let _ = write!(
            html,
            "<p><a href=\"/cashier?out_trade_no={number}\"><code>{number}</code></a> ¥{amount} {subject}</p>",
            number = escape(&order.out_trade_no),
            amount = escape(&order.amount),
            subject = escape(&order.subject),
        );
    }
    html.push_str("</div>");
}

fn person_card(html: &mut String, person: &Person) {
    let _ = write!(
        html,
        "<div class=\"card\"><b>{name}</b> <span class=\"en\">{name_en}</span><br>{story} \
         <span class=\"en\">{story_en}</span><dl><dt>户号 <span class=\"en\">Consumer no.</span></dt>\
         <dd>{numbers}</dd><dt>证件后六位 <span class=\"en\">ID, last six</span></dt><dd>{last6}</dd>\
         <dt>短信 <span class=\"en\">SMS inbox</span></dt>\
         <dd><a href=\"/phone?phone={phone}\">{phone}</a></dd></dl></div>",
        name = escape(person.name),
        name_en = escape(person.name_en),
        story = escape(person.story.0),
        story_en = escape(person.story.1),
        numbers = escape(&person.consumer_nos.join("、")),
        last6 = escape(person.id_last6()),
        phone = escape(person.phone),
    );
}
