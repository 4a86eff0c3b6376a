//! What a program before kept of cooperations that had ended goes when the store comes to the version that forgets it.

use lifeline_core::evidence::Act;
use lifeline_core::notices::{Notice, OwnData, SoldMonth, Told};
use lifeline_core::settlement::accounts::account::{GenerationAccount, GenerationState};
use lifeline_core::settlement::ids::PersonalTableId;
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::period::Period;

use crate::bench::{Bench, EngineKind, at};
use crate::contracts;
use crate::generation::{add, seller, table_of};
use crate::requests::person;

contracts! { "ended_before":
    what_was_kept_of_cooperations_that_had_ended_goes => [];
}

/// What the migration does with rows that are there; its column is there already.
fn deletes(kind: &EngineKind) -> String {
    let engine = match kind {
        EngineKind::Sqlite => "sqlite",
        EngineKind::Postgres(_) => "postgres",
    };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let files = std::fs::read_dir(format!("{folder}/{engine}")).unwrap();
    let file = files.map(|file| file.unwrap()).find(|file| {
        file.file_name()
            .to_string_lossy()
            .ends_with("__looked_at.sql")
    });
    let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
    let (_, rows) = text.split_once(';').unwrap();
    rows.to_owned()
}

/// One notice of each kind about a month of sold power, and one about the payee.
async fn tell(t: &Bench, account: &AccountId) {
    let sold = SoldMonth {
        check_task_id: "of a month".to_owned(),
        period: Period::parse("2026-10").unwrap(),
        amount_fen: Fen::new(12_400),
        happened_at: at(0),
        due_at: None,
    };
    let own = OwnData {
        happened_at: at(0),
        due_at: None,
    };
    for told in [
        Told::CheckTask(sold.clone()),
        Told::CheckReminder(sold.clone()),
        Told::ReviewUpheld(sold.clone()),
        Told::ReviewCorrected(sold.clone()),
        Told::PaidOut(sold.clone()),
        Told::PayoutReturned(sold.clone()),
        Told::PayoutRefused(sold.clone()),
        Told::PayeeChanged(own),
    ] {
        let notice = &Notice {
            notice_id: t.id(),
            account_id: account.clone(),
            event_id: t.id(),
            told,
            payment_id: None,
            created_at: at(0),
            read_at: None,
            texted_at: None,
        };
        let added = t.write(async |tx| tx.notices().add(notice).await).await;
        assert!(added.unwrap());
    }
}

async fn prove(t: &Bench, account: &AccountId, table: &PersonalTableId, kind: &str) {
    let act = Act::new()
        .say("account_id", account.as_str())
        .say("table_id", table.as_str())
        .seal("trading_account", "6217000000000001");
    let entry = &act.into_entry(t.id(), kind, at(0), at(1), [7; 16]).unwrap();
    t.write(async |tx| tx.evidence().append(entry).await)
        .await
        .unwrap();
}

async fn count(t: &Bench, table: &str, account: &AccountId) -> String {
    let query =
        format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table} WHERE account_id = '{account}'");
    t.text(&query).await
}

/// How many notices an account has, and of how many of its proofs the salt is there.
async fn kept(t: &Bench, account: &AccountId) -> [String; 2] {
    let notices = count(t, "notice", account).await;
    [notices, count(t, "evidence_salt", account).await]
}

async fn what_was_kept_of_cooperations_that_had_ended_goes(t: Bench) {
    let (over, sells) = (person(&t, "over").await, person(&t, "sells").await);
    let merged = person(&t, "merged").await;
    let into = format!("UPDATE account SET merged_into = '{over}' WHERE account_id = '{merged}'");
    t.raw(&into).await.unwrap();
    let ended = GenerationAccount {
        generation_no: None,
        state: GenerationState::Terminated,
        next_at: None,
        ended_at: Some(at(9)),
        ..seller(&t, &over)
    };
    let live = seller(&t, &sells);
    let mut tables = Vec::new();
    for account in [&ended, &live] {
        add(&t, account).await.unwrap();
        let table = table_of(&t, &account.generation_account_id);
        t.write(async |tx| tx.generation().open_table(&table).await)
            .await
            .unwrap();
        tables.push(table.table_id);
    }
    let [gone, open] = &tables[..] else {
        panic!("two tables: {tables:?}");
    };
    t.write(async |tx| tx.generation().erase_table(gone, at(9)).await)
        .await
        .unwrap();
    for account in [&over, &merged, &sells] {
        tell(&t, account).await;
    }
    prove(&t, &over, gone, "generation.permitted").await;
    prove(&t, &over, gone, "generation.ended").await;
    prove(&t, &merged, gone, "generation.payee_changed").await;
    prove(&t, &sells, open, "generation.permitted").await;
    t.raw(&deletes(&t.kind)).await.unwrap();
    assert_eq!(kept(&t, &over).await, ["1", "1"]);
    assert_eq!(kept(&t, &merged).await, ["1", "0"]);
    assert_eq!(kept(&t, &sells).await, ["8", "1"]);
}
