//! `/phone`: a page that looks like the inbox of a phone.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::clock::to_beijing;
use crate::marketing::archive::is_mobile;
use crate::pages::{escape, page};
use crate::people::People;

use super::inbox::{Message, Sms};

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/phone", web::get().to(phone));
}

#[derive(Deserialize)]
struct PhoneQuery {
    phone: Option<String>,
}

async fn phone(
    sms: web::Data<Sms>,
    people: web::Data<People>,
    query: web::Query<PhoneQuery>,
) -> HttpResponse {
    let asked = query.into_inner().phone.filter(|phone| is_mobile(phone));
    let body = match &asked {
        Some(phone) => inbox(phone, &people, &sms.inbox(phone)),
        None => directory(&people, &sms.phones()),
    };
    page("短信 · Messages", &body)
}

/// Messages of one phone, newest first.
fn inbox(phone: &str, people: &People, messages: &[Message]) -> String {
    let owner = people.all().iter().find(|person| person.phone == phone);
    let owner = owner.map_or(String::new(), |person| format!(" {}", escape(person.name)));
    let bubbles: String = messages.iter().rev().map(bubble).collect();
    let shown = if bubbles.is_empty() {
        "<p class=\"card\">暂无短信 <span class=\"en\">No messages yet</span></p>".to_owned()
    } else {
        bubbles
    };
    format!(
        "<h1>短信 <span class=\"en\">Messages</span></h1>\
         <p>{number}{owner}</p>\
         <form method=\"get\" action=\"/phone\">\
         <input type=\"hidden\" name=\"phone\" value=\"{number}\">\
         <button id=\"refresh\">刷新 · Refresh</button></form>\
         <section id=\"messages\" aria-label=\"短信列表\">{shown}</section>\
         <p><a href=\"/phone\">其他手机 · Other phones</a></p>",
        number = escape(phone),
    )
}

fn bubble(message: &Message) -> String {
    format!(
        "<article class=\"bubble\" data-message=\"{}\" data-template=\"{}\">\
         <div class=\"when\"><time>{}</time></div>{}</article>",
        escape(&message.message_id),
        escape(&message.template_id),
        to_beijing(message.at).strftime("%m-%d %H:%M"),
        escape(&message.text),
    )
}

/// The phones of the demo people, and whatever other phone got a message.
fn directory(people: &People, phones: &[String]) -> String {
    let known = people.all().iter().map(|person| {
        format!(
            "<a class=\"button\" data-person=\"{handle}\" href=\"/phone?phone={phone}\">{name} \
             <span class=\"en\">{name_en}</span> {phone}</a>",
            handle = escape(person.person),
            phone = escape(person.phone),
            name = escape(person.name),
            name_en = escape(person.name_en),
        )
    });
    let strangers = phones
        .iter()
        .filter(|phone| people.all().iter().all(|p| p.phone != *phone));
    let other = strangers.map(|phone| {
        let phone = escape(phone);
        format!("<a class=\"button\" href=\"/phone?phone={phone}\">{phone}</a>")
    });
    let links: String = known.chain(other).collect();
    format!("<h1>谁的手机？ <span class=\"en\">Whose phone?</span></h1>{links}")
}
