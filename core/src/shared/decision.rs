//! What a cell of a table of money.md answers, and the words its states, inputs and effects have.

/// The next state and what follows from entering it, in order.
///
/// A decision is pure: it says what must happen, the unit of work makes it happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<S: 'static, E: 'static> {
    pub next: S,
    pub effects: &'static [E],
}

impl<S, E> Decision<S, E> {
    pub(crate) const fn to(next: S, effects: &'static [E]) -> Self {
        Self { next, effects }
    }
}

/// Declares the states, inputs or effects of one table: an enum whose members know the word the
/// law, the store and the names of the cell tests use for them.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$member_doc:meta])* $member:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$member_doc])* $member,)*
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$member,)*];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$member => $word,)*
                }
            }

            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }
    };
}

pub(crate) use words;
