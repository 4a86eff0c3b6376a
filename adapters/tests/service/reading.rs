//! Each kind of public information from its draft to the public and away again.

use lifeline_core::publications::PublicationError;
use lifeline_core::publications::content::{Block, Content};
use lifeline_core::publications::desk::Manuscript;
use lifeline_core::publications::edition::Window;
use lifeline_core::publications::kind::{
    App, Article, Facts, Kind, Outage, OutageKind, Outlet, Place,
};
use lifeline_core::shared::ids::PublicationId;
use lifeline_core::shared::page::Page;

use crate::world::{World, hand};

fn facts(world: &World, kind: Kind) -> Facts {
    match kind {
        Kind::Outlet => Facts::Outlet(Outlet {
            address: "赤峰市松山区示例路 1 号".into(),
            phone: "0476-0000001".into(),
            hours: "8:30-17:00".into(),
            services: vec!["过户".into()],
            place: Place {
                latitude_e6: 42_281_000,
                longitude_e6: 118_939_000,
            },
        }),
        Kind::Outage => Facts::Outage(Outage {
            kind: OutageKind::Planned,
            area: "新城街道".into(),
            lines: vec!["新城线".into()],
            org_nos: vec!["1504010".into()],
            begins_at: world.now().plus_seconds(3_600),
            ends_at: world.now().plus_seconds(7_200),
            cause: "检修".into(),
            over: false,
        }),
        Kind::App => Facts::App(App {
            url: "https://app.example.cn/".into(),
            icon: None,
            publisher: "示例".into(),
        }),
        _ => Facts::Article(Article::default()),
    }
}

fn manuscript(world: &World, kind: Kind, title: &str) -> Manuscript {
    Manuscript {
        content: Content {
            title: title.into(),
            summary: String::new(),
            blocks: vec![Block::Paragraph {
                text: "峰谷时段<b>并不</b>统一".into(),
            }],
            facts: facts(world, kind),
        },
        window: Window {
            from: world.now(),
            to: None,
        },
    }
}

async fn listed(world: &World, kind: Kind, question: Option<&str>) -> Vec<PublicationId> {
    let page = Page::new(None, None).unwrap();
    let found = world.publications.list(Some(kind), question, &page).await;
    let found = found.unwrap().items.into_iter();
    found.map(|one| one.publication_id).collect()
}

/// Written by one, published by another: listed, found by its words, read; then withdrawn.
async fn goes_to_the_public_and_away(kind: Kind) {
    let world = World::new().await;
    let (writer, reviewer) = (hand("writer", ""), hand("reviewer", ""));
    let desk = &world.publications;
    let text = manuscript(&world, kind, "阶梯电价问答");
    let id = desk.draft(&writer, kind, "1504", &text).await.unwrap();
    assert!(listed(&world, kind, None).await.is_empty());
    desk.submit(&writer, &id, 1).await.unwrap();
    let own = desk.publish(&writer, &id, 2).await;
    assert!(matches!(own, Err(PublicationError::OwnWork)));
    assert!(desk.read(&id).await.is_err());
    desk.publish(&reviewer, &id, 2).await.unwrap();
    assert_eq!(listed(&world, kind, None).await, std::slice::from_ref(&id));
    for question in ["阶梯电价", "峰谷 时段"] {
        let found = listed(&world, kind, Some(question)).await;
        assert_eq!(found, std::slice::from_ref(&id), "{question}");
    }
    assert!(listed(&world, kind, Some("气价")).await.is_empty());
    let shown = desk.read(&id).await.unwrap();
    assert_eq!((shown.kind, &shown.content), (kind, &text.content));
    desk.withdraw(&reviewer, &id, 3, "有误，重写")
        .await
        .unwrap();
    assert!(listed(&world, kind, None).await.is_empty());
    assert!(matches!(
        desk.read(&id).await,
        Err(PublicationError::NotFound)
    ));
}

#[tokio::test]
async fn ln_11_an_outlet_goes_to_the_public_and_away() {
    goes_to_the_public_and_away(Kind::Outlet).await;
}

#[tokio::test]
async fn ln_12_an_outage_goes_to_the_public_and_away() {
    goes_to_the_public_and_away(Kind::Outage).await;
}

#[tokio::test]
async fn ln_13_an_app_goes_to_the_public_and_away() {
    goes_to_the_public_and_away(Kind::App).await;
}

#[tokio::test]
async fn ln_14_news_go_to_the_public_and_away() {
    goes_to_the_public_and_away(Kind::News).await;
}

#[tokio::test]
async fn ln_15_a_question_goes_to_the_public_and_away() {
    goes_to_the_public_and_away(Kind::Faq).await;
}

#[tokio::test]
async fn ln_16_common_knowledge_goes_to_the_public_and_away() {
    goes_to_the_public_and_away(Kind::Knowledge).await;
}

#[tokio::test]
async fn ln_17_a_guide_goes_to_the_public_and_away() {
    goes_to_the_public_and_away(Kind::Guide).await;
}

#[tokio::test]
async fn ln_22_a_policy_goes_to_the_public_and_away() {
    goes_to_the_public_and_away(Kind::Policy).await;
}

#[tokio::test]
async fn ln_23_grid_news_go_to_the_public_and_away() {
    goes_to_the_public_and_away(Kind::GridNews).await;
}

#[tokio::test]
async fn ln_24_industry_news_go_to_the_public_and_away() {
    goes_to_the_public_and_away(Kind::IndustryNews).await;
}

#[tokio::test]
async fn ln_25_a_technology_goes_to_the_public_and_away() {
    goes_to_the_public_and_away(Kind::Technology).await;
}

#[tokio::test]
async fn ln_26_a_case_goes_to_the_public_and_away() {
    goes_to_the_public_and_away(Kind::Case).await;
}

#[tokio::test]
async fn ln_12_an_outage_finds_the_homes_of_its_office_until_it_is_over() {
    let world = World::new().await;
    let (writer, reviewer) = (hand("writer", "1504"), hand("reviewer", ""));
    let desk = &world.publications;
    let text = manuscript(&world, Kind::Outage, "新城线检修");
    let id = desk
        .draft(&writer, Kind::Outage, "1504", &text)
        .await
        .unwrap();
    desk.submit(&writer, &id, 1).await.unwrap();
    desk.publish(&reviewer, &id, 2).await.unwrap();
    let at = async |org_no: &str| desk.outages_of(org_no).await.unwrap().len();
    assert_eq!(
        (at("1504010").await, at("1504020").await, at("1507").await),
        (1, 0, 0)
    );
    world.pass(7_199);
    assert_eq!(at("1504010").await, 1);
    world.pass(1);
    assert_eq!(at("1504010").await, 0);
    assert!(listed(&world, Kind::Outage, None).await.is_empty());
}

#[tokio::test]
async fn ln_12_an_office_outside_the_scope_is_nobodys_to_announce() {
    let world = World::new().await;
    let text = manuscript(&world, Kind::Outage, "别处检修");
    let elsewhere = hand("writer", "1507");
    let refused = world
        .publications
        .draft(&elsewhere, Kind::Outage, "1507", &text)
        .await;
    assert!(matches!(refused, Err(PublicationError::OutOfScope)));
}

/// What is live stays while the next edition is written and reviewed, and is followed by it at once.
#[tokio::test]
async fn ln_14_a_later_edition_takes_the_place_of_the_one_before() {
    let world = World::new().await;
    let (writer, reviewer) = (hand("writer", ""), hand("reviewer", ""));
    let desk = &world.publications;
    let first = manuscript(&world, Kind::News, "第一版");
    let id = desk.draft(&writer, Kind::News, "", &first).await.unwrap();
    desk.submit(&writer, &id, 1).await.unwrap();
    desk.publish(&reviewer, &id, 2).await.unwrap();
    let second = manuscript(&world, Kind::News, "第二版");
    desk.edit(&reviewer, &id, 3, &second).await.unwrap();
    assert_eq!(desk.read(&id).await.unwrap().content.title, "第一版");
    desk.submit(&reviewer, &id, 4).await.unwrap();
    let own = desk.publish(&reviewer, &id, 5).await;
    assert!(
        matches!(own, Err(PublicationError::OwnWork)),
        "who edits becomes an author"
    );
    desk.publish(&writer, &id, 5).await.unwrap();
    let shown = desk.read(&id).await.unwrap();
    assert_eq!((shown.content.title.as_str(), shown.edition), ("第二版", 2));
    assert!(listed(&world, Kind::News, Some("第一版")).await.is_empty());
}
