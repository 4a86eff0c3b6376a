use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;

use super::*;

struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Time {
        at(self.0.load(Ordering::SeqCst))
    }
}

fn at(seconds: i64) -> Time {
    Time::from_micros(seconds.saturating_mul(1_000_000))
}

const QUICK: Duration = Duration::from_millis(10);

struct Bench {
    hands: Arc<Hands>,
    breaker: Breaker,
}

impl Bench {
    fn new() -> Self {
        let hands = Arc::new(Hands(AtomicI64::new(1_000_000)));
        let breaker = Breaker::new("marketing", BreakerRules::default(), hands.clone());
        Self { hands, breaker }
    }

    fn wait(&self, seconds: i64) {
        self.hands.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Makes one call; whether it was let through.
    fn call(&self, operation: &'static str, well: bool, taken: Duration) -> bool {
        let leave = self.breaker.admit(operation);
        let admitted = leave.is_some();
        if let Some(leave) = leave {
            leave.end(well, taken);
        }
        admitted
    }

    fn fail(&self, times: u32) -> u32 {
        let made = (0..times).filter(|_| self.call("post", false, QUICK));
        u32::try_from(made.count()).unwrap()
    }
}

#[test]
fn nine_failures_prove_nothing_and_the_tenth_opens() {
    let t = Bench::new();
    assert_eq!(t.fail(9), 9);
    assert!(t.breaker.admit("post").is_some(), "nine are too few");
    assert_eq!(t.fail(5), 1, "the tenth opens; the others do not leave");
}

#[test]
fn who_is_asked_one_after_the_other_and_never_answers_is_left_alone() {
    let t = Bench::new();
    for _ in 0..6 {
        t.wait(4);
        t.call("post", false, Duration::from_secs(4));
    }
    assert!(t.breaker.admit("post").is_none());
}

#[test]
fn half_the_window_must_go_by_in_three_failures_before_few_calls_prove_something() {
    let after = |calls: &[u64]| {
        let t = Bench::new();
        for seconds in calls {
            assert!(t.call("post", false, Duration::from_secs(*seconds)));
        }
        t.breaker.admit("post").is_some()
    };
    assert!(after(&[8, 8]), "two are no proof");
    assert!(after(&[4, 4, 6]), "14 s of 30");
    assert!(!after(&[4, 4, 7]), "15 s of 30");
    let t = Bench::new();
    for _ in 0..4 {
        assert!(t.call("post", true, QUICK));
    }
    for _ in 0..3 {
        assert!(t.call("post", false, Duration::from_secs(5)));
    }
    assert!(t.breaker.admit("post").is_some(), "3 of 7 failed");
    assert!(t.call("post", false, QUICK), "half");
    assert!(t.breaker.admit("post").is_none());
}

#[test]
fn one_operation_that_fails_does_not_close_the_others() {
    let t = Bench::new();
    assert!(!t.breaker.is_any_open());
    t.fail(20);
    assert!(t.breaker.is_any_open());
    assert!(t.breaker.admit("post").is_none());
    assert!(t.breaker.admit("arrears").is_some());
}

#[test]
fn just_under_half_failing_stays_closed_and_half_opens() {
    let t = Bench::new();
    for _ in 0..11 {
        assert!(t.call("post", true, QUICK));
    }
    assert_eq!(t.fail(10), 10, "10 of 21");
    assert_eq!(t.fail(1), 1, "11 of 22 is half");
    assert!(t.breaker.admit("post").is_none());
}

#[test]
fn slow_answers_open_too() {
    let t = Bench::new();
    for _ in 0..10 {
        assert!(t.call("post", true, Duration::from_millis(3001)));
    }
    assert!(t.breaker.admit("post").is_none());
    let t = Bench::new();
    for _ in 0..50 {
        assert!(t.call("post", true, Duration::from_secs(3)), "just in time");
    }
}

#[test]
fn old_failures_are_forgotten() {
    let t = Bench::new();
    assert_eq!(t.fail(9), 9);
    t.wait(36);
    assert_eq!(t.fail(9), 9);
    assert!(t.breaker.admit("post").is_some());
}

#[test]
fn three_good_probes_close_and_one_bad_one_opens_for_longer() {
    let t = Bench::new();
    t.fail(10);
    t.wait(4);
    assert!(!t.call("post", true, QUICK));
    t.wait(1);
    assert!(t.call("post", false, QUICK), "a probe");
    for (opened_s, then) in [(8, false), (8, false), (8, true)] {
        t.wait(opened_s - 1);
        assert!(!t.call("post", then, QUICK), "{opened_s}");
        t.wait(1);
        assert!(t.call("post", then, QUICK), "{opened_s}");
    }
    assert!(t.call("post", true, QUICK));
    assert!(t.call("post", true, QUICK));
    assert_eq!(t.fail(9), 9, "closed again, with a clean sheet");
}

#[test]
fn no_more_than_three_probes_are_under_way_and_a_cancelled_one_gives_its_place_back() {
    let t = Bench::new();
    t.fail(10);
    t.wait(5);
    let probes: Vec<_> = (0..3).map(|_| t.breaker.admit("post").unwrap()).collect();
    assert!(t.breaker.admit("post").is_none());
    drop(probes);
    assert!(t.breaker.admit("post").is_some());
}

#[test]
fn a_call_from_before_the_opening_has_no_say_after_it() {
    let t = Bench::new();
    let late: Vec<_> = (0..3).map(|_| t.breaker.admit("post").unwrap()).collect();
    t.fail(10);
    t.wait(5);
    let probe = t.breaker.admit("post").unwrap();
    for old in late {
        old.end(true, QUICK);
    }
    probe.end(false, QUICK);
    assert!(t.breaker.admit("post").is_none(), "the probe decided");
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Begin,
    End(bool),
    Cancel,
    Wait(i64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Begin),
        4 => any::<bool>().prop_map(Act::End),
        1 => Just(Act::Cancel),
        2 => (0_i64..20).prop_map(Act::Wait),
    ]
}

/// After the longest outage everything works again within ten seconds.
#[test]
fn after_an_hour_of_failures_it_is_asked_again_within_ten_seconds() {
    let t = Bench::new();
    for _ in 0..3_600 {
        t.fail(1);
        t.wait(1);
    }
    // The last probe failed a moment before the end.
    while t.fail(1) == 0 {
        t.wait(1);
    }
    t.wait(9);
    let probes = BreakerRules::default().probes;
    assert!((0..probes).all(|_| t.call("post", true, QUICK)));
    assert_eq!(t.fail(1), 1, "closed again");
}

proptest! {
    /// Whatever happens: never more probes than allowed, and never shut for longer than the longest
    /// opening while nobody is under way.
    #[test]
    fn it_always_lets_somebody_through_again(acts in proptest::collection::vec(act(), 1..200)) {
        let t = Bench::new();
        let mut under_way = Vec::new();
        for act in acts {
            match act {
                Act::Begin => under_way.extend(t.breaker.admit("post")),
                Act::End(well) => if let Some(leave) = under_way.pop() { leave.end(well, QUICK) },
                Act::Cancel => drop(under_way.pop()),
                Act::Wait(seconds) => t.wait(seconds),
            }
            if let Some(Circuit { state: State::HalfOpen { under_way, .. }, .. }) = t.breaker.lock().get("post") {
                prop_assert!(*under_way <= BreakerRules::default().probes);
            }
        }
        under_way.clear();
        t.wait(BreakerRules::default().open_max_s);
        prop_assert!(t.breaker.admit("post").is_some());
    }
}

#[test]
fn ln_39_what_was_asked_says_since_when_it_stands_so_and_when_it_last_answered() {
    let t = Bench::new();
    assert!(t.breaker.asked().is_empty());
    assert!(t.call("post", true, QUICK));
    t.wait(5);
    assert_eq!(t.fail(20), 9, "one went well: the tenth call opens");
    let [one] = t.breaker.asked()[..] else {
        panic!("one operation");
    };
    assert_eq!((one.system, one.operation), ("marketing", "post"));
    assert_eq!(one.stands, Stands::LeftAlone);
    assert_eq!(
        (one.since, one.last_well),
        (at(1_000_005), Some(at(1_000_000)))
    );
    assert_eq!(one.last_badly, Some(at(1_000_005)));
    t.wait(5);
    assert!(t.breaker.ask_again("post"));
    let probed = t.breaker.asked()[0];
    assert_eq!(
        (probed.stands, probed.since),
        (Stands::Probed, at(1_000_010))
    );
    t.wait(1);
    let probes = BreakerRules::default().probes;
    assert!((0..probes).all(|_| t.call("post", true, QUICK)));
    let well = t.breaker.asked()[0];
    assert_eq!((well.stands, well.since), (Stands::Closed, at(1_000_011)));
    assert_eq!(well.last_well, Some(at(1_000_011)));
    // A call that is given up says nothing of the other side.
    drop(t.breaker.admit("post"));
    assert_eq!(t.breaker.asked()[0], well);
}

#[test]
fn what_is_left_alone_says_why_and_is_asked_again_when_somebody_says_so() {
    let t = Bench::new();
    assert!(t.breaker.left_alone().is_empty() && !t.breaker.ask_again("post"));
    t.fail(20);
    let [alone] = t.breaker.left_alone()[..] else {
        panic!("one operation");
    };
    assert_eq!((alone.operation, alone.why), ("post", Why::Failed));
    assert!(alone.until.is_some() && !t.call("post", true, QUICK));
    assert!(!t.breaker.ask_again("arrears") && t.breaker.ask_again("post"));
    assert_eq!(t.breaker.left_alone()[0].until, None, "it is probed");
    assert!(!t.breaker.ask_again("post"), "once is enough");
    // A probe that goes badly closes the way again, and that is the reason then.
    assert!(t.call("post", false, QUICK) && !t.call("post", true, QUICK));
    assert_eq!(t.breaker.left_alone()[0].why, Why::Probe);
    assert!(t.breaker.ask_again("post"));
    let probes = BreakerRules::default().probes;
    assert!((0..probes).all(|_| t.call("post", true, QUICK)));
    assert!(t.breaker.left_alone().is_empty());
    for _ in 0..20 {
        t.call("slow", true, Duration::from_secs(4));
    }
    assert_eq!(t.breaker.left_alone()[0].why, Why::Slow);
}
