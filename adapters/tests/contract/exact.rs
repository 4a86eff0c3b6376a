//! A log of requests that processes count which come and go, against sums of its own: every count exact, by region as
//! well, and different people within 1 % once there are more than are kept. STATISTICS_REQUESTS: 30,000 by twenty
//! thousand people; `make test-long` a million by sixty thousand.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use lifeline_adapters::sql::Engine;
use lifeline_core::accounts::Terminal;
use lifeline_core::insight::asked::Grain;
use lifeline_core::insight::batch::Crowd;
use lifeline_core::insight::function::{BIND, MATCH, PAY};
use lifeline_core::insight::people::{KEPT_ROWS, Period, day_number, stands_for};
use lifeline_core::insight::sample::{NOWHERE, person_of};
use lifeline_core::insight::sides::Part;
use lifeline_core::insight::{Channel, Function, Insight, Ledger, Outcome, Sample};
use lifeline_core::store::{Store, View};

use crate::bench::{Bench, Counting, Watch, at};
use crate::bindings::{li, linked};
use crate::contracts;

contracts! { "exact":
    a_log_is_counted_exactly_and_its_people_within_one_percent => ["InsightStore::add", "InsightStore::join",
        "InsightStore::settle", "InsightReads::hours", "InsightReads::crowd_size", "InsightReads::settled"];
}

/// People who linked a home; everybody else is nowhere.
const AT_HOME: u64 = 8;
/// The time that the log is of: so that hours, days, a week and changes of each are met.
const SPAN_S: u64 = 4 * 86_400;
/// As many requests come in what is taken for a second.
const SECOND: u64 = 500;
/// Processes one after the other.
const PROCESSES: u64 = 10;

/// How many requests, and how many different people are there to make them.
fn sizes() -> (u64, u64) {
    let set = std::env::var("STATISTICS_REQUESTS").ok();
    let set: Option<u64> = set.and_then(|text| text.parse().ok());
    set.map_or((30_000, 20_000), |requests| (requests, 60_000))
}

/// Numbers that look like chance and are the same in every run.
fn mixed(n: u64) -> u64 {
    let n = (n ^ (n >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (n ^ (n >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 7
}

/// Everything that tells one count from another, but its hour.
type Kind = (i64, Channel, Outcome, String);

/// What the requests themselves add up to.
#[derive(Default)]
struct Log {
    counts: BTreeMap<Kind, BTreeMap<i64, i64>>,
    crowds: BTreeMap<(Period, String, String), HashSet<u64>>,
}

impl Log {
    fn note(&mut self, sample: &Sample, region: &str, person: u64) {
        let (channel, outcome) = (sample.channel, sample.outcome);
        let kind = (sample.function, channel, outcome, region.to_owned());
        let hour = sample.at.shanghai_second_of_day() / 3_600;
        let hour = day_number(sample.at) * 24 + hour;
        *self
            .counts
            .entry(kind)
            .or_default()
            .entry(hour)
            .or_default() += 1;
        let function = Function::numbered(sample.function);
        let mut cells = vec![
            "all".to_owned(),
            format!("group:{}", function.group.as_str()),
            format!("channel:{}", channel.as_str()),
        ];
        if outcome == Outcome::Done && [MATCH, BIND, PAY].contains(&function.name) {
            cells.push(format!("step:{}", function.name));
        }
        for cell in cells {
            for period in Period::ALL {
                let crowd = (period, period.of(sample.at), cell.clone());
                self.crowds.entry(crowd).or_default().insert(person);
            }
        }
    }
}

/// Accounts with a home each, in three regions: the account as a number, and its region.
async fn homes(t: &Bench) -> Vec<(u128, String)> {
    let mut homes = Vec::new();
    for n in 0..AT_HOME {
        let region = format!("150{}", 4 + n % 3);
        let home = format!("{region}01002{n:04}");
        let link = linked(t, &format!("person-{n}"), &home, &li()).await;
        homes.push((person_of(link.account_id.as_str()).unwrap(), region));
    }
    homes
}

/// The n-th request and who made it: every fourth somebody with a home.
fn request(n: u64, (requests, people): (u64, u64), homes: &[(u128, String)]) -> (Sample, u64) {
    let roll = mixed(n);
    let pick = |all: u64| usize::try_from(all).unwrap();
    let person = if roll.is_multiple_of(4) {
        roll / 4 % AT_HOME
    } else {
        AT_HOME + roll / 4 % people
    };
    let account = homes.get(pick(person)).map(|(account, _)| *account);
    let sample = Sample {
        at: at(i64::try_from(n * SPAN_S / requests).unwrap()),
        function: i64::try_from(roll / 7 % 9 + 4).unwrap(),
        channel: Channel::ALL[pick(roll / 3 % 3)],
        terminal: Terminal::Computer,
        outcome: Outcome::ALL[pick(roll / 5 % 4)],
        micros: 500,
        person: Some(account.unwrap_or(u128::from(person))),
        refusal: None,
    };
    (sample, person)
}

async fn a_log_is_counted_exactly_and_its_people_within_one_percent(t: Bench) {
    let sizes = sizes();
    let homes = homes(&t).await;
    let (watch, entropy) = (Watch::new(), Arc::new(Counting::default()));
    watch.set(0);
    let store: Arc<dyn Store> = Arc::<Engine>::clone(&t.store);
    let begin = || {
        let clock = Arc::new(watch.clone());
        Ledger::new(Arc::clone(&store), clock, Arc::<Counting>::clone(&entropy))
    };
    let insight = Insight::new(Arc::clone(&store), Arc::new(watch.clone()));
    let (mut log, mut second, mut process) = (Log::default(), Vec::new(), begin());
    for n in 0..sizes.0 {
        let (sample, person) = request(n, sizes, &homes);
        let home = usize::try_from(person).ok().and_then(|at| homes.get(at));
        let region = home.map_or(NOWHERE, |(_, region)| region.as_str());
        log.note(&sample, region, person);
        second.push(sample);
        if n % SECOND == SECOND - 1 {
            process.write(&second, 0).await.unwrap();
            second.clear();
        }
        let turn = sizes.0 / PROCESSES;
        if n % turn == turn - 1 {
            process.write(&second, 0).await.unwrap();
            second.clear();
            // It ends in order, the timed task has its turn, and another process begins.
            process.end().await.unwrap();
            watch.set(i64::try_from(n * SPAN_S / sizes.0).unwrap());
            insight.settle().await.unwrap();
            process = begin();
        }
    }
    process.write(&second, 0).await.unwrap();
    process.end().await.unwrap();
    let mut view = t.view().await;
    counts_are_exact(&mut view, &log, sizes.0).await;
    people_are_within_one_percent(&mut view, &log).await;
}

async fn counts_are_exact(view: &mut View, log: &Log, requests: u64) {
    let (first, last) = (day_number(at(0)), day_number(at(4 * 86_400)));
    let everything = Part {
        grain: Grain::Hour,
        from: first * 24,
        to: last * 24 + 23,
        function: None,
        channel: None,
        outcome: None,
        regions: None,
    };
    for ((function, channel, outcome, region), hours) in &log.counts {
        let part = Part {
            function: Some(*function),
            channel: Some(*channel),
            outcome: Some(*outcome),
            regions: Some(vec![region.clone()]),
            ..everything.clone()
        };
        let found = view.insight().hours(&part).await.unwrap();
        assert_eq!(&found, hours, "{part:?}");
    }
    let all = view.insight().hours(&everything).await.unwrap();
    assert_eq!(all.values().sum::<i64>(), i64::try_from(requests).unwrap());
}

/// What a crowd is said to be: what stayed of it when its time was over, else from its hashes.
async fn told(view: &mut View, crowd: &Crowd) -> i64 {
    let (period, begins) = (crowd.period, crowd.begins.as_str());
    let settled = view.insight().settled(period, &crowd.cell, begins, begins);
    match settled.await.unwrap().first() {
        Some((_, n)) => *n,
        None => {
            let size = view.insight().crowd_size(crowd, KEPT_ROWS).await;
            stands_for(size.unwrap())
        }
    }
}

/// Exact while all are kept; beyond, the error's standard deviation over all crowds.
async fn people_are_within_one_percent(view: &mut View, log: &Log) {
    let (mut squares, mut estimated) = (0_i64, 0_i64);
    for ((period, begins, cell), people) in &log.crowds {
        let crowd = Crowd {
            period: *period,
            begins: begins.clone(),
            cell: cell.clone(),
        };
        let (found, n) = (
            told(view, &crowd).await,
            i64::try_from(people.len()).unwrap(),
        );
        if n < KEPT_ROWS {
            assert_eq!(found, n, "{crowd:?}");
        } else {
            // In hundredths of a percent, so that no root is taken.
            let error = (found - n) * 10_000 / n;
            squares += error * error;
            estimated += 1;
        }
    }
    assert!(estimated > 0, "more people than are kept");
    assert!(
        squares <= estimated * 100 * 100,
        "{squares} over {estimated}"
    );
}
