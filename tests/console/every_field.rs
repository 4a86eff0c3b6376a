//! Markup in every field that a form has is text or refused. The forms are read off the pages as they are
//! served, and the templates say which fields there are: a new one cannot be forgotten (LN-55).

use std::collections::BTreeSet;
use std::path::Path;

use lifeline_core::bans::{Bans, Reason, Target};
use lifeline_core::cases::CaseKind;
use lifeline_core::operators::{Role, Scope};
use lifeline_core::publications::kind::Kind;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::{Tx, atomically};

use crate::bills::bill;
use crate::cooperations::{NUMBER, seller};
use crate::customers::household;
use crate::forms::{Field, Form, Sort, WORDS, escaped, forms};
use crate::office::{Desk, Office, Shown};
use crate::opened::opened;
use crate::points::exchanged;
use crate::taking_back::credited;

const HURT: &str = "<script>hurt()</script>\"'><b>x";

/// An action with a star for what differs from row to row.
fn starred(action: &str) -> String {
    let star = |part: &str| if part.contains("{{") { "*" } else { part }.to_owned();
    action.split('/').map(star).collect::<Vec<_>>().join("/")
}

/// Actions of the templates' forms, each with the fields that can be typed into. A field whose name only the
/// served page knows has none here.
fn of_templates() -> BTreeSet<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gateway/templates/console");
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for form in forms(&text) {
            let typed = form.fields.iter().filter(|one| one.sort == Sort::Typed);
            let typed = typed.filter(|one| !one.name.contains("{{"));
            found.extend(typed.map(|one| (starred(&form.action), one.name.clone())));
        }
    }
    found
}

/// Which of the templates' actions a served one is; `*` when the page itself made it.
fn pattern(actions: &BTreeSet<String>, action: &str) -> String {
    let is = |known: &&String| {
        let (one, other) = (known.split('/'), action.split('/'));
        one.clone().count() == other.clone().count()
            && one
                .zip(other)
                .all(|(known, part)| known == "*" || known == part)
    };
    let found = actions.iter().find(is).cloned();
    found.unwrap_or_else(|| "*".to_owned())
}

/// Somebody at the console.
struct Person {
    login: &'static str,
    cookie: String,
}

/// Walks through pages, and tries each form it comes by once.
struct Walk<'a> {
    office: &'a Office,
    desk: &'a Desk,
    actions: &'a BTreeSet<String>,
    /// Forms that were tried, by action and fields.
    tried: &'a mut BTreeSet<(String, String)>,
    /// Fields that were come by, by action.
    met: &'a mut BTreeSet<(String, String)>,
    payment: &'a str,
}

fn harmless(at: &str, shown: &Shown) {
    assert!(!shown.status.is_server_error(), "{at}: {}", shown.text);
    assert!(!shown.text.contains("<script>hurt"), "{at}");
}

impl Walk<'_> {
    async fn enter(&self, login: &'static str) -> Person {
        let cookie = self.office.enter(self.desk, login).await;
        Person { login, cookie }
    }

    /// Opens a page and tries its forms; where the last one that took its words led.
    async fn open(&mut self, who: &Person, path: &str) -> String {
        let shown = self.desk.get(path, &who.cookie).await;
        assert_eq!(shown.status, 200, "{path}: {}", shown.text);
        harmless(path, &shown);
        let mut led = String::new();
        for form in forms(&shown.text) {
            let action = pattern(self.actions, &form.action);
            let names: Vec<&str> = form.fields.iter().map(|one| one.name.as_str()).collect();
            if !self.tried.insert((action.clone(), names.join(" "))) {
                continue;
            }
            let typed = form.fields.iter().filter(|one| one.sort == Sort::Typed);
            let met = typed.map(|one| (action.clone(), one.name.clone()));
            self.met.extend(met);
            if form.posts {
                led = self.fill_in(who, &form).await.unwrap_or(led);
            } else {
                self.ask(who, &form).await;
            }
        }
        let again = self.desk.get(path, &who.cookie).await;
        harmless(path, &again);
        led
    }

    /// Markup in each field by itself that is no words, too many words in each that is, then markup in all of these.
    async fn fill_in(&self, who: &Person, form: &Form) -> Option<String> {
        let open = form.fields.iter().filter(|one| one.sort != Sort::Hidden);
        for field in open.filter(|one| !one.takes_words()) {
            let shown = self.send(who, form, &|one| one.name == field.name).await;
            assert!(
                field.sort != Sort::Typed || shown.status != 303,
                "{}: {} takes any words: is it one of WORDS?",
                form.action,
                field.name
            );
        }
        if !form.fields.iter().any(Field::takes_words) {
            return None;
        }
        let long = "电".repeat(3_000);
        for field in form.fields.iter().filter(|one| one.takes_words()) {
            let with = |one: &Field| (one.name == field.name).then_some(long.as_str());
            let shown = self.send_with(who, form, &with).await;
            let refused = shown.status.is_client_error();
            assert!(refused, "{} {}: {}", form.action, field.name, shown.status);
        }
        let shown = self.send(who, form, &Field::takes_words).await;
        let taken = shown.status == 303 || shown.status == 200;
        assert!(taken, "{}: {} {}", form.action, shown.status, shown.text);
        let to = shown.goes_to().split('?').next();
        to.map(str::to_owned)
    }

    async fn send(&self, who: &Person, form: &Form, hurt: &dyn Fn(&Field) -> bool) -> Shown {
        let with = |field: &Field| {
            let hurt = field.sort != Sort::Hidden && hurt(field);
            hurt.then_some(HURT)
        };
        self.send_with(who, form, &with).await
    }

    /// Sends a form with other values than plain ones. Where it is refused, all that was typed is on the page still.
    async fn send_with<'v>(
        &self,
        who: &Person,
        form: &Form,
        with: &dyn Fn(&Field) -> Option<&'v str>,
    ) -> Shown {
        let code = if form.fields.iter().any(|one| one.name == "code") {
            // One that was not used yet.
            self.office.pass(60);
            self.office.code(&self.office.given(who.login))
        } else {
            String::new()
        };
        let plain = |field: &Field| match field.name.as_str() {
            "code" => code.clone(),
            "payment_id" => self.payment.to_owned(),
            name => plain(name).map_or_else(|| field.value.clone(), str::to_owned),
        };
        let fields = form.fields.iter().map(|field| {
            let value = with(field).map_or_else(|| plain(field), str::to_owned);
            (field.name.clone(), value)
        });
        let fields: Vec<(String, String)> = fields.collect();
        let pairs: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let shown = self.desk.post(&form.action, &who.cookie, &pairs).await;
        harmless(&form.action, &shown);
        if shown.status.is_client_error() && !who.cookie.is_empty() {
            for (field, (name, value)) in form.fields.iter().zip(&fields) {
                let kept = shown.text.contains(&escaped(value));
                let typed = field.sort == Sort::Typed && name != "code";
                assert!(
                    kept || !typed,
                    "{} lost {name}: {}",
                    form.action,
                    shown.text
                );
            }
        }
        shown
    }

    /// A form that only asks.
    async fn ask(&self, who: &Person, form: &Form) {
        let query: String = form_urlencoded::byte_serialize(HURT.as_bytes()).collect();
        for field in &form.fields {
            let path = format!("{}?{}={query}", form.action, field.name);
            harmless(&path, &self.desk.get(&path, &who.cookie).await);
        }
    }

    /// Sends a form of a page as it is served.
    async fn press(&self, who: &Person, path: &str, act: &str) {
        let shown = self.desk.get(path, &who.cookie).await;
        let mut all = forms(&shown.text).into_iter();
        let form = all.find(|one| one.action.ends_with(act));
        let form = form.expect("a form for the act");
        let shown = self.send(who, &form, &|_| false).await;
        assert_eq!(shown.status, 303, "{path} {act}: {}", shown.text);
    }
}

/// What a field holds where another one is tried; as served when nothing is said here.
fn plain(name: &str) -> Option<&'static str> {
    Some(match name {
        "asked" => "19000000001",
        "begins_at" => "2026-11-20T10:00",
        "ends_at" => "2026-11-20T12:00",
        "generation_no" => NUMBER,
        "latitude" => "42.04",
        "login" => "somebody-new",
        "longitude" => "119.29",
        "org_nos" => "1504",
        "parts" | "picture" | "region" | "source_url" => "",
        "password" => "a password of nobody",
        "phone" => "0476-0000009",
        "rule_id" => "credited",
        "scope" => "*",
        "url" => "https://app.example.cn/",
        name if WORDS.contains(&name) => "in plain words",
        _ => return None,
    })
}

/// Everything that is about a household, and what has no owner.
async fn about_a_household(walk: &mut Walk<'_>) {
    let office = walk.office;
    let (id, link) = household(office).await;
    office.bills([bill(5_393)]);
    exchanged(office, &id).await;
    let nobody = Person {
        login: "support",
        cookie: String::new(),
    };
    walk.open(&nobody, "/console/sign-in").await;
    let support = walk.enter("support").await;
    let customer = format!("/console/customers/{id}");
    let bills = format!("{customer}/homes/{link}/bills?period=2026-10");
    let of_customer = [customer.as_str(), bills.as_str()];
    for path in ["/console", "/console/customers"] {
        walk.open(&support, path).await;
    }
    for path in of_customer {
        walk.open(&support, path).await;
    }
    for room in ["exchanges", "timeline", "why", "statistics/refusals"] {
        walk.open(&support, &format!("/console/{room}")).await;
    }
    // What was applied for with markup in it is checked.
    let list = walk.desk.get("/console/openings", &support.cookie).await;
    let at = list.text.split("<a href=\"/console/customers/").nth(1);
    let at = at.unwrap().split('"').next().unwrap();
    walk.open(&support, &format!("/console/customers/{at}"))
        .await;
    let reader = walk.enter("statistics-reader").await;
    walk.open(&reader, "/console/statistics").await;
    let admin = walk.enter("admin").await;
    let later = office.clock.now().plus_seconds(86_400);
    atomically(&*office.store, async |tx: &mut Tx| {
        tx.jobs().ensure("jobs.retention", 86_400, later).await
    })
    .await
    .unwrap();
    // Not before: a first ban is short, and people who come in take time.
    let bans = Bans::new(office.store.clone(), office.clock.clone(), office.entropy());
    let target = Target::place("203.0.113.9").unwrap();
    let ban = bans.place(&target, Reason::Logins, "t").await.unwrap();
    assert!(ban.is_some());
    office.hire("waits", Role::Support, Scope::Everywhere).await;
    office.await_codes("waits");
    let rooms = [
        "system/bans",
        "system/limits",
        "channels",
        "log",
        "points",
        "staff",
        "system",
    ];
    for room in rooms {
        walk.open(&admin, &format!("/console/{room}")).await;
    }
}

/// A publication of each kind, and one of them through the hands of two.
async fn published(walk: &mut Walk<'_>) {
    let writer = walk.enter("publisher").await;
    let mut drafts = Vec::new();
    for kind in Kind::ALL {
        let path = format!("/console/articles/new?kind={}", kind.as_str());
        let led = walk.open(&writer, &path).await;
        drafts.extend(Some(led).filter(|led| !led.is_empty()));
    }
    assert_eq!(drafts.len(), 4, "three kinds have fields of their own");
    let draft = drafts.pop().unwrap();
    walk.open(&writer, &format!("{draft}/edit")).await;
    let reviewer = walk.enter("reviewer").await;
    walk.press(&writer, &draft, "/submit").await;
    walk.open(&reviewer, &draft).await;
    walk.press(&writer, &draft, "/submit").await;
    walk.press(&reviewer, &draft, "/publish").await;
    walk.open(&reviewer, &draft).await;
}

#[actix_web::test]
async fn ln_55_markup_in_any_field_of_any_form_is_text_or_refused() {
    let wanted = of_templates();
    assert!(wanted.len() > 30, "hardly any field: {wanted:?}");
    let actions = wanted.iter().map(|(action, _)| action.clone());
    let actions: BTreeSet<String> = actions.filter(|action| action != "*").collect();
    let (mut tried, mut met) = (BTreeSet::new(), BTreeSet::new());
    for part in ["household", "payment", "seller"] {
        let office = Office::new().await;
        let payment = match part {
            "payment" => credited(&office).await.to_string(),
            _ => String::new(),
        };
        let desk = office.desk().await;
        let mut walk = Walk {
            office: &office,
            desk: &desk,
            actions: &actions,
            tried: &mut tried,
            met: &mut met,
            payment: &payment,
        };
        match part {
            "household" => {
                about_a_household(&mut walk).await;
                published(&mut walk).await;
            }
            "payment" => {
                let support = walk.enter("support").await;
                let case = walk.open(&support, "/console/cases").await;
                walk.open(&support, &case).await;
                // A refund by bank has the number of its transfer.
                let refund = opened(&office, CaseKind::RefundBlocked, "of-nobody", "{}").await;
                walk.open(&support, &format!("/console/cases/{refund}"))
                    .await;
            }
            _ => {
                seller(&office).await;
                let support = walk.enter("support").await;
                walk.open(&support, "/console/cooperations").await;
            }
        }
    }
    let left: Vec<_> = wanted.difference(&met).collect();
    assert!(left.is_empty(), "nobody came by {left:?}");
}

#[test]
fn a_field_that_nobody_comes_by_is_seen() {
    let page = "<form method=\"post\" action=\"/a/{{ row.id }}/b\" class=\"x\"><input type=\"hidden\" name=\"mark\" value=\"m\">\
        <select name=\"way\"><option value=\"one\">1</option><option value=\"two\">2</option></select>\
        <label>x <textarea name=\"note\" required></textarea></label><input type=\"number\" name=\"n\" min=\"1\"></form>\
        <form method=\"get\" action=\"/c\"><input name=\"q\" value=\"z\"></form>";
    let found = forms(page);
    let said: Vec<_> = found[0]
        .fields
        .iter()
        .map(|one| (one.name.as_str(), one.value.as_str(), one.sort))
        .collect();
    let expected = [
        ("mark", "m", Sort::Hidden),
        ("way", "one", Sort::Chosen),
        ("note", "", Sort::Typed),
        ("n", "1", Sort::Chosen),
    ];
    assert_eq!(said, expected);
    assert!(found[0].posts && !found[1].posts);
    let actions = BTreeSet::from([starred(&found[0].action)]);
    assert_eq!(pattern(&actions, "/a/019-x/b"), "/a/*/b");
    assert_eq!(pattern(&actions, "/a/019-x/c"), "*");
}
