//! The kill matrix: the same job once for every passing of every point, killed there with signal 9,
//! started again, and held against the run that nobody disturbed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use libtest_mimic::Failed;
use lifeline_tests::Engine;

use crate::disk::{Disk, Leaves};
use crate::household::Household;
use crate::job::Job;
use crate::outcome::{self, Outcome};
use crate::points::{self, Point};
use crate::run;
use crate::stage::Conditions;

/// Worlds that live at the same time.
const SIDE_BY_SIDE: usize = 3;

/// What nobody disturbed: how often each point is passed, and what is left at the end.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) counts: BTreeMap<Point, u64>,
    pub(crate) outcome: Outcome,
}

/// Plays a job without any crash.
pub(crate) async fn undisturbed(engine: Engine, job: Job) -> Reference {
    let stage = job.stage(engine).await;
    let conditions = Conditions {
        environment: job.environment(),
        ..Conditions::default()
    };
    let mut world = Household::begin(stage, &conditions, conditions.clone());
    job.play(&mut world).await;
    assert_eq!(world.deaths, 0);
    Reference {
        counts: points::passed(&world.stage.points(1)),
        outcome: outcome::read(&world.stage).await,
    }
}

/// One cell: dies at the `count`-th passing of `point`, goes on, and must leave the same books. False when there was no
/// such passing; the books must be the same all the same.
async fn cell(
    ground: &Ground,
    point: &Point,
    count: u64,
    expected: &Outcome,
) -> Result<bool, String> {
    let stage = ground.job.stage(ground.engine).await;
    let disk = ground.leaves.map(|leaves| {
        let folder = stage.folder().join("disk");
        (Disk::watching(&folder, &stage.database_file()), leaves)
    });
    let mut environment = ground.job.environment();
    environment.extend(disk.iter().flat_map(|(disk, _)| disk.environment()));
    let conditions = |plan: String| Conditions {
        plan: ground.settings.to_owned() + &plan,
        environment: environment.clone(),
        arguments: Vec::new(),
    };
    let first = conditions(point.killed_at(count));
    let mut world = Household::begin_on(stage, disk, &first, conditions(String::new()));
    ground.job.play(&mut world).await;
    let reached = world.deaths > 0;
    if world.deaths > 1 {
        return Err(format!("{} deaths", world.deaths));
    }
    let last = points::last(&world.stage.points(1));
    if reached && last.as_deref() != Some(&format!("{}\t{count}", point.0)) {
        return Err(format!("died at {last:?}"));
    }
    let found = outcome::read(&world.stage).await;
    if found.hash == expected.hash {
        Ok(reached)
    } else {
        Err(format!(
            "other books:\n{}",
            outcome::difference(expected, &found)
        ))
    }
}

/// How often a passing is looked for. What gathers (the rows of the outbox that are due, a second's counts) passes its
/// COMMIT once a beat, and on a busy machine a run has fewer beats than the one that was counted.
const TRIES: usize = 3;

/// Plays one cell until its point was reached. A later passing of what runs by the way may be one that no run of a busy
/// machine has: false then.
async fn tried(
    ground: &Ground,
    point: &Point,
    count: u64,
    expected: &Outcome,
) -> Result<bool, String> {
    for _ in 0..TRIES {
        if cell(ground, point, count, expected).await? {
            return Ok(true);
        }
    }
    if count > 1 && is_by_the_way(point) {
        return Ok(false);
    }
    Err(format!("was not reached in {TRIES} runs"))
}

/// What a matrix is played on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ground {
    pub(crate) engine: Engine,
    pub(crate) job: Job,
    /// With every kill the power goes, too, and the disk keeps this of what was not synced.
    pub(crate) leaves: Option<Leaves>,
    /// Lines of every gateway's plan.
    pub(crate) settings: &'static str,
}

impl Ground {
    pub(crate) const fn firm(engine: Engine) -> Self {
        Self {
            engine,
            job: Job::Main,
            leaves: None,
            settings: "",
        }
    }

    pub(crate) const fn troubled(engine: Engine) -> Self {
        Self {
            job: Job::Troubled,
            ..Self::firm(engine)
        }
    }

    /// Never on a disk without power: commands at the machine write to the store beside the gateway, and that disk knows
    /// of the gateway's writes only.
    pub(crate) const fn taken_back(engine: Engine) -> Self {
        Self {
            job: Job::TakenBack,
            ..Self::firm(engine)
        }
    }

    pub(crate) const fn doors(engine: Engine) -> Self {
        Self {
            job: Job::Doors,
            ..Self::firm(engine)
        }
    }
}

/// How a matrix ended.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) cells: usize,
    pub(crate) wrong: Vec<String>,
    pub(crate) said: String,
}

/// What is wrong, and which cells were not come by.
async fn play_all(
    ground: Ground,
    cells: Vec<(Point, u64)>,
    expected: Outcome,
) -> (Vec<String>, Vec<String>) {
    let cells = Arc::new(cells);
    let expected = Arc::new(expected);
    let next = Arc::new(AtomicUsize::new(0));
    let mut players = tokio::task::JoinSet::new();
    for _ in 0..SIDE_BY_SIDE {
        let (cells, expected, next) = (cells.clone(), expected.clone(), next.clone());
        players.spawn(async move {
            let (mut wrong, mut missed) = (Vec::new(), Vec::new());
            while let Some((point, count)) = cells.get(next.fetch_add(1, Ordering::SeqCst)) {
                let (at, want) = (point.clone(), Arc::clone(&expected));
                let count = *count;
                // A task of its own: a run that gets stuck is one wrong cell, not the end.
                let played = tokio::spawn(async move { tried(&ground, &at, count, &want).await });
                let told = match played.await {
                    Ok(Ok(true)) => continue,
                    Ok(Ok(false)) => {
                        missed.push(format!("{point} #{count}"));
                        continue;
                    }
                    Ok(Err(why)) => why,
                    Err(panicked) => format!("stuck: {panicked}"),
                };
                wrong.push(format!("{point} #{count}: {told}"));
            }
            (wrong, missed)
        });
    }
    let (wrong, missed): (Vec<_>, Vec<_>) = players.join_all().await.into_iter().unzip();
    (wrong.concat(), missed.concat())
}

pub(crate) fn commits(point: &Point, _: u64) -> bool {
    point.kind() == "commit"
}

pub(crate) fn sends(point: &Point, _: u64) -> bool {
    point.kind() == "send"
}

/// Calls that ask what became of something; and the timed tasks, whose turn comes while one waits.
pub(crate) fn only_in_trouble(point: &Point, at: u64) -> bool {
    let names = [
        "GET /payments/{txn}",
        "alipay.trade.close",
        "alipay.trade.query",
        "alipay.trade.fastpay.refund.query",
    ];
    names.contains(&point.name()) || point.name().starts_with("jobs::") && at == 1
}

/// The first passing after each commit and each send that carries money from the tap to marketing and back.
pub(crate) fn after_money_moved_first(point: &Point, at: u64) -> bool {
    let carries = match point.kind() {
        "commit" => point.name().starts_with("payments::"),
        _ => ["POST /payments", "alipay.trade"]
            .iter()
            .any(|name| point.name().starts_with(name)),
    };
    carries && at == 1 && point.0.ends_with("after")
}

/// What has its turns while one waits: how often one waits is no matter of the job.
const BY_THE_WAY: [&str; 5] = [
    "audit::",
    "insight::",
    "jobs::",
    "outbox::",
    "payments::errands::",
];

fn is_by_the_way(point: &Point) -> bool {
    BY_THE_WAY.iter().any(|room| point.name().starts_with(room))
}

/// Every passing on the way to marketing and back by two persons; of what runs by the way, the first.
pub(crate) fn there_and_back(point: &Point, at: u64) -> bool {
    at == 1 || !is_by_the_way(point)
}

/// The first passing of what two persons' word passes on its way to marketing: each call on both sides, each commit after.
pub(crate) fn taken_back_first(point: &Point, at: u64) -> bool {
    let calls = [
        "POST /payments/{txn}/reversal",
        "POST /payments/{txn}/refunds",
    ];
    let units = [
        "accounts::sign_in::pass",
        "operators::decisions::carried_out",
        "operators::decisions::judge",
        "payments::asked::ask_refund",
    ];
    let unit = units.contains(&point.name()) && point.0.ends_with("after");
    at == 1 && (unit || calls.contains(&point.name()))
}

/// What only the job of the doors comes by.
const DOORS: [&str; 25] = [
    "GET /channel-users/{id}",
    "POST /channel-users/{id}/bindings",
    "POST /channel-users/{id}/registrations",
    "POST /channel-users/{id}/unbindings",
    "POST /channel-users/{id}/withdrawals",
    "POST /consumers/{no}/archived-mobile",
    "accounts::agree::withdraw_consent",
    "accounts::certify::begin_certification",
    "accounts::certify::conclude_certification",
    "accounts::certify::count_certification",
    "accounts::phone::take_told_phone",
    "alipay.user.certdoc.certverify.consult",
    "alipay.user.certdoc.certverify.preconsult",
    "alipay.user.certify.open.initialize",
    "alipay.user.certify.open.query",
    "bindings::accepting::accept",
    "bindings::by_number::by_code",
    "bindings::by_number::link_typed",
    "bindings::confirming::try_digits",
    "bindings::ending::unbind",
    "bindings::gather::Gathering::begin",
    "bindings::gather::Gathering::end",
    "bindings::home_code::ask_home_code",
    "bindings::home_code::find_phone",
    "bindings::sharing::invite",
];

/// Every passing of these; of the rounds in which the user system is told, whose number is no matter of the job, the
/// first.
pub(crate) fn at_the_doors(point: &Point, at: u64) -> bool {
    let by_rounds =
        point.name().contains("/channel-users/") || point.name().starts_with("bindings::gather::");
    DOORS.contains(&point.name()) && (at == 1 || !by_rounds)
}

/// The first commit by which somebody gets in, or is certified, or a phone is theirs.
pub(crate) fn at_the_doors_first(point: &Point, at: u64) -> bool {
    let units = [
        "accounts::certify::begin_certification",
        "accounts::certify::conclude_certification",
        "accounts::phone::take_told_phone",
        "bindings::accepting::accept",
        "bindings::by_number::by_code",
        "bindings::by_number::link_typed",
        "bindings::confirming::try_digits",
        "bindings::sharing::invite",
    ];
    at == 1 && units.contains(&point.name()) && point.0.ends_with("after")
}

/// Plays the cells that `wanted` picks.
pub(crate) async fn tally(ground: Ground, wanted: fn(&Point, u64) -> bool) -> Tally {
    let reference = undisturbed(ground.engine, ground.job).await;
    let cells: Vec<(Point, u64)> = reference
        .counts
        .iter()
        .flat_map(|(point, count)| (1..=*count).map(|at| (point.clone(), at)))
        .filter(|(point, at)| wanted(point, *at))
        .collect();
    assert!(cells.len() >= 8, "hardly any cell: {cells:?}");
    let (points, total) = (reference.counts.len(), cells.len());
    let (hash, began) = (reference.outcome.hash.clone(), Instant::now());
    let (wrong, missed) = play_all(ground, cells, reference.outcome).await;
    let mut said = format!(
        "{}{}: {} kills, {points} points passed, {} wrong, {} s, books {}\n",
        ground.engine.name(),
        ground.leaves.map_or(String::new(), |leaves| format!(
            ", power lost, {leaves:?} left"
        )),
        total.saturating_sub(missed.len()),
        wrong.len(),
        began.elapsed().as_secs(),
        &hash[..16]
    );
    for missed in &missed {
        writeln!(said, "{missed}: not come by").expect("a line");
    }
    for wrong in &wrong {
        writeln!(said, "{wrong}").expect("a line");
    }
    Tally {
        cells: total,
        wrong,
        said,
    }
}

/// Plays the cells that `wanted` picks; fails with every wrong one.
pub(crate) fn play(ground: Ground, wanted: fn(&Point, u64) -> bool) -> Result<(), Failed> {
    run(async move {
        let tally = tally(ground, wanted).await;
        eprint!("{}", tally.said);
        assert!(tally.wrong.is_empty(), "{}", tally.said);
    })
}
