//! Customers at the console (EC-19): found by what is whole, masked, within the scope, and one thing
//! in clear for a reason, so often a day and no more.

use lifeline_core::accounts::account::{Account, CertifiedBy, ProviderId, RealName, VerifiedPhone};
use lifeline_core::bindings::binding::{Binding, Signboard};
use lifeline_core::bindings::ports::Holding;
use lifeline_core::bindings::role::Role as HomeRole;
use lifeline_core::cases::CaseKind;
use lifeline_core::customers::unmasking::PER_STAFF_DAY_MAX;
use lifeline_core::operators::{Role, Scope};
use lifeline_core::shared::ids::{AccountId, BindingId, Maker};
use lifeline_core::shared::personal::{ConsumerNo, IdNo, PersonName, Phone};
use lifeline_core::shared::time::Day;
use lifeline_core::store::{StoreError, Tx, atomically};

use crate::office::{Desk, Office, Shown};
use crate::opened::opened;

const NAME: &str = "李小明";
const ID_NO: &str = "150499199001010014";
const PHONE: &str = "19000000001";
pub(crate) const HOME: &str = "1504010020017";

/// A person with one home in region 1504.
pub(crate) async fn household(office: &Office) -> (AccountId, BindingId) {
    let entropy = office.entropy();
    let maker = Maker {
        clock: &*office.clock,
        entropy: &*entropy,
    };
    let account = Account {
        account_id: maker.id(),
        app_id: "2021000000000001".into(),
        open_id: ProviderId::parse("open-1"),
        user_id: None,
        real_name: Some(RealName {
            name: PersonName::parse(NAME).unwrap(),
            id_no: IdNo::parse(ID_NO).unwrap(),
            certified_by: CertifiedBy::Face,
            certified_at: maker.now(),
        }),
        phone: Some(VerifiedPhone {
            number: Phone::parse(PHONE).unwrap(),
            verified_at: maker.now(),
            chosen: true,
        }),
        merged: None,
        created_at: maker.now(),
        version: 1,
    };
    let link = Binding {
        binding_id: maker.id(),
        account_id: account.account_id.clone(),
        consumer_no: ConsumerNo::parse(HOME).unwrap(),
        role: HomeRole::Holder,
        shown: true,
        grant_id: None,
        holder_version: 1,
        frozen: false,
        signboard: Signboard {
            consumer_no_masked: "*********0017".into(),
            holder_masked: "李*明".into(),
            address_masked: "示例路***".into(),
        },
        label: None,
        created_at: maker.now(),
        version: 1,
    };
    let (account, link, now) = (&account, &link, maker.now());
    atomically(&*office.store, async |tx: &mut Tx| {
        tx.accounts().add(account).await?;
        let holder = Holding {
            version: 1,
            since: None,
        };
        let (home, today) = (&link.consumer_no, Day::of(now));
        tx.bindings().touch_home(home, holder, today, now).await?;
        let id_no = IdNo::parse(ID_NO).unwrap();
        tx.bindings().add(link, Some(&id_no)).await?;
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    (account.account_id.clone(), link.binding_id.clone())
}

async fn find(office: &Office, desk: &Desk, cookie: &str, asked: &str) -> Shown {
    let mark = office.mark(desk, cookie).await;
    let form = [("mark", mark.as_str()), ("asked", asked)];
    desk.post("/console/customers", cookie, &form).await
}

async fn unmask(
    office: &Office,
    desk: &Desk,
    cookie: &str,
    id: &AccountId,
    form: [&str; 3],
) -> Shown {
    let mark = office.mark(desk, cookie).await;
    let [field, reason, code] = form;
    let form = [
        ("mark", mark.as_str()),
        ("field", field),
        ("reason", reason),
        ("code", code),
    ];
    desk.post(&format!("/console/customers/{id}/unmasking"), cookie, &form)
        .await
}

/// A code of somebody's phone that was not used yet.
fn fresh_code(office: &Office, login: &str) -> String {
    office.pass(60);
    office.code(&office.given(login))
}

fn tells_nothing(text: &str) {
    for clear in [NAME, ID_NO, PHONE, HOME] {
        assert!(!text.contains(clear), "{clear} stands in clear");
    }
}

#[actix_web::test]
async fn ec_19_a_customer_is_found_by_what_is_whole_and_shown_masked() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    for asked in [PHONE, ID_NO, HOME, id.as_str(), " 190 0000 0001 "] {
        let shown = find(&office, &desk, &support, asked).await;
        assert_eq!(shown.status, 200, "{asked}");
        assert!(shown.text.contains("李*明") && shown.text.contains(id.as_str()));
        tells_nothing(&shown.text);
    }
    for asked in ["19000000002", "1504010020024", "150499198506150026"] {
        let shown = find(&office, &desk, &support, asked).await;
        assert!(!shown.text.contains(id.as_str()), "{asked}");
    }
    for asked in ["", "1900", "李小明", "' OR '1'='1"] {
        let shown = find(&office, &desk, &support, asked).await;
        assert_eq!(shown.status, 422, "{asked}");
    }
    let listed = desk.get("/console/customers", &support).await;
    assert!(listed.text.contains(id.as_str()));
    tells_nothing(&listed.text);
    let card = desk
        .get(&format!("/console/customers/{id}"), &support)
        .await;
    assert_eq!(card.status, 200);
    for masked in [
        "李*明",
        "190****0001",
        "150***********0014",
        "*********0017",
        "示例路***",
    ] {
        assert!(card.text.contains(masked), "{masked}: {}", card.text);
    }
    tells_nothing(&card.text);
    assert_eq!(office.audited("customers.open"), ["ok"]);
    let found = office.audited("customers.find");
    assert_eq!(found.iter().filter(|one| *one == "found").count(), 5);
    assert_eq!(found.iter().filter(|one| *one == "none").count(), 3);
}

/// An account that somebody's took over, with one order of its own.
async fn taken_over(office: &Office, into: &AccountId) -> (AccountId, String) {
    let entropy = office.entropy();
    let maker = Maker {
        clock: &*office.clock,
        entropy: &*entropy,
    };
    let account = Account {
        account_id: maker.id(),
        app_id: "2021000000000001".into(),
        open_id: ProviderId::parse("open-2"),
        user_id: None,
        real_name: None,
        phone: None,
        merged: None,
        created_at: maker.now(),
        version: 1,
    };
    let (account, payment, home) = (&account, maker.uuid(), maker.uuid());
    atomically(&*office.store, async |tx: &mut Tx| {
        tx.accounts().add(account).await?;
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    let (from, now) = (&account.account_id, maker.now().micros());
    office.raw(&format!(
        "PRAGMA foreign_keys = OFF;
         UPDATE account SET merged_into = '{into}', merged_at = {now} WHERE account_id = '{from}';
         INSERT INTO payment (payment_id, account_id, binding_id, session_id, purpose, via, state, version, lease_epoch, \
         out_trade_no, amount_fen, subject, shares, sends, answers, trade_no, created_at, expire_at, paid_at, paid_fen, \
         refund_reserved_fen, refunded_fen, suspense_fen, foreign_fen, foreign_used_fen, has_lock, frozen, watched, entered_at, \
         turns, next_at, wake_at, trace_id) VALUES ('{payment}', '{from}', '{home}', 's', 'arrears', 'h5', 'SUSPENSE', 1, 0, \
         'L0y', 12840, '', '', 1, 1, 't', {now}, {now}, {now}, 12840, 0, 0, 12840, 0, 0, 0, 0, 1, {now}, 1, {now}, {now}, '{trace}');",
        trace = "ab".repeat(16),
    ));
    (from.clone(), payment)
}

#[actix_web::test]
async fn ec_19_cases_of_payments_and_of_an_account_that_was_taken_over_are_the_persons() {
    let office = Office::new().await;
    let (id, link) = household(&office).await;
    let (from, payment) = taken_over(&office, &id).await;
    let mut cases = Vec::new();
    for subject in [id.as_str(), from.as_str(), link.as_str(), &payment, "x"] {
        office.pass(1);
        cases.push(opened(&office, CaseKind::Contradiction, subject, "{}").await);
    }
    let desk = office.desk().await;
    let of_1504 = Scope::parse("1504").unwrap();
    office.hire("of-1504", Role::Support, of_1504).await;
    // The payment's home is in no region: it is told to who sees all of them.
    for (who, seen) in [("support", &[3, 2, 1, 0][..]), ("of-1504", &[2, 1, 0][..])] {
        let cookie = office.enter(&desk, who).await;
        let card = desk.get(&format!("/console/customers/{id}"), &cookie).await;
        let links = card.text.split("href=\"/console/cases/").skip(1);
        let shown: Vec<&str> = links.filter_map(|at| at.split('"').next()).collect();
        let wanted: Vec<&str> = seen
            .iter()
            .map(|nth: &usize| cases[*nth].as_str())
            .collect();
        assert_eq!(shown, wanted, "{who}");
    }
}

#[actix_web::test]
async fn ec_19_one_thing_is_seen_in_clear_for_a_reason_and_a_code() {
    let office = Office::new().await;
    let (id, link) = household(&office).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let number = format!("consumer_no:{link}");
    for (field, clear) in [
        ("name", NAME),
        ("id_no", ID_NO),
        ("phone", PHONE),
        (number.as_str(), HOME),
    ] {
        let code = fresh_code(&office, "support");
        let form = [field, "called about an outage", code.as_str()];
        let shown = unmask(&office, &desk, &support, &id, form).await;
        assert_eq!(shown.status, 200, "{field}: {}", shown.text);
        assert!(shown.text.contains(clear), "{field}");
        let kept = shown.headers.get("cache-control").unwrap();
        assert_eq!(kept, "no-store");
        let away = shown.headers.get("refresh").unwrap();
        let back = format!("60; url=/console/customers/{id}");
        assert_eq!(away.to_str().unwrap(), back, "a minute, then masked again");
        // The same code shows nothing more.
        let again = unmask(&office, &desk, &support, &id, form).await;
        assert_eq!(again.status, 409, "{field}");
        tells_nothing(&again.text);
    }
    let kept = office.audited("customers.unmask");
    for word in ["name", "id_no", "phone", "consumer_no"] {
        assert_eq!(
            kept.iter().filter(|one| *one == word).count(),
            1,
            "{kept:?}"
        );
    }
    let card = desk
        .get(&format!("/console/customers/{id}"), &support)
        .await;
    assert!(card.text.contains("called about an outage"));
    tells_nothing(&card.text);
}

#[actix_web::test]
async fn ec_19_without_reason_code_right_or_scope_nothing_is_seen() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    let code = fresh_code(&office, "support");
    for (form, status) in [
        (["phone", "abc", code.as_str()], 422),
        (["phone", "a good reason", "000000"], 409),
        (["password", "a good reason", code.as_str()], 422),
        (["consumer_no:x", "a good reason", code.as_str()], 404),
    ] {
        let shown = unmask(&office, &desk, &support, &id, form).await;
        assert_eq!(shown.status.as_u16(), status, "{form:?}");
        tells_nothing(&shown.text);
    }
    assert!(
        office
            .audited("customers.unmask")
            .contains(&"wrong_code".to_owned())
    );
    for role in ["reviewer", "auditor", "finance", "admin"] {
        let cookie = office.enter(&desk, role).await;
        let code = fresh_code(&office, role);
        let form = ["phone", "a good reason", code.as_str()];
        let shown = unmask(&office, &desk, &cookie, &id, form).await;
        assert_eq!(shown.status, 403, "{role}");
    }
    let elsewhere = Scope::parse("1505").unwrap();
    office.hire("north", Role::Support, elsewhere).await;
    let north = office.enter(&desk, "north").await;
    let code = fresh_code(&office, "north");
    let form = ["phone", "a good reason", code.as_str()];
    assert_eq!(unmask(&office, &desk, &north, &id, form).await.status, 403);
    let card = desk.get(&format!("/console/customers/{id}"), &north).await;
    assert_eq!(card.status, 403);
    let found = find(&office, &desk, &north, PHONE).await;
    assert!(!found.text.contains(id.as_str()));
    let listed = desk.get("/console/customers", &north).await;
    assert!(!listed.text.contains(id.as_str()));
    let here = Scope::parse("1504").unwrap();
    office.hire("south", Role::Support, here).await;
    let south = office.enter(&desk, "south").await;
    let card = desk.get(&format!("/console/customers/{id}"), &south).await;
    assert_eq!(card.status, 200);
    assert_eq!(office.counted("SELECT COUNT(*) FROM unmasking"), 0);
}

#[actix_web::test]
async fn ec_19_so_many_a_day_are_seen_and_no_more() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    let desk = office.desk().await;
    // From the beginning of a day of Shanghai, so that the day does not end on the way.
    let of_day =
        86_400 - lifeline_core::shared::time::Clock::now(&*office.clock).shanghai_second_of_day();
    office.pass(of_day);
    let support = office.enter(&desk, "support").await;
    for n in 1..=PER_STAFF_DAY_MAX {
        let code = fresh_code(&office, "support");
        let form = ["phone", "called about an outage", code.as_str()];
        let shown = unmask(&office, &desk, &support, &id, form).await;
        assert_eq!(shown.status, 200, "{n}");
    }
    let code = fresh_code(&office, "support");
    let form = ["phone", "called about an outage", code.as_str()];
    let shown = unmask(&office, &desk, &support, &id, form).await;
    assert_eq!(shown.status, 409);
    tells_nothing(&shown.text);
    assert!(
        office
            .audited("customers.unmask")
            .contains(&"too_many".to_owned())
    );
    let kept = office.counted("SELECT COUNT(*) FROM unmasking");
    assert_eq!(kept, PER_STAFF_DAY_MAX);
    // Another day begins with none.
    office.pass(86_400);
    let support = office.enter(&desk, "support").await;
    let code = fresh_code(&office, "support");
    let form = ["phone", "called about an outage", code.as_str()];
    assert_eq!(
        unmask(&office, &desk, &support, &id, form).await.status,
        200
    );
}
