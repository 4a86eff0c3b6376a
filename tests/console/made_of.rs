//! From every figure of use to the counts it is the sum of: what a figure says, the page behind it adds up to (LN-31).

use lifeline_core::accounts::Terminal;
use lifeline_core::insight::asked::DAYS_KEPT;
use lifeline_core::insight::people::midnight;
use lifeline_core::insight::{Batch, Channel, Function, Insight, InsightError, Outcome, Sample};
use lifeline_core::operators::{Role, Scope};
use lifeline_core::store::{Tx, atomically};

use crate::office::Office;

/// Days back, hour, function, channel, outcome, region, how many.
type One = (
    i64,
    i64,
    &'static str,
    Channel,
    Outcome,
    &'static str,
    usize,
);

const LIST: [One; 6] = [
    (1, 9, "pay", Channel::Mini, Outcome::Done, "1504", 7),
    (1, 9, "pay", Channel::H5, Outcome::Refused, "1505", 3),
    (2, 9, "bill", Channel::H5, Outcome::Done, "1504", 5),
    (2, 23, "bill", Channel::Mini, Outcome::Failed, "1505", 2),
    (4, 0, "match", Channel::Mini, Outcome::Limited, "", 4),
    (40, 15, "bill", Channel::Mini, Outcome::Done, "1504", 11),
];

async fn counted(office: &Office) {
    let insight = Insight::new(office.store.clone(), office.clock.clone());
    let mut batch = Batch::default();
    for (back, hour, function, channel, outcome, region, n) in LIST {
        let sample = Sample {
            at: midnight(insight.today() - back).plus_seconds(hour * 3_600),
            function: Function::named(function).unwrap().number,
            channel,
            terminal: Terminal::Computer,
            outcome,
            micros: 900,
            person: None,
            refusal: None,
        };
        for _ in 0..n {
            batch.add(&sample, region);
        }
    }
    let batch = &batch;
    atomically(&*office.store, async |tx: &mut Tx| {
        tx.insight().add("r", batch).await?;
        Ok::<_, InsightError>(())
    })
    .await
    .unwrap();
}

/// A number in front of the next tag.
fn number(text: &str) -> Option<i64> {
    text.split('<').next()?.trim().parse().ok()
}

/// Ways of a page to the counts, each with the figure that it stands beside or is itself.
fn ways(page: &str) -> Vec<(String, i64)> {
    let each = page.split("<a href=\"").skip(1);
    let way = |rest: &str| {
        let (href, rest) = rest.split_once("\">")?;
        let href = href.replace("&amp;", "&").replace("&#38;", "&");
        let beside = rest.split_once("</a></th><td class=\"n\">");
        let beside = beside.filter(|(name, _)| !name.contains('<'));
        let figure = beside.map_or_else(|| number(rest), |(_, rest)| number(rest))?;
        href.starts_with("/console/statistics/counts?")
            .then_some((href, figure))
    };
    each.filter_map(way).collect()
}

fn strong(page: &str, id: &str) -> i64 {
    let rest = page.split(&format!("id=\"{id}\">")).nth(1).unwrap();
    number(rest).unwrap()
}

#[actix_web::test]
async fn ln_31_every_figure_leads_to_the_counts_it_is_the_sum_of() {
    let office = Office::new().await;
    counted(&office).await;
    let scope = Scope::parse("1504").unwrap();
    office.hire("of-1504", Role::StatisticsReader, scope).await;
    let desk = office.desk().await;
    let insight = Insight::new(office.store.clone(), office.clock.clone());
    let date = |back: i64| midnight(insight.today() - back).shanghai_date();
    let long = format!("from={}&to={}", date(50), date(0));
    for (login, filters, calls) in [
        ("statistics-reader", String::new(), 21),
        ("statistics-reader", long.clone(), 32),
        ("statistics-reader", "channel=mini".to_owned(), 13),
        ("statistics-reader", "region=1505".to_owned(), 5),
        ("of-1504", String::new(), 12),
        ("of-1504", long, 23),
    ] {
        let cookie = office.enter(&desk, login).await;
        let page = desk
            .get(&format!("/console/statistics?{filters}"), &cookie)
            .await
            .text;
        assert_eq!(strong(&page, "calls"), calls, "{login} {filters}");
        let ways = ways(&page);
        // Days, sides and hours of the week.
        assert!(ways.len() >= 6, "{login} {filters}: {ways:?}");
        for (href, figure) in ways {
            let behind = desk.get(&href, &cookie).await;
            assert_eq!(behind.status, 200, "{href}: {}", behind.text);
            assert_eq!(strong(&behind.text, "sum"), figure, "{login} {href}");
        }
        assert_eq!(page.contains("class=\"spark\""), calls > 0);
    }
}

#[actix_web::test]
async fn ln_31_counts_are_told_by_the_hour_by_day_and_by_month_as_finely_as_they_are_kept() {
    let office = Office::new().await;
    counted(&office).await;
    let desk = office.desk().await;
    let cookie = office.enter(&desk, "statistics-reader").await;
    let insight = Insight::new(office.store.clone(), office.clock.clone());
    let date = |back: i64| midnight(insight.today() - back).shanghai_date();
    let at = |from: i64, more: &str| {
        let (from, to) = (date(from), date(0));
        format!("/console/statistics/counts?from={from}&to={to}{more}")
    };
    let week = desk.get(&at(6, ""), &cookie).await.text;
    let hour = format!(
        "<th scope=\"row\">{} 23</th><td class=\"n\">2</td>",
        date(2)
    );
    assert!(week.contains(&hour), "{week}");
    let days = desk.get(&at(50, ""), &cookie).await.text;
    assert!(days.contains(&format!(">{}</a></th><td class=\"n\">11</td>", date(40))));
    let months = desk.get(&at(300, ""), &cookie).await.text;
    assert_eq!(strong(&months, "sum"), 32);
    let month: String = date(40).chars().take(7).collect();
    assert!(months.contains(&format!(">{month}</a>")), "{months}");
    // Each month leads to its days, and they add up to it.
    for (href, figure) in ways(&months).into_iter().filter(|(_, n)| *n > 0).take(2) {
        let behind = desk.get(&href, &cookie).await.text;
        assert_eq!(strong(&behind, "sum"), figure, "{href}");
    }
    let nines = desk.get(&at(6, "&hour=9"), &cookie).await.text;
    assert_eq!(strong(&nines, "sum"), 15);
    assert!(nines.contains("只有次数"), "of hours no other side is told");
    // What was not done leads on to each of these requests.
    let refused = "/console/statistics/refusals?";
    assert!(week.contains(refused) && week.contains("outcome=refused"));
    for wrong in ["&hour=24", "&hour=-1", "&weekday=7", "&hour=x"] {
        let shown = desk.get(&at(6, wrong), &cookie).await;
        assert!(shown.status.is_client_error(), "{wrong}: {}", shown.status);
    }
}

#[actix_web::test]
async fn ln_31_a_file_holds_all_that_the_page_tells_and_nothing_of_few_people() {
    let office = Office::new().await;
    counted(&office).await;
    let scope = Scope::parse("1504").unwrap();
    office.hire("of-1504", Role::StatisticsReader, scope).await;
    let desk = office.desk().await;
    let file = async |login: &str| {
        let cookie = office.enter(&desk, login).await;
        let export = "/console/statistics/export?form=csv";
        desk.get(export, &cookie).await.text
    };
    let all = file("statistics-reader").await;
    for told in [
        "people,count\r\nday,0\r\nweek,0\r\nmonth,0\r\n",
        "latency,microseconds\r\np50,",
        "weekday,0,1,2,",
        "\r\nsun,",
        "step,people\r\nmatch,0\r\nbind,0\r\npay,0\r\n",
        "links,began,ended\r\nall,0,0\r\n",
        "first_month,people,linked_still\r\n",
    ] {
        assert!(all.contains(told), "{told}: {all}");
    }
    let part = file("of-1504").await;
    for told in [
        "people,count\r\nday,not told\r\n",
        "step,people\r\nnot told\r\n",
        "links,began,ended\r\nnot told\r\n",
        "first_month,people,linked_still\r\nnot told\r\n",
    ] {
        assert!(part.contains(told), "{told}: {part}");
    }
}

#[actix_web::test]
async fn ln_31_the_steps_of_the_oldest_month_lead_to_as_much_of_it_as_is_kept() {
    let office = Office::new().await;
    counted(&office).await;
    let desk = office.desk().await;
    let cookie = office.enter(&desk, "statistics-reader").await;
    let insight = Insight::new(office.store.clone(), office.clock.clone());
    let oldest = insight.today() - DAYS_KEPT + 1;
    for day in [oldest, oldest + 3, insight.today()] {
        let date = midnight(day).shanghai_date();
        let path = format!("/console/statistics?from={date}&to={date}");
        let page = desk.get(&path, &cookie).await.text;
        let steps = page.split("<ol>").nth(1).unwrap();
        let steps = steps.split("</ol>").next().unwrap();
        let hrefs = steps.split("<a href=\"").skip(1);
        let hrefs: Vec<_> = hrefs.map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(hrefs.len(), 3, "{steps}");
        for href in hrefs {
            let href = href.replace("&amp;", "&").replace("&#38;", "&");
            let behind = desk.get(&href, &cookie).await;
            assert_eq!(behind.status, 200, "{href}: {}", behind.text);
        }
    }
}
