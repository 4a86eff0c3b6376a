//! The system log: every act and every refused try, by whom, as those who may read it see it (LN-32).

use std::collections::BTreeSet;

use lifeline_core::operators::{Role, Scope};

use crate::office::Office;

/// Each line's cells as they are shown: of what is told in words and by its code, the code.
fn lines(page: &str) -> Vec<Vec<String>> {
    let rows = page.split("id=\"log\"").nth(1).unwrap();
    let rows = rows.split("<tbody>").nth(1).unwrap();
    let rows = rows.split("</tbody>").next().unwrap();
    let cells = |row: &str| {
        let each = row.split("<td>").skip(1);
        let each = each.map(|cell| cell.split("</td>").next().unwrap());
        each.map(|cell| cell.split("<code>").last().unwrap().replace("</code>", ""))
            .collect()
    };
    rows.split("<tr>").skip(1).map(cells).collect()
}

#[actix_web::test]
async fn ln_32_the_system_log_tells_who_did_what_and_what_was_refused() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let refused = desk.get("/console/log", &support).await;
    assert_eq!(refused.status, 403);
    let auditor = office.enter(&desk, "auditor").await;
    let page = desk.get("/console/log", &auditor).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let all = lines(&page.text);
    let said = |who: &str, act: &str, outcome: &str| {
        let fits = |line: &&Vec<String>| [&line[1], &line[2], &line[4]] == [who, act, outcome];
        all.iter().filter(fits).count()
    };
    assert_eq!(said("support", "operators.enter", "ok"), 1, "{all:?}");
    assert_eq!(said("support", "console.open", "forbidden"), 1, "{all:?}");
    assert!(
        page.text
            .contains("<td>人员登录 <code>operators.enter</code>")
    );
    for told in [
        "<td>完成 <code>ok</code></td>",
        "<td>无权限 <code>forbidden</code></td>",
    ] {
        assert!(page.text.contains(told), "{told}: {}", page.text);
    }
    // The look itself is a line, which the next look shows; by login, by act, by what came of it.
    for (filter, expected) in [
        ("who=auditor&act=audit.", vec!["audit.read"]),
        ("who=support&outcome=forbidden", vec!["console.open"]),
        ("who=support&act=operators.enter", vec!["operators.enter"]),
        ("who=nobody", vec![]),
        ("subject=nothing", vec![]),
        ("to=2020-01-01", vec![]),
    ] {
        let page = desk.get(&format!("/console/log?{filter}"), &auditor).await;
        let found = lines(&page.text);
        let acts: Vec<&str> = found.iter().map(|line| line[2].as_str()).collect();
        assert_eq!(acts.first(), expected.first(), "{filter}: {found:?}");
        let only: BTreeSet<&str> = acts.into_iter().collect();
        let wanted: BTreeSet<&str> = expected.into_iter().collect();
        assert_eq!(only, wanted, "{filter}");
    }
    for bad in [
        "from=x",
        "from=2026-12-01&to=2026-11-01",
        "after=x",
        "after=1x.2",
    ] {
        let page = desk.get(&format!("/console/log?{bad}"), &auditor).await;
        assert!(page.status.is_client_error(), "{bad}: {}", page.status);
    }
}

#[actix_web::test]
async fn ln_32_the_log_goes_on_page_by_page_and_keeps_its_filters() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let auditor = office.enter(&desk, "auditor").await;
    let admin = office.enter(&desk, "admin").await;
    // A hundred and one tries at what an administrator may not: two whole pages and one line.
    for n in 0..101 {
        let path = format!("/console/cases/{n}");
        assert_eq!(desk.get(&path, &admin).await.status, 403);
    }
    let mut path = "/console/log?who=admin&act=console.open".to_owned();
    let (mut seen, mut pages) = (Vec::new(), Vec::new());
    loop {
        let page = desk.get(&path, &auditor).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        let found = lines(&page.text);
        assert!(found.iter().all(|line| line[1] == "admin"), "{found:?}");
        pages.push(found.len());
        seen.extend(found.into_iter().map(|line| line[3].clone()));
        let Some(next) = page.text.split("href=\"/console/log?").nth(1) else {
            break;
        };
        let next = next.split('"').next().unwrap().replace("&#38;", "&");
        path = format!("/console/log?{next}");
    }
    assert_eq!(pages, [50, 50, 1]);
    let once: BTreeSet<String> = seen.iter().cloned().collect();
    assert_eq!(once.len(), 101, "each line once");
}

#[actix_web::test]
async fn ln_32_whoever_sees_a_part_of_the_regions_reads_their_own_lines() {
    let office = Office::new().await;
    let scope = Scope::parse("1504").unwrap();
    office.hire("auditor.north", Role::Auditor, scope).await;
    let desk = office.desk().await;
    office.enter(&desk, "support").await;
    let north = office.enter(&desk, "auditor.north").await;
    for path in ["/console/log", "/console/log?who=support"] {
        let page = desk.get(path, &north).await.text;
        let found = lines(&page);
        assert!(!found.is_empty());
        assert!(
            found.iter().all(|line| line[1] == "auditor.north"),
            "{found:?}"
        );
        assert!(page.contains("只显示您本人的记录"));
    }
}
