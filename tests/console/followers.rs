//! Followers and linked people as staff see them: repeats and disorder change nothing, small regions are not told.

use std::sync::Arc;

use actix_web::http::StatusCode;
use lifeline_adapters::sql::Engine;
use lifeline_core::insight::Followers;
use lifeline_core::insight::followers::{
    AHEAD_S, Follow, FollowError, FollowReader, OLDEST_S, Told, Took, Wallet,
};
use lifeline_core::operators::{Role, Scope};
use lifeline_core::shared::time::{Clock as _, Time};

use crate::office::Office;
use crate::stand_ins::Hands;

impl Office {
    pub(crate) fn followers(&self) -> Followers {
        Followers::new(
            Arc::<Engine>::clone(&self.store),
            Arc::<Hands>::clone(&self.clock),
            Arc::new(Shorthand),
        )
    }
}

const DAY_S: i64 = 86_400;

/// Messages of the life account in short: `ID WALLET follow|unfollow SECONDS`.
pub(crate) struct Shorthand;

impl FollowReader for Shorthand {
    fn read_message(&self, raw: &[u8]) -> Result<Told, FollowError> {
        let text = std::str::from_utf8(raw).map_err(|_| FollowError::Malformed)?;
        let parts: Vec<&str> = text.split(' ').collect();
        let [id, wallet, event, seconds] = parts[..] else {
            return Ok(Told::Elsewhere);
        };
        let wallet = Wallet::parse(wallet).ok_or(FollowError::Malformed)?;
        let seconds: i64 = seconds.parse().map_err(|_| FollowError::Malformed)?;
        Ok(Told::Follow {
            message_id: id.to_owned(),
            follow: Follow {
                wallet,
                follows: event == "follow",
                at: Time::from_micros(seconds * 1_000_000),
            },
        })
    }
}

async fn tell(office: &Office, raw: &str) -> Took {
    let took = office.followers().receive(raw.as_bytes(), "t").await;
    took.unwrap()
}

/// What stands under a name on the page.
fn said(page: &str, id: &str) -> String {
    let at = page.split(&format!("id=\"{id}\">")).nth(1).unwrap();
    let text = at.split('<').next().unwrap();
    text.replace("&#60;", "<").replace("&lt;", "<")
}

fn strong(page: &str, id: &str) -> i64 {
    said(page, id).parse().unwrap()
}

/// Five wallets say the same.
async fn five(office: &Office, message: &str, wallet: &str, event: &str, seconds: i64) {
    for n in 0..5 {
        let raw = format!("{message}-{n} {wallet}-{n} {event} {seconds}");
        assert_eq!(tell(office, &raw).await, Took::Counted, "{raw}");
        assert_eq!(tell(office, &raw).await, Took::Nothing, "again: {raw}");
    }
}

fn span(office: &Office, from: i64, to: i64) -> String {
    let date = |days: i64| {
        let at = office.clock.now().plus_seconds(-days * DAY_S);
        at.shanghai_date()
    };
    format!("from={}&to={}", date(from), date(to))
}

#[actix_web::test]
async fn ln_29_followers_are_counted_once_on_their_day_in_any_order() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let cookie = office.enter(&desk, "statistics-reader").await;
    let now = office.clock.now().unix_seconds();
    five(&office, "m1", "w1", "follow", now).await;
    five(&office, "m2", "w2", "follow", now - DAY_S).await;
    // Left and came back, told the other way round.
    five(&office, "m4", "w3", "follow", now - 10).await;
    five(&office, "m3", "w3", "unfollow", now - 20).await;
    five(&office, "m5", "w4", "unfollow", now - 29 * DAY_S).await;
    // In the span before.
    five(&office, "m6", "w5", "follow", now - 29 * DAY_S).await;
    let path = |from, to| format!("/console/followers?{}", span(&office, from, to));
    let page = desk.get(&path(6, 0), &cookie).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert_eq!(strong(&page.text, "following"), 20);
    assert_eq!(strong(&page.text, "gained"), 15);
    assert_eq!(strong(&page.text, "lost"), 5);
    let whole = desk.get(&path(29, 0), &cookie).await.text;
    assert_eq!((strong(&whole, "gained"), strong(&whole, "lost")), (20, 10));
    let turned = desk.get(&path(0, 6), &cookie).await;
    assert!(turned.status.is_client_error());
}

#[actix_web::test]
async fn c10_of_few_followers_no_number_is_told_nor_a_sum_that_gives_one_away() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let cookie = office.enter(&desk, "statistics-reader").await;
    let now = office.clock.now().unix_seconds();
    for (wallet, event, at) in [
        ("a1", "follow", now),
        ("a2", "follow", now),
        ("a3", "follow", now),
        ("b1", "unfollow", now),
    ] {
        let raw = format!("m-{wallet} {wallet} {event} {at}");
        assert_eq!(tell(&office, &raw).await, Took::Counted, "{raw}");
    }
    let path = |room: &str, from| format!("/console/followers{room}{}", span(&office, from, 0));
    let page = desk.get(&path("?", 6), &cookie).await.text;
    for id in ["following", "gained", "lost"] {
        assert_eq!(said(&page, id), "< 5", "{id}");
    }
    let file = desk.get(&path("/export?form=csv&", 6), &cookie).await.text;
    assert!(file.contains(",< 5,< 5,\u{2014},0\r"), "{file}");
    assert!(!file.contains(",3,") && !file.contains(",1,"), "{file}");
    // Five of another day are told; the sum with the three would tell of the three.
    five(&office, "m7", "c", "follow", now - DAY_S).await;
    let page = desk.get(&path("?", 6), &cookie).await.text;
    assert_eq!(said(&page, "gained"), "\u{2014}");
    assert_eq!(said(&page, "following"), "8", "of no day");
    // A third day that is not told: a sum without it, beside one with it, would tell of it.
    for n in 0..4 {
        let raw = format!("m8-{n} d-{n} follow {}", now - 2 * DAY_S);
        assert_eq!(tell(&office, &raw).await, Took::Counted, "{raw}");
    }
    for from in [6, 2, 1] {
        let page = desk.get(&path("?", from), &cookie).await.text;
        assert_eq!(said(&page, "gained"), "\u{2014}", "{from} days");
    }
    let page = desk.get(&path("?", 0), &cookie).await.text;
    assert_eq!(said(&page, "gained"), "< 5", "the one day");
}

#[actix_web::test]
async fn ln_29_too_old_and_too_early_messages_are_not_counted() {
    let office = Office::new().await;
    let now = office.clock.now().unix_seconds();
    let told = [
        (now - OLDEST_S, Took::Counted),
        (now - OLDEST_S - 1, Took::Nothing),
        (now + AHEAD_S, Took::Counted),
        (now + AHEAD_S + 1, Took::Nothing),
    ];
    for (n, (at, took)) in told.into_iter().enumerate() {
        assert_eq!(
            tell(&office, &format!("m{n} w{n} follow {at}")).await,
            took,
            "{n}"
        );
    }
    assert_eq!(tell(&office, "a payment's notice").await, Took::Elsewhere);
}

/// Links of so many people in a region, as their placing leaves them.
pub(crate) fn linked(office: &Office, region: &str, people: usize) {
    let mut text = "PRAGMA foreign_keys = OFF;".to_owned();
    for n in 0..people {
        let id = format!("{region}-{n}");
        text.push_str(&format!(
            "INSERT INTO binding (binding_id, account_id, home_index, consumer_no, role, holder_version, frozen, signboard, \
             created_at, version) VALUES ('{id}', 'a-{id}', 'h-{id}', '', 'payer_only', 0, 0, '', 0, 1);
             INSERT INTO binding_region (binding_id, region) VALUES ('{id}', '{region}');"
        ));
    }
    office.raw(&text);
}

#[actix_web::test]
async fn ln_30_linked_people_by_region_without_the_few_and_within_the_scope() {
    let office = Office::new().await;
    let desk = office.desk().await;
    linked(&office, "1504", 5);
    linked(&office, "1505", 4);
    let cookie = office.enter(&desk, "statistics-reader").await;
    let page = desk.get("/console/followers", &cookie).await.text;
    let row = |region: &str| {
        let at = page
            .split(&format!("<th scope=\"row\">{region}</th>"))
            .nth(1)
            .unwrap();
        at.split("</tr>").next().unwrap().to_owned()
    };
    assert!(row("1504").contains(">5<"), "{}", row("1504"));
    assert!(
        !row("1505").contains(">4<") && row("1505").contains("5"),
        "{}",
        row("1505")
    );
    assert_eq!(said(&page, "linked"), "\u{2014}", "nine without five");
    let file = desk
        .get("/console/followers/export?form=csv", &cookie)
        .await
        .text;
    assert!(!file.contains("linked_people,9"), "{file}");
    let scope = Scope::parse("1505").unwrap();
    office.hire("of-1505", Role::StatisticsReader, scope).await;
    let cookie = office.enter(&desk, "of-1505").await;
    let page = desk.get("/console/followers", &cookie).await.text;
    assert!(page.contains("1505") && !page.contains(">1504<"));
    let file = desk
        .get("/console/followers/export?form=csv", &cookie)
        .await;
    assert_eq!(file.status, StatusCode::OK);
    assert!(file.text.contains("of-1505") && !file.text.contains("\n1504,"));
    assert_eq!(office.audited("insight.export_followers"), ["csv", "csv"]);
}

/// Links of these people to homes, begun now: `(person, home)`.
fn began_now(office: &Office, links: &[(&str, &str)]) {
    let now = office.clock.now().micros();
    let mut text = "PRAGMA foreign_keys = OFF;".to_owned();
    for (n, (person, home)) in links.iter().enumerate() {
        text.push_str(&format!(
            "INSERT INTO binding (binding_id, account_id, home_index, consumer_no, role, holder_version, frozen, signboard, \
             created_at, version) VALUES ('b-{n}', '{person}', '{home}', '', 'payer_only', 0, 0, '', {now}, 1);
             INSERT INTO binding_region (binding_id, region) VALUES ('b-{n}', '1504');"
        ));
    }
    office.raw(&text);
}

/// The cells of the first row of a table.
fn first_row(page: &str, table: &str) -> Vec<String> {
    let rows = page
        .split(&format!("<table id=\"{table}\">"))
        .nth(1)
        .unwrap();
    let rows = rows.split("<tbody>").nth(1).unwrap();
    let row = rows.split("</tr>").next().unwrap();
    let cells = row.split("<td").skip(1);
    let cells = cells.map(|cell| cell.split('>').nth(1).unwrap().split('<').next().unwrap());
    cells.map(str::to_owned).collect()
}

#[actix_web::test]
async fn ln_30_people_and_homes_are_counted_once_and_growth_tells_of_no_few_and_no_part() {
    let office = Office::new().await;
    let desk = office.desk().await;
    // Six people and six links, of five homes: a couple shares one, and it is still one home.
    let six = [
        ("p1", "h1"),
        ("p2", "h1"),
        ("p3", "h2"),
        ("p4", "h3"),
        ("p5", "h4"),
        ("p6", "h5"),
    ];
    began_now(&office, &six);
    let cookie = office.enter(&desk, "statistics-reader").await;
    let page = desk.get("/console/followers", &cookie).await.text;
    assert_eq!(strong(&page, "linked"), 6);
    assert_eq!(first_row(&page, "regions"), ["6", "5"]);
    let file = desk
        .get("/console/followers/export?form=csv", &cookie)
        .await;
    assert!(file.text.contains("linked_people,6"), "{}", file.text);
    let page = desk.get("/console/statistics", &cookie).await.text;
    assert_eq!((strong(&page, "began"), strong(&page, "ended")), (6, 0));
    assert_eq!(first_row(&page, "cohorts"), ["6", "6"]);
    // Of three who stayed, and of links of a part of the regions, nothing is told.
    let now = office.clock.now().micros();
    office.raw(&format!(
        "UPDATE binding SET ended_at = {now} WHERE account_id IN ('p4', 'p5', 'p6')"
    ));
    let page = desk.get("/console/statistics", &cookie).await.text;
    let row = first_row(&page, "cohorts");
    assert!(row[0] == "6" && row[1] != "3", "{row:?}");
    assert!(!page.contains("id=\"ended\">3<"), "{page}");
    let page = desk.get("/console/followers", &cookie).await.text;
    assert!(!page.contains("id=\"linked\">3<"), "{page}");
    let scope = Scope::parse("1504").unwrap();
    office.hire("of-1504", Role::StatisticsReader, scope).await;
    let part = office.enter(&desk, "of-1504").await;
    let page = desk.get("/console/statistics", &part).await;
    assert_eq!(page.status, StatusCode::OK);
    for told in ["id=\"began\"", "id=\"ended\"", "id=\"cohorts\""] {
        assert!(!page.text.contains(told), "{told}");
    }
    let page = desk.get("/console/followers", &part).await.text;
    assert!(!page.contains("id=\"linked\""));
}
