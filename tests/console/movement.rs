//! Money that two persons move: the channel took another sum than was ordered, it lies in suspense, one
//! person proposes where it belongs, another agrees, and the books have moved (LN-55; money.md a4, a8).

use lifeline_core::payments::observation::{ChannelFact, Observation};
use lifeline_core::payments::order::{Buyer, Order, Payment, Purpose, Share, Via};
use lifeline_core::payments::{table_l, table_p};
use lifeline_core::shared::ids::{BindingId, Maker, PaymentId};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::store::{Store, StoreError, Tx, atomically, snapshot};

use crate::customers::{HOME, household};
use crate::office::{Desk, Office, Shown};

pub(crate) const ORDERED: i64 = 12_840;
const TOOK: i64 = 10_000;

/// An order for the household's home that waits for its payer.
pub(crate) async fn ordered(office: &Office) -> Order {
    ordered_keeping(office, false).await
}

/// Its payer said whether it is kept as prepayment when nothing is due any more.
async fn ordered_keeping(office: &Office, keep_as_prepayment: bool) -> Order {
    let (account_id, binding_id): (_, BindingId) = household(office).await;
    let entropy = office.entropy();
    let maker = Maker {
        clock: &*office.clock,
        entropy: &*entropy,
    };
    let now = maker.now();
    let payment_id: PaymentId = maker.id();
    let share = Share {
        line_no: 1,
        binding_id: binding_id.clone(),
        consumer_no: ConsumerNo::parse(HOME).unwrap(),
        amount: Fen::new(ORDERED),
        purpose: Purpose::Arrears,
        arrears_version: Some("v1".into()),
        keep_as_prepayment,
    };
    let order = Order {
        payment: Payment {
            payment_id,
            account_id,
            binding_id,
            session_id: maker.id(),
            purpose: Purpose::Arrears,
            via: Via::H5,
            state: table_p::State::Created,
            version: 1,
            lease_epoch: 1,
            out_trade_no: format!("t0{}", maker.base62(22)),
            amount: Fen::new(ORDERED),
            subject: "电费".into(),
            shares: vec![share],
            buyer: Buyer {
                open_id: None,
                user_id: None,
            },
            body: None,
            ticket: None,
            ticket_digest: None,
            sends: 0,
            answers: 0,
            trade_no: None,
            minted_at: None,
            created_at: now,
            expire_at: now.plus_seconds(900),
            paid_at: None,
            closed_at: None,
            done_at: None,
            paid: Fen::ZERO,
            refund_reserved: Fen::ZERO,
            refunded: Fen::ZERO,
            suspense: Fen::ZERO,
            foreign: Fen::ZERO,
            foreign_used: Fen::ZERO,
            shown: Fen::ZERO,
            shown_at: None,
            has_lock: true,
            frozen: false,
            watched: true,
            entered_at: now,
            turns: 0,
            next_at: Some(now),
            asked_at: None,
            trace_id: "t".repeat(32),
        },
        lines: Vec::new(),
        refunds: Vec::new(),
    };
    let kept = &order;
    atomically(&*office.store, async |tx: &mut Tx| {
        tx.payments().add(kept, now).await?;
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    order
}

pub(crate) async fn look(office: &Office, id: &PaymentId) -> Order {
    let store: &dyn Store = &*office.store;
    let mut view = snapshot(store).await.unwrap();
    view.payments().find(id).await.unwrap().unwrap()
}

pub(crate) async fn post(
    office: &Office,
    desk: &Desk,
    cookie: &str,
    path: &str,
    form: &[(&str, &str)],
) -> Shown {
    let mark = office.mark(desk, cookie).await;
    let mut whole = vec![("mark", mark.as_str())];
    whole.extend_from_slice(form);
    desk.post(path, cookie, &whole).await
}

pub(crate) fn states(order: &Order) -> Vec<table_l::State> {
    order.lines.iter().map(|line| line.state).collect()
}

/// The channel took another sum than was ordered.
async fn took_another_sum(office: &Office, id: &PaymentId) {
    let now = lifeline_core::shared::time::Clock::now(&*office.clock);
    let fact = ChannelFact {
        trade_no: Some("T1".into()),
        total: Some(Fen::new(TOOK)),
        paid_at: Some(now),
        ..ChannelFact::default()
    };
    let seen = Observation::channel(now, table_p::Input::PaidOther, fact);
    let payments = office.payments();
    payments
        .observe(id, vec![seen], "callback:alipay", &"t".repeat(32))
        .await
        .unwrap();
}

/// What lies in suspense, as the books say.
fn in_suspense(office: &Office) -> i64 {
    office.counted(
        "SELECT COALESCE(SUM(credit_fen - debit_fen), 0) FROM ledger_line WHERE account = 'suspense'",
    )
}

#[actix_web::test]
async fn ln_55_money_in_suspense_moves_by_a_proposal_and_another_persons_word() {
    let office = Office::new().await;
    let id = ordered(&office).await.payment.payment_id;
    took_another_sum(&office, &id).await;
    assert_eq!(
        look(&office, &id).await.payment.state,
        table_p::State::Suspense
    );
    assert_eq!(in_suspense(&office), TOOK);
    let desk = office.desk().await;
    let finance = office.enter(&desk, "finance").await;
    let list = desk.get("/console/cases", &finance).await.text;
    let at = list.split("href=\"/console/cases/").nth(1).expect("a case");
    let case = format!("/console/cases/{}", at.split('"').next().unwrap());
    let page = desk.get(&case, &finance).await.text;
    assert!(
        page.contains("<th scope=\"row\">支付渠道</th><td>金额不符</td>")
            && page.contains("<th scope=\"row\">营销系统 1</th><td>待两人决定</td>")
            && page.contains("<dt>原因</dt><dd>实付金额与订单不符</dd>")
            && !page.contains("paid_other_sum")
            && !page.contains("SUSPENSE")
            && page.contains(id.as_str()),
        "{page}"
    );
    let offer = [
        ("resolution", "credit_home"),
        ("reason", "the payer named this home"),
    ];
    let offered = post(
        &office,
        &desk,
        &finance,
        &format!("{case}/proposals"),
        &offer,
    )
    .await;
    assert_eq!(offered.status, 303);
    let yes = format!("{case}/approval");
    // Alone nobody moves it, and that it was tried is written down.
    let own = post(&office, &desk, &finance, &yes, &[]).await;
    assert_eq!(own.status, 409);
    assert!(
        office
            .audited("cases.approve")
            .contains(&"same_person".to_owned())
    );
    assert_eq!(in_suspense(&office), TOOK, "nothing moved");
    assert_eq!(states(&look(&office, &id).await), [table_l::State::Held]);
    let reviewer = office.enter(&desk, "reviewer").await;
    let done = post(&office, &desk, &reviewer, &yes, &[]).await;
    assert!(
        done.goes_to().ends_with("said=said.carried_out"),
        "{done:?}"
    );
    let moved = look(&office, &id).await;
    assert_ne!(moved.payment.state, table_p::State::Suspense);
    let sums: Vec<i64> = moved.lines.iter().map(|line| line.amount.get()).collect();
    assert_eq!(
        sums,
        [TOOK],
        "what the channel took, to the home that was ordered for"
    );
    assert_eq!(in_suspense(&office), 0);
    assert_ne!(
        states(&moved),
        [table_l::State::Held],
        "it goes on to be posted"
    );
    // Once: the case is over and the books stand still.
    let again = post(&office, &desk, &reviewer, &yes, &[]).await;
    assert_eq!(again.status, 409);
    assert_eq!(look(&office, &id).await.lines.len(), 1);
}

#[actix_web::test]
async fn ln_55_who_decides_about_money_sees_what_its_payer_chose() {
    for (keep, chosen, other) in [
        (true, "留作预存", "原路退回"),
        (false, "原路退回", "留作预存"),
    ] {
        let office = Office::new().await;
        let id = ordered_keeping(&office, keep).await.payment.payment_id;
        took_another_sum(&office, &id).await;
        let desk = office.desk().await;
        let finance = office.enter(&desk, "finance").await;
        let list = desk.get("/console/cases", &finance).await.text;
        let at = list.split("href=\"/console/cases/").nth(1).expect("a case");
        let case = format!("/console/cases/{}", at.split('"').next().unwrap());
        let page = desk.get(&case, &finance).await.text;
        let told = page.split("<p id=\"choice\">").nth(1).expect("the choice");
        let told = told.split("</p>").next().unwrap();
        assert!(told.contains(chosen) && !told.contains(other), "{told}");
    }
}
