//! Public information: editions, what finds them, and when they are shown.

use lifeline_core::publications::content::{Block, Content};
use lifeline_core::publications::edition::{Edition, Publication, State, Window};
use lifeline_core::publications::kind::{Article, Facts, Kind};
use lifeline_core::publications::ports::Picture;
use lifeline_core::shared::ids::PublicationId;
use lifeline_core::shared::page::Page;
use lifeline_core::store::StoreError;

use crate::bench::{Bench, at};
use crate::contracts;

contracts! { "publications":
    round_trip => ["PublicationStore::add", "PublicationStore::add_edition", "PublicationReads::find",
        "PublicationReads::find_by_slug", "PublicationReads::editions"];
    absent_is_none => ["PublicationReads::find", "PublicationReads::find_by_slug", "PublicationReads::read",
        "PublicationReads::picture"];
    a_name_is_given_once => ["PublicationStore::add"];
    stale_versions_conflict => ["PublicationStore::save", "PublicationStore::save_edition"];
    one_edition_is_live_and_one_is_written => ["PublicationStore::add_edition", "PublicationStore::save_edition"];
    the_desk_shows_newest_editions_by_state => ["PublicationReads::on_desk"];
    pictures_keep_their_bytes => ["PublicationStore::add_picture", "PublicationReads::picture"];
    dropped_unit_leaves_nothing => ["PublicationStore::add", "PublicationStore::index"];
}

fn content(title: &str) -> Content {
    Content {
        title: title.into(),
        summary: "一句话".into(),
        blocks: vec![Block::Paragraph {
            text: "<b>不是标记</b>".into(),
        }],
        facts: Facts::Article(Article::default()),
    }
}

pub(crate) fn piece(t: &Bench, kind: Kind, title: &str) -> (Publication, Edition) {
    let id: PublicationId = t.id();
    let publication = Publication {
        publication_id: id.clone(),
        slug: id.as_str().to_owned(),
        kind,
        region: "1504".into(),
        live: None,
        newest: 1,
        shown: None,
        changed_at: at(0),
        version: 1,
    };
    let edition = Edition {
        publication_id: id,
        number: 1,
        state: State::Draft,
        content: content(title),
        window: Window {
            from: at(0),
            to: None,
        },
        authors: vec!["writer".into()],
        written_at: at(0),
        decided_by: None,
        decided_at: None,
        reason: None,
        version: 1,
    };
    (publication, edition)
}

/// A draft on record.
pub(crate) async fn draft(t: &Bench, publication: &Publication, edition: &Edition) {
    t.write(async |tx| {
        tx.publications().add(publication).await?;
        tx.publications().add_edition(edition).await
    })
    .await
    .unwrap();
}

async fn round_trip(t: Bench) {
    let (publication, edition) = piece(&t, Kind::Policy, "阶梯电价");
    draft(&t, &publication, &edition).await;
    let mut view = t.view().await;
    let id = &publication.publication_id;
    assert_eq!(
        view.publications().find(id).await.unwrap(),
        Some(publication.clone())
    );
    let by_slug = view
        .publications()
        .find_by_slug(&publication.slug)
        .await
        .unwrap();
    assert_eq!(by_slug, Some(publication.clone()));
    assert_eq!(
        view.publications().editions(id).await.unwrap(),
        std::slice::from_ref(&edition)
    );
    drop(view);
    let (mut saved, mut decided) = (publication.clone(), edition);
    decided.state = State::Live;
    decided.decided_by = Some("reviewer".into());
    decided.decided_at = Some(at(9));
    decided.reason = Some("x".into());
    decided.window.to = Some(at(900));
    saved.live = Some(1);
    saved.shown = Some(decided.window);
    t.write(async |tx| {
        tx.publications().save(&saved).await?;
        tx.publications().save_edition(&decided).await
    })
    .await
    .unwrap();
    saved.version = 2;
    decided.version = 2;
    let read = t.view().await.publications().read(id, at(1)).await.unwrap();
    assert_eq!(read, Some((saved, decided)));
}

async fn absent_is_none(t: Bench) {
    let mut view = t.view().await;
    assert!(view.publications().find(&t.id()).await.unwrap().is_none());
    assert!(
        view.publications()
            .find_by_slug("none")
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        view.publications()
            .read(&t.id(), at(0))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        view.publications()
            .picture(&t.id())
            .await
            .unwrap()
            .is_none()
    );
}

async fn a_name_is_given_once(t: Bench) {
    let (first, edition) = piece(&t, Kind::Faq, "一");
    draft(&t, &first, &edition).await;
    let (mut second, _) = piece(&t, Kind::Faq, "二");
    second.slug.clone_from(&first.slug);
    let twice = t
        .write(async |tx| tx.publications().add(&second).await)
        .await;
    assert!(matches!(twice, Err(StoreError::Duplicate(_))), "{twice:?}");
}

async fn stale_versions_conflict(t: Bench) {
    let (publication, edition) = piece(&t, Kind::News, "新闻");
    draft(&t, &publication, &edition).await;
    t.write(async |tx| {
        tx.publications().save(&publication).await?;
        tx.publications().save_edition(&edition).await
    })
    .await
    .unwrap();
    let stale = t
        .write(async |tx| tx.publications().save(&publication).await)
        .await;
    assert!(matches!(stale, Err(StoreError::Conflict)));
    let stale = t
        .write(async |tx| tx.publications().save_edition(&edition).await)
        .await;
    assert!(matches!(stale, Err(StoreError::Conflict)));
}

async fn one_edition_is_live_and_one_is_written(t: Bench) {
    let (publication, mut edition) = piece(&t, Kind::News, "新闻");
    draft(&t, &publication, &edition).await;
    edition.number = 2;
    let second = t
        .write(async |tx| tx.publications().add_edition(&edition).await)
        .await;
    assert!(
        matches!(second, Err(StoreError::Duplicate(_))),
        "{second:?}"
    );
    edition.state = State::Live;
    t.write(async |tx| tx.publications().add_edition(&edition).await)
        .await
        .unwrap();
    edition.number = 3;
    let third = t
        .write(async |tx| tx.publications().add_edition(&edition).await)
        .await;
    assert!(matches!(third, Err(StoreError::Duplicate(_))), "{third:?}");
}

async fn the_desk_shows_newest_editions_by_state(t: Bench) {
    let (mut first, edition) = piece(&t, Kind::News, "先");
    draft(&t, &first, &edition).await;
    let (second, other) = piece(&t, Kind::News, "后");
    draft(&t, &second, &other).await;
    first.changed_at = at(50);
    t.write(async |tx| tx.publications().save(&first).await)
        .await
        .unwrap();
    let page = Page::new(None, None).unwrap();
    let drafts = t
        .view()
        .await
        .publications()
        .on_desk(State::Draft, &page)
        .await
        .unwrap();
    let titles: Vec<&str> = drafts
        .iter()
        .map(|(_, e)| e.content.title.as_str())
        .collect();
    assert_eq!(titles, ["先", "后"]);
    let live = t
        .view()
        .await
        .publications()
        .on_desk(State::Live, &page)
        .await
        .unwrap();
    assert!(live.is_empty());
}

async fn pictures_keep_their_bytes(t: Bench) {
    let id = t.id();
    let picture = Picture {
        media_type: "image/png",
        width: 3,
        height: 2,
        bytes: (0..=255).collect(),
    };
    t.write(async |tx| {
        tx.publications()
            .add_picture(&id, &picture, "staff", at(0))
            .await
    })
    .await
    .unwrap();
    let found = t.view().await.publications().picture(&id).await.unwrap();
    assert_eq!(found, Some(picture));
}

async fn dropped_unit_leaves_nothing(t: Bench) {
    let (publication, edition) = piece(&t, Kind::News, "没有");
    let id = &publication.publication_id;
    let dropped: Result<(), StoreError> = t
        .write(async |tx| {
            tx.publications().add(&publication).await?;
            tx.publications().add_edition(&edition).await?;
            tx.publications()
                .index(id, &["没有".to_owned()], &[])
                .await?;
            Err(StoreError::Refused("dropped".into()))
        })
        .await;
    assert!(dropped.is_err());
    assert!(
        t.view()
            .await
            .publications()
            .find(id)
            .await
            .unwrap()
            .is_none()
    );
}
