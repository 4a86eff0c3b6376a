//! How months stand: read without what is sealed in their rows.

use lifeline_core::settlement::standing::{InReview, PayoutStanding};
use lifeline_core::settlement::trade_task::TradeTask;
use lifeline_core::settlement::{table_k, table_t};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::page::Page;

use crate::bench::{Bench, at};
use crate::bindings::{self, HOME};
use crate::contracts;
use crate::settlement::{add_task, add_trade, period, seller, task_of, trade_of};

contracts! { "standings":
    a_page_of_tasks_has_its_payouts => ["SettlementReads::payouts_of"];
    a_month_is_found_by_whatever_a_case_names => ["SettlementReads::month_about"];
    what_a_reviewer_has_is_told_by_region_the_longest_there_first => ["SettlementReads::in_review"];
}

/// Three payouts that nobody can open any more, of one month's tasks; the first was withdrawn.
async fn made(t: &Bench) -> (AccountId, Vec<TradeTask>) {
    let (owner, table) = seller(t).await;
    let mut made = Vec::new();
    for n in 1..=3 {
        let task = task_of(t, &owner, &table, n);
        add_task(t, &task).await.unwrap();
        let mut trade = trade_of(t, &task, 100 + n, 7 + n);
        trade.payee = Some(table.identity.clone());
        if n == 1 {
            trade.state = table_t::State::Withdrawn;
            trade.next_at = None;
        }
        add_trade(t, &trade).await.unwrap();
        made.push(trade);
    }
    t.raw("UPDATE trade_task SET payee = 'x'").await.unwrap();
    t.raw("UPDATE check_task SET reason = 'x'").await.unwrap();
    (owner, made)
}

async fn a_page_of_tasks_has_its_payouts(t: Bench) {
    let (owner, made) = made(&t).await;
    let of = async |owner: &AccountId, limit: i64, after: Option<String>| {
        let page = Page::new(Some(limit), after).unwrap();
        let mut view = t.view().await;
        let mut found = view.settlement().payouts_of(owner, &page).await.unwrap();
        found.sort_by(|one, other| one.check_task_id.cmp(&other.check_task_id));
        found
    };
    let stands: Vec<_> = made.iter().map(PayoutStanding::of).collect();
    assert_eq!(of(&owner, 20, None).await, stands[1..], "none withdrawn");
    let last = made[2].check_task_id.to_string();
    assert_eq!(of(&owner, 1, Some(last)).await, stands[1..2]);
    assert!(of(&t.id(), 20, None).await.is_empty(), "a stranger's");
    t.raw(
        "UPDATE generation_account SET state = 'terminated', ended_at = 1, next_at = NULL, generation_no = NULL, \
         generation_index = NULL",
    )
    .await
    .unwrap();
    assert!(of(&owner, 20, None).await.is_empty(), "as of its tasks");
}

async fn a_month_is_found_by_whatever_a_case_names(t: Bench) {
    let (_, made) = made(&t).await;
    let about = async |subject: &str| {
        let mut view = t.view().await;
        view.settlement().month_about(subject).await.unwrap()
    };
    let first = &made[0];
    let month = about(first.trade_task_id.as_str()).await.unwrap();
    assert_eq!(
        (&month.generation_account_id, &month.period),
        (&first.generation_account_id, &period())
    );
    let stands: Vec<_> = made.iter().map(PayoutStanding::of).collect();
    assert_eq!(month.payouts, stands, "by when they were made");
    let versions: Vec<_> = month.checks.iter().map(|one| one.data_version).collect();
    assert_eq!(versions, [1, 2, 3]);
    let table = &first.table_id;
    for subject in [
        first.check_task_id.to_string(),
        format!("{table}:{}", period()),
        format!("{table}:{}:2", period()),
    ] {
        assert_eq!(about(&subject).await.as_ref(), Some(&month), "{subject}");
    }
    for subject in [
        period().to_string(),
        format!("{table}:reading"),
        format!("{}:{}", first.check_task_id, period()),
        "outbox:1".to_owned(),
    ] {
        assert_eq!(about(&subject).await, None, "{subject}");
    }
}

async fn what_a_reviewer_has_is_told_by_region_the_longest_there_first(t: Bench) {
    let (owner, table) = seller(&t).await;
    let link = bindings::link(&t, &owner, HOME);
    bindings::add(&t, &link, &bindings::li()).await.unwrap();
    let place = format!(
        "INSERT INTO binding_region (binding_id, region) VALUES ('{}', '1504') ON CONFLICT DO NOTHING",
        link.binding_id
    );
    t.raw(&place).await.unwrap();
    let mut made = Vec::new();
    for (n, state) in [
        (1, table_k::State::InReview),
        (2, table_k::State::InReview),
        (3, table_k::State::Open),
    ] {
        let mut task = task_of(&t, &owner, &table, n);
        task.state = state;
        task.review_round = n;
        task.review_began_at = Some(at(100 - n));
        add_task(&t, &task).await.unwrap();
        made.push(task);
    }
    let told = |n: usize| InReview {
        check_task_id: made[n].check_task_id.clone(),
        owner: owner.clone(),
        period: period(),
        began_at: made[n].review_began_at.unwrap(),
        round: made[n].review_round,
    };
    let of = async |regions: Option<&[String]>, most: i64| {
        let mut view = t.view().await;
        let found = view.settlement().in_review(regions, most).await;
        found.unwrap()
    };
    let (here, elsewhere) = (["1504".to_owned()], ["1505".to_owned()]);
    assert_eq!(of(None, 9).await, [told(1), told(0)]);
    assert_eq!(of(None, 1).await, [told(1)]);
    assert_eq!(of(Some(here.as_slice()), 9).await, [told(1), told(0)]);
    assert!(of(Some(elsewhere.as_slice()), 9).await.is_empty());
}
