//! A line of time has what every room wrote about its person, home or payment, and of nobody else.

use std::collections::BTreeSet;

use lifeline_core::audit::Line;
use lifeline_core::bindings::binding::Binding;
use lifeline_core::bindings::role::Role;
use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::insight::timeline::{LOOK, Mark, Moment, Of, Source};
use lifeline_core::ledger::{Account, Entry};
use lifeline_core::notices::{Notice, Receipt, Told};
use lifeline_core::payments::observation::Sighted;
use lifeline_core::settlement::check_task::CheckTask;
use lifeline_core::settlement::trade_task::TradeTask;
use lifeline_core::settlement::{table_k, table_t};
use lifeline_core::shared::ids::{AccountId, EvidenceId, PaymentId, TypedId as _};
use lifeline_core::shared::money::Fen;

use crate::bench::{Bench, at};
use crate::bindings::HOME;
use crate::household::{Household, household};
use crate::{bindings, contracts, settlement};

contracts! { "sources":
    every_source_stands_on_each_line_and_on_nobody_elses => ["InsightReads::moments", "InsightReads::but_looks"];
    a_paid_month_of_sold_power_stands_on_its_sellers_line => ["InsightReads::moments"];
}

/// Whatever can happen to the household's order; it paid for the household's home.
async fn all_happened(t: &Bench, home: &Household) {
    let payment = &home.order.payment;
    let (id, account) = (&payment.payment_id, &home.person.account_id);
    let binding = &home.link.binding_id;
    t.raw(&format!(
        "INSERT INTO payment_home (binding_id, payment_id) VALUES ('{binding}', '{id}')"
    ))
    .await
    .unwrap();
    let seen = Sighted {
        table: "P",
        row_id: id.as_str().to_owned(),
        state: "PAYING",
        input: "wait_buyer_pay",
        next: "PAYING",
        applied: true,
        asked_at: at(61),
    };
    let entry = Entry::transfer(
        t.id(),
        "fact".into(),
        id.clone(),
        payment.trace_id.clone(),
        at(62),
        (Account::Channel, Account::Clearing, payment.amount),
    );
    let entry = entry.unwrap();
    let receipt = Receipt {
        consumer_tail: "0017".into(),
        amount_fen: payment.amount,
        happened_at: at(62),
    };
    let notice = Notice {
        notice_id: t.id(),
        account_id: account.clone(),
        event_id: t.id(),
        told: Told::Credited(receipt),
        payment_id: Some(id.clone()),
        created_at: at(63),
        read_at: None,
        texted_at: Some(at(64)),
    };
    let case = Case {
        case_id: t.id(),
        kind: CaseKind::RefundAsked,
        cause: "asked".into(),
        subject: id.as_str().to_owned(),
        facts: "{}".into(),
        opened_at: at(65),
        trace_id: payment.trace_id.clone(),
        closed_at: None,
    };
    let audited = [id.as_str(), account.as_str(), binding.as_str()].map(|subject| Line {
        audit_id: t.id::<EvidenceId>().to_string(),
        at: at(66),
        actor: "li.ming".into(),
        act: "insight.timeline".into(),
        subject: subject.to_owned(),
        outcome: "ok".into(),
        source: "192.0.2.1".into(),
        trace_id: "trace-1".into(),
    });
    let sighted = [seen];
    t.write(async |tx| {
        tx.payments().sight(id, &sighted, at(61)).await?;
        tx.ledger().post(&entry).await?;
        assert!(tx.notices().add(&notice).await?);
        assert!(tx.cases().open(&case).await?);
        for line in &audited {
            tx.audit().append(line).await?;
        }
        Ok(())
    })
    .await
    .unwrap();
}

async fn every_source_stands_on_each_line_and_on_nobody_elses(t: Bench) {
    let home = household(&t).await;
    all_happened(&t, &home).await;
    let neighbour = bindings::account(&t, "neighbour").await;
    let theirs = Binding {
        role: Role::PayerOnly,
        ..bindings::link(&t, &neighbour, HOME)
    };
    t.write(async |tx| tx.bindings().add(&theirs, None).await)
        .await
        .unwrap();
    let line = async |of: Of| {
        let mut view = t.view().await;
        let line = view.insight().moments(&of, None, 100).await;
        line.unwrap()
    };
    let sources =
        |line: &[Moment]| -> BTreeSet<Source> { line.iter().map(|moment| moment.source).collect() };
    for of in [
        Of::Payment(home.order.payment.payment_id.clone()),
        Of::Account(home.person.account_id.clone()),
        Of::Home(home.link.binding_id.clone()),
    ] {
        let told = line(of.clone()).await;
        assert_eq!(
            sources(&told),
            BTreeSet::from(Source::ALL),
            "{of:?}: {told:?}"
        );
        let but_looks = {
            let mut view = t.view().await;
            view.insight().but_looks(&of, 100).await.unwrap()
        };
        let looks = told.iter().filter(|one| one.what.starts_with(LOOK));
        assert_eq!(looks.count(), 1);
        let others = told.iter().filter(|one| !one.what.starts_with(LOOK));
        assert_eq!(but_looks, others.cloned().collect::<Vec<_>>());
        // Page by page it is the same line.
        let (mut paged, mut last): (Vec<Moment>, Option<Mark>) = (Vec::new(), None);
        loop {
            let mut view = t.view().await;
            let page = view.insight().moments(&of, last.as_ref(), 2).await.unwrap();
            last = page.last().map(Moment::mark);
            paged.extend(page);
            if last.is_none() {
                break;
            }
        }
        assert_eq!(paged, told, "{of:?}");
        for what in ["paid", "P PAYING wait_buyer_pay PAYING", "posted"] {
            let times = told.iter().filter(|moment| moment.what == what).count();
            assert_eq!(times, 1, "{of:?} {what}: {told:?}");
        }
        let kinds = told.iter().filter(|moment| moment.source == Source::Notice);
        assert_eq!(kinds.count(), 1, "{of:?}: {told:?}");
    }
    for of in [Of::Account(neighbour), Of::Home(theirs.binding_id)] {
        let told = line(of.clone()).await;
        assert_eq!(
            sources(&told),
            BTreeSet::from([Source::Tap]),
            "{of:?}: {told:?}"
        );
    }
}

/// A month that its owner disputed and confirmed then, whose payout left and came into the books.
async fn sold(t: &Bench, n: i64) -> (AccountId, CheckTask, TradeTask) {
    let (owner, table) = settlement::seller(t).await;
    let month = settlement::settled(&settlement::version_of(&table, n));
    settlement::add_version(t, &month).await.unwrap();
    let task = CheckTask {
        state: table_k::State::Dispatched,
        review_no: Some("R0000000000000000001".to_owned()),
        review_round: 1,
        review_began_at: Some(at(67)),
        next_at: None,
        ..settlement::task_of(t, &owner, &table, n)
    };
    settlement::add_task(t, &task).await.unwrap();
    let trade = TradeTask {
        state: table_t::State::Paid,
        payout_no: Some("T0000000000000000001".to_owned()),
        paid: Some(Fen::new(936)),
        sent_at: Some(at(71)),
        next_at: None,
        ..settlement::trade_of(t, &task, 936, 70)
    };
    settlement::add_trade(t, &trade).await.unwrap();
    let entry = Entry::transfer(
        t.id(),
        "payout:T0000000000000000001".into(),
        PaymentId::made(trade.trade_task_id.as_str().to_owned()),
        "trace-1".into(),
        at(72),
        (Account::GenerationPurchase, Account::Payout, Fen::new(936)),
    );
    let entry = entry.unwrap();
    let case = Case {
        case_id: t.id(),
        kind: CaseKind::PayoutDiffers,
        cause: "asked".into(),
        subject: trade.trade_task_id.as_str().to_owned(),
        facts: "{}".into(),
        opened_at: at(73),
        trace_id: "trace-1".into(),
        closed_at: Some(at(74)),
    };
    let line = Line {
        audit_id: t.id::<EvidenceId>().to_string(),
        at: at(68),
        actor: format!("account:{owner}"),
        act: "settlement.confirm".into(),
        subject: task.check_task_id.as_str().to_owned(),
        outcome: "ok".into(),
        source: String::new(),
        trace_id: "trace-1".into(),
    };
    t.write(async |tx| {
        tx.ledger().post(&entry).await?;
        assert!(tx.cases().open(&case).await?);
        tx.audit().append(&line).await
    })
    .await
    .unwrap();
    (owner, task, trade)
}

async fn a_paid_month_of_sold_power_stands_on_its_sellers_line(t: Bench) {
    let (owner, task, trade) = sold(&t, 1).await;
    let (entry, check) = (t.id::<EvidenceId>(), t.id::<EvidenceId>());
    for row in [
        format!(
            "INSERT INTO points_entry (entry_id, fact, account_id, at) VALUES ('{entry}', 'f', '{owner}', 7)"
        ),
        format!(
            "INSERT INTO points_line (entry_id, side, points) VALUES ('{entry}', 'person:{owner}', 30), \
             ('{entry}', 'issued', -30)"
        ),
        format!(
            "INSERT INTO certification (certification_id, account_id, family_id, kind, outside_no, state, begun_at, \
             expires_at, ended_at, version) VALUES ('{check}', '{owner}', 'f', 'face', '', 'certified', 1, 9, 2, 1)"
        ),
    ] {
        t.raw(&row).await.unwrap();
    }
    let neighbour = bindings::account(&t, "neighbour").await;
    let line = async |account: &AccountId| {
        let mut view = t.view().await;
        let of = Of::Account(account.clone());
        view.insight().moments(&of, None, 100).await.unwrap()
    };
    let told = line(&owner).await;
    let (month, payout) = (task.check_task_id.as_str(), trade.trade_task_id.as_str());
    for (source, what, id, fen) in [
        (Source::Tap, "sells surplus", "", None),
        (Source::Call, "month 2026-10 DISPATCHED", month, Some(936)),
        (Source::Call, "review 2026-10", month, None),
        (Source::Audit, "settlement.confirm ok", "", None),
        (Source::Call, "payout 2026-10", payout, Some(936)),
        (Source::Call, "sent 2026-10 PAID", payout, Some(936)),
        (Source::Ledger, "posted", "", Some(936)),
        (Source::Case, "opened payout_differs", "", None),
        (Source::Case, "closed payout_differs", "", None),
        (Source::Ledger, "points 30", entry.as_str(), None),
        (Source::Tap, "certifies face", check.as_str(), None),
        (
            Source::Call,
            "certification certified",
            check.as_str(),
            None,
        ),
    ] {
        let found: Vec<&Moment> = told
            .iter()
            .filter(|one| one.source == source && one.what == what)
            .collect();
        let [one] = found.as_slice() else {
            panic!("{what}: {told:?}");
        };
        assert!(id.is_empty() || one.id == id, "{what}: {one:?}");
        assert_eq!(one.amount, fen.map(Fen::new), "{what}");
    }
    assert!(line(&neighbour).await.is_empty());
}
