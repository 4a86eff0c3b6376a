//! The pace of the watch: what the store does not take whole is taken by halves, what it does not take at all holds up
//! nothing else, and pages are settled side by side within a bound.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lifeline_adapters::sql::Engine;
use lifeline_core::settlement::{Settlement, SettlementError};
use lifeline_core::store::{Commits, Snapshot, Store, StoreError, UnitName, UnitOfWork};

use crate::store::{Place, start};
use crate::stories;
use crate::watching::sellers;
use crate::world::{Outside, app, ports, rules};

stories! {
    a_page_the_store_does_not_take_whole_is_taken_by_halves;
    a_month_the_store_does_not_take_keeps_no_other_from_being_settled;
    a_store_that_is_away_is_not_asked_for_each_month;
    prices_of_one_month_that_are_not_told_keep_their_own_waiting;
    no_more_pages_are_settled_at_once_than_the_bound;
}

/// What became of the units of one kind.
#[derive(Debug, Default)]
struct Seen {
    pages: usize,
    alone: usize,
    inside: usize,
    at_once: usize,
}

/// The store, which refuses some units that settle a page: the first so many.
#[derive(Debug)]
struct Busy {
    engine: Arc<Engine>,
    refuses: usize,
    seen: Mutex<Seen>,
}

impl Busy {
    fn before(place: &Place, refuses: usize) -> Arc<Self> {
        Arc::new(Self {
            engine: Arc::clone(&place.store),
            refuses,
            seen: Mutex::default(),
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Seen) -> T) -> T {
        act(&mut self.seen.lock().unwrap())
    }
}

#[async_trait]
impl Store for Busy {
    fn commits(&self) -> &Commits {
        self.engine.commits()
    }

    async fn begin(&self, name: UnitName) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let unit = name.to_string();
        if unit.ends_with("settling::settle") {
            self.with(|seen| seen.alone += 1);
        }
        if unit.ends_with("watching::settle_page") {
            let nth = self.with(|seen| {
                seen.pages += 1;
                seen.inside += 1;
                seen.at_once = seen.at_once.max(seen.inside);
                seen.pages
            });
            // Whoever may come in beside this one does so now.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            self.with(|seen| seen.inside -= 1);
            if nth <= self.refuses {
                return Err(StoreError::Unavailable("too much at once".into()));
            }
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "a wrapper hands on what `atomically` asks for"
        )]
        Store::begin(&*self.engine, name).await
    }

    async fn begin_read(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a wrapper hands on what `snapshot` asks for"
        )]
        Store::begin_read(&*self.engine).await
    }
}

/// So many pages at once, before this store.
fn watching(store: &Arc<Busy>, outside: &Outside, side_by_side: usize) -> Settlement {
    let mut rules = rules();
    rules.watch.side_by_side = side_by_side;
    Settlement::new(ports(store.clone(), outside), rules)
}

/// So many sellers whose month is collected.
async fn collected(place: &Place, count: usize) -> Outside {
    let outside = Outside::at(start());
    sellers(place, &outside, count).await;
    let app = app(place, &outside, rules());
    assert_eq!(app.collect_all().await.unwrap(), count);
    outside
}

const TASKS: &str = "SELECT COUNT(*) FROM check_task";

async fn a_page_the_store_does_not_take_whole_is_taken_by_halves(place: Place) {
    let outside = collected(&place, 40).await;
    // 40, 20 and 10 are too much; 5 are not.
    let store = Busy::before(&place, 3);
    let app = watching(&store, &outside, 1);
    assert_eq!(app.watch().await.unwrap(), 40);
    assert_eq!(place.number(TASKS).await, 40, "each once");
    let (pages, alone) = store.with(|seen| (seen.pages, seen.alone));
    assert_eq!((pages, alone), (7, 0), "5 and 5, 10, 20: none by itself");
}

async fn a_month_the_store_does_not_take_keeps_no_other_from_being_settled(place: Place) {
    let outside = collected(&place, 40).await;
    // 40, 20, 10, 5, 2 and the first by itself.
    let store = Busy::before(&place, 6);
    let app = watching(&store, &outside, 1);
    let told = app.watch().await;
    let unavailable = SettlementError::Store(StoreError::Unavailable("".into()));
    assert_eq!(
        told.map_err(|error| error.to_string()),
        Err(unavailable.to_string()),
        "the poll says that it left something over"
    );
    assert_eq!(place.number(TASKS).await, 39);
    assert_eq!(app.watch().await.unwrap(), 1, "in the next poll");
}

async fn a_store_that_is_away_is_not_asked_for_each_month(place: Place) {
    let outside = collected(&place, 40).await;
    let store = Busy::before(&place, usize::MAX);
    let app = watching(&store, &outside, 1);
    assert!(app.watch().await.is_err());
    let pages = store.with(|seen| seen.pages);
    assert_eq!(pages, 7, "40, 20, 10, 5, 2, and two by themselves");
    assert_eq!(place.number(TASKS).await, 0);
}

async fn prices_of_one_month_that_are_not_told_keep_their_own_waiting(place: Place) {
    let outside = collected(&place, 3).await;
    let other = "UPDATE energy_version SET period = '2026-09' WHERE table_id = \
        (SELECT MIN(table_id) FROM energy_version)";
    let months = "SELECT COUNT(*) FROM check_task WHERE period = '2026-10'";
    place.raw(other).await.unwrap();
    outside.with(|world| world.untold.insert("2026-09".to_owned()));
    let app = app(&place, &outside, rules());
    let told = app.watch().await;
    assert!(
        matches!(told, Err(SettlementError::NoAnswer(_))),
        "the poll says that it left something over: {told:?}"
    );
    assert_eq!(place.number(months).await, 2);
    assert_eq!(place.number(TASKS).await, 2);
}

async fn no_more_pages_are_settled_at_once_than_the_bound(place: Place) {
    let outside = collected(&place, 501).await;
    let store = Busy::before(&place, 0);
    let app = watching(&store, &outside, 2);
    assert_eq!(app.watch().await.unwrap(), 501);
    let at_once = store.with(|seen| seen.at_once);
    assert_eq!(at_once, 2, "of three pages");
}
