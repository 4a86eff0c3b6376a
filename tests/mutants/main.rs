//! `lifeline-mutants check | run [NAME...]` : breaks one rule at a time in a copy of the tracked files
//! and demands that its test, and no unrelated one, goes red. README.md tells how a mutant is written.

mod recipe;
mod tree;
mod trial;

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread::ScopedJoinHandle;
use std::time::Instant;

use recipe::{Binary, Case, Engine, Recipe};
use tree::Tree;
use trial::{Bench, Outcome};

const FOLDER: &str = "tests/mutants";
/// So many mutants are tried at a time: most of a build is one compiler after the other.
const LANES: usize = 2;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = words.next();
    let names: Vec<String> = words.collect();
    let done = match command.as_deref() {
        Some("check") if names.is_empty() => mutants().and_then(|all| check(&all)),
        Some("run") => mutants().and_then(|all| run(&chosen(all, &names)?)),
        _ => Err("usage: lifeline-mutants check | run [NAME...]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            say(&why);
            ExitCode::FAILURE
        }
    }
}

fn say(line: &str) {
    // Nobody is left to tell when standard output is gone.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// The repository: mutants.sh starts us at its root.
fn root() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."))
}

/// Every mutant of the folder, by name.
fn mutants() -> Result<Vec<Recipe>, String> {
    let folder = root().join(FOLDER);
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{FOLDER}: {error}"))?;
    let mut all = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name.and_then(|name| name.strip_suffix(".patch")) else {
            continue;
        };
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
        all.push(recipe::parse(name, &text)?);
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

fn chosen(all: Vec<Recipe>, names: &[String]) -> Result<Vec<Recipe>, String> {
    if let Some(name) = names
        .iter()
        .find(|name| all.iter().all(|one| one.name != **name))
    {
        return Err(format!("there is no mutant '{name}'"));
    }
    let wanted = |one: &Recipe| names.is_empty() || names.contains(&one.name);
    Ok(all.into_iter().filter(wanted).collect())
}

fn patch(recipe: &Recipe) -> PathBuf {
    root().join(FOLDER).join(format!("{}.patch", recipe.name))
}

/// Whether every patch still fits the files as they are.
fn check(all: &[Recipe]) -> Result<(), String> {
    let misfits: Vec<String> = all
        .iter()
        .filter_map(|one| tree::apply(&root(), &patch(one), &["--check"]).err())
        .collect();
    if misfits.is_empty() {
        say(&format!("{} mutants, all of them apply", all.len()));
        Ok(())
    } else {
        Err(misfits.join("\n"))
    }
}

/// A copy of the files with builds of its own: what one is trying does not meet what another does.
struct Lane<'a> {
    number: usize,
    bench: Bench,
    tree: Tree,
    groups: &'a BTreeMap<Group, Vec<&'a Recipe>>,
    /// What its groups were without a mutant.
    calm: BTreeMap<Group, Result<(), String>>,
}

impl<'a> Lane<'a> {
    fn open(
        target: &Path,
        number: usize,
        groups: &'a BTreeMap<Group, Vec<&'a Recipe>>,
    ) -> Result<Self, String> {
        let bench = trial::bench(target, number);
        let tree = Tree::at(&root(), bench.tree.clone());
        std::fs::create_dir_all(&bench.tree).map_err(|error| error.to_string())?;
        tree.restore()?;
        Ok(Self {
            number,
            bench,
            tree,
            groups,
            calm: BTreeMap::new(),
        })
    }

    fn calm_of(&mut self, group: Group) -> Result<(), String> {
        let of_it = self.groups.get(&group).map_or(&[][..], Vec::as_slice);
        let bench = &self.bench;
        let calm = self.calm.entry(group);
        calm.or_insert_with(|| calm_before(bench, of_it)).clone()
    }

    fn try_one(&mut self, one: &Recipe) -> Result<String, String> {
        self.tree.restore()?;
        self.calm_of(group(one))?;
        self.tree.apply(&patch(one))?;
        try_out(&self.bench, one)
    }
}

/// What became of a mutant.
struct Tried {
    name: String,
    line: String,
    passed: bool,
}

fn run(all: &[Recipe]) -> Result<(), String> {
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| root().join("target"), PathBuf::from);
    let mut waiting: Vec<&Recipe> = all.iter().collect();
    waiting.sort_by_key(|one| group(one));
    let mut groups: BTreeMap<Group, Vec<&Recipe>> = BTreeMap::new();
    for one in all {
        groups.entry(group(one)).or_default().push(one);
    }
    let (waiting, tried) = (Mutex::new(VecDeque::from(waiting)), Mutex::new(Vec::new()));
    let ended: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let lane = |number: usize| {
            let (target, groups, waiting, tried) = (&target, &groups, &waiting, &tried);
            scope.spawn(move || work(&mut Lane::open(target, number, groups)?, waiting, tried))
        };
        let lanes: Vec<_> = (0..LANES).map(lane).collect();
        let gone = |_| Err("a lane ended before its time".to_owned());
        let end = |lane: ScopedJoinHandle<'_, _>| lane.join().unwrap_or_else(gone);
        lanes.into_iter().map(end).collect()
    });
    ended.into_iter().collect::<Result<(), String>>()?;
    told(
        &target,
        tried.into_inner().unwrap_or_else(PoisonError::into_inner),
    )
}

/// Tries one mutant after the other. Those of one binary stand together: every other lane begins at the other end, so
/// that a lane builds the same binary again and again.
fn work(
    lane: &mut Lane<'_>,
    waiting: &Mutex<VecDeque<&Recipe>>,
    tried: &Mutex<Vec<Tried>>,
) -> Result<(), String> {
    let is_from_the_front = lane.number.is_multiple_of(2);
    let next = || {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if is_from_the_front {
            waiting.pop_front()
        } else {
            waiting.pop_back()
        }
    };
    while let Some(one) = next() {
        let began = Instant::now();
        let outcome = lane.try_one(one);
        let seconds = began.elapsed().as_secs();
        let passed = outcome.is_ok();
        let (Ok(words) | Err(words)) = outcome;
        let state = if passed { "ok" } else { "FAILED" };
        say(&format!("{state:6} {} ({seconds} s): {words}", one.name));
        let stands_for = one.stands_for.join(", ");
        let mut tried = tried.lock().unwrap_or_else(PoisonError::into_inner);
        tried.push(Tried {
            name: one.name.clone(),
            line: format!("| {} | {stands_for} | {words} | {seconds} |", one.name),
            passed,
        });
    }
    lane.tree.restore()
}

fn told(target: &Path, mut tried: Vec<Tried>) -> Result<(), String> {
    tried.sort_by(|a, b| a.name.cmp(&b.name));
    let mut report = String::from("| mutant | stands for | red | seconds |\n|---|---|---|---|\n");
    for one in &tried {
        // Writing into a String cannot fail.
        let _ = writeln!(report, "{}", one.line);
    }
    let page = target.join("mutants/report.md");
    std::fs::write(&page, report).map_err(|error| format!("{}: {error}", page.display()))?;
    let passed = tried.iter().filter(|one| one.passed).count();
    let failed = tried.len().saturating_sub(passed);
    say(&format!("{passed} passed, {failed} failed"));
    if failed == 0 {
        Ok(())
    } else {
        Err(String::new())
    }
}

/// Mutants of one binary on one engine.
type Group = (Option<Binary>, Engine);

fn group(one: &Recipe) -> Group {
    (one.binary(), one.engine)
}

/// Without a mutant every test concerned is green: a red one proves nothing otherwise.
fn calm_before(bench: &Bench, of_it: &[&Recipe]) -> Result<(), String> {
    let first = of_it.first().ok_or("nothing to try")?;
    let binary = first.binary().ok_or("a mutant without tests")?;
    let only: Vec<String> = of_it.iter().flat_map(|one| only(one)).collect();
    let outcome = bench.run(&binary, first.engine, &only, &[])?;
    let red: Vec<&str> = red(&outcome).collect();
    if !red.is_empty() {
        let words = trial::tail(&outcome.text);
        let red = red.join(", ");
        return Err(format!("red without any mutant: {red}\n{words}"));
    }
    let also = |one: &&Recipe| {
        if only.is_empty() {
            one.also.clone()
        } else {
            Vec::new()
        }
    };
    let named = of_it
        .iter()
        .flat_map(|one| [one.red.clone(), also(one)].concat());
    for test in named {
        if !outcome.ran.iter().any(|ran| test.is(&ran.name)) {
            return Err(format!("there is no test {test}"));
        }
    }
    say(&format!(
        "green  {} {}: {} tests",
        binary.package,
        binary.test.as_deref().unwrap_or("unit tests"),
        outcome.ran.len()
    ));
    Ok(())
}

/// Tests from outside are run by name; of any other binary all.
fn only(recipe: &Recipe) -> Vec<String> {
    let outside = recipe
        .binary()
        .is_some_and(|binary| binary.package == "lifeline-tests");
    let names = recipe.red.iter().map(|test| test.name.clone());
    if outside { names.collect() } else { Vec::new() }
}

fn red(outcome: &Outcome) -> impl Iterator<Item = &str> {
    outcome
        .ran
        .iter()
        .filter(|ran| !ran.passed)
        .map(|ran| ran.name.as_str())
}

/// The named tests go red, and of the others none that is not named too.
fn try_out(bench: &Bench, recipe: &Recipe) -> Result<String, String> {
    let binary = recipe.binary().ok_or("a mutant without tests")?;
    if !recipe.cases.is_empty() {
        return try_cases(bench, recipe, &binary);
    }
    let outcome = bench.run(&binary, recipe.engine, &only(recipe), &[])?;
    judge(recipe, &outcome)
}

fn judge(recipe: &Recipe, outcome: &Outcome) -> Result<String, String> {
    let red: Vec<&str> = red(outcome).collect();
    for test in &recipe.red {
        let mut of_it = outcome
            .ran
            .iter()
            .filter(|ran| test.is(&ran.name))
            .peekable();
        if of_it.peek().is_none() {
            return Err(format!("there is no test {test}"));
        }
        if of_it.any(|ran| ran.passed) {
            return Err(format!(
                "{} stays green; red: {}",
                test.name,
                red.join(", ")
            ));
        }
    }
    let expected = |name: &&&str| {
        recipe
            .red
            .iter()
            .chain(&recipe.also)
            .any(|test| test.is(name))
    };
    let unrelated: Vec<&str> = red.iter().filter(|name| !expected(name)).copied().collect();
    if !unrelated.is_empty() {
        return Err(format!("unrelated and red: {}", unrelated.join(", ")));
    }
    let named: Vec<&str> = recipe.red.iter().map(|test| test.name.as_str()).collect();
    let others = red.len().saturating_sub(named.len());
    let green = outcome.ran.len().saturating_sub(red.len());
    Ok(format!(
        "{}; also {others}; {green} stay green",
        named.join(", ")
    ))
}

/// One build, one run per planted fault.
fn try_cases(bench: &Bench, recipe: &Recipe, binary: &Binary) -> Result<String, String> {
    let mut told = Vec::new();
    for Case { chosen, says } in &recipe.cases {
        let environment = [("LIFELINE_LEAK", chosen.as_str())];
        let outcome = bench.run(binary, recipe.engine, &only(recipe), &environment)?;
        let any_green = outcome.ran.iter().any(|ran| ran.passed);
        let any_red = outcome.ran.iter().any(|ran| !ran.passed);
        match says {
            Some(_) if any_green => return Err(format!("{chosen}: stays green")),
            Some(words) if !outcome.text.contains(words) => {
                return Err(format!("{chosen}: red, but not for '{words}'"));
            }
            None if any_red => return Err(format!("{chosen}: red")),
            Some(_) | None => told.push(chosen.as_str()),
        }
    }
    Ok(told.join(", "))
}
