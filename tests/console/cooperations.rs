//! The end of a cooperation by the utility (PV-11): one person wants it and says why, another lets it happen, and
//! only then keys, number and table are gone.

use std::sync::Arc;

use lifeline_adapters::passwords::{Argon2id, Cost};
use lifeline_adapters::sql::Engine;
use lifeline_adapters::vault::{SoftwareWrapping, WrappedVault};
use lifeline_core::accounts::codes::Budget;
use lifeline_core::cases::CaseKind;
use lifeline_core::operators::{Role, Scope};
use lifeline_core::settlement::MonthRows;
use lifeline_core::settlement::accounts::{
    FeedIn, Generation, GenerationAccount, GenerationPorts, GenerationState, Identity,
    PersonalTable,
};
use lifeline_core::settlement::ids::{GenerationAccountId, GenerationNo, TradingAccount};
use lifeline_core::shared::ids::Maker;
use lifeline_core::shared::personal::{IdNo, PersonName};
use lifeline_core::store::{StoreError, Tx, atomically};
use lifeline_tests::Silence;

use crate::customers::household;
use crate::movement::post;
use crate::office::{Desk, Office};
use crate::opened::opened;

const AT: &str = "/console/cooperations";
pub(crate) const NUMBER: &str = "1504990020061";

/// A hash that costs little: none is made here.
const CHEAP: Cost = Cost {
    memory_kib: 8,
    passes: 1,
};

/// Sellers of power, with a reserve that answers nothing.
pub(crate) fn generation(office: &Office) -> Generation {
    let wrapping = SoftwareWrapping::new(Arc::clone(&office.store));
    let hashing = Argon2id::new(CHEAP, 1, office.entropy()).unwrap();
    Generation::new(GenerationPorts {
        store: Arc::<Engine>::clone(&office.store),
        clock: office.clock.clone(),
        entropy: office.entropy(),
        grid: Arc::new(Silence),
        vault: Arc::new(WrappedVault::new(Arc::new(wrapping))),
        passwords: Arc::new(hashing),
        code_budget: Budget::USUAL,
        rows: vec![Arc::new(MonthRows::default())],
    })
}

/// The person of the home sells power, and their table is open.
pub(crate) async fn seller(office: &Office) -> GenerationAccountId {
    let (account_id, _) = household(office).await;
    let entropy = office.entropy();
    let maker = Maker {
        clock: &*office.clock,
        entropy: &*entropy,
    };
    let now = maker.now();
    let account = GenerationAccount {
        generation_account_id: maker.id(),
        account_id,
        generation_no: Some(GenerationNo::parse(NUMBER).unwrap()),
        feed_in: FeedIn::Surplus,
        settlement_day: 28,
        contract_version: 1,
        state: GenerationState::Permitted,
        termination_asked_at: None,
        created_at: now,
        next_at: Some(now),
        ended_at: None,
        version: 1,
    };
    let table = PersonalTable {
        table_id: maker.id(),
        generation_account_id: account.generation_account_id.clone(),
        permission_id: maker.id(),
        identity: Identity {
            name: PersonName::parse("李小明").unwrap(),
            id_no: IdNo::parse("150499199001010014").unwrap(),
            trading_account: TradingAccount::parse("6217000000000000005").unwrap(),
        },
        payee_since: now,
        payee_phone: None,
        opened_at: now,
        version: 1,
    };
    let (account, table) = (&account, &table);
    atomically(&*office.store, async |tx: &mut Tx| {
        tx.generation().add(account).await?;
        tx.generation().open_table(table).await?;
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    account.generation_account_id.clone()
}

/// What came of it: the status, and the case it leads to.
async fn want(office: &Office, desk: &Desk, who: &str, form: [&str; 2]) -> (u16, String) {
    let [number, reason] = form;
    let form = [("generation_no", number), ("reason", reason)];
    let shown = post(office, desk, who, AT, &form).await;
    let to = shown.goes_to().split('?').next().unwrap_or_default();
    (shown.status.as_u16(), to.to_owned())
}

fn live(office: &Office) -> i64 {
    office.counted("SELECT COUNT(*) FROM generation_account WHERE state = 'permitted'")
}

const WHY: &str = "contract ended by both sides";

#[actix_web::test]
async fn pv_11_staff_end_a_cooperation_by_two_persons() {
    let office = Office::new().await;
    let id = seller(&office).await;
    let desk = office.desk().await;
    let finance = office.enter(&desk, "finance").await;
    let (status, case) = want(&office, &desk, &finance, [NUMBER, WHY]).await;
    assert_eq!(status, 303);
    assert_eq!(office.audited("generation.end_wanted"), ["ok"]);
    let list = desk.get(AT, &finance).await.text;
    assert!(list.contains(id.as_str()) && list.contains(&case));
    assert!(!list.contains(NUMBER), "no page shows whose number it was");
    let page = desk.get(&case, &finance).await.text;
    assert!(page.contains(WHY) && page.contains("终止合作并删除"));
    let approval = format!("{case}/approval");
    let own = post(&office, &desk, &finance, &approval, &[]).await;
    assert_eq!((own.status.as_u16(), live(&office)), (409, 1));
    let support = office.enter(&desk, "support").await;
    let not_theirs = post(&office, &desk, &support, &approval, &[]).await;
    assert_eq!((not_theirs.status.as_u16(), live(&office)), (403, 1));
    let reviewer = office.enter(&desk, "reviewer").await;
    let agreed = post(&office, &desk, &reviewer, &approval, &[]).await;
    assert!(agreed.goes_to().ends_with("said=said.carried_out"));
    assert_eq!(live(&office), 0);
    for left in [
        "SELECT COUNT(*) FROM generation_account WHERE generation_no IS NOT NULL",
        "SELECT COUNT(*) FROM personal_table WHERE identity IS NOT NULL",
        "SELECT COUNT(*) FROM case_file WHERE closed_at IS NULL",
    ] {
        assert_eq!(office.counted(left), 0, "{left}");
    }
    assert_eq!(office.audited("generation.ended"), ["ok"]);
    let (again, _) = want(&office, &desk, &finance, [NUMBER, WHY]).await;
    assert_eq!(again, 404, "nobody sells under this number any more");
}

#[actix_web::test]
async fn pv_11_a_refusal_leaves_the_cooperation_as_it_is() {
    let office = Office::new().await;
    seller(&office).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let long = "x".repeat(501);
    for (number, reason, status) in [
        ("150499002006", WHY, 422),
        ("1504990020061x", WHY, 422),
        (NUMBER, "abc", 422),
        (NUMBER, long.as_str(), 422),
        ("1504990020079", WHY, 404),
        (NUMBER, &long[..500], 303),
        (NUMBER, "a second one", 409),
    ] {
        let (said, _) = want(&office, &desk, &support, [number, reason]).await;
        assert_eq!(said, status, "{number} {}", reason.len());
    }
    for role in ["auditor", "admin", "publisher"] {
        let other = office.enter(&desk, role).await;
        let (said, _) = want(&office, &desk, &other, [NUMBER, WHY]).await;
        assert_eq!(said, 403, "{role}");
    }
    let reviewer = office.enter(&desk, "reviewer").await;
    let list = desk.get(AT, &reviewer).await.text;
    assert!(
        !list.contains("name=\"generation_no\""),
        "nothing to propose"
    );
    let at = list.split("href=\"/console/cases/").nth(1).unwrap();
    let case = at.split('"').next().unwrap();
    let refusal = format!("/console/cases/{case}/refusal");
    let refused = post(&office, &desk, &reviewer, &refusal, &[]).await;
    assert_eq!((refused.status.as_u16(), live(&office)), (303, 1));
    let (said, to) = want(&office, &desk, &support, [NUMBER, WHY]).await;
    assert_eq!(said, 303, "after a refusal it may be proposed again");
    assert!(to.ends_with(case), "the case that waits");
}

#[actix_web::test]
async fn pv_11_what_the_owner_asked_for_is_the_case_that_is_decided() {
    let office = Office::new().await;
    let id = seller(&office).await;
    let asked = opened(&office, CaseKind::TerminationAsked, id.as_str(), "{}").await;
    let desk = office.desk().await;
    let far = office.hire("far", Role::Support, Scope::parse("1509").unwrap());
    far.await;
    let elsewhere = office.enter(&desk, "far").await;
    let (said, _) = want(&office, &desk, &elsewhere, [NUMBER, WHY]).await;
    assert_eq!(said, 403, "another region's");
    let support = office.enter(&desk, "support").await;
    let (said, to) = want(&office, &desk, &support, [NUMBER, WHY]).await;
    assert_eq!((said, to), (303, format!("/console/cases/{asked}")));
    assert_eq!(office.audited("generation.end_wanted"), ["forbidden"]);
}
