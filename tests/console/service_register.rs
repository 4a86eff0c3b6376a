//! The register of services and how full limits are: seen by whoever reads the system, from what is
//! known already (LN-39).

use std::net::IpAddr;

use lifeline_core::jobs::nodes::Node;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::{Tx, atomically};
use lifeline_gateway::edge::limits::{Asker, Function};
use lifeline_gateway::edge::switchboard::Set;
use lifeline_gateway::listeners::ops::Check;

use crate::office::Office;

fn check(name: &'static str, ok: bool) -> Check {
    Check {
        name,
        ok,
        required: name == "store",
        advice: "",
    }
}

/// The row of a table that begins with this heading and holds this text.
fn row<'a>(page: &'a str, table: &str, name: &str, holds: &str) -> &'a str {
    let table = page.split(&format!("id=\"{table}\"")).nth(1).unwrap();
    let mut rows = table.split("</table>").next().unwrap().split("<tr>");
    let begins = format!("<th scope=\"row\">{name}</th>");
    let found = rows.find(|row| row.starts_with(&begins) && row.contains(holds));
    found.expect("a row of this name")
}

/// The text of a cell that begins behind `<td`.
fn text_of(cell: &str) -> &str {
    let text = cell.split_once('>').map_or("", |(_, text)| text);
    text.split('<').next().unwrap_or_default()
}

#[actix_web::test]
async fn ln_39_the_register_shows_every_service_with_its_health_since_when_and_its_version() {
    let office = Office::new().await;
    let desk = office.desk().await;
    office.services.note(
        &[check("store", true), check("marketing", false)],
        office.clock.now(),
    );
    let since = office.clock.now().alipay_text();
    let auditor = office.enter(&desk, "auditor").await;
    let page = desk.get("/console/system/services", &auditor).await.text;
    let store = row(&page, "services", "数据库", "");
    assert!(store.contains("正常") && store.contains(&since) && store.contains("schema 1"));
    let whole = row(&page, "services", "营销系统", "<td></td>");
    assert!(whole.contains("<strong>不可用</strong>"), "{whole}");
    let part = row(&page, "services", "营销系统", "GET /consumers/{no}/arrears");
    assert!(part.contains("<strong>不可用</strong>"), "{part}");
    let line = row(&page, "services", "line", "");
    assert!(line.contains("1.2.3") && line.contains("对外提供"));
    // It goes on from there: well again since now, and the failure is remembered.
    office.pass(30);
    office
        .services
        .note(&[check("store", false)], office.clock.now());
    let failed = office.clock.now().alipay_text();
    office.pass(30);
    office
        .services
        .note(&[check("store", true)], office.clock.now());
    let page = desk.get("/console/system/services", &auditor).await.text;
    let store = row(&page, "services", "数据库", "");
    assert!(store.contains("正常") && store.contains(&failed) && !store.contains(&since));
    // Whoever reads no system reads neither.
    let finance = office.enter(&desk, "finance").await;
    for path in ["/console/system/services", "/console/system/limits"] {
        assert_eq!(desk.get(path, &finance).await.status.as_u16(), 403);
    }
}

/// A node that said `seen` seconds ago that it is there, and began an hour ago.
async fn node(office: &Office, name: &str, seen: i64) {
    let now = office.clock.now();
    let node = Node {
        run: format!("run-of-{name}"),
        name: name.to_owned(),
        version: "1.2.4".to_owned(),
        began_at: now.plus_seconds(-3_600),
        seen_at: now.plus_seconds(-seen),
        left_at: None,
    };
    atomically(&*office.store, async |tx: &mut Tx| {
        tx.jobs().note_node(&node).await
    })
    .await
    .unwrap();
}

#[actix_web::test]
async fn ln_54_every_node_is_listed_with_when_it_was_heard_of_and_one_that_fell_silent_is_missed() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let auditor = office.enter(&desk, "auditor").await;
    node(&office, "north", 5).await;
    node(&office, "south", 61).await;
    node(&office, "west", 70).await;
    let ended = office.clock.now().plus_seconds(-70);
    atomically(&*office.store, async |tx: &mut Tx| {
        tx.jobs().end_node("run-of-west", ended).await
    })
    .await
    .unwrap();
    let page = desk.get("/console/system/services", &auditor).await.text;
    let north = row(&page, "nodes", "north", "1.2.4");
    let seen = office.clock.now().plus_seconds(-5).alipay_text();
    assert!(north.contains("在线") && north.contains(&seen), "{north}");
    let south = row(&page, "nodes", "south", "");
    assert!(south.contains("<strong>失联</strong>"), "{south}");
    let west = row(&page, "nodes", "west", "");
    assert!(
        west.contains("已正常停止") && !west.contains("<strong>"),
        "{west}"
    );
    // It is heard of again.
    node(&office, "south", 0).await;
    let page = desk.get("/console/system/services", &auditor).await.text;
    assert!(row(&page, "nodes", "south", "").contains("在线"));
}

#[actix_web::test]
async fn ln_39_limits_say_how_full_they_are_and_what_they_refused_and_never_of_whom() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let asker = Asker {
        address: IpAddr::from([192, 0, 2, 77]),
        account: Some("somebody-of-the-test"),
        home: Some("a-home-of-the-test"),
        figure: "",
    };
    // Five payments of a home a minute; the sixth is refused by the home, not by the account.
    for n in 0..6 {
        let admitted = office.line.admit(Function::Pay, &asker).await;
        assert_eq!(admitted.is_ok(), n < 5);
    }
    let limits = [(lifeline_core::insight::Channel::H5, 7)].into();
    office.switchboard.put(Set {
        limits,
        ..Set::default()
    });
    let admin = office.enter(&desk, "admin").await;
    let page = desk.get("/console/system/limits", &admin).await.text;
    let home = row(
        &page,
        "limits-line",
        "每个户号的单项功能",
        "<code>pay</code>",
    );
    let cells: Vec<&str> = home.split("<td").skip(1).map(text_of).collect();
    // Function, most, keys, nearly full, fullest, refused in an hour and in a day.
    assert_eq!(cells[1..4], ["5 / 60 s", "1", "1"], "{home}");
    assert!(cells[4] == "100 %" && cells[5..7] == ["1", "1"], "{home}");
    assert!(
        home.contains("/console/statistics/refusals?from="),
        "{home}"
    );
    row(&page, "limits-line", "每个账户", "240 / 60 s");
    let unused = row(
        &page,
        "limits-line",
        "每个户号的单项功能",
        "<code>query</code>",
    );
    assert!(unused.contains("—"), "{unused}");
    assert!(page.contains("id=\"limits-console\"") && page.contains("id=\"limits-of-channels\""));
    for of_whom in ["somebody-of-the-test", "a-home-of-the-test", "192.0.2"] {
        assert!(!page.contains(of_whom), "{of_whom}");
    }
}

#[actix_web::test]
async fn ln_39_a_limit_is_emptied_for_a_reason_by_who_runs_the_system_and_it_is_written_down() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let asker = Asker {
        address: IpAddr::from([192, 0, 2, 77]),
        account: Some("somebody-of-the-test"),
        home: Some("a-home-of-the-test"),
        figure: "",
    };
    for n in 0..6 {
        let admitted = office.line.admit(Function::Pay, &asker).await;
        assert_eq!(admitted.is_ok(), n < 5);
    }
    let admin = office.enter(&desk, "admin").await;
    let mark = office.mark(&desk, &admin).await;
    let path = "/console/system/limits/clear";
    for (limit, reason, status) in [
        ("line nothing pay", "own_load", 404),
        ("line home pay", "because", 422),
        ("line home pay", "shared_place", 303),
    ] {
        let code = office.fresh_code("admin");
        let form = [
            ("mark", mark.as_str()),
            ("limit", limit),
            ("reason", reason),
            ("code", code.as_str()),
        ];
        let shown = desk.post(path, &admin, &form).await;
        assert_eq!(shown.status, status, "{limit} {reason}: {}", shown.text);
    }
    assert!(office.line.admit(Function::Pay, &asker).await.is_ok());
    let written = office.audited("limits.clear");
    assert_eq!(written.last().map(String::as_str), Some("shared_place"));
    let page = desk.get("/console/system/limits", &admin).await.text;
    let home = row(
        &page,
        "limits-line",
        "每个户号的单项功能",
        "<code>pay</code>",
    );
    let cells: Vec<&str> = home.split("<td").skip(1).map(text_of).collect();
    // One counts again; what was refused before stays told.
    assert_eq!((cells[2], cells[5], cells[6]), ("1", "1", "1"), "{home}");
    assert!(cells[4] == "20 %", "{home}");
    // An address begins anew as well.
    let address = IpAddr::from([192, 0, 2, 78]);
    let limits = &office.line;
    while limits.address(address).is_ok() {}
    limits.empty(("address", ""));
    assert!(limits.address(address).is_ok());
    let auditor = office.enter(&desk, "auditor").await;
    let page = desk.get("/console/system/limits", &auditor).await.text;
    assert!(page.contains("id=\"limits-line\"") && !page.contains("limits/clear"));
}
