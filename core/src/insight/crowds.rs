//! How many different people there were, as pages tell it: of a span's last day, its week and its month, and at each step.

use super::batch::Crowd;
use super::function::{BIND, MATCH, PAY};
use super::people::{self, Period, midnight};
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

pub(super) async fn funnel(view: &mut View, ask: &Ask) -> Result<Vec<Figure>, StoreError> {
    if ask.regions.is_some() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for step in [MATCH, BIND, PAY] {
        let n = counted(view, Period::Month, ask.to, &format!("step:{step}")).await?;
        found.push(Figure {
            name: step.to_owned(),
            n: people::told(n).unwrap_or(-1),
            before: None,
        });
    }
    Ok(found)
}
