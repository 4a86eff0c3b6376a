//! What the public finds: lists, searches and outages, while their windows are open.

use lifeline_core::publications::edition::{State, Window};
use lifeline_core::publications::kind::{Facts, Kind, Outage, OutageKind};
use lifeline_core::publications::ports::Wanted;
use lifeline_core::publications::reading::Listed;
use lifeline_core::publications::search;
use lifeline_core::shared::ids::PublicationId;
use lifeline_core::shared::page::Page;

use crate::bench::{Bench, at};
use crate::contracts;
use crate::publications::{draft, piece};

contracts! { "shelf":
    shown_while_the_window_is_open => ["PublicationReads::shown", "PublicationReads::read"];
    newest_first_a_page_at_a_time => ["PublicationReads::shown"];
    a_search_finds_what_holds_every_term => ["PublicationStore::index", "PublicationReads::shown"];
    an_outage_is_found_by_its_office => ["PublicationReads::outages_of"];
}

fn outage(org_nos: &[&str], begins: i64, ends: i64) -> Facts {
    Facts::Outage(Outage {
        kind: OutageKind::Planned,
        area: "松山区".into(),
        lines: vec!["10千伏新城线".into()],
        org_nos: org_nos.iter().map(|&no| no.to_owned()).collect(),
        begins_at: at(begins),
        ends_at: at(ends),
        cause: "线路检修".into(),
        over: false,
    })
}

/// A live edition with what finds it.
async fn publish(
    t: &Bench,
    kind: Kind,
    title: &str,
    facts: Option<Facts>,
    window: Window,
) -> PublicationId {
    let (mut publication, mut edition) = piece(t, kind, title);
    if let Some(facts) = facts {
        edition.content.facts = facts;
    }
    edition.state = State::Live;
    edition.window = window;
    publication.live = Some(1);
    publication.shown = Some(window);
    draft(t, &publication, &edition).await;
    let terms: Vec<String> = search::terms_of(edition.content.searched())
        .into_iter()
        .collect();
    let org_nos = match &edition.content.facts {
        Facts::Outage(outage) => outage.org_nos.clone(),
        _ => Vec::new(),
    };
    let id = publication.publication_id;
    t.write(async |tx| tx.publications().index(&id, &terms, &org_nos).await)
        .await
        .unwrap();
    id
}

fn from(from: i64) -> Window {
    Window {
        from: at(from),
        to: None,
    }
}

async fn shown(t: &Bench, kind: Option<Kind>, question: &str, now: i64) -> Vec<String> {
    let wanted = Wanted {
        kind,
        terms: search::asked(question),
        now: at(now),
    };
    let page = Page::new(None, None).unwrap();
    let rows = t
        .view()
        .await
        .publications()
        .shown(&wanted, &page)
        .await
        .unwrap();
    rows.into_iter().map(|listed| listed.title).collect()
}

async fn shown_while_the_window_is_open(t: Bench) {
    let window = Window {
        from: at(10),
        to: Some(at(20)),
    };
    let id = publish(
        &t,
        Kind::Outage,
        "停电",
        Some(outage(&["1504"], 10, 20)),
        window,
    )
    .await;
    for (now, expected) in [(9, 0), (10, 1), (19, 1), (20, 0)] {
        let every_list = [
            shown(&t, Some(Kind::Outage), "", now).await,
            shown(&t, None, "", now).await,
            shown(&t, None, "停电", now).await,
        ];
        assert!(
            every_list.iter().all(|list| list.len() == expected),
            "{now}"
        );
        let read = t
            .view()
            .await
            .publications()
            .read(&id, at(now))
            .await
            .unwrap();
        assert_eq!(usize::from(read.is_some()), expected, "{now}");
        let offices = ["1504".to_owned()];
        let found = t
            .view()
            .await
            .publications()
            .outages_of(&offices, at(now), 9)
            .await
            .unwrap();
        assert_eq!(found.len(), expected, "{now}");
    }
    let (drafted, edition) = piece(&t, Kind::Outage, "未发布");
    draft(&t, &drafted, &edition).await;
    assert_eq!(shown(&t, Some(Kind::Outage), "", 15).await, ["停电"]);
}

async fn newest_first_a_page_at_a_time(t: Bench) {
    for (age, title) in [(1, "一"), (3, "三"), (2, "二")] {
        publish(&t, Kind::News, title, None, from(age)).await;
    }
    publish(&t, Kind::Faq, "别的", None, from(4)).await;
    assert_eq!(shown(&t, Some(Kind::News), "", 9).await, ["三", "二", "一"]);
    let wanted = Wanted {
        kind: Some(Kind::News),
        terms: Vec::new(),
        now: at(9),
    };
    let first = Page::new(Some(2), None).unwrap();
    let rows = t
        .view()
        .await
        .publications()
        .shown(&wanted, &first)
        .await
        .unwrap();
    assert_eq!(
        rows.len(),
        3,
        "one more than the page, to know that there is one"
    );
    let next = Page::new(Some(2), Some(Listed::key(&rows[1]))).unwrap();
    let rest = t
        .view()
        .await
        .publications()
        .shown(&wanted, &next)
        .await
        .unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].title, "一");
}

async fn a_search_finds_what_holds_every_term(t: Bench) {
    let id = publish(&t, Kind::Policy, "居民阶梯电价政策", None, from(1)).await;
    publish(&t, Kind::News, "阶梯式检修安排", None, from(2)).await;
    assert_eq!(
        shown(&t, None, "阶梯", 9).await,
        ["阶梯式检修安排", "居民阶梯电价政策"]
    );
    assert_eq!(shown(&t, None, "阶梯 电价", 9).await, ["居民阶梯电价政策"]);
    assert_eq!(
        shown(&t, Some(Kind::News), "阶梯", 9).await,
        ["阶梯式检修安排"]
    );
    assert_eq!(shown(&t, None, "电价检修", 9).await, Vec::<String>::new());
    t.write(async |tx| {
        tx.publications()
            .index(&id, &["气价".to_owned()], &[])
            .await
    })
    .await
    .unwrap();
    assert_eq!(shown(&t, None, "电价", 9).await, Vec::<String>::new());
    assert_eq!(shown(&t, None, "气价", 9).await, ["居民阶梯电价政策"]);
}

async fn an_outage_is_found_by_its_office(t: Bench) {
    let window = |to| Window {
        from: at(0),
        to: Some(at(to)),
    };
    publish(
        &t,
        Kind::Outage,
        "晚",
        Some(outage(&["1504010"], 10, 90)),
        window(90),
    )
    .await;
    publish(
        &t,
        Kind::Outage,
        "早",
        Some(outage(&["1504", "1505"], 10, 50)),
        window(50),
    )
    .await;
    publish(
        &t,
        Kind::Outage,
        "别处",
        Some(outage(&["1507"], 10, 50)),
        window(50),
    )
    .await;
    let offices = ["1504".to_owned(), "15040".to_owned(), "1504010".to_owned()];
    let found = t
        .view()
        .await
        .publications()
        .outages_of(&offices, at(1), 9)
        .await
        .unwrap();
    let titles: Vec<&str> = found.iter().map(|listed| listed.title.as_str()).collect();
    assert_eq!(titles, ["早", "晚"]);
    let none = t
        .view()
        .await
        .publications()
        .outages_of(&[], at(1), 9)
        .await
        .unwrap();
    assert!(none.is_empty());
}
