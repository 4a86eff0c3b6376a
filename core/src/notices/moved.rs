//! Facts of what moved on: a request of the person's, a function of theirs, a bill of a home of theirs. A word that
//! this program does not know cannot be told by it: a newer one tells it.

use serde::{Deserialize, Serialize};

use super::news::{BILL_MOVED, FUNCTION_MOVED, News, REQUEST_MOVED, Unreadable, moment};
use super::notice::Told;
use crate::shared::ids::AccountId;
use crate::shared::time::Time;

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    IllegalUse,
    Feedback,
    BillDispute,
    WrongPayment,
    NewUser,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reached {
    Accepted,
    UnderWay,
    Resolved,
    Declined,
}

/// The facts of a request that moved on: words of this program, never of the utility's clerks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub request: Asked,
    pub state: Reached,
    pub happened_at: Time,
}

/// A function that staff can take away and give back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    Pay,
    AutoDebit,
}

/// How it stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FunctionState {
    Open,
    Suspended,
}

/// The facts of a function that was suspended, or opened again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionMove {
    /// As it was always kept.
    #[serde(rename = "request")]
    pub function: Function,
    pub state: FunctionState,
    pub happened_at: Time,
}

/// What became of a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillState {
    /// It is being verified, and held back from payment.
    Held,
    Corrected,
    /// It was right.
    Stands,
}

/// The facts of a bill that is being verified, or is no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillMove {
    pub state: BillState,
    pub happened_at: Time,
}

#[derive(Deserialize)]
struct OfRequest {
    account_id: AccountId,
    request: Asked,
    state: Reached,
    happened_at: String,
}

#[derive(Deserialize)]
struct OfFunction {
    account_id: AccountId,
    function: Function,
    state: FunctionState,
    happened_at: String,
}

#[derive(Deserialize)]
struct OfBill {
    account_id: AccountId,
    state: BillState,
    happened_at: String,
}

/// Any of the three above, whatever its words.
#[derive(Deserialize)]
struct OfAnything {
    #[serde(rename = "account_id")]
    _account_id: AccountId,
    request: Option<String>,
    function: Option<String>,
    #[serde(rename = "state")]
    _state: String,
    happened_at: String,
}

/// Whether a body that [`News::read`] refuses is well made, and only its words are not known here.
pub(super) fn says_new_words(kind: &str, body: &str) -> bool {
    let Ok(said) = serde_json::from_str::<OfAnything>(body) else {
        return false;
    };
    let is_whole = match kind {
        REQUEST_MOVED => said.request.is_some(),
        FUNCTION_MOVED => said.function.is_some(),
        BILL_MOVED => true,
        _ => false,
    };
    is_whole && moment(&said.happened_at).is_ok()
}

fn news(account_id: AccountId, told: Told) -> News {
    News {
        account_id,
        payment_id: None,
        told,
    }
}

pub(super) fn of_request(body: &str) -> Result<News, Unreadable> {
    let said: OfRequest = serde_json::from_str(body).map_err(|_| Unreadable)?;
    let progress = Progress {
        request: said.request,
        state: said.state,
        happened_at: moment(&said.happened_at)?,
    };
    Ok(news(said.account_id, Told::RequestMoved(progress)))
}

pub(super) fn of_function(body: &str) -> Result<News, Unreadable> {
    let said: OfFunction = serde_json::from_str(body).map_err(|_| Unreadable)?;
    let moved = FunctionMove {
        function: said.function,
        state: said.state,
        happened_at: moment(&said.happened_at)?,
    };
    Ok(news(said.account_id, Told::FunctionMoved(moved)))
}

pub(super) fn of_bill(body: &str) -> Result<News, Unreadable> {
    let said: OfBill = serde_json::from_str(body).map_err(|_| Unreadable)?;
    let moved = BillMove {
        state: said.state,
        happened_at: moment(&said.happened_at)?,
    };
    Ok(news(said.account_id, Told::BillMoved(moved)))
}

#[cfg(test)]
mod tests {
    use super::super::notice::Kind;
    use super::*;
    use serde_json::json;

    fn read(kind: &str, what: (&str, &str), state: &str) -> Result<Kind, Unreadable> {
        let body = json!({
            "account_id": "019aa2f0-0000-7000-8000-000000000002",
            what.0: what.1,
            "state": state,
            "happened_at": "2026-11-20T10:01:02+08:00",
        });
        News::read(kind, &body.to_string()).map(|news| news.told.kind())
    }

    #[test]
    fn what_moved_is_told_by_known_words_only() {
        let request = |what, state| read(REQUEST_MOVED, ("request", what), state);
        let function = |what, state| read(FUNCTION_MOVED, ("function", what), state);
        let bill = |state| read(BILL_MOVED, ("function", "bill"), state);
        for what in [
            "illegal_use",
            "feedback",
            "bill_dispute",
            "wrong_payment",
            "new_user",
        ] {
            for state in ["accepted", "under_way", "resolved", "declined"] {
                assert_eq!(request(what, state), Ok(Kind::RequestMoved));
            }
        }
        for what in ["pay", "auto_debit"] {
            for state in ["open", "suspended"] {
                assert_eq!(function(what, state), Ok(Kind::FunctionMoved));
            }
        }
        for state in ["held", "corrected", "stands"] {
            assert_eq!(bill(state), Ok(Kind::BillMoved));
        }
        for unknown in [
            request("outage", "resolved"),
            request("feedback", "lost"),
            function("bill", "held"),
            function("pay", "held"),
            function("heating", "open"),
            bill("open"),
            bill("doubtful"),
        ] {
            assert_eq!(unknown, Err(Unreadable));
        }
    }

    #[test]
    fn new_words_in_a_well_made_body_are_a_newer_programs() {
        let body = |what: &str, state: &str, at: &str| {
            let account = "019aa2f0-0000-7000-8000-000000000002";
            format!(r#"{{"account_id":"{account}",{what}"state":"{state}","happened_at":"{at}"}}"#)
        };
        let at = "2026-11-20T10:01:02+08:00";
        for (kind, what) in [
            (REQUEST_MOVED, r#""request":"outage","#),
            (FUNCTION_MOVED, r#""function":"heating","#),
            (BILL_MOVED, ""),
        ] {
            assert!(says_new_words(kind, &body(what, "lost", at)), "{kind}");
            let undated = body(what, "lost", "yesterday");
            assert!(!says_new_words(kind, &undated), "{kind}");
        }
        let about_nothing = body("", "lost", at);
        assert!(!says_new_words(REQUEST_MOVED, &about_nothing));
        assert!(!says_new_words(FUNCTION_MOVED, &about_nothing));
        assert!(!says_new_words("payments.posted", &about_nothing));
        assert!(!says_new_words(BILL_MOVED, "{}"));
    }

    #[test]
    fn a_bill_that_was_kept_as_a_function_is_still_a_bill() {
        let kept = |request: &str, state: &str| {
            let facts = json!({
                "request": request,
                "state": state,
                "happened_at": Time::default(),
            });
            Told::read(Kind::FunctionMoved, &facts.to_string())
        };
        let bill = BillMove {
            state: BillState::Held,
            happened_at: Time::default(),
        };
        assert_eq!(kept("bill", "held"), Some(Told::BillMoved(bill)));
        let pay = FunctionMove {
            function: Function::Pay,
            state: FunctionState::Open,
            happened_at: Time::default(),
        };
        assert_eq!(kept("pay", "open"), Some(Told::FunctionMoved(pay)));
        assert_eq!(kept("bill", "open"), None);
    }
}
