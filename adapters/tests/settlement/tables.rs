//! What an owner reads in a personal data table, and what keeps it open.

use lifeline_core::settlement::accounts::{RowsOfTable as _, TableRow, TableSearch};
use lifeline_core::settlement::table_k::State;
use lifeline_core::settlement::{Feedback, MonthRows};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::page::{Page, Slice};
use lifeline_core::shared::period::Period;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::snapshot;
use lifeline_core::tariffs::Slot;

use crate::checking::{answer, sent};
use crate::store::{Place, start};
use crate::stories;
use crate::world::{Outside, Seller, app, month, period, rules};

stories! {
    pv_20_the_amount_stands_beside_its_energy;
    pv_14_every_month_is_listed_once_page_by_page;
    a_search_finds_what_it_names_and_nothing_else;
    the_end_waits_for_money_that_is_open;
}

async fn listed(
    place: &Place,
    seller: &Seller,
    search: &TableSearch,
    page: &Page,
) -> Vec<TableRow> {
    let mut view = snapshot(&*place.store).await.unwrap();
    let rows = MonthRows::default()
        .list(&mut view, &seller.table, search, page)
        .await;
    rows.unwrap()
}

async fn all(place: &Place, seller: &Seller, search: &TableSearch) -> Vec<TableRow> {
    let page = Page::new(Some(100), None).unwrap();
    listed(place, seller, search, &page).await
}

async fn is_open(place: &Place, seller: &Seller) -> bool {
    place
        .write(async |tx| {
            MonthRows::default()
                .has_open_money(tx, &seller.table, start())
                .await
        })
        .await
}

async fn pv_20_the_amount_stands_beside_its_energy(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    let seller = place.seller(&outside, 1).await;
    let any = TableSearch::default();
    assert!(all(&place, &seller, &any).await.is_empty());
    outside.reads(&seller, "10");
    app.collect_all().await.unwrap();
    let told = |rows: &[TableRow]| -> Vec<(Slot, String, Option<i64>)> {
        let one = |row: &TableRow| (row.slot, row.energy.to_string(), row.amount.map(Fen::get));
        rows.iter().map(one).collect()
    };
    let (peak, valley) = ("310".to_owned(), "155".to_owned());
    let collected = all(&place, &seller, &any).await;
    assert_eq!(
        told(&collected),
        [
            (Slot::Peak, peak.clone(), None),
            (Slot::Valley, valley.clone(), None)
        ]
    );
    app.watch().await.unwrap();
    let settled = all(&place, &seller, &any).await;
    assert_eq!(
        told(&settled),
        [
            (Slot::Peak, peak, Some(9_300)),
            (Slot::Valley, valley, Some(3_100))
        ]
    );
    let stranger = place.seller(&outside, 2).await;
    assert!(all(&place, &stranger, &any).await.is_empty());
}

/// Fourteen months: more than are read at once.
async fn many_months(place: &Place, outside: &Outside) -> Seller {
    let app = app(place, outside, rules());
    let seller = place.seller(outside, 1).await;
    for back in 0..14 {
        let period = period().minus(back);
        let reading = month_of(outside, &period);
        let key = format!("{}:{period}", seller.number);
        outside.with(|world| world.readings.insert(key, reading));
        app.collect(&seller.account, &seller.table, &period)
            .await
            .unwrap();
    }
    seller
}

/// The month of the world, moved.
fn month_of(
    outside: &Outside,
    period: &Period,
) -> lifeline_core::settlement::readings::MonthReading {
    let mut reading = month(outside.now(), "10");
    let days = reading.days.drain(..).zip(period.days());
    reading.days = days
        .map(|(mut reading, day)| {
            reading.day = day;
            reading
        })
        .collect();
    reading
}

async fn pv_14_every_month_is_listed_once_page_by_page(place: Place) {
    let outside = Outside::at(start());
    let seller = many_months(&place, &outside).await;
    let any = TableSearch::default();
    let whole = all(&place, &seller, &any).await;
    let months: Vec<Period> = whole
        .iter()
        .step_by(2)
        .map(|row| row.period.clone())
        .collect();
    let expected: Vec<Period> = (0..14).map(|back| period().minus(back)).collect();
    assert_eq!(months, expected, "newest first");
    for limit in [1, 3, 28] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = Page::new(Some(limit), after).unwrap();
            let rows = listed(&place, &seller, &any, &page).await;
            let slice = Slice::cut(rows, &page, |row| row.row_key.clone());
            found.extend(slice.items);
            after = slice.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, whole, "{limit} at a time");
    }
}

async fn a_search_finds_what_it_names_and_nothing_else(place: Place) {
    let outside = Outside::at(start());
    let seller = many_months(&place, &outside).await;
    let search = |from: Option<i32>, to: Option<i32>, slot| TableSearch {
        from: from.map(|back| period().minus(back)),
        to: to.map(|back| period().minus(back)),
        slot,
    };
    for (wanted, rows) in [
        (search(None, None, None), 28),
        (search(None, None, Some(Slot::Valley)), 14),
        (search(None, None, Some(Slot::Flat)), 0),
        (search(Some(13), Some(13), None), 2),
        (search(Some(2), None, Some(Slot::Peak)), 3),
        (search(None, Some(12), None), 4),
        (search(Some(0), Some(1), None), 0),
    ] {
        let found = all(&place, &seller, &wanted).await;
        assert_eq!(found.len(), rows, "{wanted:?}");
        let fits = |row: &TableRow| {
            wanted.slot.is_none_or(|slot| slot == row.slot)
                && wanted.from.as_ref().is_none_or(|from| *from <= row.period)
                && wanted.to.as_ref().is_none_or(|to| row.period <= *to)
        };
        assert!(found.iter().all(fits), "{wanted:?}");
    }
}

async fn the_end_waits_for_money_that_is_open(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    assert!(
        is_open(&place, &seller).await,
        "the owner was not heard yet"
    );
    let state = answer(&app, &place, &seller, Feedback::Confirm).await;
    assert_eq!(state.unwrap(), State::Answered);
    assert!(is_open(&place, &seller).await, "nothing was paid yet");
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(12_400));
    assert!(!is_open(&place, &seller).await);
    place
        .write(async |tx| {
            MonthRows::default()
                .erase(tx, &seller.table, outside.now())
                .await
        })
        .await;
    let any = TableSearch::default();
    assert!(all(&place, &seller, &any).await.is_empty());
}
