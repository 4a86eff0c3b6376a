//! What a reviewer has of sold power stands in its queue, with since when and by when, within the scope.

use lifeline_core::operators::{Role, Scope};
use lifeline_core::settlement::ids::GenerationAccountId;
use lifeline_core::shared::time::Clock as _;

use crate::cooperations::seller;
use crate::office::Office;

const DAY: i64 = 86_400_000_000;

/// A task of the seller's that stands so since then.
fn task(
    id: &str,
    (seller, version): (&GenerationAccountId, i64),
    (state, began): (&str, i64),
) -> String {
    format!(
        "INSERT INTO check_task (check_task_id, generation_account_id, table_id, period, data_version, state, net_fen, \
         paid_before_fen, began_at, ends_at, reminded, waited_again, undo_spent, review_no, review_round, review_began_at, \
         created_at, next_at, version) VALUES ('{id}', '{seller}', 't', '2026-10', {version}, '{state}', 1, 0, {began}, \
         {began}, 0, 0, 0, 'r{version}', {version}, {began}, {began}, {began}, 1);"
    )
}

#[actix_web::test]
async fn ln_55_what_a_reviewer_has_stands_in_the_queue_of_sold_power_with_its_deadline() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let seller = seller(&office).await;
    let support = office.enter(&desk, "support").await;
    let path = "/console/cases?queue=solar";
    let page = desk.get(path, &support).await.text;
    assert!(page.contains("没有复核中的结算"), "{page}");
    let now = office.clock.now().micros();
    let id = |n: i64| format!("019aa2f0-0000-7000-8000-00000000000{n}");
    office.raw(&format!(
        "PRAGMA foreign_keys = OFF; \
         INSERT OR IGNORE INTO binding_region (binding_id, region) SELECT binding_id, '1504' FROM binding; {}{}{}",
        task(&id(1), (&seller, 1), ("IN_REVIEW", now - DAY)),
        task(&id(2), (&seller, 2), ("IN_REVIEW", now - 8 * DAY)),
        task(&id(3), (&seller, 3), ("OPEN", now)),
    ));
    let page = desk.get(path, &support).await.text;
    let rows = page.split("id=\"reviews\"").nth(1).unwrap();
    let rows = rows.split("</table>").next().unwrap();
    let (newest, longest) = (rows.find(&id(1)).unwrap(), rows.find(&id(2)).unwrap());
    assert!(longest < newest && !rows.contains(&id(3)), "{rows}");
    // The reviewer has seven days: one's are over, the other's are not.
    assert_eq!(rows.matches("已超期").count(), 1, "{rows}");
    assert!(rows.contains("2026-10") && rows.contains("<td class=\"n\">2</td>"));
    assert!(rows.contains("/console/timeline?of=account&amp;id="));
    let other = desk.get("/console/cases?queue=money", &support).await.text;
    assert!(!other.contains("id=\"reviews"), "{other}");
    for (login, region, seen) in [("north", "1504", true), ("south", "1505", false)] {
        let scope = Scope::parse(region).unwrap();
        office.hire(login, Role::Support, scope).await;
        let cookie = office.enter(&desk, login).await;
        let page = desk.get(path, &cookie).await.text;
        assert_eq!(page.contains(&id(2)), seen, "{login}: {page}");
    }
}
