//! How many different people there were, as pages tell it: of a span's last day, its week and its month, and at each step.

use super::asked::{DAYS_KEPT, month_of};
use super::batch::Crowd;
use super::function::{BIND, MATCH, PAY};
use super::people::{self, Period, Total, midnight};
use super::report::{Ask, Figure};
use crate::store::{StoreError, View};

/// How many different people a crowd is: from its hashes while it runs, else what was settled.
async fn counted(view: &mut View, period: Period, day: i64, cell: &str) -> Result<i64, StoreError> {
    let begins = period.of(midnight(day));
    let settled = view
        .insight()
        .settled(period, cell, &begins, &begins)
        .await?;
    if let Some((_, n)) = settled.first() {
        return Ok(*n);
    }
    let crowd = Crowd {
        period,
        begins,
        cell: cell.to_owned(),
    };
    let found = view.insight().crowd_size(&crowd, people::KEPT_ROWS).await?;
    Ok(people::stands_for(found))
}

/// The cell in which the people of what is asked are counted; none where they are not counted of it.
pub(super) fn cell_of(ask: &Ask) -> Option<String> {
    match (ask.channel, ask.is_everything()) {
        (_, true) => Some("all".to_owned()),
        (Some(channel), false)
            if ask.regions.is_none() && ask.function.is_none() && ask.outcome.is_none() =>
        {
            Some(format!("channel:{}", channel.as_str()))
        }
        (Some(_) | None, false) => None,
    }
}

pub(super) async fn people_of(
    view: &mut View,
    ask: &Ask,
) -> Result<Option<[Option<i64>; 3]>, StoreError> {
    let Some(cell) = cell_of(ask) else {
        return Ok(None);
    };
    let mut found = [None; 3];
    for (place, period) in found.iter_mut().zip(Period::ALL) {
        *place = people::told(counted(view, period, ask.to, &cell).await?);
    }
    Ok(Some(found))
}

/// A day of the period right before that of a day; absent where it is not kept.
fn right_before(period: Period, day: i64, today: i64) -> Option<i64> {
    let before = match period {
        Period::Day => day.saturating_sub(1),
        Period::Week => day.saturating_sub(7),
        Period::Month => {
            let month = month_of(day);
            let mut back = (1..=31).map(|n| day.saturating_sub(n));
            back.find(|other| month_of(*other) != month)?
        }
    };
    (before > today.saturating_sub(DAYS_KEPT)).then_some(before)
}

/// Different people of the day, the week and the month right before those of a span's last day.
pub(super) async fn people_before(
    view: &mut View,
    ask: &Ask,
    today: i64,
) -> Result<[Option<Total>; 3], StoreError> {
    let mut found = [None; 3];
    let Some(cell) = cell_of(ask) else {
        return Ok(found);
    };
    for (place, period) in found.iter_mut().zip(Period::ALL) {
        if let Some(day) = right_before(period, ask.to, today) {
            let n = counted(view, period, day, &cell).await?;
            *place = Some(people::told(n).map_or(Total::Few, Total::Told));
        }
    }
    Ok(found)
}

/// People at each step in the month of a span's last day, and in the month before.
pub(super) async fn funnel(
    view: &mut View,
    ask: &Ask,
    today: i64,
) -> Result<Vec<Figure>, StoreError> {
    if ask.regions.is_some() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for step in [MATCH, BIND, PAY] {
        let cell = format!("step:{step}");
        let n = counted(view, Period::Month, ask.to, &cell).await?;
        let before = match right_before(Period::Month, ask.to, today) {
            Some(day) => Some(counted(view, Period::Month, day, &cell).await?),
            None => None,
        };
        let told = |n: i64| people::told(n).unwrap_or(-1);
        found.push(Figure {
            name: step.to_owned(),
            n: told(n),
            before: before.map(told),
        });
    }
    Ok(found)
}
