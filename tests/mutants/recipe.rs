//! A mutant: a patch that breaks one rule on purpose, and the test that must notice.
//!
//! The lines above the diff say what it is (README.md).

/// A test by the file that declares it and its name: `adapters/tests/payments/refunds.rs::told`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Test {
    pub(crate) path: String,
    pub(crate) name: String,
}

/// How a build with several planted faults is run: the fault is chosen by `LIFELINE_LEAK`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) chosen: String,
    /// What the failing test must say; without it the test must pass.
    pub(crate) says: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    pub(crate) name: String,
    /// What it stands for: `2.3` (money.md's interleaving 3) or a defect of a peer.
    pub(crate) stands_for: Vec<String>,
    pub(crate) what: String,
    pub(crate) red: Vec<Test>,
    /// Tests of the same binary that hold the same rule by other means, and so go red as well.
    pub(crate) also: Vec<Test>,
    pub(crate) engine: Engine,
    pub(crate) cases: Vec<Case>,
    /// The files it changes.
    pub(crate) files: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
    Both,
}

/// Where cargo finds a test: package and binary.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Binary {
    pub(crate) package: &'static str,
    /// `None` is the package's own unit tests.
    pub(crate) test: Option<String>,
}

/// The folder of each package that holds tests, the deeper one first.
const PACKAGES: [(&str, &str); 7] = [
    ("core/", "lifeline-core"),
    ("adapters/", "lifeline-adapters"),
    ("gateway/", "lifeline-gateway"),
    ("tests/sandbox/", "lifeline-sandbox"),
    ("tests/lab/", "lifeline-lab"),
    ("tests/", "lifeline-tests"),
    ("src/", "lifeline"),
];

impl Test {
    pub(crate) fn binary(&self) -> Option<Binary> {
        let find = |(folder, package): &(&str, &'static str)| {
            self.path.strip_prefix(folder).map(|rest| (*package, rest))
        };
        let (package, rest) = PACKAGES.iter().find_map(find)?;
        let inside = match package {
            "lifeline-tests" => Some(rest),
            _ => rest.strip_prefix("tests/"),
        };
        // A folder of files, or one file alone.
        let test = inside.and_then(|rest| rest.split('/').next());
        let test = test.map(|name| name.strip_suffix(".rs").unwrap_or(name));
        Some(Binary {
            package,
            test: test.map(str::to_owned),
        })
    }

    /// Whether a test that was run, by its full name, is this one.
    pub(crate) fn is(&self, full: &str) -> bool {
        let engineless = full
            .strip_suffix(".sqlite")
            .or_else(|| full.strip_suffix(".postgres"))
            .unwrap_or(full);
        engineless.strip_suffix(&self.name).is_some_and(|before| {
            before.is_empty() || before.ends_with("::") || before.ends_with('.')
        })
    }
}

impl std::fmt::Display for Test {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}::{}", self.path, self.name)
    }
}

fn test(text: &str) -> Result<Test, String> {
    let (path, name) = text
        .split_once("::")
        .ok_or_else(|| format!("'{text}' is not path::name"))?;
    Ok(Test {
        path: path.to_owned(),
        name: name.to_owned(),
    })
}

fn case(text: &str) -> Case {
    match text.split_once(" says ") {
        Some((chosen, says)) => Case {
            chosen: chosen.trim().to_owned(),
            says: Some(says.trim().to_owned()),
        },
        None => Case {
            chosen: text.to_owned(),
            says: None,
        },
    }
}

/// Reads a mutant.
///
/// # Errors
/// What is wrong with it, in words.
pub(crate) fn parse(name: &str, text: &str) -> Result<Recipe, String> {
    let mut recipe = Recipe {
        name: name.to_owned(),
        stands_for: Vec::new(),
        what: String::new(),
        red: Vec::new(),
        also: Vec::new(),
        engine: Engine::Sqlite,
        cases: Vec::new(),
        files: Vec::new(),
    };
    let mut lines = text.lines();
    for line in lines.by_ref() {
        if line.is_empty() {
            break;
        }
        let (key, value) = line
            .split_once(": ")
            .ok_or_else(|| format!("{name}: '{line}' is not 'Key: value'"))?;
        match key {
            "For" => recipe.stands_for.push(value.to_owned()),
            "What" => value.clone_into(&mut recipe.what),
            "Red" => recipe.red.push(test(value)?),
            "Also" => recipe.also.push(test(value)?),
            "Case" => recipe.cases.push(case(value)),
            "Engine" => recipe.engine = engine(value)?,
            _ => return Err(format!("{name}: what is '{key}'?")),
        }
    }
    for line in lines {
        if let Some(file) = line.strip_prefix("+++ b/") {
            recipe.files.push(file.to_owned());
        }
    }
    let whole = !recipe.stands_for.is_empty()
        && !recipe.what.is_empty()
        && !recipe.red.is_empty()
        && !recipe.files.is_empty();
    if !whole {
        return Err(format!("{name}: For, What, Red or the diff is missing"));
    }
    match recipe.binary() {
        Some(_) => Ok(recipe),
        None => Err(format!("{name}: its tests are not of one binary")),
    }
}

fn engine(value: &str) -> Result<Engine, String> {
    match value {
        "sqlite" => Ok(Engine::Sqlite),
        "postgres" => Ok(Engine::Postgres),
        "both" => Ok(Engine::Both),
        other => Err(format!("there is no engine '{other}'")),
    }
}

impl Recipe {
    /// The one binary that all its tests are in.
    pub(crate) fn binary(&self) -> Option<Binary> {
        let mut all = self.red.iter().chain(&self.also).map(Test::binary);
        let first = all.next()??;
        all.all(|other| other.as_ref() == Some(&first))
            .then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_found_in_its_binary() {
        let of = |path: &str| {
            let found = test(&format!("{path}::name")).unwrap().binary().unwrap();
            (found.package, found.test)
        };
        let named = |name: &str| Some(name.to_owned());
        let lab = ("lifeline-lab", named("sim"));
        assert_eq!(of("tests/lab/tests/sim.rs"), lab);
        let payments = ("lifeline-adapters", named("payments"));
        assert_eq!(of("adapters/tests/payments/late.rs"), payments);
        let journeys = ("lifeline-tests", named("journeys"));
        assert_eq!(of("tests/journeys/lost_client.rs"), journeys);
        assert_eq!(of("src/rooms.rs"), ("lifeline", None));
    }
}
