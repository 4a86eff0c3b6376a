//! What the archive was offered and has not answered stands in its queue, with its age, within the scope.

use lifeline_core::operators::{Role, Scope};
use lifeline_core::shared::time::Clock as _;

use crate::customers::household;
use crate::office::Office;

const DAY: i64 = 86_400_000_000;

/// The id of one more link.
fn another(n: usize) -> String {
    format!("019aa2f0-0000-7000-8000-{n:012}")
}

#[actix_web::test]
async fn ln_45_offers_that_the_archive_has_not_answered_stand_in_its_queue_with_their_age() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let (account, home) = household(&office).await;
    let support = office.enter(&desk, "support").await;
    let path = "/console/cases?queue=archive";
    let page = desk.get(path, &support).await.text;
    assert!(page.contains("没有尚未答复的档案补全"), "{page}");
    let now = office.clock.now().micros();
    let link = |n: usize| {
        format!(
            "INSERT INTO binding (binding_id, account_id, home_index, consumer_no, role, holder_version, frozen, signboard, \
             created_at, version) VALUES ('{}', 'a-{n}', 'h-{n}', '', 'payer_only', 0, 0, '', {now}, 1);",
            another(n)
        )
    };
    let offer = |id: &str, home: &str, (state, asked, settled): (&str, i64, &str)| {
        format!(
            "INSERT OR IGNORE INTO binding_region (binding_id, region) VALUES ('{home}', '1504'); \
             INSERT INTO archive_filling (filling_id, binding_id, account_id, consent_id, holder_version, state, asked_at, \
             settled_at, version) VALUES ('{id}', '{home}', '{account}', 'c', 1, '{state}', {asked}, {settled}, 1);"
        )
    };
    let waits = |days: i64| ("asked", now - days * DAY, "NULL");
    let own = home.as_str();
    let (second, answered) = (another(1), another(2));
    office.raw(&format!(
        "PRAGMA foreign_keys = OFF; {}{}{}{}{}{}{}",
        link(1),
        link(2),
        offer("f1", own, waits(9)),
        offer("f2", own, waits(1)),
        offer("f3", &second, waits(3)),
        offer("f4", &answered, waits(9)),
        offer("f5", &answered, ("settled", now - 4 * DAY, "1")),
    ));
    let page = desk.get(path, &support).await.text;
    let rows = page.split("id=\"offers\"").nth(1).unwrap();
    let rows = rows.split("</table>").next().unwrap();
    assert_eq!(rows.matches("of=home").count(), 2, "{rows}");
    assert!(rows.contains(own) && rows.contains(&second), "{rows}");
    let longest = rows.find("<td class=\"n\">3</td><td>未获答复，不再发送</td>");
    let newest = rows.find("<td class=\"n\">1</td><td>发送中</td>");
    assert!(longest.is_some() && longest < newest, "{rows}");
    let others = "其余未列出";
    assert!(!page.contains(others), "{page}");
    let many = (3..=201).map(|n| link(n) + &offer(&format!("m{n}"), &another(n), waits(2)));
    let many = many.collect::<String>();
    office.raw(&format!("PRAGMA foreign_keys = OFF; {many}"));
    let page = desk.get(path, &support).await.text;
    let rows = page.split("id=\"offers\"").nth(1).unwrap();
    assert_eq!(rows.matches("of=home").count(), 200);
    assert!(page.contains(others), "{page}");
    let other = desk.get("/console/cases?queue=money", &support).await.text;
    assert!(!other.contains("id=\"offers"), "{other}");
    let scope = Scope::parse("1505").unwrap();
    office.hire("of-1505", Role::Support, scope).await;
    let elsewhere = office.enter(&desk, "of-1505").await;
    let page = desk.get(path, &elsewhere).await.text;
    assert!(!page.contains(home.as_str()), "{page}");
}
