//! What the archive was offered and has not answered stands in its queue, with its age, within the scope.

use lifeline_core::operators::{Role, Scope};
use lifeline_core::shared::time::Clock as _;

use crate::customers::household;
use crate::office::Office;

const DAY: i64 = 86_400_000_000;

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
    let offer = |id: &str, state: &str, asked: i64, settled: &str| {
        format!(
            "INSERT INTO archive_filling (filling_id, binding_id, account_id, consent_id, holder_version, state, asked_at, \
             settled_at, version) VALUES ('{id}', '{home}', '{account}', 'c', 1, '{state}', {asked}, {settled}, 1);"
        )
    };
    office.raw(&format!(
        "PRAGMA foreign_keys = OFF; INSERT OR IGNORE INTO binding_region (binding_id, region) VALUES ('{home}', '1504'); {}{}{}",
        offer("f1", "asked", now - DAY, "NULL"),
        offer("f2", "asked", now - 3 * DAY, "NULL"),
        offer("f3", "settled", now - 4 * DAY, "1"),
    ));
    let page = desk.get(path, &support).await.text;
    let rows = page.split("id=\"offers\"").nth(1).unwrap();
    let rows = rows.split("</table>").next().unwrap();
    assert_eq!(rows.matches(&format!("id={home}")).count(), 2, "{rows}");
    let longest = rows.find("<td class=\"n\">3</td><td>未获答复，不再发送</td>");
    let newest = rows.find("<td class=\"n\">1</td><td>发送中</td>");
    assert!(longest.is_some() && longest < newest, "{rows}");
    let other = desk.get("/console/cases?queue=money", &support).await.text;
    assert!(!other.contains("id=\"offers"), "{other}");
    let scope = Scope::parse("1505").unwrap();
    office.hire("of-1505", Role::Support, scope).await;
    let elsewhere = office.enter(&desk, "of-1505").await;
    let page = desk.get(path, &elsewhere).await.text;
    assert!(!page.contains(home.as_str()), "{page}");
}
