//! Random lives of payments: people order, pay, give up and pay late while calls are lost and
//! marketing falls silent. Whatever happened, every fen ends credited once or given back.

use lifeline_core::payments::{Standing, table_p as p};
use lifeline_core::shared::money::Fen;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::outside::Fault;
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, arrears, top_up};

stories! {
    whatever_happens_money_is_conserved;
}

#[derive(Debug, Clone)]
enum Act {
    Order { home: usize, top_up: bool },
    Pay { order: usize, tell: bool },
    GiveUp { order: usize },
    PayLate { order: usize },
    PaidElsewhere { home: usize },
    LateFee { home: usize },
    Lose { call: usize, after: bool },
    Silence,
    Speak,
    Wait { seconds: i64 },
}

const HOMES: [&str; 3] = ["1500000000001", "1500000000002", "1500000000003"];
const CALLS: [&str; 9] = [
    "create",
    "query",
    "close",
    "refund",
    "query_refund",
    "post",
    "get",
    "fence",
    "dues",
];

fn acts() -> impl Strategy<Value = Vec<Act>> {
    use proptest::prelude::*;
    let act = prop_oneof![
        4 => (0..HOMES.len(), any::<bool>()).prop_map(|(home, top_up)| Act::Order { home, top_up }),
        4 => (0_usize..8, any::<bool>()).prop_map(|(order, tell)| Act::Pay { order, tell }),
        2 => (0_usize..8).prop_map(|order| Act::GiveUp { order }),
        2 => (0_usize..8).prop_map(|order| Act::PayLate { order }),
        1 => (0..HOMES.len()).prop_map(|home| Act::PaidElsewhere { home }),
        1 => (0..HOMES.len()).prop_map(|home| Act::LateFee { home }),
        5 => (0..CALLS.len(), any::<bool>()).prop_map(|(call, after)| Act::Lose { call, after }),
        1 => Just(Act::Silence),
        2 => Just(Act::Speak),
        4 => (1_i64..400).prop_map(|seconds| Act::Wait { seconds }),
    ];
    proptest::collection::vec(act, 5..30)
}

/// How many lives; `PROPTEST_CASES` asks for more.
fn lives() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(12)
}

/// Which lives; the same in every run unless `PROPTEST_RNG_SEED` (0 to 255) asks for others.
fn seed() -> u8 {
    let asked = std::env::var("PROPTEST_RNG_SEED").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(7)
}

async fn whatever_happens_money_is_conserved(place: Place) {
    let seed = [seed(); 32];
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let s = Story::at(place);
    for life in 0..lives() {
        let acts = acts().new_tree(&mut runner).unwrap().current();
        live(&s, life, &acts).await;
    }
}

async fn live(s: &Story, life: u32, acts: &[Act]) {
    let mut people = Vec::new();
    for (n, home) in HOMES.iter().enumerate() {
        people.push(s.person_of(&format!("p-{life}-{n}"), home).await);
        s.outside.owes(home, 5_000, &format!("v-{life}"));
    }
    let mut orders: Vec<(usize, Ordered)> = Vec::new();
    for (n, act) in acts.iter().enumerate() {
        match act {
            Act::Order { home, top_up: true } => {
                let wish = top_up(&format!("key-{life}-{n}"), 1_000);
                keep(&mut orders, *home, s.ask(&people[*home], &wish).await);
            }
            Act::Order {
                home,
                top_up: false,
            } => {
                let (due, version, _) = s.outside.with(|world| world.due[HOMES[*home]].clone());
                let wish = arrears(&format!("key-{life}-{n}"), due.get(), &version);
                keep(&mut orders, *home, s.ask(&people[*home], &wish).await);
            }
            Act::Pay { order, tell } => {
                if let Some((_, order)) = orders.get(*order)
                    && s.outside.pay(&order.number)
                    && *tell
                {
                    s.tell(&format!("n-{life}-{n}"), &order.number).await;
                }
            }
            Act::GiveUp { order } => {
                if let Some((home, order)) = orders.get(*order) {
                    let _paid_or_gone = s
                        .app
                        .close(people[*home].account(), &order.id, "trace")
                        .await;
                }
            }
            Act::PayLate { order } => {
                if let Some((_, order)) = orders.get(*order) {
                    reopen(s, order);
                    if s.outside.pay(&order.number) {
                        s.tell(&format!("n-{life}-{n}"), &order.number).await;
                    }
                }
            }
            Act::PaidElsewhere { home } => {
                s.outside.owes(HOMES[*home], 0, &format!("v-{life}-{n}"))
            }
            Act::LateFee { home } => s
                .outside
                .owes(HOMES[*home], 5_005, &format!("v-{life}-{n}")),
            Act::Lose { call, after: true } => s.outside.fault(CALLS[*call], Fault::AfterCommit),
            Act::Lose { call, after: false } => s.outside.fault(CALLS[*call], Fault::Before),
            Act::Silence => s.outside.silence(&["post", "get", "fence", "dues"]),
            Act::Speak => s.outside.speak(),
            Act::Wait { seconds } => s.run(*seconds).await,
        }
        for (_, order) in &orders {
            conserved(s, order).await;
        }
    }
    s.outside.speak();
    s.outside.with(|world| world.faults.clear());
    // Within two days of the last fault everything has come to rest.
    for _ in 0..2 * 24 {
        if all_rest(s, &orders).await {
            break;
        }
        s.run_long(3_600).await;
    }
    for (_, order) in &orders {
        let standing = s.standing(&order.id).await;
        assert!(rests(standing), "life {life}: {standing:?} after {acts:?}");
        conserved(s, order).await;
    }
    s.square();
    s.books_agree().await;
    assert_eq!(
        s.count("SELECT COUNT(*) FROM open_claim").await,
        0,
        "life {life}: {acts:?}"
    );
    assert_eq!(
        s.count("SELECT COUNT(*) FROM case_file").await,
        0,
        "life {life}: {acts:?}"
    );
}

const fn rests(standing: Standing) -> bool {
    matches!(
        standing,
        Standing::Closed | Standing::Posted | Standing::Refunded
    )
}

async fn all_rest(s: &Story, orders: &[(usize, Ordered)]) -> bool {
    for (_, order) in orders {
        if !rests(s.standing(&order.id).await) {
            return false;
        }
    }
    true
}

fn keep(
    orders: &mut Vec<(usize, Ordered)>,
    home: usize,
    answer: Result<lifeline_core::idempotency::Answer, lifeline_core::payments::PaymentError>,
) {
    if let Ok(answer) = answer
        && answer.status == 201
    {
        orders.push((home, Ordered::read(&answer.body)));
    }
}

/// The channel lets a closed trade be paid after all.
fn reopen(s: &Story, order: &Ordered) {
    s.outside.with(|world| {
        if let Some(trade) = world.trades.get_mut(&order.number) {
            trade.closed = false;
        }
    });
}

/// paid = credited + refunded + on its way, in the order's own rows and in its ledger lines.
async fn conserved(s: &Story, order: &Ordered) {
    use lifeline_core::ledger::Account;
    let held = s.place.held(&order.id).await;
    let net = |account: Account| {
        let lines = held.entries.iter().flat_map(|entry| entry.lines());
        let ours = lines.filter(|line| line.account == account);
        let sums = ours.map(|line| line.debit.minus(line.credit).unwrap());
        Fen::sum(sums).unwrap().get()
    };
    let payment = &held.order.payment;
    let kept = payment.paid.minus(payment.refunded).unwrap();
    assert_eq!(
        net(Account::Channel),
        kept.get(),
        "what the channel holds for this order"
    );
    let placed = net(Account::Clearing)
        + net(Account::Marketing)
        + net(Account::Suspense)
        + net(Account::RefundDue)
        + net(Account::ForeignRefund);
    assert_eq!(placed, -kept.get(), "where it belongs");
    if payment.state == p::State::Done {
        for account in [Account::Clearing, Account::Suspense, Account::RefundDue] {
            assert_eq!(net(account), 0, "{account:?} of a finished order");
        }
    }
}
