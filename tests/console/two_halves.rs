//! Proofs that are made at the console come in two halves, by two persons: one administrator alone is nobody else.

use actix_web::http::StatusCode;
use lifeline_core::accounts::passwords::Password;
use lifeline_core::operators::{By, Credentials, Login, PersonId, Role, Scope, TotpSecret};

use crate::office::{Office, Shown};

impl Office {
    /// Somebody whom the utility has this number for.
    pub(crate) async fn hire_person(&self, login: &str, number: &str, role: Role) {
        let (login, person) = (
            Login::parse(login).unwrap(),
            PersonId::parse(number).unwrap(),
        );
        let by = By::CommandLine;
        let given = self
            .operators
            .add(&login, person, role, Scope::Everywhere, by);
        self.know(given.await.unwrap());
    }

    /// This login is nobody's any more.
    pub(crate) async fn end(&self, login: &str) {
        let login = Login::parse(login).unwrap();
        self.operators.end(&login, By::CommandLine).await.unwrap();
    }

    /// Somebody else made this person's password, and nobody handed over the codes yet.
    pub(crate) fn await_codes(&self, login: &str) {
        self.raw(&format!(
            "UPDATE staff SET proofs_by = 'staff:somebody', confirmed_by = NULL WHERE login = '{login}'"
        ));
    }
}

/// What a page of new proofs shows below the login.
fn half(page: &Shown) -> String {
    let found = page.text.split("<code>").nth(2).expect("a half");
    found.split("</code>").next().unwrap().to_owned()
}

#[actix_web::test]
async fn m3_11_an_administrator_alone_gets_in_as_nobody_they_made() {
    let office = Office::new().await;
    let desk = office.desk().await;
    office.hire("second", Role::Admin, Scope::Everywhere).await;
    let admin = office.enter(&desk, "admin").await;
    let second = office.enter(&desk, "second").await;
    let (mark, others) = (
        office.mark(&desk, &admin).await,
        office.mark(&desk, &second).await,
    );
    let confirmation = "/console/staff/fin2/confirmation";
    let new = [
        ("mark", mark.clone()),
        ("login", "fin2".to_owned()),
        ("person", "P-17".to_owned()),
        ("role", "finance".to_owned()),
        ("scope", "*".to_owned()),
        ("code", office.fresh_code("admin")),
    ];
    let new: Vec<(&str, &str)> = new.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let made = desk.post("/console/staff", &admin, &new).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    assert!(!made.text.contains("otpauth"), "{}", made.text);
    let password = half(&made);

    // Who made the password has no form for the codes, and no way to them.
    let people = desk.get("/console/staff", &admin).await.text;
    assert!(people.contains("P-17") && !people.contains(confirmation));
    assert!(people.contains("密码由您生成"), "{people}");
    let code = office.fresh_code("admin");
    let form = [("mark", mark.as_str()), ("code", code.as_str())];
    let own = desk.post(confirmation, &admin, &form).await;
    assert_eq!(own.status, StatusCode::CONFLICT);
    assert_eq!(office.audited("operators.confirm"), ["fault.same_person"]);

    let people = desk.get("/console/staff", &second).await.text;
    assert!(people.contains(confirmation), "{people}");
    let code = office.fresh_code("second");
    let form = [("mark", others.as_str()), ("code", code.as_str())];
    let codes = desk.post(confirmation, &second, &form).await;
    assert_eq!(codes.status, StatusCode::OK, "{}", codes.text);
    assert!(codes.text.contains("otpauth://totp/Lifeline:fin2"));
    assert!(!codes.text.contains(&password));
    assert_eq!(
        office.audited("operators.confirm"),
        ["fault.same_person", "ok"]
    );
    office.know(Credentials {
        login: Login::parse("fin2").unwrap(),
        role: Role::Finance,
        password: Password::typed(password).unwrap(),
        totp: TotpSecret::parse(&half(&codes)),
    });
    let fin2 = office.enter(&desk, "fin2").await;
    assert_eq!(desk.get("/console/cases", &fin2).await.status, 200);

    // Once: nobody takes the codes of somebody who has them.
    let code = office.fresh_code("second");
    let form = [("mark", others.as_str()), ("code", code.as_str())];
    let again = desk.post(confirmation, &second, &form).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
}

#[actix_web::test]
async fn m3_11_who_made_a_password_under_another_login_has_no_form_for_the_codes() {
    let office = Office::new().await;
    let desk = office.desk().await;
    office.hire_person("wang.before", "P-9", Role::Admin).await;
    let before = office.enter(&desk, "wang.before").await;
    let mark = office.mark(&desk, &before).await;
    let code = office.fresh_code("wang.before");
    let form = [("mark", mark.as_str()), ("code", code.as_str())];
    let reset = desk.post("/console/staff/finance/reset", &before, &form);
    assert_eq!(reset.await.status, StatusCode::OK);
    office.end("wang.before").await;
    office.hire_person("wang.now", "P-9", Role::Admin).await;
    let now = office.enter(&desk, "wang.now").await;
    let confirmation = "/console/staff/finance/confirmation";
    let own = desk.get("/console/staff", &now).await.text;
    assert!(own.contains("密码由您生成") && !own.contains(confirmation));
    let admin = office.enter(&desk, "admin").await;
    let offered = desk.get("/console/staff", &admin).await.text;
    assert!(offered.contains(confirmation) && !offered.contains("密码由您生成"));
}

#[actix_web::test]
async fn m3_11_who_is_reset_at_the_console_waits_for_the_other_half() {
    let office = Office::new().await;
    let desk = office.desk().await;
    office.hire("second", Role::Admin, Scope::Everywhere).await;
    let admin = office.enter(&desk, "admin").await;
    let mark = office.mark(&desk, &admin).await;
    let code = office.fresh_code("admin");
    let form = [("mark", mark.as_str()), ("code", code.as_str())];
    let reset = desk.post("/console/staff/finance/reset", &admin, &form);
    let reset = reset.await;
    assert!(!reset.text.contains("otpauth"), "{}", reset.text);
    // With the new password and the phone of before.
    let password = half(&reset);
    let code = office.fresh_code("finance");
    let form = [
        ("login", "finance"),
        ("password", password.as_str()),
        ("code", code.as_str()),
    ];
    let shown = desk.post("/console/sign-in", "", &form).await;
    assert_eq!(shown.status, StatusCode::UNAUTHORIZED);
    let people = desk.get("/console/staff", &admin).await.text;
    assert!(people.contains("待交付验证码密钥"), "{people}");
}

#[actix_web::test]
async fn m3_11_who_nobody_could_hand_the_codes_to_keeps_their_proofs() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let finance = office.enter(&desk, "finance").await;
    let admin = office.enter(&desk, "admin").await;
    let mark = office.mark(&desk, &admin).await;
    let code = office.fresh_code("admin");
    let form = [("mark", mark.as_str()), ("code", code.as_str())];
    let reset = desk.post("/console/staff/finance/reset", &admin, &form);
    let reset = reset.await;
    assert_eq!(reset.status, StatusCode::CONFLICT);
    assert!(
        reset.text.contains("lifeline staff reset"),
        "{}",
        reset.text
    );
    assert_eq!(desk.get("/console", &finance).await.status, 200);
    let people = desk.get("/console/staff", &admin).await.text;
    assert!(!people.contains("待交付验证码密钥"), "{people}");
}

#[actix_web::test]
async fn m3_11_the_last_administrator_is_reset_on_the_server_and_a_person_has_one_login() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let admin = office.enter(&desk, "admin").await;
    let mark = office.mark(&desk, &admin).await;
    let code = office.fresh_code("admin");
    let form = [("mark", mark.as_str()), ("code", code.as_str())];
    let reset = desk.post("/console/staff/admin/reset", &admin, &form).await;
    assert_eq!(reset.status, StatusCode::CONFLICT);
    assert!(
        reset.text.contains("至少要保留一名管理员"),
        "{}",
        reset.text
    );
    assert_eq!(desk.get("/console", &admin).await.status, 200);
    // Of the number of somebody who works here nobody else is made.
    let code = office.fresh_code("admin");
    let new = [
        ("mark", mark.as_str()),
        ("login", "reviewer.two"),
        ("person", "finance"),
        ("role", "reviewer"),
        ("scope", "*"),
        ("code", code.as_str()),
    ];
    let taken = desk.post("/console/staff", &admin, &new).await;
    assert_eq!(taken.status, StatusCode::CONFLICT);
    assert!(
        taken.text.contains("一人只能有一个登录名"),
        "{}",
        taken.text
    );
}
