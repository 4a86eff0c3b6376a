//! Payouts of sold power that wait for two persons on the console (money.md table T): what is still owed for a month,
//! and what a contradiction stopped.

use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::operators::{Role, Scope};
use lifeline_core::settlement::accounts::{FeedIn, PersonalTable};
use lifeline_core::settlement::calculation::calculate;
use lifeline_core::settlement::check_task::CheckTask;
use lifeline_core::settlement::countdown::Countdown;
use lifeline_core::settlement::energy::{EnergyVersion, Settled, VersionState};
use lifeline_core::settlement::ids::{GenerationNo, TradeTaskId};
use lifeline_core::settlement::readings::{DayReading, Measured, MonthEnergy, MonthReading};
use lifeline_core::settlement::trade_queue::Weights;
use lifeline_core::settlement::trade_task::{Hold, TradeTask};
use lifeline_core::settlement::{table_k, table_t};
use lifeline_core::shared::energy::{Kwh, Price};
use lifeline_core::shared::ids::{AccountId, CaseId, Maker};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::period::Period;
use lifeline_core::shared::time::{Clock as _, Day, Time};
use lifeline_core::store::{StoreError, Tx, atomically, snapshot};
use lifeline_core::tariffs::{PriceBook, PriceKind, PriceRow, Slot, TaxBook, TaxRow};

use crate::cooperations::{NUMBER, seller};
use crate::movement::post;
use crate::office::{Desk, Office};

/// What the owner accepted first, what they accepted last, and what has left of it.
const FIRST: i64 = 600;
const LAST: i64 = 941;
const LEFT: i64 = LAST - FIRST;

fn period() -> Period {
    Period::parse("2026-10").unwrap()
}

/// A month as it was settled last.
fn month(table: &PersonalTable, now: Time) -> EnergyVersion {
    let one = Measured {
        generated: Kwh::parse("1.5").unwrap(),
        fed_in: Kwh::parse("1").unwrap(),
    };
    let days = period().days().map(|day| DayReading {
        day,
        parts: vec![(Slot::Flat, one)],
    });
    let reading = MonthReading {
        read_at: now,
        days: days.collect(),
    };
    let month = MonthEnergy::check(&period(), reading, now, None).unwrap();
    let from = Day::parse("2026-01-01").unwrap();
    let prices = PriceBook::read(vec![PriceRow {
        kind: PriceKind::FeedIn,
        slot: Slot::Flat,
        from,
        until: None,
        price: Price::parse("0.3035").unwrap(),
    }]);
    let taxes = TaxBook::read(vec![TaxRow {
        from,
        until: None,
        rate_ppm: 0,
        exempt_up_to: Fen::ZERO,
    }]);
    let (prices, taxes) = (prices.unwrap(), taxes.unwrap());
    let amounts = calculate(&month, FeedIn::Surplus, &prices, &taxes).unwrap();
    assert_eq!(amounts.net, Fen::new(LAST));
    EnergyVersion {
        table_id: table.table_id.clone(),
        generation_account_id: table.generation_account_id.clone(),
        data_version: 2,
        month,
        read_at: now,
        updated_at: now,
        state: VersionState::Settled,
        refusal: None,
        settled: Some(Settled {
            amounts,
            adjustment: Fen::ZERO,
            at: now,
        }),
        row_version: 1,
    }
}

/// The task of the figures before the correction.
fn first_task(maker: &Maker<'_>, owner: &AccountId, table: &PersonalTable) -> CheckTask {
    let now = maker.now();
    CheckTask {
        check_task_id: maker.id(),
        generation_account_id: table.generation_account_id.clone(),
        owner: owner.clone(),
        table_id: table.table_id.clone(),
        period: period(),
        data_version: 1,
        state: table_k::State::Superseded,
        verdict: Some(table_k::Verdict::Confirm),
        reason: None,
        net: Fen::new(FIRST),
        paid_before: Fen::ZERO,
        countdown: Countdown {
            began_at: now,
            ends_at: now.plus_seconds(600),
        },
        reminded: 0,
        pushed_at: None,
        waited_again: false,
        undo_spent: false,
        review_no: None,
        review_round: 0,
        review_sent_at: None,
        review_began_at: None,
        newer: None,
        created_at: now,
        next_at: None,
        version: 1,
    }
}

/// Its payout, which is held.
fn held(maker: &Maker<'_>, task: &CheckTask) -> TradeTask {
    let (weights, now) = (Weights::default(), maker.now());
    TradeTask {
        trade_task_id: maker.id(),
        check_task_id: task.check_task_id.clone(),
        generation_account_id: task.generation_account_id.clone(),
        table_id: task.table_id.clone(),
        period: task.period.clone(),
        state: table_t::State::Held,
        accepted: task.net,
        amount: task.net,
        key: weights.key(task.net, now),
        weights_epoch: weights.epoch,
        enqueued_at: now,
        payout_no: None,
        paid: None,
        payee: None,
        sent_at: None,
        hold: Some(Hold::FiguresDiffer),
        payee_confirmed: false,
        numbers: 0,
        refusals: 0,
        kept: Fen::ZERO,
        frozen: false,
        next_at: Some(now.plus_seconds(86_400)),
        version: 1,
    }
}

/// A seller whose month was corrected: the payout of before is held, the difference has left.
async fn corrected(office: &Office) -> TradeTaskId {
    let id = seller(office).await;
    let mut view = snapshot(&*office.store).await.unwrap();
    let account = view.generation().by_id(&id).await.unwrap().unwrap();
    let permitted = view.generation().permitted(&id).await.unwrap().unwrap();
    let table = view.generation().table(&permitted.permission_id).await;
    let table = table.unwrap().unwrap();
    drop(view);
    let entropy = office.entropy();
    let maker = Maker {
        clock: &*office.clock,
        entropy: &*entropy,
    };
    let first = first_task(&maker, &account.account_id, &table);
    let second = CheckTask {
        check_task_id: maker.id(),
        data_version: 2,
        state: table_k::State::Dispatched,
        net: Fen::new(LAST),
        ..first.clone()
    };
    let held = held(&maker, &first);
    let left = TradeTask {
        trade_task_id: maker.id(),
        check_task_id: second.check_task_id.clone(),
        state: table_t::State::Paid,
        accepted: second.net,
        amount: Fen::new(LEFT),
        payout_no: Some("t0left".to_owned()),
        paid: Some(Fen::new(LEFT)),
        sent_at: Some(maker.now()),
        hold: None,
        next_at: None,
        ..held.clone()
    };
    let version = month(&table, maker.now());
    let (version, tasks, trades) = (&version, [&first, &second], [&held, &left]);
    atomically(&*office.store, async |tx: &mut Tx| {
        tx.settlement().add_energy(version).await?;
        for task in tasks {
            tx.settlement().add_task(task).await?;
        }
        for trade in trades {
            tx.settlement().add_trade(trade).await?;
        }
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    held.trade_task_id
}

/// A case about a payout, as its room opens one.
async fn told(office: &Office, kind: CaseKind, payout: &TradeTaskId, what: &str) -> String {
    let entropy = office.entropy();
    let maker = Maker {
        clock: &*office.clock,
        entropy: &*entropy,
    };
    let case_id: CaseId = maker.id();
    let case = Case {
        case_id,
        kind,
        cause: format!("settlement:{what}:{payout}"),
        subject: payout.to_string(),
        facts: format!(r#"{{"row":"{payout}","what":"{what}"}}"#),
        opened_at: maker.now(),
        trace_id: "t".repeat(32),
        closed_at: None,
    };
    let kept = &case;
    atomically(&*office.store, async |tx: &mut Tx| {
        assert!(tx.cases().open(kept).await?);
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    format!("/console/cases/{}", case.case_id)
}

/// Finance proposes, the reviewer agrees: what the console says then.
async fn both(office: &Office, desk: &Desk, people: [&str; 2], case: &str, how: &str) -> String {
    let [finance, reviewer] = people;
    let form = [("resolution", how), ("reason", "looked into it")];
    let proposals = format!("{case}/proposals");
    let proposed = post(office, desk, finance, &proposals, &form).await;
    assert_eq!(proposed.status.as_u16(), 303, "{}", proposed.text);
    let approval = format!("{case}/approval");
    let own = post(office, desk, finance, &approval, &[]).await;
    assert_eq!(own.status.as_u16(), 409, "one person is not two");
    let agreed = post(office, desk, reviewer, &approval, &[]).await;
    said(agreed.goes_to())
}

fn said(way: &str) -> String {
    let (_, said) = way.split_once("said=").expect("something is said");
    said.to_owned()
}

fn open(office: &Office) -> i64 {
    office.counted("SELECT COUNT(*) FROM case_file WHERE closed_at IS NULL")
}

#[actix_web::test]
async fn ln_55_what_is_still_owed_for_a_month_is_paid_by_two_persons() {
    let office = Office::new().await;
    let payout = corrected(&office).await;
    let accepted = || {
        let of = format!("SELECT accepted_fen FROM trade_task WHERE trade_task_id = '{payout}'");
        office.counted(&of)
    };
    let case = told(&office, CaseKind::PayoutDiffers, &payout, "earlier_payout").await;
    let desk = office.desk().await;
    let finance = office.enter(&desk, "finance").await;
    let reviewer = office.enter(&desk, "reviewer").await;
    let page = desk.get(&case, &finance).await.text;
    assert!(page.contains("较早的一笔未付成") && page.contains("按最近认可的金额补付"));
    // What they decide about: the month, what was accepted first and last, and where each payout of it is.
    let number = format!("发电户号 {}", GenerationNo::parse(NUMBER).unwrap().masked());
    for seen in [
        "2026-10",
        number.as_str(),
        "¥6.00",
        "¥9.41",
        "¥3.41",
        "t0left",
        "已被新数据取代",
        "已发出付款",
        "暂缓 · 数字不一致 · 本事项所指",
        "已付",
    ] {
        assert!(page.contains(seen), "{seen}: {page}");
    }
    assert!(!page.contains(NUMBER));
    let scope = Scope::parse("1505").unwrap();
    office.hire("north", Role::Support, scope).await;
    let north = office.enter(&desk, "north").await;
    let unseen = desk.get(&case, &north).await;
    assert_eq!(unseen.status.as_u16(), 403);
    assert!(!unseen.text.contains("2026-10") && !unseen.text.contains("¥9.41"));

    // Before the difference has left, its own payout is about all of it.
    office.raw(
        "UPDATE trade_task SET state = 'QUEUED', next_at = 1 WHERE state = 'PAID'; \
         UPDATE check_task SET state = 'ANSWERED', next_at = 1 WHERE state = 'DISPATCHED'",
    );
    let early = both(&office, &desk, [&finance, &reviewer], &case, "pay_rest").await;
    assert_eq!(early, "said.unmoved");
    assert_eq!((accepted(), open(&office)), (FIRST, 1));

    office.raw(
        "UPDATE trade_task SET state = 'PAID' WHERE state = 'QUEUED'; \
         UPDATE check_task SET state = 'DISPATCHED' WHERE state = 'ANSWERED'",
    );
    let again = format!("{case}/carrying-out");
    let done = post(&office, &desk, &reviewer, &again, &[]).await;
    assert_eq!(said(done.goes_to()), "said.carried_out");
    assert_eq!((accepted(), open(&office)), (LAST, 0));
    let due = "SELECT COUNT(*) FROM trade_task WHERE state = 'HELD' AND next_at <= ";
    let now = office.clock.now().micros();
    assert_eq!(
        office.counted(&format!("{due}{now}")),
        1,
        "the gate is next"
    );
    let twice = post(&office, &desk, &reviewer, &again, &[]).await;
    assert_eq!(twice.status.as_u16(), 409);
}

/// What a missed month needs is agreed to about another case: nothing follows, and it stays somebody's.
#[actix_web::test]
async fn ln_55_settling_a_month_is_said_to_change_nothing_where_none_was_missed() {
    let office = Office::new().await;
    let payout = corrected(&office).await;
    let case = told(&office, CaseKind::PayoutDiffers, &payout, "earlier_payout").await;
    let desk = office.desk().await;
    let finance = office.enter(&desk, "finance").await;
    let reviewer = office.enter(&desk, "reviewer").await;
    let page = desk.get(&case, &finance).await.text;
    assert!(page.contains("按已采集的电量结算该月"), "{page}");
    let people = [finance.as_str(), reviewer.as_str()];
    let early = both(&office, &desk, people, &case, "settle_month").await;
    assert_eq!((early.as_str(), open(&office)), ("said.unmoved", 1));
}

#[actix_web::test]
async fn ln_55_a_payout_that_was_stopped_goes_on_by_two_persons_once_it_can_be_read() {
    let office = Office::new().await;
    let payout = corrected(&office).await;
    let stopped = || office.counted("SELECT COUNT(*) FROM trade_task WHERE frozen = 1");
    let set = |what: &str| {
        let of = format!("UPDATE trade_task SET {what} WHERE trade_task_id = '{payout}'");
        office.raw(&of);
    };
    set("frozen = 1, payee = 'x'");
    let what = "payout_unreadable";
    let case = told(&office, CaseKind::Contradiction, &payout, what).await;
    let desk = office.desk().await;
    let finance = office.enter(&desk, "finance").await;
    let reviewer = office.enter(&desk, "reviewer").await;
    let people = [finance.as_str(), reviewer.as_str()];
    let page = desk.get(&case, &finance).await.text;
    assert!(page.contains("付款记录或收款信息无法读取"), "{page}");
    let stands = "暂缓 · 数字不一致 · 已停止 · 本事项所指";
    assert!(page.contains(stands), "the rest of it can be: {page}");

    let closed = both(&office, &desk, people, &case, "settled").await;
    assert_eq!(closed, "said.stands_still", "nobody forgets it");
    let withdrawn = post(&office, &desk, &reviewer, &format!("{case}/refusal"), &[]).await;
    assert_eq!(withdrawn.status.as_u16(), 303);
    let early = both(&office, &desk, people, &case, "go_on").await;
    assert_eq!(early, "said.unmoved", "as long as it cannot be read");
    assert_eq!((stopped(), open(&office)), (1, 1));

    set("payee = NULL");
    let again = format!("{case}/carrying-out");
    let done = post(&office, &desk, &reviewer, &again, &[]).await;
    assert_eq!(said(done.goes_to()), "said.carried_out");
    assert_eq!((stopped(), open(&office)), (0, 0));
}
