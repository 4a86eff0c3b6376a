//! Where a caller stands, and how it is told: `RateLimit`, `RateLimit-Policy` (draft-11 structured
//! fields) on every answer, `Retry-After` on a refusal.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage as _, HttpRequest};
use lifeline_core::shared::gcra::Quota;

use crate::edge::codes::Code;
use crate::edge::problem::Problem;

/// Written policies a thread keeps: one for each kind of request, of which there are about a dozen.
const POLICIES_MAX: usize = 64;

type Written = (Vec<(&'static str, Quota)>, HeaderValue);

thread_local! {
    static POLICIES: RefCell<Vec<Written>> = const { RefCell::new(Vec::new()) };
}

/// One limit after a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// `address`, `account`, `home` and so on.
    pub name: &'static str,
    pub quota: Quota,
    pub remaining: u32,
}

/// All limits of one decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    marks: Vec<Mark>,
    /// How long a refused caller waits; zero for one that passes.
    retry_after: Duration,
    /// Which of the limits refused: the longest to be waited for.
    refused_by: Option<usize>,
}

impl Standing {
    #[must_use]
    pub const fn passing(marks: Vec<Mark>) -> Self {
        Self {
            marks,
            retry_after: Duration::ZERO,
            refused_by: None,
        }
    }

    /// A refusal by the limit at a place among `marks`.
    #[must_use]
    pub const fn refused(marks: Vec<Mark>, by: usize, retry_after: Duration) -> Self {
        Self {
            marks,
            retry_after,
            refused_by: Some(by),
        }
    }

    #[must_use]
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Both decisions about one request. Of the later one the limit that ends soonest speaks for all.
    #[must_use]
    pub fn and(mut self, later: Self) -> Self {
        if later.refused_by.is_some() {
            self.refused_by = Some(self.marks.len());
        }
        self.marks.extend(later.tightest().copied());
        self.retry_after = self.retry_after.max(later.retry_after);
        self
    }

    /// The limit that ends soonest: the one that refused, else that of whose burst the smallest part is left.
    #[must_use]
    pub fn tightest(&self) -> Option<&Mark> {
        let refused = self.refused_by.and_then(|at| self.marks.get(at));
        if refused.is_some() {
            return refused;
        }
        let part = |mark: &Mark| {
            u64::from(mark.remaining)
                .saturating_mul(1 << 20)
                .checked_div(u64::from(mark.quota.burst()))
        };
        self.marks.iter().min_by_key(|mark| part(mark))
    }

    /// Whole seconds to wait, at least one.
    #[must_use]
    pub fn retry_after_s(&self) -> u64 {
        let whole = self.retry_after.as_secs();
        let more = u64::from(self.retry_after.subsec_nanos() > 0);
        whole.saturating_add(more).max(1)
    }

    /// The refusal of a caller over the limit.
    #[must_use]
    pub fn refusal(&self) -> Problem {
        Problem::new(Code::RateLimited).retry_after(self.retry_after_s())
    }

    /// Writes both header fields: every limit's policy, and the state of the one that ends soonest.
    pub fn tell(&self, headers: &mut HeaderMap) {
        let Some(tightest) = self.tightest() else {
            return;
        };
        let reset = match tightest.remaining {
            0 => self.retry_after_s(),
            _ => 1,
        };
        let limit = format!("\"{}\";r={};t={reset}", tightest.name, tightest.remaining);
        let limit = HeaderValue::from_str(&limit).ok();
        for (header, value) in [("ratelimit-policy", self.policy()), ("ratelimit", limit)] {
            if let Some(value) = value {
                headers.insert(HeaderName::from_static(header), value);
            }
        }
    }

    /// Every limit's policy. It is the same for all requests of a kind, so it is written once.
    fn policy(&self) -> Option<HeaderValue> {
        let same = |named: &[(&'static str, Quota)]| {
            let marks = self.marks.iter().map(|mark| (mark.name, mark.quota));
            marks.eq(named.iter().copied())
        };
        POLICIES.with_borrow_mut(|written| {
            if let Some((_, value)) = written.iter().find(|(named, _)| same(named)) {
                return Some(value.clone());
            }
            let value = HeaderValue::from_str(&self.worded()).ok()?;
            if written.len() < POLICIES_MAX {
                let marks = self.marks.iter().map(|mark| (mark.name, mark.quota));
                written.push((marks.collect(), value.clone()));
            }
            Some(value)
        })
    }

    fn worded(&self) -> String {
        let mut policy = String::with_capacity(96);
        for mark in &self.marks {
            let join = if policy.is_empty() { "" } else { ", " };
            let (name, q) = (mark.name, mark.quota.burst());
            let w = mark.quota.window().as_secs();
            // Writing to a String cannot fail.
            let _ = write!(policy, "{join}\"{name}\";q={q};w={w}");
        }
        policy
    }
}

/// What judged one request so far. It is kept beside the request, so that whichever layer answers, also
/// one that refuses or is out of time, the answer is told it.
#[derive(Debug, Clone, Default)]
pub struct Judged(Rc<RefCell<Option<Standing>>>);

impl Judged {
    /// The one of a request.
    #[must_use]
    pub fn of(req: &HttpRequest) -> Self {
        let mut beside = req.extensions_mut();
        if let Some(known) = beside.get::<Self>() {
            return known.clone();
        }
        let fresh = Self::default();
        beside.insert(fresh.clone());
        fresh
    }

    /// A decision by who asks: named before the one about the place they ask from.
    pub fn by_asker(&self, standing: Standing) {
        let mut held = self.0.borrow_mut();
        *held = Some(match held.take() {
            Some(place) => standing.and(place),
            None => standing,
        });
    }

    /// One more decision, named after those before it.
    pub fn then(&self, later: Standing) {
        let mut held = self.0.borrow_mut();
        *held = Some(match held.take() {
            Some(before) => before.and(later),
            None => later,
        });
    }

    /// Writes what is known by now.
    pub fn tell(&self, headers: &mut HeaderMap) {
        if let Some(standing) = &*self.0.borrow() {
            standing.tell(headers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    fn mark(name: &'static str, burst: u32, remaining: u32) -> Mark {
        Mark {
            name,
            quota: Quota::per_minute(NonZeroU32::new(burst).unwrap()),
            remaining,
        }
    }

    fn told(standing: &Standing) -> (String, String) {
        let mut headers = HeaderMap::new();
        standing.tell(&mut headers);
        let read = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
        (read("ratelimit-policy"), read("ratelimit"))
    }

    #[test]
    fn every_policy_is_named_and_the_tightest_is_told() {
        let standing = Standing::passing(vec![mark("account", 240, 239), mark("home", 10, 3)]);
        let (policy, limit) = told(&standing);
        assert_eq!(policy, r#""account";q=240;w=60, "home";q=10;w=60"#);
        assert_eq!(limit, r#""home";r=3;t=1"#);
    }

    #[test]
    fn a_later_decision_is_told_with_the_first_by_the_tightest_of_its_limits() {
        let first =
            || Standing::passing(vec![mark("account", 240, 238), mark("channel", 500, 499)]);
        let homes = vec![mark("home", 5, 4), mark("home", 5, 0), mark("home", 5, 3)];
        let refused = Standing::refused(homes, 1, Duration::from_secs(12));
        let (policy, limit) = told(&first().and(refused));
        assert_eq!(
            policy,
            r#""account";q=240;w=60, "channel";q=500;w=60, "home";q=5;w=60"#
        );
        assert_eq!(limit, r#""home";r=0;t=12"#);
        let none = Standing::passing(Vec::new());
        assert_eq!(told(&first().and(none)), told(&first()));
    }

    #[test]
    fn what_judged_a_request_is_kept_beside_it_and_the_asker_is_named_before_the_place() {
        let request = actix_web::test::TestRequest::default().to_http_request();
        let mut headers = HeaderMap::new();
        Judged::of(&request).tell(&mut headers);
        assert!(headers.is_empty(), "nothing judged it yet");
        Judged::of(&request).then(Standing::passing(vec![mark("address", 600, 599)]));
        let asker = vec![mark("account", 240, 0), mark("network", 6_000, 5_999)];
        Judged::of(&request).by_asker(Standing::refused(asker, 0, Duration::from_secs(9)));
        Judged::of(&request).then(Standing::passing(vec![mark("home", 5, 4)]));
        Judged::of(&request).tell(&mut headers);
        let read = |name: &str| headers.get(name).unwrap().to_str().unwrap();
        assert_eq!(
            read("ratelimit-policy"),
            r#""account";q=240;w=60, "network";q=6000;w=60, "address";q=600;w=60, "home";q=5;w=60"#
        );
        assert_eq!(read("ratelimit"), r#""account";r=0;t=9"#);
    }

    #[test]
    fn of_a_refusal_the_limit_that_refused_speaks_also_beside_one_that_is_as_low() {
        let marks = vec![mark("account", 1, 0), mark("channel", 5, 0)];
        let refused = Standing::refused(marks, 1, Duration::from_secs(7));
        assert_eq!(told(&refused).1, r#""channel";r=0;t=7"#);
        let place = Standing::passing(vec![mark("address", 1, 0)]);
        assert_eq!(told(&place.and(refused)).1, r#""channel";r=0;t=7"#);
    }

    #[test]
    fn a_policy_that_changed_is_told_anew() {
        for burst in [240, 10, 240] {
            let standing = Standing::passing(vec![mark("account", burst, 3)]);
            assert_eq!(told(&standing).0, format!(r#""account";q={burst};w=60"#));
        }
        for burst in 1_000..1_000 + u32::try_from(2 * POLICIES_MAX).unwrap() {
            let standing = Standing::passing(vec![mark("home", burst, 3)]);
            assert_eq!(told(&standing).0, format!(r#""home";q={burst};w=60"#));
        }
        assert_eq!(POLICIES.with_borrow(Vec::len), POLICIES_MAX);
    }

    #[test]
    fn a_refused_caller_is_told_whole_seconds_rounded_up() {
        let wait = |ms| Standing::refused(vec![mark("home", 10, 0)], 0, Duration::from_millis(ms));
        assert_eq!(wait(1).retry_after_s(), 1);
        assert_eq!(wait(1_000).retry_after_s(), 1);
        assert_eq!(wait(1_001).retry_after_s(), 2);
        assert_eq!(told(&wait(5_500)).1, r#""home";r=0;t=6"#);
    }
}
