//! An id of another's takes as long to be refused as one that nobody has: pairs asked one after the other,
//! in changing order, and their medians compared. A planted millisecond is found by the same measurement.
//!
//! `TIMING_PAIRS` (make test-long: 20000) pairs must have medians within 50 us; a daily run takes 400 on
//! whatever machine, and only says that nothing near the planted millisecond is there. Where others take the machine
//! away in turns, the medians differ by more than that now and then: what the product does shows each time.

use std::time::{Duration, Instant};

use actix_web::http::{Method, StatusCode};

use crate::canary::PEOPLE;
use crate::line::{House, Line};
use crate::walk::{Act, Walk};

const DAILY: usize = 400;
const NOWHERE: &str = "019aa2f0-0000-7000-8000-0000000000ff";
/// Where there is time for 20,000 pairs.
const APART_MAX: Duration = Duration::from_micros(50);
const DAILY_APART_MAX: Duration = Duration::from_micros(400);
const PLANTED: Duration = Duration::from_millis(1);
/// As often is measured on whatever machine.
const DAILY_MEASUREMENTS: usize = 5;

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
}

#[test]
fn unknown_and_foreign_take_the_same_time_and_a_planted_millisecond_is_found() {
    let asked = std::env::var("TIMING_PAIRS").ok();
    let asked: Option<usize> = asked.and_then(|text| text.parse().ok());
    let daily = (DAILY, DAILY_APART_MAX, DAILY_MEASUREMENTS);
    let (pairs, most, measurements) = asked.map_or(daily, |pairs| (pairs, APART_MAX, 1));
    let blank = crate::blank();
    let (_folder, file) = blank.copy();
    actix_web::rt::System::new().block_on(async {
        let house = House::open(&file, &blank.keyring).await;
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
            for left in (0..measurements).rev() {
                let apart = measured
                    .apart(pairs, foreign, &unknown, Duration::ZERO)
                    .await;
                let found = measured
                    .apart(pairs.min(400), foreign, &unknown, PLANTED)
                    .await;
                println!(
                    "{} us apart over {pairs} pairs, {} us with a millisecond planted",
                    apart.as_micros(),
                    found.as_micros()
                );
                if apart <= most && found >= PLANTED / 2 {
                    break;
                }
                assert!(
                    left > 0 || apart <= most,
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
        house.close().await;
    });
}
