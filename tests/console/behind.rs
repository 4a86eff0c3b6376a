//! From a figure to the requests and traces behind it: what a page's own link opens is what the figure counted (LN-31, LN-33).

use std::sync::Arc;

use lifeline_core::accounts::Terminal;
use lifeline_core::insight::sample::{Refusal, person_of};
use lifeline_core::insight::{Channel, Function, Ledger, Outcome, Sample};
use lifeline_core::operators::{Role, Scope};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::Store;

use crate::customers::household;
use crate::office::Office;

/// Requests that were not done a while ago: trace, how many days back, function, channel, status, code.
fn refused(office: &Office, all: &[(u32, i64, &str, i64, i64, &str)]) {
    let now = office.clock.now().micros();
    for (trace, days, function, channel, status, code) in all {
        let function = Function::named(function).unwrap().number;
        let at = now - days * 86_400_000_000;
        office.raw(&format!(
            "INSERT INTO access_refusal (trace_id, at, function, channel, status, code, micros) \
             VALUES ('{trace:032x}', {at}, {function}, {channel}, {status}, '{code}', 900)"
        ));
    }
}

/// The traces that a page of rows shows, in its order.
fn traces(page: &str) -> Vec<u32> {
    let rows = page.split("id=\"refusals\"").nth(1).unwrap();
    let each = rows.split("<code>").skip(1);
    each.map(|rest| u32::from_str_radix(&rest[..32], 16).unwrap())
        .collect()
}

/// Where the links of a page lead that begin so.
fn links(page: &str, begin: &str) -> Vec<String> {
    let each = page.split("href=\"").skip(1);
    let all = each.map(|rest| rest.split('"').next().unwrap());
    let all = all.map(|href| href.replace("&amp;", "&").replace("&#38;", "&"));
    all.filter(|href| href.starts_with(begin)).collect()
}

#[actix_web::test]
async fn ln_33_unmet_demand_leads_to_exactly_the_requests_it_counts() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    refused(
        &office,
        &[
            (1, 0, "pay", 0, 409, "NOTHING_DUE"),
            (2, 1, "pay", 1, 409, "NOTHING_DUE"),
            (3, 1, "pay", 1, 409, "STALE_ARREARS"),
            (4, 1, "bill", 1, 503, "UPSTREAM_UNAVAILABLE"),
        ],
    );
    // Of the two days before today only: today's row is not behind these figures.
    let today = office.clock.now();
    let (from, to) = (
        today.plus_seconds(-2 * 86_400).shanghai_date(),
        today.plus_seconds(-86_400).shanghai_date(),
    );
    let report = format!("/console/reports?from={from}&to={to}");
    let page = desk.get(&report, &support).await.text;
    assert!(page.contains("此户没有欠费。"), "the code in words: {page}");
    let behind = links(&page, "/console/statistics/refusals");
    assert_eq!(behind.len(), 3, "{behind:?}");
    let mut seen = Vec::new();
    for href in behind {
        let rows = desk.get(&href, &support).await;
        assert_eq!(rows.status, 200, "{href}: {}", rows.text);
        let found = traces(&rows.text);
        assert_eq!(found.len(), 1, "{href}: {found:?}");
        seen.extend(found);
    }
    seen.sort_unstable();
    assert_eq!(seen, [2, 3, 4]);
}

#[actix_web::test]
async fn ln_33_a_count_of_refusals_says_how_many_rows_are_behind_it_to_whoever_reads_it() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let of = |trace: u32| (trace, 0, "pay", 0, 409, "STALE_ARREARS");
    refused(&office, &(6..=9).map(of).collect::<Vec<_>>());
    for login in ["statistics-reader", "finance"] {
        let who = office.enter(&desk, login).await;
        let page = desk.get("/console/reports", &who).await.text;
        let table = page.split("id=\"unmet\"").nth(1).unwrap();
        assert!(table.contains(">4<"), "{login}: {table}");
        let behind = links(table, "/console/statistics/refusals");
        let rows = desk.get(&behind[0], &who).await.text;
        assert_eq!(traces(&rows).len(), 4, "{login}: {rows}");
    }
    let reader = office.enter(&desk, "statistics-reader").await;
    let file = desk.get("/console/reports/export?form=csv", &reader).await;
    assert!(file.text.contains("pay,STALE_ARREARS,4\r"), "{}", file.text);
}

#[actix_web::test]
async fn ln_31_every_filter_of_the_figures_holds_for_the_rows_behind_them() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let support = office.enter(&desk, "support").await;
    refused(
        &office,
        &[
            (1, 0, "pay", 0, 409, "NOTHING_DUE"),
            (2, 0, "pay", 1, 409, "NOTHING_DUE"),
            (3, 0, "pay", 1, 429, "RATE_LIMITED"),
            (4, 0, "bill", 1, 503, "UPSTREAM_UNAVAILABLE"),
            (5, 3, "pay", 1, 404, "NOT_FOUND"),
        ],
    );
    let today = office.clock.now().shanghai_date();
    for (filters, expected) in [
        (String::new(), vec![1, 2, 3, 4, 5]),
        ("channel=mini".to_owned(), vec![1]),
        ("channel=h5&outcome=refused".to_owned(), vec![2, 5]),
        ("outcome=limited".to_owned(), vec![3]),
        ("outcome=failed".to_owned(), vec![4]),
        ("outcome=done".to_owned(), vec![]),
        (
            format!("function=pay&channel=h5&outcome=refused&from={today}"),
            vec![2],
        ),
    ] {
        let page = desk
            .get(&format!("/console/statistics?{filters}"), &support)
            .await
            .text;
        let behind = links(&page, "/console/statistics/refusals");
        assert_eq!(behind.len(), 1, "{filters}: {behind:?}");
        let rows = desk.get(&behind[0], &support).await.text;
        let mut found = traces(&rows);
        found.sort_unstable();
        assert_eq!(found, expected, "{filters}");
        let back = links(&rows, "/console/statistics?");
        assert_eq!(desk.get(&back[0], &support).await.status, 200, "{back:?}");
    }
    // A row's trace leads on to what is known of it, in the reader's language.
    let rows = desk
        .get("/console/statistics/refusals?outcome=limited", &support)
        .await
        .text;
    let to = links(&rows, "/console/why?trace=");
    let why = desk.get(&to[0], &support).await.text;
    assert!(
        why.contains("请求过于频繁。") && why.contains("在线缴费"),
        "{why}"
    );
    // Whoever reads figures only has no line of time behind a trace.
    let reader = office.enter(&desk, "statistics-reader").await;
    let rows = desk.get("/console/statistics/refusals", &reader).await.text;
    assert_eq!(traces(&rows).len(), 5);
    assert!(links(&rows, "/console/why").is_empty(), "{rows}");
}

/// A request that was told that nothing is due, as the listener notes it.
fn noted(office: &Office, trace: u128, person: Option<&AccountId>) -> Sample {
    Sample {
        at: office.clock.now(),
        function: Function::named("pay").unwrap().number,
        channel: Channel::H5,
        terminal: Terminal::Computer,
        outcome: Outcome::Refused,
        micros: 900,
        person: person.and_then(|account| person_of(account.as_str())),
        refusal: Some(Refusal {
            trace,
            status: 409,
            code: "NOTHING_DUE",
        }),
    }
}

#[actix_web::test]
async fn ln_33_a_figure_of_a_region_leads_to_its_requests_and_to_no_others() {
    let office = Office::new().await;
    // At home in 1504; somebody else has no home.
    let (account, _) = household(&office).await;
    let store: Arc<dyn Store> = office.store.clone();
    let mut ledger = Ledger::new(store, office.clock.clone(), office.entropy());
    let both = [noted(&office, 1, Some(&account)), noted(&office, 2, None)];
    ledger.write(&both, 0).await.unwrap();
    ledger.end().await.unwrap();
    for (login, region) in [("reader.south", "1504"), ("reader.north", "1505")] {
        let scope = Scope::parse(region).unwrap();
        office.hire(login, Role::StatisticsReader, scope).await;
    }
    let desk = office.desk().await;
    for (login, filters, expected) in [
        ("statistics-reader", "", vec![1, 2]),
        ("statistics-reader", "region=1504", vec![1]),
        ("statistics-reader", "region=1505", vec![]),
        ("reader.south", "", vec![1]),
        ("reader.south", "region=1504", vec![1]),
        ("reader.north", "", vec![]),
    ] {
        let who = office.enter(&desk, login).await;
        let figures = format!("/console/statistics?{filters}");
        let figures = desk.get(&figures, &who).await.text;
        let calls = format!("id=\"calls\">{}<", expected.len());
        assert!(figures.contains(&calls), "{login} {filters}: {figures}");
        let mut ways = links(&figures, "/console/statistics/refusals");
        assert_eq!(ways.len(), 1, "{login} {filters}");
        let counts = format!("/console/statistics/counts?{filters}");
        let counts = desk.get(&counts, &who).await.text;
        let cells = links(&counts, "/console/statistics/refusals");
        assert_eq!(cells.len(), usize::from(!expected.is_empty()), "{counts}");
        ways.extend(cells);
        for way in ways {
            let rows = desk.get(&way, &who).await;
            assert_eq!(rows.status, 200, "{login} {way}: {}", rows.text);
            let mut found = traces(&rows.text);
            found.sort_unstable();
            assert_eq!(found, expected, "{login} {way}");
        }
    }
    let south = office.enter(&desk, "reader.south").await;
    let other = "/console/statistics/refusals?region=1505";
    assert_eq!(desk.get(other, &south).await.status, 403);
    let own = desk.get("/console/statistics/refusals", &south).await.text;
    assert!(own.contains("<td>1504</td>"), "{own}");
}
