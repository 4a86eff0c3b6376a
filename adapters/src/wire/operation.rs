//! The name of a call that leaves the program, written once where the call is made.

/// What one call is called in metrics, logs and fault points: a method or route template, never a
/// value. Made by [`operation!`] only, which marks the name in the program, so that a program can
/// say which calls it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation(&'static str);

/// `operation!("POST /payments")`: the operation of that name.
macro_rules! operation {
    ($name:literal) => {
        $crate::wire::Operation::written(concat!("lifeline_adapters::wire::Operation<", $name, ">"))
    };
}

pub(crate) use operation;

impl Operation {
    /// What stands before a name in the program; after it stands `>`.
    pub const MARK: &str = "lifeline_adapters::wire::Operation<";

    pub(crate) const fn written(marked: &'static str) -> Self {
        Self(marked)
    }

    /// The name without its mark.
    #[must_use]
    pub fn name(self) -> &'static str {
        let bare = self.0.strip_prefix(Self::MARK).unwrap_or(self.0);
        bare.strip_suffix('>').unwrap_or(bare)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_is_what_was_written() {
        assert_eq!(
            operation!("POST /payments/{txn}").name(),
            "POST /payments/{txn}"
        );
    }
}
