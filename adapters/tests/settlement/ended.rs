//! The utility's word that a cooperation is over holds while marketing goes on showing its contract (PV-11, PV-13).

use std::sync::atomic::Ordering;

use lifeline_core::accounts::account::CertifiedBy;
use lifeline_core::accounts::{Actor, Caller, RealName};
use lifeline_core::evidence::Act;
use lifeline_core::notices::{Kind, Notice, OwnData, SoldMonth, Told};
use lifeline_core::settlement::Feedback;
use lifeline_core::settlement::accounts::{GenerationError, GenerationState, Registration};
use lifeline_core::settlement::ids::GenerationAccountId;
use lifeline_core::shared::ids::Maker;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::{Address, IdNo, PersonName};
use lifeline_core::shared::time::{Clock as _, Time};
use lifeline_core::store::snapshot;

use crate::checking::answer;
use crate::keys::{Roof, typed};
use crate::store::Place;
use crate::stories;
use crate::world::{app, rules};

stories! {
    pv_13_what_staff_ended_is_registered_again_only_under_a_renewed_contract;
    pv_11_an_end_that_waited_for_a_payout_holds_as_well;
    pv_11_a_month_that_is_not_settled_yet_is_settled_and_paid_before_the_end;
    pv_11_a_month_that_is_over_has_days_to_be_collected_before_the_end;
    pv_11_what_was_told_and_proven_of_a_table_goes_with_it;
    pv_13_months_from_before_the_end_stay_gone_when_the_account_wakes;
    who_gives_way_to_another_may_register_again;
    pv_03_nobodys_tries_keep_an_owner_from_registering;
}

const NUMBER: &str = "1504990000777";

/// Somebody else, who knows as well where the generator stands.
async fn neighbour(roof: &Roof) -> Caller {
    person(roof, 2).await
}

pub(crate) async fn person(roof: &Roof, nth: usize) -> Caller {
    let make = Maker {
        clock: &roof.outside,
        entropy: &roof.outside,
    };
    let seller = roof.place.seller(&roof.outside, nth).await;
    Caller {
        account_id: seller.owner,
        session_id: make.id(),
        family_id: make.id(),
        ..roof.caller.clone()
    }
}

pub(crate) async fn end(roof: &Roof, id: &GenerationAccountId) -> GenerationState {
    let staff = Actor {
        name: "staff:reviewer".to_owned(),
        source: String::new(),
        trace_id: "t".repeat(32),
    };
    roof.generation.end(id, &staff).await.unwrap()
}

async fn tries(
    roof: &Roof,
    caller: &Caller,
    number: &str,
) -> Result<GenerationAccountId, GenerationError> {
    let typed = typed(number);
    let made = roof.generation.register(caller, &typed, None).await;
    made.map(|account| account.generation_account_id)
}

async fn ends(roof: &Roof) -> i64 {
    let kept = "SELECT COUNT(*) FROM generation_end";
    roof.place.number(kept).await
}

async fn pv_13_what_staff_ended_is_registered_again_only_under_a_renewed_contract(place: Place) {
    let roof = Roof::over(place).await;
    let older = roof.registers("1504990000785").await;
    assert_eq!(end(&roof, &older).await, GenerationState::Terminated);
    roof.grid.0.store(2, Ordering::SeqCst);
    let first = roof.registers(NUMBER).await;
    assert_eq!(end(&roof, &first).await, GenerationState::Terminated);
    assert_eq!(ends(&roof).await, 2);
    let neighbour = neighbour(&roof).await;
    for caller in [&roof.caller, &neighbour] {
        let again = tries(&roof, caller, NUMBER).await;
        assert!(
            matches!(again, Err(GenerationError::NotConfirmed)),
            "marketing still shows the contract: {again:?}"
        );
    }
    let typed = typed(NUMBER);
    let woken = roof.generation.activate(&roof.caller, &older, &typed).await;
    assert!(
        matches!(woken, Err(GenerationError::NotConfirmed)),
        "an account that ended under an earlier contract is no way round: {woken:?}"
    );

    roof.grid.0.store(3, Ordering::SeqCst);
    let anew = tries(&roof, &neighbour, NUMBER).await.unwrap();
    assert_eq!(roof.account(&anew).await.contract_version, 3);
    assert_eq!(
        ends(&roof).await,
        1,
        "nothing is kept of an end that is over"
    );
    assert_eq!(end(&roof, &anew).await, GenerationState::Terminated);
    let again = tries(&roof, &roof.caller, NUMBER).await;
    assert!(
        matches!(again, Err(GenerationError::NotConfirmed)),
        "of the renewed contract too: {again:?}"
    );
    roof.grid.0.store(4, Ordering::SeqCst);
    let woken = roof.generation.activate(&roof.caller, &first, &typed).await;
    assert_eq!(woken.unwrap().state, GenerationState::Keyless);
    assert_eq!(ends(&roof).await, 1);
}

async fn pv_11_an_end_that_waited_for_a_payout_holds_as_well(place: Place) {
    let roof = Roof::over(place).await;
    let (seller, app) = (&roof.seller, app(&roof.place, &roof.outside, rules()));
    roof.outside.reads(seller, "10");
    app.collect_all().await.unwrap();
    app.watch().await.unwrap();
    answer(&app, &roof.place, seller, Feedback::Confirm)
        .await
        .unwrap();
    assert_eq!(
        end(&roof, &seller.account).await,
        GenerationState::Terminating
    );
    assert_eq!(ends(&roof).await, 0, "it still has its number");
    app.sweep_trades().await.unwrap();
    assert_eq!(
        end(&roof, &seller.account).await,
        GenerationState::Terminated
    );
    let again = tries(&roof, &roof.caller, &seller.number).await;
    assert!(
        matches!(again, Err(GenerationError::NotConfirmed)),
        "{again:?}"
    );
}

async fn pv_11_a_month_that_is_not_settled_yet_is_settled_and_paid_before_the_end(place: Place) {
    let roof = Roof::over(place).await;
    let (seller, app) = (&roof.seller, app(&roof.place, &roof.outside, rules()));
    let ends = async || end(&roof, &seller.account).await;
    roof.outside.reads(seller, "10");
    app.collect_all().await.unwrap();
    assert_eq!(ends().await, GenerationState::Terminating);
    app.watch().await.unwrap();
    assert_eq!(ends().await, GenerationState::Terminating, "not checked");
    answer(&app, &roof.place, seller, Feedback::Confirm)
        .await
        .unwrap();
    app.sweep_trades().await.unwrap();
    assert_eq!(ends().await, GenerationState::Terminated);
    assert_eq!(roof.outside.paid(), Fen::new(12_400));
}

async fn pv_13_months_from_before_the_end_stay_gone_when_the_account_wakes(place: Place) {
    let roof = Roof::over(place).await;
    let (seller, app) = (&roof.seller, app(&roof.place, &roof.outside, rules()));
    let shown = async || {
        let page = app.tasks(&seller.owner, &Page::widest()).await;
        page.unwrap().items.len()
    };
    roof.outside.reads(seller, "10");
    app.collect_all().await.unwrap();
    app.watch().await.unwrap();
    answer(&app, &roof.place, seller, Feedback::Confirm)
        .await
        .unwrap();
    app.sweep_trades().await.unwrap();
    let before = roof.place.newest_task(seller).await.check_task_id;
    assert_eq!(shown().await, 1);
    let ended = end(&roof, &seller.account).await;
    assert_eq!(ended, GenerationState::Terminated);
    assert_eq!(shown().await, 0);
    roof.grid.0.store(2, Ordering::SeqCst);
    let typed = typed(&seller.number);
    let woken = roof
        .generation
        .activate(&roof.caller, &seller.account, &typed);
    assert_eq!(woken.await.unwrap().state, GenerationState::Keyless);
    assert_eq!(shown().await, 0, "its table was erased");
    assert!(app.own_task(&seller.owner, &before).await.is_err());
    // The books keep what was paid.
    let paid = roof.place.trade_of(&before).await.unwrap().paid;
    assert_eq!(paid, Some(Fen::new(12_400)));
}

async fn notices(roof: &Roof) -> Vec<Kind> {
    let mut view = snapshot(&*roof.place.store).await.unwrap();
    let owner = &roof.seller.owner;
    let told = view.notices().list(owner, &Page::widest()).await.unwrap();
    told.iter().map(|notice| notice.told.kind()).collect()
}

/// How many acts about a table can still be opened.
pub(crate) async fn salts(place: &Place, table: &str) -> i64 {
    let query = format!(
        "SELECT COUNT(*) FROM evidence_salt s JOIN evidence_entry e ON e.entry_id = s.entry_id \
         WHERE e.body LIKE '%\"{table}\"%'"
    );
    place.number(&query).await
}

/// Month and sum are in its notices, the card in its evidence (docs/adr/0007, 0017).
async fn pv_11_what_was_told_and_proven_of_a_table_goes_with_it(place: Place) {
    let roof = Roof::over(place).await;
    let (seller, app) = (&roof.seller, app(&roof.place, &roof.outside, rules()));
    roof.outside.reads(seller, "10");
    app.collect_all().await.unwrap();
    app.watch().await.unwrap();
    answer(&app, &roof.place, seller, Feedback::Confirm)
        .await
        .unwrap();
    app.sweep_trades().await.unwrap();
    let (task, now) = (roof.place.newest_task(seller).await, roof.outside.now());
    let make = Maker {
        clock: &roof.outside,
        entropy: &roof.outside,
    };
    let sold = SoldMonth {
        check_task_id: task.check_task_id.to_string(),
        period: task.period.clone(),
        amount_fen: task.net,
        happened_at: now,
        due_at: None,
    };
    let own = OwnData {
        happened_at: now,
        due_at: None,
    };
    let notice = |told| Notice {
        notice_id: make.id(),
        account_id: seller.owner.clone(),
        event_id: make.id(),
        told,
        payment_id: None,
        created_at: now,
        read_at: None,
        texted_at: None,
    };
    let told = [
        notice(Told::CheckTask(sold.clone())),
        notice(Told::PaidOut(sold.clone())),
        notice(Told::PayeeChanged(own)),
    ];
    let late = notice(Told::PayoutReturned(sold));
    let (table, another) = (seller.table.as_str(), roof.caller.session_id.as_str());
    let proof = |table: &str, salt| {
        let act = Act::new()
            .say("account_id", seller.owner.as_str())
            .say("table_id", table)
            .seal("trading_account", "6217000000000001");
        let kind = "generation.permitted";
        act.into_entry(make.id(), kind, now, now, salt).unwrap()
    };
    let proofs = [proof(table, [1; 16]), proof(another, [2; 16])];
    roof.place
        .write(async |tx| {
            for one in &told {
                assert!(tx.notices().add(one).await?);
            }
            tx.evidence().append_all(&proofs).await
        })
        .await;
    assert_eq!(notices(&roof).await.len(), 3);
    assert_eq!(salts(&roof.place, table).await, 1);
    let ended = end(&roof, &seller.account).await;
    assert_eq!(ended, GenerationState::Terminated);
    assert_eq!(notices(&roof).await, [Kind::PayeeChanged]);
    assert_eq!(
        (
            salts(&roof.place, table).await,
            salts(&roof.place, another).await
        ),
        (0, 1),
        "what was proven of another table is not this one's"
    );
    let kept = "SELECT COUNT(*) FROM evidence_entry WHERE kind = 'generation.permitted'";
    assert_eq!(roof.place.number(kept).await, 2, "the proof itself stays");
    let is_told = roof
        .place
        .write(async |tx| tx.notices().add(&late).await)
        .await;
    assert!(!is_told, "nor is anything of it told later");
}

/// November may still be read on the first days of December; what is not there by the fourth does not come.
async fn pv_11_a_month_that_is_over_has_days_to_be_collected_before_the_end(place: Place) {
    let roof = Roof::over(place).await;
    let (seller, app) = (&roof.seller, app(&roof.place, &roof.outside, rules()));
    let ends = async || end(&roof, &seller.account).await;
    let over = Time::parse_rfc3339("2026-12-01T00:00:00+08:00").unwrap();
    let until = |seconds| over.plus_seconds(seconds).seconds_since(roof.outside.now());
    roof.outside.advance(until(3_600));
    assert_eq!(app.collect_all().await.unwrap(), 0);
    assert_eq!(ends().await, GenerationState::Terminating);
    roof.outside.advance(until(3 * 86_400 - 1));
    assert_eq!(ends().await, GenerationState::Terminating);
    roof.outside.advance(1);
    assert_eq!(ends().await, GenerationState::Terminated);
}

async fn who_gives_way_to_another_may_register_again(place: Place) {
    let roof = Roof::over(place).await;
    let first = roof.registers(NUMBER).await;
    let neighbour = neighbour(&roof).await;
    tries(&roof, &neighbour, NUMBER).await.unwrap();
    assert_eq!(
        roof.account(&first).await.state,
        GenerationState::Terminated
    );
    assert_eq!(ends(&roof).await, 0, "no word of the utility's");
    tries(&roof, &roof.caller, NUMBER).await.unwrap();
}

/// A day's tries against one number, and of one account.
const OF_NUMBER: usize = 30;
const BY_ACCOUNT: usize = 10;

/// Whoever types a number without an end keeps nobody else out; many together do, but never the one whom the
/// reserve names.
async fn pv_03_nobodys_tries_keep_an_owner_from_registering(place: Place) {
    let roof = Roof::over(place).await;
    let guess = Registration {
        address: Address::from_store("别处 1 号".to_owned()),
        ..typed(NUMBER)
    };
    let guesses = async |caller: &Caller| roof.generation.register(caller, &guess, None).await;
    let neighbour = neighbour(&roof).await;
    for nth in 0..BY_ACCOUNT + OF_NUMBER {
        let told = guesses(&neighbour).await;
        let wanted = match &told {
            Err(GenerationError::NotConfirmed) => nth < BY_ACCOUNT,
            Err(GenerationError::TooOften { .. }) => nth >= BY_ACCOUNT,
            Ok(_) | Err(_) => false,
        };
        assert!(wanted, "{nth}: {told:?}");
    }
    let told = guesses(&roof.caller).await;
    assert!(
        matches!(told, Err(GenerationError::NotConfirmed)),
        "another is heard: {told:?}"
    );
    for nth in 3..6 {
        let one = person(&roof, nth).await;
        for _ in 0..BY_ACCOUNT {
            assert!(guesses(&one).await.is_err());
        }
    }
    let told = tries(&roof, &roof.caller, NUMBER).await;
    assert!(
        matches!(told, Err(GenerationError::TooOften { .. })),
        "the number's day is over: {told:?}"
    );
    let owner = &roof.caller.account_id;
    let certified = RealName {
        name: PersonName::parse("陈光").unwrap(),
        id_no: IdNo::parse("150499199001010014").unwrap(),
        certified_by: CertifiedBy::Face,
        certified_at: roof.outside.now(),
    };
    roof.place
        .write(async |tx| {
            let mut account = tx.accounts().find(owner).await?.unwrap();
            account.real_name = Some(certified.clone());
            tx.accounts().save(&account).await
        })
        .await;
    tries(&roof, &roof.caller, NUMBER).await.unwrap();
}
