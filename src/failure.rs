//! How a command fails: what happened, why, what to do, and the exit code.

use crate::config::Fault;

/// A command's failure. 1 = failed, 2 = wrong usage.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    what: String,
    advice: Option<String>,
    at_once: bool,
}

impl Failure {
    /// The command could not do its work.
    pub(crate) fn failed(what: impl Into<String>) -> Self {
        Self {
            code: 1,
            what: what.into(),
            advice: None,
            at_once: false,
        }
    }

    /// The command was called in a way it does not support.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self {
            code: 2,
            what: what.into(),
            advice: None,
            at_once: false,
        }
    }

    /// The configuration does not hold; every fault on a line of its own.
    pub(crate) fn faults(faults: &[Fault]) -> Self {
        let lines: Vec<String> = faults.iter().map(|fault| format!("\n  {fault}")).collect();
        Self::failed(format!(
            "the configuration has {} fault(s):{}",
            faults.len(),
            lines.concat()
        ))
        .advice("mend them and run `lifeline check-config` again")
    }

    /// The same, when it leaves something half done: what that means, and what must follow once it is mended.
    pub(crate) fn half_way(self, means: &str, then: &str) -> Self {
        let advice = self
            .advice
            .map_or(then.to_owned(), |mend| format!("{mend}; {then}"));
        Self {
            what: format!("{means}: {}", self.what),
            advice: Some(advice),
            ..self
        }
    }

    /// What the user can do about it.
    pub(crate) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// What happened, and what to do about it where that is known.
    pub(crate) fn told(&self) -> (&str, Option<&str>) {
        (&self.what, self.advice.as_deref())
    }

    /// The process must end without waiting for anything.
    pub(crate) const fn at_once(mut self) -> Self {
        self.at_once = true;
        self
    }

    pub(crate) const fn is_at_once(&self) -> bool {
        self.at_once
    }

    pub(crate) const fn code(&self) -> u8 {
        self.code
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)?;
        match &self.advice {
            Some(advice) => write!(f, "\n  what to do: {advice}"),
            None => Ok(()),
        }
    }
}
