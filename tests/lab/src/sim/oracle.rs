//! The verdict on one history. Money is judged by the books of the channel and of marketing alone.

use std::collections::BTreeMap;

use super::world::World;

/// One trade as the outside's books explain it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Account {
    /// What the channel keeps for us of what the payer paid.
    kept: i64,
    /// What homes were credited from it.
    credited: i64,
}

/// Every paid fen is credited once or given back; nothing is credited that was not paid.
pub(super) fn money(world: &World) -> Vec<String> {
    let now = world.now();
    let mut accounts: BTreeMap<&str, Account> = BTreeMap::new();
    for (number, trade) in &world.channel.trades {
        accounts.entry(number).or_default().kept = trade.kept(now);
    }
    let mut faults = Vec::new();
    for (txn, posting) in &world.marketing.postings {
        if posting.stray {
            continue;
        }
        let Some(number) = trade_of(txn) else {
            faults.push(format!("{txn} is no number of ours"));
            continue;
        };
        let account = accounts.entry(number).or_default();
        account.credited = account.credited.saturating_add(posting.net());
        let promised = world.promises.get(number);
        let home = promised.and_then(|promise| promise.homes.get(line_of(txn)));
        if posting.net() > 0 && home.is_some_and(|home| *home != posting.home) {
            faults.push(format!("{txn} was credited to another home"));
        }
    }
    for (number, account) in accounts {
        let Account { kept, credited } = account;
        match kept.cmp(&credited) {
            std::cmp::Ordering::Equal => {}
            std::cmp::Ordering::Greater => faults.push(format!(
                "lost: of {number} the channel keeps {kept} fen, homes were credited {credited}"
            )),
            std::cmp::Ordering::Less => faults.push(format!(
                "double: of {number} the channel keeps {kept} fen, homes were credited {credited}"
            )),
        }
    }
    faults
}

/// The order's number inside the number of one of its postings.
fn trade_of(channel_txn_no: &str) -> Option<&str> {
    channel_txn_no
        .split('_')
        .next()
        .filter(|number| number.len() == 24)
}

/// Which line of its order a posting's number belongs to, from 0.
fn line_of(channel_txn_no: &str) -> usize {
    let line = channel_txn_no.split('_').nth(1);
    let line: usize = line.and_then(|text| text.parse().ok()).unwrap_or(0);
    line.saturating_sub(1)
}
