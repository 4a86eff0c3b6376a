use super::*;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::edge::limits::steady::{Steady, Ticks};
use crate::edge::limits::stock::Short;

const SECOND: u64 = 1_000_000_000;
const HOUR: u64 = 3_600 * SECOND;

fn quota(burst: u32, window_ns: u64) -> Quota {
    Quota::per(
        NonZeroU32::new(burst).unwrap(),
        Duration::from_nanos(window_ns),
    )
}

fn rule<'a>(name: &'static str, subject: &'a str, quota: Quota, cost: u32) -> Rule<'a> {
    Rule {
        name,
        function: "",
        subject: subject.into(),
        quota,
        cost,
    }
}

/// A small generator of its own: the test's course is its seed's alone.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// The textbook's bucket, by levels instead of moments: tokens in `1 / window` of a unit.
struct Bucket {
    level: i128,
    seen_ns: i128,
}

/// Buckets by name, and time that only counts when it goes forward.
#[derive(Default)]
struct Model {
    buckets: HashMap<(&'static str, String), Bucket>,
    last_raw_ns: i128,
    now_ns: i128,
}

impl Model {
    fn passes(&mut self, rules: &[Rule<'_>], raw_ns: u64) -> bool {
        let raw = i128::from(raw_ns);
        self.now_ns += (raw - self.last_raw_ns).max(0);
        self.last_raw_ns = raw;
        let mut all = true;
        for rule in rules {
            let (burst, window) = (
                i128::from(rule.quota.burst()),
                i128::try_from(rule.quota.window().as_nanos()).unwrap(),
            );
            let key = (rule.name, rule.subject.to_string());
            let now_ns = self.now_ns;
            let bucket = self.buckets.entry(key).or_insert(Bucket {
                level: burst * window,
                seen_ns: now_ns,
            });
            let gained = (now_ns - bucket.seen_ns) * burst;
            bucket.level = (bucket.level + gained).min(burst * window);
            bucket.seen_ns = now_ns;
            all &= bucket.level >= i128::from(rule.cost) * window;
        }
        if all {
            for rule in rules {
                let window = i128::try_from(rule.quota.window().as_nanos()).unwrap();
                let key = (rule.name, rule.subject.to_string());
                self.buckets.get_mut(&key).unwrap().level -= i128::from(rule.cost) * window;
            }
        }
        all
    }
}

struct Hands(Arc<AtomicU64>);
impl Ticks for Hands {
    fn read_ns(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// `LIMITER_EVENTS` (make test-long: ten million) decisions, each over one to four keys.
#[test]
fn every_decision_is_the_reference_models_with_clocks_that_jump_an_hour() {
    let events: u64 = std::env::var("LIMITER_EVENTS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(300_000);
    let hand = Arc::new(AtomicU64::new(10 * HOUR));
    let steady = Steady::over(Box::new(Hands(Arc::clone(&hand))));
    let (table, mut model, mut dice) = (Table::default(), Model::default(), Dice(0x5eed_1eaf));
    let subjects: Vec<String> = (0..40).map(|n| format!("subject-{n}")).collect();
    let quotas = [
        ("a", quota(7, 60 * SECOND)),
        ("b", quota(240, 60 * SECOND)),
        ("c", quota(3, 10_000_000_007)),
        ("d", quota(1, SECOND)),
    ];
    let (mut passed, mut jumps) = (0_u64, 0_u64);
    for event in 0..events {
        let raw = hand.load(Ordering::SeqCst);
        let raw = match dice.below(50_000) {
            0 => raw + HOUR,
            1 => raw - HOUR.min(raw),
            _ => raw + dice.below(400_000_000),
        };
        jumps += u64::from(raw.abs_diff(hand.load(Ordering::SeqCst)) >= HOUR);
        hand.store(raw, Ordering::SeqCst);
        let first = usize::try_from(dice.below(4)).unwrap();
        let count = 1 + usize::try_from(dice.below(4)).unwrap();
        let rules: Vec<Rule<'_>> = (0..count)
            .map(|at| {
                let (name, quota) = quotas[(first + at) % 4];
                let subject = &subjects[usize::try_from(dice.below(40)).unwrap()];
                rule(
                    name,
                    subject,
                    quota,
                    1 + u32::try_from(dice.below(3)).unwrap().min(quota.burst() - 1),
                )
            })
            .collect();
        let ours = table.decide(&rules, steady.now_ns()).is_ok();
        assert_eq!(ours, model.passes(&rules, raw), "event {event}");
        passed += u64::from(ours);
        if dice.below(10_000) == 0 {
            table.forget(steady.now_ns());
        }
    }
    let part = passed * 100 / events;
    assert!((5..=95).contains(&part), "{part} % passed: too easy");
    assert!(jumps > 0, "no clock jumped");
    println!(
        "limiter: {events} decisions, {jumps} jumps of an hour, {part} % passed, 0 differences"
    );
}

#[test]
fn a_refused_decision_takes_nothing_from_any_key() {
    let table = Table::default();
    let (wide, narrow) = (quota(3, HOUR), quota(1, HOUR));
    let both = [rule("account", "x", wide, 1), rule("home", "y", narrow, 1)];
    assert_eq!(table.decide(&both, 1).unwrap()[..2], [2, 0]);
    let refused = table.decide(&both, 1).unwrap_err();
    assert_eq!(refused.wait, Duration::from_nanos(HOUR));
    let wide = [rule("account", "x", wide, 2)];
    assert!(table.decide(&wide, 1).is_ok(), "the account kept its two");
    assert!(table.decide(&wide, 1).is_err());
}

#[test]
fn a_key_that_is_named_twice_is_taken_from_twice_and_put_back_as_it_was() {
    let table = Table::default();
    let (home, shut) = (quota(3, HOUR), quota(1, HOUR));
    assert!(table.decide(&[rule("b", "y", shut, 1)], 1).is_ok());
    let twice = [
        rule("home", "x", home, 1),
        rule("home", "x", home, 1),
        rule("b", "y", shut, 1),
    ];
    let refused = table.decide(&twice, 1).unwrap_err();
    assert_eq!((refused.by, &refused.left[..2]), (2, &[2, 1][..]));
    assert_eq!(table.len(), 1, "nothing is begun by what is refused");
    assert_eq!(table.decide(&twice[..2], 1).unwrap()[..2], [2, 1]);
    let refused = table.decide(&twice[..2], 1).unwrap_err();
    assert_eq!(refused.by, 1, "only one of the three is left");
    assert_eq!(table.decide(&twice[..1], 1).unwrap()[0], 0);
}

#[test]
fn keys_differ_by_name_function_and_subject() {
    let table = Table::default();
    let one = rule("home", "x", quota(1, HOUR), 1);
    let others = [
        Rule {
            name: "account",
            ..one
        },
        Rule {
            function: "pay",
            ..one
        },
        Rule {
            subject: "y".into(),
            ..one
        },
    ];
    assert!(table.decide(&[one], 1).is_ok());
    assert!(table.decide(&[one], 1).is_err());
    assert!(table.decide(&others, 1).is_ok());
    table.forget(1);
    assert_eq!(table.len(), 4);
    table.forget(1 + HOUR);
    assert!(table.is_empty());
}

#[test]
fn a_flood_of_keys_shares_buckets_instead_of_memory() {
    const ROOM: usize = 50;
    let table = Table::with_room(ROOM);
    let flood = SHARDS * ROOM * 60;
    let began = std::time::Instant::now();
    let mut passed = 0;
    for n in 0..flood {
        let subject = n.to_string();
        let decided = table.decide(&[rule("address", &subject, quota(2, HOUR), 1)], 1);
        passed += usize::from(decided.is_ok());
    }
    let strangers = SHARDS * 1_024;
    assert!(table.len() <= SHARDS * ROOM + strangers, "{}", table.len());
    assert!(passed < flood, "strangers share what is left");
    let known = table.decide(&[rule("address", "0", quota(2, HOUR), 1)], 1);
    assert_eq!(known.unwrap()[0], 0, "who came before keeps their own");
    println!("{flood} keys in {:?}", began.elapsed());
}

#[test]
fn sixty_four_threads_pass_exactly_the_burst() {
    let table = Table::default();
    let passed = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for turn in 0..64 {
            let (table, passed) = (&table, &passed);
            scope.spawn(move || {
                let quotas = [
                    ("a", quota(50, HOUR)),
                    ("b", quota(40, HOUR)),
                    ("c", quota(90, HOUR)),
                ];
                for _ in 0..10 {
                    // Every thread names the keys in another order.
                    let mut rules: Vec<_> = quotas
                        .iter()
                        .map(|(name, quota)| rule(name, "x", *quota, 1))
                        .collect();
                    rules.rotate_left(turn % 3);
                    passed.fetch_add(u64::from(table.decide(&rules, 1).is_ok()), Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(passed.load(Ordering::SeqCst), 40);
}

#[test]
fn stocks_are_taken_as_a_whole_end_with_their_time_and_say_what_is_missing() {
    let table = Table::default();
    let both = [
        rule("a", "x", quota(9, HOUR), 1),
        rule("b", "x", quota(9, HOUR), 1),
    ];
    let short = |keys: &[(usize, u32)]| {
        let keys = keys.iter().map(|(at, wanted)| Short {
            at: *at,
            wanted: *wanted,
        });
        ByStock::Short(keys.collect())
    };
    let stock = |units, until_ns| Stock {
        units,
        until_ns,
        ..Stock::default()
    };
    assert_eq!(
        table.decide_by_stock(&both, &[], 1),
        short(&[(0, 0), (1, 0)])
    );
    let gained = [(0, stock(5, 100)), (1, stock(1, 100))];
    let ByStock::Passed(left) = table.decide_by_stock(&both, &gained, 1) else {
        panic!("both had enough");
    };
    assert_eq!(left[..2], [4, 0]);
    assert_eq!(table.decide_by_stock(&both, &[], 1), short(&[(1, 2)]));
    let dry = Stock {
        dry_until_ns: 60,
        ..Stock::default()
    };
    let refused = table.decide_by_stock(&both, &[(1, dry)], 10);
    assert!(matches!(refused, ByStock::Refused(r) if r.wait == Duration::from_nanos(50)));
    let later = table.decide_by_stock(&both, &[(1, stock(2, 200))], 70);
    assert!(matches!(later, ByStock::Passed(left) if left[..2] == [3, 1]));
    assert_eq!(table.decide_by_stock(&both, &[], 100), short(&[(0, 2)]));
}
