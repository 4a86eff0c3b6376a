//! The books: balanced, booked once per fact, unchangeable.

use lifeline_core::ledger::{Account, Entry, Line};
use lifeline_core::shared::ids::{EntryId, PaymentId};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::bench::{Bench, EngineKind, at};
use crate::contracts;

contracts! { "ledger":
    round_trip => ["LedgerStore::post", "LedgerReads::find"];
    absent_is_none => ["LedgerReads::find", "LedgerReads::of_payment"];
    a_fact_is_booked_once => ["LedgerStore::post"];
    one_of_many_books_a_fact => ["LedgerStore::post"];
    of_payment_is_in_order => ["LedgerReads::of_payment"];
    balances_sum_to_zero => ["LedgerReads::balances"];
    large_sums_stay_exact => ["LedgerReads::balances", "LedgerStore::post"];
    dropped_unit_books_nothing => ["LedgerStore::post"];
    rows_cannot_be_changed_by_raw_sql => ["LedgerStore::post"];
    unbalanced_rows_are_refused_by_the_schema => ["LedgerStore::post"];
    lines_without_an_entry_count_nowhere => ["LedgerReads::balances"];
    what_is_open_of_a_span_is_told_by_payment => ["LedgerReads::still_open"];
    what_is_missing_of_the_newest_entries_is_seen => ["LedgerReads::unsound"];
}

fn paid(t: &Bench, payment: &PaymentId, fact: &str, fen: i64) -> Entry {
    transfer(t, payment, fact, (Account::Channel, Account::Clearing, fen))
}

fn transfer(
    t: &Bench,
    payment: &PaymentId,
    fact: &str,
    (debit, credit, fen): (Account, Account, i64),
) -> Entry {
    Entry::transfer(
        t.id(),
        fact.into(),
        payment.clone(),
        "trace-1".into(),
        at(0),
        (debit, credit, Fen::new(fen)),
    )
    .unwrap()
}

async fn post(t: &Bench, entry: &Entry) -> Result<(), StoreError> {
    t.write(async |tx| tx.ledger().post(entry).await).await
}

async fn net(t: &Bench, account: Account) -> i64 {
    let balances = t.view().await.ledger().balances().await.unwrap();
    let of: Vec<_> = balances.iter().filter(|b| b.account == account).collect();
    assert_eq!(of.len(), 1, "{balances:?}");
    of[0].net.get()
}

/// A payment is open by what lies between the channel and where it belongs, whenever that was booked, and by what went
/// back and is credited all the same; payments without an entry of the span are left out.
async fn what_is_open_of_a_span_is_told_by_payment(t: Bench) {
    let (earlier, credited, open): (PaymentId, PaymentId, PaymentId) = (t.id(), t.id(), t.id());
    let twice: PaymentId = t.id();
    let taken = (Account::Channel, Account::Clearing);
    let book =
        async |n: i64, payment: &PaymentId, (debit, credit): (Account, Account), fen: i64| {
            let id = format!("019aa2f0-{n:04x}-7000-8000-000000000000");
            let entry = Entry::transfer(
                EntryId::parse(&id).unwrap(),
                format!("fact-{n}"),
                payment.clone(),
                "trace-1".into(),
                at(0),
                (debit, credit, Fen::new(fen)),
            );
            post(&t, &entry.unwrap()).await.unwrap();
        };
    book(9, &earlier, taken, 900).await;
    book(10, &credited, taken, 500).await;
    let done = (Account::Clearing, Account::Marketing);
    book(11, &credited, done, 500).await;
    book(12, &open, taken, 700).await;
    book(13, &open, done, 300).await;
    book(14, &twice, taken, 600).await;
    book(15, &twice, done, 600).await;
    let told = async || {
        let ms = |n: i64| Time::from_micros((0x019a_a2f0_0000_i64 + n) * 1_000);
        let mut view = t.view().await;
        let found = view.ledger().still_open(ms(10), ms(20), 5).await.unwrap();
        let each = found.into_iter();
        each.map(|one| (one.payment_id, one.open.get()))
            .collect::<Vec<_>>()
    };
    assert_eq!(told().await, [(open.clone(), 400)]);
    // What is booked later closes it as far as it goes; what is only due to go back is open still.
    book(20, &open, (Account::Clearing, Account::RefundDue), 150).await;
    assert_eq!(told().await, [(open.clone(), 400)]);
    book(21, &open, (Account::RefundDue, Account::Channel), 150).await;
    assert_eq!(told().await, [(open.clone(), 250)]);
    book(22, &open, done, 250).await;
    assert!(told().await.is_empty());
    // Given back at the merchant's desk and credited: the money is out twice until marketing let it go.
    let foreign = (Account::ForeignRefund, Account::Channel);
    book(23, &twice, foreign, 600).await;
    assert_eq!(told().await, [(twice.clone(), 600)]);
    book(24, &twice, (Account::Marketing, Account::Clearing), 600).await;
    assert_eq!(told().await, [(twice.clone(), 600)]);
    let covered = (Account::Clearing, Account::ForeignRefund);
    book(25, &twice, covered, 600).await;
    assert!(told().await.is_empty());
}

async fn round_trip(t: Bench) {
    let payment: PaymentId = t.id();
    let lines = vec![
        Line {
            account: Account::Channel,
            debit: Fen::new(100),
            credit: Fen::ZERO,
        },
        Line {
            account: Account::Clearing,
            debit: Fen::ZERO,
            credit: Fen::new(60),
        },
        Line {
            account: Account::Suspense,
            debit: Fen::ZERO,
            credit: Fen::new(40),
        },
    ];
    let entry_id: EntryId = t.id();
    let entry = Entry::balanced(
        entry_id,
        "paid:T1".into(),
        payment.clone(),
        "tr".into(),
        at(3),
        lines,
    )
    .unwrap();
    post(&t, &entry).await.unwrap();
    let mut view = t.view().await;
    assert_eq!(
        view.ledger().find("paid:T1").await.unwrap(),
        Some(entry.clone())
    );
    assert_eq!(
        view.ledger().of_payment(&payment).await.unwrap(),
        std::slice::from_ref(&entry)
    );
    let inside = t.write(async |tx| tx.ledger().find("paid:T1").await).await;
    assert_eq!(inside.unwrap(), Some(entry));
}

async fn absent_is_none(t: Bench) {
    let mut view = t.view().await;
    assert_eq!(view.ledger().find("paid:T1").await.unwrap(), None);
    assert!(view.ledger().of_payment(&t.id()).await.unwrap().is_empty());
    for balance in view.ledger().balances().await.unwrap() {
        assert_eq!(balance.net, Fen::ZERO);
    }
}

async fn a_fact_is_booked_once(t: Bench) {
    let payment: PaymentId = t.id();
    let entry = paid(&t, &payment, "paid:T1", 100);
    post(&t, &entry).await.unwrap();
    let other = paid(&t, &payment, "paid:T1", 100);
    for again in [&entry, &other] {
        let outcome = post(&t, again).await;
        assert!(
            matches!(&outcome, Err(StoreError::Duplicate(n)) if n == "ledger_entry(fact)"),
            "{outcome:?}"
        );
    }
    assert_eq!(net(&t, Account::Channel).await, 100);
}

async fn one_of_many_books_a_fact(t: Bench) {
    let payment: PaymentId = t.id();
    let mut carriers = JoinSet::new();
    for _ in 0..16 {
        let (t, entry) = (t.clone(), paid(&t, &payment, "paid:T1", 100));
        carriers.spawn(async move { post(&t, &entry).await });
    }
    let outcomes = carriers.join_all().await;
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1);
    assert!(
        outcomes
            .iter()
            .all(|o| matches!(o, Ok(()) | Err(StoreError::Duplicate(_)))),
        "{outcomes:?}"
    );
    assert_eq!(net(&t, Account::Clearing).await, -100);
}

async fn of_payment_is_in_order(t: Bench) {
    let (mine, other): (PaymentId, PaymentId) = (t.id(), t.id());
    let first = paid(&t, &mine, "paid:T1", 100);
    let second = transfer(
        &t,
        &mine,
        "posted:C1",
        (Account::Clearing, Account::Marketing, 100),
    );
    let foreign = paid(&t, &other, "paid:T2", 7);
    for entry in [&first, &foreign, &second] {
        post(&t, entry).await.unwrap();
    }
    let found = t.view().await.ledger().of_payment(&mine).await.unwrap();
    assert_eq!(found, [first, second]);
}

async fn balances_sum_to_zero(t: Bench) {
    let payment: PaymentId = t.id();
    post(&t, &paid(&t, &payment, "paid:T1", 12_840))
        .await
        .unwrap();
    let posted = transfer(
        &t,
        &payment,
        "posted:C1",
        (Account::Clearing, Account::Marketing, 12_000),
    );
    post(&t, &posted).await.unwrap();
    assert_eq!(net(&t, Account::Channel).await, 12_840);
    assert_eq!(net(&t, Account::Clearing).await, -840);
    assert_eq!(net(&t, Account::Marketing).await, -12_000);
    assert_eq!(net(&t, Account::Suspense).await, 0);
    let balances = t.view().await.ledger().balances().await.unwrap();
    assert_eq!(balances.iter().map(|b| b.net.get()).sum::<i64>(), 0);
    assert_eq!(balances.len(), Account::ALL.len());
}

async fn large_sums_stay_exact(t: Bench) {
    let payment: PaymentId = t.id();
    let large = 4_611_686_018_427_387_903;
    post(&t, &paid(&t, &payment, "paid:T1", large))
        .await
        .unwrap();
    post(&t, &paid(&t, &payment, "paid:T2", large))
        .await
        .unwrap();
    assert_eq!(net(&t, Account::Channel).await, 9_223_372_036_854_775_806);
}

async fn dropped_unit_books_nothing(t: Bench) {
    let payment: PaymentId = t.id();
    let entry = paid(&t, &payment, "paid:T1", 100);
    t.write_and_drop(async |tx| tx.ledger().post(&entry).await)
        .await;
    assert_eq!(t.view().await.ledger().find("paid:T1").await.unwrap(), None);
    post(&t, &entry).await.unwrap();
}

async fn rows_cannot_be_changed_by_raw_sql(t: Bench) {
    let entry = paid(&t, &t.id(), "paid:T1", 100);
    post(&t, &entry).await.unwrap();
    for text in [
        "UPDATE ledger_entry SET total_fen = 1",
        "UPDATE ledger_entry SET fact = 'paid:T9'",
        "DELETE FROM ledger_entry",
        "UPDATE ledger_line SET debit_fen = debit_fen + 1 WHERE debit_fen > 0",
        "UPDATE ledger_line SET account = 'suspense'",
        "DELETE FROM ledger_line",
    ] {
        let refused = t.raw(text).await.unwrap_err();
        assert!(refused.contains("append only"), "{text}: {refused}");
    }
    assert_eq!(
        t.view().await.ledger().find("paid:T1").await.unwrap(),
        Some(entry)
    );
}

async fn unbalanced_rows_are_refused_by_the_schema(t: Bench) {
    let entry = paid(&t, &t.id(), "paid:T1", 100);
    post(&t, &entry).await.unwrap();
    let into = "INSERT INTO ledger_entry (entry_id, fact, payment_id, trace_id, posted_at, line_count, total_fen) VALUES";
    let lines =
        "INSERT INTO ledger_line (entry_id, line_no, account, debit_fen, credit_fen) VALUES";
    for text in [
        // No lines at all.
        format!("{into} ('x', 'f', 'p', 't', 0, 2, 5)"),
        // Debits and credits differ.
        format!(
            "BEGIN; {lines} ('x', 1, 'channel', 5, 0), ('x', 2, 'clearing', 0, 4); {into} ('x', 'f', 'p', 't', 0, 2, 5); COMMIT"
        ),
        // Balanced, but not the total the entry names.
        format!(
            "BEGIN; {lines} ('x', 1, 'channel', 5, 0), ('x', 2, 'clearing', 0, 5); {into} ('x', 'f', 'p', 't', 0, 2, 4); COMMIT"
        ),
        // A further line for a closed entry.
        format!("{lines} ('{}', 3, 'channel', 5, 0)", entry.entry_id()),
        // Both sides, no side, a negative side.
        format!("{lines} ('y', 1, 'channel', 5, 5)"),
        format!("{lines} ('y', 1, 'channel', 0, 0)"),
        format!("{lines} ('y', 1, 'channel', -5, 0)"),
        format!("{into} ('y', 'g', 'p', 't', 0, 2, 0)"),
    ] {
        assert!(t.raw(&text).await.is_err(), "{text}");
    }
    assert_eq!(net(&t, Account::Channel).await, 100);
}

/// PostgreSQL refuses the commit; SQLite has no trigger at commit, there the line counts nowhere.
async fn lines_without_an_entry_count_nowhere(t: Bench) {
    let refused = t
        .raw("INSERT INTO ledger_line (entry_id, line_no, account, debit_fen, credit_fen) VALUES ('x', 1, 'channel', 5, 0)")
        .await;
    match t.kind.name() {
        "postgres" => assert!(refused.unwrap_err().contains("unbalanced")),
        _ => refused.unwrap(),
    }
    assert_eq!(net(&t, Account::Channel).await, 0);
}

/// As after a restore that was broken off: the rows came before what keeps them as they are.
async fn what_is_missing_of_the_newest_entries_is_seen(t: Bench) {
    let unsound = async |newest: i64| {
        let mut view = t.view().await;
        view.ledger().unsound(newest).await.unwrap()
    };
    assert_eq!(unsound(10).await, 0, "no books");
    let payment: PaymentId = t.id();
    for fact in ["paid:T1", "paid:T2", "paid:T3"] {
        post(&t, &paid(&t, &payment, fact, 100)).await.unwrap();
    }
    assert_eq!(unsound(10).await, 0);
    let disarm = match &t.kind {
        EngineKind::Sqlite => "DROP TRIGGER ledger_line_no_delete",
        EngineKind::Postgres(_) => "DROP TRIGGER ledger_line_fixed ON ledger_line",
    };
    t.raw(disarm).await.unwrap();
    t.raw("DELETE FROM ledger_line WHERE line_no = 2 AND entry_id = (SELECT MIN(entry_id) FROM ledger_entry)")
        .await
        .unwrap();
    assert_eq!((unsound(2).await, unsound(3).await), (0, 1));
}
