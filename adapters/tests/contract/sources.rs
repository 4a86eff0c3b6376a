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
use lifeline_core::shared::ids::EvidenceId;

use crate::bench::{Bench, at};
use crate::bindings::HOME;
use crate::household::{Household, household};
use crate::{bindings, contracts};

contracts! { "sources":
    every_source_stands_on_each_line_and_on_nobody_elses => ["InsightReads::moments", "InsightReads::but_looks"];
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
