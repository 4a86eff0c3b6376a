//! What a contradiction stopped goes on when two persons say so; what they agreed to first, and cannot be
//! done, is withdrawn before (LN-55; money.md G7).

use lifeline_core::payments::observation::{ChannelFact, LineFact, Observation};
use lifeline_core::payments::{table_l, table_p};
use lifeline_core::shared::ids::PaymentId;
use lifeline_core::shared::time::Clock as _;

use crate::movement::{look, post};
use crate::office::{Desk, Office};
use crate::taking_back::credited;

/// Marketing does not know a posting any more that it has confirmed.
async fn stopped(office: &Office) -> PaymentId {
    let id = credited(office).await;
    office.pass(60);
    let line = look(office, &id).await.lines[0].line_id.clone();
    let fact = LineFact::default();
    let gone = Observation::line(office.clock.now(), line, table_l::Input::NotFound, fact);
    let payments = office.payments();
    payments
        .observe(&id, vec![gone], "job:payments.sweep", &"t".repeat(32))
        .await
        .unwrap();
    id
}

/// Where its one line stands, and whether it is stopped.
async fn stands(office: &Office, id: &PaymentId) -> (table_l::State, bool) {
    let order = look(office, id).await;
    let line = &order.lines[0];
    (line.state, line.frozen)
}

/// One proposes, another agrees; where the answer leads.
async fn decide(
    office: &Office,
    desk: &Desk,
    [proposer, judge]: [&str; 2],
    case: &str,
    resolution: &str,
) -> String {
    let form = [
        ("resolution", resolution),
        ("reason", "looked into with marketing"),
    ];
    let way = format!("{case}/proposals");
    let offered = post(office, desk, proposer, &way, &form).await;
    assert_eq!(offered.status, 303, "{resolution}: {}", offered.text);
    let agreed = post(office, desk, judge, &format!("{case}/approval"), &[]).await;
    agreed.goes_to().to_owned()
}

#[actix_web::test]
async fn ln_55_what_stands_still_is_not_settled_and_goes_on_by_two_persons() {
    let office = Office::new().await;
    let id = stopped(&office).await;
    let stands_still = (table_l::State::Posted, true);
    assert_eq!(stands(&office, &id).await, stands_still);
    let desk = office.desk().await;
    let finance = office.enter(&desk, "finance").await;
    let reviewer = office.enter(&desk, "reviewer").await;
    let both = [finance.as_str(), reviewer.as_str()];
    let list = desk.get("/console/cases?queue=all", &finance).await.text;
    let at = list.split("href=\"/console/cases/").nth(1).expect("a case");
    let case = format!("/console/cases/{}", at.split('"').next().unwrap());
    // Agreed to, and not to be done: the case stays, and says what to do.
    let to = decide(&office, &desk, both, &case, "settled").await;
    assert!(to.ends_with("?said=said.stands_still"), "{to}");
    let page = desk.get(&to, &reviewer).await.text;
    assert!(page.contains("该记录仍处于停止状态"), "{page}");
    for way in ["refusal", "carrying-out"] {
        assert!(page.contains(&format!("{case}/{way}")), "{way}: {page}");
    }
    assert!(!page.contains(&format!("{case}/proposals")), "not yet");
    assert_eq!(stands(&office, &id).await, stands_still);
    let withdrawn = post(&office, &desk, &reviewer, &format!("{case}/refusal"), &[]).await;
    assert_eq!(withdrawn.status, 303, "{}", withdrawn.text);
    assert_eq!(office.audited("cases.refuse"), ["settled"]);
    // What was withdrawn is not carried out any more.
    let again = format!("{case}/carrying-out");
    assert_eq!(
        post(&office, &desk, &reviewer, &again, &[]).await.status,
        409
    );
    let to = decide(&office, &desk, both, &case, "go_on").await;
    assert!(to.ends_with("?said=said.carried_out"), "{to}");
    let goes_on = (table_l::State::Posted, false);
    assert_eq!(stands(&office, &id).await, goes_on, "no money moved by it");
    let closed = office.audited("cases.close");
    assert_eq!(closed, ["fault.not_as_things_stand", "ok"]);
    let open = "SELECT COUNT(*) FROM case_file WHERE closed_at IS NULL";
    assert_eq!(office.counted(open), 0);
}

/// Taken back at marketing, the money leaves a stopped order no more than before: the case is not over by it.
#[actix_web::test]
async fn ln_55_what_is_taken_back_of_a_stopped_order_keeps_its_case() {
    let office = Office::new().await;
    let id = credited(&office).await;
    office.pass(60);
    let fact = ChannelFact::default();
    let gone = Observation::channel(office.clock.now(), table_p::Input::NotExist, fact);
    let payments = office.payments();
    payments
        .observe(&id, vec![gone], "job:payments.sweep", &"t".repeat(32))
        .await
        .unwrap();
    assert!(look(&office, &id).await.payment.frozen);
    let desk = office.desk().await;
    let finance = office.enter(&desk, "finance").await;
    let reviewer = office.enter(&desk, "reviewer").await;
    let both = [finance.as_str(), reviewer.as_str()];
    let list = desk.get("/console/cases?queue=all", &finance).await.text;
    let at = list.split("href=\"/console/cases/").nth(1).expect("a case");
    let case = format!("/console/cases/{}", at.split('"').next().unwrap());
    let open = "SELECT COUNT(*) FROM case_file WHERE closed_at IS NULL";
    let to = decide(&office, &desk, both, &case, "take_back").await;
    assert!(to.ends_with("?said=said.stands_still"), "{to}");
    assert_ne!(stands(&office, &id).await.0, table_l::State::Posted);
    assert_eq!(office.counted(open), 1, "nobody would hear of it again");
    // Once more, after a restart or by another hand: it moves nothing and ends nothing.
    let again = format!("{case}/carrying-out");
    let again = post(&office, &desk, &reviewer, &again, &[]).await;
    assert!(!again.goes_to().ends_with("said.carried_out"), "{again:?}");
    assert_eq!(office.counted(open), 1);
    let withdrawn = post(&office, &desk, &reviewer, &format!("{case}/refusal"), &[]).await;
    assert_eq!(withdrawn.status, 303, "{}", withdrawn.text);
    let to = decide(&office, &desk, both, &case, "go_on").await;
    assert!(to.ends_with("?said=said.carried_out"), "{to}");
    assert!(!look(&office, &id).await.payment.frozen);
    assert_eq!(office.counted(open), 0);
}
