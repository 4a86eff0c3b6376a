//! Channels as they are set up, closed and scored; functions suspended for a person.

use lifeline_core::accounts::Terminal;
use lifeline_core::accounts::account::Account;
use lifeline_core::cases::four_eyes::ProposalState;
use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::channels::{Change, Changed, Closing, Guard, Score, Takes, TerminalRow};
use lifeline_core::customers::functions::{BankFunction, FunctionProposal, Move, Wanted};
use lifeline_core::insight::Channel;
use lifeline_core::shared::ids::{AccountId, CaseId};
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::accounts::{self, bare};
use crate::bench::{Bench, EngineKind, at};
use crate::bindings::{HOME, number};
use crate::contracts;

contracts! { "channels":
    every_channel_has_a_row_with_its_terminals => ["ChannelReads::rows"];
    ec_14_every_kind_of_terminal_has_a_row_that_staff_set => ["ChannelReads::terminals", "ChannelStore::guard"];
    a_limit_is_set_and_taken_away => ["ChannelStore::set_limit"];
    a_function_is_closed_once_and_opened_once => ["ChannelStore::close", "ChannelStore::reopen", "ChannelReads::closings"];
    ec_15_what_staff_changed_is_kept_with_its_reason => ["ChannelStore::note", "ChannelReads::changes"];
    a_months_score_stays_as_it_was_written => ["ChannelStore::add_score", "ChannelReads::scores"];
    one_proposal_of_a_function_waits => ["CustomerStore::propose_function", "CustomerReads::function_proposals"];
    a_proposal_is_decided_once_and_by_another => ["CustomerStore::judge_function"];
    a_suspension_stands_until_it_is_lifted => ["CustomerStore::suspend", "CustomerStore::lift", "CustomerReads::suspended",
        "CustomerReads::suspended_for"];
    of_two_suspensions_the_earlier_stays => ["CustomerStore::hand_over_suspensions"];
    a_proposal_that_waits_goes_to_another_account => ["CustomerStore::hand_over_proposal"];
    who_takes_a_turn_changes_nothing_and_is_waited_for => ["CustomerStore::turn"];
    a_home_is_held_for_one_case_until_it_lets_go => ["FigureStore::hold", "FigureStore::let_go", "FigureReads::is_held"];
    dropped_unit_closes_nothing => ["ChannelStore::close", "CustomerStore::suspend"];
}

fn closing(function: i64) -> Closing {
    Closing {
        channel: Channel::H5,
        function,
        reason: "the bank works on its line".into(),
        closed_by: "staff:1".into(),
        closed_at: at(5),
    }
}

async fn every_channel_has_a_row_with_its_terminals(t: Bench) {
    let rows = t.view().await.channels().rows().await.unwrap();
    let mut named: Vec<Channel> = rows.iter().map(|row| row.channel).collect();
    named.sort();
    assert_eq!(named, Channel::ALL);
    for row in rows {
        assert!(!row.terminals.is_empty() && row.per_minute.is_none());
    }
}

async fn ec_14_every_kind_of_terminal_has_a_row_that_staff_set(t: Bench) {
    let rows = async || t.view().await.channels().terminals().await.unwrap();
    let mut named: Vec<Terminal> = rows().await.iter().map(|row| row.terminal).collect();
    named.sort();
    assert_eq!(named, Terminal::ALL);
    for row in rows().await {
        let desk = row.terminal == Terminal::Desk;
        assert_eq!(row.confirms, desk, "what many people use takes a code");
        assert!(row.takes == Takes::Everything && row.per_minute.is_none());
    }
    let before = rows().await;
    let set = TerminalRow {
        takes: Takes::Reads,
        confirms: true,
        per_minute: Some(60),
        changed_at: at(7),
        ..before[0].clone()
    };
    t.write_and_drop(async |tx| tx.channels().guard(&set).await)
        .await;
    assert_eq!(rows().await, before);
    t.write(async |tx| tx.channels().guard(&set).await)
        .await
        .unwrap();
    let after = rows().await;
    assert_eq!((&after[0], &after[1..]), (&set, &before[1..]));
    let none = TerminalRow {
        per_minute: Some(0),
        ..set
    };
    let refused = t.write(async |tx| tx.channels().guard(&none).await).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
}

async fn a_limit_is_set_and_taken_away(t: Bench) {
    for per_minute in [Some(600), None] {
        t.write(async |tx| {
            tx.channels()
                .set_limit(Channel::H5, per_minute, at(7))
                .await
        })
        .await
        .unwrap();
        for row in t.view().await.channels().rows().await.unwrap() {
            let own = row.channel == Channel::H5;
            assert_eq!(row.per_minute, per_minute.filter(|_| own));
            assert_eq!(row.changed_at == at(7), own);
        }
    }
    let none = t
        .write(async |tx| tx.channels().set_limit(Channel::H5, Some(0), at(7)).await)
        .await;
    assert!(matches!(none, Err(StoreError::Refused(_))), "{none:?}");
}

async fn close(t: &Bench, closing: &Closing) -> bool {
    t.write(async |tx| tx.channels().close(closing).await)
        .await
        .unwrap()
}

async fn a_function_is_closed_once_and_opened_once(t: Bench) {
    assert!(close(&t, &closing(12)).await && !close(&t, &closing(12)).await);
    assert!(close(&t, &closing(7)).await);
    let shown = t.view().await.channels().closings().await.unwrap();
    assert_eq!(shown, [closing(7), closing(12)]);
    let reopen = async |channel, function| {
        t.write(async |tx| tx.channels().reopen(channel, function).await)
            .await
            .unwrap()
    };
    assert!(!reopen(Channel::Mini, 12).await, "closed elsewhere");
    assert!(reopen(Channel::H5, 12).await && !reopen(Channel::H5, 12).await);
    let shown = t.view().await.channels().closings().await.unwrap();
    assert_eq!(shown, [closing(7)]);
}

async fn ec_15_what_staff_changed_is_kept_with_its_reason(t: Bench) {
    let guard = |takes, per_minute| Guard {
        takes,
        confirms: true,
        per_minute,
    };
    let change = |n: i64, changed| Change {
        change_id: format!("change-{n}"),
        changed,
        reason: "too many at once".into(),
        changed_by: "staff:s".into(),
        changed_at: at(n),
    };
    let limit = change(
        1,
        Changed::Limit {
            channel: Channel::H5,
            before: None,
            after: Some(600),
        },
    );
    let guard = change(
        2,
        Changed::Guard {
            terminal: Terminal::Computer,
            before: guard(Takes::Everything, None),
            after: guard(Takes::Reads, Some(2)),
        },
    );
    t.write_and_drop(async |tx| tx.channels().note(&limit).await)
        .await;
    for one in [&limit, &guard] {
        t.write(async |tx| tx.channels().note(one).await)
            .await
            .unwrap();
    }
    let mut view = t.view().await;
    assert_eq!(
        view.channels().changes(9).await.unwrap(),
        [guard.clone(), limit]
    );
    assert_eq!(view.channels().changes(1).await.unwrap(), [guard]);
}

async fn a_months_score_stays_as_it_was_written(t: Bench) {
    let score = |month: &str, points| Score {
        channel: Channel::Mini,
        month: month.into(),
        calls: 10,
        answered_permille: 900,
        done_permille: 1_000,
        points,
        scored_at: at(1),
    };
    let add = async |score: &Score| {
        t.write(async |tx| tx.channels().add_score(score).await)
            .await
            .unwrap()
    };
    let (old, new) = (score("2026-09", 93), score("2026-10", 95));
    assert!(add(&old).await && add(&new).await);
    assert!(!add(&score("2026-10", 1)).await);
    let mut view = t.view().await;
    assert_eq!(view.channels().scores(9).await.unwrap(), [new.clone(), old]);
    assert_eq!(view.channels().scores(1).await.unwrap(), [new]);
}

async fn person(t: &Bench, open_id: &str) -> AccountId {
    let account: Account = bare(t, open_id);
    accounts::add(t, &account).await;
    account.account_id
}

pub(crate) fn proposal(t: &Bench, account: &AccountId, seconds: i64) -> FunctionProposal {
    FunctionProposal {
        proposal_id: t.id::<AccountId>().to_string(),
        what: Move {
            account_id: account.clone(),
            function: BankFunction::Pay,
            wanted: Wanted::Suspended,
        },
        reason: "asked for at the counter".into(),
        proposed_by: "staff:1".into(),
        proposed_at: at(seconds),
        state: ProposalState::Open,
        decided_by: None,
        decided_at: None,
    }
}

async fn propose(t: &Bench, one: &FunctionProposal) -> bool {
    t.write(async |tx| tx.customers().propose_function(one).await)
        .await
        .unwrap()
}

fn decided(one: &FunctionProposal, by: &str) -> FunctionProposal {
    FunctionProposal {
        state: ProposalState::Approved,
        decided_by: Some(by.into()),
        decided_at: Some(at(50)),
        ..one.clone()
    }
}

async fn one_proposal_of_a_function_waits(t: Bench) {
    let account = person(&t, "a").await;
    let first = proposal(&t, &account, 1);
    let second = proposal(&t, &account, 2);
    let mut other = proposal(&t, &account, 3);
    other.what.function = BankFunction::AutoDebit;
    assert!(propose(&t, &first).await && !propose(&t, &second).await);
    assert!(propose(&t, &other).await);
    let mut view = t.view().await;
    let shown = view.customers().function_proposals(&account, 9).await;
    assert_eq!(shown.unwrap(), [other, first]);
    drop(view);
    let elsewhere = person(&t, "b").await;
    assert!(propose(&t, &proposal(&t, &elsewhere, 4)).await);
}

async fn a_proposal_is_decided_once_and_by_another(t: Bench) {
    let account = person(&t, "a").await;
    let one = proposal(&t, &account, 1);
    assert!(propose(&t, &one).await);
    let judge = async |decided: &FunctionProposal| {
        t.write(async |tx| tx.customers().judge_function(decided).await)
            .await
    };
    let own = judge(&decided(&one, "staff:1")).await;
    assert!(matches!(own, Err(StoreError::Refused(_))), "{own:?}");
    let by_another = decided(&one, "staff:2");
    assert!(judge(&by_another).await.unwrap() && !judge(&by_another).await.unwrap());
    let mut view = t.view().await;
    let shown = view.customers().function_proposals(&account, 9).await;
    assert_eq!(shown.unwrap(), [by_another]);
}

async fn a_suspension_stands_until_it_is_lifted(t: Bench) {
    let account = person(&t, "a").await;
    let one = proposal(&t, &account, 1);
    for seconds in [60, 70] {
        t.write(async |tx| tx.customers().suspend(&one, at(seconds)).await)
            .await
            .unwrap();
    }
    let mut view = t.view().await;
    let own = view.customers().suspended_for(&account).await.unwrap();
    assert_eq!(own, [(BankFunction::Pay, at(60))]);
    let all = view.customers().suspended().await.unwrap();
    assert_eq!(all, [(account.clone(), BankFunction::Pay)]);
    drop(view);
    t.write(async |tx| tx.customers().lift(&account, BankFunction::Pay).await)
        .await
        .unwrap();
    let all = t.view().await.customers().suspended().await.unwrap();
    assert!(all.is_empty());
}

async fn of_two_suspensions_the_earlier_stays(t: Bench) {
    for (n, (theirs, ours, kept)) in [(60, 70, 60), (70, 60, 60), (60, 60, 60)]
        .into_iter()
        .enumerate()
    {
        let from = person(&t, &format!("from-{n}")).await;
        let into = person(&t, &format!("into-{n}")).await;
        let mut alone = proposal(&t, &from, 1);
        alone.what.function = BankFunction::AutoDebit;
        let (first, second) = (proposal(&t, &from, 1), proposal(&t, &into, 1));
        t.write(async |tx| {
            tx.customers().suspend(&alone, at(80)).await?;
            tx.customers().suspend(&first, at(theirs)).await?;
            tx.customers().suspend(&second, at(ours)).await?;
            tx.customers().hand_over_suspensions(&from, &into).await
        })
        .await
        .unwrap();
        let mut view = t.view().await;
        let left = view.customers().suspended_for(&from).await.unwrap();
        assert!(left.is_empty(), "{n}: {left:?}");
        let now = view.customers().suspended_for(&into).await.unwrap();
        let both = [
            (BankFunction::AutoDebit, at(80)),
            (BankFunction::Pay, at(kept)),
        ];
        assert_eq!(now, both, "{n}");
    }
}

async fn a_proposal_that_waits_goes_to_another_account(t: Bench) {
    let (from, into) = (person(&t, "a").await, person(&t, "b").await);
    let one = proposal(&t, &from, 1);
    assert!(propose(&t, &one).await);
    let hand_over = async || {
        t.write(async |tx| {
            let id = &one.proposal_id;
            tx.customers().hand_over_proposal(id, &into).await
        })
        .await
        .unwrap()
    };
    assert!(hand_over().await);
    let mut view = t.view().await;
    let left = view.customers().function_proposals(&from, 9).await;
    assert!(left.unwrap().is_empty());
    let now = view.customers().function_proposals(&into, 9).await.unwrap();
    drop(view);
    let theirs = Move {
        account_id: into.clone(),
        ..one.what.clone()
    };
    assert_eq!(now.first().map(|one| &one.what), Some(&theirs));
    let decided = decided(&one, "staff:2");
    let judged = t.write(async |tx| tx.customers().judge_function(&decided).await);
    assert!(judged.await.unwrap());
    assert!(!hand_over().await, "it waits no more");
}

/// Who proposes and who merges at once would each go by what stood before the other.
async fn who_takes_a_turn_changes_nothing_and_is_waited_for(t: Bench) {
    let account = person(&t, "a").await;
    let other = t.another_process().await;
    let mut all = JoinSet::new();
    for n in 0..8 {
        // The embedded store belongs to one process.
        let alone = n % 2 == 0 || matches!(t.kind, EngineKind::Sqlite);
        let bench = if alone { t.clone() } else { other.clone() };
        let one = proposal(&t, &account, n + 1);
        all.spawn(async move {
            // Eight at once meet more often than a unit is begun again by itself.
            loop {
                let taken = bench
                    .write(async |tx| {
                        let account = &one.what.account_id;
                        tx.customers().turn(account).await?;
                        let before = tx.customers().suspended_for(account).await?;
                        tokio::task::yield_now().await;
                        tx.customers().suspend(&one, at(n)).await?;
                        Ok(before.is_empty())
                    })
                    .await;
                if !matches!(taken, Err(StoreError::Conflict)) {
                    break taken.unwrap();
                }
            }
        });
    }
    let first = all.join_all().await.into_iter().filter(|first| *first);
    assert_eq!(first.count(), 1);
    let mut view = t.view().await;
    let kept = view.accounts().find(&account).await.unwrap().unwrap();
    assert_eq!(kept.version, 1, "a turn fights with no merge");
    drop(view);
    other.store.close().await.unwrap();
}

async fn doubt(t: &Bench, cause: &str) -> CaseId {
    let case = Case {
        case_id: t.id(),
        kind: CaseKind::BillFlagged,
        cause: cause.into(),
        subject: "b".into(),
        facts: "{}".into(),
        opened_at: at(0),
        trace_id: "trace".into(),
        closed_at: None,
    };
    t.write(async |tx| tx.cases().open(&case).await)
        .await
        .unwrap();
    case.case_id
}

async fn a_home_is_held_for_one_case_until_it_lets_go(t: Bench) {
    let (first, second) = (doubt(&t, "bill:1").await, doubt(&t, "bill:2").await);
    let (home, other) = (number(HOME), number("1504010020025"));
    let hold = async |home, case| {
        t.write(async |tx| tx.billing().hold(home, case, at(1)).await)
            .await
            .unwrap()
    };
    let let_go = async |case| {
        t.write(async |tx| tx.billing().let_go(case).await)
            .await
            .unwrap()
    };
    let held = async |home| t.view().await.billing().is_held(home).await.unwrap();
    assert!(!held(&home).await);
    assert!(hold(&home, &first).await && !hold(&home, &second).await);
    assert!(hold(&other, &second).await);
    assert!(held(&home).await && held(&other).await);
    assert!(let_go(&first).await && !let_go(&first).await);
    assert!(!held(&home).await && held(&other).await);
    for (_, row) in t.dump().await {
        assert!(!row.contains(HOME), "a number stands in clear");
    }
}

async fn dropped_unit_closes_nothing(t: Bench) {
    let account = person(&t, "a").await;
    let one = proposal(&t, &account, 1);
    t.write_and_drop(async |tx| {
        tx.channels().close(&closing(12)).await?;
        tx.customers().suspend(&one, at(1)).await
    })
    .await;
    let mut view = t.view().await;
    assert!(view.channels().closings().await.unwrap().is_empty());
    assert!(view.customers().suspended().await.unwrap().is_empty());
}
