//! The pages of the console: server-rendered, with small enhancement (ADR 0012).
//!
//! | file | what |
//! |---|---|
//! | `access` | who may open a page; nothing is registered without saying it |
//! | `visitor` | who stands behind a request, and what they posted |
//! | `frame`, `words` | what every page has around it, in two languages |
//! | `fault`, `again` | how a refusal looks, with what was typed to be mended |
//! | `kept` | what was typed while the session ended |
//! | `assets` | style sheet and script, from the binary |
//! | the rest | one file for each room's pages |
//!
//! How a page is added: docs/adding-a-console-page.md.

pub mod access;
mod again;
mod archive_offers;
mod article_faults;
mod article_form;
mod articles;
mod assets;
mod bans;
mod before;
mod bills;
mod carrying_out;
mod case_facts;
mod case_sold;
mod cases;
mod channels;
pub mod chart;
mod circuits;
mod cooperations;
mod counts;
mod customers;
mod decisions;
mod energy;
mod entrance;
mod events;
mod exchanges;
pub mod fault;
mod figures_file;
mod find;
mod followers;
pub mod frame;
mod functions;
mod kept;
mod limits;
mod log;
mod openings;
mod people;
mod picture_form;
mod points;
mod readings;
mod refusals;
mod requests;
mod resources;
mod reviews;
mod sent;
mod service_register;
pub mod sheet;
mod statistics;
mod system;
mod timeline;
pub mod today;
mod verbs;
pub mod visitor;
mod ways;
mod who;
pub mod words;

use actix_web::{HttpResponse, web};

use self::access::{Page, Pages};

/// Registers everything staff may reach.
pub fn routes(cfg: &mut web::ServiceConfig) {
    register(cfg);
    cfg.route("/", web::get().to(home))
        .route("/console/", web::get().to(home))
        .default_service(web::to(nothing));
}

fn register(cfg: &mut web::ServiceConfig) -> Vec<Page> {
    let mut pages = Pages::new(cfg);
    assets::pages(&mut pages);
    entrance::pages(&mut pages);
    kept::pages(&mut pages);
    today::pages(&mut pages);
    statistics::pages(&mut pages);
    counts::pages(&mut pages);
    refusals::pages(&mut pages);
    figures_file::pages(&mut pages);
    followers::pages(&mut pages);
    decisions::pages(&mut pages);
    sent::pages(&mut pages);
    timeline::pages(&mut pages);
    cases::pages(&mut pages);
    bills::pages(&mut pages);
    readings::pages(&mut pages);
    cooperations::pages(&mut pages);
    channels::pages(&mut pages);
    customers::pages(&mut pages);
    functions::pages(&mut pages);
    openings::pages(&mut pages);
    exchanges::pages(&mut pages);
    requests::pages(&mut pages);
    system::pages(&mut pages);
    circuits::pages(&mut pages);
    service_register::pages(&mut pages);
    limits::pages(&mut pages);
    find::pages(&mut pages);
    bans::pages(&mut pages);
    log::pages(&mut pages);
    people::pages(&mut pages);
    articles::pages(&mut pages);
    points::pages(&mut pages);
    pages.into_table()
}

/// Every page and act of the console with who may have it.
#[must_use]
pub fn table() -> Vec<Page> {
    let mut found = Vec::new();
    // Registration only records here: the application is thrown away.
    let _ = actix_web::App::new().configure(|cfg| found = register(cfg));
    found
}

async fn home() -> HttpResponse {
    visitor::go("/console")
}

async fn nothing() -> HttpResponse {
    fault::Fault::NotFound.bare()
}
