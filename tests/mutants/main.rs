//! `lifeline-mutants check | run [NAME...]` : breaks one rule at a time in a copy of the tracked files
//! and demands that its test, and no unrelated one, goes red. README.md tells how a mutant is written.

mod recipe;
mod tree;
mod trial;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use recipe::{Binary, Case, Engine, Recipe};
use tree::Tree;
use trial::{Bench, Outcome};

const FOLDER: &str = "tests/mutants";

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

fn run(all: &[Recipe]) -> Result<(), String> {
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| root().join("target"), PathBuf::from);
    let bench = trial::bench(&target);
    let tree = Tree::at(&root(), bench.tree.clone());
    std::fs::create_dir_all(&bench.tree).map_err(|error| error.to_string())?;
    tree.restore()?;
    calm_before(&bench, all)?;
    let mut report = String::from("| mutant | stands for | red | seconds |\n|---|---|---|---|\n");
    let mut failed: usize = 0;
    for one in all {
        let began = Instant::now();
        tree.restore()?;
        let outcome = tree.apply(&patch(one)).and_then(|()| try_out(&bench, one));
        let seconds = began.elapsed().as_secs();
        let told = outcome.as_ref().map_or_else(Clone::clone, Clone::clone);
        let state = if outcome.is_ok() { "ok" } else { "FAILED" };
        say(&format!("{state:6} {} ({seconds} s): {told}", one.name));
        failed = failed.saturating_add(usize::from(outcome.is_err()));
        // Writing into a String cannot fail.
        let _ = writeln!(
            report,
            "| {} | {} | {told} | {seconds} |",
            one.name,
            one.stands_for.join(", ")
        );
    }
    tree.restore()?;
    let page = target.join("mutants/report.md");
    std::fs::write(&page, report).map_err(|error| format!("{}: {error}", page.display()))?;
    let passed = all.len().saturating_sub(failed);
    say(&format!("{passed} passed, {failed} failed"));
    if failed == 0 {
        Ok(())
    } else {
        Err(String::new())
    }
}

/// Without a mutant every test concerned is green: a red one proves nothing otherwise.
fn calm_before(bench: &Bench, all: &[Recipe]) -> Result<(), String> {
    let mut binaries: BTreeMap<(Binary, u8), Vec<&Recipe>> = BTreeMap::new();
    for one in all {
        let engine = match one.engine {
            Engine::Sqlite => 0,
            Engine::Postgres => 1,
            Engine::Both => 2,
        };
        let binary = one.binary().ok_or("a mutant without tests")?;
        binaries.entry((binary, engine)).or_default().push(one);
    }
    for ((binary, _), of_it) in binaries {
        let engine = of_it.first().map_or(Engine::Sqlite, |one| one.engine);
        let only: Vec<String> = of_it.iter().flat_map(|one| only(one)).collect();
        let outcome = bench.run(&binary, engine, &only, &[])?;
        let red: Vec<&str> = red(&outcome).collect();
        if !red.is_empty() {
            let words = trial::tail(&outcome.text);
            return Err(format!(
                "red without any mutant: {}\n{words}",
                red.join(", ")
            ));
        }
        say(&format!(
            "green  {} {}: {} tests",
            binary.package,
            binary.test.as_deref().unwrap_or("unit tests"),
            outcome.ran.len()
        ));
        for test in of_it.iter().flat_map(|one| one.red.iter().chain(&one.also)) {
            if !outcome.ran.iter().any(|ran| test.is(&ran.name)) {
                return Err(format!("there is no test {test}"));
            }
        }
    }
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
