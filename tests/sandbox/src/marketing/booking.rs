//! What a booking does to an account: which shares may be chosen, where the money lands, and how it is
//! taken out again.

use jiff::Timestamp;
use jiff::civil::Date;

use super::account::{Account, Entry, PrepaidEntry, View};
use super::calendar::{business_date, day};
use super::posting::{Booking, Order, Share, Spread};
use super::refused::Refused;

/// Shares must name different receivables that are due, ask no more than that, and fit the amount.
pub(super) fn check_shares(
    account: &Account,
    view: View,
    shares: &[Share],
    amount_fen: i64,
) -> Result<(), Refused> {
    let due = account.due(view);
    let mut named: Vec<&str> = Vec::with_capacity(shares.len());
    let mut sum_fen = 0_i64;
    for share in shares {
        let id = share.receivable_id.as_str();
        let known = account.receivables.iter().any(|r| r.receivable_id == id);
        if !known || named.contains(&id) || share.amount_fen <= 0 {
            return Err(Refused::Invalid("allocations"));
        }
        let standing = due
            .iter()
            .find(|(receivable, _)| receivable.receivable_id == id);
        if standing.is_none_or(|(_, standing)| share.amount_fen > standing.due_fen()) {
            return Err(Refused::AmountMismatch);
        }
        named.push(id);
        sum_fen = sum_fen.saturating_add(share.amount_fen);
    }
    if sum_fen > amount_fen {
        Err(Refused::AmountMismatch)
    } else {
        Ok(())
    }
}

/// Books a payment into its account at `posted_at`.
pub(super) fn book(account: &mut Account, order: &Order, posted_at: Timestamp) -> Booking {
    let paid_on = day(order.paid_at);
    let view = View {
        as_of: posted_at,
        on: paid_on,
    };
    let spread = Spread::over(
        &account.due(view),
        order.amount_fen,
        order.allocations.as_deref(),
    );
    apply(account, &spread, Sign::In, posted_at, paid_on);
    Booking {
        business_date: business_date(posted_at),
        posted_at,
        held: spread.clone(),
        spread,
    }
}

/// Which way money goes.
#[derive(Clone, Copy)]
pub(super) enum Sign {
    In,
    Out,
}

/// Enters `spread` into the account, counting for the day `on`.
pub(super) fn apply(
    account: &mut Account,
    spread: &Spread,
    sign: Sign,
    booked_at: Timestamp,
    on: Date,
) {
    let signed = |fen: i64| match sign {
        Sign::In => fen,
        Sign::Out => -fen,
    };
    for allocation in &spread.allocations {
        if let Some(receivable) = account.receivable_mut(&allocation.receivable_id) {
            receivable.entries.push(Entry {
                booked_at,
                on,
                principal_fen: signed(allocation.principal_fen),
                fee_fen: signed(allocation.fee_fen),
            });
        }
    }
    if spread.prepaid_fen != 0 {
        account.prepaid.push(PrepaidEntry {
            booked_at,
            amount_fen: signed(spread.prepaid_fen),
        });
    }
}
