//! Money of a credited order is to go back, a part of it: somebody asks, one proposes line and sum, another
//! agrees, and only then the line is split (money.md b7).

use lifeline_core::payments::observation::{ChannelFact, LineFact, Observation};
use lifeline_core::payments::order::ClosedText;
use lifeline_core::payments::{table_l, table_p};
use lifeline_core::shared::ids::PaymentId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;

use crate::movement::{ORDERED, look, ordered, post};
use crate::office::{Desk, Office};

/// An order that marketing has credited.
pub(crate) async fn credited(office: &Office) -> PaymentId {
    let id = ordered(office).await.payment.payment_id;
    let (payments, now) = (office.payments(), office.clock.now());
    let see = async |seen: Observation| {
        payments
            .observe(&id, vec![seen], "callback:alipay", &"t".repeat(32))
            .await
            .unwrap();
    };
    let paid = ChannelFact {
        trade_no: Some("T1".into()),
        total: Some(Fen::new(ORDERED)),
        paid_at: Some(now),
        ..ChannelFact::default()
    };
    see(Observation::channel(now, table_p::Input::PaidEqual, paid)).await;
    let line = look(office, &id).await.lines[0].line_id.clone();
    let body = LineFact {
        body: Some(ClosedText::new("{}".into())),
        arrears_version: Some("v1".into()),
        ..LineFact::default()
    };
    see(Observation::line(
        now,
        line.clone(),
        table_l::Input::Turn,
        body,
    ))
    .await;
    let posted = LineFact {
        mkt_txn_no: Some("M1".into()),
        business_date: Some(now.shanghai_date()),
        posted_at: Some(now),
        ..LineFact::default()
    };
    see(Observation::line(
        now,
        line,
        table_l::Input::PostedSame,
        posted,
    ))
    .await;
    id
}

async fn lines(office: &Office, id: &PaymentId) -> Vec<(table_l::State, i64)> {
    let order = look(office, id).await;
    let lines = order.lines.iter();
    lines.map(|line| (line.state, line.amount.get())).collect()
}

async fn asked(office: &Office, desk: &Desk, cookie: &str, id: &str) -> (u16, String) {
    let form = [("payment_id", id), ("reason", "paid for the neighbour too")];
    let shown = post(office, desk, cookie, "/console/cases", &form).await;
    (shown.status.as_u16(), shown.goes_to().to_owned())
}

#[actix_web::test]
async fn ln_55_a_part_goes_back_when_two_persons_said_which() {
    let office = Office::new().await;
    let id = credited(&office).await;
    let posted = (table_l::State::Posted, ORDERED);
    assert_eq!(lines(&office, &id).await, [posted]);
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let unknown = "019aa2f0-0000-7000-8000-000000000000";
    assert_eq!(asked(&office, &desk, &support, unknown).await.0, 404);
    assert_eq!(asked(&office, &desk, &support, "1").await.0, 404);
    let (status, to) = asked(&office, &desk, &support, id.as_str()).await;
    assert_eq!(
        (status, to.ends_with("?said=said.asked")),
        (303, true),
        "{to}"
    );
    let case = to.split('?').next().unwrap().to_owned();
    assert_eq!(asked(&office, &desk, &support, id.as_str()).await.0, 409);
    assert_eq!(
        office.audited("payments.ask_refund").last().unwrap(),
        "fault.not_as_things_stand"
    );
    let page = desk.get(&case, &support).await.text;
    assert!(page.contains("name=\"parts\"") && page.contains("paid for the neighbour too"));

    let way = format!("{case}/proposals");
    for (resolution, parts, status) in [
        ("take_back_part", "", 409),
        ("take_back", "1=50.00", 409),
        ("take_back_part", "1=0", 422),
        ("take_back_part", "1=1 1=2", 422),
        ("take_back_part", "1=50.001", 422),
        ("take_back_part", "1=50.00", 303),
    ] {
        let form = [
            ("resolution", resolution),
            ("parts", parts),
            ("reason", "half of it is theirs"),
        ];
        let shown = post(&office, &desk, &support, &way, &form).await;
        assert_eq!(shown.status, status, "{resolution} {parts}: {}", shown.text);
    }
    assert_eq!(lines(&office, &id).await, [posted], "nothing moved");
    let reviewer = office.enter(&desk, "reviewer").await;
    let page = desk.get(&case, &reviewer).await.text;
    assert!(
        page.contains("1=50.00"),
        "what is agreed to is shown: {page}"
    );
    let yes = format!("{case}/approval");
    let done = post(&office, &desk, &reviewer, &yes, &[]).await;
    assert!(
        done.goes_to().ends_with("said=said.carried_out"),
        "{done:?}"
    );
    let split = [
        (table_l::State::Posted, ORDERED - 5_000),
        (table_l::State::MktRefund, 5_000),
    ];
    assert_eq!(lines(&office, &id).await, split);
    assert_eq!(post(&office, &desk, &reviewer, &yes, &[]).await.status, 409);
    assert_eq!(lines(&office, &id).await, split, "once");
    // That case is over: more may be asked for, in a case of its own.
    let (status, to) = asked(&office, &desk, &support, id.as_str()).await;
    assert_eq!(status, 303);
    assert!(!to.starts_with(&case), "{to}");
}

#[actix_web::test]
async fn ln_55_an_order_without_money_has_nothing_to_give_back() {
    let office = Office::new().await;
    let id = ordered(&office).await.payment.payment_id;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    assert_eq!(asked(&office, &desk, &support, id.as_str()).await.0, 409);
}
