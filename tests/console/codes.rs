//! What one person does alone takes a code of their phone (money.md 3.11): the acts of one table, no fewer and no more.

use std::collections::BTreeSet;
use std::path::Path;

use actix_web::http::{Method, StatusCode};
use lifeline_core::bans::{Bans, Reason, Target};
use lifeline_core::operators::step_up::ACTS;
use lifeline_core::operators::{Right, Role, Scope};
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::{Tx, atomically};
use lifeline_gateway::console::access::Access;
use lifeline_gateway::console::table;

use crate::customers::household;
use crate::forms::forms;
use crate::office::Office;

/// An address with a star for what differs.
fn starred(path: &str) -> String {
    let star = |part: &str| if part.starts_with('{') { "*" } else { part }.to_owned();
    path.split('/').map(star).collect::<Vec<_>>().join("/")
}

#[test]
fn m3_11_the_forms_that_ask_for_a_code_are_those_of_the_acts_that_take_one() {
    let table = table();
    for page in &table {
        // Who manages the staff gives rights and takes them: no such act is left out.
        let weighs = matches!(page.access, Access::May(Right::ManageStaff | Right::Unmask));
        if page.method == Method::POST && weighs {
            assert!(ACTS.contains(&page.act), "{}", page.path);
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gateway/templates/console");
    let mut asked = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for form in forms(&text).into_iter().filter(|form| form.posts) {
            let here = starred(&form.action);
            let found = table
                .iter()
                .find(|page| page.method == Method::POST && starred(page.path) == here);
            // Who signs in is nobody yet.
            let Some(page) = found.filter(|page| page.act != "operators.enter") else {
                continue;
            };
            let asks = form.fields.iter().any(|field| field.name == "code");
            assert_eq!(asks, ACTS.contains(&page.act), "{here}");
            if asks {
                asked.insert(page.act);
            }
        }
    }
    assert_eq!(asked, BTreeSet::from(ACTS), "a form for each");
}

/// An act as it is done: by whom, where, and what the form says beside the code.
struct Done {
    login: &'static str,
    path: String,
    form: &'static [(&'static str, &'static str)],
}

/// Makes ready what an act is about.
async fn done(office: &Office, act: &str) -> Done {
    let about = act.replace('.', "-");
    let by_admin = |path: String, form: &'static [(&'static str, &'static str)]| Done {
        login: "admin",
        path,
        form,
    };
    let standing = &[("role", "auditor"), ("scope", "*")];
    match act {
        "operators.add" => by_admin(
            "/console/staff".to_owned(),
            &[
                ("login", "somebody-new"),
                ("person", "P-17"),
                ("role", "support"),
                ("scope", "*"),
            ],
        ),
        "operators.reset" | "operators.change" | "operators.end" => {
            office.hire(&about, Role::Support, Scope::Everywhere).await;
            if act == "operators.reset" {
                office.hire("second", Role::Admin, Scope::Everywhere).await;
            }
            let what = act.trim_start_matches("operators.");
            let form = if what == "change" { &standing[..] } else { &[] };
            by_admin(format!("/console/staff/{about}/{what}"), form)
        }
        "operators.confirm" => {
            office.hire(&about, Role::Support, Scope::Everywhere).await;
            office.await_codes(&about);
            by_admin(format!("/console/staff/{about}/confirmation"), &[])
        }
        "bans.lift" => {
            let bans = Bans::new(office.store.clone(), office.clock.clone(), office.entropy());
            let target = Target::place("203.0.113.9").unwrap();
            let ban = bans.place(&target, Reason::Logins, "t").await.unwrap();
            let id = ban.unwrap().ban_id;
            by_admin(
                format!("/console/system/bans/{id}/lift"),
                &[("reason", "one school, one address")],
            )
        }
        "customers.unmask" => {
            let (id, _) = household(office).await;
            Done {
                login: "support",
                path: format!("/console/customers/{id}/unmasking"),
                form: &[("field", "phone"), ("reason", "calls about an outage")],
            }
        }
        "jobs.run_now" => {
            let later = office.clock.now().plus_seconds(86_400);
            atomically(&*office.store, async |tx: &mut Tx| {
                tx.jobs().ensure("jobs.retention", 86_400, later).await
            })
            .await
            .unwrap();
            by_admin("/console/system/jobs/jobs.retention/run".to_owned(), &[])
        }
        "limits.clear" => by_admin(
            "/console/system/limits/clear".to_owned(),
            &[("limit", "line account"), ("reason", "own_load")],
        ),
        other => unreachable!("tell here how {other} is done"),
    }
}

#[actix_web::test]
async fn m3_11_what_takes_a_code_is_refused_without_one_by_a_used_one_and_by_anothers() {
    let office = Office::new().await;
    let desk = office.desk().await;
    for act in ACTS {
        let Done { login, path, form } = done(&office, act).await;
        let cookie = office.enter(&desk, login).await;
        let mark = office.mark(&desk, &cookie).await;
        let post = async |code: Option<&str>| {
            let mut whole: Vec<(&str, &str)> = form.to_vec();
            whole.push(("mark", mark.as_str()));
            whole.extend(code.map(|code| ("code", code)));
            desk.post(&path, &cookie, &whole).await.status
        };
        let before = office.audited(act).len();
        assert_eq!(post(None).await, StatusCode::BAD_REQUEST, "{act}");
        // The one that was taken to sign in, and one of somebody else's phone.
        let used = office.code(&office.given(login));
        let others = office.code(&office.given("auditor"));
        for code in [&used, &others] {
            assert_eq!(
                post(Some(code.as_str())).await,
                StatusCode::CONFLICT,
                "{act}"
            );
        }
        let mut noted = office.audited(act).split_off(before);
        assert!(noted.contains(&"fault.step_up".to_owned()), "{act}");
        noted
            .retain(|said| !matches!(said.as_str(), "unreadable" | "fault.step_up" | "wrong_code"));
        assert!(noted.is_empty(), "{act} was done: {noted:?}");
        let fresh = office.fresh_code(login);
        let status = post(Some(fresh.as_str())).await;
        assert!(status == 200 || status == 303, "{act}: {status}");
        let again = post(Some(fresh.as_str())).await;
        assert_eq!(again, StatusCode::CONFLICT, "{act}");
    }
}

#[actix_web::test]
async fn m3_11_new_proofs_and_what_was_run_by_hand_stand_on_today_for_whoever_reads_the_audit() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let scope = Scope::parse("1504").unwrap();
    office.hire("auditor.north", Role::Auditor, scope).await;
    let auditor = office.enter(&desk, "auditor").await;
    for act in ["operators.reset", "jobs.run_now", "customers.unmask"] {
        let Done { login, path, form } = done(&office, act).await;
        let cookie = office.enter(&desk, login).await;
        let mark = office.mark(&desk, &cookie).await;
        let code = office.fresh_code(login);
        let mut whole = vec![("mark", mark.as_str()), ("code", code.as_str())];
        whole.extend_from_slice(form);
        let status = desk.post(&path, &cookie, &whole).await.status;
        assert!(status == 200 || status == 303, "{act}: {status}");
    }
    let of = |page: &str| {
        let list = page.split("id=\"weighty\"").nth(1).unwrap_or_default();
        list.split("</ul>").next().unwrap().to_owned()
    };
    let told = of(&desk.get("/console", &auditor).await.text);
    for said in ["admin · 重置凭证 · operators-reset", "admin · 立即执行任务"] {
        assert!(told.contains(said), "{said}: {told}");
    }
    assert!(told.contains("服务器命令行 · 新增人员"), "{told}");
    assert!(!told.contains("查看明文"), "{told}");
    // Who sees a part of the regions sees what they did themselves; who reads no audit sees none.
    for login in ["auditor.north", "support"] {
        let cookie = office.enter(&desk, login).await;
        let page = desk.get("/console", &cookie).await;
        assert!(of(&page.text).is_empty(), "{login}: {}", page.text);
    }
    office.pass(86_400);
    let auditor = office.enter(&desk, "auditor").await;
    let page = desk.get("/console", &auditor).await.text;
    assert!(of(&page).is_empty(), "a day: {page}");
}
