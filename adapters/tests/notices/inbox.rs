//! Reading one's own inbox, and nobody else's.

use lifeline_core::notices::NoticeError;
use lifeline_core::shared::ids::NoticeId;
use lifeline_core::shared::page::Page;

use crate::world::World;

#[tokio::test]
async fn the_newest_comes_first_and_pages_lose_and_repeat_nothing() {
    let world = World::new().await;
    let me = world.agreeing().await;
    for _ in 0..5 {
        world.publish(&world.posted(&me)).await;
        world.deliver().await;
        world.clock.advance(60);
    }
    let (all, unread) = world.inbox(&me).await;
    assert_eq!((all.len(), unread), (5, 5));
    assert!(
        all.windows(2)
            .all(|pair| pair[0].created_at > pair[1].created_at)
    );
    let mut seen = Vec::new();
    let (mut after, mut arrived) = (None, 0);
    loop {
        let page = Page::new(Some(2), after).unwrap();
        let inbox = world.notices.inbox(&me, &page).await.unwrap();
        assert!(inbox.notices.items.len() <= 2);
        assert_eq!(inbox.unread, 5 + arrived, "of the whole inbox");
        seen.extend(inbox.notices.items);
        after = inbox.notices.next;
        if after.is_none() {
            break;
        }
        // What arrives meanwhile comes before the pages already read and moves none of the others.
        world.publish(&world.posted(&me)).await;
        world.deliver().await;
        arrived += 1;
    }
    assert_eq!(seen, all);
}

#[tokio::test]
async fn seeing_a_notice_keeps_the_first_moment() {
    let world = World::new().await;
    let me = world.agreeing().await;
    world.publish(&world.posted(&me)).await;
    world.deliver().await;
    let id = world.inbox(&me).await.0[0].notice_id.clone();
    let first = world.notices.read(&me, &id).await.unwrap();
    assert!(first.read_at.is_some());
    world.clock.advance(3_600);
    let second = world.notices.read(&me, &id).await.unwrap();
    assert_eq!(second, first);
    assert_eq!(world.inbox(&me).await, (vec![first], 0));
}

#[tokio::test]
async fn anothers_notice_is_as_unknown_as_one_that_never_was() {
    let world = World::new().await;
    let (me, neighbour) = (world.agreeing().await, world.person(None).await);
    world.publish(&world.posted(&me)).await;
    world.deliver().await;
    let mine = world.inbox(&me).await.0[0].notice_id.clone();
    let never: NoticeId = world.id();
    for id in [&mine, &never] {
        let refused = world.notices.read(&neighbour, id).await;
        assert!(matches!(refused, Err(NoticeError::NotFound)), "{refused:?}");
    }
    assert!(world.inbox(&neighbour).await.0.is_empty());
    assert_eq!(world.inbox(&me).await.1, 1, "still unread");
    assert!(world.notices.read(&me, &mine).await.is_ok());
}
