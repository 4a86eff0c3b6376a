//! The console's people: they sign in with password and code, ask for money of a payment to go back, and decide about it
//! by four eyes. And who lets refunds go on at the machine when the brake is on. Like the household, they do not give up.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use lifeline_core::operators::TotpSecret;
use lifeline_tests::Looks;
use reqwest::StatusCode;
use serde_json::Value;

use crate::browser::{BREATH, Browser, Page};
use crate::household::Household;
use crate::outcome::rows;
use crate::points::Point;
use crate::stage::{SIGKILL, Stage, program};

/// So long a code is good; the next one is another.
const CODE_S: i64 = 30;
/// Where one person's word about the brake is written.
const CONSENT: &str = "commit\tpayments::brake::BrakeRoom::consent";
/// Who lets automatic refunds go on.
const RELEASED_BY: [&str; 2] = ["zhao", "qian"];

/// Somebody of the staff, in a browser of their own.
#[derive(Debug)]
pub(crate) struct Clerk {
    given: Value,
    browser: Browser,
}

impl Clerk {
    /// Adds somebody of a role at the machine, and has them sign in.
    pub(crate) async fn hired(world: &mut Household, role: &str) -> Self {
        let words = ["staff", "add", role, "--role", role, "--json"];
        let given = command(&words, &world.stage.place());
        let mut clerk = Self {
            given: serde_json::from_str(&given).expect("what they sign in with"),
            browser: Browser::new(),
        };
        clerk.enters(world).await;
        clerk
    }

    fn given(&self, name: &str) -> &str {
        self.given[name].as_str().expect("what they sign in with")
    }

    async fn enters(&mut self, world: &mut Household) {
        let secret = TotpSecret::parse(self.given("totp_secret")).expect("a secret of codes");
        let door = at(world, "/console/sign-in");
        let mut looks = Looks::every(BREATH);
        while looks.again().await {
            let code = secret.code(world.stage.now_s().div_euclid(CODE_S));
            let proofs = [
                ("login", self.given("login")),
                ("password", self.given("password")),
                ("code", code.as_str()),
            ];
            let shown = self.browser.post(&door).form(&proofs);
            match self.browser.send(shown).await {
                None => world.revive().await,
                Some(page) if page.answer.status == StatusCode::SEE_OTHER => return,
                // A try without an answer has spent the code.
                Some(_) => world.advance(CODE_S).await,
            }
        }
        panic!("{} cannot sign in", self.given("login"));
    }

    /// Sends a form with the mark of a page of theirs; nothing when it must be sent again.
    async fn sends(
        &mut self,
        world: &mut Household,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Option<Page> {
        let today = self.browser.get(&at(world, "/console"));
        let today = self.browser.send(today).await;
        let Some(today) = today else {
            world.revive().await;
            return None;
        };
        let Some(mark) = mark_of(&today.answer.text) else {
            // Away for a moment, or the session is over.
            self.enters(world).await;
            return None;
        };
        let mut form = fields.to_vec();
        form.push(("mark", mark));
        let form = self.browser.post(&at(world, path)).form(&form);
        let sent = self.browser.send(form).await;
        if sent.is_none() {
            world.revive().await;
        }
        sent
    }

    /// Asks for money of a payment to go back; answers the case about it.
    async fn asks_back(&mut self, world: &mut Household, payment_id: &str) -> String {
        let about = format!(
            "SELECT case_id FROM case_file WHERE kind = 'refund_asked' AND subject = '{payment_id}'"
        );
        let form = [
            ("payment_id", payment_id),
            ("reason", "paid for the number of somebody else"),
        ];
        let mut looks = Looks::every(BREATH);
        while looks.again().await {
            if let Some(case) = rows(&world.stage, &about).await.pop() {
                return case.concat();
            }
            self.sends(world, "/console/cases", &form).await;
        }
        panic!("nobody could ask\n{}", world.stage.log());
    }
}

fn at(world: &Household, path: &str) -> String {
    format!("{}{path}", world.stage.address(1))
}

/// The mark that a page's forms carry.
fn mark_of(page: &str) -> Option<&str> {
    page.split("name=\"mark\" value=\"")
        .nth(1)?
        .split('"')
        .next()
}

/// How far a case has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    Closed,
    /// Nothing is proposed.
    Open,
    /// For another person.
    Waits,
    /// It was agreed to, and is not carried out, or nobody noted that it is.
    Agreed,
}

async fn stands(stage: &Stage, case: &str) -> Stands {
    let closed =
        format!("SELECT case_id FROM case_file WHERE case_id = '{case}' AND closed_at IS NOT NULL");
    if !rows(stage, &closed).await.is_empty() {
        return Stands::Closed;
    }
    let offered = format!(
        "SELECT state FROM case_proposal WHERE case_id = '{case}' AND state IN ('open', 'approved')"
    );
    match rows(stage, &offered).await.concat().concat().as_str() {
        "" => Stands::Open,
        "open" => Stands::Waits,
        _ => Stands::Agreed,
    }
}

/// One asks for the whole payment to go back and proposes it, another lets it happen. Where the gateway died before it
/// noted that this was done, it is carried out again.
pub(crate) async fn take_back(
    world: &mut Household,
    (asking, judging): (&mut Clerk, &mut Clerk),
    payment_id: &str,
) {
    let case = asking.asks_back(world, payment_id).await;
    let to = |act: &str| format!("/console/cases/{case}/{act}");
    let offer = [
        ("resolution", "take_back"),
        ("reason", "the caller proved it"),
    ];
    let mut looks = Looks::every(BREATH);
    while looks.again().await {
        match stands(&world.stage, &case).await {
            Stands::Closed => return,
            Stands::Open => asking.sends(world, &to("proposals"), &offer).await,
            Stands::Waits => judging.sends(world, &to("approval"), &[]).await,
            Stands::Agreed => judging.sends(world, &to("carrying-out"), &[]).await,
        };
    }
    panic!("the case never ended\n{}", world.stage.log());
}

/// Whether automatic refunds wait for two persons.
pub(crate) async fn is_braked(stage: &Stage) -> bool {
    let open = "SELECT CAST(COUNT(*) AS TEXT) FROM brake_trip WHERE released_at IS NULL";
    rows(stage, open).await[0][0] != "0"
}

/// Two persons let automatic refunds go on, each by a command at the machine, which is killed on both sides of its
/// COMMIT: before it nothing is noted, and after it the word stands.
pub(crate) async fn release(stage: &Stage) {
    for (person, is_last) in RELEASED_BY.into_iter().zip([false, true]) {
        killed(stage, person, "before");
        assert!(is_braked(stage).await, "released before the COMMIT");
        killed(stage, person, "after");
        assert_eq!(is_braked(stage).await, !is_last, "after {person}'s word");
    }
}

fn killed(stage: &Stage, person: &str, when: &str) {
    let folder = stage.folder().join("points-of-release");
    std::fs::create_dir_all(&folder).expect("a folder for fault points");
    let point = Point(format!("{CONSENT}\t{when}"));
    std::fs::write(folder.join("plan"), point.killed_at(1)).expect("a plan");
    let done = Command::new(program("lifeline-fault-points"))
        .args(["brake", "release", "--as", person])
        .args(stage.records())
        .env("LIFELINE_FAULT_POINTS", &folder)
        .output()
        .expect("lifeline-fault-points");
    assert_eq!(done.status.signal(), Some(SIGKILL), "{when}: {done:?}");
}

/// What a command of the product says.
fn command(words: &[&str], of: &[String]) -> String {
    let done = Command::new(program("lifeline"))
        .args(words)
        .args(of)
        .output();
    let done = done.expect("lifeline");
    let [out, err] = [&done.stdout, &done.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(done.status.success(), "{words:?}: {out}{err}");
    out.into_owned()
}
