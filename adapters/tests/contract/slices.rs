//! Pages with filters: whatever is asked for at once, packed or not, is the sum of the requests it is about.

use std::collections::BTreeMap;

use lifeline_core::accounts::Terminal;
use lifeline_core::insight::asked::{Grain, month_of, number_of};
use lifeline_core::insight::batch::Batch;
use lifeline_core::insight::people::day_number;
use lifeline_core::insight::sides::{Part, Sides};
use lifeline_core::insight::{Channel, Outcome, Sample};

use crate::bench::{Bench, at};
use crate::contracts;

contracts! { "slices":
    every_filter_is_the_sum_of_its_requests_packed_or_not => ["InsightReads::sides", "InsightReads::hours",
        "InsightReads::loose", "InsightStore::pack"];
    what_is_packed_is_no_tally_any_more => ["InsightStore::pack"];
    what_is_added_while_it_is_packed_is_counted_once => ["InsightStore::pack", "InsightStore::pack_latencies"];
    what_comes_to_a_packed_day_is_told_and_packed_anew => ["InsightReads::sides", "InsightReads::hours",
        "InsightReads::loose", "InsightStore::pack"];
    old_packs_go => ["InsightStore::purge"];
    a_dropped_unit_packs_nothing => ["InsightStore::pack"];
}

/// One request.
#[derive(Clone, Copy)]
struct One {
    seconds: i64,
    function: i64,
    channel: Channel,
    outcome: Outcome,
    region: &'static str,
}

/// Numbers that look like chance and are the same in every run.
fn mixed(n: u64) -> u64 {
    let n = (n ^ (n >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (n ^ (n >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 7
}

/// Requests of three days, of few functions and regions, so that every filter has some.
fn came() -> Vec<One> {
    let pick = |roll: u64, all: usize| usize::try_from(roll).unwrap() % all;
    let one = |n: u64| {
        let roll = mixed(n);
        One {
            seconds: i64::try_from(n * 640).unwrap(),
            function: [4, 12, 27][pick(roll, 3)],
            channel: Channel::ALL[pick(roll / 3, Channel::ALL.len())],
            outcome: Outcome::ALL[pick(roll / 11, Outcome::ALL.len())],
            region: ["1504", "1505", "-"][pick(roll / 47, 3)],
        }
    };
    (0..400).map(one).collect()
}

async fn add(t: &Bench, all: &[One]) {
    let mut batch = Batch::default();
    for one in all {
        let sample = Sample {
            at: at(one.seconds),
            function: one.function,
            channel: one.channel,
            terminal: Terminal::Computer,
            outcome: one.outcome,
            micros: 1_000,
            person: None,
            refusal: None,
        };
        batch.add(&sample, if one.region == "-" { "" } else { one.region });
    }
    t.write(async |tx| tx.insight().add("r", &batch).await)
        .await
        .unwrap();
}

fn moment(grain: Grain, one: &One) -> i64 {
    let when = at(one.seconds);
    let day = day_number(when);
    match grain {
        Grain::Hour => day * 24 + when.shanghai_second_of_day() / 3_600,
        Grain::Day => day,
        Grain::Month => month_of(day),
    }
}

/// What a part must be told as, from the requests themselves.
fn sides(part: &Part, all: &[One]) -> Sides {
    let mut sides = Sides::default();
    for one in all {
        let when = moment(part.grain, one);
        let regions = part.regions.as_ref();
        let counts = (part.from..=part.to).contains(&when)
            && part.function.is_none_or(|own| own == one.function)
            && part.channel.is_none_or(|own| own == one.channel)
            && part.outcome.is_none_or(|own| own == one.outcome)
            && regions.is_none_or(|own| own.iter().any(|region| region == one.region));
        if counts {
            *sides.at.entry(when).or_default() += 1;
            *sides.functions.entry(one.function).or_default() += 1;
            let of_function = sides.spread.entry(one.function).or_default();
            *of_function.entry(when).or_default() += 1;
            let channel = number_of(&Channel::ALL, &one.channel);
            *sides.channels.entry(channel).or_default() += 1;
            let outcome = number_of(&Outcome::ALL, &one.outcome);
            *sides.outcomes.entry(outcome).or_default() += 1;
            let ends = sides.ends.entry(one.function).or_default();
            *ends.entry(outcome).or_default() += 1;
            *sides.regions.entry(one.region.to_owned()).or_default() += 1;
        }
    }
    sides
}

fn everything(grain: Grain, all: &[One]) -> Part {
    let of = |one: Option<&One>| moment(grain, one.unwrap());
    Part {
        grain,
        from: of(all.first()),
        to: of(all.last()),
        function: None,
        channel: None,
        outcome: None,
        regions: None,
    }
}

/// Every filter with every other.
fn parts(grain: Grain, all: &[One]) -> Vec<Part> {
    let mut parts = Vec::new();
    let some = |all: &[Channel]| all.iter().copied().map(Some).collect::<Vec<_>>();
    for function in [None, Some(4), Some(12), Some(99)] {
        for channel in [vec![None], some(&Channel::ALL)].concat() {
            for outcome in [None, Some(Outcome::ALL[0]), Some(Outcome::ALL[1])] {
                for regions in [None, Some(vec!["1504"]), Some(vec!["1505", "-", "9999"])] {
                    let named = |all: Vec<&str>| all.into_iter().map(str::to_owned).collect();
                    parts.push(Part {
                        function,
                        channel,
                        outcome,
                        regions: regions.map(named),
                        ..everything(grain, all)
                    });
                }
            }
        }
    }
    parts
}

async fn hold(t: &Bench, all: &[One]) {
    let mut view = t.view().await;
    for part in parts(Grain::Day, all)
        .iter()
        .chain(&parts(Grain::Month, all))
    {
        let told = view.insight().sides(part).await.unwrap();
        assert_eq!(told, sides(part, all), "{part:?}");
    }
    for part in parts(Grain::Hour, all) {
        let told: BTreeMap<i64, i64> = view.insight().hours(&part).await.unwrap();
        assert_eq!(told, sides(&part, all).at, "{part:?}");
    }
}

/// The moments of a grain that are to be packed; hours by their day.
async fn loose(t: &Bench, grain: Grain, all: &[One]) -> Vec<i64> {
    let by = if grain == Grain::Hour {
        Grain::Day
    } else {
        grain
    };
    let span = everything(by, all);
    let mut view = t.view().await;
    let found = view.insight().loose(grain, span.from, span.to).await;
    found.unwrap()
}

async fn pack(t: &Bench, all: &[One]) {
    for grain in [Grain::Hour, Grain::Day, Grain::Month] {
        for at in loose(t, grain, all).await {
            t.write(async |tx| tx.insight().pack(grain, at).await)
                .await
                .unwrap();
        }
        assert!(loose(t, grain, all).await.is_empty(), "{grain:?}");
    }
}

async fn every_filter_is_the_sum_of_its_requests_packed_or_not(t: Bench) {
    let all = came();
    add(&t, &all).await;
    let days = loose(&t, Grain::Day, &all).await;
    assert!(days.len() >= 3 && loose(&t, Grain::Hour, &all).await == days);
    hold(&t, &all).await;
    pack(&t, &all).await;
    hold(&t, &all).await;
}

/// Two years of tallies beside their packs would not have the room that they are to have.
async fn what_is_packed_is_no_tally_any_more(t: Bench) {
    add(&t, &came()).await;
    pack(&t, &came()).await;
    let left = "SELECT CAST(COUNT(*) AS TEXT) FROM access_tally";
    assert_eq!(t.text(left).await, "0");
}

/// One process packs a day again and again while another adds to it.
async fn what_is_added_while_it_is_packed_is_counted_once(t: Bench) {
    let other = t.another_process().await;
    let late = came()[0];
    let day = moment(Grain::Day, &late);
    let adding = async {
        for _ in 0..20 {
            add(&other, &[late; 3]).await;
        }
    };
    let packing = async {
        for _ in 0..20 {
            t.write(async |tx| {
                tx.insight().pack(Grain::Hour, day).await?;
                tx.insight().pack(Grain::Day, day).await?;
                tx.insight().pack_latencies(day).await
            })
            .await
            .unwrap();
        }
    };
    tokio::join!(adding, packing);
    let all = [late; 60];
    hold(&t, &all).await;
    let took = t.view().await.insight().latencies(day, day, None).await;
    assert_eq!(took.unwrap().iter().map(|(_, n)| n).sum::<i64>(), 60);
}

async fn what_comes_to_a_packed_day_is_told_and_packed_anew(t: Bench) {
    let mut all = came();
    add(&t, &all).await;
    pack(&t, &all).await;
    let late = One {
        seconds: 86_400,
        function: 12,
        ..all[0]
    };
    add(&t, &[late]).await;
    all.insert(1, late);
    let day = moment(Grain::Day, &late);
    for grain in [Grain::Hour, Grain::Day] {
        assert_eq!(loose(&t, grain, &all).await, [day], "{grain:?}");
    }
    hold(&t, &all).await;
    pack(&t, &all).await;
    hold(&t, &all).await;
}

async fn packs(t: &Bench) -> String {
    t.text("SELECT CAST(COUNT(*) AS TEXT) FROM access_packed")
        .await
}

async fn old_packs_go(t: Bench) {
    let all = came();
    add(&t, &all).await;
    pack(&t, &all).await;
    assert_ne!(packs(&t).await, "0");
    let day = moment(Grain::Day, all.last().unwrap());
    t.write(async |tx| tx.insight().purge(day + 1, day + 32).await)
        .await
        .unwrap();
    assert_eq!(packs(&t).await, "0");
}

async fn a_dropped_unit_packs_nothing(t: Bench) {
    let all = came();
    add(&t, &all).await;
    let day = moment(Grain::Day, &all[0]);
    t.write_and_drop(async |tx| tx.insight().pack(Grain::Day, day).await)
        .await;
    assert_eq!(packs(&t).await, "0");
}
