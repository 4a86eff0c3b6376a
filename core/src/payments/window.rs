//! When an order may be paid, which business date it falls on, and when the sweeper looks again.

use super::table_l as l;
use super::table_r as r;
use crate::shared::time::Time;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// Marketing's business date changes at this time of Shanghai's day, as marketing says it.
pub const CUTOFF: &str = "22:30";
/// The same as a second of the day.
const CUTOFF_SECOND: i64 = 22 * HOUR + 30 * MINUTE;
/// An order is never payable later than five minutes before the cut-off (money.md 2.16).
const LAST_PAYABLE_SECOND: i64 = CUTOFF_SECOND - 5 * MINUTE;
/// An order is payable at most this long.
const PAYABLE_MAX: i64 = 15 * MINUTE;
/// Less time than this before the bound is no time to pay: the order belongs to the next date.
const PAYABLE_MIN: i64 = MINUTE;
/// "Does not exist" proves something only this long after the order expired.
const DOUBT: i64 = 10 * MINUTE;

/// Banks answer a shortage of funds in the morning.
const BANK_MORNING_SECOND: i64 = 9 * HOUR + 30 * MINUTE;

/// The end of an order's payable time.
#[must_use]
pub fn expire_at(now: Time) -> Time {
    let left = LAST_PAYABLE_SECOND.saturating_sub(now.shanghai_second_of_day());
    if left > PAYABLE_MIN && left < PAYABLE_MAX {
        now.plus_seconds(left)
    } else {
        now.plus_seconds(PAYABLE_MAX)
    }
}

/// The moment from which "does not exist" proves that an order can never be paid.
#[must_use]
pub const fn beyond_doubt_at(expire_at: Time) -> Time {
    expire_at.plus_seconds(DOUBT)
}

/// Marketing's business date of a moment, `YYYY-MM-DD`.
#[must_use]
pub fn business_date(at: Time) -> String {
    if at.shanghai_second_of_day() >= CUTOFF_SECOND {
        at.plus_seconds(DAY).shanghai_date()
    } else {
        at.shanghai_date()
    }
}

/// More dates than this are not asked for in one turn: a line that old is for two persons.
const FILES_MAX: usize = 8;

/// The business dates on which a posting may stand that was first sent no earlier than `from`, and last at
/// `to`: every date of that time, and the next one (money.md 2.1). `None` when they are too many to ask for.
#[must_use]
pub fn filed_dates(from: Time, to: Time) -> Option<Vec<String>> {
    let last = business_date(to.plus_seconds(DAY));
    let mut at = from.min(to);
    let mut dates = Vec::new();
    while dates.len() < FILES_MAX {
        let date = business_date(at);
        at = at.plus_seconds(DAY);
        let is_last = date >= last;
        dates.push(date);
        if is_last {
            return Some(dates);
        }
    }
    None
}

/// The next 09:30 in Shanghai after `now`.
#[must_use]
pub fn next_bank_morning(now: Time) -> Time {
    let ahead = BANK_MORNING_SECOND.saturating_sub(now.shanghai_second_of_day());
    now.plus_seconds(if ahead > 0 {
        ahead
    } else {
        ahead.saturating_add(DAY)
    })
}

/// A turn that fell behind its ladder is this far from the next.
const LATE_STEP: i64 = 5;

/// Seconds since the state was entered at which each turn falls; the last gap repeats.
fn on_ladder(entered_at: Time, turns: i64, now: Time, offsets: &[i64], then_every: i64) -> Time {
    let planned = usize::try_from(turns)
        .ok()
        .and_then(|at| offsets.get(at))
        .map(|offset| entered_at.plus_seconds(*offset));
    match planned {
        Some(at) if at > now => at,
        // A turn that came late (a crash, a lease) is not made up for; the next one is a step away.
        Some(_) => now.plus_seconds(LATE_STEP),
        None => now.plus_seconds(then_every),
    }
}

/// The sweeper's next look at an order that can be paid: 5, 15, 30 s, 1 min, then often enough
/// that money whose notice was lost is seen within a minute, and in any case at `expire_at`.
#[must_use]
pub fn while_payable(entered_at: Time, turns: i64, now: Time, expire_at: Time) -> Time {
    let next = on_ladder(entered_at, turns, now, &[5, 15, 30, MINUTE], 50);
    if now < expire_at {
        next.min(expire_at)
    } else {
        now
    }
}

/// The next resend of an unanswered create: 2, 5 and 15 s after the first.
#[must_use]
pub fn resend_at(entered_at: Time, sends: i64, now: Time) -> Time {
    on_ladder(entered_at, sends.saturating_sub(1), now, &[2, 5, 15], 5)
}

/// How many sends of one create body there are before the order is closed.
pub const CREATE_SENDS_MAX: i64 = 4;

/// The next look at an order whose closing is not proven.
#[must_use]
pub fn while_closing(entered_at: Time, turns: i64, now: Time, expire_at: Time) -> Time {
    let offsets = [5, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE];
    let next = on_ladder(entered_at, turns, now, &offsets, 10 * MINUTE);
    let proof = beyond_doubt_at(expire_at);
    if now < proof { next.min(proof) } else { next }
}

/// The next look at a closed order: hourly on its first day, then daily.
#[must_use]
pub fn while_watched(entered_at: Time, now: Time) -> Time {
    if now.seconds_since(entered_at) < DAY {
        now.plus_seconds(HOUR)
    } else {
        now.plus_seconds(DAY)
    }
}

/// Until when a closed order is watched. The law says: till the bill of the day it expired is matched. A
/// bill comes the day after, or so many days later; a query that is answered when even the latest bill is
/// there has told what that bill would.
#[must_use]
pub fn watched_until(expire_at: Time, bill_late_days: i64) -> Time {
    let days = bill_late_days.saturating_add(2).saturating_mul(DAY);
    expire_at.plus_seconds(days.saturating_sub(expire_at.shanghai_second_of_day()))
}

#[must_use]
pub const fn hourly(now: Time) -> Time {
    now.plus_seconds(HOUR)
}

#[must_use]
pub const fn daily(now: Time) -> Time {
    now.plus_seconds(DAY)
}

/// When a row that only two persons move is looked up next. What is said of it meanwhile does not put
/// that off: who rules in vain, again and again, would keep away the very answer that allows a ruling.
#[must_use]
pub fn daily_look(entered_at: Time, planned: Option<Time>, now: Time) -> Time {
    let kept = planned.filter(|at| entered_at < now && *at > now);
    kept.map_or(daily(now), |at| at.min(daily(now)))
}

/// When a line is due again; `None` once it is final.
#[must_use]
pub fn line_next_at(state: l::State, entered_at: Time, turns: i64, now: Time) -> Option<Time> {
    let later = |offsets: &[i64]| Some(on_ladder(entered_at, turns, now, offsets, HOUR));
    match state {
        l::State::Ready if turns == 0 => Some(now),
        l::State::Ready => later(&[0, 5, 15, 30, MINUTE, 5 * MINUTE, 30 * MINUTE]),
        l::State::Posting => Some(now.plus_seconds(LEASE_SECONDS)),
        l::State::PostUnknown => later(&[5, 15, MINUTE, 5 * MINUTE, 30 * MINUTE]),
        l::State::FencingRepost
        | l::State::FencingRefund
        | l::State::Reversing
        | l::State::MktRefund
            if turns == 0 =>
        {
            Some(now)
        }
        l::State::FencingRepost
        | l::State::FencingRefund
        | l::State::Reversing
        | l::State::MktRefund => later(&[0, 10, 30, MINUTE, 5 * MINUTE, 30 * MINUTE]),
        l::State::RefundDue => Some(hourly(now)),
        l::State::Held => Some(daily(now)),
        l::State::Posted | l::State::Refunded => None,
    }
}

/// When a refund is due again; `None` once it is final.
#[must_use]
pub fn refund_next_at(state: r::State, entered_at: Time, turns: i64, now: Time) -> Option<Time> {
    let later = |offsets: &[i64]| Some(on_ladder(entered_at, turns, now, offsets, HOUR));
    match state {
        r::State::Planned if turns == 0 => Some(now),
        r::State::Planned => Some(now.plus_seconds(REFUND_GAP_SECONDS)),
        r::State::Sending => Some(now.plus_seconds(LEASE_SECONDS)),
        r::State::Unknown => later(&[REFUND_QUERY_AFTER, 75, 5 * MINUTE, 30 * MINUTE]),
        // Two turns at each moment: a query, and when that is empty the send.
        r::State::WaitFunds if turns < 4 => {
            let moment = turns.div_euclid(2);
            let offsets = [10 * MINUTE, HOUR];
            Some(on_ladder(entered_at, moment, now, &offsets, HOUR))
        }
        r::State::WaitFunds => {
            // Finance is called when a day is over, whichever morning comes next.
            let morning = next_bank_morning(now);
            let called = entered_at.plus_seconds(OVERDUE_SECONDS);
            Some(if called > now {
                morning.min(called)
            } else {
                morning
            })
        }
        r::State::Blocked => Some(daily(now)),
        r::State::Done | r::State::Withdrawn => None,
    }
}

/// The beginning of the minute that a moment falls in.
#[must_use]
pub const fn minute_of(at: Time) -> Time {
    let seconds = at.unix_seconds();
    Time::from_micros(
        seconds
            .saturating_sub(seconds.rem_euclid(MINUTE))
            .saturating_mul(1_000_000),
    )
}

/// How long a worker may hold an order; longer than any outside call's deadline.
pub const LEASE_SECONDS: i64 = 30;
/// A refund that the brake holds asks again this often.
pub const BRAKED_SECONDS: i64 = 300;
/// Two refunds of one trade are at least this far apart.
pub const REFUND_GAP_SECONDS: i64 = 3;
/// A refund query sooner than this after the send proves nothing.
pub const REFUND_QUERY_AFTER: i64 = 10;
/// Two refund queries that find nothing count as two only this far apart.
pub const APART_SECONDS: i64 = 60;
/// Two "not found" of a posting count as two only this far apart. The resend is the same bytes
/// under the same key, so looking sooner at first risks nothing, and a line whose send was lost is
/// still credited within a minute; later looks keep the table's full minute.
#[must_use]
pub const fn apart(resends: i64) -> i64 {
    if resends < 3 { 10 } else { APART_SECONDS }
}
/// While somebody is silent one row asks for all this often.
pub const SCOUT_EVERY: i64 = 20;
/// A state that ought to pass opens a case after this.
pub const OVERDUE_SECONDS: i64 = DAY;
/// Marketing spoke of a line when its last answer is younger than this; a line is asked for each hour.
pub const SPOKE_SECONDS: i64 = 2 * HOUR;
/// A stranger's unpaid order may be superseded after this (money.md 2.4), counted from when they first held the home.
pub const SUPERSEDE_AFTER: i64 = 2 * MINUTE;
/// An order this soon after the same account's last one ended is the same claim, renewed. Shorter than
/// [`SUPERSEDE_AFTER`], so that whoever superseded it stands between.
pub const RENEWED_WITHIN: i64 = MINUTE;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn the_cutoff_that_is_told_is_the_one_that_counts() {
        let cutoff = at(&format!("2026-11-20T{CUTOFF}:00+08:00"));
        assert_eq!(business_date(cutoff.plus_seconds(-1)), "2026-11-20");
        assert_eq!(business_date(cutoff), "2026-11-21");
    }

    #[test]
    fn interleaving_16_expiry_never_passes_the_bound_before_the_cutoff() {
        let cases = [
            ("2026-11-20T10:00:00+08:00", "2026-11-20T10:15:00+08:00"),
            ("2026-11-20T22:10:00+08:00", "2026-11-20T22:25:00+08:00"),
            ("2026-11-20T22:20:00+08:00", "2026-11-20T22:25:00+08:00"),
            ("2026-11-20T22:23:59+08:00", "2026-11-20T22:25:00+08:00"),
            // A minute or less is no time to pay: the order belongs to the next business date.
            ("2026-11-20T22:24:00+08:00", "2026-11-20T22:39:00+08:00"),
            ("2026-11-20T22:26:00+08:00", "2026-11-20T22:41:00+08:00"),
            ("2026-11-20T23:50:00+08:00", "2026-11-21T00:05:00+08:00"),
        ];
        for (now, expected) in cases {
            assert_eq!(expire_at(at(now)).rfc3339(), expected, "{now}");
        }
    }

    #[test]
    fn the_business_date_changes_at_the_cutoff() {
        assert_eq!(business_date(at("2026-12-31T22:29:59+08:00")), "2026-12-31");
        assert_eq!(business_date(at("2026-12-31T22:30:00+08:00")), "2027-01-01");
        assert_eq!(business_date(at("2026-12-31T23:59:59+08:00")), "2027-01-01");
        assert_eq!(business_date(at("2027-01-01T00:00:00+08:00")), "2027-01-01");
    }

    #[test]
    fn the_files_of_the_send_and_of_the_next_date_are_asked_for() {
        let dates = |from: &str, to: &str| filed_dates(at(from), at(to));
        let morning = "2026-11-20T10:00:00+08:00";
        let two = vec!["2026-11-20".to_owned(), "2026-11-21".to_owned()];
        assert_eq!(dates(morning, morning), Some(two.clone()));
        // A channel whose clock runs ahead.
        assert_eq!(dates("2026-11-20T10:05:00+08:00", morning), Some(two));
        let over_the_cutoff = dates("2026-12-30T22:29:59+08:00", "2026-12-30T22:30:00+08:00");
        let three = ["2026-12-30", "2026-12-31", "2027-01-01"].map(str::to_owned);
        assert_eq!(over_the_cutoff, Some(three.to_vec()));
        let days = |to: &str| dates(morning, to).map(|dates| dates.len());
        assert_eq!(days("2026-11-26T10:00:00+08:00"), Some(8));
        assert_eq!(days("2026-11-27T10:00:00+08:00"), None);
    }

    #[test]
    fn lost_notices_are_seen_within_a_minute_while_payable() {
        let start = at("2026-11-20T10:00:00+08:00");
        let end = expire_at(start);
        let (mut now, mut turns) = (start, 0);
        while now < end {
            let next = while_payable(start, turns, now, end);
            assert!(next > now && next.seconds_since(now) < 60, "{turns}");
            (now, turns) = (next, turns + 1);
        }
        assert_eq!(now, end);
        assert!(turns < 25, "{turns}");
    }

    #[test]
    fn unknown_postings_are_asked_for_at_the_laws_moments() {
        let start = at("2026-11-20T10:00:00+08:00");
        let mut now = start;
        let mut seen = Vec::new();
        for turns in 0..7 {
            now = line_next_at(l::State::PostUnknown, start, turns, now).unwrap();
            seen.push(now.seconds_since(start));
        }
        assert_eq!(seen, [5, 15, 60, 300, 1800, 5400, 9000]);
    }

    #[test]
    fn a_closed_order_is_watched_till_its_latest_bill_is_there() {
        let until = |expired: &str, late| watched_until(at(expired), late).rfc3339();
        let noon = "2026-11-20T12:00:00+08:00";
        assert_eq!(until(noon, 0), "2026-11-22T00:00:00+08:00");
        assert_eq!(until(noon, 3), "2026-11-25T00:00:00+08:00");
        let midnight = "2026-11-21T00:00:00+08:00";
        assert_eq!(until(midnight, 3), "2026-11-26T00:00:00+08:00");
    }

    #[test]
    fn a_refund_without_funds_is_looked_at_when_its_day_is_over() {
        let entered = at("2026-11-20T10:00:00+08:00");
        let next = |now: &str| {
            let next = refund_next_at(r::State::WaitFunds, entered, 4, at(now));
            next.map(Time::rfc3339).unwrap_or_default()
        };
        let told = "2026-11-21T10:00:00+08:00";
        assert_eq!(
            next("2026-11-20T11:00:00+08:00"),
            "2026-11-21T09:30:00+08:00"
        );
        assert_eq!(next("2026-11-21T09:30:00+08:00"), told);
        assert_eq!(next(told), "2026-11-22T09:30:00+08:00");
    }

    #[test]
    fn bank_mornings() {
        assert_eq!(
            next_bank_morning(at("2026-11-20T08:00:00+08:00")).rfc3339(),
            "2026-11-20T09:30:00+08:00"
        );
        assert_eq!(
            next_bank_morning(at("2026-11-20T09:30:00+08:00")).rfc3339(),
            "2026-11-21T09:30:00+08:00"
        );
    }
}
