//! What people are told: one notice per event, read and texted at one moment each, by its owner only.

use lifeline_core::notices::moved::{
    Asked, BillMove, BillState, Function, FunctionMove, FunctionState, Progress, Reached,
};
use lifeline_core::notices::ports::Report;
use lifeline_core::notices::{Kind, Notice, Receipt, SoldMonth, Standing, Told};
use lifeline_core::shared::ids::{AccountId, EventId, NoticeId};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::period::Period;
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::accounts::bare;
use crate::bench::{Bench, at};
use crate::contracts;

contracts! { "notices":
    round_trip => ["NoticeStore::add", "NoticeReads::find"];
    every_kind_is_readable => ["NoticeStore::add", "NoticeReads::find"];
    absent_is_none => ["NoticeReads::find", "NoticeReads::list", "NoticeReads::unread", "NoticeStore::mark_read",
        "NoticeStore::mark_texted"];
    an_event_is_told_once => ["NoticeStore::add"];
    one_of_many_tellers_tells => ["NoticeStore::add"];
    dropped_unit_tells_nothing => ["NoticeStore::add", "NoticeStore::mark_read", "NoticeStore::mark_texted"];
    nobody_is_told_who_is_not_there => ["NoticeStore::add"];
    newest_come_first_a_page_at_a_time => ["NoticeReads::list"];
    the_first_moment_stays => ["NoticeStore::mark_read", "NoticeStore::mark_texted"];
    another_account_sees_and_changes_nothing => ["NoticeReads::find", "NoticeReads::list", "NoticeReads::unread",
        "NoticeStore::mark_read", "NoticeStore::mark_texted"];
    m3_9_the_first_word_about_a_message_stays => ["NoticeStore::add_report", "NoticeReads::report"];
    unread_counts_only_the_unread => ["NoticeReads::unread"];
    facts_are_sealed_and_open_in_their_own_row_only => ["NoticeReads::find"];
    unreadable_facts_are_an_alarm => ["NoticeReads::find", "NoticeReads::list"];
}

async fn person(t: &Bench, open_id: &str) -> AccountId {
    let account = bare(t, open_id);
    t.write(async |tx| tx.accounts().add(&account).await)
        .await
        .unwrap();
    account.account_id
}

fn receipt() -> Receipt {
    Receipt {
        consumer_tail: "0017".into(),
        amount_fen: Fen::new(8_520),
        happened_at: at(-2),
    }
}

fn standing() -> Standing {
    Standing {
        consumer_tail: "0017".into(),
        person_masked: Some("*芳".into()),
        happened_at: at(-2),
    }
}

fn progress() -> Progress {
    Progress {
        request: Asked::Feedback,
        state: Reached::Resolved,
        happened_at: at(-2),
    }
}

fn sold() -> SoldMonth {
    SoldMonth {
        check_task_id: "019aa2f0-0000-7000-8000-000000000004".into(),
        period: Period::parse("2026-10").unwrap(),
        amount_fen: Fen::new(12_345),
        happened_at: at(-2),
        due_at: Some(at(9)),
    }
}

fn notice(t: &Bench, account: &AccountId) -> Notice {
    Notice {
        notice_id: t.id(),
        account_id: account.clone(),
        event_id: t.id(),
        told: Told::Credited(receipt()),
        payment_id: Some(t.id()),
        created_at: at(0),
        read_at: None,
        texted_at: None,
    }
}

async fn tell(t: &Bench, notice: &Notice) -> bool {
    t.write(async |tx| tx.notices().add(notice).await)
        .await
        .unwrap()
}

async fn find(t: &Bench, account: &AccountId, id: &NoticeId) -> Option<Notice> {
    t.view().await.notices().find(account, id).await.unwrap()
}

async fn list(t: &Bench, account: &AccountId) -> Vec<Notice> {
    let page = Page::new(None, None).unwrap();
    t.view().await.notices().list(account, &page).await.unwrap()
}

async fn unread(t: &Bench, account: &AccountId) -> i64 {
    t.view().await.notices().unread(account).await.unwrap()
}

async fn round_trip(t: Bench) {
    let me = person(&t, "me").await;
    let untouched = notice(&t, &me);
    let touched = Notice {
        read_at: Some(at(9)),
        texted_at: Some(at(1)),
        ..notice(&t, &me)
    };
    for notice in [&untouched, &touched] {
        assert!(tell(&t, notice).await);
        assert_eq!(
            find(&t, &me, &notice.notice_id).await.as_ref(),
            Some(notice)
        );
    }
}

async fn every_kind_is_readable(t: Bench) {
    let me = person(&t, "me").await;
    for kind in Kind::ALL {
        let (money, home) = (Told::Credited(receipt()), Told::AccessOver(standing()));
        let request = Told::RequestMoved(progress());
        let function = Told::FunctionMoved(FunctionMove {
            function: Function::AutoDebit,
            state: FunctionState::Open,
            happened_at: at(-2),
        });
        let bill = Told::BillMoved(BillMove {
            state: BillState::Corrected,
            happened_at: at(-2),
        });
        let month = Told::CheckTask(sold());
        let told = [money, home, request, function, bill, month]
            .iter()
            .find_map(|like| Told::read(kind, &like.facts().unwrap()))
            .unwrap();
        let notice = Notice {
            payment_id: matches!(kind, Kind::Credited | Kind::Refunded).then(|| t.id()),
            told,
            ..notice(&t, &me)
        };
        assert!(tell(&t, &notice).await);
        assert_eq!(find(&t, &me, &notice.notice_id).await, Some(notice));
    }
}

async fn absent_is_none(t: Bench) {
    let me = person(&t, "me").await;
    let nothing: NoticeId = t.id();
    assert_eq!(find(&t, &me, &nothing).await, None);
    assert!(list(&t, &me).await.is_empty());
    assert_eq!(unread(&t, &me).await, 0);
    let marked = t
        .write(async |tx| {
            Ok((
                tx.notices().mark_read(&me, &nothing, at(1)).await?,
                tx.notices().mark_texted(&me, &nothing, at(1)).await?,
            ))
        })
        .await;
    assert_eq!(marked.unwrap(), (false, false));
}

async fn an_event_is_told_once(t: Bench) {
    let me = person(&t, "me").await;
    let first = notice(&t, &me);
    let again = Notice {
        event_id: first.event_id.clone(),
        told: Told::Refunded(receipt()),
        ..notice(&t, &me)
    };
    assert!(tell(&t, &first).await);
    assert!(!tell(&t, &first).await, "the same row again");
    assert!(!tell(&t, &again).await, "the same event under another id");
    assert_eq!(list(&t, &me).await, [first]);
}

async fn one_of_many_tellers_tells(t: Bench) {
    let me = person(&t, "me").await;
    let event: EventId = t.id();
    let mut tellers = JoinSet::new();
    for _ in 0..16 {
        let notice = Notice {
            event_id: event.clone(),
            ..notice(&t, &me)
        };
        let t = t.clone();
        tellers.spawn(async move { tell(&t, &notice).await });
    }
    let told = tellers.join_all().await.into_iter().filter(|new| *new);
    assert_eq!(told.count(), 1);
    assert_eq!(list(&t, &me).await.len(), 1);
}

async fn dropped_unit_tells_nothing(t: Bench) {
    let me = person(&t, "me").await;
    let (dropped, kept) = (notice(&t, &me), notice(&t, &me));
    tell(&t, &kept).await;
    t.write_and_drop(async |tx| {
        assert!(tx.notices().add(&dropped).await?);
        assert!(tx.notices().mark_read(&me, &kept.notice_id, at(1)).await?);
        assert!(
            tx.notices()
                .mark_texted(&me, &kept.notice_id, at(1))
                .await?
        );
        Ok(())
    })
    .await;
    assert_eq!(list(&t, &me).await, [kept]);
    assert!(tell(&t, &dropped).await);
}

async fn nobody_is_told_who_is_not_there(t: Bench) {
    let nobody: AccountId = t.id();
    let notice = notice(&t, &nobody);
    let refused = t.write(async |tx| tx.notices().add(&notice).await).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
}

async fn newest_come_first_a_page_at_a_time(t: Bench) {
    let me = person(&t, "me").await;
    let mut told = Vec::new();
    for _ in 0..5 {
        let notice = notice(&t, &me);
        tell(&t, &notice).await;
        told.insert(0, notice);
    }
    assert_eq!(list(&t, &me).await, told);
    let mut seen = Vec::new();
    let mut after = None;
    for expected in [3, 3, 1] {
        let page = Page::new(Some(2), after.take()).unwrap();
        let rows = t.view().await.notices().list(&me, &page).await.unwrap();
        assert_eq!(rows.len(), expected, "one more than the page, if there is");
        let shown = rows.into_iter().take(2).collect::<Vec<_>>();
        after = shown.last().map(|last| last.notice_id.to_string());
        seen.extend(shown);
    }
    assert_eq!(seen, told);
}

async fn the_first_moment_stays(t: Bench) {
    let me = person(&t, "me").await;
    let notice = notice(&t, &me);
    let id = &notice.notice_id;
    tell(&t, &notice).await;
    for seconds in [5, 99] {
        let marked = t
            .write(async |tx| {
                Ok(tx.notices().mark_read(&me, id, at(seconds)).await?
                    && tx.notices().mark_texted(&me, id, at(seconds + 1)).await?)
            })
            .await;
        assert!(marked.unwrap(), "it is there, whether it was marked or not");
    }
    let found = find(&t, &me, id).await.unwrap();
    assert_eq!((found.read_at, found.texted_at), (Some(at(5)), Some(at(6))));
}

async fn another_account_sees_and_changes_nothing(t: Bench) {
    let (me, other) = (person(&t, "me").await, person(&t, "other").await);
    let mine = notice(&t, &me);
    let id = &mine.notice_id;
    tell(&t, &mine).await;
    assert_eq!(find(&t, &other, id).await, None);
    assert!(list(&t, &other).await.is_empty());
    assert_eq!(unread(&t, &other).await, 0);
    let marked = t
        .write(async |tx| {
            Ok((
                tx.notices().mark_read(&other, id, at(1)).await?,
                tx.notices().mark_texted(&other, id, at(1)).await?,
            ))
        })
        .await;
    assert_eq!(marked.unwrap(), (false, false));
    assert_eq!(find(&t, &me, id).await, Some(mine));
}

async fn unread_counts_only_the_unread(t: Bench) {
    let me = person(&t, "me").await;
    let told = [notice(&t, &me), notice(&t, &me), notice(&t, &me)];
    for notice in &told {
        tell(&t, notice).await;
    }
    assert_eq!(unread(&t, &me).await, 3);
    let id = &told[1].notice_id;
    t.write(async |tx| tx.notices().mark_read(&me, id, at(1)).await)
        .await
        .unwrap();
    assert_eq!(unread(&t, &me).await, 2);
}

async fn facts_are_sealed_and_open_in_their_own_row_only(t: Bench) {
    let me = person(&t, "me").await;
    let (one, two) = (notice(&t, &me), notice(&t, &me));
    tell(&t, &one).await;
    tell(&t, &two).await;
    let stored = t.text("SELECT MIN(params) FROM notice").await;
    assert!(
        !stored.contains("consumer_tail"),
        "the facts are readable at rest"
    );
    t.raw(&format!(
        "UPDATE notice SET params = (SELECT params FROM notice WHERE notice_id = '{}')",
        one.notice_id
    ))
    .await
    .unwrap();
    assert_eq!(
        find(&t, &me, &one.notice_id).await.as_ref(),
        Some(&one),
        "its own"
    );
    let mut view = t.view().await;
    let moved = view.notices().find(&me, &two.notice_id).await;
    assert!(is_corrupt(&moved, "params"), "{moved:?}");
}

async fn unreadable_facts_are_an_alarm(t: Bench) {
    let me = person(&t, "me").await;
    let told = notice(&t, &me);
    tell(&t, &told).await;
    t.raw("UPDATE notice SET kind = 'from_the_future'")
        .await
        .unwrap();
    let mut view = t.view().await;
    let unknown = view.notices().find(&me, &told.notice_id).await;
    assert!(is_corrupt(&unknown, "kind"), "{unknown:?}");
    drop(view);
    t.raw("UPDATE notice SET kind = 'credited'").await.unwrap();
    t.raw("UPDATE notice SET params = 'plain'").await.unwrap();
    let mut view = t.view().await;
    let found = view.notices().find(&me, &told.notice_id).await;
    assert!(is_corrupt(&found, "params"), "{found:?}");
    let page = Page::new(None, None).unwrap();
    let listed = view.notices().list(&me, &page).await;
    assert!(is_corrupt(&listed, "params"), "{listed:?}");
}

fn is_corrupt<T>(outcome: &Result<T, StoreError>, which: &str) -> bool {
    matches!(outcome, Err(StoreError::Corrupt { table: "notice", column }) if *column == which)
}

async fn m3_9_the_first_word_about_a_message_stays(t: Bench) {
    let (message, other): (EventId, EventId) = (t.id(), t.id());
    let said = async |id: &EventId| t.view().await.notices().report(id).await.unwrap();
    let first = Report {
        delivered: false,
        told_at: at(1),
    };
    let later = Report {
        delivered: true,
        told_at: at(2),
    };
    assert_eq!(said(&message).await, None);
    t.write_and_drop(async |tx| tx.notices().add_report(&message, &first).await.map(drop))
        .await;
    let add = async |report: &Report| {
        t.write(async |tx| tx.notices().add_report(&message, report).await)
            .await
            .unwrap()
    };
    assert!(add(&first).await && !add(&later).await);
    assert_eq!(said(&message).await, Some(first));
    assert_eq!(said(&other).await, None);
}
