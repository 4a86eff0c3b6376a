//! An id of another's takes as long to be refused as one that nobody has: pairs asked one after the other,
//! in changing order, and their medians compared. A planted millisecond is found by the same measurement.
//!
//! `TIMING_PAIRS` (make test-long: 20000) pairs must have medians within 50 us, on either engine; a daily run takes 400 on
//! whatever machine, and only says that nothing near the planted millisecond is there. Where others take the machine
//! away in turns, the medians differ by more than that now and then: what the product does shows each time.

use std::time::{Duration, Instant};

use actix_web::http::{Method, StatusCode};
use lifeline_adapters::keyring::InstanceKind;
use lifeline_adapters::sql;
use lifeline_core::shared::time::Time;
use lifeline_tests::Engine;
use lifeline_tests::engine::new_database;

use crate::canary::{PEOPLE, START};
use crate::line::{House, Line};
use crate::walk::{Act, Walk};

const NOWHERE: &str = "019aa2f0-0000-7000-8000-0000000000ff";
/// Where there is time for 20,000 pairs.
const APART_MAX: Duration = Duration::from_micros(50);
const PLANTED: Duration = Duration::from_millis(1);

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

struct Pairs<'a> {
    house: &'a House,
    line: &'a Line,
    /// Whose things they are not.
    stranger: usize,
}

impl Pairs<'_> {
    async fn refused(&self, path: &str, planted: Duration) -> Duration {
        let began = Instant::now();
        while began.elapsed() < planted {
            std::hint::spin_loop();
        }
        let reply = self
            .house
            .call(self.line, self.stranger, Method::GET, path, None)
            .await;
        let taken = began.elapsed();
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{}", reply.text);
        taken
    }

    /// How far the medians of both are apart, when the foreign one takes `planted` longer.
    async fn apart(
        &self,
        pairs: usize,
        foreign: &str,
        unknown: &str,
        planted: Duration,
    ) -> Duration {
        let (mut theirs, mut nobodys) = (Vec::new(), Vec::new());
        for pair in 0..pairs {
            if pair % 2 == 0 {
                theirs.push(self.refused(foreign, planted).await);
                nobodys.push(self.refused(unknown, Duration::ZERO).await);
            } else {
                nobodys.push(self.refused(unknown, Duration::ZERO).await);
                theirs.push(self.refused(foreign, planted).await);
            }
        }
        median(theirs).abs_diff(median(nobodys))
    }

    /// The medians are together, and a planted millisecond is found, in one of the measurements.
    async fn judge(&self, rule: Rule, foreign: &str, unknown: &str) {
        let pairs = rule.pairs;
        for left in (0..rule.measurements).rev() {
            let apart = self.apart(pairs, foreign, unknown, Duration::ZERO).await;
            let found = self.apart(pairs.min(400), foreign, unknown, PLANTED).await;
            println!(
                "{} us apart over {pairs} pairs, {} us with a millisecond planted",
                apart.as_micros(),
                found.as_micros()
            );
            if apart <= rule.most && found >= PLANTED / 2 {
                break;
            }
            assert!(
                left > 0 || apart <= rule.most,
                "{foreign}: {} us apart",
                apart.as_micros()
            );
            assert!(
                left > 0,
                "the planted millisecond shows as {} us",
                found.as_micros()
            );
        }
    }
}

/// How many pairs of a kind, how far apart their medians may be, and how often it is measured at most.
#[derive(Clone, Copy)]
struct Rule {
    pairs: usize,
    most: Duration,
    measurements: usize,
}

/// A daily run's, on whatever machine.
const DAILY: Rule = Rule {
    pairs: 400,
    most: Duration::from_micros(400),
    measurements: 5,
};

/// Measures each kind at a store that was migrated, and judges by the rule.
async fn judged(store: &str, rule: Rule) {
    let house = House::open_at(store, &crate::blank().keyring).await;
    let line = house.line().await;
    let mut walker = Walk::new(&house, &line);
    walker.settle().await;
    walker.act(&Act::Match(0)).await;
    walker.act(&Act::Pay(0, 0)).await;
    let link = walker.model.links[0].id.clone();
    let order = walker.orders[0].id.clone();
    let stranger = PEOPLE - 1;
    let measured = Pairs {
        house: &house,
        line: &line,
        stranger,
    };
    let kinds = [
        format!("/v1/bindings/{link}"),
        format!("/v1/bindings/{link}/arrears"),
        format!("/v1/payments/{order}"),
    ];
    for foreign in &kinds {
        let unknown = foreign.replace(&link, NOWHERE).replace(&order, NOWHERE);
        measured.apart(20, foreign, &unknown, Duration::ZERO).await;
        measured.judge(rule, foreign, &unknown).await;
    }
    house.close().await;
}

#[test]
fn unknown_and_foreign_take_the_same_time_and_a_planted_millisecond_is_found() {
    let asked = std::env::var("TIMING_PAIRS").ok();
    let asked: Option<usize> = asked.and_then(|text| text.parse().ok());
    let whole = |pairs| Rule {
        pairs,
        most: APART_MAX,
        measurements: 1,
    };
    let rule = asked.map_or(DAILY, whole);
    let (_folder, file) = crate::blank().copy();
    actix_web::rt::System::new().block_on(async {
        judged(file.to_str().expect("a path"), rule).await;
        if asked.is_some() && Engine::all().contains(&Engine::Postgres) {
            let url = new_database().await;
            let start = Time::parse_rfc3339(START).expect("a time");
            let migrated = sql::migrate(&url, InstanceKind::Demo, start).await;
            migrated.expect("migrations apply");
            println!("the same on PostgreSQL");
            judged(&url, rule).await;
        }
    });
}
