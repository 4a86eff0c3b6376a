//! The proof: however a month is settled, the same bytes are stored, and the sums are another program's.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;

use super::look::{Digests, look};
use super::outside::wrong;
use super::{Place, Trouble, fill};

/// `accounts digest` a line, as month.py wrote them.
const DIGESTS: &str = include_str!("../../../vectors/settlement/months.txt");
const SIGKILL: i32 = 9;

#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// A folder for the stores; they are removed.
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    accounts: u64,
    /// Shards and threads to settle with, one store each.
    #[arg(
        long,
        value_name = "SxT",
        value_delimiter = ',',
        default_value = "1x1,4x2,16x2"
    )]
    shapes: Vec<String>,
    /// How often one more store's program is killed before it may end.
    #[arg(long, value_name = "K", default_value_t = 5)]
    kills: u64,
    /// Where the kills fall.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

/// The program that settles, on one store.
struct Settler<'a> {
    place: &'a Place,
    shards: u64,
    threads: u64,
}

impl Settler<'_> {
    fn command(&self) -> Result<Command, Trouble> {
        let mut command = Command::new(std::env::current_exe()?);
        let (accounts, keyring) = (self.place.accounts.to_string(), &self.place.keyring);
        command.args(["settle", "run", "--store", &self.place.store]);
        command
            .args(["--accounts", &accounts])
            .arg("--keyring")
            .arg(keyring);
        command.args(["--shards", &self.shards.to_string()]);
        command.args(["--threads", &self.threads.to_string()]);
        Ok(command)
    }

    /// Runs to the end; what it said last.
    fn whole(&self) -> Result<String, Trouble> {
        let output = self.command()?.output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Trouble::Wrong(format!("a run failed: {why}")));
        }
        Ok(said.lines().last().unwrap_or_default().to_owned())
    }

    /// Runs until so many months are settled and a moment longer, and is killed there; how many it had told of.
    fn killed(&self, after: u64, moment: Duration) -> Result<u64, Trouble> {
        let mut child = self.command()?.stdout(Stdio::piped()).spawn()?;
        let said = child.stdout.take().ok_or_else(|| wrong("no output"))?;
        let mut told = 0;
        let mut lines = BufReader::new(said).lines();
        for line in lines.by_ref() {
            let line = line?;
            if let Some(number) = line.strip_prefix("settled ") {
                told = number.parse().unwrap_or(told).max(told);
            }
            if told >= after {
                break;
            }
        }
        // A kill that always falls behind a line would always fall between two units.
        let until = Instant::now();
        while until.elapsed() < moment {
            std::hint::spin_loop();
        }
        child.kill()?;
        let ended = child.wait()?;
        // Open until it is dead: whoever writes to a closed output ends by themselves.
        drop(lines);
        if ended.signal() != Some(SIGKILL) {
            return Err(wrong("a run was over before it could be killed"));
        }
        Ok(told)
    }
}

pub(super) async fn prove(options: &Options) -> Result<(), Trouble> {
    std::fs::create_dir_all(&options.folder)?;
    let folder = options.folder.join(format!("prove-{}", std::process::id()));
    // A run that was killed left it behind: its number is ours now.
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir(&folder)?;
    let proven = within(options, &folder).await;
    std::fs::remove_dir_all(&folder)?;
    proven
}

async fn within(options: &Options, folder: &Path) -> Result<(), Trouble> {
    let at = |name: &str| Place {
        store: folder.join(name).display().to_string(),
        keyring: folder.join("keyring"),
        accounts: options.accounts,
    };
    let template = at("template.db");
    let began = Instant::now();
    let store = template.migrated().await?;
    fill::fill(&store, options.accounts).await?;
    store.close().await?;
    println!(
        "filled {} in {} ms",
        options.accounts,
        began.elapsed().as_millis()
    );
    let mut first: Option<Digests> = None;
    for shape in &options.shapes {
        let (shards, threads) = shape_of(shape)?;
        let place = at(&format!("{shape}.db"));
        copy(&template, &place)?;
        let settler = Settler {
            place: &place,
            shards,
            threads,
        };
        println!("{shape}: {}", settler.whole()?);
        compare(&mut first, &place, shape).await?;
    }
    if options.kills > 0 {
        let place = at("killed.db");
        copy(&template, &place)?;
        kill_again_and_again(options, &place)?;
        compare(&mut first, &place, "killed").await?;
    }
    let digests = first.ok_or_else(|| wrong("nothing was settled"))?;
    let expected = expected(options.accounts)?;
    if digests.sums != expected {
        return Err(Trouble::Wrong(format!(
            "another program comes to {expected}, this one to {}",
            digests.sums
        )));
    }
    println!("sums {}\nrows {}", digests.sums, digests.rows);
    println!("{} months, 1 digest: 1 passed, 0 failed", options.accounts);
    Ok(())
}

fn shape_of(shape: &str) -> Result<(u64, u64), Trouble> {
    let parts = shape.split_once('x');
    let parsed = parts.and_then(|(s, t)| Some((s.parse().ok()?, t.parse().ok()?)));
    parsed.ok_or_else(|| wrong("a shape is SHARDSxTHREADS"))
}

fn expected(accounts: u64) -> Result<&'static str, Trouble> {
    let mut lines = DIGESTS.lines().filter_map(|line| line.split_once(' '));
    let found = lines.find(|(count, _)| count.parse() == Ok(accounts));
    found
        .map(|(_, digest)| digest)
        .ok_or_else(|| wrong("months.txt has no digest of so many accounts"))
}

/// A closed store is one file.
fn copy(from: &Place, to: &Place) -> Result<(), Trouble> {
    std::fs::copy(&from.store, &to.store)?;
    Ok(())
}

fn kill_again_and_again(options: &Options, place: &Place) -> Result<(), Trouble> {
    let settler = Settler {
        place,
        shards: 4,
        threads: 2,
    };
    let mut chance = options.seed;
    // Every run settles a part of what is left, so that the last kill still finds work.
    let share = options.accounts.div_euclid(options.kills.saturating_add(2));
    for nth in 1..=options.kills {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let after = (chance >> 33).rem_euclid(share.max(1));
        let moment = Duration::from_micros((chance >> 17).rem_euclid(20_000));
        let told = settler.killed(after, moment)?;
        println!(
            "kill {nth}: -9 after {told} months of this run and {} us",
            moment.as_micros()
        );
    }
    println!("killed: {}", settler.whole()?);
    Ok(())
}

async fn compare(first: &mut Option<Digests>, place: &Place, name: &str) -> Result<(), Trouble> {
    let store = place.open().await?;
    let found = look(&store, place.accounts).await?;
    store.close().await?;
    counted(place)?;
    std::fs::remove_file(&place.store)?;
    match first {
        None => *first = Some(found),
        Some(first) if *first == found => {}
        Some(first) => {
            let why = format!("{name} ended with other rows: {found:?}, not {first:?}");
            return Err(Trouble::Wrong(why));
        }
    }
    Ok(())
}

/// Not a row too many in any table that settling writes.
fn counted(place: &Place) -> Result<(), Trouble> {
    let file = rusqlite::Connection::open(&place.store)?;
    for table in [
        "energy_version",
        "check_task",
        "outbox",
        "evidence_entry",
        "evidence_salt",
        "evidence_queue",
    ] {
        let rows: i64 = file.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| {
            row.get(0)
        })?;
        if u64::try_from(rows) != Ok(place.accounts) {
            return Err(Trouble::Wrong(format!("{rows} rows in {table}")));
        }
    }
    Ok(())
}
